/* SPDX-License-Identifier: MIT
 *
 * transformer: a language model that scores texts in nats and, if it reads from left to right, answers prompts.  It is read
 * from files, or trained from the expert's text, or both (further training of files, whole or by LoRA).
 */
#include <math.h>
#include <pointsman/plugin.h>
#include <time.h>

typedef struct options {
    const char *model, *chat;
    int64_t kind, design, layers, width, heads, inner, vocab, lower_case, max_tokens, precision;
    double epochs, rate, warm_up, weight_decay, tune_share;
    int64_t max_steps, batch_tokens, decay, patience, lora_rank;
    double mask_share, learn_share, temperature, top_p;
    int64_t mask_draws, mask_seed, mask_pieces, words, max_new, top_k;
} options;

enum { WORDS_ALL, WORDS_MASKED };
enum { TOGETHER, IN_TURN };

struct pm_backend {
    pm_nn *nn;
    pm_nn_about about;
};

static const pm_nn_service *service(pm_call *c)
{
    const pm_nn_service *s = c->host->service(PM_NN_SERVICE);
    if (!s) c->host->fail(c, PM_E_UNSUPPORTED, "this host has no language models (pm.nn/1)");
    return s;
}

static pm_status settle(pm_backend *b, pm_call *c, const pm_nn_service *s)
{
    b->about = (pm_nn_about){.size = sizeof b->about};
    s->about(b->nn, &b->about);
    if (b->about.can_score || b->about.can_ask) return PM_OK;
    return c->host->fail(
        c, PM_E_UNSUPPORTED,
        "%s has no language-model head: it gives vectors and neither scores nor answers",
        b->about.name);
}

static pm_status open_or_create(pm_backend *b, pm_call *c, const pm_nn_service *s,
                                const pm_corpus *corpus)
{
    const options *o = c->params;
    if (o->model[0]) {
        const pm_nn_open how = {.size = sizeof how,
                                .model = o->model,
                                .precision = (pm_nn_precision)o->precision,
                                .max_tokens = (size_t)o->max_tokens};
        return s->open(c, &how, &b->nn);
    }
    if (!corpus)
        return c->host->fail(c, PM_E_UNSUPPORTED,
                             "a new model learns from text and cannot replay recorded outcomes");
    const pm_nn_shape shape = {.size = sizeof shape,
                               .kind = (pm_nn_kind)o->kind,
                               .n_layers = (size_t)o->layers,
                               .width = (size_t)o->width,
                               .n_heads = (size_t)o->heads,
                               .inner = (size_t)o->inner,
                               .vocab = (size_t)o->vocab,
                               .max_tokens = o->max_tokens ? (size_t)o->max_tokens : 256,
                               .lower_case = (int)o->lower_case,
                               .precision = (pm_nn_precision)o->precision,
                               .design = (pm_nn_design)o->design};
    return s->create(c, &shape, corpus, &b->nn);
}

static pm_status learn(pm_backend *b, pm_call *c, const pm_nn_service *s, const pm_corpus *corpus,
                       double epochs)
{
    const options *o = c->params;
    if (!corpus)
        return c->host->fail(c, PM_E_UNSUPPORTED,
                             "it learns from text and cannot replay recorded outcomes");
    if (o->lora_rank && !o->model[0])
        return c->host->fail(
            c, PM_E_ARG,
            "lora_rank = %d adapts a model from files; a new model has no weights worth keeping",
            (int)o->lora_rank);
    const pm_nn_fit how = {.size = sizeof how,
                           .text = corpus->document,
                           .n = corpus->n,
                           .epochs = epochs,
                           .max_steps = (uint64_t)o->max_steps,
                           .batch_tokens = (size_t)o->batch_tokens,
                           .rate = o->rate,
                           .warm_up = o->warm_up,
                           .decay = (pm_nn_decay)o->decay,
                           .weight_decay = o->weight_decay,
                           .tune_share = o->tune_share,
                           .patience = (size_t)o->patience,
                           .mask_share = o->learn_share > 0 ? o->learn_share : o->mask_share,
                           .mask_in_turn = o->mask_pieces == IN_TURN,
                           .lora_rank = (size_t)o->lora_rank};
    return s->fit(c, &b->nn, &how);
}

static pm_status train(pm_backend *b, pm_call *c, const pm_backend_fit *fit)
{
    const options *o = c->params;
    const pm_nn_service *s = service(c);
    const double epochs = o->epochs > 0 || o->model[0] ? o->epochs : 1;
    pm_status st = s ? open_or_create(b, c, s, fit->corpus) : PM_E_UNSUPPORTED;
    if (st == PM_OK && epochs > 0) st = learn(b, c, s, fit->corpus, epochs);
    if (st == PM_OK) st = settle(b, c, s);
    if (st != PM_OK) return st;
    const pm_metric said[] = {{"params", (double)b->about.n_parameters}};
    return c->host->progress(c, 1, said, 1);
}

