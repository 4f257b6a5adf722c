/* SPDX-License-Identifier: MIT
 *
 * Splits: shares, groups, seeds, leaks, refusals.
 */
#include "data_files.h"

#include "data/split.h"

static files f;

static void setup(void)
{
    files_open(&f);
}

static void teardown(void)
{
    files_close(&f);
}

/* n prompts; row i is in group i / per_group; every fifth is given as test. */
static dataset data_of(int n, int per_group, bool given)
{
    dataset d;
    str prompts = STR_INIT, scores = STR_INIT;
    str_puts(&scores, "id,m\n");
    for (int i = 0; i < n; i++) {
        str_printf(&prompts, "{\"id\": \"p%d\", \"prompt\": \"text %d\"%s}\n", i, i / per_group,
                   !given       ? ""
                   : i % 5 == 0 ? ", \"split\": \"test\""
                                : ", \"split\": \"train\"");
        str_printf(&scores, "p%d,1\n", i);
    }
    files_put(&f, "prompts.jsonl", str_text(&prompts));
    files_put(&f, "scores.csv", str_text(&scores));
    str_close(&prompts);
    str_close(&scores);
    files_must_read(&f, &d);
    return d;
}

static split must_split(const dataset *d, split_spec spec)
{
    split s;
    pm_status st = split_make(d, &spec, f.a, &s, &f.err);
    ck_assert_msg(st == PM_OK, "%s", err_text(&f.err));
    ck_assert_uint_eq(s.n_train, s.n_fit + s.n_tune);
    ck_assert_uint_eq(s.n_train + s.n_test, d->n);
    uint8_t *seen = arena_alloc(f.a, d->n, 1);
    for (size_t k = 0; k < s.n_fit; k++) seen[s.fit[k]] += 1;
    for (size_t k = 0; k < s.n_tune; k++) seen[s.tune[k]] += 1;
    for (size_t k = 0; k < s.n_train; k++) seen[s.train[k]] += 2;
    for (size_t k = 0; k < s.n_test; k++) seen[s.test[k]] += 3;
    for (size_t i = 0; i < d->n; i++) ck_assert_uint_eq(seen[i], 3);
    for (size_t k = 1; k < s.n_train; k++) ck_assert_uint_lt(s.train[k - 1], s.train[k]);
    for (size_t k = 1; k < s.n_test; k++) ck_assert_uint_lt(s.test[k - 1], s.test[k]);
    return s;
}

static int part_of(const split *s, uint32_t row)
{
    for (size_t k = 0; k < s->n_fit; k++)
        if (s->fit[k] == row) return 0;
    for (size_t k = 0; k < s->n_tune; k++)
        if (s->tune[k] == row) return 1;
    return 2;
}

START_TEST(by_prompt)
{
    dataset d = data_of(1000, 1, false);
    split_spec spec = {SPLIT_PROMPT, 0.7, 0.1, 0.2, 42, 0, 0};
    split s = must_split(&d, spec), t = must_split(&d, spec);
    ck_assert_uint_eq(s.n_test, 200);
    ck_assert_uint_eq(s.n_tune, 100);
    ck_assert_uint_eq(s.leaked_groups, 0);
    ck_assert_str_eq(s.hash, t.hash);
    spec.seed = 43;
    t = must_split(&d, spec);
    ck_assert_str_ne(s.hash, t.hash);
    size_t both = 0;
    for (size_t k = 0; k < s.n_test; k++) both += part_of(&t, s.test[k]) == 2;
    ck_assert_uint_lt(both, 80); /* 40 by chance, sd 5 */
    ck_assert_uint_gt(both, 10);
}
END_TEST

START_TEST(by_group)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        dataset d = data_of(300, 7, false);
        split s = must_split(&d, (split_spec){SPLIT_GROUP, 0.6, 0.2, 0.2, seed, 0, 0});
        ck_assert_uint_eq(s.leaked_groups, 0);
        for (uint32_t i = 1; i < d.n; i++)
            if (i % 7) ck_assert_int_eq(part_of(&s, i), part_of(&s, i - 1));
        ck_assert_int_le(abs((int)s.n_test - 60), 7); /* shares within one group */
        ck_assert_int_le(abs((int)s.n_tune - 60), 7);
    }
}
END_TEST

START_TEST(as_given)
{
    dataset d = data_of(300, 3, true);
    split_spec spec = {SPLIT_GIVEN, 0, 0.25, 0, 1, 0, 0};
    split s = must_split(&d, spec);
    ck_assert_uint_eq(s.n_test, 60);
    for (size_t k = 0; k < s.n_test; k++) ck_assert_uint_eq(s.test[k] % 5, 0);
    ck_assert_int_le(abs((int)s.n_tune - 60), 3);
    ck_assert_uint_eq(s.leaked_groups, 60); /* groups of three with one in five given as test */
    for (uint32_t i = 1; i < d.n; i++)      /* tune is cut by group */
        if (d.group[i] == d.group[i - 1] && i % 5 && (i - 1) % 5)
            ck_assert_int_eq(part_of(&s, i), part_of(&s, i - 1));
    spec.tune = 0;
    s = must_split(&d, spec);
    ck_assert_uint_eq(s.n_tune, 0);
    ck_assert_ptr_nonnull(s.tune);
}
END_TEST

