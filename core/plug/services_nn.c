/* SPDX-License-Identifier: MIT
 *
 * pm.nn/1: language models for plugins.  Memory, threads, seeds, cancellation, curves and the room of a call are the host's; what
 * is computed is the lm floor's.
 */
#include <stdio.h>
#include <string.h>

#include "lm/catalogue.h"
#include "lm/stored.h"
#include "plug/host.h"
#include "plug/services.h"

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

/* The room of the calling thread: made once, kept until its context is closed. */
static lm_room *room_of(pm_call *c)
{
    call_slot *s = call_slot_of(c);
    if (!s->nn) s->nn = lm_room_open();
    if (!s->nn) c->host->fail(c, PM_E_MEMORY, "out of memory for a language model's working room");
    return s->nn;
}

static void tell_cut(pm_call *c, const lm_cut *cut)
{
    if (cut->texts) c->host->cut(c, cut->texts, cut->texts_cut, cut->tokens, cut->tokens_cut);
}

static nn_precision precision_of(pm_nn_precision p)
{
    return p == PM_NN_EXACT ? NN_EXACT : p == PM_NN_BYTES ? NN_BYTES : NN_FAST;
}

nn_pool_kind service_nn_pooling(pm_nn_pool p)
{
    static const nn_pool_kind kind[] = {NN_POOL_MEAN, NN_POOL_FIRST, NN_POOL_LAST, NN_POOL_POOLER};
    return (size_t)p < sizeof kind / sizeof *kind ? kind[p] : NN_POOL_MEAN;
}

static pm_status begin(pm_call *c, arena **a, pm_nn **out)
{
    *out = NULL;
    *a = call_own_arena(c);
    if (!*a) return PM_E_CONTRACT;
    *out = c->host->own(c, 1, sizeof **out);
    return *out ? PM_OK : PM_E_MEMORY;
}

/* ---- where models come from ------------------------------------------------------------------------------------ */

static pm_status service_open(pm_call *c, const pm_nn_open *how, pm_nn **out)
{
    arena *a = NULL;
    const char *path;
    pm_err *err = &call_slot_of(c)->err;
    pm_status st = begin(c, &a, out);
    if (st != PM_OK) return st;
    if (!how || !PM_HAS(how, n_outputs) || !how->model)
        return c->host->fail(c, PM_E_ARG, "nn.open: an incomplete pm_nn_open");
    const lm_options o = {precision_of(how->precision), how->max_tokens, how->n_outputs, c->seed};
    st = catalogue_path(how->model, a, &path, err);
    if (st == PM_OK) st = lm_open(machine(c), path, &o, a, &(*out)->m, err);
    return pass_on(c, st);
}

static pm_status vocab_progress(void *arg, double done)
{
    pm_call *c = arg;
    return c->host->progress(c, done < 1 ? .02 * done : .02, NULL,
                             0); /* a small part of the build */
}

static pm_nn_design design_of(const pm_nn_shape *s)
{
    return PM_HAS(s, design) ? s->design : PM_NN_USUAL;
}

static bool like_llama(const pm_nn_shape *s)
{
    return s->kind == PM_NN_CAUSAL || design_of(s) == PM_NN_LLAMA;
}

/* A BERT, or a small Llama that sees what comes before (causal) or both sides (masked). */
static nn_config shape_config(const pm_nn_shape *s, size_t n_vocab)
{
    const bool llama = like_llama(s);
    const size_t inner = s->inner ? s->inner
                         : llama  ? (s->width * 8 / 3 + 31) / 32 * 32
                                  : 4 * s->width;
    return (nn_config){.family = llama ? NN_LLAMA : NN_BERT,
                       .n_layers = s->n_layers,
                       .width = s->width,
                       .n_heads = s->n_heads,
                       .n_kv_heads = s->n_heads,
                       .head_dim = s->n_heads ? s->width / s->n_heads : 0,
                       .inner = inner,
                       .n_vocab = n_vocab,
                       .n_positions = s->max_tokens,
                       .n_types = llama ? 0 : 2,
                       .causal = s->kind == PM_NN_CAUSAL,
                       .rotary = llama,
                       .rope_theta = 10000,
                       .rms_norm = llama,
                       .norm_first = llama,
                       .norm_eps = llama ? 1e-5 : 1e-12,
                       .act = llama ? LINEAR_SILU : LINEAR_GELU,
                       .gated = llama,
                       .qkv_bias = !llama,
                       .bias = !llama,
                       .lm_head = llama ? NN_LM_TIED : NN_LM_MASKED,
                       .n_outputs = s->n_outputs,
                       .dropout = 0,
                       .init_std = .02,
                       .pad_id = -1,
                       .bos_id = -1,
                       .eos_id = -1,
                       .mask_id = -1,
                       .cls_id = -1,
                       .sep_id = -1};
}

