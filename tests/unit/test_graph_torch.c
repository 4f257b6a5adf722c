/* SPDX-License-Identifier: MIT
 *
 * One step of training beside torch and transformers in float64 (tests/golden/train_step.py): the loss, gradients by
 * their norms and samples, and weights after AdamW, for models of every family and at full widths.
 */
#define _XOPEN_SOURCE 700

#include "formula_weights.h"
#include "math_tools.h"
#include "nn/adamw.h"
#include "nn/graph.h"
#include "suite.h"

typedef struct golden_param {
    int part, layer, is_bias;
    double norm;
    size_t at[3];
    double grad[3], after[3];
} golden_param;

typedef struct golden_model {
    const char *name;
    double loss;
    const golden_param *param;
    size_t n;
} golden_model;

#include "train_step_golden.inc"

enum { LEAST = 5, MOST_TEXTS = 4, MOST_TOKENS = 64 };

typedef struct shape {
    nn_family family;
    nn_goal goal;
    nn_pool_kind pool;
    size_t n_layers, width, n_heads, n_kv_heads, inner, n_vocab, n_positions;
    double norm_eps;
} shape;

/* In the order of the recorded models. */
static const shape shapes[] = {
    {NN_BERT, NN_GOAL_LM, 0, 2, 24, 4, 4, 40, 61, 40, 1e-12},
    {NN_DISTILBERT, NN_GOAL_LM, 0, 2, 24, 4, 4, 40, 61, 40, 1e-12},
    {NN_ROBERTA, NN_GOAL_LM, 0, 2, 24, 4, 4, 40, 61, 38, 1e-5},
    {NN_GPT2, NN_GOAL_LM, 0, 2, 24, 4, 4, 40, 61, 40, 1e-5},
    {NN_LLAMA, NN_GOAL_LM, 0, 2, 24, 4, 2, 40, 61, 40, 1e-5},
    {NN_QWEN2, NN_GOAL_LM, 0, 2, 24, 4, 2, 40, 61, 40, 1e-6},
    {NN_BERT, NN_GOAL_CLASSES, NN_POOL_POOLER, 2, 24, 4, 4, 40, 61, 40, 1e-12},
    {NN_DISTILBERT, NN_GOAL_REGRESS, NN_POOL_FIRST, 2, 24, 4, 4, 40, 61, 40, 1e-12},
    {NN_ROBERTA, NN_GOAL_SOFT, NN_POOL_FIRST, 2, 24, 4, 4, 40, 61, 38, 1e-5},
    {NN_BERT, NN_GOAL_LM, 0, 6, 384, 12, 12, 1536, 30522, 512, 1e-12},
    {NN_BERT, NN_GOAL_LM, 0, 4, 512, 8, 8, 2048, 30522, 512, 1e-12},
    {NN_GPT2, NN_GOAL_LM, 0, 3, 768, 12, 12, 3072, 2000, 128, 1e-5},
    {NN_LLAMA, NN_GOAL_LM, 0, 4, 576, 9, 3, 1536, 2000, 2048, 1e-5},
};

_Static_assert(sizeof shapes / sizeof *shapes == sizeof golden_models / sizeof *golden_models,
               "a shape a recorded model");

static nn_lm_head head_of(const shape *s, bool small)
{
    if (s->goal != NN_GOAL_LM) return NN_LM_NONE;
    if (s->family < NN_GPT2) return NN_LM_MASKED;
    return s->family == NN_LLAMA && small ? NN_LM_OWN : NN_LM_TIED;
}