static pm_status save(const pm_backend *b, pm_call *c, pm_store *store)
{
    const pm_nn_service *s = service(c);
    return s ? s->save(b->nn, c, store, "model") : PM_E_UNSUPPORTED;
}

static pm_status load(pm_backend *b, pm_call *c, pm_store *store)
{
    const pm_nn_service *s = service(c);
    pm_status st = s ? s->load(c, store, "model", &b->nn) : PM_E_UNSUPPORTED;
    return st == PM_OK ? settle(b, c, s) : st;
}

/* ---- scoring ------------------------------------------------------------------------------------------------------ */

static pm_status score(const pm_backend *b, pm_call *c, const pm_prompts *x, pm_measured *out)
{
    const options *o = c->params;
    const pm_nn_service *s = service(c);
    if (!s) return PM_E_UNSUPPORTED;
    if (x->n && !x->text) return c->host->fail(c, PM_E_ARG, "it scores texts, and there are none");
    const int wants_parts = PM_HAS(out, part) && out->part && out->n_parts;
    pm_nn_score how = {.size = sizeof how,
                       .mask_share = o->mask_share,
                       .draws = (size_t)o->mask_draws,
                       .mask_seed = (uint64_t)o->mask_seed,
                       .nats = out->value,
                       .pieces = out->tokens,
                       .chars = out->chars,
                       .n_parts = wants_parts ? out->n_parts : 0,
                       .part = wants_parts ? out->part : NULL,
                       .mask_in_turn = o->mask_pieces == IN_TURN,
                       .masked_only = o->words == WORDS_MASKED};
    out->kind = PM_VALUE_LOSS;
    for (size_t i = 0; out->cost_usd && i < x->n; i++) out->cost_usd[i] = (double)NAN;
    return s->score(b->nn, c, x->text, x->id, x->n, &how);
}

/* ---- answers ------------------------------------------------------------------------------------------------------ */

static double now_ms(void)
{
    struct timespec t;
    return timespec_get(&t, TIME_UTC) ? 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec : 0;
}

static pm_status ask(const pm_backend *b, pm_call *c, const pm_expert *e, const pm_turn *turn,
                     size_t n_turns, pm_reply *out)
{
    const options *o = c->params;
    const pm_nn_service *s = service(c);
    if (!s) return PM_E_UNSUPPORTED;
    const pm_nn_say how = {.size = sizeof how,
                           .temperature = o->temperature,
                           .top_p = o->top_p,
                           .top_k = (size_t)o->top_k,
                           .max_new = (size_t)o->max_new,
                           .chat = o->chat[0] ? o->chat : NULL};
    const double began = now_ms();
    pm_status st = s->ask(b->nn, c, turn, n_turns, &how, out);
    if (st != PM_OK) return st;
    const double took = now_ms() - began, in = e ? pm_attr_number(e, "price_in", 0) : 0,
                 reply = e ? pm_attr_number(e, "price_out", 0) : 0;
    out->latency_ms = took > 0 ? took : 0;
    out->cost_usd = 1e-6 * (in * out->tokens_in + reply * out->tokens_out);
    return PM_OK;
}

/* ---- what it is ---------------------------------------------------------------------------------------------------- */

static const char *const kinds[] = {"masked", "causal", NULL};
static const char *const precisions[] = {"exact", "fast", "bytes", NULL};
static const char *const designs[] = {"usual", "bert", "llama", NULL};
static const char *const orders[] = {"together", "in_turn", NULL};
static const char *const words[] = {"all", "masked", NULL};
static const char *const decays[] = {"constant", "linear", "cosine", NULL};

