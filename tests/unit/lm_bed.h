/* SPDX-License-Identifier: MIT
 *
 * What tests of language models share: tokenisers learned from the toy corpus and tiny models of made-up weights, wide
 * enough apart that different texts give different numbers.
 */
#ifndef PM_TESTS_LM_BED_H
#define PM_TESTS_LM_BED_H

#include "lm_fit_bed.h"

typedef struct lm_bed {
    arena *a;
    compute c;
    pm_str *text; /* [n] */
    size_t n;
    tokenizer *wordpiece, *bpe;
    lm_room *r;
    pm_err err;
} lm_bed;

#define lm_bed_ok(b, call) ck_assert_msg((call) == PM_OK, "%s: %s", #call, err_text(&(b)->err))
#define lm_bed_fails(b, call, status, what)                                                        \
    do {                                                                                           \
        err_clear(&(b)->err);                                                                      \
        ck_assert_int_eq(call, status);                                                            \
        ck_assert_msg(strstr(err_text(&(b)->err), what) != NULL, "no \"%s\" in: %s", what,         \
                      err_text(&(b)->err));                                                        \
    } while (0)

static inline tokenizer *lm_bed_vocab(lm_bed *b, vocab_kind kind, size_t size,
                                      const char *const *special)
{
    tokenizer *t = NULL;
    const vocab_want w = {.kind = kind, .size = size, .lower_case = true, .special = special};
    lm_bed_ok(b, vocab_train(&w, b->text, b->n, b->a, &t, NULL, NULL, &b->err));
    return t;
}

static inline void lm_bed_open(lm_bed *b)
{
    *b = (lm_bed){.a = arena_open(0)};
    ck_assert_int_eq(compute_open(2, &b->c, NULL), PM_OK);
    b->text = toy_texts(b->a, &b->n);
    b->wordpiece = lm_bed_vocab(b, VOCAB_WORDPIECE, 400, NULL);
    b->bpe = lm_bed_vocab(b, VOCAB_BPE, 400, NULL);
    b->r = lm_room_open();
    ck_assert_ptr_nonnull(b->r);
}

static inline void lm_bed_close(lm_bed *b)
{
    lm_room_close(b->r);
    compute_close(&b->c);
    arena_close(b->a);
}

static inline nn_config lm_bed_bert(const tokenizer *t)
{
    nn_config c = fit_bed_bert(tokenizer_size(t));
    c.init_std = .2;
    return c;
}

static inline nn_config lm_bed_llama(const tokenizer *t)
{
    nn_config c = fit_bed_llama(tokenizer_size(t));
    c.init_std = .2;
    return c;
}

/* A Llama's layers that see both sides, and guess masked pieces. */
static inline nn_config lm_bed_two_sided(const tokenizer *t)
{
    const nn_config bert = lm_bed_bert(t);
    nn_config c = lm_bed_llama(t);
    c.causal = false;
    c.n_positions = bert.n_positions;
    c.mask_id = bert.mask_id;
    return c;
}

static inline float *lm_bed_slab(lm_bed *b, const nn_config *config, size_t *floats)
{
    nn_layout l;
    lm_bed_ok(b, nn_layout_of(config, b->a, &l, &b->err));
    float *slab = arena_alloc(b->a, l.floats, sizeof *slab);
    nn_init(&l, 11, slab);
    if (floats) *floats = l.floats;
    return slab;
}

static inline lm *lm_bed_model(lm_bed *b, nn_config config, const tokenizer *t, lm_options o)
{
    lm *m = NULL;
    const float *slab = lm_bed_slab(b, &config, NULL);
    lm_bed_ok(b, lm_of(&b->c, &config, slab, t, &o, b->a, &m, &b->err));
    return m;
}

static inline pm_mat lm_bed_mat(lm_bed *b, size_t rows, size_t cols)
{
    return (pm_mat){arena_alloc(b->a, rows * cols, sizeof(float)), rows, cols, cols};
}

static inline pm_cmat lm_bed_view(pm_mat m)
{
    return (pm_cmat){m.at, m.rows, m.cols, m.ld};
}

static inline bool lm_bed_same(pm_mat x, pm_mat y)
{
    return x.rows == y.rows && x.cols == y.cols && x.ld == x.cols && y.ld == y.cols &&
           memcmp(x.at, y.at, x.rows * x.cols * sizeof(float)) == 0;
}

/* Hidden states of one sequence, copied: by the engine alone. */
static inline pm_mat lm_bed_hidden(lm_bed *b, const lm *m, const uint32_t *id, const uint8_t *type,
                                   size_t n)
{
    nn_room *room = nn_room_open();
    const uint32_t start[] = {0, (uint32_t)n};
    pm_mat got;
    const bool has_types = lm_config(m)->n_types > 1;
    lm_bed_ok(b, nn_hidden(lm_engine(m), NULL, room,
                           &(nn_batch){1, start, id, has_types ? type : NULL}, &got, &b->err));
    pm_mat out = lm_bed_mat(b, n, got.cols);
    for (size_t i = 0; i < n; i++) memcpy(pm_row(out, i), pm_row(got, i), got.cols * sizeof(float));
    nn_room_close(room);
    return out;
}

/* log-softmax of every row, in doubles: [rows x n_vocab], by the logits. */
static inline double *lm_bed_log_p(lm_bed *b, const lm *m, pm_mat hidden)
{
    nn_room *room = nn_room_open();
    const size_t v = lm_config(m)->n_vocab;
    pm_mat logits = lm_bed_mat(b, hidden.rows, v);
    double *out = arena_alloc(b->a, hidden.rows * v, sizeof *out);
    lm_bed_ok(b, nn_logits(lm_engine(m), NULL, room, lm_bed_view(hidden), logits, &b->err));
    for (size_t i = 0; i < hidden.rows; i++) {
        double most = -HUGE_VAL, sum = 0;
        const float *row = pm_row(logits, i);
        for (size_t k = 0; k < v; k++) most = fmax(most, (double)row[k]);
        for (size_t k = 0; k < v; k++) sum += exp((double)row[k] - most);
        for (size_t k = 0; k < v; k++) out[i * v + k] = (double)row[k] - most - log(sum);
    }
    nn_room_close(room);
    return out;
}

#endif