static nn_config config_of(const shape *s)
{
    bool decoder = s->family >= NN_GPT2, llama = s->family >= NN_LLAMA;
    bool labels = s->goal != NN_GOAL_LM;
    return (nn_config){
        .family = s->family,
        .n_layers = s->n_layers,
        .width = s->width,
        .n_heads = s->n_heads,
        .n_kv_heads = s->n_kv_heads,
        .head_dim = s->width / s->n_heads,
        .inner = s->inner,
        .n_vocab = s->n_vocab,
        .n_positions = s->n_positions,
        .position_offset = s->family == NN_ROBERTA ? 2 : 0,
        .n_types = s->family == NN_BERT      ? 2
                   : s->family == NN_ROBERTA ? 1
                                             : 0,
        .causal = decoder,
        .rotary = llama,
        .rope_theta = 10000,
        .rms_norm = llama,
        .norm_first = decoder,
        .norm_eps = s->norm_eps,
        .act = llama     ? LINEAR_SILU
               : decoder ? LINEAR_GELU_TANH
                         : LINEAR_GELU,
        .gated = llama,
        .qkv_bias = s->family != NN_LLAMA,
        .bias = !llama,
        .lm_head = head_of(s, s->width < 100),
        .pooler = labels && s->family == NN_BERT,
        .n_outputs = labels ? 3 : 0,
        .head_dense = labels && s->family != NN_BERT,
        .head_act = s->family == NN_ROBERTA ? LINEAR_TANH : LINEAR_RELU,
        .init_std = .02,
        .pad_id = 0,
        .bos_id = -1,
        .eos_id = -1,
        .mask_id = -1,
        .cls_id = -1,
        .sep_id = -1,
    };
}

typedef struct trial {
    arena *a;
    compute c;
    nn_config m;
    nn_layout l;
    float *w, *grad, *mean, *square;
    uint32_t start[MOST_TEXTS + 1], id[MOST_TOKENS], at[MOST_TOKENS], target[MOST_TOKENS];
    float wanted[MOST_TEXTS * 3];
    nn_step s;
} trial;

static void ask(trial *t)
{
    uint32_t n = 0;
    for (size_t i = 0; i < t->s.batch.n; i++)
        for (uint32_t k = t->start[i]; k < t->start[i + 1]; k++)
            if ((k - t->start[i] + 3) % 5 == 0) t->at[n++] = k;
    for (uint32_t i = 0; i < n; i++)
        t->target[i] = formula_token(9, i, LEAST, (uint32_t)t->m.n_vocab);
    t->s.asked = (nn_asked){n, t->at, t->target};
    t->s.scale = 1.0 / n;
}

static void want(trial *t, nn_goal goal)
{
    for (size_t i = 0; i < MOST_TEXTS; i++) {
        float *row = t->wanted + 3 * i;
        double sum = 0;
        for (size_t c = 0; c < 3; c++) {
            row[c] = formula_unit(77, 3 * i + c) + (goal == NN_GOAL_CLASSES ? 1.5F : 0);
            sum += (double)row[c];
        }
        for (size_t c = 0; c < 3 && goal == NN_GOAL_CLASSES; c++)
            row[c] = (float)((double)row[c] / sum);
    }
    if (goal == NN_GOAL_REGRESS) t->wanted[1] = t->wanted[6] = t->wanted[7] = t->wanted[8] = NAN;
    t->s.target = (pm_cmat){t->wanted, t->s.batch.n, 3, 3};
    t->s.scale = 1.0 / (double)t->s.batch.n;
}

static void batch(trial *t, const shape *s)
{
    static const uint32_t uneven[] = {0, 7, 8, 27, 39}, even[] = {0, 16, 32};
    bool small = s->width < 100;
    size_t n = small ? 4 : 2;
    memcpy(t->start, small ? uneven : even, (n + 1) * sizeof *t->start);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = t->start[i]; k < t->start[i + 1]; k++)
            t->id[k] = formula_token(1 + i, k - t->start[i], LEAST, (uint32_t)s->n_vocab);
    t->s = (nn_step){.batch = {n, t->start, t->id, NULL}, .goal = s->goal, .pool = s->pool};
    t->s.training = true; /* and nothing is dropped: the configuration says so */
    if (s->goal == NN_GOAL_LM)
        ask(t);
    else
        want(t, s->goal);
}

