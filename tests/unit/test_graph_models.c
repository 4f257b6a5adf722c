/* SPDX-License-Identifier: MIT
 *
 * Gradients of whole models of every family and goal against finite differences; dropout; adapters; the same bytes
 * whatever the threads; refusals.
 */
#include "graph_bed.h"

#define TOLERANCE 2e-3 /* of the norm of a parameter's gradient */

START_TEST(language_models)
{
    nn_config m = bed_config((nn_family)_i);
    bed b;
    bed_open(&b, &m, 2);
    bed_lm(&b);
    bed_check_all(&b, TOLERANCE);
    bed_close(&b);
}
END_TEST

/* Rotary layers that see what follows, as masked models may have them. */
START_TEST(decoders_that_see_both_sides)
{
    nn_config m = bed_config((nn_family)_i);
    bed b;
    bed_open(&b, &m, 2);
    bed_lm(&b);
    const double causal = bed_loss(&b, NULL);
    bed_close(&b);
    m.causal = false;
    bed_open(&b, &m, 2);
    bed_lm(&b);
    ck_assert(bed_loss(&b, NULL) != causal);
    bed_check_all(&b, TOLERANCE);
    bed_close(&b);
}
END_TEST

START_TEST(labelled_texts)
{
    static const nn_pool_kind pool[] = {NN_POOL_POOLER, NN_POOL_MEAN, NN_POOL_FIRST,
                                        NN_POOL_LAST,   NN_POOL_MEAN, NN_POOL_LAST};
    static const nn_goal goal[] = {NN_GOAL_CLASSES, NN_GOAL_REGRESS, NN_GOAL_SOFT};
    nn_config m = bed_config((nn_family)_i);
    for (size_t k = 0; k < 3; k++) {
        bed b;
        bed_open(&b, &m, 2);
        bed_labels(&b, goal[k], pool[_i - NN_BERT]);
        bed_check_all(&b, TOLERANCE);
        bed_close(&b);
    }
}
END_TEST

START_TEST(dropout_is_a_function_of_its_step)
{
    nn_config m = bed_config((nn_family)_i);
    m.dropout = .2;
    m.attention_dropout = .15;
    bed b;
    bed_open(&b, &m, 2);
    bed_lm(&b);
    double plain = bed_loss(&b, NULL);
    b.s.training = true;
    double dropped = bed_loss(&b, NULL);
    ck_assert(plain != dropped);
    ck_assert(bed_loss(&b, NULL) == dropped);
    bed_check_all(&b, TOLERANCE);
    b.s.step++;
    ck_assert(bed_loss(&b, NULL) != dropped);
    b.s.goal = NN_GOAL_SOFT;
    bed_labels(&b, NN_GOAL_SOFT, NN_POOL_MEAN);
    bed_check_all(&b, TOLERANCE);
    bed_close(&b);
}
END_TEST

START_TEST(adapters_learn_alone)
{
    nn_config m = bed_config((nn_family)_i);
    bed b;
    nn_lora lora;
    bed_open(&b, &m, 2);
    bed_lm(&b);
    uint32_t parts = 1u << NN_Q | 1u << NN_K | 1u << NN_V | 1u << NN_O | 1u << NN_GATE |
                     1u << NN_UP | 1u << NN_DOWN;
    ck_assert_int_eq(nn_lora_open(&b.l, parts, 3, 6, 11, b.a, &lora, NULL), PM_OK);
    ck_assert_uint_eq(lora.n, m.n_layers * (m.gated ? 7 : 6));
    double before = bed_loss(&b, NULL);
    ck_assert(bed_loss(&b, &lora) == before); /* B is zero at first */
    tools_fill(lora.value, lora.floats, 3);
    for (size_t i = 0; i < lora.floats; i++) lora.value[i] *= .2F;
    bed_gradient(&b, &lora);
    for (size_t i = 0; i < lora.n; i++) {
        const nn_param *p = &b.l.param[lora.param[i].param];
        bed_slope s = {lora.value, lora.grad, lora.param[i].at_a, 3 * p->cols, p->name, &lora};
        bed_check_slope(&b, &s, TOLERANCE);
        s.at = lora.param[i].at_b;
        s.n = 3 * p->rows;
        bed_check_slope(&b, &s, TOLERANCE);
    }
    double adapted = bed_loss(&b, &lora);
    nn_lora_merge(&lora, b.slab);
    ck_assert_double_eq_tol(bed_loss(&b, NULL), adapted, 1e-5);
    ck_assert(fabs(adapted - before) > 1e-3);
    bed_close(&b);
}
END_TEST

