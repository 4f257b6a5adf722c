/* SPDX-License-Identifier: MIT
 *
 * Services lent by name: pm.table/1, pm.linalg/1 and pm.budget/1, thin wraps of the math floor that take memory,
 * threads and seed from the call.
 */
#include <stdio.h>
#include <string.h>

#include "data/spdx.h"
#include "math/bradley_terry.h"
#include "math/choice_knapsack.h"
#include "math/gemm.h"
#include "math/neighbours.h"
#include "math/solve.h"
#include "math/tally.h"
#include "math/tiers.h"
#include "math/train.h"
#include "plug/host.h"
#include "plug/services.h"

struct pm_table {
    table t;
};

static pm_status pass_on(pm_call *c, pm_status st)
{
    call_slot *s = call_slot_of(c);
    if (st != PM_OK) snprintf(s->text, sizeof s->text, "%s", err_text(&s->err));
    return st;
}

static const compute *machine(const pm_call *c)
{
    return call_slot_of(c)->ctx->env.compute;
}

/* The scratch arena, whose use by math counts towards the call's peak. */
static pm_status end_scratch(pm_call *c, arena *a, pm_status st)
{
    call_slot *s = call_slot_of(c);
    size_t used = arena_used(a);
    if (used > s->peak) s->peak = used;
    return pass_on(c, st);
}

/* ---- pm.table/1 ----------------------------------------------------------------------------------------- */

static pm_status table_new(pm_call *c, arena **a, pm_table **out)
{
    *a = call_own_arena(c);
    if (!*a) return PM_E_CONTRACT;
    *out = c->host->own(c, 1, sizeof **out);
    return *out ? PM_OK : PM_E_MEMORY;
}

static pm_status service_build(pm_call *c, pm_cmat rows, pm_dtype store_as, pm_table **out)
{
    arena *a = NULL;
    pm_status st = table_new(c, &a, out);
    if (st != PM_OK) return st;
    return pass_on(c,
                   table_build(machine(c), a, rows, store_as, &(*out)->t, &call_slot_of(c)->err));
}

static pm_status service_build_sparse(pm_call *c, const pm_csr *rows, pm_table **out)
{
    arena *a = NULL;
    pm_status st = table_new(c, &a, out);
    if (st != PM_OK) return st;
    return pass_on(c, table_build_sparse(a, rows, &(*out)->t, &call_slot_of(c)->err));
}

static pm_status service_best(const pm_table *t, pm_call *c, pm_cmat query, size_t k,
                              uint32_t *index, float *similarity)
{
    arena *a = call_scratch_arena(c);
    if (!a) return PM_E_CONTRACT;
    return end_scratch(c, a,
                       table_best(machine(c), call_pool(c), a, &t->t, query, k, index, similarity,
                                  &call_slot_of(c)->err));
}

static pm_status service_best_sparse(const pm_table *t, pm_call *c, const pm_csr *query, size_t k,
                                     uint32_t *index, float *similarity)
{
    arena *a = call_scratch_arena(c);
    if (!a) return PM_E_CONTRACT;
    return end_scratch(c, a,
                       table_best_sparse(machine(c), call_pool(c), a, &t->t, query, k, index,
                                         similarity, &call_slot_of(c)->err));
}

static pm_status service_tally(const pm_table *t, pm_call *c, pm_cmat query, const pm_tally *how,
                               double *out, float *nearest)
{
    arena *a = call_scratch_arena(c);
    if (!a) return PM_E_CONTRACT;
    if (!how || !PM_HAS(how, base))
        return c->host->fail(c, PM_E_ARG, "tally: an incomplete pm_tally");
    return end_scratch(c, a,
                       table_tally(machine(c), call_pool(c), a, &t->t, query, how, out, nearest,
                                   &call_slot_of(c)->err));
}

/* A checkpoint name made of the table's and a part: "rows" + ".start". */
static const char *part(char out[256], const char *name, const char *what)
{
    int n = snprintf(out, 256, "%s.%s", name ? name : "", what);
    return n > 0 && n < 256 ? out : "";
}

static pm_status put(pm_call *c, pm_store *s, const char *name, pm_tensor t)
{
    return c->host->put_tensor(c, s, name, t);
}

