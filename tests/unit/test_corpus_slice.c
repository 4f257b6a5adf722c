/* SPDX-License-Identifier: MIT
 *
 * Slices: doses are what they say, chosen by seed, expert and domain alone; mixes that mean nothing are refused.
 */
#include "corpus_tools.h"

#include <math.h>

static files f;
static corpus_text text;
static corpus all;

static void setup(void)
{
    files_open(&f);
    corpus_put_domain(&f, "bible", 50, 9000);
    corpus_put_domain(&f, "code", 60, 8000);
    corpus_put_domain(&f, "maths", 30, 12000);
    corpus_must_read(&f, NULL, &text);
    corpus_must_draw(&f, &text, NULL, 1, &all);
}

static void teardown(void)
{
    files_close(&f);
}

static void slice(const corpus_mix *mix, const char *who, uint64_t seed, pm_corpus *out)
{
    err_clear(&f.err);
    ck_assert_msg(corpus_slice(&all, mix, who, seed, f.a, out, &f.err) == PM_OK, "%s",
                  err_text(&f.err));
    ck_assert_uint_eq(out->size, sizeof *out);
}

/* Where a piece stands among those of domain k, SIZE_MAX if it does not. */
static size_t place(pm_str piece, size_t k)
{
    for (size_t p = 0; p < all.n_pieces[k]; p++)
        if (all.piece[k][p].ptr == piece.ptr && all.piece[k][p].len == piece.len) return p;
    return SIZE_MAX;
}

/* The dose of a domain in a slice; its pieces stand in order. */
static double dose_of(const pm_corpus *s, size_t k)
{
    double taken = 0, total = 0;
    size_t last = 0, n = 0;
    for (size_t p = 0; p < all.n_pieces[k]; p++) total += (double)all.piece[k][p].len;
    for (size_t i = 0; i < s->n; i++) {
        size_t p = place(s->document[i], k);
        if (p == SIZE_MAX) continue;
        ck_assert(n++ == 0 || p > last);
        last = p;
        taken += (double)s->document[i].len;
    }
    return taken / total;
}

static double near(size_t k) /* half a piece */
{
    return .5 * 5000 / (double)all.domain[k].expert_bytes + 1e-9;
}

START_TEST(pieces)
{
    for (size_t k = 0; k < 3; k++) {
        ck_assert_uint_gt(all.n_pieces[k], 40);
        for (size_t p = 0; p < all.n_pieces[k]; p++) {
            ck_assert_uint_ge(all.piece[k][p].len, 1000);
            ck_assert_uint_le(all.piece[k][p].len, 5000);
        }
    }
}
END_TEST

START_TEST(doses)
{
    static const char *const domain[] = {"maths", "code"}, *const without[] = {"bible", "code"};
    static const double dose[] = {.5, 1};
    pm_corpus s;
    corpus_mix mix = {.base = .15, .domain = domain, .dose = dose, .n_doses = 1};
    slice(&mix, "x", 1, &s);
    ck_assert(fabs(dose_of(&s, 0) - .15) <= near(0));
    ck_assert(fabs(dose_of(&s, 1) - .15) <= near(1));
    ck_assert(fabs(dose_of(&s, 2) - .5) <= near(2));
    mix.n_doses = 2;
    mix.without = without;
    mix.n_without = 2; /* code is named by a dose all the same */
    slice(&mix, "x", 1, &s);
    ck_assert(dose_of(&s, 0) == 0);
    ck_assert(dose_of(&s, 1) == 1);
    ck_assert(fabs(dose_of(&s, 2) - .5) <= near(2));
    for (size_t i = 1; i < s.n; i++) /* domains in order */
        ck_assert(place(s.document[i], 1) == SIZE_MAX || place(s.document[i - 1], 2) == SIZE_MAX);
}
END_TEST

static bool equal_slices(const pm_corpus *a, const pm_corpus *b)
{
    if (a->n != b->n) return false;
    for (size_t i = 0; i < a->n; i++)
        if (a->document[i].ptr != b->document[i].ptr) return false;
    return true;
}

START_TEST(who_and_seed_decide)
{
    corpus_mix mix = {.base = .3}, more = {.base = .6};
    pm_corpus a, b;
    slice(&mix, "x", 1, &a);
    slice(&mix, "x", 1, &b);
    ck_assert(equal_slices(&a, &b));
    slice(&mix, "y", 1, &b);
    ck_assert(!equal_slices(&a, &b));
    slice(&mix, "x", 2, &b);
    ck_assert(!equal_slices(&a, &b));
    slice(&more, "x", 1, &b); /* a larger dose holds the smaller one */
    for (size_t i = 0; i < a.n; i++) {
        bool found = false;
        for (size_t j = 0; j < b.n; j++) found |= a.document[i].ptr == b.document[j].ptr;
        ck_assert(found);
    }
}
END_TEST

static void refused(const corpus_mix *mix, const char *says)
{
    pm_corpus s;
    err_clear(&f.err);
    ck_assert_int_eq(corpus_slice(&all, mix, "x", 1, f.a, &s, &f.err), PM_E_ARG);
    files_must_say(&f, says);
}

START_TEST(mixes_that_mean_nothing)
{
    static const char *const unknown[] = {"bibel"}, *const far[] = {"quantum"},
                             *const twice[] = {"code", "code"},
                             *const every[] = {"bible", "code", "maths"};
    static const double half[] = {.5, .5}, none[] = {0}, many[] = {1.5}, nan[] = {0.0 / 0.0};
    refused(&(corpus_mix){.base = .1, .domain = unknown, .dose = half, .n_doses = 1},
            "no such domain; did you mean \"bible\"?");
    refused(&(corpus_mix){.base = .1, .without = unknown, .n_without = 1},
            "did you mean \"bible\"?");
    refused(&(corpus_mix){.base = .1, .domain = far, .dose = half, .n_doses = 1},
            "no such domain (it has 3)");
    refused(&(corpus_mix){.base = .1, .domain = twice, .dose = half, .n_doses = 2},
            "has two doses");
    refused(&(corpus_mix){.base = .1, .domain = twice, .dose = none, .n_doses = 1},
            "wanted a dose above 0, at most 1");
    refused(&(corpus_mix){.base = .1, .domain = twice, .dose = many, .n_doses = 1},
            "wanted a dose above 0, at most 1");
    refused(&(corpus_mix){.base = .1, .domain = twice, .dose = nan, .n_doses = 1},
            "wanted a dose above 0, at most 1");
    refused(&(corpus_mix){.base = 1.1}, "\"base\": wanted a share from 0 to 1");
    refused(&(corpus_mix){.base = 0}, "leave nothing of the corpus to learn from");
    refused(&(corpus_mix){.base = 1, .without = every, .n_without = 3}, "leave nothing");
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("slice");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, pieces);
    tcase_add_test(c, doses);
    tcase_add_test(c, who_and_seed_decide);
    tcase_add_test(c, mixes_that_mean_nothing);
    tcase_set_timeout(c, 60);
    Suite *s = suite_create("corpus slice");
    suite_add_tcase(s, c);
    return suite_main(s);
}
