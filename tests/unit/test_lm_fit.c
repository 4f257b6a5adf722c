/* SPDX-License-Identifier: MIT
 *
 * Tiny language models trained for seconds really learn; the same bytes for any threads; early stopping, adapters, labelled
 * goals, divergence and bad input.
 */
#include "config.h"

#include "lm_fit_bed.h"

/* Nats of the likeliest guess without context: of the pieces of all documents. */
static double unigram_entropy(const fit_bed *b)
{
    const size_t n = tokenizer_size(b->t);
    double *count = arena_alloc(b->a, n, sizeof *count), all = 0, sum = 0;
    token_room *room = token_room_open();
    const token_options o = {.no_special = true};
    for (size_t i = 0; i < b->n; i++) {
        tokens t;
        ck_assert_int_eq(tokenizer_encode(b->t, room, b->text[i], NULL, &o, &t, NULL), PM_OK);
        for (size_t k = 0; k < t.n; k++) count[t.id[k]]++;
        all += (double)t.n;
    }
    for (size_t i = 0; i < n; i++)
        if (count[i] > 0) sum -= count[i] / all * log(count[i] / all);
    token_room_close(room);
    return sum;
}

static double last(const fit_bed *b, const char *curve)
{
    double v = NAN;
    for (size_t i = 0; i < b->n_points; i++)
        if (!strcmp(b->point[i].curve, curve)) v = b->point[i].value;
    return v;
}

START_TEST(masked_models_learn)
{
    fit_bed *b = fit_bed_open(true, 2);
    b->o.max_steps = 160;
    b->o.batch_tokens = 2048;
    fit_bed_must(b);
    const double entropy = unigram_entropy(b);
    printf("masked: %.3f nats a piece, unigram entropy %.3f\n", b->result.tune_loss, entropy);
    ck_assert_double_lt(b->result.tune_loss, entropy - .3);
    ck_assert_uint_eq(b->result.steps, 160);
    ck_assert_uint_gt(b->result.tokens, 160 * 1900);
    ck_assert(last(b, "rate") < 1e-4 && last(b, "train_loss") < entropy);
    ck_assert(b->result.cut.texts == b->n && b->result.cut.texts_cut == 0);
    fit_bed_close(b);
}
END_TEST

START_TEST(causal_models_learn)
{
    fit_bed *b = fit_bed_open(false, 2);
    b->o.max_steps = 100;
    fit_bed_must(b);
    const double entropy = unigram_entropy(b);
    printf("causal: %.3f nats a piece, unigram entropy %.3f\n", b->result.tune_loss, entropy);
    ck_assert_double_lt(b->result.tune_loss, entropy - .4);
    fit_bed_close(b);
}
END_TEST

START_TEST(threads_do_not_matter)
{
    for (int masked = 0; masked < 2; masked++) {
        fit_bed *one = fit_bed_open(masked, 1), *two = fit_bed_open(masked, 2);
        one->o.max_steps = two->o.max_steps = 12;
        one->o.micro_tokens = two->o.micro_tokens = 300;
        fit_bed_must(one);
        fit_bed_must(two);
        ck_assert_mem_eq(one->result.slab, two->result.slab, one->l.floats * sizeof(float));
        ck_assert_uint_eq(one->n_points, two->n_points);
        for (size_t i = 0; i < one->n_points; i++)
            ck_assert(one->point[i].value == two->point[i].value);
        ck_assert(memcmp(one->result.slab, one->start, one->l.floats * sizeof(float)) != 0);
        fit_bed_close(one);
        fit_bed_close(two);
    }
}
END_TEST

START_TEST(seeds_matter)
{
    fit_bed *b = fit_bed_open(true, 1);
    b->o.max_steps = 3;
    b->o.tune_share = 0;
    b->o.schedule.warm_up = 0;
    fit_bed_must(b);
    const float *first = b->result.slab;
    ck_assert(isnan(b->result.tune_loss) && b->result.best_step == 3);
    b->o.seed++;
    fit_bed_must(b);
    ck_assert(memcmp(first, b->result.slab, b->l.floats * sizeof(float)) != 0);
    fit_bed_close(b);
}
END_TEST

