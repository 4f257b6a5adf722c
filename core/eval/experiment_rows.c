/* SPDX-License-Identifier: MIT
 *
 * Scores -> rows of the store.  Facts of the run (data, what was dropped or repaired, split, resamples) are
 * rows too, so that every table and export says what it rests on.  Nothing here depends on the clock.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "eval/experiment_private.h"

pm_status exp_put(exp_run *r, const store_row *row, pm_err *err)
{
    if (r->n_rows == r->rows_room) {
        size_t more = r->rows_room ? 2 * r->rows_room : 1024;
        store_row *grown = arena_alloc(r->keep, more, sizeof *grown);
        if (!grown) return err_set(err, PM_E_MEMORY, "%zu rows", more);
        if (r->n_rows > 0) memcpy(grown, r->row, r->n_rows * sizeof *grown);
        r->row = grown;
        r->rows_room = more;
    }
    r->row[r->n_rows++] = *row;
    return PM_OK;
}

/* ---- facts ---- */

pm_status exp_fact(exp_run *r, const char *group, const char *name, double value, const char *text,
                   pm_err *err)
{
    store_row row = {.point = "",
                     .label = "run",
                     .role = "about",
                     .subset = group,
                     .metric = name,
                     .value = value,
                     .lo = NAN,
                     .hi = NAN,
                     .setting = text};
    return exp_put(r, &row, err);
}

static const char *data_text(exp_run *r)
{
    str text = STR_INIT;
    str_printf(&text, "%s %.12s", r->source.name, r->source.hash);
    const char *kept = text.failed ? NULL : arena_strdup(r->keep, str_text(&text));
    str_close(&text);
    return kept ? kept : "";
}

pm_status exp_about(exp_run *r, pm_err *err)
{
    const dataset_counts *c = &r->data.counts;
    const bootstrap_spec *b = &r->x->bootstrap;
    const bool battles = r->x->of_battles;
    const struct {
        const char *group, *name;
        double value;
        const char *text;
    } all[] = {
        {"data", "data", NAN, data_text(r)},
        {"data", "prompts", (double)r->data.n, ""},
        {"data", "experts", (double)r->lib->view.n, ""},
        {"data", battles ? NULL : "min_known", r->x->min_known, ""},
        {"data", battles ? "measured on" : NULL, (double)r->data.n_battles, "battles"},
        {"counts", "prompts read", (double)c->prompts_read, ""},
        {"counts", "prompts dropped (an outcome is missing)", (double)c->rows_dropped_incomplete,
         ""},
        {"counts", battles ? "models dropped (no battle)" : "models dropped (too few outcomes)",
         (double)c->models_dropped_sparse, ""},
        {"counts", r->dropped ? "dropped" : NULL, NAN, r->dropped},
        {"counts", r->unlisted ? "not in the library" : NULL, NAN, r->unlisted},
        {"counts", "duplicate ids", (double)c->duplicate_ids, ""},
        {"counts", "texts with repaired UTF-8", (double)c->invalid_utf8_repaired, ""},
        {"counts", "tables skipped", (double)c->tables_skipped, ""},
        {"counts", "battles skipped", (double)c->battles_skipped, ""},
        {"counts", "battles dropped", (double)c->battles_dropped, ""},
        {"intervals", "level", b->level, ""},
        {"intervals", "resamples", (double)b->resamples,
         b->clustered ? "paired, by group of prompts" : "paired, by prompt"},
        {"intervals", "seeds", (double)r->x->n_seeds, ""},
        {"intervals", battles ? NULL : "within_delta", r->x->delta, ""},
        {"pair", r->has_pair ? "strong" : NULL, NAN, r->x->strong},
        {"pair", r->has_pair ? "weak" : NULL, NAN, r->x->weak},
    };
    pm_status s = PM_OK;
    if (r->x->asks && r->x->asks[0]) s = exp_fact(r, "question", "asks", NAN, r->x->asks, err);
    if (!s && r->x->corpus) s = exp_about_corpus(r, err);
    for (size_t k = 0; k < sizeof all / sizeof all[0] && !s; k++)
        if (all[k].name &&
            (!r->x->corpus || !strcmp(all[k].group, "intervals") || !strcmp(all[k].group, "pair")))
            s = exp_fact(r, all[k].group, all[k].name, all[k].value, all[k].text, err);
    return s;
}

