/* SPDX-License-Identifier: MIT
 *
 * The list of parameters: what is in it, where it lies, and the values it begins with.
 */
#include "config.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "nn/source.h"
#include "nn_tools.h"
#include "suite.h"

static nn_layout layout_of(const nn_config *c, arena *a)
{
    nn_layout l;
    pm_err err = PM_ERR_INIT;
    ck_assert_msg(nn_layout_of(c, a, &l, &err) == PM_OK, "%s", err_text(&err));
    return l;
}

static const nn_param *find(const nn_layout *l, nn_part part, int layer, bool is_bias)
{
    size_t i = nn_layout_find(l, part, layer, is_bias);
    return i == NN_NONE ? NULL : &l->param[i];
}

static void check_apart(const nn_layout *l)
{
    size_t end = 0, sum = 0;
    for (size_t i = 0; i < l->n; i++) {
        const nn_param *p = &l->param[i];
        ck_assert_uint_eq(p->at % 16, 0);
        ck_assert_uint_ge(p->at, end);
        ck_assert_uint_lt(p->at - end, 16);
        end = p->at + p->rows * p->cols;
        sum += p->rows * p->cols;
        ck_assert_uint_eq(nn_layout_find(l, p->part, p->layer, p->is_bias), i);
        for (size_t k = 0; k < i; k++) ck_assert_str_ne(l->param[k].name, p->name);
    }
    ck_assert_uint_eq(sum, l->n_parameters);
    ck_assert_uint_ge(l->floats, end);
    ck_assert_uint_lt(l->floats - end, 16);
}

START_TEST(an_encoder)
{
    arena *a = arena_open(0);
    nn_config c = nn_tool_encoder();
    nn_layout l = layout_of(&c, a);
    check_apart(&l);
    const nn_param *p = find(&l, NN_UP, 1, false);
    ck_assert_str_eq(p->name, "layer.1.up.weight");
    ck_assert_uint_eq(p->rows, 40);
    ck_assert_uint_eq(p->cols, 24);
    ck_assert(p->decays);
    p = find(&l, NN_UP, 1, true);
    ck_assert_uint_eq(p->rows, 1);
    ck_assert_uint_eq(p->cols, 40);
    ck_assert(!p->decays);
    p = find(&l, NN_NORM_2, 0, true);
    ck_assert_uint_eq(p->cols, 24);
    ck_assert(!p->decays);
    ck_assert(!find(&l, NN_NORM_2, 0, false)->decays);
    ck_assert_ptr_null(find(&l, NN_LM_OUT, 0, false));
    ck_assert_uint_eq(find(&l, NN_LM_OUT, NN_NO_LAYER, true)->cols, 101);
    ck_assert_ptr_null(find(&l, NN_GATE, 0, false));
    ck_assert_ptr_null(find(&l, NN_FINAL_NORM, 0, false));
    ck_assert_ptr_null(find(&l, NN_TOKENS, 0, true));
    size_t layer = 4 * (24 * 24 + 24) + 2 * 24 * 40 + 40 + 24 + 4 * 24;
    size_t around = (101 + 33 + 2 + 2) * 24 + 2 * (24 * 24 + 24) + 2 * 24 + 101;
    ck_assert_uint_eq(l.n_parameters, 2 * layer + around);
    arena_close(a);
}
END_TEST

START_TEST(a_decoder)
{
    arena *a = arena_open(0);
    nn_config c = nn_tool_decoder();
    c.n_outputs = 3;
    nn_layout l = layout_of(&c, a);
    check_apart(&l);
    ck_assert_uint_eq(find(&l, NN_K, 0, false)->rows, 12);
    ck_assert_uint_eq(find(&l, NN_O, 0, false)->cols, 24);
    ck_assert_ptr_null(find(&l, NN_POSITIONS, 0, false));
    ck_assert_ptr_null(find(&l, NN_NORM_1, 0, true));
    ck_assert_ptr_null(find(&l, NN_Q, 0, true));
    ck_assert_ptr_null(find(&l, NN_HEAD_OUT, 0, true));
    ck_assert_uint_eq(find(&l, NN_HEAD_OUT, 0, false)->rows, 3);
    size_t layer = 24 * (24 + 12 + 12 + 24) + 3 * 24 * 40 + 2 * 24;
    ck_assert_uint_eq(l.n_parameters, 2 * layer + 2 * 101 * 24 + 24 + 3 * 24);
    arena_close(a);
}
END_TEST

