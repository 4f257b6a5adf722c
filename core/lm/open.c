/* SPDX-License-Identifier: MIT
 *
 * A language model out of files or out of trained weights: configuration, weights, tokeniser, limits, engine.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "lm/model.h"

#define CONFIG_MOST    ((size_t)16 << 20) /* bytes of a JSON file beside the weights */
#define TOKENIZER_MOST ((size_t)64 << 20)

const nn_config *lm_config(const lm *m)
{
    return &m->config;
}
const nn_weights *lm_weights(const lm *m)
{
    return &m->weights;
}
const tokenizer *lm_tokenizer(const lm *m)
{
    return m->tok;
}
const nn_engine *lm_engine(const lm *m)
{
    return m->engine;
}
size_t lm_max_tokens(const lm *m)
{
    return m->max_tokens;
}
nn_pool_kind lm_pooling(const lm *m)
{
    return m->pooling;
}
const char *lm_chat_template(const lm *m)
{
    return m->chat;
}
const char *lm_name(const lm *m)
{
    return m->name;
}

static const char *base_name(const char *path, arena *a)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') len--;
    size_t from = len;
    while (from > 0 && path[from - 1] != '/') from--;
    return arena_strndup(a, path + from, len - from);
}

/* ---- what lies beside the weights -------------------------------------------------------------------------------- */

/* NULL in *out: there is no such file. */
static pm_status read_beside(const char *dir, const char *name, arena *a, const json **out,
                             pm_err *err)
{
    const char *path = io_join(a, dir, name);
    *out = NULL;
    if (!path) return err_set(err, PM_E_MEMORY, "out of memory for a path");
    return io_is_file(path) ? json_read(path, a, out, err) : PM_OK;
}

static pm_status read_text(const char *path, arena *a, size_t most, pm_str *out, pm_err *err)
{
    str text = STR_INIT;
    pm_status s = io_read(path, most, &text, err);
    char *kept = s ? NULL : arena_strndup(a, str_text(&text), text.len);
    if (!s && !kept) s = err_set(err, PM_E_MEMORY, "out of memory for %s", path);
    if (!s) *out = (pm_str){kept, text.len};
    str_close(&text);
    return s;
}

static pm_status folder_tokenizer(lm *m, const char *dir, arena *a, pm_err *err)
{
    const char *path = io_join(a, dir, "tokenizer.json"), *vocab = io_join(a, dir, "vocab.txt");
    pm_str text;
    tokenizer *t = NULL;
    if (!path || !vocab) return err_set(err, PM_E_MEMORY, "out of memory for a path");
    if (io_is_file(path)) {
        pm_status s = read_text(path, a, TOKENIZER_MOST, &text, err);
        if (!s) s = tokenizer_parse(text.ptr, text.len, path, a, &t, err);
        m->tok = t;
        return s;
    }
    if (!io_is_file(vocab))
        return err_set(
            err, PM_E_IO,
            "%s: found neither tokenizer.json nor vocab.txt, wanted the model's tokeniser", dir);
    const json *settings;
    pm_status s = read_beside(dir, "tokenizer_config.json", a, &settings, err);
    if (!s) s = read_text(vocab, a, TOKENIZER_MOST, &text, err);
    if (!s)
        s = tokenizer_from_vocab(text.ptr, text.len, json_flag(settings, "do_lower_case", true), a,
                                 &t, err);
    m->tok = t;
    return s ? err_wrap(err, s, "%s", vocab) : PM_OK;
}

static size_t positive(double v)
{
    return v >= 1 && v < 1e9 ? (size_t)v : 0;
}

