/* SPDX-License-Identifier: MIT
 *
 * encoder: vectors by a transformer that reads the whole text: a sentence encoder from files (all-MiniLM-L6-v2 and its
 * kind), or a masked language model that is trained here on the training texts.  Equal to sentence-transformers for
 * files that it made.
 */
#include <pointsman/plugin.h>

typedef struct options {
    const char *model;
    int64_t pool, normalise, precision, max_tokens;
    int64_t layers, width, heads, vocab, lower_case, max_steps, batch_tokens;
    double epochs, rate;
} options;

struct pm_embedder {
    pm_nn *nn;
    size_t width;
    pm_nn_pool pool;
};

static const pm_nn_service *service(pm_call *c)
{
    const pm_nn_service *s = c->host->service(PM_NN_SERVICE);
    if (!s) c->host->fail(c, PM_E_UNSUPPORTED, "this host has no language models (pm.nn/1)");
    return s;
}

static pm_status settle(pm_embedder *e, pm_call *c, const pm_nn_service *s)
{
    const options *o = c->params;
    pm_nn_about about = {.size = sizeof about};
    s->about(e->nn, &about);
    e->width = about.width;
    e->pool = o->pool == 0 ? about.pool : (pm_nn_pool)(o->pool - 1);
    return PM_OK;
}

static pm_status open_or_create(pm_embedder *e, pm_call *c, const pm_nn_service *s,
                                const pm_corpus *texts)
{
    const options *o = c->params;
    if (o->model[0]) {
        const pm_nn_open how = {.size = sizeof how,
                                .model = o->model,
                                .precision = (pm_nn_precision)o->precision,
                                .max_tokens = (size_t)o->max_tokens};
        return s->open(c, &how, &e->nn);
    }
    const pm_nn_shape shape = {.size = sizeof shape,
                               .kind = PM_NN_MASKED,
                               .n_layers = (size_t)o->layers,
                               .width = (size_t)o->width,
                               .n_heads = (size_t)o->heads,
                               .vocab = (size_t)o->vocab,
                               .max_tokens = o->max_tokens ? (size_t)o->max_tokens : 256,
                               .lower_case = (int)o->lower_case,
                               .precision = (pm_nn_precision)o->precision};
    return s->create(c, &shape, texts, &e->nn);
}

static pm_status train(pm_embedder *e, pm_call *c, const pm_fit *fit)
{
    const options *o = c->params;
    const pm_nn_service *s = service(c);
    const pm_corpus texts = {sizeof texts, fit->x->text, fit->x->n};
    const double epochs = o->epochs > 0 || o->model[0] ? o->epochs : 1;
    pm_status st = s ? open_or_create(e, c, s, &texts) : PM_E_UNSUPPORTED;
    if (st == PM_OK && epochs > 0) {
        const pm_nn_fit how = {.size = sizeof how,
                               .text = texts.document,
                               .n = texts.n,
                               .epochs = epochs,
                               .max_steps = (uint64_t)o->max_steps,
                               .batch_tokens = (size_t)o->batch_tokens,
                               .rate = o->rate,
                               .decay = PM_NN_LINEAR};
        st = s->fit(c, &e->nn, &how);
    }
    return st == PM_OK ? settle(e, c, s) : st;
}

static pm_status save(const pm_embedder *e, pm_call *c, pm_store *store)
{
    const pm_nn_service *s = service(c);
    return s ? s->save(e->nn, c, store, "model") : PM_E_UNSUPPORTED;
}

static pm_status load(pm_embedder *e, pm_call *c, pm_store *store)
{
    const pm_nn_service *s = service(c);
    pm_status st = s ? s->load(c, store, "model", &e->nn) : PM_E_UNSUPPORTED;
    return st == PM_OK ? settle(e, c, s) : st;
}

static size_t dim(const pm_embedder *e)
{
    return e->width;
}

static pm_status embed(const pm_embedder *e, pm_call *c, const pm_str *text, size_t n, pm_mat out)
{
    const options *o = c->params;
    const pm_nn_service *s = service(c);
    return s ? s->embed(e->nn, c, text, n, e->pool, (int)o->normalise, out) : PM_E_UNSUPPORTED;
}

static const char *const pools[] = {"auto", "mean", "cls", "last", NULL};
static const char *const precisions[] = {"exact", "fast", "bytes", NULL};

static const pm_param params[] = {
    PM_PARAM_MODEL(options, model, "all-MiniLM-L6-v2",
                   "files to read: a name (pointsman model list) or a path; \"\": train a masked "
                   "language model on the "
                   "training texts"),
    PM_PARAM_WORDS(PM_P_CHOICE, options, pool, 0, 0, 0, pools,
                   "of token vectors; auto: as the files say, else their mean"),
    PM_PARAM(PM_P_BOOL, options, normalise, 1, 0, 1, "scale vectors to length 1"),
    PM_PARAM_WORDS(PM_P_CHOICE, options, precision, 1, 0, 0, precisions,
                   "float32; bfloat16 products where the CPU is faster so; int8 weights"),
    PM_PARAM(PM_P_I64, options, max_tokens, 0, 0, 1 << 20,
             "longer texts are cut there, and counted; 0: as the files say, 256 for a new model"),
    PM_PARAM(PM_P_I64, options, layers, 4, 1, 64, "of a new model"),
    PM_PARAM(PM_P_I64, options, width, 256, 16, 4096, "of a new model"),
    PM_PARAM(PM_P_I64, options, heads, 4, 1, 64, "of a new model; divides width"),
    PM_PARAM(PM_P_I64, options, vocab, 8000, 200, 200000,
             "pieces of a new model's vocabulary, learned from the texts"),
    PM_PARAM(PM_P_BOOL, options, lower_case, 1, 0, 1, "a new model reads A as a"),
    PM_PARAM(
        PM_P_F64, options, epochs, 0, 0, 1000,
        "of masked-language-model training over the texts; 0: none for files, 1 for a new model"),
    PM_PARAM(PM_P_I64, options, max_steps, 0, 0, 1e9,
             "training ends there at the latest; 0: no limit"),
    PM_PARAM(PM_P_I64, options, batch_tokens, 4096, 64, 1 << 20, "tokens a step"),
    PM_PARAM(PM_P_F64, options, rate, 0, 0, 1,
             "learning rate; 0: 5e-4 for a new model, 5e-5 for files"),
    PM_PARAM_END,
};

static const pm_embedder_type encoder = {
    .size = sizeof encoder,
    .name = "encoder",
    .doc = "Vectors by a transformer that reads the whole text, in pure C: sentence encoders from "
           "files (MiniLM, BERT, "
           "RoBERTa, DistilBERT), or a masked language model trained on the training texts.  Wins "
           "where meaning counts more "
           "than words: short prompts, paraphrases, few labels.  Costs milliseconds a prompt, not "
           "microseconds.",
    .source = "Reimers and Gurevych 2019, arXiv 1908.10084, section 3 (mean pooling); Wang et al. "
              "2020, arXiv "
              "2002.10957 (MiniLM)",
    .params = params,
    .params_bytes = sizeof(options),
    .state_bytes = sizeof(struct pm_embedder),
    .train = train,
    .save = save,
    .load = load,
    .dim = dim,
    .embed = embed,
};

PM_PLUGIN_EMBEDDER(encoder, "1.0", "MIT")
