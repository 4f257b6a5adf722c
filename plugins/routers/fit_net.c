/* SPDX-License-Identifier: MIT
 *
 * A network of one or two layers; see fit_net.h.
 */
#include "fit_net.h"

#include "fit_wide.h"

enum { CHUNK = 256, GRAIN = 4 };

static const char *const part_name[FIT_PARTS] = {"sparse", "dense", "bias", "out", "out_bias"};

struct fit_net fit_net_shape(const struct fit_data *a, size_t hidden, size_t units)
{
    return (struct fit_net){.d = a->d,
                            .v = a->v,
                            .hidden = hidden,
                            .units = units,
                            .level = 1,
                            .first = fit_padded(hidden ? hidden : units),
                            .last = fit_padded(units)};
}

/* Rows and columns of a part; padded columns count. */
static size_t part_rows(const struct fit_net *net, size_t part)
{
    const size_t rows[FIT_PARTS] = {net->v, net->d, 1, net->hidden, net->hidden != 0};
    return rows[part];
}

int fit_net_is_wide(const struct fit_net *net)
{
    return net->hidden && net->d && net->v;
}

/* Does the part lead straight to the answers? */
static int is_last_layer(const struct fit_net *net, size_t part)
{
    return !net->hidden || part >= FIT_PART_OUT ||
           (part == FIT_PART_SPARSE && fit_net_is_wide(net));
}

static size_t part_cols(const struct fit_net *net, size_t part)
{
    return is_last_layer(net, part) ? net->last : net->first;
}

size_t fit_net_size(const struct fit_net *net, size_t part)
{
    return part_rows(net, part) * part_cols(net, part);
}

size_t fit_net_weights(const struct fit_net *net)
{
    size_t sum = 0;
    for (size_t p = 0; p < FIT_PARTS; p++)
        sum += part_rows(net, p) * (is_last_layer(net, p) ? net->units : net->hidden);
    return sum;
}

/* ---- answers -------------------------------------------------------------------------------------- */

/* sum [width] += level * the sum over the row's columns, in order, of val * weight[col]. */
FIT_WIDE static void add_columns(const float *restrict weight, size_t width, float level,
                                 const struct fit_sparse_row *r, float *restrict sum)
{
    enum { AHEAD = 16 };
    for (size_t t = 0; t < width; t += FIT_LANES) {
        float at[FIT_LANES] = {0};
        for (size_t g = 0; g < r->n; g++) {
            if (g + AHEAD < r->n) FIT_FETCH(weight + (size_t)r->col[g + AHEAD] * width + t);
            const float *w = weight + (size_t)r->col[g] * width + t;
            for (size_t u = 0; u < FIT_LANES; u++) at[u] += r->val[g] * w[u];
        }
        for (size_t u = 0; u < FIT_LANES; u++) sum[t + u] += level * at[u];
    }
}

struct layer {
    const struct fit_net *net;
    const struct fit_input *in;
    pm_mat first, answer;
};

static void add_row(const struct layer *a, size_t i, float *sum)
{
    add_columns(a->net->part[FIT_PART_SPARSE], part_cols(a->net, FIT_PART_SPARSE),
                (float)a->net->level, &a->in->row[i], sum);
}

static pm_status first_rows(pm_call *c, size_t lo, size_t hi, void *arg)
{
    const struct layer *a = arg;
    (void)c;
    for (size_t i = lo; i < hi; i++) {
        float *z = pm_row(a->first, i);
        memcpy(z, a->net->part[FIT_PART_BIAS], a->net->first * sizeof *z);
        if (a->net->v && !fit_net_is_wide(a->net)) add_row(a, i, z);
    }
    return PM_OK;
}

/* Everything of the answers but hidden units times `out`. */
static pm_status last_rows(pm_call *c, size_t lo, size_t hi, void *arg)
{
    const struct layer *a = arg;
    const struct fit_net *net = a->net;
    (void)c;
    for (size_t i = lo; i < hi; i++) {
        float *z = pm_row(a->first, i), *y = pm_row(a->answer, i);
        memcpy(y, net->hidden ? net->part[FIT_PART_OUT_BIAS] : z, net->last * sizeof *y);
        if (!net->hidden) continue;
        for (size_t u = 0; u < net->first; u++) z[u] = z[u] > 0 ? z[u] : 0;
        if (fit_net_is_wide(net)) add_row(a, i, y);
    }
    return PM_OK;
}

