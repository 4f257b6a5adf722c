/* SPDX-License-Identifier: MIT
 *
 * LoRA: which matrices have an adapter, where its two factors lie, and how they become part of the weights.
 */
#include "nn/lora.h"

#include <math.h>

#include "base/rng.h"

enum { STREAM = 0x10A };

static bool has_adapter(const nn_param *p, uint32_t parts)
{
    return p->layer != NN_NO_LAYER && !p->is_bias && p->rows > 1 && (parts >> p->part & 1u);
}

/* A as torch's Linear is made: uniform within +- 1 / sqrt(n_in) (kaiming_uniform with a = sqrt(5), as peft does). */
static void fill_a(const nn_param *p, size_t number, uint64_t seed, size_t rank, float *a)
{
    double bound = 1 / sqrt((double)p->cols);
    for (size_t i = 0; i < rank * p->cols; i++)
        a[i] = (float)(bound * (2 * rng_uniform(seed, STREAM + (uint32_t)number, i) - 1));
}

static size_t padded(size_t floats)
{
    return (floats + 15) / 16 * 16;
}

static pm_status too_large(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "lora: the adapters do not fit into memory");
}

pm_status nn_lora_open(const nn_layout *l, uint32_t parts, size_t rank, double alpha, uint64_t seed,
                       arena *a, nn_lora *out, pm_err *err)
{
    if (rank == 0 || rank > 4096 || !isfinite(alpha))
        return err_set(err, PM_E_ARG,
                       "lora: found rank %zu and alpha %g, wanted a rank in 1 .. 4096 and a finite "
                       "alpha",
                       rank, alpha);
    nn_lora_param *param = arena_alloc(a, l->n, sizeof *param);
    if (!param) return too_large(err);
    size_t n = 0, floats = 0;
    for (size_t p = 0; p < l->n; p++) {
        const nn_param *w = &l->param[p];
        if (!has_adapter(w, parts)) continue;
        size_t at_b = floats + padded(rank * w->cols);
        param[n++] = (nn_lora_param){p, floats, at_b};
        floats = at_b + padded(rank * w->rows);
    }
    if (n == 0)
        return err_set(
            err, PM_E_ARG,
            "lora: none of the parts 0x%x is a matrix of this model; wanted some of q, k, "
            "v, o, gate, up, down",
            (unsigned)parts);
    float *value = arena_alloc(a, floats, sizeof *value),
          *grad = arena_alloc(a, floats, sizeof *grad);
    if (!value || !grad) return too_large(err);
    for (size_t i = 0; i < n; i++)
        fill_a(&l->param[param[i].param], i, seed, rank, value + param[i].at_a);
    *out = (nn_lora){l, rank, alpha, parts, param, n, floats, value, grad};
    return PM_OK;
}

const nn_lora_param *nn_lora_find(const nn_lora *l, size_t param)
{
    size_t lo = 0, hi = l->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (l->param[mid].param < param)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < l->n && l->param[lo].param == param ? &l->param[lo] : NULL;
}

static void merge_one(const nn_lora *l, const nn_lora_param *k, float *w)
{
    const nn_param *p = &l->layout->param[k->param];
    const float *a = l->value + k->at_a, *b = l->value + k->at_b;
    double scale = l->alpha / (double)l->rank;
    for (size_t o = 0; o < p->rows; o++)
        for (size_t i = 0; i < p->cols; i++) {
            double sum = 0;
            for (size_t r = 0; r < l->rank; r++)
                sum += (double)b[o * l->rank + r] * (double)a[r * p->cols + i];
            w[o * p->cols + i] = (float)((double)w[o * p->cols + i] + scale * sum);
        }
}

void nn_lora_merge(const nn_lora *l, float *slab)
{
    for (size_t i = 0; i < l->n; i++)
        merge_one(l, &l->param[i], slab + l->layout->param[l->param[i].param].at);
}
