/* SPDX-License-Identifier: MIT
 *
 * Splits.  A fold tests the prompts whose text hashes to it.  Else units (prompts or groups) are shuffled by seed and dealt out by share: the test part first,
 * then the tuning part, the rest to fit.  A unit goes where its middle falls, so each part meets its
 * share within half a unit.
 */
#include "data/split.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/rng.h"
#include "base/str.h"

enum { FIT = 0, TUNE = 1, TEST = 2 };

/* Rows of `in` are dealt; part[] is written for them. */
typedef struct deal {
    const dataset *d;
    const uint32_t *row; /* [n] */
    size_t n;
    bool by_group;
    double test, tune; /* shares of n */
    uint64_t seed;
    uint8_t *part; /* [d->n] */
} deal;

typedef struct slot_table {
    uint64_t *group;
    uint32_t *unit; /* 0 = free, else unit + 1 */
    size_t mask;
} slot_table;

static uint32_t unit_of(slot_table *t, uint64_t group, size_t *n_units)
{
    size_t at = (size_t)(group * 0x9e3779b97f4a7c15u >> 32) & t->mask;
    while (t->unit[at] && t->group[at] != group) at = (at + 1) & t->mask;
    if (!t->unit[at]) {
        t->group[at] = group;
        t->unit[at] = (uint32_t)++ * n_units;
    }
    return t->unit[at] - 1;
}

/* unit[k] of each dealt row, numbered in order of first appearance. */
static bool find_units(const deal *q, arena *a, uint32_t *unit, size_t *n_units)
{
    *n_units = 0;
    if (!q->by_group) {
        for (size_t k = 0; k < q->n; k++) unit[k] = (uint32_t)k;
        *n_units = q->n;
        return true;
    }
    size_t slots = 16;
    while (slots < 2 * q->n) slots *= 2;
    slot_table t = {arena_alloc(a, slots, sizeof *t.group), arena_alloc(a, slots, sizeof *t.unit),
                    slots - 1};
    if (!t.group || !t.unit) return false;
    for (size_t k = 0; k < q->n; k++) unit[k] = unit_of(&t, q->d->group[q->row[k]], n_units);
    return true;
}

static pm_status deal_out(const deal *q, arena *a, pm_err *err)
{
    size_t n_units;
    uint32_t *unit = arena_alloc(a, q->n, sizeof *unit),
             *order = arena_alloc(a, q->n, sizeof *order);
    uint32_t *size = arena_alloc(a, q->n, sizeof *size);
    uint8_t *part = arena_alloc(a, q->n, sizeof *part);
    if (!unit || !order || !size || !part || !find_units(q, a, unit, &n_units))
        return err_set(err, PM_E_MEMORY, "%s: no memory for a split", q->d->name);
    for (size_t k = 0; k < q->n; k++) size[unit[k]]++;
    for (size_t u = 0; u < n_units; u++) order[u] = (uint32_t)u;
    rng_shuffle(rng_derive(q->seed, "split"), 0, order, n_units);
    double before = 0, test = q->test * (double)q->n, tune = test + q->tune * (double)q->n;
    for (size_t u = 0; u < n_units; u++) {
        double middle = before + 0.5 * size[order[u]];
        part[order[u]] = middle < test ? TEST : middle < tune ? TUNE : FIT;
        before += size[order[u]];
    }
    for (size_t k = 0; k < q->n; k++) q->part[q->row[k]] = part[unit[k]];
    return PM_OK;
}

/* ---- what is asked for ---- */

static pm_status check_spec(const dataset *d, const split_spec *s, pm_err *err)
{
    const char *name[] = {"train", "tune", "test"};
    double share[] = {s->train, s->tune, s->test};
    bool is_dealt = s->by == SPLIT_PROMPT || s->by == SPLIT_GROUP;
    for (int k = 0; k < 3; k++)
        if ((is_dealt || k == 1) && !(share[k] >= 0 && share[k] <= 1))
            return err_set(err, PM_E_ARG, "%s: split: %s: found a share of %g, wanted 0 to 1",
                           d->name, name[k], share[k]);
    double sum = s->train + s->tune + s->test;
    if (s->by == SPLIT_FOLD && (s->folds < 2 || s->fold >= s->folds))
        return err_set(err, PM_E_ARG, "%s: split: fold %u of %u, wanted at least 2, counted from 0",
                       d->name, s->fold, s->folds);
    if (s->by == SPLIT_FOLD && s->folds > d->n)
        return err_set(err, PM_E_ARG,
                       "%s: split: %u folds of %zu prompts, wanted at most a fold for each",
                       d->name, s->folds, d->n);
    if (is_dealt && fabs(sum - 1) > 1e-6)
        return err_set(err, PM_E_ARG,
                       "%s: split: train %g + tune %g + test %g is %g, wanted shares that sum to 1",
                       d->name, s->train, s->tune, s->test, sum);
    if (d->n >= UINT32_MAX) return err_set(err, PM_E_ARG, "%s: split: too many prompts", d->name);
    return PM_OK;
}

static pm_status given_part(const dataset *d, uint8_t *part, uint32_t *row, size_t *n, pm_err *err)
{
    size_t unsplit = 0, first = 0;
    *n = 0;
    for (size_t i = d->n; i-- > 0;)
        if (d->part[i] == DATASET_UNSPLIT) {
            unsplit++;
            first = i;
        }
    if (unsplit)
        return err_set(
            err, PM_E_ARG,
            "%s: split as given: %zu of %zu prompts have no \"split\" (the first: \"%s\"); give "
            "each one, or split by group: --set split.by=group --set split.train=.6 "
            "--set split.tune=.2 --set split.test=.2",
            d->name, unsplit, d->n, d->id[first]);
    for (size_t i = 0; i < d->n; i++)
        if (d->part[i] == DATASET_TRAIN)
            row[(*n)++] = (uint32_t)i;
        else
            part[i] = TEST;
    return PM_OK;
}

