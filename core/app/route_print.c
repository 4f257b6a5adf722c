/* SPDX-License-Identifier: MIT
 *
 * A decision as text or JSON.  The explanation lists every expert: predicted value, the value's part of the
 * utility, every weighted term, the utility, and which constraint masked it; the parts add up.
 */
#include "app/route_print.h"

#include <math.h>
#include <string.h>

#include "base/str.h"

static void number(str *s, const char *key, float v)
{
    str_printf(s, ",\"%s\":", key);
    str_float(s, v);
}

static void json_expert(const pipeline *p, const pipeline_result *r, size_t j, str *s)
{
    const char *id = p->lib->expert[j]->id;
    str_puts(s, j ? ",{\"expert\":" : "{\"expert\":");
    str_json(s, id, strlen(id));
    number(s, "value", pm_crow(r->value, 0)[j]);
    if (r->spread.at) number(s, "spread", pm_crow(r->spread, 0)[j]);
    number(s, "utility", pm_crow(r->utility, 0)[j]);
    if (r->value_part.at) number(s, "value_part", pm_crow(r->value_part, 0)[j]);
    if (r->term_part) {
        str_puts(s, ",\"terms\":{");
        for (size_t k = 0; k < p->n_terms; k++) {
            str_puts(s, k ? "," : "");
            str_json(s, p->term[k].name, strlen(p->term[k].name));
            str_puts(s, ":");
            str_float(s, pm_crow(r->term_part[k], 0)[j]);
        }
        str_puts(s, "}");
    }
    if (r->mask && r->mask[j]) {
        const char *why = p->term[r->mask[j] - 1].name;
        str_puts(s, ",\"masked_by\":");
        str_json(s, why, strlen(why));
    }
    str_puts(s, "}");
}

static void print_json(const pipeline *p, const route_prompt *x, const pipeline_result *r,
                       const route_print_options *o, FILE *to)
{
    str s = STR_INIT;
    str_puts(&s, "{");
    if (x->id) {
        str_puts(&s, "\"id\":");
        str_json(&s, x->id, strlen(x->id));
        str_puts(&s, ",");
    }
    str_puts(&s, "\"expert\":");
    if (r->choice[0] == PM_NO_COL) {
        str_puts(&s, "null");
    } else {
        const char *id = p->lib->expert[r->choice[0]]->id;
        str_json(&s, id, strlen(id));
    }
    str_puts(&s, ",\"router\":");
    str_json(&s, o->label, strlen(o->label));
    str_printf(&s, ",\"value_kind\":\"%s\"", value_kind_name(r->kind));
    if (o->explain) {
        str_puts(&s, ",\"experts\":[");
        for (size_t j = 0; j < r->m; j++) json_expert(p, r, j, &s);
        str_puts(&s, "]");
    }
    fprintf(to, "%s}\n", str_text(&s));
    str_close(&s);
}

static void print_table(const pipeline *p, const pipeline_result *r, const route_print_options *o,
                        FILE *to)
{
    int wide = 6;
    for (size_t j = 0; j < r->m; j++) {
        int len = (int)strlen(p->lib->expert[j]->id);
        if (len > wide) wide = len > 48 ? 48 : len;
    }
    fprintf(to, "  %-*s  %10s  %9s", wide, "expert", value_kind_name(r->kind), "value");
    if (r->spread.at) fprintf(to, "  %9s", "spread");
    for (size_t k = 0; k < p->n_terms; k++) fprintf(to, "  %12.12s", p->term[k].name);
    fprintf(to, "  %10s\n", "utility");
    for (size_t j = 0; j < r->m; j++) {
        fprintf(to, "%c %-*.*s  %10.5f  %9.5f", r->choice[0] == j ? '>' : ' ', wide, wide,
                p->lib->expert[j]->id, (double)pm_crow(r->value, 0)[j],
                r->value_part.at ? (double)pm_crow(r->value_part, 0)[j] : (double)NAN);
        if (r->spread.at) fprintf(to, "  %9.5f", (double)pm_crow(r->spread, 0)[j]);
        for (size_t k = 0; k < p->n_terms; k++)
            fprintf(to, "  %12.5f",
                    r->term_part ? (double)pm_crow(r->term_part[k], 0)[j] : (double)NAN);
        if (r->mask && r->mask[j])
            fprintf(to, "  masked by %s\n", p->term[r->mask[j] - 1].name);
        else
            fprintf(to, "  %10.5f\n", (double)pm_crow(r->utility, 0)[j]);
    }
    fprintf(to, "  router %s; utility = value + terms, the largest wins\n", o->label);
}

void route_print(const pipeline *p, const route_prompt *x, const pipeline_result *r,
                 const route_print_options *o, FILE *to)
{
    if (o->json) {
        print_json(p, x, r, o, to);
        return;
    }
    if (r->choice[0] == PM_NO_COL)
        fputs("(abstains)\n", to);
    else
        fprintf(to, "%s\n", p->lib->expert[r->choice[0]]->id);
    if (o->explain) print_table(p, r, o, to);
}