static void trial_open(trial *t, const shape *s)
{
    pm_err err = PM_ERR_INIT;
    memset(t, 0, sizeof *t);
    t->m = config_of(s);
    t->a = arena_open(0);
    ck_assert_int_eq(compute_open(2, &t->c, &err), PM_OK);
    ck_assert_msg(nn_layout_of(&t->m, t->a, &t->l, &err) == PM_OK, "%s", err_text(&err));
    float **slab[] = {&t->w, &t->grad, &t->mean, &t->square};
    for (size_t i = 0; i < 4; i++) {
        *slab[i] = arena_alloc(t->a, t->l.floats, sizeof(float));
        ck_assert_ptr_nonnull(*slab[i]);
    }
    formula_fill(&t->l, t->w);
    batch(t, s);
}

static const nn_param *param_of(const trial *t, const golden_param *p)
{
    size_t i = nn_layout_find(&t->l, (nn_part)p->part, p->layer, p->is_bias);
    ck_assert_msg(i != NN_NONE, "part %d of layer %d is not in the layout", p->part, p->layer);
    return &t->l.param[i];
}

static void near(const golden_model *m, const nn_param *p, double found, double wanted,
                 double allowed)
{
    ck_assert_msg(fabs(found - wanted) <= allowed, "%s, %s: found %.9g, torch %.9g (+- %.2g)",
                  m->name, p->name, found, wanted, allowed);
}

/* float32 beside float64: each within 2e-5 of the largest gradient of its parameter, norms within 1e-5.  The bias
 * of keys has no gradient but rounding. */
static void check_gradients(const trial *t, const golden_model *m)
{
    for (size_t i = 0; i < m->n; i++) {
        const golden_param *g = &m->param[i];
        const nn_param *p = param_of(t, g);
        const float *found = t->grad + p->at;
        double sum = 0;
        for (size_t k = 0; k < p->rows * p->cols; k++) sum += (double)found[k] * (double)found[k];
        near(m, p, sqrt(sum), g->norm, 1e-5 * g->norm + 1e-6);
        for (size_t k = 0; k < 3; k++)
            near(m, p, (double)found[g->at[k]], g->grad[k], 2e-5 * fabs(g->grad[0]) + 1e-7);
    }
}

/* AdamW's first step is rate * sign(gradient) almost: samples whose gradient is rounding say nothing. */
static size_t check_weights(const trial *t, const golden_model *m)
{
    size_t checked = 0;
    for (size_t i = 0; i < m->n; i++) {
        const golden_param *g = &m->param[i];
        const nn_param *p = param_of(t, g);
        for (size_t k = 0; k < 3; k++) {
            bool is_zero = g->grad[k] == 0, is_clear = fabs(g->grad[k]) > 1e-5;
            if (!is_zero && !is_clear) continue;
            near(m, p, (double)t->w[p->at + g->at[k]], g->after[k], 2e-6);
            checked++;
        }
    }
    return checked;
}

START_TEST(one_step)
{
    const golden_model *m = &golden_models[_i];
    trial t;
    pm_err err = PM_ERR_INIT;
    nn_graph *g;
    double loss;
    nn_adamw adam = NN_ADAMW_DEFAULT;
    trial_open(&t, &shapes[_i]);
    ck_assert_int_eq(nn_graph_open(&t.c, &t.l, MOST_TOKENS, MOST_TEXTS, &g, &err), PM_OK);
    pm_status s = nn_graph_step(g, t.w, NULL, &t.s, &loss, t.grad, &err);
    ck_assert_msg(s == PM_OK, "%s", err_text(&err));
    ck_assert_msg(fabs(loss - m->loss) < 2e-6 * m->loss, "%s: loss %.9g, torch %.9g", m->name, loss,
                  m->loss);
    check_gradients(&t, m);
    nn_adamw_step(&t.c, t.c.pool, &adam, &t.l, t.l.floats, 1e-3, 1, 1, t.w, t.grad, t.mean,
                  t.square);
    ck_assert_uint_gt(check_weights(&t, m), m->n);
    nn_graph_close(g);
    compute_close(&t.c);
    arena_close(t.a);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("torch");
    int n = (int)(sizeof shapes / sizeof *shapes);
    tcase_add_loop_test(t, one_step, 0, suite_is_quick("models of full width") ? 9 : n);
    return tools_run(t, "graph beside torch");
}
