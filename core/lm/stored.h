/* SPDX-License-Identifier: MIT
 *
 * A language model as named parts, for checkpoints: a text of settings, a tokenizer.json and one slab of float32 weights.  What is
 * read back computes the same bits.
 */
#ifndef PM_LM_STORED_H
#define PM_LM_STORED_H

#include "lm/lm.h"

/* {"config":{...},"max_tokens":...,"pooling":...,"precision":...,"name":...,"chat":...}; extra members are kept out. */
void lm_put_settings(const lm *m, str *out);
/* The model that settings, tokeniser and slab [floats] describe; the slab is borrowed.  Lives in `a`. */
PM_MUST_USE pm_status lm_of_settings(const compute *c, pm_str settings, pm_str tokenizer_json,
                                     const float *slab, size_t floats, arena *a, lm **out,
                                     pm_err *err);
nn_precision lm_precision(const lm *m);
/* Name, pooling and chat template of another model: what training does not change. */
void lm_take_manners(lm *m, const lm *from);

#endif