static pm_status over_rows(pm_call *c, struct layer *a, pm_body body)
{
    size_t n = a->in->n;
    return n < 2 || !a->net->v ? body(c, 0, n, a) : c->host->parallel(c, n, GRAIN, body, a);
}

pm_status fit_net_first(const struct fit_net *net, pm_call *c, const struct fit_input *in,
                        pm_mat first, pm_gemm_hint hint)
{
    struct layer a = {.net = net, .in = in, .first = first};
    pm_status st = over_rows(c, &a, first_rows);
    if (st != PM_OK || !net->d) return st;
    pm_cmat dense = {net->part[FIT_PART_DENSE], net->d, net->first, net->first};
    return c->host->gemm(c, 'n', 'n', 1, in->embed, dense, 1, first, hint);
}

pm_status fit_net_last(const struct fit_net *net, pm_call *c, const struct fit_input *in,
                       struct fit_layers z, pm_gemm_hint hint)
{
    struct layer a = {net, in, z.first, z.answer};
    pm_status st = over_rows(c, &a, last_rows);
    if (st != PM_OK || !net->hidden) return st;
    pm_cmat hidden = {z.first.at, z.first.rows, net->hidden, z.first.ld};
    pm_cmat out = {net->part[FIT_PART_OUT], net->hidden, net->last, net->last};
    return c->host->gemm(c, 'n', 'n', 1, hidden, out, 1, z.answer, hint);
}

pm_status fit_net_prompts(const struct fit_net *net, pm_call *c, const pm_prompts *x, int hidden,
                          fit_net_use use, void *arg)
{
    size_t rows = x->n < CHUNK ? x->n : CHUNK;
    float *first = c->host->scratch(c, rows * net->first, sizeof *first);
    float *answer = c->host->scratch(c, rows * net->last, sizeof *answer);
    struct fit_sparse_row *row = c->host->scratch(c, net->v ? rows : 1, sizeof *row);
    if (!first || !answer || !row) return PM_E_MEMORY;
    if ((net->d && !x->embed.at) || (net->v && !x->sparse.start))
        return c->host->fail(c, PM_E_ARG, "built on %s, which these prompts do not carry",
                             net->d && !x->embed.at ? "embeddings" : "sparse features");
    for (size_t lo = 0; lo < x->n; lo += rows) {
        size_t n = x->n - lo < rows ? x->n - lo : rows;
        struct fit_input in = {.row = row, .n = n};
        if (net->d) in.embed = (pm_cmat){pm_crow(x->embed, lo), n, net->d, x->embed.ld};
        for (size_t i = 0; net->v && i < n; i++) row[i] = fit_sparse_at(&x->sparse, lo + i);
        pm_mat z = {first, n, net->first, net->first}, y = {answer, n, net->last, net->last};
        pm_status st = fit_net_first(net, c, &in, z, PM_GEMM_ROWWISE);
        if (st == PM_OK) st = fit_net_last(net, c, &in, (struct fit_layers){z, y}, PM_GEMM_ROWWISE);
        if (st != PM_OK) return st;
        for (size_t i = 0; i < n; i++) use(arg, lo + i, hidden ? pm_row(z, i) : pm_row(y, i));
    }
    return PM_OK;
}

/* ---- folding ---------------------------------------------------------------------------------------- */

/* Writes rows [n x to_width] of the last layer's new columns from [n x from_width]. */
static void fold_rows(const float *from, size_t from_width, size_t n, const struct fit_fold *f,
                      double input_scale, float *to, size_t to_width)
{
    for (size_t i = 0; i < n; i++) {
        const float *a = from + i * from_width;
        double level = f->level < from_width ? f->level_scale * (double)a[f->level] : 0;
        for (size_t j = 0; j < f->m; j++)
            to[i * to_width + f->order[j]] =
                (float)(input_scale * (f->scale[j] * (double)a[j] + level));
    }
}

