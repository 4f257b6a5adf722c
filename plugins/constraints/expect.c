/* SPDX-License-Identifier: MIT
 *
 * What is expected of a prompt, once learned; checkpoints; see expect.h.
 */
#include "expect.h"

#include <math.h>

#include "expect_fold.h"

struct answers { /* [n x 2 m] linear, [n x m] for each k; NULL: nobody asks */
    float *linear, *near[EXPECT_KS];
};

static int uses(const struct expect *e, uint32_t way)
{
    for (size_t j = 0; j < e->m; j++)
        if (e->way[j] == way || e->way[j] == EXPECT_BLEND) return 1;
    return 0;
}

static pm_status answer_linear(const struct expect *e, pm_call *c, const pm_prompts *x,
                               struct answers *to)
{
    size_t width = e->f.d + EXPECT_SHAPES, m = e->m;
    float *row = c->host->scratch(c, x->n * width, sizeof *row);
    to->linear = c->host->scratch(c, x->n * 2 * m, sizeof *to->linear);
    if (!row || !to->linear) return PM_E_MEMORY;
    pm_mat rows = {row, x->n, width, width};
    expect_features_read(&e->f, x, rows);
    return c->host->gemm(c, 'n', 'n', 1, (pm_cmat){row, x->n, width, width},
                         (pm_cmat){e->weight, width, 2 * m, 2 * m}, 0,
                         (pm_mat){to->linear, x->n, 2 * m, 2 * m}, PM_GEMM_ROWWISE);
}

static pm_status answer_near(const struct expect *e, pm_call *c, const pm_prompts *x,
                             struct answers *to)
{
    struct expect_nearest near = {e->near, e->seen, e->m, e->mean};
    for (size_t q = 0; q < EXPECT_KS; q++)
        if (!(to->near[q] = c->host->scratch(c, x->n * e->m, sizeof **to->near)))
            return PM_E_MEMORY;
    return expect_near(&near, c, x->embed, expect_k, EXPECT_KS, to->near);
}

static double guess(const struct expect *e, const struct answers *a, size_t i, size_t j)
{
    size_t m = e->m, q = 0;
    double ridge = 0, lg = 0, near = 0;
    double offset = e->mean[j] > 0 ? e->mean[j] / 1000 : 1;
    if (a->linear) {
        const float *at = a->linear + i * 2 * m;
        ridge = expect_raw((double)at[j] + (double)e->intercept[j], e->most[j]);
        lg = expect_log((double)at[m + j] + (double)e->intercept[m + j], e->smear[j], offset,
                        e->most[j]);
    }
    while (q + 1 < EXPECT_KS && expect_k[q] != e->k[j]) q++;
    if (a->near[0]) near = (double)a->near[q][i * m + j];
    switch (e->way[j]) {
    case EXPECT_RIDGE:
        return ridge;
    case EXPECT_LOG:
        return lg;
    case EXPECT_NEAR:
        return near;
    case EXPECT_BLEND:
        return (ridge + lg + near) / 3;
    default:
        return e->mean[j];
    }
}

pm_status expect_predict(const struct expect *e, pm_call *c, const pm_prompts *x, pm_mat out)
{
    struct answers a = {NULL, {NULL}};
    pm_status st = PM_OK;
    if (x->embed.cols != e->f.d)
        return c->host->fail(c, PM_E_SHAPE, "embeddings have %zu columns; it was built on %zu",
                             x->embed.cols, e->f.d);
    if (uses(e, EXPECT_RIDGE) || uses(e, EXPECT_LOG)) st = answer_linear(e, c, x, &a);
    if (st == PM_OK && uses(e, EXPECT_NEAR)) st = answer_near(e, c, x, &a);
    for (size_t i = 0; i < x->n && st == PM_OK; i++)
        for (size_t j = 0; j < e->m; j++) {
            double p = e->mean[j] + e->shrink[j] * (guess(e, &a, i, j) - e->mean[j]);
            if (e->mean[j] == e->mean[j]) p = expect_raw(p, e->most[j]);
            pm_row(out, i)[j] = (float)p;
        }
    return st;
}

void expect_metrics(const struct expect_report *r, double unit, pm_metric out[4])
{
    out[0] = (pm_metric){"held-out MAE", unit * r->mae};
    out[1] = (pm_metric){"of the training mean", unit * r->mean_mae};
    out[2] = (pm_metric){"held-out RMSE", unit * r->rmse};
    out[3] = (pm_metric){"RMSE of the training mean", unit * r->mean_rmse};
}

/* ---- checkpoints --------------------------------------------------------------------------------------------- */