static pm_status save_sparse(const table *t, pm_call *c, pm_store *s, const char *name)
{
    char n[256];
    size_t nnz = (size_t)t->sparse.start[t->rows];
    pm_status st =
        put(c, s, part(n, name, "start"), (pm_tensor){PM_U64, 1, {t->rows + 1}, t->sparse.start});
    if (st == PM_OK)
        st = put(c, s, part(n, name, "col"), (pm_tensor){PM_U32, 1, {nnz}, t->sparse.col});
    if (st == PM_OK)
        st = put(c, s, part(n, name, "val"), (pm_tensor){PM_F32, 1, {nnz}, t->sparse.val});
    return st;
}

static pm_status service_save(const pm_table *pt, pm_call *c, pm_store *s, const char *name)
{
    const table *t = &pt->t;
    const uint64_t shape[3] = {t->rows, t->cols, t->ld};
    char n[256];
    pm_status st = put(c, s, part(n, name, "shape"), (pm_tensor){PM_U64, 1, {3}, shape});
    if (st != PM_OK) return st;
    if (!t->store_as) return save_sparse(t, c, s, name);
    st = put(c, s, part(n, name, "rows"), (pm_tensor){t->store_as, 2, {t->rows, t->ld}, t->at});
    if (st == PM_OK && t->scale)
        st = put(c, s, part(n, name, "scale"), (pm_tensor){PM_F32, 1, {t->rows}, t->scale});
    return st;
}

static pm_status view(pm_call *c, pm_store *s, const char *name, pm_dtype want, pm_tensor *out)
{
    return c->host->view_tensor(c, s, name, want, out);
}

static pm_status misfit(pm_call *c, const char *name)
{
    return c->host->fail(c, PM_E_FORMAT, "table '%s' of the checkpoint has parts that do not fit",
                         name);
}

static bool is_sound(const pm_csr *m)
{
    if (m->start[0] != 0) return false;
    for (size_t r = 0; r < m->rows; r++) {
        if (m->start[r + 1] < m->start[r]) return false;
        for (uint64_t e = m->start[r]; e < m->start[r + 1]; e++)
            if (m->col[e] >= m->cols || (e > m->start[r] && m->col[e] <= m->col[e - 1]))
                return false;
    }
    return true;
}

static pm_status load_sparse(pm_call *c, pm_store *s, const char *name, arena *a, table *t)
{
    char n[256];
    pm_tensor start, col, val;
    pm_status st = view(c, s, part(n, name, "start"), PM_U64, &start);
    if (st == PM_OK) st = view(c, s, part(n, name, "col"), PM_U32, &col);
    if (st == PM_OK) st = view(c, s, part(n, name, "val"), PM_F32, &val);
    if (st != PM_OK) return st;
    if (start.n_dims != 1 || start.dim[0] != t->rows + 1 || col.n_dims != 1 || val.n_dims != 1 ||
        col.dim[0] != val.dim[0] || ((const uint64_t *)start.ptr)[t->rows] != col.dim[0])
        return misfit(c, name);
    t->sparse = (pm_csr){start.ptr, col.ptr, val.ptr, t->rows, t->cols};
    for (size_t r = 0; r < t->rows; r++) /* before is_sound reads any column */
        if (t->sparse.start[r + 1] < t->sparse.start[r]) return misfit(c, name);
    if (!is_sound(&t->sparse)) return misfit(c, name);
    return pass_on(c, table_index_sparse(a, t, &call_slot_of(c)->err));
}

static pm_status load_dense(pm_call *c, pm_store *s, const char *name, arena *a, table *t)
{
    char n[256];
    pm_tensor stored, *rows = &stored;
    pm_status st = view(c, s, part(n, name, "rows"), (pm_dtype)0, rows);
    if (st != PM_OK) return st;
    bool known = rows->dtype == PM_F32 || rows->dtype == PM_F16 || rows->dtype == PM_I8;
    if (!known || rows->n_dims != 2 || rows->dim[0] != t->rows || rows->dim[1] != t->ld ||
        t->ld < t->cols)
        return misfit(c, name);
    t->store_as = rows->dtype;
    t->at = rows->ptr;
    if (rows->dtype == PM_I8) {
        pm_tensor scale;
        st = view(c, s, part(n, name, "scale"), PM_F32, &scale);
        if (st != PM_OK) return st;
        if (scale.n_dims != 1 || scale.dim[0] != t->rows) return misfit(c, name);
        t->scale = scale.ptr;
    }
    return pass_on(c, table_index_dense(machine(c), a, t, &call_slot_of(c)->err));
}

