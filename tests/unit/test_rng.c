/* SPDX-License-Identifier: MIT
 *
 * Philox against the authors' known answers (Random123, kat_vectors), and the draws made from it:
 * ranges, moments within bounds that a wrong formula breaks, and values pinned so that results of
 * old experiments can be repeated.
 */
#include "config.h"

#include "suite.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"

START_TEST(known_answers)
{
    static const uint32_t row[3][10] = {
        {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09,
         0x94fdcceb, 0x5001e420, 0x24126ea1},
    };
    for (int k = 0; k < 3; k++) {
        uint32_t out[4];
        rng_philox(row[k], row[k] + 4, out);
        ck_assert_mem_eq(out, row[k] + 6, sizeof out);
    }
    ck_assert_uint_eq(rng_bits(0, 0, 0), 0xe169c58d6627e8d5u);
}
END_TEST

START_TEST(draws_depend_on_every_argument)
{
    uint64_t v = rng_bits(1, 2, 3);
    ck_assert_uint_eq(v, rng_bits(1, 2, 3));
    ck_assert_uint_ne(v, rng_bits(2, 2, 3));
    ck_assert_uint_ne(v, rng_bits(1 + (1ull << 32), 2, 3));
    ck_assert_uint_ne(v, rng_bits(1, 3, 3));
    ck_assert_uint_ne(v, rng_bits(1, 2, 4));
    ck_assert_uint_ne(v, rng_bits(1, 2, 3 + (1ull << 32)));
}
END_TEST

START_TEST(uniform_has_its_moments)
{
    const size_t n = 100000;
    double sum = 0, square = 0;
    for (size_t i = 0; i < n; i++) {
        double u = rng_uniform(42, 1, i);
        ck_assert(u >= 0 && u < 1);
        sum += u;
        square += u * u;
    }
    double mean = sum / (double)n, variance = square / (double)n - mean * mean;
    ck_assert_double_eq_tol(mean, 0.5, 0.005);
    ck_assert_double_eq_tol(variance, 1.0 / 12, 0.002);
}
END_TEST

START_TEST(normal_has_its_moments)
{
    const size_t n = 100000;
    double power[5] = {0};
    for (size_t i = 0; i < n; i++) {
        double z = rng_normal(42, 2, i), p = 1;
        ck_assert(isfinite(z));
        for (int k = 0; k < 5; k++, p *= z) power[k] += p / (double)n;
    }
    ck_assert_double_eq_tol(power[1], 0, 0.015);
    ck_assert_double_eq_tol(power[2], 1, 0.02);
    ck_assert_double_eq_tol(power[3], 0, 0.06);
    ck_assert_double_eq_tol(power[4], 3, 0.15);
}
END_TEST

START_TEST(below_is_even_and_bounded)
{
    size_t seen[7] = {0};
    for (size_t i = 0; i < 70000; i++) seen[rng_below(3, 0, i, 7)]++;
    for (int k = 0; k < 7; k++) ck_assert(seen[k] > 9600 && seen[k] < 10400);
    ck_assert_uint_eq(rng_below(3, 0, 0, 1), 0);
    ck_assert_uint_eq(rng_below(3, 0, 0, 0), 0);
    size_t high = 0;
    for (size_t i = 0; i < 1000; i++) {
        uint64_t v = rng_below(3, 1, i, 3ull << 62);
        ck_assert_uint_lt(v, 3ull << 62);
        high += v >= 1ull << 63;
    }
    ck_assert(high > 250 && high < 420);
}
END_TEST

START_TEST(shuffle_permutes_evenly)
{
    size_t place[4][4] = {{0}};
    for (uint64_t seed = 0; seed < 24000; seed++) {
        uint32_t index[4] = {0, 1, 2, 3};
        rng_shuffle(seed, 5, index, 4);
        unsigned mask = 0;
        for (size_t k = 0; k < 4; k++) {
            mask |= 1u << index[k];
            place[k][index[k]]++;
        }
        ck_assert_uint_eq(mask, 15);
    }
    for (int k = 0; k < 16; k++)
        ck_assert(place[k / 4][k % 4] > 5700 && place[k / 4][k % 4] < 6300);
    rng_shuffle(1, 1, NULL, 0);
    uint32_t one = 9;
    rng_shuffle(1, 1, &one, 1);
    ck_assert_uint_eq(one, 9);
}
END_TEST

START_TEST(derived_seeds_differ)
{
    ck_assert_uint_eq(rng_derive(1, "router"), rng_derive(1, "router"));
    ck_assert_uint_ne(rng_derive(1, "router"), rng_derive(2, "router"));
    ck_assert_uint_ne(rng_derive(1, "router"), rng_derive(1, "routes"));
    ck_assert_uint_ne(rng_derive(1, ""), rng_bits(1, 0, 0));
}
END_TEST

START_TEST(values_are_pinned)
{
    uint32_t index[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    rng_shuffle(2024, 0, index, 8);
    char order[9] = "";
    for (int k = 0; k < 8; k++) order[k] = (char)('0' + index[k]);
    ck_assert_str_eq(order, "34015726");
    ck_assert_uint_eq(rng_derive(2024, "split"), 4768409663509500108u);
    ck_assert_double_eq(rng_uniform(2024, 1, 5), 0.016992323524963493);
    ck_assert_uint_eq(rng_below(2024, 1, 5, 1000), 16u);
    ck_assert_double_eq_tol(rng_normal(2024, 1, 5), 0.004114282864540701, 1e-14);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("rng");
    tcase_add_test(c, known_answers);
    tcase_add_test(c, draws_depend_on_every_argument);
    tcase_add_test(c, uniform_has_its_moments);
    tcase_add_test(c, normal_has_its_moments);
    tcase_add_test(c, below_is_even_and_bounded);
    tcase_add_test(c, shuffle_permutes_evenly);
    tcase_add_test(c, derived_seeds_differ);
    tcase_add_test(c, values_are_pinned);
    Suite *s = suite_create("rng");
    suite_add_tcase(s, c);
    return suite_main(s);
}
