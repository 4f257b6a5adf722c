/* SPDX-License-Identifier: MIT
 *
 * A small experiment over datasets/toy_corpus, made in C as the binding makes one from a script: three n-gram
 * experts that are trained and run, kNN (a grid of k) and prior on LSA features, a size penalty.
 */
#ifndef PM_TEST_CORPUS_TRIAL_H
#define PM_TEST_CORPUS_TRIAL_H

#include "experiment_tools.h"

#define EXPERTS 3

typedef struct corpus_trial {
    trial t;
    corpus_spec spec;
    library lib;
    expert_choice expert[EXPERTS + 1];
    size_t train_size[3];
    uint64_t seed[3];
    plugin_choice size; /* a constraint */
    const char *id[EXPERTS + 1];
    size_t n;
} corpus_trial;

static inline void corpus_trial_library(corpus_trial *c, size_t n)
{
    library_builder *b = library_begin(c->t.a, "toy experts");
    for (size_t j = 0; j < n; j++) {
        MUST(library_add(b, c->id[j], err));
        MUST(library_attr_text(b, "region", "local", err));
    }
    MUST(library_finish(b, &c->lib, err));
    c->n = n;
    c->t.x.lib = &c->lib;
}

static inline void corpus_trial_open(corpus_trial *c, int n_threads)
{
    static const char *const ids[EXPERTS + 1] = {"garden", "town", "all", "newcomer"};
    static const char *const domain[EXPERTS + 1][2] = {{"kitchen", "orchard"},
                                                       {"bylaws", "harbour"},
                                                       {"kitchen", "script"},
                                                       {"harbour", "script"}};
    static const double dose[EXPERTS + 1][2] = {{.5, .4}, {.45, .5}, {.4, .6}, {.9, .9}};
    static const double base[EXPERTS + 1] = {.3, .3, .33, .3};
    memset(c, 0, sizeof *c);
    trial_open(&c->t, n_threads);
    trial *t = &c->t;
    const char *source = getenv("srcdir");
    t->x.data_dir = io_join(t->a, source ? source : ".", "datasets/toy_corpus");
    c->spec = (corpus_spec)CORPUS_SPEC_DEFAULT;
    c->spec.test = 0.2;
    c->spec.train = 0.35;
    c->spec.min_domain_bytes = 1000;
    c->spec.big_document = 0.5;
    t->x.corpus = &c->spec;
    param_value order = number("order", 3);
    for (size_t j = 0; j < EXPERTS + 1; j++) {
        c->id[j] = ids[j];
        c->expert[j].backend = choose(t, PLUGIN_BACKEND, "ngram", &order, 1);
        c->expert[j].mix = (corpus_mix){.base = base[j], .domain = domain[j], .dose = dose[j]};
        c->expert[j].mix.n_doses = 2;
    }
    t->x.expert = c->expert;
    corpus_trial_library(c, EXPERTS);
    t->x.split = (split_spec){SPLIT_GIVEN, 0.85, 0.15, 0, 17, 0, 0};
    for (size_t k = 0; k < 3; k++) c->seed[k] = k + 1;
    t->x.seed = c->seed;
    t->x.n_seeds = 1;
    t->router[1] = t->router[2]; /* prior and kNN */
    t->router[1].candidate = t->grid;
    t->router[1].n_candidates = 2;
    t->x.n_routers = 2;
    t->x.n_constraints = 0;
}

static inline void corpus_trial_close(corpus_trial *c)
{
    trial_close(&c->t);
}

#endif
