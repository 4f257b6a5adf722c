/* SPDX-License-Identifier: MIT
 *
 * Tiny models and their slopes: what the tests of training share.
 */
#include "graph_bed.h"

nn_config bed_config(nn_family family)
{
    bool decoder = family >= NN_GPT2, llama = family >= NN_LLAMA;
    return (nn_config){
        .family = family,
        .n_layers = 2,
        .width = 16,
        .n_heads = 4,
        .n_kv_heads = llama ? 2 : 4,
        .head_dim = 4,
        .inner = 24,
        .n_vocab = 50,
        .n_positions = 16,
        .position_offset = family == NN_ROBERTA ? 2 : 0,
        .n_types = family == NN_BERT      ? 2
                   : family == NN_ROBERTA ? 1
                                          : 0,
        .causal = decoder,
        .rotary = llama,
        .rope_theta = 100,
        .rms_norm = llama,
        .norm_first = decoder,
        .norm_eps = 1e-5,
        .act = llama     ? LINEAR_SILU
               : decoder ? LINEAR_GELU_TANH
                         : LINEAR_GELU,
        .gated = llama,
        .qkv_bias = family != NN_LLAMA,
        .bias = !llama,
        .lm_head = !decoder             ? NN_LM_MASKED
                   : family == NN_LLAMA ? NN_LM_OWN
                                        : NN_LM_TIED,
        .pooler = family == NN_BERT,
        .n_outputs = 3,
        .head_dense = family == NN_ROBERTA || family == NN_DISTILBERT,
        .head_act = family == NN_ROBERTA ? LINEAR_TANH : LINEAR_RELU,
        .init_std = .02,
        .pad_id = 0,
        .bos_id = -1,
        .eos_id = -1,
        .mask_id = -1,
        .cls_id = -1,
        .sep_id = -1,
    };
}

/* relu's corners have no slope: its units are on or off, and stay so. */
static void away_from_corners(bed *b)
{
    size_t bias = nn_layout_find(&b->l, NN_HEAD_DENSE, NN_NO_LAYER, true);
    if (bias == NN_NONE || b->m.head_act != LINEAR_RELU) return;
    for (size_t i = 0; i < b->m.width; i++)
        b->slab[b->l.param[bias].at + i] = i % 3 == 0 ? -3.0F : 3.0F;
}

static void fill_batch(bed *b)
{
    static const uint32_t start[] = {0, 5, 6, 15, BED_TOKENS};
    memcpy(b->start, start, sizeof start);
    for (uint32_t t = 0; t < BED_TOKENS; t++) {
        b->id[t] = formula_token(1, t, 3, (uint32_t)b->m.n_vocab);
        b->type[t] = b->m.n_types > 1 ? (uint8_t)(t % 3 == 0) : 0;
    }
    b->id[7] = b->id[2]; /* one id in two texts */
    b->s.batch = (nn_batch){BED_TEXTS, b->start, b->id, b->type};
    b->s.scale = .25;
    b->s.seed = 5;
    b->s.step = 3;
}

void bed_open(bed *b, const nn_config *m, int n_threads)
{
    pm_err err = PM_ERR_INIT;
    memset(b, 0, sizeof *b);
    b->m = *m;
    b->a = arena_open(1 << 20);
    ck_assert_int_eq(compute_open(n_threads, &b->c, &err), PM_OK);
    ck_assert_msg(nn_layout_of(&b->m, b->a, &b->l, &err) == PM_OK, "%s", err_text(&err));
    b->slab = arena_alloc(b->a, b->l.floats, sizeof(float));
    b->grad = arena_alloc(b->a, b->l.floats, sizeof(float));
    ck_assert(b->slab && b->grad);
    formula_fill(&b->l, b->slab);
    away_from_corners(b);
    ck_assert_msg(nn_graph_open(&b->c, &b->l, BED_TOKENS, BED_TEXTS, &b->g, &err) == PM_OK, "%s",
                  err_text(&err));
    fill_batch(b);
}

void bed_close(bed *b)
{
    nn_graph_close(b->g);
    compute_close(&b->c);
    arena_close(b->a);
}

void bed_lm(bed *b)
{
    static const uint32_t at[] = {0, 3, 5, 7, 7, 11, 16, 20, 23};
    size_t n = sizeof at / sizeof *at;
    for (size_t i = 0; i < n; i++) {
        b->at[i] = at[i];
        b->target[i] = formula_token(2, i, 3, (uint32_t)b->m.n_vocab);
    }
    b->s.goal = NN_GOAL_LM;
    b->s.asked = (nn_asked){n, b->at, b->target};
}