START_TEST(leaks)
{
    dataset d = data_of(300, 3, false);
    split s = must_split(&d, (split_spec){SPLIT_PROMPT, 0.5, 0, 0.5, 3, 0, 0});
    size_t want = 0;
    for (uint32_t g = 0; g < 100; g++) {
        int tests = 0;
        for (uint32_t k = 0; k < 3; k++) tests += part_of(&s, 3 * g + k) == 2;
        want += tests == 1 || tests == 2;
    }
    ck_assert_uint_eq(s.leaked_groups, want);
    ck_assert_uint_gt(want, 50);
}
END_TEST

/* int(SHA-1("text 0")) mod 3 and so on, by Python's hashlib. */
START_TEST(by_fold)
{
    static const int fold_of[12] = {2, 0, 0, 1, 2, 0, 2, 1, 0, 1, 0, 1};
    dataset d = data_of(36, 3, false);
    char hash[65] = "";
    for (uint32_t fold = 0; fold < 3; fold++) {
        split_spec spec = {SPLIT_FOLD, 0.75, 0.25, 0, 7, 3, fold};
        split s = must_split(&d, spec);
        for (uint32_t i = 0; i < 36; i++)
            ck_assert_int_eq(part_of(&s, i) == 2, fold_of[i / 3] == (int)fold);
        for (uint32_t i = 0; i < 36; i++) /* equal texts stay together */
            ck_assert_int_eq(part_of(&s, i), part_of(&s, i / 3 * 3));
        ck_assert_uint_gt(s.n_tune, 0);
        ck_assert_uint_eq(s.leaked_groups, 0);
        ck_assert_str_ne(s.hash, hash);
        memcpy(hash, s.hash, sizeof hash);
    }
}
END_TEST

START_TEST(refusals)
{
    static const struct {
        split_spec spec;
        const char *says;
    } bad[] = {
        {{SPLIT_PROMPT, 0.7, 0.1, 0.1, 0, 0, 0},
         "train 0.7 + tune 0.1 + test 0.1 is 0.9, wanted shares that sum to 1"},
        {{SPLIT_GROUP, 1.2, 0, -0.2, 0, 0, 0}, "split: train: found a share of 1.2, wanted 0 to 1"},
        {{SPLIT_GROUP, 0, 0.5, 0.5, 0, 0, 0}, "the fit part of 10 prompts is empty"},
        {{SPLIT_PROMPT, 0.89, 0.01, 0.1, 0, 0, 0}, "the tune part of 10 prompts is empty"},
        {{SPLIT_PROMPT, 0.96, 0, 0.04, 0, 0, 0}, "the test part of 10 prompts is empty"},
        {{SPLIT_GIVEN, 0, 0.1, 0, 0, 0, 0},
         "10 of 10 prompts have no \"split\" (the first: \"p0\")"},
        {{SPLIT_GIVEN, 0, 1.5, 0, 0, 0, 0}, "split: tune: found a share of 1.5"},
        {{SPLIT_FOLD, 1, 0, 0, 0, 1, 0}, "split: fold 0 of 1, wanted at least 2"},
        {{SPLIT_FOLD, 1, 0, 0, 0, 3, 3}, "split: fold 3 of 3"},
        {{SPLIT_FOLD, 1, 0, 0, 0, 11, 0}, "11 folds of 10 prompts, wanted at most a fold for each"},
        {{SPLIT_FOLD, 1, 2, 0, 0, 5, 0}, "split: tune: found a share of 2"},
    };
    dataset d = data_of(10, 1, false);
    split s;
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        ck_assert_int_eq(split_make(&d, &bad[k].spec, f.a, &s, &f.err), PM_E_ARG);
        files_must_say(&f, bad[k].says);
    }
    d = data_of(1, 1, true);
    split_spec given = {SPLIT_GIVEN, 0, 0, 0, 0, 0, 0};
    ck_assert_int_eq(split_make(&d, &given, f.a, &s, &f.err), PM_E_ARG);
    files_must_say(&f, "the fit part of 1 prompts is empty");
    d = data_of(10, 1, false);
    s = must_split(&d,
                   (split_spec){SPLIT_PROMPT, 1, 0, 0, 0, 0, 0}); /* all to train on: asked for */
    ck_assert_uint_eq(s.n_fit, 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("split");
    TCase *cases = tcase_create("split");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, by_prompt);
    tcase_add_test(cases, by_group);
    tcase_add_test(cases, by_fold);
    tcase_add_test(cases, as_given);
    tcase_add_test(cases, leaks);
    tcase_add_test(cases, refusals);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