static const pm_param params[] = {
    PM_PARAM_MODEL(options, model, "",
                   "files to read: a name (pointsman model list) or a path; \"\": a new model, "
                   "learned from the expert's "
                   "text"),
    PM_PARAM_WORDS(PM_P_CHOICE, options, kind, 0, 0, 0, kinds,
                   "of a new model: masked guesses words from both sides (BERT), causal reads from "
                   "left to right (Llama)"),
    PM_PARAM_WORDS(PM_P_CHOICE, options, design, 0, 0, 0, designs,
                   "of a new model: bert: learned positions, LayerNorm after each part, GELU; "
                   "llama: rotary positions, "
                   "RMSNorm before each part, SwiGLU; usual: bert if masked, llama if causal"),
    PM_PARAM(PM_P_I64, options, layers, 4, 1, 64, "of a new model"),
    PM_PARAM(PM_P_I64, options, width, 256, 16, 4096, "of a new model"),
    PM_PARAM(PM_P_I64, options, heads, 4, 1, 64, "of a new model; divides width"),
    PM_PARAM(PM_P_I64, options, inner, 0, 0, 16384,
             "width inside a layer; 0: 4 width (bert), 8/3 width (llama)"),
    PM_PARAM(PM_P_I64, options, vocab, 8000, 300, 200000,
             "pieces of a new model's vocabulary, learned from the text"),
    PM_PARAM(PM_P_BOOL, options, lower_case, 0, 0, 1, "a new masked model reads A as a"),
    PM_PARAM(PM_P_I64, options, max_tokens, 0, 0, 1 << 20,
             "it reads at once; 0: as the files say, 256 for a new model"),
    PM_PARAM_WORDS(PM_P_CHOICE, options, precision, 1, 0, 0, precisions,
                   "float32; bfloat16 products where the CPU is faster so; int8 weights"),
    PM_PARAM(PM_P_F64, options, epochs, 0, 0, 1000,
             "of training over the text; 0: none for files, 1 for a new model"),
    PM_PARAM(PM_P_I64, options, max_steps, 0, 0, 1e9,
             "training ends there at the latest; 0: no limit"),
    PM_PARAM(PM_P_I64, options, batch_tokens, 4096, 64, 1 << 20, "tokens a step"),
    PM_PARAM(PM_P_F64, options, rate, 0, 0, 1,
             "learning rate; 0: 5e-4 for a new model, 5e-5 for files"),
    PM_PARAM(PM_P_F64, options, warm_up, .05, 0, .9, "share of the steps in which the rate rises"),
    PM_PARAM_WORDS(PM_P_CHOICE, options, decay, 2, 0, 0, decays, "of the rate after that"),
    PM_PARAM(PM_P_F64, options, weight_decay, .01, 0, 1, "of AdamW"),
    PM_PARAM(PM_P_F64, options, tune_share, .02, .001, .5,
             "of the documents: held out for the curve and for stopping"),
    PM_PARAM(PM_P_I64, options, patience, 0, 0, 1000,
             "measurements of the held-out loss without a better one before it stops; 0: never"),
    PM_PARAM(PM_P_I64, options, lora_rank, 0, 0, 256,
             "of adapters that learn instead of all weights; 0: all weights"),
    PM_PARAM(PM_P_F64, options, mask_share, .15, .01, .9, "of whitespace words that are masked"),
    PM_PARAM(PM_P_F64, options, learn_share, 0, 0, .9, "the same while it learns; 0: mask_share"),
    PM_PARAM_WORDS(PM_P_CHOICE, options, mask_pieces, TOGETHER, 0, 0, orders,
                   "of a masked word: all are guessed at once, or from left to right, each knowing "
                   "those before it; it learns "
                   "as it is asked"),
    PM_PARAM(PM_P_I64, options, mask_draws, 1, 1, 100,
             "masks a text when scoring; the loss is their mean"),
    PM_PARAM(
        PM_P_I64, options, mask_seed, 0, 0, 9e15,
        "of the masks when scoring; experts with the same seed mask the same words of a prompt"),
    PM_PARAM_WORDS(
        PM_P_CHOICE, options, words, WORDS_ALL, 0, 0, words,
        "of a causal model's loss: masked counts only what masked models with the same mask_* are "
        "asked for"),
    PM_PARAM_TEXT(options, chat, "",
                  "template: chatml, llama-3, zephyr, gemma, plain; \"\": the model's own"),
    PM_PARAM(PM_P_I64, options, max_new, 256, 1, 1 << 16, "most tokens of an answer"),
    PM_PARAM(PM_P_F64, options, temperature, 0, 0, 10, "of answers; 0: the likeliest token always"),
    PM_PARAM(PM_P_F64, options, top_p, 1, .01, 1,
             "share of probability that tokens are drawn from"),
    PM_PARAM(PM_P_I64, options, top_k, 0, 0, 1 << 20,
             "likeliest tokens that are drawn from; 0: all"),
    PM_PARAM_END,
};

static const pm_backend_type transformer = {
    .size = sizeof transformer,
    .name = "transformer",
    .doc = "A transformer language model, run and trained in pure C.  Masked models guess whole "
           "words that are masked, the "
           "same words for every expert; causal models read from left to right and also answer "
           "prompts.  A text's loss is "
           "its total nats with the pieces and code points that they are of, so that models with "
           "other vocabularies "
           "compare per character.  Files (BERT, RoBERTa, DistilBERT; GPT-2, Llama, SmolLM, Qwen2, "
           "GGUF), a new model "
           "learned from text, or both.  Wins: what n-grams cannot see; loses: minutes of training "
           "instead of seconds.",
    .source = "Devlin et al. 2019, arXiv 1810.04805, section 3.1 (masked LM); Radford et al. 2019 "
              "(causal LM); Touvron et "
              "al. 2023, arXiv 2302.13971 (Llama); Hu et al. 2021, arXiv 2106.09685 (LoRA); Kauf "
              "and Ivanova 2023, "
              "arXiv 2305.10588 (pieces in turn)",
    .params = params,
    .params_bytes = sizeof(options),
    .state_bytes = sizeof(struct pm_backend),
    .train = train,
    .save = save,
    .load = load,
    .score = score,
    .ask = ask,
};
PM_PLUGIN_BACKEND(transformer, "1.0", "MIT")
