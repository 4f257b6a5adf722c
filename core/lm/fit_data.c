/* SPDX-License-Identifier: MIT
 *
 * Texts as sequences of tokens, once before training: documents as one stream (causal), as pieces between [CLS] and [SEP]
 * (masked), or a sequence a text (labelled).  Texts are encoded in rounds by all threads and appended in order.
 */
#include <string.h>

#include "base/rng.h"
#include "lm/fit_private.h"

enum { ROUND_BYTES = 8 << 20 };

typedef struct piece { /* one text, encoded, in a worker's buffers */
    int worker;
    size_t at, n, n_whole;
} piece;

typedef struct reader {
    token_room *room;
    uint32_t *id, *word;
    uint8_t *type;
    size_t n, id_room, word_room, type_room;
    pm_err err;
} reader;

typedef struct reading {
    const fit_job *j;
    const pm_str *text, *pair;
    token_options how;
    reader *reader; /* [threads] */
    piece *piece;   /* [texts of the round] */
} reading;

/* ---- a round of encoding ---- */

/* Words are what blanks separate, as when a masked model is scored; special tokens and blanks belong to none. */
static bool keep(reader *r, const tokens *t, pm_str text)
{
    lm_words w = {.text = text};
    if (!mem_grow(&r->id, &r->id_room, r->n + t->n, sizeof *r->id) ||
        !mem_grow(&r->word, &r->word_room, r->n + t->n, sizeof *r->word) ||
        !mem_grow(&r->type, &r->type_room, r->n + t->n, 1))
        return false;
    if (!t->n) return true;
    memcpy(r->id + r->n, t->id, t->n * sizeof *t->id);
    memcpy(r->type + r->n, t->type, t->n);
    for (size_t i = 0; i < t->n; i++)
        r->word[r->n + i] = t->special[i] ? LM_NO_WORD : lm_word_of(&w, t->from[i], t->to[i]);
    r->n += t->n;
    return true;
}

static pm_status encode_some(int worker, size_t lo, size_t hi, void *arg)
{
    const reading *g = arg;
    reader *r = g->reader + worker;
    if (!r->room) r->room = token_room_open();
    if (!r->room) return PM_E_MEMORY;
    for (size_t i = lo; i < hi; i++) {
        tokens t;
        const pm_status s = tokenizer_encode(g->j->t, r->room, g->text[i],
                                             g->pair ? g->pair + i : NULL, &g->how, &t, &r->err);
        if (s) return s;
        g->piece[i] = (piece){worker, r->n, t.n, t.n_whole};
        if (!keep(r, &t, g->text[i])) return PM_E_MEMORY;
    }
    return PM_OK;
}

typedef pm_status (*take_fn)(fit_job *j, void *into, size_t text, const uint32_t *id,
                             const uint32_t *word, const uint8_t *type, const piece *p,
                             pm_err *err);

static pm_status no_memory(size_t n, pm_err *err)
{
    return err_set(err, PM_E_MEMORY,
                   "training - %zu texts do not fit into memory as tokens - use fewer", n);
}

static pm_status one_round(fit_job *j, reading *g, size_t n, pm_err *err)
{
    const int workers = threads_count(j->c->pool);
    for (int k = 0; k < workers; k++) g->reader[k].n = 0;
    const pm_status s = threads_for(j->c->pool, n, n / 64 + 1, encode_some, g);
    if (!s) return PM_OK;
    for (int k = 0; k < workers; k++)
        if (g->reader[k].err.status) {
            if (err) *err = g->reader[k].err;
            return err_wrap(err, s, "training");
        }
    return no_memory(n, err);
}

static void reading_close(const fit_job *j, reading *g)
{
    for (int k = 0; g->reader && k < threads_count(j->c->pool); k++) {
        token_room_close(g->reader[k].room);
        mem_free(g->reader[k].id);
        mem_free(g->reader[k].word);
        mem_free(g->reader[k].type);
    }
    mem_free(g->reader);
    mem_free(g->piece);
}

/* Encodes texts [0, n) and gives each to take() in order. */
static pm_status encode_all(fit_job *j, reading *g, size_t n, take_fn take, void *into, pm_err *err)
{
    const pm_str *text = g->text, *pair = g->pair;
    pm_status s = PM_OK;
    g->reader = mem_alloc((size_t)threads_count(j->c->pool), sizeof *g->reader);
    g->piece = mem_alloc(n, sizeof *g->piece);
    if (!g->reader || !g->piece) s = no_memory(n, err);
    for (size_t lo = 0, hi = 0; !s && lo < n; lo = hi) {
        size_t bytes = 0;
        while (hi < n && (hi == lo || bytes + text[hi].len <= ROUND_BYTES)) bytes += text[hi++].len;
        g->text = text + lo;
        g->pair = pair ? pair + lo : NULL;
        s = one_round(j, g, hi - lo, err);
        for (size_t i = 0; !s && i < hi - lo; i++) {
            const piece *p = g->piece + i;
            const reader *r = g->reader + p->worker;
            s = take(j, into, lo + i, r->id + p->at, r->word + p->at, r->type + p->at, p, err);
        }
    }
    reading_close(j, g);
    return s;
}