/* "2 of 5", "" where the split is of another kind; NULL: memory is out. */
static const char *fold_text(exp_run *r, const seed_work *w)
{
    char text[48] = "";
    uint32_t folds = r->x->split.folds;
    if (r->x->split.by == SPLIT_FOLD)
        snprintf(text, sizeof text, "%u of %u", (unsigned)((w->seed - 1) % folds) + 1, folds);
    return arena_strdup(r->keep, text);
}

static pm_status about_split(exp_run *r, const seed_work *w, pm_err *err)
{
    static const char *const by[] = {"as given", "by prompt", "by group", "by fold", "by document"};
    const char *hash = arena_strndup(r->keep, w->s.hash, 12);
    if (!hash) return err_set(err, PM_E_MEMORY, "rows");
    const char *fold = fold_text(r, w);
    if (!fold) return err_set(err, PM_E_MEMORY, "rows");
    const struct {
        const char *name;
        double value;
        const char *text;
    } all[] = {
        {"split", NAN, by[r->x->corpus ? 4 : r->x->split.by]},
        {fold[0] ? "fold" : NULL, NAN, fold},
        {"assignment", NAN, hash},
        {"fit", (double)w->s.n_fit, ""},
        {"tune", (double)w->s.n_tune, ""},
        {"test", (double)w->s.n_test, ""},
        {"groups in train and test", (double)w->s.leaked_groups, ""},
        {r->x->of_battles ? NULL : "best single on train", NAN,
         r->source.lib->view.expert[w->best_single]->id},
    };
    pm_status s = PM_OK;
    for (size_t k = 0; k < sizeof all / sizeof all[0] && !s; k++) {
        if (!all[k].name) continue;
        s = exp_fact(r, "seed", all[k].name, all[k].value, all[k].text, err);
        if (!s) r->row[r->n_rows - 1].seed = w->seed;
    }
    if (!s && r->x->embed) s = exp_told_fact(r, "embedder", w->seed, &w->embed_told, err);
    return s;
}

/* What a constraint settled on (recorded costs or list prices, say): once, unless seeds differ. */
static pm_status about_constraints(exp_run *r, const seed_work *w, pm_err *err)
{
    for (size_t c = 0; c < r->x->n_constraints; c++) {
        const char *label = r->x->constraint[c].at.label;
        const char *settled = constraint_settled(w->constraint[c]);
        bool told = !settled[0];
        for (size_t k = 0; k < r->n_rows && !told; k++)
            told = !strcmp(r->row[k].subset, "constraint") && !strcmp(r->row[k].metric, label) &&
                   !strcmp(r->row[k].setting, settled);
        if (told) continue;
        const char *text = arena_strdup(r->keep, settled);
        pm_status s = text ? exp_fact(r, "constraint", label, NAN, text, err)
                           : err_set(err, PM_E_MEMORY, "rows");
        if (s) return s;
        r->row[r->n_rows - 1].seed = w->seed; /* a row of its own where seeds differ */
    }
    return PM_OK;
}

/* A rival that these data have no row for (no domains, no costs) is told once, and noted. */
static pm_status about_rivals(exp_run *r, const seed_work *w, pm_err *err)
{
    pm_status s = PM_OK;
    for (size_t k = 0; k < r->x->n_rivals && !s; k++) {
        const char *label = r->x->rival[k];
        bool known = w->seed != r->x->seed[0];
        known = known || (r->x->of_battles && exp_battles_know(w, label));
        for (size_t p = 0; p < w->n_policies; p++)
            known = known || strcmp(w->policy[p].label, label) == 0;
        for (size_t p = 0; p < r->x->n_routers; p++) /* --only may leave it out */
            known = known || strcmp(r->x->router[p].at.label, label) == 0;
        if (known) continue;
        log_line(LOG_WARN,
                 "rival \"%s\": these data have no such row (no domains, no costs?), so no "
                 "difference to it is reported",
                 label);
        s = exp_fact(r, "rival", "rival without a row in these data", NAN, label, err);
    }
    return s;
}

