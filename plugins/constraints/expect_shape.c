/* SPDX-License-Identifier: MIT
 *
 * Features of a prompt: its embedding, and counts of its text, which embeddings of unit length have lost; and how
 * long recorded answers are.
 */
#include <math.h>

#include "expect.h"

#define SHAPE_SCALE 0.3 /* standard deviation of a shape; embeddings have length 1 */

double expect_characters(pm_str text)
{
    size_t n = 0;
    for (size_t b = 0; b < text.len; b++) n += ((unsigned char)text.ptr[b] & 0xc0) != 0x80;
    return (double)n;
}

pm_status expect_answer_tokens(pm_call *c, const pm_outcomes *y, size_t n, pm_cmat *out)
{
    pm_cmat chars = pm_extra_find(y, "output_chars");
    *out = y->tokens_out;
    if (out->at || !chars.at) return PM_OK;
    float *at = c->host->scratch(c, n * chars.cols + 1, sizeof *at);
    if (!at) return PM_E_MEMORY;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < chars.cols; j++) {
            float v = pm_crow(chars, i)[j] / 4;
            at[i * chars.cols + j] = v < 0 ? 0 : v;
        }
    *out = (pm_cmat){at, n, chars.cols, chars.cols};
    return PM_OK;
}

/* Log of characters, words and lines; shares of digits and of lines; is a question asked? */
static void shape_of(pm_str text, double out[EXPECT_SHAPES])
{
    double words = 0, digits = 0, lines = 0, asks = 0, chars = expect_characters(text);
    int inside = 0;
    for (size_t b = 0; b < text.len; b++) {
        unsigned char at = (unsigned char)text.ptr[b];
        int blank = at <= ' ';
        words += !blank && !inside;
        inside = !blank;
        digits += at >= '0' && at <= '9';
        lines += at == '\n';
        asks = at == '?' ? 1 : asks;
    }
    out[0] = log1p(chars);
    out[1] = log1p(words);
    out[2] = log1p(lines);
    out[3] = digits / (1 + chars);
    out[4] = lines / (1 + chars);
    out[5] = asks;
}

pm_status expect_features_learn(struct expect_features *f, pm_call *c, const pm_prompts *x)
{
    double *norm = c->host->own(c, 1 + 2 * EXPECT_SHAPES, sizeof *norm);
    if (!norm) return PM_E_MEMORY;
    double squares = 0, n = (double)x->n, sum[EXPECT_SHAPES] = {0}, square[EXPECT_SHAPES] = {0};
    for (size_t i = 0; i < x->n; i++) {
        double s[EXPECT_SHAPES];
        const float *row = pm_crow(x->embed, i);
        for (size_t t = 0; t < x->embed.cols; t++) squares += (double)row[t] * (double)row[t];
        shape_of(x->text[i], s);
        for (size_t t = 0; t < EXPECT_SHAPES; t++) sum[t] += s[t], square[t] += s[t] * s[t];
    }
    norm[0] = squares > 0 ? sqrt(n / squares) : 1;
    for (size_t t = 0; t < EXPECT_SHAPES; t++) {
        double mean = sum[t] / n, spread = square[t] / n - mean * mean;
        norm[1 + t] = mean;
        norm[1 + EXPECT_SHAPES + t] = spread > 1e-12 ? SHAPE_SCALE / sqrt(spread) : 0;
    }
    *f = (struct expect_features){x->embed.cols, norm};
    return PM_OK;
}

void expect_features_read(const struct expect_features *f, const pm_prompts *x, pm_mat out)
{
    for (size_t i = 0; i < x->n; i++) {
        double s[EXPECT_SHAPES];
        const float *row = pm_crow(x->embed, i);
        float *to = pm_row(out, i);
        for (size_t t = 0; t < f->d; t++) to[t] = (float)(f->norm[0] * (double)row[t]);
        shape_of(x->text[i], s);
        for (size_t t = 0; t < EXPECT_SHAPES; t++)
            to[f->d + t] = (float)((s[t] - f->norm[1 + t]) * f->norm[1 + EXPECT_SHAPES + t]);
    }
}
