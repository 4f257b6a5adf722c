/* SPDX-License-Identifier: MIT
 *
 * A decision as text or JSON.  The explanation lists every expert: predicted value, the value's part of the
 * utility, every weighted term, the utility, and which constraint masked it; the parts add up.
 */
#include "app/route_print.h"

#include <math.h>
#include <string.h>

#include "app/route_flags.h"
#include "base/str.h"

static void number(str *s, const char *key, float v)
{
    str_printf(s, ",\"%s\":", key);
    str_float(s, v);
}

/* The constraint that forbids expert j, or NULL. */
static const char *masked_by(const pipeline *p, const pipeline_result *r, size_t j)
{
    if (!r->mask || !r->mask[j]) return NULL;
    return r->mask[j] == PM_MASK_FALLBACK ? "fallback" : p->term[r->mask[j] - 1].name;
}

static void json_expert(const pipeline *p, const pipeline_result *r, size_t j, str *s)
{
    const char *id = p->lib->expert[j]->id;
    str_puts(s, j ? ",{\"expert\":" : "{\"expert\":");
    str_json(s, id, strlen(id));
    number(s, "value", pm_crow(r->value, 0)[j]);
    if (r->spread.at) number(s, "spread", pm_crow(r->spread, 0)[j]);
    if (r->utility.at) number(s, "utility", pm_crow(r->utility, 0)[j]);
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
    const char *why = masked_by(p, r, j);
    if (why) {
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
    if (o->model) {
        str_puts(&s, ",\"model\":");
        str_json(&s, o->model, strlen(o->model));
        str_puts(&s, ",\"alpha\":");
        str_number(&s, o->alpha);
    }
    str_printf(&s, ",\"value_kind\":\"%s\"", value_kind_name(r->kind));
    if (o->words) route_flags_json(o->words, o->said, p, &s);
    if (o->explain) {
        str_puts(&s, ",\"experts\":[");
        for (size_t j = 0; j < r->m; j++) json_expert(p, r, j, &s);
        str_puts(&s, "]");
    }
    fprintf(to, "%s}\n", str_text(&s));
    str_close(&s);
}

/* A number in a column of that width, "-" where there is none. */
static void put_cell(FILE *to, int wide, float v)
{
    if (isnan(v))
        fprintf(to, "  %*s", wide, "-");
    else
        fprintf(to, "  %*.5f", wide, (double)v);
}

/* What a term adds to the utility; where the objective does not say, weight x value of a soft one. */
static float term_of(const pipeline *p, const pipeline_result *r, size_t k, size_t j)
{
    if (r->term_part) return pm_crow(r->term_part[k], 0)[j];
    if (p->term[k].sense != PM_SOFT || !r->term_value || !r->term_value[k].at) return NAN;
    return (float)p->term[k].weight * pm_crow(r->term_value[k], 0)[j];
}

static void print_row(const pipeline *p, const pipeline_result *r, size_t j, int wide, FILE *to)
{
    const char *mask = masked_by(p, r, j);
    fprintf(to, "%c %-*.*s", r->choice[0] == j ? '>' : ' ', wide, wide, p->lib->expert[j]->id);
    put_cell(to, 10, pm_crow(r->value, 0)[j]);
    put_cell(to, 9, r->value_part.at ? pm_crow(r->value_part, 0)[j] : NAN);
    if (r->spread.at) put_cell(to, 9, pm_crow(r->spread, 0)[j]);
    for (size_t k = 0; k < p->n_terms; k++) put_cell(to, 12, term_of(p, r, k, j));
    if (mask)
        fprintf(to, "  masked by %s", mask);
    else
        put_cell(to, 10, r->utility.at ? pm_crow(r->utility, 0)[j] : NAN);
    fputs("\n", to);
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
    for (size_t j = 0; j < r->m; j++) print_row(p, r, j, wide, to);
    if (r->value_part.at && r->term_part)
        fprintf(to, "  router %s; utility = value + terms, the largest wins\n", o->label);
    else
        fprintf(to,
                "  router %s; parts by %s are not offered: terms are weight x value, the largest "
                "utility wins\n",
                o->label, objective_plugin(p->decide)->name);
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
    if (o->explain && o->words) route_flags_explain(o->words, o->said, p, to);
}
