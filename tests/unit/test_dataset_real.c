/* SPDX-License-Identifier: MIT
 *
 * The eight real sets: what an independent implementation (Python, numpy) found in the same files: sizes
 * and comparable part.  Needs their folder in POINTSMAN_DATA; skipped without.
 */
#include "data_files.h"

typedef struct expected {
    const char *name, *scores_sha256; /* the first 12 digits */
    size_t train, test, models, dropped_rows, dropped_models, battles;
} expected;

static const expected sets[] = {
    {"routellm_pair", "a84389498655", 10864, 4657, 2, 0, 0, 0},
    {"routerbench_3", "67715e837712", 1886, 797, 11, 13, 0, 0},
    {"llmrouter_9", "767de45117b3", 4665, 424, 9, 0, 0, 0},
    {"zeroeval", "814817044be5", 1628, 767, 30, 14, 28, 0},
    {"fasteval", "24d5707f7e92", 1714, 751, 33, 0, 1, 0},
    {"routerarena_2", "9bfd71f5f2ab", 464, 216, 2, 0, 0, 0},
    {"llmdrift_4", "054d45bf3eca", 918, 384, 4, 0, 0, 0},
    {"alpaca_battles", "5f018c66de0c", 494, 183, 57, 7, 36, 74498},
};

static void check_file(const dataset *d, const expected *e)
{
    for (size_t k = 0; k < d->n_files; k++)
        if (strcmp(d->file[k].name, "scores.csv") == 0) {
            ck_assert_msg(strncmp(d->file[k].sha256, e->scores_sha256, 12) == 0,
                          "%s: scores.csv is %.12s", e->name, d->file[k].sha256);
            return;
        }
    ck_abort_msg("%s: no scores.csv in the provenance", e->name);
}

START_TEST(pools)
{
    const expected *e = &sets[_i];
    const char *root = getenv("POINTSMAN_DATA");

    char dir[512];
    pm_err err = PM_ERR_INIT;
    dataset d, p;
    arena *a = arena_open(0);
    snprintf(dir, sizeof dir, "%s/%s", root, e->name);
    pm_status s = dataset_read(dir, NULL, a, &d, &err);
    ck_assert_msg(s == PM_OK, "%s", err_text(&err));
    check_file(&d, e);
    ck_assert_uint_eq(d.n_battles, e->battles);
    ck_assert_uint_eq(d.counts.battles_skipped, 0);
    s = dataset_pool(&d, 0.98, a, &p, &err);
    ck_assert_msg(s == PM_OK, "%s", err_text(&err));
    size_t train = 0, test = 0;
    for (size_t i = 0; i < p.n; i++) {
        train += p.part[i] == DATASET_TRAIN;
        test += p.part[i] == DATASET_TEST;
    }
    ck_assert_uint_eq(train, e->train);
    ck_assert_uint_eq(test, e->test);
    ck_assert_uint_eq(p.m, e->models);
    ck_assert_uint_eq(p.counts.rows_dropped_incomplete, e->dropped_rows);
    ck_assert_uint_eq(p.counts.models_dropped_sparse, e->dropped_models);
    arena_close(a);
}
END_TEST

int main(void)
{
    if (!getenv("POINTSMAN_DATA")) {
        puts("test_dataset_real: skipped: POINTSMAN_DATA does not name a folder of data sets");
        return 77;
    }
    Suite *suite = suite_create("real datasets");
    TCase *cases = tcase_create("real datasets");
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, pools, 0, (int)(sizeof sets / sizeof *sets));
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
