/* SPDX-License-Identifier: MIT
 *
 * knn: mean outcome of each expert among the k training prompts nearest by cosine.  The search is the
 * host's (pm.table/1); this file tunes k, averages and measures the spread.
 */
#include <math.h>
#include <pointsman/plugin.h>

struct knn_params {
    int64_t k, weights, tune_on, features, store;
};

enum { K_AUTO = -1 };
enum { WEIGHTS_UNIFORM, WEIGHTS_SIMILARITY };
enum { TUNE_CHOICE, TUNE_SQUARED_ERROR };
enum { FEATURES_AUTO, FEATURES_EMBED, FEATURES_SPARSE };
enum { N_GRID = 6, K_GRID_MAX = 131, CHUNK = 256, PREDICT_CHUNK = 2048 };
static const char *const features_words[] = {"auto", "embed", "sparse", NULL};
static const size_t grid[N_GRID] = {5, 10, 20, 40, 80, K_GRID_MAX};

struct pm_router {
    pm_value_kind kind;
    size_t n, m, k;         /* k <= n */
    int sparse;             /* which features the table holds */
    const float *outcome;   /* [n x m], NaN = not observed */
    const float *weight;    /* [n] sample weights, or NULL */
    const float *mean, *sd; /* [m] of each expert over the table */
    const pm_table *table;
};

static const pm_table_service *tables(pm_call *c)
{
    const pm_table_service *t = c->host->service(PM_TABLE_SERVICE);
    if (!t) (void)c->host->fail(c, PM_E_UNSUPPORTED, "this host lacks " PM_TABLE_SERVICE);
    return t;
}

/* Prompts [lo, hi) as queries: index, similarity [(hi - lo) x k]. */
static pm_status nearest(const pm_router *r, pm_call *c, const pm_prompts *x, size_t lo, size_t hi,
                         size_t k, uint32_t *index, float *similarity)
{
    const pm_table_service *t = tables(c);
    if (!t) return PM_E_UNSUPPORTED;
    if (r->sparse) {
        pm_csr query = x->sparse;
        query.start += lo;
        query.rows = hi - lo;
        return t->best_sparse(r->table, c, &query, k, index, similarity);
    }
    pm_cmat query = {pm_crow(x->embed, lo), hi - lo, x->embed.cols, x->embed.ld};
    return t->best(r->table, c, query, k, index, similarity);
}

/* What the neighbours say of one expert: weighted mean, and how many they count for. */
struct vote {
    double mean, weight, effective;
};

static double weight_of(const pm_router *r, int64_t weights, uint32_t row, float similarity)
{
    double w = r->weight ? (double)r->weight[row] : 1;
    if (weights == WEIGHTS_UNIFORM) return w;
    return similarity > 0 ? w * (double)similarity : 0;
}

/* mean = sum w y / sum w over neighbours whose outcome of expert j is known, in order of nearness;
 * effective = (sum w)^2 / sum w^2, their count if all weigh alike.  None known: the column's mean. */
static struct vote vote(const pm_router *r, int64_t weights, const uint32_t *index,
                        const float *similarity, size_t k, size_t j)
{
    double sum = 0, total = 0, squares = 0;
    for (size_t v = 0; v < k && index[v] != PM_NO_COL; v++) {
        double y = r->outcome[index[v] * r->m + j];
        if (y != y) continue;
        double w = weight_of(r, weights, index[v], similarity[v]);
        sum += w * y, total += w, squares += w * w;
    }
    if (total <= 0) return (struct vote){r->mean[j], 0, 0};
    return (struct vote){sum / total, total, total * total / squares};
}

/* Standard deviation of a new outcome: sqrt(s^2 (1 + 1/e)) with s^2 = e / (e - 1) sum w (y - mean)^2 /
 * sum w and e the effective count.  A single neighbour shows no variance: then the column's own. */
static double spread(const pm_router *r, int64_t weights, const uint32_t *index,
                     const float *similarity, size_t k, size_t j)
{
    struct vote at = vote(r, weights, index, similarity, k, j);
    if (at.effective < 1.5) return r->sd[j];
    double squares = 0;
    for (size_t v = 0; v < k && index[v] != PM_NO_COL; v++) {
        double y = r->outcome[index[v] * r->m + j];
        if (y != y) continue;
        squares += weight_of(r, weights, index[v], similarity[v]) * (y - at.mean) * (y - at.mean);
    }
    double variance = squares / at.weight * at.effective / (at.effective - 1);
    return sqrt(variance * (1 + 1 / at.effective));
}