static void name_specials(nn_config *c, const tokenizer *t)
{
    uint32_t id;
    const struct {
        const char *piece;
        int64_t *at;
    } all[] = {{"[PAD]", &c->pad_id},
               {"[MASK]", &c->mask_id},
               {"[CLS]", &c->cls_id},
               {"[SEP]", &c->sep_id}};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        if (tokenizer_find(t, pm_str_of(all[k].piece), &id)) *all[k].at = (int64_t)id;
    if (c->causal && tokenizer_find(t, pm_str_of("<|endoftext|>"), &id))
        c->bos_id = c->eos_id = (int64_t)id;
}

/* Before the vocabulary is trained, which takes a while. */
static pm_status check_shape(const pm_nn_shape *s, pm_err *err)
{
    const size_t size = s->n_heads && s->width % s->n_heads == 0 ? s->width / s->n_heads : 0;
    if (size == 0)
        return err_set(err, PM_E_ARG, "a model of width %zu has no %zu heads: want a divisor",
                       s->width, s->n_heads);
    if ((unsigned)design_of(s) > PM_NN_LLAMA)
        return err_set(err, PM_E_UNSUPPORTED, "design %d of a model is not known here",
                       (int)design_of(s));
    if (s->kind == PM_NN_CAUSAL && design_of(s) == PM_NN_BERT)
        return err_set(
            err, PM_E_UNSUPPORTED,
            "a causal model of BERT's design: BERT sees both sides; want the Llama design");
    if (s->kind == PM_NN_CAUSAL && s->lower_case)
        return err_set(
            err, PM_E_UNSUPPORTED,
            "lower_case and a causal model, whose byte-level BPE keeps bytes as they are");
    if (like_llama(s) && size % 2)
        return err_set(err, PM_E_ARG,
                       "%zu heads of %zu; rotary positions turn pairs and want an even number",
                       s->n_heads, size);
    return PM_OK;
}

static pm_status service_create(pm_call *c, const pm_nn_shape *s, const pm_corpus *corpus,
                                pm_nn **out)
{
    arena *a = NULL;
    pm_err *err = &call_slot_of(c)->err;
    pm_status st = begin(c, &a, out);
    if (st != PM_OK) return st;
    if (!s || !PM_HAS(s, precision) || !corpus || !corpus->n)
        return c->host->fail(c, PM_E_ARG,
                             "nn.create: an incomplete pm_nn_shape, or an empty corpus");
    const vocab_want want = {.kind = s->kind == PM_NN_CAUSAL ? VOCAB_BPE : VOCAB_WORDPIECE,
                             .size = s->vocab,
                             .lower_case = s->lower_case != 0};
    tokenizer *t = NULL;
    st = check_shape(s, err);
    if (st == PM_OK)
        st = vocab_train(&want, corpus->document, corpus->n, a, &t, vocab_progress, c, err);
    if (st != PM_OK) return pass_on(c, st);
    nn_config config = shape_config(s, tokenizer_size(t));
    nn_layout layout;
    name_specials(&config, t);
    st = nn_config_check(&config, "nn.create", err);
    if (st == PM_OK) st = nn_layout_of(&config, a, &layout, err);
    if (st != PM_OK) return pass_on(c, st);
    float *slab = c->host->own(c, layout.floats, sizeof *slab);
    if (!slab) return PM_E_MEMORY;
    nn_init(&layout, c->seed, slab);
    const lm_options o = {.precision = precision_of(s->precision)};
    return pass_on(c, lm_of(machine(c), &config, slab, t, &o, a, &(*out)->m, err));
}

/* ---- checkpoints --------------------------------------------------------------------------------------------------- */

static const char *part(char out[256], const char *name, const char *what)
{
    int n = snprintf(out, 256, "%s.%s", name ? name : "", what);
    return n > 0 && n < 256 ? out : "";
}

static pm_status put_text(pm_call *c, pm_store *s, const char *name, str *text)
{
    pm_status st = text->failed
                       ? c->host->fail(c, PM_E_MEMORY, "out of memory for a stored model")
                       : c->host->put_text(c, s, name, (pm_str){str_text(text), text->len});
    str_close(text);
    return st;
}