pm_status exp_about_seed(exp_run *r, const seed_work *w, pm_err *err)
{
    pm_status s = about_split(r, w, err);
    if (!s) s = exp_about_similarity(r, w, err);
    if (!s) s = exp_about_experts(r, w, err);
    if (!s) s = about_constraints(r, w, err);
    if (!s) s = exp_about_infeasible(r, w, err);
    if (!s) s = exp_expected(r, w, err);
    return s ? s : about_rivals(r, w, err);
}

/* ---- scores: texts of rows live in `keep`, longer than the seed's work ---- */

typedef struct row_maker {
    exp_run *r;
    store_row like;     /* point, label, role, seed, setting of the policy at hand */
    const char *before; /* of subsets: "", of means over seeds "seeds:", of all splits "splits:" */
    const char *all;    /* subset of every prompt */
    size_t n_domains;
    pm_err *err;
} row_maker;

static pm_status put(row_maker *k, const char *subset, const char *metric, const metric_value *v)
{
    if (isnan(v->value)) return PM_OK;
    store_row row = k->like;
    row.subset = subset;
    row.metric = metric;
    row.value = v->value;
    row.lo = v->lo;
    row.hi = v->hi;
    row.n = v->n;
    return exp_put(k->r, &row, k->err);
}

static const char *joined(row_maker *k, const char *before, const char *after)
{
    str text = STR_INIT;
    str_printf(&text, "%s%s", before, after);
    const char *kept = text.failed ? NULL : arena_strdup(k->r->keep, str_text(&text));
    str_close(&text);
    return kept;
}

static bool is_mean(const row_maker *k)
{
    return k->before[0] != '\0';
}

/* What mixed choices would say of no seed's router. */
static bool is_of_one_seed(const char *metric)
{
    return strcmp(metric, "entropy") == 0 || strcmp(metric, "experts_used") == 0;
}

/* A metric whose name was made while scoring: rows outlive the scores. */
static pm_status put_named(row_maker *k, const metric_value *v)
{
    const char *metric = joined(k, v->name, "");
    return metric ? put(k, k->all, metric, v) : err_set(k->err, PM_E_MEMORY, "row");
}

static pm_status put_metrics(row_maker *k, const policy_score *p)
{
    pm_status s = PM_OK;
    for (size_t i = 0; i < p->n_metrics && !s; i++)
        if (strcmp(p->metric[i].name, "diff_rival") != 0 && /* said for each rival by name */
            (!is_mean(k) || !is_of_one_seed(p->metric[i].name)))
            s = put(k, k->all, p->metric[i].name, &p->metric[i]);
    for (size_t i = 0; i < p->n_rivals && !s; i++) {
        s = put_named(k, &p->rival[i]);
        if (!s) s = put_named(k, &p->rival_accuracy[i]);
        if (!s) s = put_named(k, &p->rival_gap[i]);
    }
    if (!s && (p->who->predicted.at || p->who->errors) && p->spearman_left_out > 0) {
        metric_value left = {"", (double)p->spearman_left_out, NAN, NAN, p->metric[0].n};
        s = put(k, k->all, "spearman_left_out", &left);
    }
    return s;
}

static pm_status put_shares(row_maker *k, const policy_score *p)
{
    pm_status s = PM_OK;
    for (size_t j = 0; p->share && j < k->r->lib->view.n && !s; j++) {
        const char *metric = joined(k, "share:", k->r->lib->view.expert[j]->id);
        s = metric ? put(k, k->all, metric, &p->share[j]) : err_set(k->err, PM_E_MEMORY, "row");
    }
    return s;
}

static pm_status put_domains(row_maker *k, const policy_score *p, size_t n,
                             const char *const *subset)
{
    pm_status s = PM_OK;
    for (size_t d = 0; p->domain_value && d < n && !s; d++)
        s = put(k, subset[d], p->domain_value[d].name, &p->domain_value[d]);
    return s;
}