struct tuning {
    const pm_prompts *x;                  /* queries ... */
    const pm_outcomes *y;                 /* ... and what happened */
    const uint64_t *group;                /* of the training rows; NULL: every row its own */
    int leave_one_out;                    /* queries are the training rows themselves */
    size_t rows;                          /* else: table rows [0, rows) may be neighbours */
    size_t ask;                           /* neighbours asked for per query */
    uint32_t *index;                      /* [CHUNK x ask] */
    float *similarity;                    /* [CHUNK x ask] */
    double score[N_GRID], weight[N_GRID]; /* summed value (higher better) and its weight */
};

static int may_vote(const struct tuning *t, size_t query, uint32_t row)
{
    if (!t->leave_one_out) return row < t->rows;
    return t->group ? t->group[row] != t->group[query] : row != query;
}

/* Keeps the first `wanted` neighbours of `query` that may vote, in place; returns how many. */
static size_t keep_allowed(struct tuning *t, size_t query, size_t wanted, size_t row)
{
    uint32_t *index = t->index + row * t->ask;
    float *similarity = t->similarity + row * t->ask;
    size_t kept = 0;
    for (size_t v = 0; v < t->ask && kept < wanted; v++) {
        if (index[v] == PM_NO_COL || !may_vote(t, query, index[v])) continue;
        similarity[kept] = similarity[v];
        index[kept++] = index[v];
    }
    if (kept < t->ask) index[kept] = PM_NO_COL;
    return kept;
}

/* argmax of the predicted value; equal: better column mean, then lower column. */
static size_t choose(const pm_router *r, const float *value)
{
    float sign = r->kind == PM_VALUE_LOSS ? -1.0f : 1.0f;
    size_t best = 0;
    for (size_t j = 1; j < r->m; j++) {
        float a = sign * value[j], b = sign * value[best];
        if (a > b || (!(a < b) && sign * r->mean[j] > sign * r->mean[best])) best = j;
    }
    return best;
}

static void score_row(const pm_router *r, int64_t tune_on, struct tuning *t, size_t g, size_t query,
                      const float *value)
{
    const float *seen = pm_crow(t->y->value, query);
    double sign = r->kind == PM_VALUE_LOSS ? -1 : 1;
    if (tune_on == TUNE_CHOICE) {
        double y = seen[choose(r, value)];
        if (y == y) t->score[g] += sign * y, t->weight[g] += 1;
        return;
    }
    for (size_t j = 0; j < r->m; j++) {
        double error = (double)value[j] - (double)seen[j];
        if (error == error) t->score[g] -= error * error, t->weight[g] += 1;
    }
}

/* Finds for the queries [lo, hi) so many neighbours that k_max of them may vote (or all rows). */
static pm_status allowed_neighbours(const pm_router *r, pm_call *c, struct tuning *t, size_t lo,
                                    size_t hi)
{
    size_t wanted = r->n < K_GRID_MAX ? r->n : K_GRID_MAX;
    for (;;) {
        if (!t->index) {
            t->index = c->host->scratch(c, CHUNK * t->ask, sizeof *t->index);
            t->similarity = c->host->scratch(c, CHUNK * t->ask, sizeof *t->similarity);
        }
        if (!t->index || !t->similarity) return PM_E_MEMORY;
        pm_status st = nearest(r, c, t->x, lo, hi, t->ask, t->index, t->similarity);
        if (st != PM_OK) return st;
        size_t lacking = 0;
        for (size_t i = lo; i < hi; i++) lacking += keep_allowed(t, i, wanted, i - lo) < wanted;
        if (!lacking || t->ask == r->n) return PM_OK;
        t->ask = t->ask > r->n / 2 ? r->n : 2 * t->ask;
        t->index = NULL;
    }
}

