/* SPDX-License-Identifier: MIT
 *
 * Settings of a stored model: every field of the configuration by name, so that nothing is guessed when it is read.
 */
#include "lm/stored.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/json.h"
#include "lm/model.h"

typedef enum field_kind { A_SIZE, A_FLAG, A_NUMBER, AN_ID, AN_ENUM } field_kind;
typedef struct field {
    const char *name;
    field_kind kind;
    size_t at;
} field;

#define FIELD(kind, name)                                                                          \
    {                                                                                              \
#name, kind, offsetof(nn_config, name)                                                     \
    }
static const field fields[] = {
    FIELD(AN_ENUM, family),       FIELD(A_SIZE, n_layers),
    FIELD(A_SIZE, width),         FIELD(A_SIZE, n_heads),
    FIELD(A_SIZE, n_kv_heads),    FIELD(A_SIZE, head_dim),
    FIELD(A_SIZE, inner),         FIELD(A_SIZE, n_vocab),
    FIELD(A_SIZE, n_positions),   FIELD(A_SIZE, position_offset),
    FIELD(A_SIZE, n_types),       FIELD(A_FLAG, causal),
    FIELD(A_FLAG, rotary),        FIELD(A_NUMBER, rope_theta),
    FIELD(A_NUMBER, rope_factor), FIELD(A_NUMBER, rope_low),
    FIELD(A_NUMBER, rope_high),   FIELD(A_NUMBER, rope_original),
    FIELD(A_FLAG, rms_norm),      FIELD(A_FLAG, norm_first),
    FIELD(A_NUMBER, norm_eps),    FIELD(AN_ENUM, act),
    FIELD(A_FLAG, gated),         FIELD(A_FLAG, qkv_bias),
    FIELD(A_FLAG, bias),          FIELD(AN_ENUM, lm_head),
    FIELD(A_FLAG, pooler),        FIELD(A_SIZE, n_outputs),
    FIELD(A_FLAG, head_dense),    FIELD(AN_ENUM, head_act),
    FIELD(A_NUMBER, dropout),     FIELD(A_NUMBER, attention_dropout),
    FIELD(A_NUMBER, init_std),    FIELD(AN_ID, pad_id),
    FIELD(AN_ID, bos_id),         FIELD(AN_ID, eos_id),
    FIELD(AN_ID, mask_id),        FIELD(AN_ID, cls_id),
    FIELD(AN_ID, sep_id),
};
enum { N_FIELDS = sizeof fields / sizeof *fields };

static double get_field(const nn_config *c, const field *f)
{
    const char *at = (const char *)c + f->at;
    switch (f->kind) {
    case A_SIZE:
        return (double)*(const size_t *)(const void *)at;
    case A_FLAG:
        return *(const bool *)(const void *)at;
    case A_NUMBER:
        return *(const double *)(const void *)at;
    case AN_ID:
        return (double)*(const int64_t *)(const void *)at;
    case AN_ENUM:
        return *(const int *)(const void *)at;
    }
    return 0;
}

static bool set_field(nn_config *c, const field *f, double v)
{
    char *at = (char *)c + f->at;
    const bool is_whole = v == floor(v) && fabs(v) < 9e15;
    if (!isfinite(v) || (f->kind != A_NUMBER && !is_whole)) return false;
    if ((f->kind == A_SIZE && v < 0) || (f->kind == A_FLAG && v != 0 && v != 1) ||
        (f->kind == AN_ID && v < -1) || (f->kind == AN_ENUM && !(v >= 0 && v < 64)))
        return false;
    switch (f->kind) {
    case A_SIZE:
        *(size_t *)(void *)at = (size_t)v;
        break;
    case A_FLAG:
        *(bool *)(void *)at = v != 0;
        break;
    case A_NUMBER:
        *(double *)(void *)at = v;
        break;
    case AN_ID:
        *(int64_t *)(void *)at = (int64_t)v;
        break;
    case AN_ENUM:
        *(int *)(void *)at = (int)v;
        break;
    }
    return true;
}

nn_precision lm_precision(const lm *m)
{
    return m->precision;
}

void lm_take_manners(lm *m, const lm *from)
{
    m->name = from->name;
    m->pooling = from->pooling;
    m->chat = from->chat;
}

void lm_put_settings(const lm *m, str *out)
{
    str_puts(out, "{\"config\":{");
    for (size_t k = 0; k < N_FIELDS; k++) {
        str_printf(out, "%s\"%s\":", k ? "," : "", fields[k].name);
        str_number(out, get_field(&m->config, &fields[k]));
    }
    str_printf(out, "},\"max_tokens\":%zu,\"pooling\":%d,\"precision\":%d,\"name\":", m->max_tokens,
               (int)m->pooling, (int)m->precision);
    str_json(out, m->name, strlen(m->name));
    if (m->chat) {
        str_puts(out, ",\"chat\":");
        str_json(out, m->chat, strlen(m->chat));
    }
    str_puts(out, "}");
}

static pm_status read_config(const json *j, nn_config *c, pm_err *err)
{
    *c = (nn_config){0};
    for (size_t k = 0; k < N_FIELDS; k++) {
        const json *v = json_get(j, fields[k].name);
        if (!v || v->kind != JSON_NUMBER)
            return err_set(err, PM_E_FORMAT,
                           "settings of a stored model: config.%s is absent, or no number",
                           fields[k].name);
        if (!set_field(c, &fields[k], v->number))
            return err_set(err, PM_E_FORMAT, "settings of a stored model: config.%s = %g",
                           fields[k].name, v->number);
    }
    return nn_config_check(c, "stored model", err);
}

pm_status lm_of_settings(const compute *c, pm_str settings, pm_str tokenizer_json,
                         const float *slab, size_t floats, arena *a, lm **out, pm_err *err)
{
    const json *j;
    nn_config config;
    nn_layout layout;
    tokenizer *t = NULL;
    pm_status s = json_parse(settings.ptr, settings.len, a, &j, err);
    if (!s) s = read_config(json_get(j, "config"), &config, err);
    if (!s) s = nn_layout_of(&config, a, &layout, err);
    if (!s && layout.floats != floats)
        s = err_set(err, PM_E_FORMAT,
                    "a stored model has %zu floats of weights; its configuration wants %zu", floats,
                    layout.floats);
    if (!s)
        s = tokenizer_parse(tokenizer_json.ptr, tokenizer_json.len, "tokeniser of a stored model",
                            a, &t, err);
    if (s) return s;
    const double precision = json_number(j, "precision", 0), pooling = json_number(j, "pooling", 0),
                 max = json_number(j, "max_tokens", 0);
    if (!(precision >= NN_EXACT && precision <= NN_BYTES) ||
        !(pooling >= NN_POOL_MEAN && pooling <= NN_POOL_POOLER) ||
        !(max >= 1 && max <= (double)config.n_positions))
        return err_set(err, PM_E_FORMAT,
                       "settings of a stored model: precision %g, pooling %g, max_tokens %g",
                       precision, pooling, max);
    const lm_options o = {.precision = (nn_precision)precision, .max_tokens = (size_t)max};
    s = lm_of(c, &config, slab, t, &o, a, out, err);
    if (s) return s;
    (*out)->pooling = (nn_pool_kind)pooling;
    (*out)->name = json_text(j, "name", "stored model");
    (*out)->chat = json_text(j, "chat", NULL);
    return PM_OK;
}
