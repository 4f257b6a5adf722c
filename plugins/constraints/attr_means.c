/* SPDX-License-Identifier: MIT
 *
 * What constraints on recorded tables share: the mean of a table for each expert, kept by the expert's id, in
 * checkpoints too.
 */
#include "attr_means.h"

#include <math.h>

/* Points id[] into a copy of `text`, whose newlines become NULs; `text` has one line an expert. */
static pm_status split_ids(attr_means *k, pm_call *c, pm_str text)
{
    char *copy = c->host->own(c, text.len + 1, 1);
    const char **id = c->host->own(c, k->n, sizeof *id);
    if (!copy || !id) return PM_E_MEMORY;
    memcpy(copy, text.ptr, text.len);
    size_t line = 0, begin = 0;
    for (size_t b = 0; b < text.len && line < k->n; b++) {
        if (copy[b] != '\n') continue;
        copy[b] = 0;
        id[line++] = copy + begin;
        begin = b + 1;
    }
    if (line != k->n || begin != text.len)
        return c->host->fail(c, PM_E_FORMAT, "'ids' must hold %zu lines", k->n);
    k->id = id;
    k->ids = text;
    return PM_OK;
}

static pm_status join_ids(pm_call *c, const pm_library *lib, pm_str *out)
{
    size_t len = 0;
    for (size_t j = 0; j < lib->n; j++) len += strlen(lib->expert[j]->id) + 1;
    char *text = c->host->own(c, len, 1);
    if (!text) return PM_E_MEMORY;
    *out = (pm_str){text, len};
    for (size_t j = 0; j < lib->n; j++) {
        size_t l = strlen(lib->expert[j]->id);
        memcpy(text, lib->expert[j]->id, l);
        text[l] = '\n';
        text += l + 1;
    }
    return PM_OK;
}

pm_status attr_means_learn(pm_call *c, const pm_fit *fit, pm_cmat table, attr_means *out)
{
    size_t m = fit->lib->n;
    double *mean = c->host->own(c, m, sizeof *mean);
    if (!mean) return PM_E_MEMORY;
    for (size_t j = 0; j < m; j++) {
        double sum = 0, count = 0;
        for (size_t i = 0; i < fit->x->n; i++) {
            double v = pm_crow(table, i)[j];
            if (v < 0)
                return c->host->fail(c, PM_E_ARG, "expert \"%s\": recorded %g; want >= 0",
                                     fit->lib->expert[j]->id, v);
            if (v == v) sum += v, count += 1; /* NaN: not recorded */
        }
        mean[j] = count > 0 ? sum / count : (double)NAN;
    }
    pm_str ids = {0};
    pm_status st = join_ids(c, fit->lib, &ids);
    if (st != PM_OK) return st;
    out->n = m;
    out->mean = mean;
    return split_ids(out, c, ids);
}

double attr_means_of(const attr_means *k, const pm_expert *e, size_t hint)
{
    if (hint < k->n && strcmp(k->id[hint], e->id) == 0) return k->mean[hint];
    for (size_t j = 0; j < k->n; j++)
        if (strcmp(k->id[j], e->id) == 0) return k->mean[j];
    return (double)NAN;
}

pm_status attr_means_save(const attr_means *k, pm_call *c, pm_store *s)
{
    if (k->n == 0) return c->host->put_text(c, s, "recorded", (pm_str){"nothing", 7});
    pm_status st = c->host->put_text(c, s, "ids", k->ids);
    if (st != PM_OK) return st;
    return c->host->put_tensor(c, s, "means", (pm_tensor){PM_F64, 1, {k->n}, k->mean});
}

pm_status attr_means_load(attr_means *k, pm_call *c, pm_store *s)
{
    if (!c->host->has(c, s, "means")) return PM_OK;
    pm_tensor means = {0};
    pm_str ids = {0};
    pm_status st = c->host->get_tensor(c, s, "means", PM_F64, &means);
    if (st == PM_OK) st = c->host->get_text(c, s, "ids", &ids);
    if (st != PM_OK) return st;
    if (means.n_dims != 1) return c->host->fail(c, PM_E_FORMAT, "'means' must be a vector");
    k->n = means.dim[0];
    k->mean = means.ptr;
    return split_ids(k, c, ids);
}