/* What sentence-transformers and tokenizer_config.json say of limits, pooling and chat. */
static pm_status folder_settings(lm *m, const char *dir, arena *a, size_t *max, pm_err *err)
{
    const json *j = NULL;
    pm_status s = read_beside(dir, "sentence_bert_config.json", a, &j, err);
    if (s) return s;
    *max = positive(json_number(j, "max_seq_length", 0));
    s = read_beside(dir, "1_Pooling/config.json", a, &j, err);
    if (s) return s;
    if (json_flag(j, "pooling_mode_cls_token", false))
        m->pooling = NN_POOL_FIRST;
    else if (json_flag(j, "pooling_mode_lasttoken", false))
        m->pooling = NN_POOL_LAST;
    if (json_flag(j, "pooling_mode_max_tokens", false) ||
        json_flag(j, "pooling_mode_mean_sqrt_len_tokens", false))
        return err_set(
            err, PM_E_UNSUPPORTED,
            "%s/1_Pooling/config.json asks for max or sqrt-length pooling; there are mean, "
            "first and last token",
            dir);
    s = read_beside(dir, "tokenizer_config.json", a, &j, err);
    if (s) return s;
    m->chat = json_text(j, "chat_template", NULL);
    const char *path = io_join(a, dir, "chat_template.jinja");
    pm_str chat;
    if (!path) return err_set(err, PM_E_MEMORY, "out of memory for a path");
    if (!m->chat && io_is_file(path)) {
        s = read_text(path, a, CONFIG_MOST, &chat, err);
        if (s) return s;
        m->chat = chat.ptr;
    }
    if (!*max) *max = positive(json_number(j, "model_max_length", 0));
    return PM_OK;
}

static int64_t id_of(const nn_source *s, const char *key)
{
    double v;
    return nn_source_number(s, key, &v) && v >= 0 && v < 4294967295.0 ? (int64_t)v : -1;
}

static bool flag_of(const nn_source *s, const char *key, bool fallback)
{
    double v;
    return nn_source_number(s, key, &v) ? v != 0 : fallback;
}

static const char *text_of(const nn_source *s, const char *key, arena *a)
{
    pm_str v;
    return nn_source_text(s, key, &v) ? arena_strndup(a, v.ptr, v.len) : NULL;
}

static pm_status gguf_tokenizer(lm *m, arena *a, pm_err *err)
{
    const nn_source *s = m->source;
    nn_strings piece = {0}, merge = {0};
    const int32_t *kind = NULL;
    size_t n_kinds = 0;
    tokenizer *t = NULL;
    if (!nn_source_texts(s, "tokenizer.ggml.tokens", &piece))
        return err_set(err, PM_E_FORMAT,
                       "%s: found no tokenizer.ggml.tokens, wanted the model's vocabulary",
                       m->name);
    nn_source_texts(s, "tokenizer.ggml.merges", &merge);
    nn_source_numbers(s, "tokenizer.ggml.token_type", &kind, &n_kinds);
    if (kind && n_kinds != piece.n)
        return err_set(err, PM_E_FORMAT, "%s: %zu token types for %zu tokens", m->name, n_kinds,
                       piece.n);
    const char *model = text_of(s, "tokenizer.ggml.model", a),
               *pre = text_of(s, "tokenizer.ggml.pre", a);
    const tokenizer_gguf g = {
        .model = model ? model : "",
        .pre = pre ? pre : "default",
        .piece = piece.at,
        .kind = kind,
        .n = piece.n,
        .merge = merge.at,
        .n_merges = merge.n,
        .bos = id_of(s, "tokenizer.ggml.bos_token_id"),
        .eos = id_of(s, "tokenizer.ggml.eos_token_id"),
        .unknown = id_of(s, "tokenizer.ggml.unknown_token_id"),
        .pad = id_of(s, "tokenizer.ggml.padding_token_id"),
        .add_bos = flag_of(s, "tokenizer.ggml.add_bos_token", false),
        .add_eos = flag_of(s, "tokenizer.ggml.add_eos_token", false),
        .add_space_prefix = flag_of(s, "tokenizer.ggml.add_space_prefix", false)};
    pm_status st = tokenizer_from_gguf(&g, m->name, a, &t, err);
    m->tok = t;
    m->chat = text_of(s, "tokenizer.chat_template", a);
    return st;
}

pm_status lm_gguf_tokenizer(nn_source *s, const char *name, arena *a, const tokenizer **out,
                            pm_err *err)
{
    lm m = {.source = s, .name = name};
    pm_status st = gguf_tokenizer(&m, a, err);
    *out = m.tok;
    return st;
}

/* ---- assembling ----------------------------------------------------------------------------------------------------- */

static void take_id(int64_t *id, const tokenizer *t, const char *const *name)
{
    uint32_t found;
    for (size_t k = 0; *id < 0 && name[k]; k++)
        if (tokenizer_find(t, pm_str_of(name[k]), &found)) *id = (int64_t)found;
}

