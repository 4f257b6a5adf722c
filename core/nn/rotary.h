/* SPDX-License-Identifier: MIT
 *
 * Angles of rotary positions (Su et al. 2021), with the scaling of Llama 3: the table that rows_rotary reads.
 */
#ifndef PM_NN_ROTARY_H
#define PM_NN_ROTARY_H

#include "nn/config.h"

/* out [positions x head_dim]: row p has cos(p f_i), then sin(p f_i), i < head_dim / 2, f_i = rope_theta^(-2 i / head_dim);
 * rope_factor > 0: frequencies whose wave is longer than rope_original / rope_low are divided by it, those shorter
 * than rope_original / rope_high stay, between them linearly in rope_original / wave (as transformers' "llama3"). */
void nn_rotary_table(const nn_config *c, size_t positions, float *out);

#endif
