/* SPDX-License-Identifier: MIT
 *
 * Explanations.  Every hard constraint that excludes an expert is told, not only the first; parts add up to
 * the utility where the objective tells them.
 */
#include "app/route_explain.h"

#include <math.h>
#include <string.h>

#include "plug/infeasible.h"

/* The weight that counted for the prompt: flags may have changed it. */
static double weight_of(const pipeline *p, size_t k)
{
    const float *row = p->weight_row ? p->weight_row[k] : NULL;
    return row ? (double)row[0] : p->term[k].weight;
}

static double value_of(const pipeline_result *r, size_t k, size_t j)
{
    return (double)pm_crow(r->term_value[k], 0)[j];
}

static bool is_relaxed(const pipeline_result *r, size_t k)
{
    return r->relaxed && k < FEASIBLE_TERMS && (r->relaxed[0] >> k & 1);
}

static bool fell_back(const pipeline_result *r)
{
    return r->fell_back && r->fell_back[0];
}

static bool breaks(const pipeline *p, const pipeline_result *r, size_t k, size_t j)
{
    return p->term[k].sense == PM_HARD && value_of(r, k, j) > p->term[k].bound;
}

static bool is_masked(const pipeline_result *r, size_t j)
{
    return r->mask && r->mask[j];
}

/* Which sets of constraints leave nobody; n == 0: somebody is left without giving anything up. */
static conflicts sets_of(const pipeline *p, const pipeline_result *r)
{
    conflicts c = {.n = 0};
    pm_err ignored = PM_ERR_INIT;
    if (r->n && (r->relaxed || r->fell_back) &&
        infeasible_sets(p, r->term_value, 0, &c, &ignored) != PM_OK)
        c.n = 0;
    return c;
}

/* ---- JSON ------------------------------------------------------------------------------------------------- */

static void number(str *s, const char *key, float v)
{
    str_printf(s, ",\"%s\":", key);
    str_float(s, v);
}

static void text(str *s, const char *v)
{
    str_json(s, v, strlen(v));
}

static void json_constraint(const pipeline *p, const pipeline_result *r, size_t k, str *s)
{
    static const char *const senses[] = {"", "soft", "hard", "budget"};
    const pipeline_term *t = &p->term[k];
    str_puts(s, k ? ",{\"name\":" : "{\"name\":");
    text(s, t->name);
    str_printf(s, ",\"sense\":\"%s\",\"unit\":", senses[t->sense]);
    text(s, constraint_unit(t->k));
    str_puts(s, t->sense == PM_SOFT ? ",\"weight\":" : ",\"bound\":");
    if (t->sense == PM_SOFT && p->weight_row && p->weight_row[k])
        str_float(s, p->weight_row[k][0]); /* 0.4 as it was said, not as a double would show it */
    else
        str_number(s, t->sense == PM_SOFT ? t->weight : t->bound);
    str_puts(s, is_relaxed(r, k) ? ",\"relaxed\":true}" : "}");
}

/* {"NAME":number, ...} of the columns of expert j. */
static void json_terms(const pipeline *p, const pm_cmat *of, size_t j, const char *key, str *s)
{
    str_printf(s, ",\"%s\":{", key);
    for (size_t k = 0; k < p->n_terms; k++) {
        str_puts(s, k ? "," : "");
        text(s, p->term[k].name);
        str_puts(s, ":");
        str_float(s, pm_crow(of[k], 0)[j]);
    }
    str_puts(s, "}");
}

/* All that would exclude the expert; what was given up says so under "constraints". */
static void json_excluded(const pipeline *p, const pipeline_result *r, size_t j, str *s)
{
    bool any = false;
    for (size_t k = 0; k < p->n_terms; k++) {
        if (!breaks(p, r, k, j)) continue;
        str_puts(s, any ? ",{\"constraint\":" : ",\"excluded_by\":[{\"constraint\":");
        any = true;
        text(s, p->term[k].name);
        number(s, "value", (float)value_of(r, k, j));
        str_puts(s, ",\"bound\":");
        str_number(s, p->term[k].bound);
        str_puts(s, "}");
    }
    if (any) str_puts(s, "]");
}