pm_status fit_net_fold(const struct fit_net *net, pm_call *c, const struct fit_fold *f,
                       struct fit_net *out)
{
    *out = *net;
    out->units = f->m;
    out->last = fit_padded(f->m);
    out->first = net->hidden ? net->first : out->last;
    float *to[FIT_PARTS] = {NULL};
    for (size_t p = 0; p < FIT_PARTS; p++) {
        size_t rows = part_rows(net, p);
        out->part[p] = NULL;
        if (!rows) continue;
        out->part[p] = to[p] = c->host->own(c, fit_net_size(out, p), sizeof **to);
        if (!to[p]) return PM_E_MEMORY;
        double scale = p == FIT_PART_DENSE ? f->input_scale : 1;
        if (!is_last_layer(net, p))
            for (size_t t = 0; t < rows * net->first; t++)
                to[p][t] = (float)(scale * (double)net->part[p][t]);
        else
            fold_rows(net->part[p], part_cols(net, p), rows, f, scale, to[p], out->last);
    }
    float *bias = to[net->hidden ? FIT_PART_OUT_BIAS : FIT_PART_BIAS];
    for (size_t j = 0; j < f->m; j++)
        bias[f->order[j]] = (float)((double)bias[f->order[j]] + f->shift[j]);
    return PM_OK;
}

/* ---- checkpoints -------------------------------------------------------------------------------------- */

enum { SHAPE_D, SHAPE_V, SHAPE_HIDDEN, SHAPE_UNITS, SHAPE_N };

pm_status fit_net_save(const struct fit_net *net, pm_call *c, pm_store *s)
{
    uint64_t *shape = c->host->scratch(c, SHAPE_N, sizeof *shape);
    if (!shape) return PM_E_MEMORY;
    shape[SHAPE_D] = net->d, shape[SHAPE_V] = net->v;
    shape[SHAPE_HIDDEN] = net->hidden, shape[SHAPE_UNITS] = net->units;
    pm_status st = c->host->put_tensor(c, s, "shape", (pm_tensor){PM_U64, 1, {SHAPE_N}, shape});
    for (size_t p = 0; st == PM_OK && p < FIT_PARTS; p++)
        if (net->part[p])
            st = c->host->put_tensor(
                c, s, part_name[p],
                (pm_tensor){PM_F32, 2, {part_rows(net, p), part_cols(net, p)}, net->part[p]});
    return st;
}

pm_status fit_net_load(struct fit_net *net, pm_call *c, pm_store *s)
{
    pm_tensor t = {0};
    pm_status st = c->host->view_tensor(c, s, "shape", PM_U64, &t);
    if (st != PM_OK) return st;
    const uint64_t *shape = t.ptr;
    if (t.n_dims != 1 || t.dim[0] != SHAPE_N || !shape[SHAPE_UNITS] ||
        shape[SHAPE_UNITS] > PM_NO_COL || shape[SHAPE_HIDDEN] > PM_NO_COL)
        return c->host->fail(c, PM_E_FORMAT, "'shape' does not describe a network");
    struct fit_data like = {.d = shape[SHAPE_D], .v = shape[SHAPE_V]};
    *net = fit_net_shape(&like, shape[SHAPE_HIDDEN], shape[SHAPE_UNITS]);
    for (size_t p = 0; p < FIT_PARTS; p++) {
        if (!part_rows(net, p)) continue;
        st = c->host->view_tensor(c, s, part_name[p], PM_F32, &t);
        if (st != PM_OK) return st;
        if (t.n_dims != 2 || t.dim[0] != part_rows(net, p) || t.dim[1] != part_cols(net, p))
            return c->host->fail(c, PM_E_FORMAT, "'%s' must be a matrix [%zu x %zu]", part_name[p],
                                 part_rows(net, p), part_cols(net, p));
        net->part[p] = t.ptr;
    }
    return PM_OK;
}
