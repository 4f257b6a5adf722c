/* SPDX-License-Identifier: MIT
 *
 * Angles of rotary positions.  Frequencies and angles are rounded to float32 before their cosine and sine, as transformers
 * has them: far positions would differ otherwise.
 */
#include "nn/rotary.h"

#include <math.h>

static double scaled(const nn_config *c, double f)
{
    if (c->rope_factor <= 0) return f;
    double turns = c->rope_original * f / (2 * 3.14159265358979323846);
    if (turns < c->rope_low) return f / c->rope_factor;
    if (turns > c->rope_high) return f;
    double share = (turns - c->rope_low) / (c->rope_high - c->rope_low);
    return (1 - share) * f / c->rope_factor + share * f;
}

void nn_rotary_table(const nn_config *c, size_t positions, float *out)
{
    size_t half = c->head_dim / 2;
    for (size_t i = 0; i < half; i++) {
        double f = pow(c->rope_theta, -2 * (double)i / (double)c->head_dim);
        float rounded = (float)scaled(c, f);
        for (size_t p = 0; p < positions; p++) {
            float angle = (float)p * rounded;
            out[p * c->head_dim + i] = (float)cos((double)angle);
            out[p * c->head_dim + half + i] = (float)sin((double)angle);
        }
    }
}