START_TEST(threads_change_no_byte)
{
    nn_config m = bed_config((nn_family)_i);
    m.dropout = .1;
    m.attention_dropout = .1;
    bed one, three;
    bed_open(&one, &m, 1);
    bed_open(&three, &m, 3);
    bed_lm(&one);
    bed_lm(&three);
    one.s.training = three.s.training = true;
    ck_assert(bed_gradient(&one, NULL) == bed_gradient(&three, NULL));
    ck_assert_mem_eq(one.grad, three.grad, one.l.floats * sizeof(float));
    bed_close(&one);
    bed_close(&three);
}
END_TEST

START_TEST(gradients_add_up)
{
    nn_config m = bed_config(NN_BERT);
    bed b;
    bed_open(&b, &m, 2);
    bed_lm(&b);
    bed_gradient(&b, NULL);
    float *once = arena_alloc(b.a, b.l.floats, sizeof *once);
    memcpy(once, b.grad, b.l.floats * sizeof *once);
    double loss;
    size_t blocks = mem_count();
    ck_assert_int_eq(nn_graph_step(b.g, b.slab, NULL, &b.s, &loss, b.grad, NULL), PM_OK);
    ck_assert_uint_eq(mem_count(), blocks); /* a later step allocates nothing */
    for (size_t i = 0; i < b.l.floats; i++)
        ck_assert_float_eq_tol(b.grad[i], 2 * once[i], 1e-5F * (1 + fabsf(once[i])));
    bed_close(&b);
}
END_TEST

static void refuses(bed *b, const char *what)
{
    pm_err err = PM_ERR_INIT;
    double loss;
    pm_status s = nn_graph_step(b->g, b->slab, NULL, &b->s, &loss, b->grad, &err);
    ck_assert_int_ne(s, PM_OK);
    ck_assert_msg(strstr(err_text(&err), what) != NULL, "%s", err_text(&err));
}

START_TEST(wrong_steps_are_refused)
{
    nn_config m = bed_config(NN_GPT2);
    bed b;
    bed_open(&b, &m, 1);
    bed_lm(&b);
    b.id[4] = 50;
    refuses(&b, "token 4 is id 50");
    b.id[4] = 3;
    b.at[2] = BED_TOKENS;
    refuses(&b, "question 2");
    b.at[2] = 5;
    b.start[2] = 5;
    refuses(&b, "sequence 1");
    b.start[2] = 6;
    b.slab[b.l.param[0].at + b.id[0] * 16] = NAN;
    refuses(&b, "the loss is");
    bed_labels(&b, NN_GOAL_SOFT, NN_POOL_POOLER);
    refuses(&b, "pooler");
    b.s.target.cols = 2;
    b.s.pool = NN_POOL_LAST;
    refuses(&b, "[4 x 2]");
    bed_close(&b);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("models");
    tcase_add_loop_test(t, language_models, NN_BERT, NN_QWEN2 + 1);
    tcase_add_loop_test(t, decoders_that_see_both_sides, NN_LLAMA, NN_QWEN2 + 1);
    tcase_add_loop_test(t, labelled_texts, NN_BERT, NN_QWEN2 + 1);
    tcase_add_loop_test(t, dropout_is_a_function_of_its_step, NN_BERT, NN_QWEN2 + 1);
    tcase_add_loop_test(t, adapters_learn_alone, NN_BERT, NN_QWEN2 + 1);
    tcase_add_loop_test(t, threads_change_no_byte, NN_BERT, NN_QWEN2 + 1);
    tcase_add_test(t, gradients_add_up);
    tcase_add_test(t, wrong_steps_are_refused);
    return tools_run(t, "graph");
}