static void fold_part(const dataset *d, const split_spec *spec, uint8_t *part, uint32_t *row,
                      size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < d->n; i++)
        if (sha1_mod(d->text[i].ptr, d->text[i].len, spec->folds) == spec->fold)
            part[i] = TEST;
        else
            row[(*n)++] = (uint32_t)i;
}

static pm_status assign(const dataset *d, const split_spec *spec, arena *a, uint8_t *part,
                        pm_err *err)
{
    uint32_t *row = arena_alloc(a, d->n, sizeof *row);
    if (!row) return err_set(err, PM_E_MEMORY, "%s: no memory for a split", d->name);
    deal q = {d, row, d->n, spec->by != SPLIT_PROMPT, spec->test, spec->tune, spec->seed, part};
    if (spec->by == SPLIT_GIVEN) {
        pm_status s = given_part(d, part, row, &q.n, err);
        if (s != PM_OK) return s;
        q.test = 0;
    } else if (spec->by == SPLIT_FOLD) {
        fold_part(d, spec, part, row, &q.n);
        q.test = 0;
    } else {
        for (size_t i = 0; i < d->n; i++) row[i] = (uint32_t)i;
    }
    return deal_out(&q, a, err);
}

/* ---- what is handed out ---- */

/* Ascending rows whose part is x or y. */
static const uint32_t *rows_of(const uint8_t *part, size_t n, int x, int y, arena *a, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < n; i++) *count += part[i] == x || part[i] == y;
    uint32_t *row = arena_alloc(a, *count, sizeof *row);
    for (size_t i = 0, k = 0; row && i < n; i++)
        if (part[i] == x || part[i] == y) row[k++] = (uint32_t)i;
    return row;
}

static void hash_parts(const dataset *d, const uint8_t *part, char hex[65])
{
    sha256 s;
    sha256_init(&s);
    for (size_t i = 0; i < d->n; i++) {
        unsigned char bytes[9];
        for (int b = 0; b < 8; b++) bytes[b] = (unsigned char)(d->key[i] >> (8 * b));
        bytes[8] = part[i];
        sha256_add(&s, bytes, sizeof bytes);
    }
    sha256_hex(&s, hex);
}

/* Groups with a row in the test part and one outside it. */
static bool count_leaks(const dataset *d, const uint8_t *part, arena *a, size_t *leaks)
{
    uint32_t *row = arena_alloc(a, d->n, sizeof *row), *unit = arena_alloc(a, d->n, sizeof *unit);
    uint8_t *seen = arena_alloc(a, d->n, sizeof *seen);
    size_t n_units;
    if (!row || !unit || !seen) return false;
    for (size_t i = 0; i < d->n; i++) row[i] = (uint32_t)i;
    deal q = {.d = d, .row = row, .n = d->n, .by_group = true};
    if (!find_units(&q, a, unit, &n_units)) return false;
    for (size_t i = 0; i < d->n; i++) seen[unit[i]] |= part[i] == TEST ? 1 : 2;
    *leaks = 0;
    for (size_t u = 0; u < n_units; u++) *leaks += seen[u] == 3;
    return true;
}

static pm_status check_parts(const dataset *d, const split_spec *spec, const split *s, pm_err *err)
{
    bool test = spec->by == SPLIT_GIVEN || spec->by == SPLIT_FOLD || spec->test > 0;
    const char *empty = !s->n_fit                      ? "fit"
                        : spec->tune > 0 && !s->n_tune ? "tune"
                        : test && !s->n_test           ? "test"
                                                       : NULL;
    if (!empty) return PM_OK;
    if (spec->by == SPLIT_FOLD && s->n_fit && !s->n_test)
        return err_set(err, PM_E_ARG,
                       "%s: split: no text of %zu prompts falls into fold %u of %u (a fold is told "
                       "by a hash of the text); want fewer folds",
                       d->name, d->n, spec->fold + 1, spec->folds);
    return err_set(
        err, PM_E_ARG,
        "%s: split: the %s part of %zu prompts is empty; want more prompts (groups and documents "
        "stay whole) or a larger share%s",
        d->name, empty, d->n, strcmp(empty, "tune") == 0 ? ", or split.tune = 0" : "");
}

pm_status split_make(const dataset *d, const split_spec *spec, arena *a, split *out, pm_err *err)
{
    pm_status s = check_spec(d, spec, err);
    if (s != PM_OK) return s;
    arena *scratch = arena_open(0);
    uint8_t *part = scratch ? arena_alloc(scratch, d->n, sizeof *part) : NULL;
    split made = {0};
    bool room = part != NULL;
    if (room) s = assign(d, spec, scratch, part, err);
    if (room && s == PM_OK) {
        made.fit = rows_of(part, d->n, FIT, FIT, a, &made.n_fit);
        made.tune = rows_of(part, d->n, TUNE, TUNE, a, &made.n_tune);
        made.test = rows_of(part, d->n, TEST, TEST, a, &made.n_test);
        made.train = rows_of(part, d->n, FIT, TUNE, a, &made.n_train);
        room = made.fit && made.tune && made.test && made.train &&
               count_leaks(d, part, scratch, &made.leaked_groups);
        hash_parts(d, part, made.hash);
    }
    arena_close(scratch);
    if (!room) return err_set(err, PM_E_MEMORY, "%s: no memory for a split", d->name);
    if (s == PM_OK) s = check_parts(d, spec, &made, err);
    if (s == PM_OK) *out = made;
    return s;
}