static pm_status service_load(pm_call *c, pm_store *s, const char *name, pm_table **out)
{
    arena *a = NULL;
    char n[256];
    pm_tensor shape;
    pm_status st = table_new(c, &a, out);
    if (st == PM_OK) st = view(c, s, part(n, name, "shape"), PM_U64, &shape);
    if (st != PM_OK) return st;
    if (shape.n_dims != 1 || shape.dim[0] != 3) return misfit(c, name);
    table *t = &(*out)->t;
    const uint64_t *size = shape.ptr;
    t->rows = (size_t)size[0];
    t->cols = (size_t)size[1];
    t->ld = (size_t)size[2];
    if (t->rows >= UINT32_MAX || t->cols >= UINT32_MAX) return misfit(c, name);
    return c->host->has(c, s, part(n, name, "rows")) ? load_dense(c, s, name, a, t)
                                                     : load_sparse(c, s, name, a, t);
}

static size_t service_rows(const pm_table *t)
{
    return t->t.rows;
}

static size_t service_cols(const pm_table *t)
{
    return t->t.cols;
}

/* ---- pm.linalg/1 -------------------------------------------------------------------------------------------- */

static pm_status svd_progress(void *arg, double done)
{
    pm_call *c = arg;
    return c->host->progress(c, done, NULL, 0);
}

static pm_status service_svd(pm_call *c, const pm_csr *a, const pm_svd *want)
{
    arena *scratch = call_scratch_arena(c);
    if (!scratch) return PM_E_CONTRACT;
    if (!PM_HAS(want, scale) || !want->right_i8 != !want->scale || !want->singular)
        return c->host->fail(c, PM_E_ARG, "svd: an incomplete pm_svd");
    svd_want w = {.k = want->k,
                  .is_randomised = want->method == PM_SVD_RANDOMISED,
                  .tolerance = want->tolerance,
                  .oversampling = want->oversampling,
                  .power_iterations = want->power_iterations,
                  .seed = c->seed,
                  .singular = want->singular,
                  .right = want->right,
                  .right_i8 = want->right_i8,
                  .scale = want->scale,
                  .progress = svd_progress,
                  .arg = c};
    return end_scratch(c, scratch, solve_svd(machine(c), scratch, a, &w, &call_slot_of(c)->err));
}

static pm_status service_svd_csr(pm_call *c, const pm_csr *a, size_t k, double tolerance,
                                 float *singular, pm_mat right)
{
    return service_svd(c, a,
                       &(pm_svd){.size = sizeof(pm_svd),
                                 .k = k,
                                 .tolerance = tolerance,
                                 .singular = singular,
                                 .right = right});
}

static pm_status service_csr_i8(pm_call *c, const pm_csr *a, const int8_t *bytes,
                                const float *scale, pm_mat out)
{
    solve_csr_i8(machine(c), a, bytes, scale, out);
    return PM_OK;
}

static pm_status service_ridge(pm_call *c, pm_cmat x, pm_cmat y, const float *weight, double lambda,
                               pm_mat w_out, float *intercept)
{
    arena *scratch = call_scratch_arena(c);
    if (!scratch) return PM_E_CONTRACT;
    return end_scratch(c, scratch,
                       solve_ridge(machine(c), scratch, x, y, weight, lambda, w_out, intercept,
                                   &call_slot_of(c)->err));
}

static pm_status service_bradley_terry(pm_call *c, const pm_bt *w, double *theta)
{
    arena *scratch = call_scratch_arena(c);
    if (!scratch) return PM_E_CONTRACT;
    if (!w || !PM_HAS(w, report) || !w->win || !theta)
        return c->host->fail(c, PM_E_ARG, "bradley_terry: an incomplete pm_bt");
    if (w->report && !PM_HAS(w->report, log_loss))
        return c->host->fail(c, PM_E_ARG, "bradley_terry: an incomplete pm_bt_report");
    bt_counts counts = {w->k, w->win, w->win_zero, w->lose_zero, w->prior};
    bt_report report;
    pm_status st =
        bt_fit(&counts, scratch, theta, w->report ? &report : NULL, &call_slot_of(c)->err);
    if (st == PM_OK && w->report) {
        w->report->is_separated = report.is_separated;
        w->report->first_beyond = report.first_beyond;
        w->report->n_parts = report.n_parts;
        w->report->iterations = report.iterations;
        w->report->log_loss = report.log_loss;
    }
    return end_scratch(c, scratch, st);
}

static pm_status service_tiers(pm_call *c, const double *rating, size_t k, size_t n_tiers,
                               uint32_t *tier)
{
    arena *scratch = call_scratch_arena(c);
    if (!scratch) return PM_E_CONTRACT;
    return end_scratch(c, scratch,
                       tiers_of(rating, k, n_tiers, scratch, tier, &call_slot_of(c)->err));
}

