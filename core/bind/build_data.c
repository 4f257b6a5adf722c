/* SPDX-License-Identifier: MIT
 *
 * pm.dataset and pm.split: which folder, which part of it.  Nothing is read here but the folder's presence.
 * (pm.corpus: build_corpus.c.)
 */
#include <math.h>
#include <string.h>

#include "bind/script_private.h"

void build_data(script *s, const node *v, experiment *x)
{
    static const schema_row rows[] = {
        {"min_known", WANT_NUMBER, 0, 1, NULL, false, "share of cells that a model must have"},
        {"models", WANT_TEXTS, 0, 0, NULL, false, "ids of the models to keep"},
        {"embed", WANT_ANY, 0, 0, NULL, false, NULL},
        DATASET_PART_ROWS,
        SCHEMA_END};
    x->min_known = 0.98;
    if (node_is(v, "corpus")) {
        build_corpus(s, v, x);
        return;
    }
    if (!node_is(v, "dataset")) {
        if (v)
            complain(&s->wrong, v->where,
                     "data = %s; want pm.dataset \"path\" { ... } or pm.corpus \"name\" { ... }",
                     node_show(v, s->a));
        return;
    }
    node whole = *v;
    whole.is_partial = false; /* pm.dataset "path" alone is complete */
    if (!schema_shape(&s->wrong, &whole, "data", NAME_REQUIRED)) return;
    const node *embed = node_field(v, "embed");
    if (embed)
        complain(&s->wrong, embed->where,
                 "data.embed: the experiment has it: embedder = pm.embedder \"name\" { ... }");
    schema_check(&s->wrong, v, "data", rows, false);
    x->min_known = schema_number(v, "min_known", x->min_known);
    build_narrowing(s, v, &x->narrow);
    x->data_dir = build_folder(s, v, "data");
}

static void check_shares(script *s, const node *v, split_spec *p)
{
    bool any = node_field(v, "train") || node_field(v, "tune") || node_field(v, "test");
    p->train = schema_number(v, "train", any ? 0 : 0.6);
    p->tune = schema_number(v, "tune", any ? 0 : 0.2);
    p->test = schema_number(v, "test", any ? 0 : 0.2);
    double sum = p->train + p->tune + p->test;
    if (fabs(sum - 1) > 1e-9)
        complain(&s->wrong, v->where, "split: train + tune + test = %g; want 1", sum);
    else if (p->train <= 0 || p->test <= 0)
        complain(&s->wrong, v->where, "split: %s = 0; want more", p->train <= 0 ? "train" : "test");
}

static void check_tune(script *s, const node *v, split_spec *p, double tune)
{
    p->tune = schema_number(v, "tune", tune);
    p->train = 1 - p->tune;
    p->test = 0;
    if (p->tune >= 1)
        complain(&s->wrong, node_field(v, "tune")->where,
                 "split.tune = 1 leaves nothing to train on; want a share below 1");
}

static void check_given(script *s, const node *v, split_spec *p, double tune)
{
    static const char *const fixed[] = {"train", "test"};
    for (size_t i = 0; i < 2; i++)
        if (node_field(v, fixed[i]))
            complain(&s->wrong, node_field(v, fixed[i])->where,
                     "split.%s: by = \"given\" takes the parts from the data; only tune is free",
                     fixed[i]);
    check_tune(s, v, p, tune);
}

/* Which fold is tested is the seed's to say. */
static void check_fold(script *s, const node *v, split_spec *p, double tune)
{
    static const char *const fixed[] = {"train", "test"};
    for (size_t i = 0; i < 2; i++)
        if (node_field(v, fixed[i]))
            complain(&s->wrong, node_field(v, fixed[i])->where,
                     "split.%s: by = \"fold\" tests one fold of the prompts and trains on the "
                     "others; only folds and tune are free",
                     fixed[i]);
    p->folds = (uint32_t)schema_number(v, "folds", 5);
    for (size_t i = 0; i < s->x.n_seeds; i++)
        if (s->x.seed[i] == 0)
            complain(&s->wrong, v->where,
                     "split.by = \"fold\": seed s tests fold (s - 1) mod %u, and seeds[%zu] = 0 "
                     "names none; want seeds = { 1, 2, ... %u }",
                     p->folds, i + 1, p->folds);
    check_tune(s, v, p, tune);
}

/* A corpus comes with its parts: documents are dealt out before prompts are cut. */
static void check_of_corpus(script *s, const node *v)
{
    const node *by = node_field(v, "by");
    if (by && strcmp(by->text, "given") != 0)
        complain(&s->wrong, by->where,
                 "split.by = %s: a corpus is split by its documents; want \"given\"",
                 node_show(by, s->a));
    static const char *const own[] = {"test", "train"};
    for (size_t i = 0; i < 2; i++)
        if (node_field(v, own[i]))
            complain(&s->wrong, node_field(v, own[i])->where,
                     "split.%s: shares of a corpus are its own: pm.corpus \"name\" { %s = ... }; "
                     "only tune and seed are free here",
                     own[i], own[i]);
}

void build_split(script *s, const node *whole, experiment *x)
{
    const node *v = node_field(whole, "split");
    static const char *const words[] = {"given", "prompt", "group", "fold", NULL};
    static const schema_row rows[] = {
        {"by", WANT_WORD, 0, 0, words, false, NULL},
        {"folds", WANT_WHOLE, 2, 1000, NULL, false, "parts that are tested in turn"},
        {"train", WANT_NUMBER, 0, 1, NULL, false, NULL},
        {"tune", WANT_NUMBER, 0, 1, NULL, false, NULL},
        {"test", WANT_NUMBER, 0, 1, NULL, false, NULL},
        {"seed", WANT_WHOLE, 0, 9007199254740992.0, NULL, false, NULL},
        SCHEMA_END};
    bool is_corpus = node_is(node_field(whole, "data"), "corpus");
    double tune = is_corpus ? 0.15 : 0.2;
    x->split = (split_spec){SPLIT_GIVEN, 1 - tune, tune, 0, 1, 0, 0};
    if (!v) return;
    if (!node_is(v, "split")) {
        complain(&s->wrong, v->where, "split = %s; want pm.split { ... }", node_show(v, s->a));
        return;
    }
    if (!schema_shape(&s->wrong, v, "split", NAME_NEVER) ||
        !schema_check(&s->wrong, v, "split", rows, false))
        return;
    bool shares = !is_corpus && (node_field(v, "train") || node_field(v, "test"));
    if (is_corpus) check_of_corpus(s, v);
    x->split.by = (split_by)schema_word(v, "by", words, shares ? SPLIT_PROMPT : SPLIT_GIVEN);
    x->split.seed = (uint64_t)schema_number(v, "seed", 1);
    const node *folds = node_field(v, "folds");
    if (folds && x->split.by != SPLIT_FOLD)
        complain(&s->wrong, folds->where, "split.folds: only of by = \"fold\"");
    if (is_corpus)
        check_tune(s, v, &x->split, tune);
    else if (x->split.by == SPLIT_FOLD)
        check_fold(s, v, &x->split, tune);
    else if (x->split.by == SPLIT_GIVEN)
        check_given(s, v, &x->split, tune);
    else
        check_shares(s, v, &x->split);
}