static void json_expert(const pipeline *p, const pipeline_result *r, size_t j, str *s)
{
    str_puts(s, j ? ",{\"expert\":" : "{\"expert\":");
    text(s, p->lib->expert[j]->id);
    number(s, "value", pm_crow(r->value, 0)[j]);
    if (r->spread.at) number(s, "spread", pm_crow(r->spread, 0)[j]);
    if (r->utility.at) number(s, "utility", pm_crow(r->utility, 0)[j]);
    if (r->value_part.at) number(s, "value_part", pm_crow(r->value_part, 0)[j]);
    if (r->term_part) json_terms(p, r->term_part, j, "terms", s);
    if (r->term_value) json_terms(p, r->term_value, j, "term_values", s);
    if (is_masked(r, j)) {
        str_puts(s, ",\"masked_by\":");
        text(s, r->mask[j] == PM_MASK_FALLBACK ? "fallback" : p->term[r->mask[j] - 1].name);
    }
    if (r->term_value) json_excluded(p, r, j, s);
    if (r->refused) str_printf(s, ",\"refused\":%s", r->refused[j] ? "true" : "false");
    if (r->share.at) number(s, "share", pm_crow(r->share, 0)[j]);
    if (r->front) str_printf(s, ",\"on_front\":%s", r->front[j] ? "true" : "false");
    str_puts(s, "}");
}

static void json_infeasible(const pipeline *p, const pipeline_result *r, str *s)
{
    conflicts c = sets_of(p, r);
    if (!c.n) return;
    str_puts(s, ",\"infeasible\":{\"minimal_conflicts\":[");
    for (size_t i = 0; i < c.n; i++) {
        const char *before = i ? ",[" : "[";
        for (size_t k = 0; k < p->n_terms; k++) {
            if (!(c.set[i] >> k & 1)) continue;
            str_puts(s, before);
            text(s, p->term[k].name);
            before = ",";
        }
        str_puts(s, "]");
    }
    str_printf(s, "],\"all_conflicts\":%s", c.is_all ? "true" : "false");
    if (fell_back(r)) {
        str_puts(s, ",\"fallback\":");
        text(s, p->infeasible.fallback);
    } else {
        const char *before = "";
        str_puts(s, ",\"relaxed\":[");
        for (size_t k = 0; k < p->n_terms; k++) {
            if (!is_relaxed(r, k)) continue;
            str_puts(s, before);
            text(s, p->term[k].name);
            before = ",";
        }
        str_puts(s, "]");
    }
    str_puts(s, "}");
}

void route_explain_json(const pipeline *p, const pipeline_result *r, str *out)
{
    str_puts(out, ",\"constraints\":[");
    for (size_t k = 0; k < p->n_terms; k++) json_constraint(p, r, k, out);
    str_puts(out, "],\"experts\":[");
    for (size_t j = 0; j < r->m; j++) json_expert(p, r, j, out);
    str_puts(out, "]");
    json_infeasible(p, r, out);
}

/* ---- the table ---------------------------------------------------------------------------------------------- */

#define TERM_WIDE 27 /* at least */
#define HEAD_MOST 96

static void put_cell(FILE *to, int wide, double v)
{
    if (isnan(v))
        fprintf(to, "  %*s", wide, "-");
    else
        fprintf(to, "  %*.5f", wide, v);
}

/* "price, hard, USD". */
static void head_of(const pipeline_term *t, char out[HEAD_MOST])
{
    static const char *const senses[] = {"", "soft", "hard", "budget"};
    const char *unit = t->sense == PM_SOFT ? "" : constraint_unit(t->k);
    snprintf(out, HEAD_MOST, "%.40s, %s%s%.40s", t->name, senses[t->sense], unit[0] ? ", " : "",
             unit);
}

/* Of a column: no head is cut. */
static int wide_of(const pipeline_term *t)
{
    char head[HEAD_MOST];
    head_of(t, head);
    int len = (int)strlen(head);
    return len > TERM_WIDE ? len : TERM_WIDE;
}

/* "0.3 x 0.52 = -0.156", "0.9 > 0.5", "0.2 <= 0.5". */
static void put_term(const pipeline *p, const pipeline_result *r, size_t k, size_t j, FILE *to)
{
    const pipeline_term *t = &p->term[k];
    char cell[80];
    double v = value_of(r, k, j);
    int n = 0;
    if (t->sense == PM_SOFT)
        n = snprintf(cell, sizeof cell, "%.4g x %.4g", weight_of(p, k), v);
    else if (t->sense == PM_HARD)
        n = snprintf(cell, sizeof cell, "%.4g %s %.4g", v, v > t->bound ? ">" : "<=", t->bound);
    else
        n = snprintf(cell, sizeof cell, "%.4g", v);
    float part = r->term_part ? pm_crow(r->term_part[k], 0)[j] : 0;
    if (r->term_part && !isnan(part) && (t->sense == PM_SOFT || part < 0 || part > 0))
        snprintf(cell + n, sizeof cell - (size_t)n, " = %+.5f", (double)part);
    fprintf(to, "  %*s", wide_of(t), cell);
}