pm_status expect_save(const struct expect *e, pm_call *c, pm_store *s)
{
    const pm_table_service *tables = c->host->service(PM_TABLE_SERVICE);
    size_t width = e->f.d + EXPECT_SHAPES, m = e->m;
    struct {
        const char *name;
        pm_tensor t;
    } part[] = {
        {"expect_norm", {PM_F64, 1, {1 + 2 * EXPECT_SHAPES}, e->f.norm}},
        {"expect_weight", {PM_F32, 2, {width, 2 * m}, e->weight}},
        {"expect_intercept", {PM_F32, 1, {2 * m}, e->intercept}},
        {"expect_mean", {PM_F64, 1, {m}, e->mean}},
        {"expect_most", {PM_F64, 1, {m}, e->most}},
        {"expect_smear", {PM_F64, 1, {m}, e->smear}},
        {"expect_shrink", {PM_F64, 1, {m}, e->shrink}},
        {"expect_way", {PM_U32, 1, {m}, e->way}},
        {"expect_k", {PM_U32, 1, {m}, e->k}},
    };
    pm_status st = PM_OK;
    for (size_t p = 0; p < sizeof part / sizeof *part && st == PM_OK; p++)
        st = c->host->put_tensor(c, s, part[p].name, part[p].t);
    if (st != PM_OK || !e->near) return st;
    pm_tensor seen = {PM_F32, 2, {tables->rows(e->near), m}, e->seen};
    st = c->host->put_tensor(c, s, "expect_seen", seen);
    return st == PM_OK ? tables->save(e->near, c, s, "expect_near") : st;
}

static pm_status view(pm_call *c, pm_store *s, const char *name, pm_dtype type, size_t n,
                      const void **out)
{
    pm_tensor t = {0};
    pm_status st = c->host->view_tensor(c, s, name, type, &t);
    if (st != PM_OK) return st;
    if (t.n_dims != 1 || t.dim[0] != n)
        return c->host->fail(c, PM_E_FORMAT, "'%s' must hold %zu numbers", name, n);
    *out = t.ptr;
    return PM_OK;
}

static pm_status load_near(struct expect *e, pm_call *c, pm_store *s)
{
    const pm_table_service *tables = c->host->service(PM_TABLE_SERVICE);
    if (!tables) return c->host->fail(c, PM_E_UNSUPPORTED, "this host has no " PM_TABLE_SERVICE);
    pm_tensor seen = {0};
    pm_table *table = NULL;
    pm_status st = c->host->view_tensor(c, s, "expect_seen", PM_F32, &seen);
    if (st == PM_OK) st = tables->load(c, s, "expect_near", &table);
    if (st != PM_OK) return st;
    if (seen.n_dims != 2 || seen.dim[1] != e->m || seen.dim[0] != tables->rows(table) ||
        tables->cols(table) != e->f.d)
        return c->host->fail(c, PM_E_FORMAT, "'expect_seen' does not fit its table");
    e->near = table;
    e->seen = seen.ptr;
    return PM_OK;
}

static pm_status check_columns(const struct expect *e, pm_call *c)
{
    for (size_t j = 0; j < e->m; j++)
        if (e->way[j] >= EXPECT_WAYS)
            return c->host->fail(c, PM_E_FORMAT, "'expect_way' %zu is %u", j, e->way[j]);
    return PM_OK;
}

pm_status expect_load(struct expect *e, pm_call *c, pm_store *s)
{
    pm_tensor w = {0};
    pm_status st = c->host->view_tensor(c, s, "expect_weight", PM_F32, &w);
    if (st != PM_OK) return st;
    if (w.n_dims != 2 || w.dim[0] < EXPECT_SHAPES || w.dim[1] % 2 || !w.dim[1])
        return c->host->fail(c, PM_E_FORMAT, "'expect_weight' has a wrong shape");
    size_t m = w.dim[1] / 2;
    e->m = m;
    e->f.d = w.dim[0] - EXPECT_SHAPES;
    e->weight = w.ptr;
    const struct {
        const char *name;
        pm_dtype type;
        size_t n;
    } part[] = {{"expect_norm", PM_F64, 1 + 2 * EXPECT_SHAPES},
                {"expect_intercept", PM_F32, 2 * m},
                {"expect_mean", PM_F64, m},
                {"expect_most", PM_F64, m},
                {"expect_smear", PM_F64, m},
                {"expect_shrink", PM_F64, m},
                {"expect_way", PM_U32, m},
                {"expect_k", PM_U32, m}};
    const void *got[sizeof part / sizeof *part] = {NULL};
    for (size_t p = 0; p < sizeof part / sizeof *part && st == PM_OK; p++)
        st = view(c, s, part[p].name, part[p].type, part[p].n, &got[p]);
    e->f.norm = got[0], e->intercept = got[1], e->mean = got[2], e->most = got[3];
    e->smear = got[4], e->shrink = got[5], e->way = got[6], e->k = got[7];
    if (st == PM_OK) st = check_columns(e, c);
    if (st != PM_OK) return st;
    return uses(e, EXPECT_NEAR) ? load_near(e, c, s) : PM_OK;
}