/* ---- sets ---- */

static bool put_tokens(fit_set *s, const uint32_t *id, const uint32_t *word, const uint8_t *type,
                       size_t n)
{
    if (!mem_grow(&s->id, &s->id_room, s->tokens + n, sizeof *s->id) ||
        (word && !mem_grow(&s->word, &s->word_room, s->tokens + n, sizeof *s->word)) ||
        (type && !mem_grow(&s->type, &s->type_room, s->tokens + n, 1)))
        return false;
    if (!n) return true;
    memcpy(s->id + s->tokens, id, n * sizeof *id);
    if (word) memcpy(s->word + s->tokens, word, n * sizeof *word);
    if (type) memcpy(s->type + s->tokens, type, n);
    s->tokens += n;
    return true;
}

static bool end_sequence(fit_set *s, size_t end)
{
    if (!mem_grow(&s->start, &s->start_room, s->n + 2, sizeof *s->start)) return false;
    s->start[0] = 0;
    s->start[++s->n] = end;
    return true;
}

typedef struct parts {                     /* where documents go */
    bool *held;                            /* [n] into the tuning part */
    uint32_t before[8], after[8], none[8]; /* special tokens around a text */
    size_t n_before, n_after;
} parts;

static pm_status take_stream(fit_job *j, void *into, size_t text, const uint32_t *id,
                             const uint32_t *word, const uint8_t *type, const piece *p, pm_err *err)
{
    const parts *k = into;
    fit_set *s = k->held[text] ? &j->tune : &j->train;
    const bool separates = j->separator != UINT32_MAX;
    bool ok = s->tokens || !separates || put_tokens(s, &j->separator, NULL, NULL, 1);
    (void)word;
    (void)type;
    ok = ok && put_tokens(s, id, NULL, NULL, p->n);
    ok = ok && (!separates || !p->n || put_tokens(s, &j->separator, NULL, NULL, 1));
    j->cut.texts++;
    j->cut.tokens += p->n;
    return ok ? PM_OK : no_memory(j->data->n, err);
}

/* Where a piece of at most `most` tokens from `lo` on ends: before a word where one begins in its second half. */
static size_t piece_end(const uint32_t *word, size_t lo, size_t n, size_t most)
{
    if (n - lo <= most) return n;
    size_t hi = lo + most;
    while (hi > lo + most / 2 && word[hi] == word[hi - 1]) hi--;
    return hi > lo + most / 2 ? hi : lo + most;
}

static pm_status take_pieces(fit_job *j, void *into, size_t text, const uint32_t *id,
                             const uint32_t *word, const uint8_t *type, const piece *p, pm_err *err)
{
    const parts *k = into;
    fit_set *s = k->held[text] ? &j->tune : &j->train;
    const size_t most = j->o.max_tokens - k->n_before - k->n_after;
    (void)type;
    for (size_t lo = 0, hi; lo < p->n; lo = hi) {
        hi = piece_end(word, lo, p->n, most);
        if (!put_tokens(s, k->before, k->none, NULL, k->n_before) ||
            !put_tokens(s, id + lo, word + lo, NULL, hi - lo) ||
            !put_tokens(s, k->after, k->none, NULL, k->n_after) || !end_sequence(s, s->tokens))
            return no_memory(j->data->n, err);
    }
    j->cut.texts++;
    j->cut.tokens += p->n;
    return PM_OK;
}

static pm_status take_text(fit_job *j, void *into, size_t text, const uint32_t *id,
                           const uint32_t *word, const uint8_t *type, const piece *p, pm_err *err)
{
    fit_set *s = into;
    const uint32_t nothing = j->separator != UINT32_MAX ? j->separator : 0;
    const uint8_t zero = 0;
    (void)word;
    (void)text;
    const bool ok = p->n ? put_tokens(s, id, NULL, type, p->n)
                         : put_tokens(s, &nothing, NULL, &zero, 1); /* no special tokens, no text */
    j->cut.texts++;
    j->cut.tokens += p->n_whole;
    j->cut.texts_cut += p->n < p->n_whole;
    j->cut.tokens_cut += p->n_whole - p->n;
    return ok && end_sequence(s, s->tokens) ? PM_OK : no_memory(j->data->n, err);
}

/* ---- what surrounds and separates ---- */

static uint32_t piece_of(const fit_job *j, int64_t id, const char *const *name)
{
    uint32_t found;
    if (id >= 0) return (uint32_t)id;
    for (; *name; name++)
        if (tokenizer_find(j->t, pm_str_of(*name), &found)) return found;
    return UINT32_MAX;
}

static pm_status find_surroundings(fit_job *j, parts *k, pm_err *err)
{
    token_room *room = token_room_open();
    const token_options how = {0};
    tokens t;
    if (!room) return no_memory(1, err);
    pm_status s = tokenizer_encode(j->t, room, pm_str_of("a"), NULL, &how, &t, err);
    size_t i = 0;
    for (; !s && i < t.n && t.special[i] && k->n_before < 8; i++)
        k->before[k->n_before++] = t.id[i];
    while (!s && i < t.n && !t.special[i]) i++;
    for (; !s && i < t.n && k->n_after < 8; i++) k->after[k->n_after++] = t.id[i];
    memset(k->none, 0xFF, sizeof k->none);
    token_room_close(room);
    return s;
}

