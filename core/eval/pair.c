/* SPDX-License-Identifier: MIT
 *
 * All rows of the two-model table, with paired intervals: each row is sorted once, and each resample is a walk over
 * the sorted prompts that counts how often each was drawn.
 */
#include "eval/pair.h"

#include <math.h>
#include <string.h>

#include "base/str.h"
#include "eval/pair_private.h"
#include "math/special.h"

#define GRAIN 16 /* resamples a block */

const char *const *pair_metric_names(pm_value_kind kind)
{
#define NAMES(value)                                                                               \
    {                                                                                              \
        "apgr", "auc", "cpt20", "cpt50", "cpt80", "first_cpt20", "first_cpt50", "first_cpt80",     \
            "usd_cpt50", "usd_cpt80", value "_at:0", value "_at:10", value "_at:20",               \
            value "_at:30", value "_at:40", value "_at:50", value "_at:60", value "_at:70",        \
            value "_at:80", value "_at:90", value "_at:100", "ece", "brier", "log_loss",           \
            "ece_width", "ece_decided", "brier_decided", "log_loss_decided", "ece_width_decided",  \
            value, "cost_usd", "diff_length_apgr", "apgr_sd", "cpt20_sd", "cpt50_sd", "cpt80_sd"   \
    }
    static const char *const quality[PAIR_METRICS] = NAMES("quality");
    static const char *const loss[PAIR_METRICS] = NAMES("loss");
#undef NAMES
    return kind == PM_VALUE_LOSS ? loss : quality;
}

typedef struct scoring {
    const compute *c;
    const pair_truth *t;
    bootstrap *draws;
    size_t resamples;
    arena *out, *scratch;
    double sum[BOOTSTRAP_LANES];
    double *sum_r;         /* [resamples x BOOTSTRAP_LANES] */
    double *v;             /* [PAIR_DRAWN x resamples] of the row at hand */
    two_models_work *work; /* [threads] */
    double **apgr;         /* [n_rows] of every resample, or NULL */
} scoring;

/* ---- sums that every row shares ---- */

static pm_status starve(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "two-model scores");
}

static pm_status add_sums(scoring *s, pm_err *err)
{
    const pair_truth *t = s->t;
    const double *column[4] = {t->weak, t->strong, t->cost_weak, t->cost_strong};
    double *x = arena_alloc(s->scratch, t->n, BOOTSTRAP_LANES * sizeof *x);
    s->sum_r = arena_alloc(s->scratch, s->resamples, BOOTSTRAP_LANES * sizeof *s->sum_r);
    if (!x || !s->sum_r) return starve(err);
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < 4; k++) {
            double v = column[k] ? column[k][i] : 0;
            if (!isfinite(v))
                return err_set(err, PM_E_ARG,
                               "two models: prompt %zu has an outcome or a cost "
                               "that is not a number",
                               i);
            x[i * BOOTSTRAP_LANES + k] = v;
            s->sum[k] += v;
        }
    return bootstrap_all_sums(s->draws, s->c, x, BOOTSTRAP_LANES, s->scratch, s->sum_r)
               ? PM_OK
               : starve(err);
}

static pm_status add_work(scoring *s, pm_err *err)
{
    size_t n = (size_t)threads_count(s->c ? s->c->pool : NULL);
    s->work = arena_alloc(s->scratch, n, sizeof *s->work);
    s->v = arena_alloc(s->scratch, s->resamples, PAIR_DRAWN * sizeof *s->v);
    if (!s->work || !s->v) return starve(err);
    for (size_t k = 0; k < n; k++)
        if (!two_models_work_open(s->t->n, s->scratch, &s->work[k])) return starve(err);
    return PM_OK;
}

/* ---- a row that is routed, or the optimal line ---- */

typedef struct row_job {
    const scoring *s;
    const pair_row *row;
    const pair_list *list;
    size_t n_lists;
} row_job;

static void measure_all(const row_job *job, const pair_sample *sample, two_models_work *w,
                        double *out, two_models_curve *curve)
{
    double one[PAIR_DRAWN];
    for (size_t k = 0; k < job->n_lists; k++) {
        pair_measure(&job->list[k], job->row->kind, sample, w, k ? one : out, k ? NULL : curve);
        for (size_t f = 0; k > 0 && f < PAIR_DRAWN; f++) out[f] += one[f];
    }
    for (size_t f = 0; job->n_lists > 1 && f < PAIR_DRAWN; f++) out[f] /= (double)job->n_lists;
}

