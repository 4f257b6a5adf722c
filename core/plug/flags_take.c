/* SPDX-License-Identifier: MIT
 *
 * What a flag says once it is found: phrases add weight, names set it, and what is not understood is noted.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "data/number.h"
#include "plug/flags_private.h"

/* ---- what was found --------------------------------------------------------------------------------------- */

void flag_note(flag_reader *r, flag_found one)
{
    flags_ctx *c = r->c;
    if (r->is_earlier && one.kind != FLAG_TEXT) one.kind = FLAG_EARLIER;
    bool wrong = flag_is_wrong(one.kind);
    c->r.n_read += flag_is_read(one.kind);
    c->r.n_wrong += wrong;
    c->r.n_text += one.kind == FLAG_TEXT;
    c->r.n_earlier += one.kind == FLAG_EARLIER;
    size_t at = c->r.n_found;
    if (at == FLAGS_KEPT && (!wrong || c->has_wrong)) return;
    if (at == FLAGS_KEPT)
        at--;
    else
        c->r.n_found++;
    c->has_wrong = c->has_wrong || wrong;
    size_t n = one.len < sizeof one.words ? one.len : sizeof one.words - 1;
    while (n < one.len && n > 0 && ((unsigned char)r->s[one.at + n] & 0xC0) == 0x80) n--;
    memcpy(one.words, r->s + one.at, n);
    one.words[n] = '\0';
    c->found[at] = one;
}

flag_found flag_make(flag_kind kind, size_t at, size_t len)
{
    return (flag_found){
        .kind = kind, .at = at, .len = len, .term = SIZE_MAX, .number = (double)NAN};
}

/* False: it takes back what was said before. */
static bool add_weight(flag_reader *r, size_t term, double weight)
{
    double *sum = &r->c->add[term];
    if (r->is_earlier) return true;
    bool against = (*sum > 0 && weight < 0) || (*sum < 0 && weight > 0);
    *sum = against ? weight : *sum + weight;
    return !against;
}

static bool set_weight(flag_reader *r, size_t term, double weight)
{
    double *at = &r->c->set[term], was = *at;
    if (r->is_earlier) return true;
    *at = weight;
    return isnan(was) || !(was < weight || was > weight);
}

/* ---- phrases ---------------------------------------------------------------------------------------------- */

static void take_phrase(flag_reader *r, size_t at, size_t len)
{
    char key[FLAG_WORDS + 1];
    const flag_word *w;
    while (len && flag_is_gap(r->s[at])) at++, len--;
    while (len && flag_is_gap(r->s[at + len - 1])) len--;
    size_t n = flag_lookup(&r->f->phrases, key, flag_normal(r->s + at, len, key), &w);
    flag_found one = flag_make(n ? FLAG_BOUND : FLAG_UNKNOWN, at, len);
    if (n)
        one.term = w[0].term;
    else
        one.meant = str_suggest(key, r->f->phrases.key, r->f->phrases.n);
    bool agrees = true, soft = false;
    for (size_t k = 0; k < n; k++) {
        if (r->f->term[w[k].term].sense != PM_SOFT) continue;
        if (!soft) one.term = w[k].term;
        if (!soft) one.number = w[k].weight;
        soft = true;
        agrees &= add_weight(r, w[k].term, w[k].weight);
    }
    if (soft) one.kind = agrees ? FLAG_PHRASE : FLAG_CONTRADICTS;
    flag_note(r, one);
}

void flag_take_list(flag_reader *r, size_t from, size_t to)
{
    for (;;) {
        const char *comma = memchr(r->s + from, ',', to - from);
        size_t end = comma ? (size_t)(comma - r->s) : to;
        take_phrase(r, from, end - from);
        if (!comma) return;
        from = end + 1;
    }
}

bool flag_list_is_known(const flag_reader *r, size_t from, size_t to)
{
    for (;;) {
        char key[FLAG_WORDS + 1];
        const flag_word *w;
        const char *comma = memchr(r->s + from, ',', to - from);
        size_t end = comma ? (size_t)(comma - r->s) : to;
        size_t n = flag_normal(r->s + from, end - from, key);
        if (!flag_lookup(&r->f->phrases, key, n, &w)) return false;
        if (!comma) return true;
        from = end + 1;
    }
}

/* ---- names ------------------------------------------------------------------------------------------------ */

/* What the word at `at` is, at the end of a text: one nearly like a constraint's name, with a number, is a flag
 * (a wrong one). */
flag_word_kind flag_read_word(const flag_reader *r, size_t at, size_t len, bool at_end,
                              flag_name *out)
{
    char key[FLAG_WORDS + 1];
    *out = (flag_name){.len = len, .number = (double)NAN};
    if (len < 3 || len > FLAG_SPAN || r->s[at] != '-' || r->s[at + 1] != '-') return WORD_TEXT;
    if (memchr(r->s + at, '[', len) || memchr(r->s + at, ']', len)) return WORD_TEXT;
    const char *name = r->s + at + 2, *eq = memchr(name, '=', len - 2);
    size_t n = eq ? (size_t)(eq - name) : len - 2;
    if (eq) {
        size_t value = len - 3 - n;
        out->has_value = true;
        out->is_number = value && number_parse(eq + 1, value, &out->number) == value &&
                         fabs(out->number) <= (double)FLT_MAX;
    }
    size_t key_len = flag_normal(name, n, key);
    out->n_words = flag_lookup(&r->f->names, key, key_len, &out->word);
    if (out->n_words) return WORD_FLAG;
    if (!at_end || !key_len) return WORD_TEXT;
    out->meant = str_suggest(key, r->f->names.key, r->f->names.n);
    if (!out->meant) return WORD_TEXT;
    return out->is_number ? WORD_FLAG : WORD_NEAR;
}

/* The soft constraint that is meant: several of one name are none. */
static flag_kind which_term(const flag_reader *r, const flag_name *w, size_t *term)
{
    size_t soft = 0;
    if (!w->n_words) return FLAG_UNKNOWN;
    *term = w->word[0].term;
    for (size_t k = 0; k < w->n_words; k++) {
        if (r->f->term[w->word[k].term].sense != PM_SOFT) continue;
        if (!soft++) *term = w->word[k].term;
    }
    return soft == 1 ? FLAG_NUMBER : soft ? FLAG_SEVERAL : FLAG_BOUND;
}

void flag_take_name(flag_reader *r, size_t at, const flag_name *w)
{
    flag_found one = flag_make(FLAG_UNKNOWN, at, w->len);
    one.kind = which_term(r, w, &one.term);
    one.meant = w->meant;
    if (one.kind == FLAG_NUMBER && !w->has_value) {
        one.number = flag_usual(r->f, one.term);
        one.kind = add_weight(r, one.term, one.number) ? FLAG_NAME : FLAG_CONTRADICTS;
    } else if (one.kind == FLAG_NUMBER && !w->is_number) {
        one.kind = FLAG_BAD_NUMBER;
    } else if (one.kind == FLAG_NUMBER && w->number < 0 && !r->f->term[one.term].is_signed) {
        one.kind = FLAG_NEGATIVE;
    } else if (one.kind == FLAG_NUMBER) {
        one.number = w->number;
        if (!set_weight(r, one.term, w->number)) one.kind = FLAG_CONTRADICTS;
    }
    flag_note(r, one);
}