/* Special tokens that the configuration does not name are found by their usual names. */
static void find_specials(lm *m)
{
    static const char *const mask[] = {"[MASK]", "<mask>", NULL}, *const cls[] = {"[CLS]", NULL},
                             *const sep[] = {"[SEP]", NULL};
    take_id(&m->config.mask_id, m->tok, mask);
    take_id(&m->config.cls_id, m->tok, cls);
    take_id(&m->config.sep_id, m->tok, sep);
}

static pm_status settle(lm *m, const lm_options *o, size_t file_max, pm_err *err)
{
    const nn_config *c = &m->config;
    find_specials(m);
    if (tokenizer_size(m->tok) > c->n_vocab)
        return err_set(
            err, PM_E_FORMAT,
            "%s: the tokeniser has %zu pieces and the embedding %zu rows; they belong to "
            "different models",
            m->name, tokenizer_size(m->tok), c->n_vocab);
    m->max_tokens = c->n_positions;
    if (file_max && file_max < m->max_tokens) m->max_tokens = file_max;
    if (o->max_tokens > c->n_positions)
        return err_set(err, PM_E_ARG, "%s: max_tokens = %zu; the model has %zu positions", m->name,
                       o->max_tokens, c->n_positions);
    if (o->max_tokens) m->max_tokens = o->max_tokens;
    if (m->max_tokens < 4)
        return err_set(err, PM_E_ARG, "%s: max_tokens = %zu; want 4 or more", m->name,
                       m->max_tokens);
    m->precision = o->precision ? o->precision : NN_FAST;
    pm_status s = nn_engine_build(m->c, m->a, &m->weights, m->precision, &m->engine, err);
    if (!s && m->source) nn_source_drop(m->source); /* packed: the mapped pages may go */
    return s;
}

/* A copy of the weights with a fresh head of n_outputs columns. */
static pm_status add_head(lm *m, const lm_options *o, pm_err *err)
{
    nn_config *c = &m->config;
    nn_layout *fresh = arena_alloc(m->a, 1, sizeof *fresh);
    if (!fresh) return err_set(err, PM_E_MEMORY, "out of memory for a head");
    c->n_outputs = o->n_outputs;
    pm_status s = nn_layout_of(c, m->a, fresh, err);
    float *slab = s ? NULL : arena_alloc(m->a, fresh->floats, sizeof *slab);
    if (s) return s;
    if (!slab)
        return err_set(err, PM_E_MEMORY, "out of memory for %zu weights", fresh->n_parameters);
    nn_init(fresh, o->seed, slab);
    const nn_weights *old = &m->weights;
    for (size_t p = 0; p < fresh->n && !s; p++) {
        const nn_param *q = &fresh->param[p];
        const size_t from = nn_layout_find(old->layout, q->part, q->layer, q->is_bias);
        if (from == NN_NONE || q->part == NN_HEAD_DENSE || q->part == NN_HEAD_OUT) continue;
        s = nn_weights_rows(old, from, 0, q->rows, slab + q->at, err);
    }
    m->layout = *fresh;
    m->layout.config = c;
    m->weights = nn_slab_weights(&m->layout, slab);
    return s;
}

static pm_status open_parts(lm *m, const char *path, const lm_options *o, pm_err *err)
{
    const bool is_folder = io_is_dir(path);
    size_t max = 0;
    pm_status s = nn_source_open(path, m->a, &m->source, err);
    if (s) return s;
    if (!nn_source_config(m->source))
        return err_set(
            err, PM_E_FORMAT,
            "%s: tensors without a configuration; name the folder that holds config.json too",
            path);
    s = nn_source_weights(m->source, m->a, &m->weights, err);
    if (s) return s;
    m->config = *m->weights.layout->config;
    m->layout = *m->weights.layout;
    s = is_folder ? folder_tokenizer(m, path, m->a, err) : gguf_tokenizer(m, m->a, err);
    if (!s && is_folder) s = folder_settings(m, path, m->a, &max, err);
    if (!s && !max) max = tokenizer_max(m->tok);
    if (!s && o->n_outputs) s = add_head(m, o, err);
    return s ? s : settle(m, o, max, err);
}

static lm *begin(const compute *c, const char *name, arena *a, pm_err *err)
{
    lm *m = arena_alloc(a, 1, sizeof *m);
    if (m) m->name = name;
    if (m && m->name) {
        m->c = c;
        m->a = a;
        m->pooling = NN_POOL_MEAN;
        return m;
    }
    err_set(err, PM_E_MEMORY, "out of memory for a model");
    return NULL;
}