static pm_status draw_block(int worker, size_t lo, size_t hi, void *arg)
{
    const row_job *job = arg;
    const scoring *s = job->s;
    double out[PAIR_DRAWN];
    for (size_t r = lo; r < hi; r++) {
        pair_sample sample = {bootstrap_times(s->draws, r), (size_t)bootstrap_sizes(s->draws)[r],
                              s->sum_r + r * BOOTSTRAP_LANES};
        measure_all(job, &sample, &s->work[worker], out, NULL);
        for (size_t f = 0; f < PAIR_DRAWN; f++) s->v[f * s->resamples + r] = out[f];
    }
    return PM_OK;
}

/* Outcomes are utilities inside; a loss is told as a loss. */
static void put_value(const scoring *s, size_t f, double value, double *v, metric_value *m)
{
    bool is_outcome = f == PAIR_AUC || (f >= PAIR_AT && f < PAIR_AT + TWO_MODELS_EDGES);
    double sign = is_outcome ? policy_sign(s->t->kind) : 1;
    m->value = sign * value;
    if (isnan(value)) return;
    for (size_t r = 0; r < s->resamples; r++) v[r] *= sign;
    bootstrap_interval(s->draws, v, &m->lo, &m->hi);
}

static pm_status make_lists(scoring *s, const pair_row *row, pair_list *list, pm_err *err)
{
    pm_status status = PM_OK;
    if (row->kind == PAIR_OPTIMAL) return pair_list_optimal(s->t, s->scratch, list, err);
    for (size_t k = 0; k < row->n_need && !status; k++)
        status = pair_list_make(s->t, row, k, s->scratch, &list[k], err);
    return status;
}

static pm_status score_routed(scoring *s, const pair_row *row, pair_score *out, double **apgr,
                              pm_err *err)
{
    size_t n = row->kind == PAIR_OPTIMAL ? 1 : row->n_need;
    pair_list *list = arena_alloc(s->scratch, n, sizeof *list);
    double value[PAIR_DRAWN];
    if (!list) return starve(err);
    pm_status status = make_lists(s, row, list, err);
    if (status) return status;
    row_job job = {s, row, list, n};
    pair_sample all = {NULL, s->t->n, s->sum};
    measure_all(&job, &all, &s->work[0], value, &out->curve);
    status = threads_for(s->c ? s->c->pool : NULL, s->resamples, GRAIN, draw_block, &job);
    if (status) return status;
    memcpy(*apgr, s->v + PAIR_APGR * s->resamples, s->resamples * sizeof **apgr);
    for (size_t f = 0; f < PAIR_DRAWN; f++)
        put_value(s, f, value[f], s->v + f * s->resamples, &out->metric[f]);
    out->n_bins = pair_reliability(&list[0], out->bin);
    return PM_OK;
}

/* ---- the other rows ---- */

static pm_status score_random(scoring *s, pair_score *out, pm_err *err)
{
    two_models_draws d;
    pm_status status = two_models_random(s->t->weak, s->t->strong, s->t->n, PAIR_RANDOM_DRAWS, 0,
                                         s->scratch, &d, err);
    if (status) return status;
    const double mean[] = {d.mean.apgr,        d.mean.auc,        d.mean.cpt20,
                           d.mean.cpt50,       d.mean.cpt80,      d.mean.first_cpt20,
                           d.mean.first_cpt50, d.mean.first_cpt80};
    double sign = policy_sign(s->t->kind);
    for (size_t f = 0; f < sizeof mean / sizeof mean[0]; f++) out->metric[f].value = mean[f];
    out->metric[PAIR_AUC].value *= sign;
    for (size_t k = 0; k < TWO_MODELS_EDGES; k++)
        out->metric[PAIR_AT + k].value =
            sign * two_models_quality(&d.curve, (double)k / (TWO_MODELS_EDGES - 1));
    out->metric[PAIR_APGR_SD].value = d.sd.apgr;
    out->metric[PAIR_CPT20_SD].value = d.sd.cpt20;
    out->metric[PAIR_CPT50_SD].value = d.sd.cpt50;
    out->metric[PAIR_CPT80_SD].value = d.sd.cpt80;
    out->curve = d.curve;
    return PM_OK;
}

static void set_mean(scoring *s, size_t column, double sign, metric_value *m)
{
    m->value = sign * s->sum[column] / (double)s->t->n;
    for (size_t r = 0; r < s->resamples; r++)
        s->v[r] = sign * s->sum_r[r * BOOTSTRAP_LANES + column] / bootstrap_sizes(s->draws)[r];
    bootstrap_interval(s->draws, s->v, &m->lo, &m->hi);
}

static void score_single(scoring *s, bool strong, pair_score *out)
{
    set_mean(s, strong ? PAIR_SUM_STRONG : PAIR_SUM_WEAK, policy_sign(s->t->kind),
             &out->metric[PAIR_VALUE]);
    if (s->t->cost_weak)
        set_mean(s, strong ? PAIR_SUM_COST_STRONG : PAIR_SUM_COST_WEAK, 1, &out->metric[PAIR_USD]);
}

