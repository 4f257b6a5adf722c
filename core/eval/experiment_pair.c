/* SPDX-License-Identifier: MIT
 *
 * Two-model scores of an experiment with a pair: which columns, how much each router prefers the strong expert, what
 * else ranks prompts (length, domain), and the rows of it all at point "pair".  The scores themselves: eval/pair.h.
 */
#include <math.h>
#include <string.h>

#include "eval/experiment_private.h"
#include "eval/pair.h"
#include "eval/table_lines.h"
#include "eval/two_models_lines.h"

#define DOMAIN_PSEUDO 10 /* prompts of the overall gain that every domain begins with */
#define EVEN          1e-12

/* ---- the pair ---- */

static pm_status find_column(const exp_run *r, const char *id, const char *role, size_t *out,
                             pm_err *err)
{
    const pm_library *lib = &r->source.lib->view;
    size_t n = lib->n;
    const char **all = arena_alloc(r->a, n, sizeof *all);
    if (!all) return err_set(err, PM_E_MEMORY, "%zu experts", n);
    for (size_t j = 0; j < n; j++) {
        all[j] = lib->expert[j]->id;
        *out = j;
        if (strcmp(all[j], id) == 0) return PM_OK;
    }
    const char *near = str_suggest(id, all, n);
    return err_set(err, PM_E_ARG, "%s: pair.%s = \"%s\" is none of the %zu experts%s%s%s",
                   r->x->name, role, id, n, near ? "; did you mean \"" : "", near ? near : "",
                   near ? "\"?" : "");
}

pm_status exp_find_pair(exp_run *r, pm_err *err)
{
    const experiment *x = r->x;
    r->has_pair = x->strong && x->weak;
    if (!r->has_pair) return PM_OK;
    pm_status s = find_column(r, x->strong, "strong", &r->strong, err);
    if (!s) s = find_column(r, x->weak, "weak", &r->weak, err);
    if (!s && r->strong == r->weak)
        s = err_set(err, PM_E_ARG, "%s: pair: \"%s\" is the strong and the weak expert; want two",
                    x->name, x->strong);
    return s;
}

/* ---- what ranks prompts without a router ---- */

static double gain_of(const exp_run *r, size_t row)
{
    const float *v = pm_crow(r->data.value, row);
    return policy_sign(r->data.kind) * ((double)v[r->strong] - (double)v[r->weak]);
}

/* Mean gain of each domain on train, shrunk to that of all. */
static pm_status domain_gains(exp_run *r, const seed_work *w, double *out, pm_err *err)
{
    size_t n = r->data.n_domains;
    double *sum = arena_alloc(r->a, n, sizeof *sum), *count = arena_alloc(r->a, n, sizeof *count);
    double all = 0;
    if (!sum || !count) return err_set(err, PM_E_MEMORY, "%zu domains", n);
    for (size_t i = 0; i < w->s.n_train; i++) {
        size_t row = w->s.train[i], d = r->data.domain[row];
        double gain = gain_of(r, row);
        all += gain / (double)w->s.n_train;
        if (d >= n) continue;
        sum[d] += gain;
        count[d] += 1;
    }
    for (size_t i = 0; i < w->truth.n; i++) {
        size_t d = w->truth.domain[i];
        out[i] = d < n ? (sum[d] + DOMAIN_PSEUDO * all) / (count[d] + DOMAIN_PSEUDO) : all;
    }
    return PM_OK;
}

pm_status exp_pair_truth(exp_run *r, seed_work *w, pm_err *err)
{
    size_t n = w->truth.n;
    bool has_domains = r->data.n_domains > 0 && r->data.domain;
    double *chars = arena_alloc(r->a, n, sizeof *chars);
    double *gain = has_domains ? arena_alloc(r->a, n, sizeof *gain) : NULL;
    if (!chars || (has_domains && !gain)) return err_set(err, PM_E_MEMORY, "%zu prompts", n);
    for (size_t i = 0; i < n; i++) {
        pm_str text = r->data.text[w->s.test[i]];
        chars[i] = (double)utf8_count(text.ptr, text.len);
    }
    w->truth.chars = chars;
    w->truth.domain_gain = gain;
    return has_domains ? domain_gains(r, w, gain, err) : PM_OK;
}

