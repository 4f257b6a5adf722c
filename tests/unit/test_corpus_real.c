/* SPDX-License-Identifier: MIT
 *
 * The default corpus, if POINTSMAN_CORPUS names its folder: numbers in the bands that its recipe promises, equal bytes from
 * two readings.
 */
#include "corpus_tools.h"

#include <string.h>

static const char *dir;

static void read_and_draw(arena *a, corpus_text *t, corpus *c)
{
    pm_err e = PM_ERR_INIT;
    ck_assert_msg(corpus_read(dir, NULL, a, t, &e) == PM_OK, "%s", err_text(&e));
    ck_assert_msg(corpus_draw(t, NULL, 1, a, c, &e) == PM_OK, "%s", err_text(&e));
}

START_TEST(bands)
{
    arena *a = arena_open(0);
    corpus_text t;
    corpus c;
    size_t large = 0, expert = 0, both = 0;
    read_and_draw(a, &t, &c);
    for (size_t k = 0; k < t.n_domains; k++) {
        large += t.domain[k].bytes_clean >= 1000000;
        expert += c.domain[k].expert_bytes;
        both += c.domain[k].n_test >= 50 && c.domain[k].n_train >= 100;
    }
    ck_assert_uint_ge(large, 12);
    ck_assert_uint_eq(both, t.n_domains);
    ck_assert_uint_ge(expert, 40000000);
    ck_assert_uint_ge(c.prompts.n, 20000);
    ck_assert_uint_eq(t.counts.files_skipped_binary, 0); /* the recipe takes text only */
    arena_close(a);
}
END_TEST

START_TEST(the_same_twice)
{
    arena *a = arena_open(0), *b = arena_open(0);
    corpus_text t, u;
    corpus c, d;
    read_and_draw(a, &t, &c);
    read_and_draw(b, &u, &d);
    ck_assert_str_eq(t.hash, u.hash);
    ck_assert_str_eq(t.manifest, u.manifest);
    ck_assert_str_eq(c.hash, d.hash);
    arena_close(a);
    arena_close(b);
}
END_TEST

int main(void)
{
    dir = getenv("POINTSMAN_CORPUS");
    if (!dir || !*dir) {
        puts("skipped: POINTSMAN_CORPUS does not name the default corpus");
        return 77;
    }
    TCase *c = tcase_create("real");
    tcase_add_test(c, bands);
    tcase_add_test(c, the_same_twice);
    tcase_set_timeout(c, 300);
    Suite *s = suite_create("corpus real");
    suite_add_tcase(s, c);
    return suite_main(s);
}
