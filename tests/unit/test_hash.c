/* SPDX-License-Identifier: MIT
 *
 * SHA-256 against the examples of NIST (FIPS 180-4 "Example algorithms" and the CAVP byte tests),
 * FNV-1a against the vectors of its authors.
 */
#include "config.h"

#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/hash_shani.h"
#include "base/io.h"
#include "base/rng.h"

static const struct {
    const char *text, *hex;
} row[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnop"
     "qrs"
     "mnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};
static const char million_a[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

START_TEST(sha256_known_answers)
{
    char hex[65];
    for (size_t k = 0; k < sizeof row / sizeof row[0]; k++) {
        sha256_of(row[k].text, strlen(row[k].text), hex);
        ck_assert_str_eq(hex, row[k].hex);
    }
    const unsigned char d3 = 0xd3; /* CAVP SHA256ShortMsg, Len = 8 */
    sha256_of(&d3, 1, hex);
    ck_assert_str_eq(hex, "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1");
}
END_TEST

/* FIPS 180-4 "Example algorithms"; remainders by Python: int(sha1(text).hexdigest(), 16) % n. */
/* Any state, any bytes, any number of blocks; and the million a's in one piece and in small ones. */
START_TEST(sha256_by_instructions)
{
    static uint8_t bytes[64 * 70 + 1];
    if (!sha256_has_ni()) {
        printf("test_hash: this CPU has no SHA instructions: they are not compared\n");
        return;
    }
    for (size_t k = 0; k < sizeof bytes; k++) bytes[k] = (uint8_t)rng_bits(1, 0, k);
    for (uint64_t t = 0; t < 200; t++) {
        uint32_t a[8], b[8];
        const size_t n = (size_t)rng_below(2, 0, t, 71);
        for (uint64_t k = 0; k < 8; k++) a[k] = b[k] = (uint32_t)rng_bits(3, (uint32_t)k, t);
        sha256_blocks_plain(a, bytes + t % 2, n);
        sha256_blocks_ni(b, bytes + t % 2, n);
        ck_assert_mem_eq(a, b, sizeof a);
    }
}
END_TEST

START_TEST(sha1_known_answers)
{
    static const struct {
        const char *text, *hex;
        uint32_t mod5, mod1000;
    } known[] = {
        {"", "da39a3ee5e6b4b0d3255bfef95601890afd80709", 0, 305},
        {"abc", "a9993e364706816aba3e25717850c26c9cd0d89d", 2, 517},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "84983e441c3bd26ebaae4aa1f95129e5e54670f1", 3, 873},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrl"
         "mno"
         "pqrsmnopqrstnopqrstu",
         "a49b2446a02c645bf419f995b67091253a04a259", 1, 481},
    };
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        uint8_t digest[20];
        char hex[41];
        sha1_of(known[k].text, strlen(known[k].text), digest);
        for (size_t b = 0; b < sizeof digest; b++) snprintf(hex + 2 * b, 3, "%02x", digest[b]);
        ck_assert_str_eq(hex, known[k].hex);
        ck_assert_uint_eq(sha1_mod(known[k].text, strlen(known[k].text), 5), known[k].mod5);
        ck_assert_uint_eq(sha1_mod(known[k].text, strlen(known[k].text), 1000), known[k].mod1000);
    }
}
END_TEST

START_TEST(sha256_in_pieces)
{
    char piece[997], hex[65];
    memset(piece, 'a', sizeof piece);
    for (size_t step = 1; step < sizeof piece; step += 83) {
        sha256 s;
        sha256_init(&s);
        for (size_t left = 1000000; left > 0;) {
            size_t part = step < left ? step : left;
            sha256_add(&s, piece, part);
            left -= part;
        }
        sha256_hex(&s, hex);
        ck_assert_str_eq(hex, million_a);
    }
}
END_TEST

START_TEST(sha256_of_files)
{
    char folder[256], path[300], hex[65];
    temp_folder_open(folder);
    snprintf(path, sizeof path, "%s/a", folder);
    char *million = malloc(1000000);
    memset(million, 'a', 1000000);
    ck_assert_int_eq(io_write(path, million, 1000000, NULL), PM_OK);
    free(million);
    ck_assert_int_eq(sha256_file(path, hex, NULL), PM_OK);
    ck_assert_str_eq(hex, million_a);
    pm_err e = PM_ERR_INIT;
    ck_assert_int_eq(sha256_file(folder, hex, &e), PM_E_IO);
    snprintf(path, sizeof path, "%s/none", folder);
    ck_assert_int_eq(sha256_file(path, hex, &e), PM_E_IO);
    ck_assert_ptr_nonnull(strstr(e.text, "none: cannot open: No such file"));
    temp_folder_close(folder);
}
END_TEST

START_TEST(first_digits_as_a_number)
{
    ck_assert_uint_eq(sha256_u64(row[0].hex), 0xe3b0c44298fc1c14u);
    ck_assert_uint_eq(sha256_u64(row[1].hex), 0xba7816bf8f01cfeau);
}
END_TEST

START_TEST(fnv1a_known_answers)
{
    ck_assert_uint_eq(fnv1a("", 0), 0xcbf29ce484222325u);
    ck_assert_uint_eq(fnv1a("a", 1), 0xaf63dc4c8601ec8cu);
    ck_assert_uint_eq(fnv1a("foobar", 6), 0x85944171f73967e8u);
    ck_assert_uint_eq(fnv1a("\0", 1), 0xaf63bd4c8601b7dfu);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("hash");
    tcase_add_test(c, sha256_known_answers);
    tcase_add_test(c, sha256_by_instructions);
    tcase_add_test(c, sha1_known_answers);
    tcase_add_test(c, sha256_in_pieces);
    tcase_add_test(c, sha256_of_files);
    tcase_add_test(c, first_digits_as_a_number);
    tcase_add_test(c, fnv1a_known_answers);
    tcase_set_timeout(c, 60);
    Suite *s = suite_create("hash");
    suite_add_tcase(s, c);
    return suite_main(s);
}