static pm_status service_save(const pm_nn *m, pm_call *c, pm_store *s, const char *name)
{
    const nn_weights *w = lm_weights(m->m);
    const uint64_t trained[] = {m->bytes_trained};
    const float *slab = w->slab;
    str text = STR_INIT;
    char n[256];
    if (!slab) {
        float *all = c->host->scratch(c, w->layout->floats, sizeof *all);
        if (!all) return PM_E_MEMORY;
        pm_status read = nn_weights_read(w, all, &call_slot_of(c)->err);
        if (read != PM_OK) return pass_on(c, read);
        slab = all;
    }
    lm_put_settings(m->m, &text);
    pm_status st = put_text(c, s, part(n, name, "settings"), &text);
    text = (str)STR_INIT;
    if (st == PM_OK) tokenizer_put(lm_tokenizer(m->m), &text);
    if (st == PM_OK) st = put_text(c, s, part(n, name, "tokenizer"), &text);
    if (st == PM_OK)
        st = c->host->put_tensor(c, s, part(n, name, "trained"),
                                 (pm_tensor){PM_U64, 1, {1}, trained});
    if (st == PM_OK)
        st = c->host->put_tensor(c, s, part(n, name, "weights"),
                                 (pm_tensor){PM_F32, 1, {w->layout->floats}, slab});
    return st;
}

static pm_status service_load(pm_call *c, pm_store *s, const char *name, pm_nn **out)
{
    arena *a = NULL;
    char n[256];
    pm_str settings, tokens_json;
    pm_tensor weights, trained;
    pm_status st = begin(c, &a, out);
    if (st == PM_OK) st = c->host->get_text(c, s, part(n, name, "settings"), &settings);
    if (st == PM_OK) st = c->host->get_text(c, s, part(n, name, "tokenizer"), &tokens_json);
    if (st == PM_OK) st = c->host->view_tensor(c, s, part(n, name, "trained"), PM_U64, &trained);
    if (st == PM_OK) st = c->host->view_tensor(c, s, part(n, name, "weights"), PM_F32, &weights);
    if (st != PM_OK) return st;
    if (weights.n_dims != 1 || trained.n_dims != 1 || trained.dim[0] != 1)
        return c->host->fail(c, PM_E_FORMAT,
                             "model '%s' of the checkpoint has parts that do not fit", name);
    (*out)->bytes_trained = *(const uint64_t *)trained.ptr;
    return pass_on(c, lm_of_settings(machine(c), settings, tokens_json, weights.ptr, weights.dim[0],
                                     a, &(*out)->m, &call_slot_of(c)->err));
}

/* ---- what they compute ---------------------------------------------------------------------------------------------- */

#define TEXTS_AT_ONCE ((size_t)512) /* between two looks at whether to go on */

static void service_about(const pm_nn *m, pm_nn_about *out)
{
    static const pm_nn_pool pool[] = {[NN_POOL_MEAN] = PM_NN_MEAN,
                                      [NN_POOL_FIRST] = PM_NN_CLS,
                                      [NN_POOL_LAST] = PM_NN_LAST,
                                      [NN_POOL_POOLER] = PM_NN_POOLER};
    const nn_config *c = lm_config(m->m);
    out->name = lm_name(m->m);
    out->kind = c->causal ? PM_NN_CAUSAL : PM_NN_MASKED;
    out->can_score = c->lm_head != NN_LM_NONE;
    out->can_ask = c->causal && c->lm_head != NN_LM_NONE;
    out->n_layers = c->n_layers;
    out->width = c->width;
    out->n_vocab = c->n_vocab;
    out->max_tokens = lm_max_tokens(m->m);
    out->n_outputs = c->n_outputs;
    out->n_parameters = lm_weights(m->m)->layout->n_parameters;
    out->pool = pool[lm_pooling(m->m)];
    out->bytes_trained = m->bytes_trained;
}

/* Cancelled? Long calls also say how far they are. */
static pm_status go_on(pm_call *c, size_t done, size_t n)
{
    return n > TEXTS_AT_ONCE ? c->host->progress(c, (double)done / (double)n, NULL, 0) : PM_OK;
}

static pm_mat rows_from(pm_mat m, size_t first)
{
    return (pm_mat){m.at + first * m.ld, m.rows - first, m.cols, m.ld};
}

static pm_status service_embed(const pm_nn *m, pm_call *c, const pm_str *text, size_t n,
                               pm_nn_pool pool, int normalise, pm_mat out)
{
    lm_room *r = room_of(c);
    lm_cut cut = {0};
    pm_status st = r ? PM_OK : PM_E_MEMORY;
    for (size_t i = 0; i < n && st == PM_OK; i += TEXTS_AT_ONCE) {
        const size_t some = n - i < TEXTS_AT_ONCE ? n - i : TEXTS_AT_ONCE;
        st = pass_on(c, lm_embed(m->m, call_pool(c), r, text + i, some, service_nn_pooling(pool),
                                 normalise != 0, rows_from(out, i), &cut, &call_slot_of(c)->err));
        if (st == PM_OK) st = go_on(c, i + some, n);
    }
    tell_cut(c, &cut);
    return st;
}