/* Which documents are held out: each by its own draw; at least one, and not all, if there are two. */
static void hold_out(const fit_job *j, bool *held)
{
    const uint64_t seed = rng_derive(j->o.seed, "tuning documents");
    const size_t n = j->data->n;
    size_t most = 0, least = 0, count = 0;
    if (!(j->o.tune_share > 0) || n < 2) return;
    for (size_t i = 0; i < n; i++) {
        const double u = rng_uniform(seed, 0, i);
        held[i] = u < j->o.tune_share;
        count += held[i];
        if (u > rng_uniform(seed, 0, most)) most = i;
        if (u < rng_uniform(seed, 0, least)) least = i;
    }
    if (!count) held[least] = true;
    if (count == n) held[most] = false;
}

static pm_status cut_stream(fit_job *j, fit_set *s, pm_err *err)
{
    const size_t inputs = s->tokens ? s->tokens - 1 : 0;
    for (size_t lo = 0; lo < inputs; lo += j->o.max_tokens)
        if (!end_sequence(s, inputs - lo < j->o.max_tokens ? inputs : lo + j->o.max_tokens))
            return no_memory(j->data->n, err);
    return PM_OK;
}

static pm_status read_lm(fit_job *j, pm_err *err)
{
    static const char *const masks[] = {"[MASK]", "<mask>", NULL};
    parts k = {0};
    reading g = {.j = j, .text = j->data->text, .how = {.no_special = true}};
    j->mask_id = piece_of(j, j->l->config->mask_id, masks);
    if (j->o.masked && j->mask_id == UINT32_MAX)
        return err_set(err, PM_E_ARG,
                       "training - neither the model's config nor the tokenizer has a mask token - "
                       "a masked model "
                       "needs one (\"[MASK]\"); train a causal one, or another tokenizer");
    k.held = mem_alloc(j->data->n, sizeof *k.held);
    if (!k.held) return no_memory(j->data->n, err);
    hold_out(j, k.held);
    pm_status s = j->o.masked ? find_surroundings(j, &k, err) : PM_OK;
    if (!s && j->o.masked && j->o.max_tokens <= k.n_before + k.n_after)
        s = err_set(err, PM_E_ARG,
                    "training.max_tokens - found %zu - %zu are special tokens - wanted more",
                    j->o.max_tokens, k.n_before + k.n_after);
    if (!s) s = encode_all(j, &g, j->data->n, j->o.masked ? take_pieces : take_stream, &k, err);
    if (!s && !j->o.masked) s = cut_stream(j, &j->train, err);
    if (!s && !j->o.masked) s = cut_stream(j, &j->tune, err);
    mem_free(k.held);
    return s;
}

static pm_status read_labelled(fit_job *j, pm_err *err)
{
    const lm_fit_data *d = j->data;
    reading g = {.j = j, .text = d->text, .pair = d->pair, .how = {.max = j->o.max_tokens}};
    pm_status s = encode_all(j, &g, d->n, take_text, &j->train, err);
    g.text = d->tune_text;
    g.pair = d->tune_pair;
    if (!s && d->tune_text && d->n_tune) s = encode_all(j, &g, d->n_tune, take_text, &j->tune, err);
    return s;
}

static pm_status check_ids(const fit_job *j, const fit_set *s, pm_err *err)
{
    for (size_t i = 0; i < s->tokens; i++)
        if (s->id[i] >= j->l->config->n_vocab)
            return err_set(err, PM_E_ARG,
                           "training - the tokenizer made id %u - the model's vocabulary has %zu "
                           "pieces - tokenizer and "
                           "model do not belong together",
                           s->id[i], j->l->config->n_vocab);
    return PM_OK;
}

pm_status fit_data_read(fit_job *j, pm_err *err)
{
    static const char *const ends[] = {"<|endoftext|>", "</s>", "<|im_end|>", "[SEP]", NULL};
    const nn_config *config = j->l->config;
    j->separator = piece_of(j, config->eos_id >= 0 ? config->eos_id : config->bos_id, ends);
    pm_status s = j->o.goal == NN_GOAL_LM ? read_lm(j, err) : read_labelled(j, err);
    if (!s) s = check_ids(j, &j->train, err);
    if (!s) s = check_ids(j, &j->tune, err);
    if (!s && !j->train.n)
        s = err_set(err, PM_E_ARG,
                    "training - %zu texts have no tokens to learn from - wanted some text",
                    j->data->n);
    return s;
}

static void set_close(fit_set *s)
{
    mem_free(s->id);
    mem_free(s->word);
    mem_free(s->type);
    mem_free(s->start);
}

void fit_data_close(fit_job *j)
{
    set_close(&j->train);
    set_close(&j->tune);
}
