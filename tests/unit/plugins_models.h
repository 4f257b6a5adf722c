/* SPDX-License-Identifier: MIT
 *
 * What tests of plugins with language models share: the toy corpus, folders of tiny models, and what was told.
 */
#ifndef PM_TEST_PLUGINS_MODELS_H
#define PM_TEST_PLUGINS_MODELS_H

#include "lm_fit_bed.h"
#include "plug/told.h"
#include "plugins_bed.h"

/* Writes a model with a tokeniser learned from the texts into b->folder/NAME; the path. */
static inline char *models_folder(bed *b, const char *name, bool causal, nn_lm_head head,
                                  const pm_str *text, size_t n)
{
    const vocab_want w = {
        .kind = causal ? VOCAB_BPE : VOCAB_WORDPIECE, .size = 400, .lower_case = true};
    tokenizer *t = NULL;
    nn_layout l;
    lm *m = NULL;
    bed_ok(b, vocab_train(&w, text, n, b->room, &t, NULL, NULL, &b->err));
    nn_config *c = arena_alloc(b->room, 1, sizeof *c);
    *c = causal ? fit_bed_llama(tokenizer_size(t)) : fit_bed_bert(tokenizer_size(t));
    c->init_std = .2;
    c->lm_head = head;
    bed_ok(b, nn_layout_of(c, b->room, &l, &b->err));
    float *slab = arena_alloc(b->room, l.floats, sizeof *slab);
    nn_init(&l, 3, slab);
    bed_ok(b, lm_of(&b->compute, c, slab, t, &(lm_options){0}, b->room, &m, &b->err));
    char *path = io_join(b->room, b->folder, name);
    bed_ok(b, lm_write(m, path, &b->err));
    return path;
}

/* "model=PATH rest" */
static inline char *models_params(bed *b, const char *path, const char *rest)
{
    str s = STR_INIT;
    str_printf(&s, "model=%s %s", path, rest);
    char *out = arena_strdup(b->room, str_text(&s));
    str_close(&s);
    return out;
}

/* The curves of the last build: named so, of steps that rise and numbers that are finite. */
static inline size_t models_curves(bed *b)
{
    size_t n, train = 0, tune = 0;
    const told_point *p = told_take_points(b->call, b->room, &n);
    for (size_t i = 0; i < n; i++) {
        train += strcmp(p[i].curve, "train_loss") == 0;
        tune += strcmp(p[i].curve, "tune_loss") == 0;
        ck_assert(p[i].x >= 0 && isfinite(p[i].y));
        for (size_t k = 0; k < i; k++)
            ck_assert(strcmp(p[k].curve, p[i].curve) != 0 || p[k].x < p[i].x);
    }
    ck_assert((train > 0) == (n > 0) && (tune > 0) == (n > 0));
    return n;
}

#endif
