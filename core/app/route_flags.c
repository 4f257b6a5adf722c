/* SPDX-License-Identifier: MIT
 *
 * Flags as JSON, as lines of an explanation, and as warnings.
 */
#include "app/route_flags.h"

static const char *kind_name(flag_kind k)
{
    static const char *const names[] = {"phrase",   "name",        "number",   "unknown",
                                        "unclosed", "bad number",  "negative", "has a bound",
                                        "several",  "contradicts", "text",     "earlier turn"};
    return k <= FLAG_EARLIER ? names[k] : "";
}

static void put_text(str *out, const char *key, const char *text, size_t len)
{
    str_printf(out, ",\"%s\":", key);
    str_json(out, text, len);
}

void route_flags_json(const flags *f, const flags_result *said, const pipeline *p, str *out)
{
    put_text(out, "prompt", said->text.ptr, said->text.len);
    str_puts(out, ",\"flags\":[");
    for (size_t k = 0; k < said->n_found; k++) {
        const flag_found *one = &said->found[k];
        str words = STR_INIT;
        flags_say(f, one, &words);
        str_printf(out, "%s{\"at\":%zu,\"kind\":\"%s\"", k ? "," : "", one->at,
                   kind_name(one->kind));
        put_text(out, "words", one->words, strlen(one->words));
        if (one->term < p->n_terms)
            put_text(out, "constraint", p->term[one->term].name, strlen(p->term[one->term].name));
        put_text(out, "says", str_text(&words), words.len);
        str_puts(out, "}");
        str_close(&words);
    }
    str_puts(out, "],\"weights\":{");
    for (size_t k = 0, n = 0; k < p->n_terms; k++) {
        if (p->term[k].sense != PM_SOFT) continue;
        str_puts(out, n++ ? "," : "");
        str_json(out, p->term[k].name, strlen(p->term[k].name));
        str_puts(out, ":");
        str_number(out, flags_weight(said, k, p->term[k].weight));
    }
    str_puts(out, "}");
}

void route_flags_explain(const flags *f, const flags_result *said, const pipeline *p, FILE *to)
{
    str line = STR_INIT;
    for (size_t k = 0; k < said->n_found; k++) {
        str_clear(&line);
        flags_say(f, &said->found[k], &line);
        fprintf(to, "  flag %s\n", str_text(&line));
    }
    if (flags_weigh(f, said)) {
        str_clear(&line);
        for (size_t k = 0, n = 0; k < p->n_terms; k++) {
            if (p->term[k].sense != PM_SOFT) continue;
            str_printf(&line, "%s%s = ", n++ ? ", " : "", p->term[k].name);
            str_number(&line, flags_weight(said, k, p->term[k].weight));
        }
        fprintf(to, "  weights of this prompt: %s\n", str_text(&line));
    }
    if (said->n_read + said->n_wrong + said->n_earlier) {
        str_clear(&line);
        str_json(&line, said->text.ptr, said->text.len);
        fprintf(to, "  the expert is sent %s\n", str_text(&line));
    }
    str_close(&line);
}

void route_flags_tell(const flags *f, const flags_result *said, const char *id)
{
    str line = STR_INIT;
    for (size_t k = 0; k < said->n_found; k++) {
        flag_kind kind = said->found[k].kind;
        if (!flag_is_wrong(kind) && kind != FLAG_TEXT) continue;
        str_clear(&line);
        flags_say(f, &said->found[k], &line);
        fprintf(stderr, "pointsman route: %s: %s%s%sflag %s\n",
                kind == FLAG_TEXT ? "note" : "warning", id ? "prompt " : "", id ? id : "",
                id ? ": " : "", str_text(&line));
    }
    str_close(&line);
}
