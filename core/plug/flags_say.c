/* SPDX-License-Identifier: MIT
 *
 * Flags in words: messages, what a reading makes of weights, and how a flag is written.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "data/show.h"
#include "plug/flags_private.h"

bool flag_is_read(flag_kind k)
{
    return k <= FLAG_NUMBER;
}

bool flag_is_wrong(flag_kind k)
{
    return k >= FLAG_UNKNOWN && k <= FLAG_CONTRADICTS;
}

/* As 32-bit floats hold it: sums beyond are the largest. */
double flags_weight(const flags_result *r, size_t k, double base)
{
    if (!r->set) return base;
    double weight = (isnan(r->set[k]) ? base : r->set[k]) + r->add[k], most = (double)FLT_MAX;
    return weight > most ? most : weight < -most ? -most : weight;
}

bool flags_weigh(const flags *f, const flags_result *r)
{
    for (size_t k = 0; r->set && k < f->n; k++)
        if (!isnan(r->set[k]) || r->add[k] > 0 || r->add[k] < 0) return true;
    return false;
}

static bool is_name(const flag_found *one)
{
    return one->words[0] == '-';
}

static void say_unknown(const flags *f, const flag_found *one, str *out)
{
    str_puts(out, "unknown flag");
    if (one->meant) {
        str_printf(out, is_name(one) ? "; did you mean --%s?" : "; did you mean \"%s\"?",
                   one->meant);
        return;
    }
    if (!f->phrases.n) {
        str_puts(out, "; no constraint here brings any phrases");
        return;
    }
    str_puts(out, "; known:");
    for (size_t k = 0, n = 0; k < f->phrases.n && n < 12; k++) {
        if (k && strcmp(f->phrases.key[k], f->phrases.key[k - 1]) == 0) continue;
        str_printf(out, "%s \"%s\"", n++ ? "," : "", f->phrases.key[k]);
    }
}

void flags_say(const flags *f, const flag_found *one, str *out)
{
    const flag_term *t = one->term < f->n ? &f->term[one->term] : NULL;
    const char *label = t ? t->label : "";
    str_printf(out, "%s at byte %zu: ", show_text(pm_str_of(one->words)).text, one->at);
    switch (one->kind) {
    case FLAG_UNKNOWN:
        say_unknown(f, one, out);
        break;
    case FLAG_UNCLOSED:
        str_puts(out, "this flag has no \"]\" on its line");
        break;
    case FLAG_BAD_NUMBER:
        str_printf(out, "wanted a finite number as in --%s=0.3", label);
        break;
    case FLAG_NEGATIVE:
        str_printf(out, "%s knows no weight below 0", label);
        break;
    case FLAG_BOUND:
        str_printf(out, "%s is %s; it has a bound, not a weight", label,
                   t && t->sense == PM_BUDGET ? "a budget" : "hard");
        break;
    case FLAG_SEVERAL:
        str_puts(out, "several constraints are called so; name one by its label");
        break;
    case FLAG_CONTRADICTS:
        str_printf(out, "contradicts what was said of %s before", label);
        break;
    case FLAG_TEXT:
        str_puts(out, "looks like a flag, and is left in the text");
        if (one->meant) str_printf(out, "; did you mean \"%s\"?", one->meant);
        break;
    case FLAG_EARLIER:
        str_puts(out, "of an earlier turn; left out");
        break;
    default:
        str_printf(out, "%s %s", label, one->kind == FLAG_NUMBER ? "is weighed " : "gains ");
        str_number(out, one->number);
    }
}

void flags_print(const flags *f, const flag_found *one, str *out)
{
    if (one->kind == FLAG_PHRASE) {
        char key[FLAG_WORDS + 1];
        str_puts(out, "[flag: ");
        str_put(out, key, flag_normal(one->words, strlen(one->words), key));
        str_puts(out, "]");
    } else if (one->kind == FLAG_NAME || one->kind == FLAG_NUMBER) {
        str_printf(out, "--%s", f->term[one->term].label);
        if (one->kind == FLAG_NUMBER) str_puts(out, "=");
        if (one->kind == FLAG_NUMBER) str_number(out, one->number);
    }
}