/* "  excluded by price (0.9 > 0.5 USD), latency (...)". */
static void put_reasons(const pipeline *p, const pipeline_result *r, size_t j, FILE *to)
{
    bool is_other = r->mask[j] == PM_MASK_FALLBACK;
    const char *before = is_other ? "  not the fallback expert; excluded by " : "  excluded by ";
    for (size_t k = 0; k < p->n_terms; k++) {
        if (!breaks(p, r, k, j) || is_relaxed(r, k)) continue;
        const char *unit = constraint_unit(p->term[k].k);
        fprintf(to, "%s%s (%.4g > %.4g%s%s)", before, p->term[k].name, value_of(r, k, j),
                p->term[k].bound, unit[0] ? " " : "", unit);
        before = ", ";
    }
}

static void put_row(const pipeline *p, const pipeline_result *r, size_t j, int wide, FILE *to)
{
    fprintf(to, "%c %-*.*s", r->choice[0] == j ? '>' : ' ', wide, wide, p->lib->expert[j]->id);
    put_cell(to, 10, (double)pm_crow(r->value, 0)[j]);
    if (r->spread.at) put_cell(to, 9, (double)pm_crow(r->spread, 0)[j]);
    put_cell(to, 10, r->value_part.at ? (double)pm_crow(r->value_part, 0)[j] : (double)NAN);
    for (size_t k = 0; k < p->n_terms; k++) put_term(p, r, k, j, to);
    double u = r->utility.at ? (double)pm_crow(r->utility, 0)[j] : (double)NAN;
    put_cell(to, 10, isfinite(u) ? u : (double)NAN);
    if (r->share.at) put_cell(to, 7, (double)pm_crow(r->share, 0)[j]);
    if (r->front) fprintf(to, "  %5s", r->front[j] ? "yes" : "");
    if (is_masked(r, j)) put_reasons(p, r, j, to);
    if (r->refused && r->refused[j]) fputs("  refused by the objective", to);
    fputs("\n", to);
}

static void put_head(const pipeline *p, const pipeline_result *r, int wide, FILE *to)
{
    fprintf(to, "  %-*s  %10s", wide, "expert", value_kind_name(r->kind));
    if (r->spread.at) fprintf(to, "  %9s", "spread");
    fprintf(to, "  %10s", "value part");
    for (size_t k = 0; k < p->n_terms; k++) {
        char head[HEAD_MOST];
        head_of(&p->term[k], head);
        fprintf(to, "  %*s", wide_of(&p->term[k]), head);
    }
    fprintf(to, "  %10s", "utility");
    if (r->share.at) fprintf(to, "  %7s", "share");
    if (r->front) fprintf(to, "  %5s", "front");
    fputs("\n", to);
}

static void put_infeasible(const pipeline *p, const pipeline_result *r, FILE *to)
{
    conflicts c = sets_of(p, r);
    str s = STR_INIT;
    if (!c.n) return;
    infeasible_put_sets(p, &c, &s);
    fprintf(to, "  nobody is left by %s\n", str_text(&s));
    str_close(&s);
    if (fell_back(r)) fprintf(to, "  fallback: %s takes it\n", p->infeasible.fallback);
    for (size_t k = 0; k < p->n_terms; k++)
        if (is_relaxed(r, k)) fprintf(to, "  given up: %s\n", p->term[k].name);
}

void route_explain_table(const pipeline *p, const pipeline_result *r, const char *label, FILE *to)
{
    int wide = 6;
    for (size_t j = 0; j < r->m; j++) {
        int len = (int)strlen(p->lib->expert[j]->id);
        if (len > wide) wide = len > 48 ? 48 : len;
    }
    put_head(p, r, wide, to);
    for (size_t j = 0; j < r->m; j++) put_row(p, r, j, wide, to);
    put_infeasible(p, r, to);
    if (r->value_part.at && r->term_part)
        fprintf(to, "  router %s; utility = value part + parts of the terms, the largest wins\n",
                label);
    else
        fprintf(to,
                "  router %s; objective %s tells no parts: of soft terms weight x value is shown, "
                "the largest utility wins\n",
                label, objective_plugin(p->decide)->name);
}