/* Scores every k of the grid on all queries and returns the best; ties: the larger k. */
static pm_status tune(const pm_router *r, pm_call *c, struct tuning *t, size_t *k)
{
    const struct knn_params *p = c->params;
    float *value = c->host->scratch(c, r->m, sizeof *value);
    if (!value) return PM_E_MEMORY;
    t->ask = r->n < 2 * K_GRID_MAX ? r->n : 2 * K_GRID_MAX;
    for (size_t lo = 0; lo < t->x->n; lo += CHUNK) {
        size_t hi = t->x->n - lo < CHUNK ? t->x->n : lo + CHUNK;
        pm_status st = allowed_neighbours(r, c, t, lo, hi);
        for (size_t i = lo; st == PM_OK && i < hi; i++)
            for (size_t g = 0; g < N_GRID; g++) {
                size_t at = (i - lo) * t->ask, n = grid[g] < t->ask ? grid[g] : t->ask;
                for (size_t j = 0; j < r->m; j++)
                    value[j] =
                        (float)vote(r, p->weights, t->index + at, t->similarity + at, n, j).mean;
                score_row(r, p->tune_on, t, g, i, value);
            }
        if (st == PM_OK) st = c->host->progress(c, (double)hi / (double)t->x->n, NULL, 0);
        if (st != PM_OK) return st;
    }
    size_t best = N_GRID - 1;
    for (size_t g = N_GRID - 1; g-- > 0;)
        if (t->weight[g] > 0 && t->score[g] / t->weight[g] > t->score[best] / t->weight[best])
            best = g;
    *k = grid[best];
    c->host->note(c, PM_NOTE_INFO, "k = %zu by %s on %zu %s prompts (%s %.6g)", *k,
                  p->tune_on == TUNE_CHOICE ? "value of the choice" : "squared error", t->x->n,
                  t->leave_one_out ? "training (leave one out)" : "tuning",
                  p->tune_on == TUNE_CHOICE ? "mean" : "minus",
                  t->weight[best] > 0 ? t->score[best] / t->weight[best] : 0.0);
    return PM_OK;
}

/* Training rows, then tuning rows: the outcomes and weights behind the rows of the table. */
static pm_status join_outcomes(pm_router *r, pm_call *c, const pm_fit *fit)
{
    size_t n = fit->x->n;
    float *outcome = c->host->own(c, r->n * r->m, sizeof *outcome), *weight = NULL;
    if (!outcome) return PM_E_MEMORY;
    for (size_t i = 0; i < r->n; i++)
        memcpy(outcome + i * r->m,
               i < n ? pm_crow(fit->y->value, i) : pm_crow(fit->tune_y->value, i - n),
               r->m * sizeof *outcome);
    r->outcome = outcome;
    if (fit->weight && !(weight = c->host->own(c, r->n, sizeof *weight))) return PM_E_MEMORY;
    for (size_t i = 0; weight && i < r->n; i++) weight[i] = i < n ? fit->weight[i] : 1;
    r->weight = weight;
    return PM_OK;
}

struct moments {
    double sum, squares, weight;
};

/* Mean and standard deviation of each column over the first `rows` rows; unobserved: of all cells. */
static pm_status fit_columns(pm_router *r, pm_call *c, size_t rows, float *mean, float *sd)
{
    struct moments all = {0}, *column = c->host->scratch(c, r->m, sizeof *column);
    if (!column) return PM_E_MEMORY;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < r->m; j++) {
            double y = r->outcome[i * r->m + j], w = r->weight ? (double)r->weight[i] : 1;
            if (y != y) continue;
            column[j].sum += w * y, column[j].squares += w * y * y, column[j].weight += w;
            all.sum += w * y, all.squares += w * y * y, all.weight += w;
        }
    if (all.weight <= 0) return c->host->fail(c, PM_E_ARG, "no training outcome is known");
    for (size_t j = 0; j < r->m; j++) {
        struct moments a = column[j].weight > 0 ? column[j] : all;
        double centre = a.sum / a.weight, variance = a.squares / a.weight - centre * centre;
        mean[j] = (float)centre;
        sd[j] = (float)(variance > 0 ? sqrt(variance) : 0);
    }
    r->mean = mean;
    r->sd = sd;
    return PM_OK;
}