static pm_status service_noisy_rows(pm_call *c, const float *const *row, float scale,
                                    const pm_noise *z, pm_mat out)
{
    if (!PM_HAS(z, alpha)) return c->host->fail(c, PM_E_ARG, "noisy_rows: an incomplete pm_noise");
    train_noise noise = {c->seed, z->stream, z->first, z->alpha};
    train_noisy_rows(machine(c), call_pool(c), row, scale, &noise, out);
    return PM_OK;
}

static pm_status service_adam(pm_call *c, const pm_adam *a)
{
    if (!PM_HAS(a, step)) return c->host->fail(c, PM_E_ARG, "adam: an incomplete pm_adam");
    train_layer l = {a->x, a->g, a->w, a->mean, a->square, a->toward, a->lr, a->l2, a->step};
    return pass_on(c, train_adam(machine(c), call_pool(c), &l, &call_slot_of(c)->err));
}

static pm_status service_dots(pm_call *c, pm_cmat a, const float *x, float *out)
{
    gemv(machine(c), call_pool(c), a, x, out);
    return PM_OK;
}

/* ---- pm.budget/1 -------------------------------------------------------------------------------------------- */

static pm_status service_budget(pm_call *c, const pm_budget_problem *p, uint32_t *choice,
                                pm_budget_answer *out)
{
    arena *scratch = call_scratch_arena(c);
    if (!scratch) return PM_E_CONTRACT;
    if (!p || !PM_HAS(p, budget) || !out || !PM_HAS(out, share))
        return c->host->fail(c, PM_E_ARG, "budget: an incomplete problem or answer");
    choice_problem problem = {p->n, p->m, p->value, p->cost, p->cost_ld, p->mask, p->budget};
    choice_optimum o;
    pm_status st = choice_knapsack(&problem, scratch, choice, &o, &call_slot_of(c)->err);
    out->value = o.value;
    out->spend = o.spend;
    out->price = o.price;
    out->least = o.least;
    out->split = o.split;
    out->split_to = o.split_to;
    out->share = o.share;
    return end_scratch(c, scratch, st);
}

/* ---- names ----------------------------------------------------------------------------------------------------- */

static const pm_table_service tables = {
    .size = sizeof tables,
    .build = service_build,
    .build_sparse = service_build_sparse,
    .best = service_best,
    .best_sparse = service_best_sparse,
    .save = service_save,
    .load = service_load,
    .rows = service_rows,
    .cols = service_cols,
    .tally = service_tally,
};

static const pm_linalg_service linalg = {
    .size = sizeof linalg,
    .svd_csr = service_svd_csr,
    .ridge = service_ridge,
    .svd = service_svd,
    .csr_i8 = service_csr_i8,
    .bradley_terry = service_bradley_terry,
    .tiers = service_tiers,
    .noisy_rows = service_noisy_rows,
    .adam = service_adam,
    .dots = service_dots,
};

static const pm_budget_service budgets = {.size = sizeof budgets, .solve = service_budget};

static const pm_spdx_service licences = {
    .size = sizeof licences, .rows = spdx_rows, .families = spdx_families, .family = spdx_family};

static pm_status service_weigh(pm_call *c, const pm_masks *k, pm_str text, uint64_t id,
                               double *weight)
{
    if (!k || !PM_HAS(k, seed) || !(k->share > 0 && k->share <= 1) || k->draws < 1 ||
        k->draws > 1000)
        return c->host->fail(c, PM_E_ARG,
                             "masks.weigh: want a share in (0, 1] and 1 to 1000 draws");
    lm_mask_weigh(&(lm_masking){.share = k->share, .draws = k->draws, .seed = k->seed}, id, text,
                  weight);
    return PM_OK;
}

static const pm_masks_service masks = {.size = sizeof masks, .weigh = service_weigh};

const void *services_find(const char *name)
{
    if (strcmp(name, PM_TABLE_SERVICE) == 0) return &tables;
    if (strcmp(name, PM_LINALG_SERVICE) == 0) return &linalg;
    if (strcmp(name, PM_BUDGET_SERVICE) == 0) return &budgets;
    if (strcmp(name, PM_SPDX_SERVICE) == 0) return &licences;
    if (strcmp(name, PM_MASKS_SERVICE) == 0) return &masks;
    if (strcmp(name, PM_NN_SERVICE) == 0) return service_nn();
    return NULL;
}