static pm_status put_decisions(row_maker *k, const char *hex)
{
    store_row row = k->like;
    row.subset = "all";
    row.metric = "decisions"; /* the object that holds every choice */
    row.value = row.lo = row.hi = NAN;
    row.n = 0;
    row.setting = hex;
    return exp_put(k->r, &row, k->err);
}

/* With one weight point there is one section: the baselines stand in it. */
const char *exp_point_of(const exp_run *r, const policy *p)
{
    if (p->point) return p->point;
    return r->n_points == 1 ? r->point[0].text : "";
}

/* How often half of a prompt and the other half agree on the best expert. */
static pm_status put_split_half(row_maker *k, const seed_work *w)
{
    metric_value v = {"", w->split_half, w->split_half_lo, w->split_half_hi, w->truth.n};
    return put(k, k->all, "split_half_agreement", &v);
}

static pm_status put_policy(row_maker *k, const seed_work *w, const policy_score *score,
                            const char *const *subset)
{
    const policy *p = score->who;
    k->like = (store_row){.point = exp_point_of(k->r, p),
                          .label = p->label,
                          .role = policy_role_name(p->role),
                          .seed = is_mean(k) ? 0 : p->seed,
                          .setting = p->setting && !is_mean(k) ? p->setting : ""};
    pm_status s = put_metrics(k, score);
    if (!s) s = put_shares(k, score);
    if (!s) s = put_domains(k, score, k->n_domains, subset);
    if (!s && w && p->role == POLICY_ROUTER)
        s = put_decisions(k, w->decisions[(size_t)(p - w->policy) - w->n_baselines]);
    if (!s && w && w->has_redrawn && p == &w->policy[w->n_baselines - 1]) s = put_split_half(k, w);
    return s;
}

pm_status exp_score(exp_run *r, const exp_scored *it, const seed_work *w, pm_err *err)
{
    policy_score *score;
    metrics_options o = {sizeof o, r->x->delta, it->best_single, r->x->bootstrap,
                         it->best_single_of};
    row_maker k = {.r = r, .before = it->before, .n_domains = it->truth->n_domains, .err = err};
    k.all = joined(&k, it->before, "all");
    const char **subset = arena_alloc(r->a, it->truth->n_domains, sizeof *subset);
    if (!subset || !k.all) return err_set(err, PM_E_MEMORY, "domains");
    str head = STR_INIT;
    str_printf(&head, "%sdomain:", it->before);
    for (size_t d = 0; d < it->truth->n_domains; d++)
        subset[d] = joined(&k, str_text(&head), it->truth->domains[d]);
    str_close(&head);
    for (size_t d = 0; d < it->truth->n_domains; d++)
        if (!subset[d]) return err_set(err, PM_E_MEMORY, "domains");
    pm_status s =
        metrics_score(r->env.compute, it->truth, it->policy, it->n, &o, r->a, &score, err);
    if (!s && w) s = exp_about_seed(r, w, err);
    for (size_t i = 0; i < it->n && !s; i++) s = put_policy(&k, w, &score[i], subset);
    return s || !r->has_pair ? s : exp_pair_rows(r, it, err);
}

pm_status exp_rows(exp_run *r, const seed_work *w, const policy *mean, pm_err *err)
{
    exp_scored it = {.truth = &w->truth,
                     .policy = mean ? mean : w->policy,
                     .n = w->n_policies,
                     .before = mean ? "seeds:" : "",
                     .best_single = w->best_single};
    pm_status s = exp_score(r, &it, mean ? NULL : w, err);
    exp_swept swept = {.truth = &w->truth,
                       .policy = it.policy,
                       .n = it.n,
                       .penalty = w->penalty,
                       .oracle = w->oracle,
                       .realised = w->realised,
                       .before = it.before,
                       .seed = w->seed,
                       .side = w->side,
                       .n_sides = w->n_sides,
                       .placebo = w->placebo,
                       .best_single = w->best_single};
    if (!s) s = exp_sweeps(r, &swept, err);
    return s || mean ? s : exp_infeasible_rows(r, w, err);
}
