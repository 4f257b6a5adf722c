/* SPDX-License-Identifier: MIT
 *
 * Interpolated modified Kneser-Ney: probabilities and backoff weights of the nodes of a trie.
 * Private to the plugin ngram.
 */
#ifndef NGRAM_ESTIMATE_H
#define NGRAM_ESTIMATE_H

#include "ngram_build.h"

typedef struct
    ngram_cutting { /* which n-grams will be left out: those of 3 bytes and more that occur */
    const uint32_t *const
        *raw; /* less than `least` times; raw[k] [nodes of level k], or NULL: none  */
    uint32_t least;
} ngram_cutting;

typedef struct ngram_room { /* memory that is free to be used before scratch is asked for */
    void *at;
    size_t bytes;
} ngram_room;

/* Fills log_p and log_backoff of every level.
 *
 *   p(w | h) = (c(h w) - D(c(h w))) / c(h .) + gamma(h) p(w | h'),   h' = h without its first byte   (1)
 *   gamma(h) = (D1 N1(h .) + D2 N2(h .) + D3 N3+(h .)) / c(h .),     p(w | no h) at the bottom = 1/256 (2)
 *   Y = n1 / (n1 + 2 n2),  D1 = 1 - 2 Y n2 / n1,  D2 = 2 - 3 Y n3 / n2,  D3+ = 3 - 4 Y n4 / n3         (3)
 *
 * c is the count of ngram_times.  A discount that (3) does not give, or gives outside (0.05, i), is 0.5 i.  n-grams that
 * will be left out count in (3) and in c(h .), and their whole count goes to gamma, so that what is kept sums to one.
 *
 * Source   S. F. Chen and J. Goodman, "An empirical study of smoothing techniques for language modeling", Computer
 *          Speech & Language 13 (1999), 359-394: section 3, equations for p_KN, D1, D2, D3+ and gamma.
 * Errors   PM_E_CANCELED, PM_E_MEMORY.   Cost  O(n-grams). */
pm_status ngram_estimate(pm_call *c, ngram_builder *b, const ngram_cutting *cut, ngram_room room);

#endif