/* ---- what a router says ---- */

/* P(strong beats weak) from the chances of both against a third, as Bradley-Terry has it. */
static double by_odds(double strong, double weak)
{
    double s = fmin(fmax(strong, EVEN), 1 - EVEN), w = fmin(fmax(weak, EVEN), 1 - EVEN);
    double a = s * (1 - w), b = w * (1 - s);
    return a / (a + b);
}

static double need_of(pm_value_kind kind, double strong, double weak, bool against_weak)
{
    switch (kind) {
    case PM_VALUE_LOSS:
        return weak - strong;
    case PM_VALUE_WINPROB:
        return against_weak ? strong : by_odds(strong, weak);
    case PM_VALUE_BEST:
        return strong + weak > 0 ? strong / (strong + weak) : .5;
    default:
        return strong - weak;
    }
}

pm_status exp_need(exp_run *r, const seed_work *w, const router_work *route, policy *out,
                   pm_err *err)
{
    double *need = arena_alloc(r->a, w->truth.n, sizeof *need);
    if (!need) return err_set(err, PM_E_MEMORY, "%zu prompts", w->truth.n);
    bool against_weak = exp_reference(r, w) == r->weak;
    for (size_t i = 0; i < w->truth.n; i++) {
        const float *v = pm_row(route->value, i);
        need[i] = need_of(route->kind, (double)v[r->strong], (double)v[r->weak], against_weak);
    }
    out->need = need;
    out->need_is_chance = route->kind == PM_VALUE_WINPROB || route->kind == PM_VALUE_BEST;
    return PM_OK;
}

/* ---- rows to be scored ---- */

typedef struct needs { /* of one row */
    const double *at[1];
} needs;

typedef struct pair_table {
    exp_run *r;
    const exp_scored *it;
    pair_truth truth;
    pair_row *row;
    size_t n;
} pair_table;

static bool column_of(const pair_table *t, pm_cmat m, size_t j, double sign, const double **out)
{
    double *x = arena_alloc(t->r->a, t->truth.n, sizeof *x);
    for (size_t i = 0; x && i < t->truth.n; i++) x[i] = sign * (double)pm_crow(m, i)[j];
    *out = x;
    return x != NULL;
}

static bool make_truth(pair_table *t)
{
    const eval_truth *from = t->it->truth;
    double sign = policy_sign(from->kind);
    t->truth = (pair_truth){.n = from->n, .kind = from->kind, .cluster = from->cluster};
    bool fits = column_of(t, from->value, t->r->strong, sign, &t->truth.strong) &&
                column_of(t, from->value, t->r->weak, sign, &t->truth.weak);
    if (fits && from->cost_usd.at)
        fits = column_of(t, from->cost_usd, t->r->strong, 1, &t->truth.cost_strong) &&
               column_of(t, from->cost_usd, t->r->weak, 1, &t->truth.cost_weak);
    return fits;
}

static pair_row *add(pair_table *t, const char *label, policy_role role, pair_kind kind)
{
    t->row[t->n] = (pair_row){.label = label, .role = role, .kind = kind};
    return &t->row[t->n++];
}

static pm_status add_routed(pair_table *t, const char *label, policy_role role, const double *need,
                            pm_err *err)
{
    needs *one = need ? arena_alloc(t->r->a, 1, sizeof *one) : NULL;
    if (!one) return err_set(err, PM_E_MEMORY, "two-model scores");
    one->at[0] = need;
    pair_row *row = add(t, label, role, PAIR_ROUTED);
    row->need = one->at;
    row->n_need = 1;
    return PM_OK;
}

static pm_status add_lengths(pair_table *t, pm_err *err)
{
    size_t n = t->truth.n;
    double *need = arena_alloc(t->r->a, n, 2 * sizeof *need);
    if (!need) return err_set(err, PM_E_MEMORY, "two-model scores");
    for (size_t i = 0; i < n; i++) {
        size_t chars = (size_t)t->it->truth->chars[i];
        need[i] = two_models_length(chars, false);
        need[n + i] = two_models_length(chars, true);
    }
    pm_status s = add_routed(t, "length, L/(L+1000)", POLICY_BASELINE, need, err);
    if (!s) t->row[t->n - 1].is_length = true;
    return s ? s : add_routed(t, "negative length", POLICY_BASELINE, need + n, err);
}