static pm_status build_dense(pm_router *r, pm_call *c, const pm_fit *fit, pm_table **out)
{
    static const pm_dtype stores[] = {PM_F32, PM_F16, PM_I8};
    const struct knn_params *p = c->params;
    const pm_table_service *t = tables(c);
    pm_cmat rows = fit->x->embed;
    if (!t) return PM_E_UNSUPPORTED;
    if (r->n == fit->x->n) return t->build(c, rows, stores[p->store], out);
    float *joined = c->host->scratch(c, r->n * rows.cols, sizeof *joined);
    if (!joined) return PM_E_MEMORY;
    for (size_t i = 0; i < r->n; i++)
        memcpy(joined + i * rows.cols,
               i < rows.rows ? pm_crow(rows, i) : pm_crow(fit->tune_x->embed, i - rows.rows),
               rows.cols * sizeof *joined);
    return t->build(c, (pm_cmat){joined, r->n, rows.cols, rows.cols}, stores[p->store], out);
}

static pm_status build_sparse(pm_router *r, pm_call *c, const pm_fit *fit, pm_table **out)
{
    const pm_table_service *t = tables(c);
    const pm_csr *a = &fit->x->sparse;
    if (!t) return PM_E_UNSUPPORTED;
    if (r->n == fit->x->n) return t->build_sparse(c, a, out);
    const pm_csr *b = &fit->tune_x->sparse;
    size_t na = (size_t)(a->start[a->rows] - a->start[0]);
    size_t nb = (size_t)(b->start[b->rows] - b->start[0]);
    uint64_t *start = c->host->scratch(c, r->n + 1, sizeof *start);
    uint32_t *col = c->host->scratch(c, na + nb, sizeof *col);
    float *val = c->host->scratch(c, na + nb, sizeof *val);
    if (!start || !col || !val) return PM_E_MEMORY;
    for (size_t i = 0; i <= a->rows; i++) start[i] = a->start[i] - a->start[0];
    for (size_t i = 1; i <= b->rows; i++) start[a->rows + i] = na + b->start[i] - b->start[0];
    memcpy(col, a->col + a->start[0], na * sizeof *col);
    memcpy(val, a->val + a->start[0], na * sizeof *val);
    memcpy(col + na, b->col + b->start[0], nb * sizeof *col);
    memcpy(val + na, b->val + b->start[0], nb * sizeof *val);
    pm_csr joined = {start, col, val, r->n, a->cols};
    return t->build_sparse(c, &joined, out);
}

/* Which features to stand on; refuses features that are not there (or not in both parts). */
static pm_status choose_features(pm_router *r, pm_call *c, const pm_fit *fit)
{
    const struct knn_params *p = c->params;
    const pm_prompts *tune = fit->tune_x && fit->tune_x->n ? fit->tune_x : fit->x;
    int embed = fit->x->embed.at && tune->embed.at;
    int sparse = fit->x->sparse.start && tune->sparse.start;
    r->sparse = p->features == FEATURES_SPARSE || (p->features == FEATURES_AUTO && !embed);
    if (r->sparse ? sparse : embed) return PM_OK;
    return c->host->fail(c, PM_E_ARG, "features = \"%s\", but the prompts carry no %s",
                         features_words[p->features], r->sparse ? "sparse features" : "embeddings");
}

static pm_status train(pm_router *r, pm_call *c, const pm_fit *fit)
{
    const struct knn_params *p = c->params;
    size_t n = fit->x->n, n_tune = fit->tune_x && fit->tune_y->value.at ? fit->tune_x->n : 0;
    pm_table *table = NULL;
    *r = (pm_router){.kind = fit->y->kind, .n = n + n_tune, .m = fit->lib->n};
    pm_status st = choose_features(r, c, fit);
    if (st == PM_OK) st = join_outcomes(r, c, fit);
    if (st == PM_OK)
        st = r->sparse ? build_sparse(r, c, fit, &table) : build_dense(r, c, fit, &table);
    if (st != PM_OK) return st;
    r->table = table;
    float *mean = c->host->own(c, r->m, sizeof *mean), *sd = c->host->own(c, r->m, sizeof *sd);
    if (!mean || !sd) return PM_E_MEMORY;
    st = fit_columns(r, c, n, mean, sd);
    if (st != PM_OK) return st;
    size_t k = (size_t)p->k;
    if (p->k == K_AUTO) {
        struct tuning t = {.x = n_tune ? fit->tune_x : fit->x,
                           .y = n_tune ? fit->tune_y : fit->y,
                           .group = fit->group,
                           .leave_one_out = n_tune == 0,
                           .rows = n};
        st = tune(r, c, &t, &k);
        pm_metric settled = {"k", (double)k};
        if (st == PM_OK) st = c->host->progress(c, 1, &settled, 1);
        if (st != PM_OK) return st;
    }
    r->k = k < r->n ? k : r->n;
    return fit_columns(r, c, r->n, mean, sd);
}