/* A rate at which nothing gets better after the beginning: it stops, with the weights of the best measurement. */
START_TEST(it_stops_early)
{
    fit_bed *b = fit_bed_open(false, 2);
    b->o.max_steps = 400;
    b->o.tune_every = 5;
    b->o.patience = 3;
    b->o.schedule = (nn_schedule){.peak = .3, .decay = NN_CONSTANT};
    fit_bed_must(b);
    ck_assert(b->result.stopped_early);
    ck_assert_uint_lt(b->result.steps, 400);
    ck_assert_uint_eq(b->result.steps, b->result.best_step + 15);
    double best = INFINITY;
    for (size_t i = 0; i < b->n_points; i++)
        if (!strcmp(b->point[i].curve, "tune_loss") && b->point[i].value < best)
            best = b->point[i].value;
    ck_assert(best == b->result.tune_loss);
    fit_bed_close(b);
}
END_TEST

START_TEST(adapters_change_only_their_matrices)
{
    fit_bed *b = fit_bed_open(false, 2);
    b->o.max_steps = 30;
    b->o.lora_rank = 4;
    b->o.lora_alpha = 8;
    fit_bed_must(b);
    for (size_t p = 0; p < b->l.n; p++) {
        const nn_param *q = b->l.param + p;
        const bool adapted = !q->is_bias && q->rows > 1 && q->layer != NN_NO_LAYER;
        const bool same =
            !memcmp(b->result.slab + q->at, b->start + q->at, q->rows * q->cols * sizeof(float));
        ck_assert_msg(same != adapted, "%s", q->name);
    }
    ck_assert(b->result.best_step > 0);
    fit_bed_close(b);
}
END_TEST

/* Two kinds of made-up texts, and the share of right answers on others of them. */
static size_t labelled(fit_bed *b, pm_str *text, float *target, size_t n, uint64_t seed)
{
    static const char *const words[2][4] = {{"harbour", "ship", "tide", "rope"},
                                            {"oven", "flour", "salt", "butter"}};
    for (size_t i = 0; i < n; i++) {
        str s = STR_INIT;
        const size_t kind = (i * 7 + seed) % 2;
        for (size_t k = 0; k < 6; k++)
            str_printf(&s, "%s the ", words[kind][(i * 31 + k * k * 5 + seed * 3 + k) % 4]);
        text[i] = (pm_str){arena_strndup(b->a, s.at, s.len), s.len};
        str_close(&s);
        target[2 * i] = kind == 0;
        target[2 * i + 1] = kind == 1;
    }
    return n;
}

static double share_right(const fit_bed *b, const float *slab, const pm_str *text, pm_cmat target)
{
    nn_graph *g;
    token_room *room = token_room_open();
    size_t right = 0;
    ck_assert_int_eq(nn_graph_open(&b->c, &b->l, 64, 1, &g, NULL), PM_OK);
    for (size_t i = 0; i < target.rows; i++) {
        const token_options o = {.max = 64};
        tokens t;
        double loss;
        ck_assert_int_eq(tokenizer_encode(b->t, room, text[i], NULL, &o, &t, NULL), PM_OK);
        const uint32_t start[2] = {0, (uint32_t)t.n};
        const nn_step s = {.batch = {1, start, t.id, NULL},
                           .goal = b->o.goal,
                           .pool = b->o.pool,
                           .scale = 1,
                           .target = {target.at + i * target.ld, 1, target.cols, target.ld}};
        ck_assert_int_eq(nn_graph_step(g, slab, NULL, &s, &loss, NULL, NULL), PM_OK);
        const float *out = nn_graph_outputs(g).at, *want = target.at + i * target.ld;
        right += (out[0] > out[1]) == (want[0] > want[1]);
    }
    nn_graph_close(g);
    token_room_close(room);
    return (double)right / (double)target.rows;
}

START_TEST(labels_are_learned)
{
    static const nn_goal goals[] = {NN_GOAL_CLASSES, NN_GOAL_REGRESS, NN_GOAL_SOFT};
    enum { N = 120, TUNE = 40 };
    fit_bed *b = fit_bed_open(true, 2);
    nn_config config = fit_bed_bert(tokenizer_size(b->t));
    pm_str *text = arena_alloc(b->a, N + TUNE, sizeof *text);
    float *target = arena_alloc(b->a, N + TUNE, 2 * sizeof *target), weight[N];
    labelled(b, text, target, N, 1);
    labelled(b, text + N, target + 2 * N, TUNE, 2);
    for (size_t i = 0; i < N; i++) weight[i] = i % 3 == 0 ? .5F : 1;
    config.lm_head = NN_LM_NONE;
    config.n_outputs = 2;
    fit_bed_model(b, config);
    b->data = (lm_fit_data){.text = text,
                            .n = N,
                            .target = {target, N, 2, 2},
                            .weight = weight,
                            .tune_text = text + N,
                            .n_tune = TUNE,
                            .tune_target = {target + 2 * N, TUNE, 2, 2}};
    b->o.batch_tokens = 512;
    b->o.max_steps = 60;
    b->o.schedule.peak = 2e-3;
    for (size_t k = 0; k < 3; k++) {
        b->o.goal = goals[k];
        fit_bed_must(b);
        const double share = share_right(b, b->result.slab, text + N, b->data.tune_target);
        ck_assert_msg(share > .95, "goal %zu: %.3f right", k, share);
        ck_assert(b->result.cut.texts == N + TUNE && b->result.cut.texts_cut == 0);
    }
    b->data.pair = text; /* pairs, and texts that are too long: cut, and counted */
    b->data.tune_pair = text + N;
    b->o.max_tokens = 12;
    b->o.max_steps = 2;
    fit_bed_must(b);
    ck_assert(b->result.cut.texts_cut == N + TUNE && b->result.cut.tokens_cut > 0);
    fit_bed_close(b);
}
END_TEST