START_TEST(fresh_weights)
{
    arena *a = arena_open(0);
    nn_config c = nn_tool_encoder();
    c.n_vocab = 3000;
    nn_layout l = layout_of(&c, a);
    float *one = arena_alloc(a, l.floats, sizeof *one),
          *two = arena_alloc(a, l.floats, sizeof *two);
    memset(one, 0xff, l.floats * sizeof *one);
    nn_init(&l, 7, one);
    nn_init(&l, 7, two);
    ck_assert_mem_eq(one, two, l.floats * sizeof *one);
    nn_init(&l, 8, two);
    ck_assert_mem_ne(one, two, l.floats * sizeof *one);
    const nn_param *t = find(&l, NN_TOKENS, 0, false);
    double sum = 0, squares = 0, n = (double)((t->rows - 1) * t->cols);
    for (size_t k = t->cols; k < t->rows * t->cols; k++) {
        sum += (double)one[t->at + k];
        squares += (double)one[t->at + k] * (double)one[t->at + k];
    }
    ck_assert_double_lt(fabs(sum / n), 4 * 0.02 / sqrt(n));
    ck_assert_double_lt(fabs(sqrt(squares / n) / 0.02 - 1), 0.02);
    for (size_t k = 0; k < t->cols; k++) ck_assert(one[t->at + k] == 0.0F); /* padding's row */
    ck_assert(one[find(&l, NN_NORM_1, 1, false)->at + 23] == 1.0F);
    ck_assert(one[find(&l, NN_NORM_1, 1, true)->at + 23] == 0.0F);
    ck_assert(one[find(&l, NN_LM_OUT, 1, true)->at + 9] == 0.0F);
    ck_assert(one[l.floats - 1] == 0.0F); /* 1 x 24: padded */
    arena_close(a);
}
END_TEST

START_TEST(weights_of_a_slab)
{
    arena *a = arena_open(0);
    nn_config c = nn_tool_decoder();
    nn_layout l = layout_of(&c, a);
    float *slab = arena_alloc(a, l.floats, sizeof *slab), *back = arena_alloc(a, l.floats, 4);
    float rows[3 * 24];
    pm_err err = PM_ERR_INIT;
    nn_init(&l, 3, slab);
    nn_weights w = nn_slab_weights(&l, slab);
    ck_assert_int_eq(nn_weights_read(&w, back, &err), PM_OK);
    ck_assert_mem_eq(slab, back, l.floats * sizeof *slab);
    ck_assert_int_eq(nn_weights_rows(&w, 0, 98, 101, rows, &err), PM_OK);
    ck_assert_mem_eq(rows, slab + l.param[0].at + 98 * 24, sizeof rows);
    ck_assert_int_eq(nn_weights_rows(&w, 0, 99, 102, rows, &err), PM_E_ARG);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "tokens.weight"));
    ck_assert_int_eq(nn_weights_rows(&w, l.n, 0, 1, rows, &err), PM_E_ARG);
    arena_close(a);
}
END_TEST

static void refused(nn_config c, const char *why)
{
    pm_err err = PM_ERR_INIT;
    ck_assert_int_ne(nn_config_check(&c, "x.json", &err), PM_OK);
    ck_assert_msg(strstr(err_text(&err), why) != NULL, "%s", err_text(&err));
}

START_TEST(no_model)
{
    nn_config c = nn_tool_decoder();
    c.n_kv_heads = 3;
    refused(c, "share 3");
    c = nn_tool_decoder();
    c.n_layers = 0;
    refused(c, "layers");
    c = nn_tool_decoder();
    c.width = (size_t)1 << 24;
    refused(c, "width");
    c = nn_tool_decoder();
    c.head_dim = 7;
    refused(c, "even");
    c = nn_tool_decoder();
    c.norm_eps = NAN;
    refused(c, "epsilon");
    c = nn_tool_decoder();
    c.bos_id = 101;
    refused(c, "bos_token_id");
    c = nn_tool_decoder();
    c.rope_factor = 8;
    refused(c, "rope");
    c = nn_tool_decoder();
    c.lm_head = NN_LM_MASKED;
    refused(c, "masked");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nn_layout");
    TCase *t = tcase_create("all");
    suite_add_tcase(s, t);
    tcase_add_test(t, an_encoder);
    tcase_add_test(t, a_decoder);
    tcase_add_test(t, fresh_weights);
    tcase_add_test(t, weights_of_a_slab);
    tcase_add_test(t, no_model);
    return suite_main(s);
}
