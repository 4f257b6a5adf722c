/* SPDX-License-Identifier: MIT
 *
 * Decoding with a cache of keys and values: the same stages as a whole sequence, on the new rows alone.
 */
#include <string.h>

#include "math/mat.h"
#include "nn/engine_own.h"

enum { BLOCKS_APIECE = 4 };

static bool cache_floats(const nn_engine *e, size_t most, size_t *out)
{
    return mem_size(e->config.n_layers * engine_kv_cols(e), most, out);
}

pm_status nn_cache_open(const nn_engine *e, size_t max_tokens, nn_cache **out, pm_err *err)
{
    *out = NULL;
    if (!e->config.causal)
        return err_set(err, PM_E_UNSUPPORTED,
                       "a cache of keys: this model reads both ways; only "
                       "decoders extend a text");
    size_t most = max_tokens < e->config.n_positions ? max_tokens : e->config.n_positions, n;
    nn_cache *k = mem_alloc(1, sizeof *k);
    if (k && cache_floats(e, most, &n)) {
        *k = (nn_cache){e, 0, most, NULL, NULL};
        k->k = mem_alloc(n, sizeof *k->k);
        k->v = mem_alloc(n, sizeof *k->v);
    }
    if (!k || !k->k || !k->v) {
        nn_cache_close(k);
        return err_set(err, PM_E_MEMORY, "a cache of keys for %zu tokens: no memory", most);
    }
    *out = k;
    return PM_OK;
}

void nn_cache_close(nn_cache *k)
{
    if (!k) return;
    mem_free(k->k);
    mem_free(k->v);
    mem_free(k);
}

void nn_cache_cut(nn_cache *k, size_t n)
{
    if (n < k->len) k->len = n;
}

size_t nn_cache_len(const nn_cache *k)
{
    return k->len;
}

typedef struct extending {
    uint32_t *position, *start;
    team_stage *stage;
    size_t n_stages;
    engine_pass pass;
} extending;

static void lay_out(extending *x, carver *k, const nn_cache *cache, size_t n, size_t workers)
{
    x->position = carve(k, n, sizeof *x->position);
    x->start = carve(k, 2, sizeof *x->start);
    x->n_stages = pass_stages(cache->e, n);
    x->stage = carve(k, x->n_stages, sizeof *x->stage);
    pass_carve(cache->e, k, n, cache->most, workers, &x->pass); /* of all keys: grows once */
}

static pm_status check(const nn_engine *e, const nn_cache *k, const uint32_t *id, size_t n,
                       pm_err *err)
{
    if (k->e != e) return err_set(err, PM_E_ARG, "a cache of keys of another model");
    if (n == 0) return err_set(err, PM_E_ARG, "no tokens to extend by; wanted 1 or more");
    if (n > k->most - k->len)
        return err_set(err, PM_E_ARG,
                       "%zu tokens after %zu: the cache holds %zu; cut the text or the answer", n,
                       k->len, k->most);
    return engine_check_ids(e, id, NULL, n, err);
}

pm_status nn_extend(const nn_engine *e, threads *pool, nn_room *r, nn_cache *k, const uint32_t *id,
                    size_t n, pm_mat *hidden, pm_err *err)
{
    size_t width = e->config.width, workers = (size_t)threads_count(pool);
    extending x;
    carver cut = {NULL, 0, false};
    *hidden = (pm_mat){NULL, 0, width, width};
    pm_status s = check(e, k, id, n, err);
    if (s != PM_OK) return s;
    lay_out(&x, &cut, k, n, workers);
    if (!room_scratch(r, &cut) || !room_hidden(r, n, width * sizeof(float)))
        return err_set(err, PM_E_MEMORY, "hidden states of %zu tokens: no memory", n);
    cut = (carver){r->scratch, 0, false};
    lay_out(&x, &cut, k, n, workers);
    for (size_t i = 0; i < n; i++) x.position[i] = (uint32_t)(k->len + i);
    x.start[0] = 0;
    x.start[1] = (uint32_t)n;
    x.pass.n = 1;
    x.pass.start = x.start;
    x.pass.x = (pm_mat){r->hidden, n, width, width};
    x.pass.position = x.position;
    x.pass.cache = k;
    x.pass.wanted = BLOCKS_APIECE * workers;
    s = engine_embed(e, id, NULL, x.position, 0, n, x.pass.x, err);
    if (s != PM_OK) return s;
    memset(x.stage, 0, x.n_stages * sizeof *x.stage);
    pass_together(&x.pass, pool, x.stage);
    k->len += n;
    *hidden = x.pass.x;
    return PM_OK;
}