/* "knn, train=1500" of a learning curve. */
static const char *row_label(pair_table *t, const policy *p)
{
    if (p->role != POLICY_CURVE) return p->label;
    str text = STR_INIT;
    str_printf(&text, "%s, %s", p->label, p->point);
    const char *label = text.failed ? NULL : arena_strdup(t->r->keep, str_text(&text));
    str_close(&text);
    return label;
}

/* All of the training part is the router itself: no row of the curve. */
static bool has_row(const policy *p)
{
    return p->need && (p->role != POLICY_CURVE || strcmp(p->point, "train=all") != 0);
}

static pm_status add_router(pair_table *t, const policy *p, pm_err *err)
{
    size_t n = p->more_need ? p->n_more + 1 : 1;
    const double **need = arena_alloc(t->r->a, n, sizeof *need);
    const char *label = row_label(t, p);
    if (!need || !label) return err_set(err, PM_E_MEMORY, "two-model scores");
    need[0] = p->need;
    for (size_t k = 1; k < n; k++) need[k] = p->more_need[k - 1];
    pair_row *row = add(t, label, p->role, PAIR_ROUTED);
    row->need = need;
    row->n_need = n;
    row->is_rival = p->is_rival && p->role == POLICY_ROUTER;
    row->rival_rank = p->rival_rank;
    row->is_chance = p->need_is_chance;
    return PM_OK;
}

#define OTHERS 8 /* rows beside the routers */

static pm_status make_rows(pair_table *t, pm_err *err)
{
    const eval_truth *truth = t->it->truth;
    double *oracle = arena_alloc(t->r->a, truth->n, sizeof *oracle);
    t->row = arena_alloc(t->r->a, t->it->n + OTHERS, sizeof *t->row);
    if (!oracle || !t->row) return err_set(err, PM_E_MEMORY, "two-model scores");
    add(t, "always weak", POLICY_BASELINE, PAIR_WEAK);
    add(t, "always strong", POLICY_BASELINE, PAIR_STRONG);
    add(t, "random", POLICY_BASELINE, PAIR_RANDOM);
    pm_status s = add_lengths(t, err);
    if (!s && truth->domain_gain)
        s = add_routed(t, "domain label", POLICY_BASELINE, truth->domain_gain, err);
    for (size_t k = 0; k < t->it->n && !s; k++)
        if (has_row(&t->it->policy[k])) s = add_router(t, &t->it->policy[k], err);
    if (!s) s = two_models_oracle(t->truth.weak, t->truth.strong, truth->n, t->r->a, oracle, err);
    if (!s) s = add_routed(t, "oracle", POLICY_CEILING, oracle, err);
    if (!s) add(t, "optimal line", POLICY_CEILING, PAIR_OPTIMAL);
    return s;
}

/* ---- rows of the store ---- */

static pm_status put(exp_run *r, const store_row *like, const metric_value *v, pm_err *err)
{
    if (isnan(v->value)) return PM_OK;
    store_row row = *like;
    row.metric = arena_strdup(r->keep, v->name);
    row.value = v->value;
    row.lo = v->lo;
    row.hi = v->hi;
    row.n = v->n;
    return row.metric ? exp_put(r, &row, err) : err_set(err, PM_E_MEMORY, "row");
}

static const char *setting_of(const exp_run *r, const pair_row *row)
{
    if (row->kind == PAIR_STRONG) return r->x->strong;
    return row->kind == PAIR_WEAK ? r->x->weak : "";
}

static pm_status put_score(exp_run *r, const exp_scored *it, const char *subset,
                           const pair_score *p, pm_err *err)
{
    store_row like = {.point = TABLE_PAIR,
                      .label = p->who->label,
                      .role = policy_role_name(p->who->role),
                      .seed = it->before[0] ? 0 : it->policy[0].seed,
                      .subset = subset,
                      .setting = setting_of(r, p->who)};
    pm_status s = PM_OK;
    for (size_t k = 0; k < PAIR_METRICS && !s; k++) s = put(r, &like, &p->metric[k], err);
    for (size_t k = 0; k < p->n_rivals && !s; k++) s = put(r, &like, &p->rival[k], err);
    return s;
}