START_TEST(divergence_is_said_with_advice)
{
    fit_bed *b = fit_bed_open(false, 1);
    for (size_t p = 0; p < b->l.n; p++) /* logits beyond the range of floats */
        if (b->l.param[p].part == NN_TOKENS || b->l.param[p].part == NN_FINAL_NORM)
            for (size_t i = 0; i < b->l.param[p].rows * b->l.param[p].cols; i++)
                b->start[b->l.param[p].at + i] = i % 2 ? 3e30F : -2e30F;
    ck_assert_int_eq(fit_bed_run(b), PM_E_DIVERGED);
    ck_assert_msg(strstr(err_text(&b->err), "lower rate") != NULL, "%s", err_text(&b->err));
    fit_bed_close(b);
}
END_TEST

static void refused(fit_bed *b, pm_status s, const char *says)
{
    const pm_status got = fit_bed_run(b);
    ck_assert_msg(got == s, "%s: %d", says, (int)got);
    ck_assert_msg(strstr(err_text(&b->err), says) != NULL, "%s", err_text(&b->err));
}

START_TEST(bad_input_is_refused)
{
    fit_bed *b = fit_bed_open(true, 1);
    const lm_fit_options o = b->o;
    const pm_str empty[] = {{"", 0}, {" ", 1}};
#define BAD(change, says) b->o = o, change, refused(b, PM_E_ARG, says)
    BAD(b->o.masked = false, "masked");
    BAD(b->o.mask_share = 0, "mask_share");
    BAD(b->o.epochs = 0, "epochs");
    BAD(b->o.epochs = NAN, "epochs");
    BAD(b->o.max_tokens = 65, "64 positions");
    BAD(b->o.max_tokens = 2, "special tokens");
    BAD(b->o.schedule.peak = -1, "peak");
    BAD(b->o.schedule.peak = NAN, "peak");
    BAD(b->o.schedule.decay = 0, "decay");
    BAD(b->o.adamw.beta_2 = 1, "beta_2");
    BAD(b->o.clip = -1, "clip");
    BAD(b->o.tune_share = 1, "tune_share");
    BAD(b->o.goal = 0, "goal");
    BAD(b->o.goal = NN_GOAL_CLASSES, "no head");
    b->o = o;
    b->data.n = 0;
    refused(b, PM_E_ARG, "no texts");
    b->data = (lm_fit_data){.text = empty, .n = 2};
    refused(b, PM_E_ARG, "no tokens");
    b->data = (lm_fit_data){.text = b->text, .n = b->n};
    nn_config other = b->config;
    other.mask_id = -1; /* found by name */
    fit_bed_model(b, other);
    b->o.max_steps = 1;
    fit_bed_must(b);
    other.n_vocab = 300;
    fit_bed_model(b, other);
    refused(b, PM_E_ARG, "do not belong together");
    fit_bed_close(b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lm_fit");
    TCase *tc = tcase_create("lm_fit");
    tcase_set_timeout(tc, 600);
    suite_add_tcase(s, tc);
    tcase_add_test(tc, masked_models_learn);
    tcase_add_test(tc, causal_models_learn);
    tcase_add_test(tc, threads_do_not_matter);
    tcase_add_test(tc, seeds_matter);
    tcase_add_test(tc, it_stops_early);
    tcase_add_test(tc, adapters_change_only_their_matrices);
    tcase_add_test(tc, labels_are_learned);
    tcase_add_test(tc, divergence_is_said_with_advice);
    tcase_add_test(tc, bad_input_is_refused);
    return suite_main(s);
}