struct prediction {
    const pm_router *r;
    const uint32_t *index;
    const float *similarity;
    size_t first; /* prompt of the first row of index */
    pm_scores *out;
};

static pm_status vote_rows(pm_call *c, size_t lo, size_t hi, void *arg)
{
    const struct prediction *a = arg;
    const struct knn_params *p = c->params;
    size_t k = a->r->k;
    for (size_t i = lo; i < hi; i++) {
        const uint32_t *index = a->index + i * k;
        const float *similarity = a->similarity + i * k;
        for (size_t j = 0; j < a->r->m; j++) {
            pm_row(a->out->value, a->first + i)[j] =
                (float)vote(a->r, p->weights, index, similarity, k, j).mean;
            if (a->out->spread.at)
                pm_row(a->out->spread, a->first + i)[j] =
                    (float)spread(a->r, p->weights, index, similarity, k, j);
        }
    }
    return PM_OK;
}

static pm_status predict(const pm_router *r, pm_call *c, const pm_library *lib, const pm_prompts *x,
                         pm_scores *out)
{
    (void)lib;
    if (r->sparse ? !x->sparse.start : !x->embed.at)
        return c->host->fail(c, PM_E_ARG, "built on %s, which these prompts do not carry",
                             r->sparse ? "sparse features" : "embeddings");
    size_t rows = x->n < PREDICT_CHUNK ? x->n : PREDICT_CHUNK;
    uint32_t *index = c->host->scratch(c, rows * r->k, sizeof *index);
    float *similarity = c->host->scratch(c, rows * r->k, sizeof *similarity);
    if (!index || !similarity) return PM_E_MEMORY;
    for (size_t lo = 0; lo < x->n; lo += rows) {
        size_t hi = x->n - lo < rows ? x->n : lo + rows;
        struct prediction a = {r, index, similarity, lo, out};
        pm_status st = nearest(r, c, x, lo, hi, r->k, index, similarity);
        if (st != PM_OK) return st;
        st = hi - lo < 2 ? vote_rows(c, 0, hi - lo, &a)
                         : c->host->parallel(c, hi - lo, 32, vote_rows, &a);
        if (st != PM_OK) return st;
    }
    return PM_OK;
}

static pm_value_kind emits(const pm_router *r)
{
    return r->kind;
}

enum { HEAD_KIND, HEAD_K, HEAD_SPARSE, HEAD_N };
enum { HEAD, OUTCOME, MEAN, SD, WEIGHT, N_PARTS }; /* weight: only where the fit had weights */
static const char *const part_name[N_PARTS] = {"head", "outcome", "mean", "sd", "weight"};

static pm_status save(const pm_router *r, pm_call *c, pm_store *s)
{
    const pm_table_service *t = tables(c);
    uint64_t *head = c->host->scratch(c, HEAD_N, sizeof *head);
    if (!t) return PM_E_UNSUPPORTED;
    if (!head) return PM_E_MEMORY;
    head[HEAD_KIND] = (uint64_t)r->kind, head[HEAD_K] = r->k, head[HEAD_SPARSE] = r->sparse != 0;
    pm_tensor part[N_PARTS] = {{PM_U64, 1, {HEAD_N}, head},
                               {PM_F32, 2, {r->n, r->m}, r->outcome},
                               {PM_F32, 1, {r->m}, r->mean},
                               {PM_F32, 1, {r->m}, r->sd},
                               {PM_F32, 1, {r->n}, r->weight}};
    for (size_t i = 0; i < N_PARTS; i++) {
        pm_status st = part[i].ptr ? c->host->put_tensor(c, s, part_name[i], part[i]) : PM_OK;
        if (st != PM_OK) return st;
    }
    return t->save(r->table, c, s, "table");
}

