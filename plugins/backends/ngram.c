/* SPDX-License-Identifier: MIT
 *
 * ngram: a byte-level language model that is trained from a corpus in about a second and scores texts in nats.  It is
 * interpolated modified Kneser-Ney, kept as a trie of suffixes.  It does not answer prompts.
 */
#include <math.h>

#include "ngram_cut.h"
#include "ngram_estimate.h"
#include "ngram_score.h"
#include "ngram_store.h"

typedef struct options {
    int64_t order, min_count, words;
    double mask_share;
    int64_t mask_draws, mask_seed;
} options;

enum { WORDS_ALL, WORDS_MASKED };

struct pm_backend {
    ngram_model model;
    uint64_t bytes; /* trained on */
};

static pm_status build_whole(pm_call *c, ngram_builder *b, ngram_room room, ngram_trie *out)
{
    pm_status st = ngram_estimate(c, b, &(ngram_cutting){NULL, 1}, room);
    out->order = b->order;
    for (int k = 0; k <= b->order; k++) {
        const ngram_growing *l = &b->level[k];
        out->level[k] = (ngram_level){l->n, l->byte, l->start, l->log_p, l->log_backoff};
    }
    return st;
}

static pm_status build_cut(pm_call *c, ngram_builder *b, ngram_room room, ngram_trie *out)
{
    const options *o = c->params;
    const uint32_t *raw[NGRAM_MAX_ORDER + 1] = {0};
    const ngram_cutting cut = {raw, (uint32_t)o->min_count};
    pm_status st = ngram_occurrences(c, b, raw);
    if (st == PM_OK) st = ngram_estimate(c, b, &cut, room);
    return st == PM_OK ? ngram_cut(c, b, &cut, out) : st;
}

static pm_status train(pm_backend *b, pm_call *c, const pm_backend_fit *fit)
{
    const options *o = c->params;
    ngram_keys keys;
    ngram_builder builder;
    if (!fit->corpus)
        return c->host->fail(c, PM_E_UNSUPPORTED,
                             "it learns from text and cannot replay recorded outcomes");
    pm_status st = ngram_keys_sort(c, fit->corpus, (int)o->order, &keys);
    if (st == PM_OK) st = ngram_build(c, &keys, o->min_count < 2, &builder);
    if (st != PM_OK) return st;
    const ngram_room room = {keys.key, keys.n * sizeof *keys.key}; /* the keys have been read */
    st = (o->min_count < 2 ? build_whole : build_cut)(c, &builder, room, &b->model.trie);
    if (st == PM_OK) st = ngram_index(c, &b->model);
    if (st != PM_OK) return st;
    b->bytes = keys.bytes;
    const pm_metric said[] = {{"params", (double)ngram_count(&b->model.trie)},
                              {"bytes", (double)keys.bytes}};
    return c->host->progress(c, 1, said, sizeof said / sizeof *said);
}

/* ---- scoring ------------------------------------------------------------------------------------------------------ */

typedef struct score_job {
    const pm_backend *b;
    const pm_prompts *x;
    pm_measured *out;
    size_t n_parts;
    const pm_masks_service *masks; /* NULL: all words */
} score_job;

/* Room for the weights of the longest text of [lo, hi). */
static pm_status weight_room(const score_job *job, pm_call *w, size_t lo, size_t hi, double **out)
{
    size_t longest = 1;
    *out = NULL;
    if (!job->masks) return PM_OK;
    for (size_t i = lo; i < hi; i++)
        if (job->x->text[i].len > longest) longest = job->x->text[i].len;
    *out = w->host->scratch(w, longest, sizeof **out);
    return *out ? PM_OK : PM_E_MEMORY;
}

static pm_status weigh(const score_job *job, pm_call *w, size_t i, double *weight)
{
    const options *o = w->params;
    const pm_masks how = {sizeof how, o->mask_share, (size_t)o->mask_draws, (uint64_t)o->mask_seed};
    return job->masks->weigh(w, &how, job->x->text[i], job->x->id ? job->x->id[i] : i, weight);
}

/* Bytes and code points that a loss is of. */
static void count(pm_str text, const double *weight, double *bytes, double *chars)
{
    *bytes = (double)text.len;
    *chars = (double)ngram_code_points(text);
    if (!weight) return;
    *bytes = *chars = 0;
    for (size_t i = 0; i < text.len; i++) {
        *bytes += weight[i];
        if (((uint8_t)text.ptr[i] & 0xc0u) != 0x80u) *chars += weight[i];
    }
}