static pm_status put_fact(exp_run *r, const exp_scored *it, const pair_table *t, pm_err *err)
{
    double strong = 0, weak = 0;
    for (size_t i = 0; i < t->truth.n; i++) {
        strong += t->truth.strong[i];
        weak += t->truth.weak[i];
    }
    if (strong != weak) return PM_OK;
    pm_status s = exp_fact(r, "pair", "APGR and CPT", NAN,
                           "not defined: strong and weak score the same on the test part", err);
    if (!s) r->row[r->n_rows - 1].seed = it->before[0] ? 0 : it->policy[0].seed;
    return s;
}

/* What others printed, in the same table and without an interval. */
static pm_status put_published(exp_run *r, const exp_scored *it, const char *subset, pm_err *err)
{
    pm_status s = PM_OK;
    for (size_t k = 0; k < r->x->n_published && !s; k++) {
        const published_score *p = &r->x->published[k];
        const metric_value all[] = {{"apgr", p->apgr, NAN, NAN, 0},
                                    {"cpt50", p->cpt50, NAN, NAN, 0},
                                    {"cpt80", p->cpt80, NAN, NAN, 0}};
        store_row like = {.point = TABLE_PAIR,
                          .label = p->label,
                          .role = TABLE_PUBLISHED,
                          .seed = it->before[0] ? 0 : it->policy[0].seed,
                          .subset = subset,
                          .setting = r->x->published_by};
        for (size_t e = 0; e < sizeof all / sizeof all[0] && !s; e++)
            s = put(r, &like, &all[e], err);
    }
    return s;
}

/* What a report draws: the curve of each row, and the reliability of those that tell chances. */
static void put_curve(const pair_score *p, double sign, str *out)
{
    str_puts(out, "{\"label\":");
    str_json(out, p->who->label, strlen(p->who->label));
    str_printf(out, ",\"role\":\"%s\",\"points\":[", policy_role_name(p->who->role));
    for (size_t k = 0; k < p->curve.n; k++) {
        str_puts(out, k ? ",[" : "[");
        str_number(out, p->curve.point[k].share);
        str_puts(out, ",");
        str_number(out, sign * p->curve.point[k].quality);
        str_puts(out, "]");
    }
    str_puts(out, "],\"reliability\":[");
    for (size_t k = 0; k < p->n_bins; k++) {
        str_puts(out, k ? ",[" : "[");
        str_number(out, p->bin[k].chance);
        str_puts(out, ",");
        str_number(out, p->bin[k].outcome);
        str_printf(out, ",%zu]", p->bin[k].n);
    }
    str_puts(out, "]}");
}

static void keep_curves(exp_run *r, const pair_table *t, const pair_score *score)
{
    str *out = &r->pair;
    str_clear(out);
    str_puts(out, "{\"strong\":");
    str_json(out, r->x->strong, strlen(r->x->strong));
    str_puts(out, ",\"weak\":");
    str_json(out, r->x->weak, strlen(r->x->weak));
    str_puts(out, ",\"rows\":[");
    for (size_t k = 0; k < t->n; k++) {
        str_puts(out, k ? ",\n" : "\n");
        put_curve(&score[k], policy_sign(t->truth.kind), out);
    }
    str_puts(out, "]}");
}

pm_status exp_pair_rows(exp_run *r, const exp_scored *it, pm_err *err)
{
    pair_table t = {.r = r, .it = it};
    pair_score *score;
    str text = STR_INIT;
    str_printf(&text, "%sall", it->before);
    const char *subset = text.failed ? NULL : arena_strdup(r->keep, str_text(&text));
    str_close(&text);
    if (!subset || !make_truth(&t)) return err_set(err, PM_E_MEMORY, "two-model scores");
    pm_status s = make_rows(&t, err);
    if (!s)
        s = pair_scores(r->env.compute, &t.truth, t.row, t.n, &r->x->bootstrap, r->a, &score, err);
    for (size_t k = 0; k < t.n && !s; k++) s = put_score(r, it, subset, &score[k], err);
    if (!s) s = put_published(r, it, subset, err);
    if (!s && !it->before[0]) keep_curves(r, &t, score);
    return s ? s : put_fact(r, it, &t, err);
}