static pm_status service_outputs(const pm_nn *m, pm_call *c, const pm_str *text, const pm_str *pair,
                                 size_t n, pm_nn_pool pool, pm_mat out)
{
    lm_room *r = room_of(c);
    lm_cut cut = {0};
    pm_status st = r ? PM_OK : PM_E_MEMORY;
    for (size_t i = 0; i < n && st == PM_OK; i += TEXTS_AT_ONCE) {
        const size_t some = n - i < TEXTS_AT_ONCE ? n - i : TEXTS_AT_ONCE;
        st = pass_on(c, lm_outputs(m->m, call_pool(c), r, text + i, pair ? pair + i : NULL, some,
                                   service_nn_pooling(pool), rows_from(out, i), &cut,
                                   &call_slot_of(c)->err));
        if (st == PM_OK) st = go_on(c, i + some, n);
    }
    tell_cut(c, &cut);
    return st;
}

static double *from(double *v, size_t i)
{
    return v ? v + i : NULL;
}

static pm_status service_score(const pm_nn *m, pm_call *c, const pm_str *text, const uint64_t *id,
                               size_t n, pm_nn_score *o)
{
    lm_room *r = room_of(c);
    lm_cut cut = {0};
    pm_status st = r ? PM_OK : PM_E_MEMORY;
    if (!o || !PM_HAS(o, part))
        return c->host->fail(c, PM_E_ARG, "nn.score: an incomplete pm_nn_score");
    const lm_masking k = {o->mask_share > 0 ? o->mask_share : .15, o->draws ? o->draws : 1,
                          o->mask_seed, PM_HAS(o, mask_in_turn) && o->mask_in_turn};
    const bool masked = (PM_HAS(o, masked_only) && o->masked_only) || !lm_config(m->m)->causal;
    for (size_t i = 0; i < n && st == PM_OK; i += TEXTS_AT_ONCE) {
        const size_t some = n - i < TEXTS_AT_ONCE ? n - i : TEXTS_AT_ONCE;
        lm_scored out = {.nats = from(o->nats, i),
                         .pieces = from(o->pieces, i),
                         .words = from(o->words, i),
                         .chars = from(o->chars, i),
                         .right = from(o->right, i),
                         .n_parts = o->n_parts,
                         .part = from(o->part, i * o->n_parts)};
        st = pass_on(c, lm_score(m->m, call_pool(c), r, text + i, id ? id + i : NULL, some,
                                 masked ? &k : NULL, &out, &cut, &call_slot_of(c)->err));
        if (st == PM_OK) st = go_on(c, i + some, n);
    }
    tell_cut(c, &cut);
    return st;
}

static pm_status service_ask(const pm_nn *m, pm_call *c, const pm_turn *turn, size_t n_turns,
                             const pm_nn_say *how, pm_reply *out)
{
    lm_room *r = room_of(c);
    if (!r) return PM_E_MEMORY;
    if (!how || !PM_HAS(how, chat))
        return c->host->fail(c, PM_E_ARG, "nn.ask: an incomplete pm_nn_say");
    str text = STR_INIT;
    const lm_say say = {.sampling = {how->temperature, how->top_p > 0 ? how->top_p : 1, how->top_k},
                        .max_new = how->max_new ? how->max_new : 256,
                        .seed = c->seed,
                        .chat = how->chat};
    lm_said said = {.text = &text};
    pm_status st = pass_on(
        c, lm_generate(m->m, call_pool(c), r, turn, n_turns, &say, &said, &call_slot_of(c)->err));
    char *kept = st == PM_OK ? c->host->scratch(c, text.len + 1, 1) : NULL;
    if (st == PM_OK && (!kept || text.failed))
        st = c->host->fail(c, PM_E_MEMORY, "out of memory for an answer");
    if (st == PM_OK) {
        memcpy(kept, str_text(&text), text.len);
        out->text = (pm_str){kept, text.len};
        out->tokens_in = (uint32_t)said.tokens_in;
        out->tokens_out = (uint32_t)said.tokens_out;
        c->host->cut(c, 1, said.tokens_cut > 0, said.tokens_in + said.tokens_cut, said.tokens_cut);
    }
    str_close(&text);
    return st;
}

static const pm_nn_service language_models = {
    .size = sizeof language_models,
    .open = service_open,
    .create = service_create,
    .fit = service_nn_fit,
    .save = service_save,
    .load = service_load,
    .about = service_about,
    .embed = service_embed,
    .outputs = service_outputs,
    .score = service_score,
    .ask = service_ask,
};

const pm_nn_service *service_nn(void)
{
    return &language_models;
}