void bed_labels(bed *b, nn_goal goal, nn_pool_kind pool)
{
    size_t cols = b->m.n_outputs;
    for (size_t i = 0; i < BED_TEXTS; i++) {
        double sum = 0;
        float *row = b->wanted + i * cols;
        for (size_t c = 0; c < cols; c++) {
            row[c] = formula_unit(77, i * cols + c) + (goal == NN_GOAL_CLASSES ? 1.5F : 0);
            sum += (double)row[c];
        }
        for (size_t c = 0; c < cols && goal == NN_GOAL_CLASSES; c++)
            row[c] = (float)((double)row[c] / sum);
        b->weight[i] = .5F + .25F * (float)i;
    }
    if (goal == NN_GOAL_REGRESS) {
        b->wanted[1] = NAN;
        for (size_t c = 0; c < cols; c++) b->wanted[2 * cols + c] = NAN;
    }
    b->s.goal = goal;
    b->s.pool = pool;
    b->s.target = (pm_cmat){b->wanted, BED_TEXTS, cols, cols};
    b->s.weight = b->weight;
}

static double step(bed *b, nn_lora *lora, float *grad)
{
    pm_err err = PM_ERR_INIT;
    double loss = 0;
    pm_status s = nn_graph_step(b->g, b->slab, lora, &b->s, &loss, grad, &err);
    ck_assert_msg(s == PM_OK, "%s", err_text(&err));
    return loss;
}

double bed_loss(bed *b, nn_lora *lora)
{
    nn_lora still;
    if (!lora) return step(b, NULL, NULL);
    still = *lora;
    still.grad = NULL;
    return step(b, &still, NULL);
}

double bed_gradient(bed *b, nn_lora *lora)
{
    if (lora)
        memset(lora->grad, 0, lora->floats * sizeof(float));
    else
        memset(b->grad, 0, b->l.floats * sizeof(float));
    return step(b, lora, lora ? NULL : b->grad);
}

static float sign_of(size_t i)
{
    return formula_unit(99, i) < 0 ? -1.0F : 1.0F;
}

static double loss_at(bed *b, const bed_slope *s, const float *was, float far)
{
    for (size_t i = 0; i < s->n; i++) s->value[s->at + i] = was[i] + far * sign_of(i);
    return bed_loss(b, s->lora);
}

void bed_check_slope(bed *b, const bed_slope *s, double tolerance)
{
    float h = s->n > 1 ? 1.0F / 256 : 1.0F / 64;
    float *was = mem_alloc(s->n, sizeof *was);
    memcpy(was, s->value + s->at, s->n * sizeof *was);
    double near = loss_at(b, s, was, h) - loss_at(b, s, was, -h);
    double far = loss_at(b, s, was, 2 * h) - loss_at(b, s, was, -2 * h);
    double slope = (8 * near - far) / (12 * (double)h), along = 0, norm = 0;
    memcpy(s->value + s->at, was, s->n * sizeof *was);
    mem_free(was);
    for (size_t i = 0; i < s->n; i++) {
        double g = (double)s->grad[s->at + i];
        along += g * (double)sign_of(i);
        norm += g * g;
    }
    /* Losses are near 8 and carry float32's rounding: 1e-6 / h is what no step can do better than. */
    double allowed = tolerance * sqrt(norm) + 1e-6 / (double)h;
    ck_assert_msg(fabs(along - slope) <= allowed,
                  "%s: gradient gives %.7g, differences %.7g (+- %g)", s->name, along, slope,
                  allowed);
}

void bed_check_all(bed *b, double tolerance)
{
    bed_gradient(b, NULL);
    for (size_t p = 0; p < b->l.n; p++) {
        const nn_param *k = &b->l.param[p];
        size_t n = k->rows * k->cols;
        bed_slope s = {b->slab, b->grad, k->at, n, k->name, NULL};
        bed_check_slope(b, &s, tolerance);
        for (size_t i = 0; i < 3; i++) {
            bed_slope one = {b->slab, b->grad, k->at + (i * 7919 + 5) % n, 1, k->name, NULL};
            bed_check_slope(b, &one, tolerance);
        }
    }
}