static pm_status score_some(pm_call *w, size_t lo, size_t hi, void *arg)
{
    const score_job *job = arg;
    const pm_measured *out = job->out;
    double *weight, bytes, chars;
    pm_status st = weight_room(job, w, lo, hi, &weight);
    for (size_t i = lo; i < hi && st == PM_OK; i++) {
        const pm_str text = job->x->text[i];
        double *part = job->n_parts ? out->part + i * job->n_parts : NULL;
        if (weight) st = weigh(job, w, i, weight);
        if (st != PM_OK) break;
        const double nats = ngram_nats(&job->b->model, text, weight, part, job->n_parts);
        count(text, weight, &bytes, &chars);
        if (out->value) out->value[i] = nats;
        if (out->cost_usd) out->cost_usd[i] = (double)NAN;
        if (out->tokens) out->tokens[i] = bytes;
        if (out->chars) out->chars[i] = chars;
    }
    return st;
}

static pm_status score(const pm_backend *b, pm_call *c, const pm_prompts *x, pm_measured *out)
{
    const options *o = c->params;
    score_job job = {b, x, out, PM_HAS(out, part) && out->part ? out->n_parts : 0, NULL};
    if (x->n && !x->text) return c->host->fail(c, PM_E_ARG, "it scores texts, and there are none");
    if (o->words == WORDS_MASKED) job.masks = c->host->service(PM_MASKS_SERVICE);
    if (o->words == WORDS_MASKED && !job.masks)
        return c->host->fail(c, PM_E_UNSUPPORTED,
                             "this host masks no words (" PM_MASKS_SERVICE ")");
    out->kind = PM_VALUE_LOSS;
    return c->host->parallel(c, x->n, 8, score_some, &job);
}

/* ---- checkpoints --------------------------------------------------------------------------------------------------- */

static pm_status save(const pm_backend *b, pm_call *c, pm_store *s)
{
    const uint64_t head[] = {(uint64_t)b->model.trie.order, b->bytes};
    pm_status st = c->host->put_tensor(c, s, "order_and_bytes", (pm_tensor){PM_U64, 1, {2}, head});
    return st == PM_OK ? ngram_store(&b->model.trie, c, s) : st;
}

static pm_status load(pm_backend *b, pm_call *c, pm_store *s)
{
    pm_tensor t;
    uint64_t head[2];
    pm_status st = c->host->view_tensor(c, s, "order_and_bytes", PM_U64, &t);
    if (st != PM_OK) return st;
    if (t.n_dims != 1 || t.dim[0] != 2)
        return c->host->fail(c, PM_E_FORMAT, "'order_and_bytes' does not hold 2 numbers");
    memcpy(head, t.ptr, sizeof head);
    if (head[0] < 1 || head[0] > NGRAM_MAX_ORDER)
        return c->host->fail(c, PM_E_FORMAT, "order %llu; want 1 .. %d",
                             (unsigned long long)head[0], NGRAM_MAX_ORDER);
    b->bytes = head[1];
    st = ngram_restore(&b->model.trie, c, s, (int)head[0]);
    return st == PM_OK ? ngram_index(c, &b->model) : st;
}

static const char *const words[] = {"all", "masked", NULL};

static const pm_param params[] = {
    PM_PARAM(PM_P_I64, options, order, 6, 1, NGRAM_MAX_ORDER,
             "bytes of the longest n-gram: the byte that is predicted and those before it"),
    PM_PARAM(PM_P_I64, options, min_count, 1, 1, 1e6,
             "n-grams of 3 bytes and more are kept if they occur this often; 1 keeps all"),
    PM_PARAM_WORDS(
        PM_P_CHOICE, options, words, WORDS_ALL, 0, 0, words,
        "that a loss is of; masked: those that masked models with the same mask_* are asked for"),
    PM_PARAM(PM_P_F64, options, mask_share, .15, .01, .9, "of whitespace words that are masked"),
    PM_PARAM(PM_P_I64, options, mask_draws, 1, 1, 100, "masks a text; the loss is their mean"),
    PM_PARAM(PM_P_I64, options, mask_seed, 0, 0, 9e15, "of the masks"),
    PM_PARAM_END,
};

static const pm_backend_type ngram = {
    .size = sizeof ngram,
    .name = "ngram",
    .doc = "Byte-level n-gram language model, interpolated modified Kneser-Ney: sums to one over "
           "the 256 bytes after any context, base distribution 1/256, documents share no context. "
           "A text's loss is its total nats, with bytes (tokens) and code points counted. Wins: a "
           "real model with real losses, trained on megabytes in a second and small on disk; "
           "loses: sees only order - 1 bytes back, and cannot answer.",
    .source = "Chen & Goodman, Computer Speech & Language 13 (1999), section 3: p_KN, D1, D2, D3+ "
              "and gamma of interpolated modified Kneser-Ney",
    .params = params,
    .params_bytes = sizeof(options),
    .state_bytes = sizeof(pm_backend),
    .train = train,
    .save = save,
    .load = load,
    .score = score,
};
PM_PLUGIN_BACKEND(ngram, "1.0", "MIT")