static pm_status load(pm_router *r, pm_call *c, pm_store *s)
{
    const pm_table_service *t = tables(c);
    pm_tensor part[N_PARTS] = {0};
    pm_table *table = NULL;
    pm_status st = t ? t->load(c, s, "table", &table) : PM_E_UNSUPPORTED;
    for (size_t i = 0; st == PM_OK && i < N_PARTS; i++)
        if (i != WEIGHT || c->host->has(c, s, part_name[i]))
            st = c->host->view_tensor(c, s, part_name[i], i == HEAD ? PM_U64 : PM_F32, &part[i]);
    if (st != PM_OK) return st;
    const uint64_t *h = part[HEAD].ptr;
    size_t n = t->rows(table), m = part[OUTCOME].dim[1];
    if (part[HEAD].dim[0] != HEAD_N || part[OUTCOME].n_dims != 2 || part[OUTCOME].dim[0] != n ||
        part[MEAN].dim[0] != m || part[SD].dim[0] != m ||
        (part[WEIGHT].ptr && part[WEIGHT].dim[0] != n) || h[HEAD_K] < 1 || h[HEAD_K] > n)
        return c->host->fail(c, PM_E_FORMAT, "tensors disagree in shape, or k is outside 1..n");
    *r = (pm_router){h[HEAD_KIND] == PM_VALUE_LOSS ? PM_VALUE_LOSS : PM_VALUE_QUALITY,
                     n,
                     m,
                     (size_t)h[HEAD_K],
                     h[HEAD_SPARSE] != 0,
                     part[OUTCOME].ptr,
                     part[WEIGHT].ptr,
                     part[MEAN].ptr,
                     part[SD].ptr,
                     table};
    return PM_OK;
}

static const char *const k_words[] = {"auto", NULL};
static const char *const weights_words[] = {"uniform", "similarity", NULL};
static const char *const tune_words[] = {"choice", "squared_error", NULL};
static const char *const store_words[] = {"f32", "f16", "i8", NULL};
static const pm_param params[] = {
    PM_PARAM_WORDS(PM_P_I64, struct knn_params, k, K_AUTO, 1, 4096, k_words,
                   "neighbours (count), or \"auto\": the best of 5, 10, 20, 40, 80, 131"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct knn_params, weights, WEIGHTS_UNIFORM, 0, 1, weights_words,
                   "\"uniform\" mean, or weighted by \"similarity\" (negative counts 0)"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct knn_params, tune_on, TUNE_CHOICE, 0, 1, tune_words,
                   "what \"auto\" looks at: mean outcome of the \"choice\", or \"squared_error\""),
    PM_PARAM_WORDS(
        PM_P_CHOICE, struct knn_params, features, FEATURES_AUTO, 0, 2, features_words,
        "\"embed\", \"sparse\" word features, or \"auto\": embeddings where there are any"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct knn_params, store, 0, 0, 2, store_words,
                   "element type of the table of embeddings (4, 2 or 1 bytes each)"),
    PM_PARAM_END,
};

static const pm_router_type knn = {
    .size = sizeof knn,
    .name = "knn",
    .doc = "Mean outcome of each expert over the k nearest training prompts by cosine. Equal "
           "similarity: the earlier row. Unknown outcomes are skipped per expert; with none "
           "known among the neighbours, the expert's mean. k = \"auto\" is tuned on the tuning "
           "part, or without one by leaving out each training prompt (with its whole group); "
           "ties go to the larger k. Rows of the tuning part then join the table (they do for a "
           "fixed k too). Spread: standard deviation of a new outcome, from the neighbours' "
           "variance (its 90 % intervals held 84 to 96 % of the outcomes of eight real sets). "
           "Wins where experts specialise by topic and data is plenty; small k (5 to 10) loses 1 "
           "to 4 points to the best single expert, and k = 80 to 131 is hardly ever beaten by "
           "smaller.",
    .source =
        "k nearest neighbours (Cover & Hart 1967); routing: RouterBench (arXiv 2403.12031) KNN "
        "router; predictive variance s^2 (1 + 1/k) is ours",
    .params = params,
    .params_bytes = sizeof(struct knn_params),
    .needs = PM_NEEDS_EMBED_OR_SPARSE | PM_NEEDS_VALUES,
    .value_kinds = PM_VALUE_BIT(PM_VALUE_QUALITY) | PM_VALUE_BIT(PM_VALUE_LOSS),
    .spread_kind = PM_SPREAD_STDDEV,
    .state_bytes = sizeof(pm_router),
    .train = train,
    .predict = predict,
    .save = save,
    .load = load,
    .emits = emits,
};
PM_PLUGIN_ROUTER(knn, "1.0", "MIT")