pm_status lm_open(const compute *c, const char *path, const lm_options *o, arena *a, lm **out,
                  pm_err *err)
{
    lm *m = begin(c, base_name(path, a), a, err);
    *out = m;
    return m ? open_parts(m, path, o, err) : PM_E_MEMORY;
}

/* Files are checked as they are read; a slab may come from anywhere. */
static pm_status check_slab(const nn_layout *l, const float *slab, pm_err *err)
{
    for (size_t p = 0; p < l->n; p++) {
        const nn_param *q = &l->param[p];
        for (size_t i = 0; i < q->rows * q->cols; i++)
            if (!isfinite(slab[q->at + i]))
                return err_set(err, PM_E_FORMAT,
                               "trained model: %s holds %g at row %zu, column %zu; want a number",
                               q->name, (double)slab[q->at + i], i / q->cols, i % q->cols);
    }
    return PM_OK;
}

pm_status lm_of(const compute *c, const nn_config *config, const float *slab, const tokenizer *t,
                const lm_options *o, arena *a, lm **out, pm_err *err)
{
    lm *m = begin(c, "trained model", a, err);
    *out = m;
    if (!m) return PM_E_MEMORY;
    m->config = *config;
    m->tok = t;
    pm_status s = nn_layout_of(&m->config, a, &m->layout, err);
    if (!s) s = check_slab(&m->layout, slab, err);
    if (s) return s;
    m->weights = nn_slab_weights(&m->layout, slab);
    return settle(m, o, 0, err);
}

static pm_status put_file(const char *dir, const char *name, arena *a, const str *text, pm_err *err)
{
    const char *path = a ? io_join(a, dir, name) : NULL;
    if (!path || text->failed) return err_set(err, PM_E_MEMORY, "out of memory for %s", name);
    return io_write(path, str_text(text), text->len, err);
}

/* What lm_open reads beside the weights: limit, pooling and chat template, where they are not what a folder without
 * them means. */
static pm_status write_manners(const lm *m, const char *dir, arena *a, pm_err *err)
{
    str text = STR_INIT;
    pm_status s = PM_OK;
    if (m->max_tokens != m->config.n_positions) {
        str_printf(&text, "{\"max_seq_length\": %zu}\n", m->max_tokens);
        s = put_file(dir, "sentence_bert_config.json", a, &text, err);
        str_clear(&text);
    }
    if (!s && (m->pooling == NN_POOL_FIRST || m->pooling == NN_POOL_LAST)) {
        const char *sub = io_join(a, dir, "1_Pooling");
        const bool first = m->pooling == NN_POOL_FIRST;
        str_printf(&text,
                   "{\"word_embedding_dimension\": %zu, \"pooling_mode_cls_token\": %s, "
                   "\"pooling_mode_mean_tokens\": false, \"pooling_mode_lasttoken\": %s}\n",
                   m->config.width, first ? "true" : "false", first ? "false" : "true");
        s = sub ? io_mkdir(sub, err) : err_set(err, PM_E_MEMORY, "out of memory for a path");
        if (!s) s = put_file(sub, "config.json", a, &text, err);
        str_clear(&text);
    }
    if (!s && m->chat) {
        str_puts(&text, m->chat);
        s = put_file(dir, "chat_template.jinja", a, &text, err);
    }
    str_close(&text);
    return s;
}

pm_status lm_write(const lm *m, const char *dir, pm_err *err)
{
    str text = STR_INIT;
    if (m->config.rotary && !m->config.causal)
        return err_set(
            err, PM_E_UNSUPPORTED,
            "%s sees both sides with a decoder's layers; no config.json of Hugging Face says so",
            m->name);
    arena *a = arena_open(0);
    pm_status s = a ? io_mkdir(dir, err) : err_set(err, PM_E_MEMORY, "out of memory for a path");
    if (!s) s = nn_weights_write(&m->weights, dir, err);
    if (!s) tokenizer_put(m->tok, &text);
    if (!s) s = put_file(dir, "tokenizer.json", a, &text, err);
    if (!s) s = write_manners(m, dir, a, err);
    str_close(&text);
    arena_close(a);
    return s;
}