static pm_status score_row(scoring *s, const pair_row *row, pair_score *out, double **apgr,
                           pm_err *err)
{
    const char *const *name = pair_metric_names(s->t->kind);
    out->who = row;
    for (size_t k = 0; k < PAIR_METRICS; k++)
        out->metric[k] = (metric_value){name[k], NAN, NAN, NAN, s->t->n};
    if (row->kind == PAIR_STRONG || row->kind == PAIR_WEAK) {
        score_single(s, row->kind == PAIR_STRONG, out);
        return PM_OK;
    }
    if (row->kind == PAIR_RANDOM) return score_random(s, out, err);
    *apgr = arena_alloc(s->out, s->resamples, sizeof **apgr);
    return *apgr ? score_routed(s, row, out, apgr, err) : starve(err);
}

/* ---- differences ---- */

static void difference(scoring *s, const pair_score *score, size_t mine, size_t other,
                       metric_value *out)
{
    double value = score[mine].metric[PAIR_APGR].value - score[other].metric[PAIR_APGR].value;
    out->value = fabs(value) < 1e-12 ? 0 : value;
    for (size_t r = 0; r < s->resamples; r++) {
        double d = s->apgr[mine][r] - s->apgr[other][r];
        s->v[r] = fabs(d) < 1e-12 ? 0 : d;
    }
    bootstrap_interval(s->draws, s->v, &out->lo, &out->hi);
}

/* Rivals by rank, then by place; their number. */
static size_t find_rivals(const pair_row *row, size_t n, size_t *rival)
{
    size_t count = 0;
    for (size_t k = 0; k < n; k++) {
        if (!row[k].is_rival || row[k].kind != PAIR_ROUTED) continue;
        size_t at = count++;
        for (; at > 0 && row[rival[at - 1]].rival_rank > row[k].rival_rank; at--)
            rival[at] = rival[at - 1];
        rival[at] = k;
    }
    return count;
}

static const char *name_of(const scoring *s, const char *label)
{
    str text = STR_INIT;
    str_printf(&text, "diff_rival_apgr:%s", label);
    const char *kept = text.failed ? NULL : arena_strdup(s->out, str_text(&text));
    str_close(&text);
    return kept;
}

static pm_status add_differences(scoring *s, const pair_row *row, size_t n, pair_score *score,
                                 pm_err *err)
{
    size_t length = SIZE_MAX, *rival = arena_alloc(s->scratch, n, sizeof *rival);
    if (!rival) return starve(err);
    size_t n_rivals = find_rivals(row, n, rival);
    for (size_t k = 0; k < n; k++)
        if (row[k].is_length) length = k;
    for (size_t k = 0; k < n; k++) {
        if (!s->apgr[k] || isnan(score[k].metric[PAIR_APGR].value)) continue;
        if (length != SIZE_MAX) difference(s, score, k, length, &score[k].metric[PAIR_DIFF_LENGTH]);
        metric_value *v = arena_alloc(s->out, n_rivals, sizeof *v);
        if (!v) return starve(err);
        for (size_t l = 0; l < n_rivals; l++) {
            v[l] = (metric_value){name_of(s, row[rival[l]].label), NAN, NAN, NAN, s->t->n};
            if (!v[l].name) return starve(err);
            difference(s, score, k, rival[l], &v[l]);
        }
        score[k].rival = v;
        score[k].n_rivals = n_rivals;
    }
    return PM_OK;
}

pm_status pair_scores(const compute *c, const pair_truth *t, const pair_row *row, size_t n_rows,
                      const bootstrap_spec *b, arena *a, pair_score **out, pm_err *err)
{
    if (t->n == 0) return err_set(err, PM_E_ARG, "two models on 0 prompts; want at least one");
    scoring s = {.c = c, .t = t, .resamples = b->resamples, .out = a, .scratch = arena_open(0)};
    pair_score *score = arena_alloc(a, n_rows, sizeof *score);
    s.apgr = arena_alloc(a, n_rows, sizeof *s.apgr);
    pm_status status = s.scratch && score && s.apgr ? PM_OK : starve(err);
    if (!status) status = bootstrap_draw(b, c, t->cluster, t->n, s.scratch, &s.draws, err);
    if (!status) status = add_sums(&s, err);
    if (!status) status = add_work(&s, err);
    for (size_t k = 0; k < n_rows && !status; k++) {
        arena_mark mark = arena_save(s.scratch);
        status = score_row(&s, &row[k], &score[k], &s.apgr[k], err);
        arena_release(s.scratch, mark);
    }
    if (!status) status = add_differences(&s, row, n_rows, score, err);
    arena_close(s.scratch);
    *out = score;
    return status;
}
