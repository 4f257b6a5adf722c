/* SPDX-License-Identifier: MIT
 *
 * The promise of additive objectives: the weight grid chooses what penalty chooses through the guard, on random
 * questions with ties, priors, masked cells and weights of either sign.
 */
#include "config.h"

#include "plugins_bed.h"

#include "base/rng.h"
#include "math/weight_grid.h"
#include "plug/objective.h"

static bed b;

static void setup(void)
{
    bed_open(&b);
}
static void teardown(void)
{
    bed_close(&b);
}

enum { N = 60, M = 7, TERMS = 4, POINTS = 12 };

typedef struct random_question {
    float value[N * M], cell[TERMS][N * M], prior[M];
    uint32_t mask[N * M];
    uint64_t arrival[N];
    double weight[POINTS * TERMS];
    pm_cmat matrix[TERMS];
    pm_term term[TERMS];
    const pm_term *terms[TERMS];
    pm_question q;
} random_question;

/* Quarters make ties in every question of an even seed. */
static float number(uint64_t seed, uint32_t stream, size_t at)
{
    double u = rng_uniform(seed, stream, at);
    return (float)(seed % 2 ? u : floor(u * 4) / 4);
}

static void draw(random_question *r, uint64_t seed)
{
    for (size_t c = 0; c < (size_t)N * M; c++) {
        r->value[c] = number(seed, 1, c);
        r->mask[c] = c % M != c / M % M && rng_below(seed, 2, c, 4) == 0;
        for (uint32_t k = 0; k < TERMS; k++) r->cell[k][c] = number(seed, 3 + k, c);
    }
    for (size_t j = 0; j < M; j++) r->prior[j] = (float)rng_below(seed, 20, j, 3);
    for (size_t i = 0; i < N; i++) r->arrival[i] = i;
    for (size_t p = 0; p < (size_t)POINTS * TERMS; p++)
        r->weight[p] = 4 * (double)number(seed, 21, p) - 1;
    for (size_t k = 0; k < TERMS; k++) {
        r->matrix[k] = (pm_cmat){r->cell[k], N, M, k % 2 ? M : 0};
        r->term[k] = (pm_term){
            .size = sizeof(pm_term), .name = "term", .sense = PM_SOFT, .value = r->matrix[k]};
        r->terms[k] = &r->term[k];
    }
    r->q = (pm_question){.size = sizeof(pm_question),
                         .kind = seed % 3 ? PM_VALUE_QUALITY : PM_VALUE_LOSS,
                         .value = {r->value, N, M, M},
                         .lib = bed_library(&b, M),
                         .x = bed_prompts(&b, N, 0, 0),
                         .term = r->terms,
                         .n_terms = TERMS,
                         .arrival = r->arrival,
                         .prior = seed % 5 ? r->prior : NULL,
                         .mask = seed % 7 ? r->mask : NULL};
}

START_TEST(chooses_what_penalty_chooses)
{
    static random_question r;
    static uint8_t many[POINTS * N];
    uint32_t choice[N];
    const plugin_entry *e = bed_plugin(&b, PLUGIN_OBJECTIVE, "penalty");
    ck_assert(e->type.objective->additive);
    objective_spec spec = {e, bed_params(&b, e, ""), 7};
    objective *o;
    bed_ok(&b, objective_build(b.call, &spec, NULL, NULL, &o, &b.err));
    draw(&r, (uint64_t)_i);
    weight_grid g = {.is_loss = r.q.kind == PM_VALUE_LOSS,
                     .value = r.q.value,
                     .term = r.matrix,
                     .n_terms = TERMS,
                     .mask = r.q.mask,
                     .prior = r.q.prior,
                     .weight = r.weight,
                     .n_points = POINTS};
    weight_grid_out out = {.choice = many};
    bed_ok(&b, weight_grid_decide(&b.compute, &g, &out, &b.err));
    for (size_t p = 0; p < POINTS; p++) {
        for (size_t k = 0; k < TERMS; k++) r.term[k].weight = r.weight[p * TERMS + k];
        pm_decisions d = {.size = sizeof d, .choice = choice};
        bed_ok(&b, objective_decide(o, b.call, &r.q, &d, &b.err));
        for (size_t i = 0; i < N; i++)
            ck_assert_uint_eq(weight_grid_choice(many, N, M, p, i), choice[i]);
    }
    objective_close(o);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("weight grid and penalty");
    TCase *t = tcase_create("weight grid and penalty");
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, chooses_what_penalty_chooses, 1, 43);
    suite_add_tcase(s, t);
    return suite_main(s);
}
