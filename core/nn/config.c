/* SPDX-License-Identifier: MIT
 *
 * Whether the numbers of a configuration can be a model: checked before anything is sized by them.  Reading them
 * from files is in config_hf.c and gguf_config.c.
 */
#include "nn/config.h"

#include <math.h>

#define COUNT_END ((size_t)1 << 24)
#define VOCAB_END ((size_t)1 << 28)

typedef struct bounded {
    const char *field;
    size_t value, lo, end;
} bounded;

static pm_status check_counts(const nn_config *c, const char *name, pm_err *err)
{
    const bounded all[] = {{"layers", c->n_layers, 1, 1 << 16},
                           {"width", c->width, 1, COUNT_END},
                           {"heads", c->n_heads, 1, 1 << 16},
                           {"key and value heads", c->n_kv_heads, 1, 1 << 16},
                           {"head dimension", c->head_dim, 1, 1 << 16},
                           {"inner width", c->inner, 1, COUNT_END},
                           {"vocabulary", c->n_vocab, 1, VOCAB_END},
                           {"positions", c->n_positions, 1, COUNT_END},
                           {"position offset", c->position_offset, 0, COUNT_END},
                           {"token types", c->n_types, 0, 257},
                           {"outputs", c->n_outputs, 0, COUNT_END}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].value < all[i].lo || all[i].value >= all[i].end)
            return err_set(err, PM_E_FORMAT, "%s: %s: %zu; want %zu to %zu", name, all[i].field,
                           all[i].value, all[i].lo, all[i].end - 1);
    return PM_OK;
}

static pm_status check_heads(const nn_config *c, const char *name, pm_err *err)
{
    if (c->n_heads % c->n_kv_heads != 0)
        return err_set(err, PM_E_FORMAT,
                       "%s: %zu heads cannot share %zu key and value heads evenly", name,
                       c->n_heads, c->n_kv_heads);
    if (c->n_heads * c->head_dim >= COUNT_END)
        return err_set(err, PM_E_FORMAT, "%s: %zu heads of %zu; want a product below %zu", name,
                       c->n_heads, c->head_dim, COUNT_END);
    if (c->rotary && c->head_dim % 2 != 0)
        return err_set(err, PM_E_FORMAT,
                       "%s: heads of %zu; rotary positions turn pairs and want an even number",
                       name, c->head_dim);
    return PM_OK;
}

typedef struct real {
    const char *field;
    double value, lo, hi;
} real;

static pm_status check_reals(const nn_config *c, const char *name, pm_err *err)
{
    const real all[] = {{"norm epsilon", c->norm_eps, 0, 1},
                        {"dropout", c->dropout, 0, 0.999},
                        {"attention dropout", c->attention_dropout, 0, 0.999},
                        {"initial deviation", c->init_std, 0, 100},
                        {"rope theta", c->rotary ? c->rope_theta : 1, 1e-3, 1e12},
                        {"rope factor", c->rope_factor, 0, 1e6},
                        {"rope low frequency factor", c->rope_low, 0, 1e6},
                        {"rope high frequency factor", c->rope_high, 0, 1e6},
                        {"rope original positions", c->rope_original, 0, 1e9}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!(all[i].value >= all[i].lo && all[i].value <= all[i].hi))
            return err_set(err, PM_E_FORMAT, "%s: %s: %g; want %g to %g", name, all[i].field,
                           all[i].value, all[i].lo, all[i].hi);
    if (c->rope_factor > 0 && !(c->rope_high > c->rope_low && c->rope_original > 0))
        return err_set(err, PM_E_FORMAT,
                       "%s: rope scaling from %g to %g over %g positions; want low < high and "
                       "positions above 0",
                       name, c->rope_low, c->rope_high, c->rope_original);
    return PM_OK;
}

static pm_status check_ids(const nn_config *c, const char *name, pm_err *err)
{
    const struct {
        const char *field;
        int64_t id;
    } all[] = {{"pad_token_id", c->pad_id}, {"bos_token_id", c->bos_id},
               {"eos_token_id", c->eos_id}, {"mask_token_id", c->mask_id},
               {"cls_token_id", c->cls_id}, {"sep_token_id", c->sep_id}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].id < -1 || all[i].id >= (int64_t)c->n_vocab)
            return err_set(err, PM_E_FORMAT, "%s: %s: %lld is not among the %zu tokens", name,
                           all[i].field, (long long)all[i].id, c->n_vocab);
    return PM_OK;
}

pm_status nn_config_check(const nn_config *c, const char *name, pm_err *err)
{
    pm_status st = check_counts(c, name, err);
    if (st == PM_OK) st = check_heads(c, name, err);
    if (st == PM_OK) st = check_reals(c, name, err);
    if (st == PM_OK) st = check_ids(c, name, err);
    if (st != PM_OK) return st;
    if (c->lm_head == NN_LM_MASKED && c->norm_first)
        return err_set(
            err, PM_E_UNSUPPORTED,
            "%s: a masked-language-model head belongs to encoders whose norms come after", name);
    return PM_OK;
}
