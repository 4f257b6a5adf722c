/* SPDX-License-Identifier: MIT
 *
 * The experts that a constraint was trained on, by id: columns of a served library are found among them.
 * Private to the constraints that learn.
 */
#ifndef EXPECT_IDS_H
#define EXPECT_IDS_H

#include <pointsman/plugin.h>

struct expect_ids { /* n == 0: nothing was learned */
    size_t n;
    const char *const *id; /* [n] */
    pm_str text;           /* the same ids, each followed by a newline: for the checkpoint */
};

pm_status expect_ids_learn(struct expect_ids *k, pm_call *c, const pm_library *lib);

/* Column of an expert in training, or k->n.  `hint` is tried first: columns mostly agree. */
size_t expect_ids_find(const struct expect_ids *k, const pm_expert *e, size_t hint);

pm_status expect_ids_save(const struct expect_ids *k, pm_call *c, pm_store *s);
/* Refuses a text that does not hold n lines. */
pm_status expect_ids_load(struct expect_ids *k, pm_call *c, pm_store *s, size_t n);

#endif
