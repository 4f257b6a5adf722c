/* SPDX-License-Identifier: MIT
 *
 * Gzip: round trips, members, plain files, cut and flipped files, bombs, failing allocations.
 */
#include "config.h"

#include "suite.h"

#include <string.h>

#include "base/gz.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/rng.h"

static char folder[256], path[300];

static void setup(void)
{
    temp_folder_open(folder);
    snprintf(path, sizeof path, "%s/f.gz", folder);
}

static void teardown(void)
{
    temp_folder_close(folder);
}

/* Text that does not compress to nothing. */
static void sample(str *s, size_t words)
{
    for (size_t i = 0; i < words; i++) {
        str_printf(s, "prompt %u,", (unsigned)rng_below(1, 0, i, 100000));
    }
}

START_TEST(round_trips)
{
    static const size_t words[] = {0, 1, 5000, 60000};
    for (size_t k = 0; k < 4; k++) {
        str in = STR_INIT, out = STR_INIT;
        sample(&in, words[k]);
        ck_assert_int_eq(gz_write_all(path, str_text(&in), in.len, NULL), PM_OK);
        ck_assert_int_eq(gz_read_all(path, in.len, &out, NULL), PM_OK);
        ck_assert_uint_eq(out.len, in.len);
        ck_assert_str_eq(str_text(&out), str_text(&in));
        ck_assert_int_eq(io_read(path, 1 << 20, &out, NULL), PM_OK);
        ck_assert_mem_eq(str_text(&out), "\x1f\x8b", 2);
        ck_assert_mem_eq(str_text(&out) + 4, "\0\0\0\0",
                         4); /* no time: equal content, equal file */
        str_close(&in);
        str_close(&out);
    }
}
END_TEST

START_TEST(plain_files_pass)
{
    str in = STR_INIT, out = STR_INIT;
    sample(&in, 20000);
    static const size_t len[] = {0, 1, 2, 65536, 200000};
    for (size_t k = 0; k < 5; k++) {
        ck_assert_int_eq(io_write(path, str_text(&in), len[k], NULL), PM_OK);
        ck_assert_int_eq(gz_read_all(path, len[k], &out, NULL), PM_OK);
        ck_assert_uint_eq(out.len, len[k]);
        ck_assert_mem_eq(str_text(&out), str_text(&in), len[k]);
    }
    str_close(&in);
    str_close(&out);
}
END_TEST

START_TEST(members_and_padding)
{
    str packed = STR_INIT, out = STR_INIT, all = STR_INIT;
    ck_assert_int_eq(gz_write_all(path, "one,", 4, NULL), PM_OK);
    ck_assert_int_eq(io_read(path, 1000, &packed, NULL), PM_OK);
    str_put(&all, str_text(&packed), packed.len);
    str_put(&all, str_text(&packed), packed.len);
    ck_assert_int_eq(io_write(path, str_text(&all), all.len, NULL), PM_OK);
    ck_assert_int_eq(gz_read_all(path, 1000, &out, NULL), PM_OK);
    ck_assert_str_eq(str_text(&out), "one,one,");
    str_put(&all, "\0\0\0", 3);
    ck_assert_int_eq(io_write(path, str_text(&all), all.len, NULL), PM_OK);
    ck_assert_int_eq(gz_read_all(path, 1000, &out, NULL), PM_OK);
    ck_assert_str_eq(str_text(&out), "one,one,");
    str_puts(&all, "garbage");
    pm_err e = PM_ERR_INIT;
    ck_assert_int_eq(io_write(path, str_text(&all), all.len, NULL), PM_OK);
    ck_assert_int_eq(gz_read_all(path, 1000, &out, &e), PM_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(e.text, "damaged gzip data"));
    str_close(&packed);
    str_close(&out);
    str_close(&all);
}
END_TEST

START_TEST(small_reads_agree)
{
    str in = STR_INIT, out = STR_INIT;
    sample(&in, 3000);
    ck_assert_int_eq(gz_write_all(path, str_text(&in), in.len, NULL), PM_OK);
    gz *g = NULL;
    ck_assert_int_eq(gz_open(path, &g, NULL), PM_OK);
    char part[7];
    size_t got = sizeof part;
    while (got == sizeof part) {
        ck_assert_int_eq(gz_read(g, part, sizeof part, &got, NULL), PM_OK);
        str_put(&out, part, got);
    }
    ck_assert_int_eq(gz_read(g, part, sizeof part, &got, NULL), PM_OK);
    ck_assert_uint_eq(got, 0);
    gz_close(g);
    gz_close(NULL);
    ck_assert_str_eq(str_text(&out), str_text(&in));
    str_close(&in);
    str_close(&out);
}
END_TEST

START_TEST(bombs_are_refused)
{
    size_t len = 8u << 20;
    char *zeroes = calloc(len, 1);
    ck_assert_int_eq(gz_write_all(path, zeroes, len, NULL), PM_OK);
    free(zeroes);
    str out = STR_INIT;
    pm_err e = PM_ERR_INIT;
    ck_assert_int_eq(gz_read_all(path, 100000, &out, &e), PM_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(e.text, "more than the 100000 bytes"));
    ck_assert_uint_eq(out.len, 0);
    ck_assert_uint_lt(out.capacity, 1u << 20);
    ck_assert_int_eq(gz_read_all(path, len - 1, &out, &e), PM_E_FORMAT);
    ck_assert_int_eq(gz_read_all(path, len, &out, &e), PM_OK);
    str_close(&out);
}
END_TEST

START_TEST(missing_and_unwritable)
{
    str out = STR_INIT;
    pm_err e = PM_ERR_INIT;
    ck_assert_int_eq(gz_read_all(path, 10, &out, &e), PM_E_IO);
    ck_assert_int_eq(gz_read_all(folder, 10, &out, &e), PM_E_IO);
    ck_assert_int_eq(gz_write_all("/none/such/f.gz", "x", 1, &e), PM_E_IO);
    str_close(&out);
}
END_TEST

START_TEST(every_truncation_is_refused)
{
    str in = STR_INIT, packed = STR_INIT, out = STR_INIT;
    sample(&in, 60);
    ck_assert_int_eq(gz_write_all(path, str_text(&in), in.len, NULL), PM_OK);
    ck_assert_int_eq(io_read(path, 100000, &packed, NULL), PM_OK);
    for (size_t len = 2; len < packed.len; len++) {
        FILE *f = fopen(path, "wb");
        ck_assert_uint_eq(fwrite(str_text(&packed), 1, len, f), len);
        fclose(f);
        pm_err e = PM_ERR_INIT;
        ck_assert_int_eq(gz_read_all(path, 100000, &out, &e), PM_E_FORMAT);
        ck_assert_ptr_nonnull(strstr(e.text, "the file is truncated"));
    }
    str_close(&in);
    str_close(&packed);
    str_close(&out);
}
END_TEST

/* A flipped bit may hit a field that gzip does not check (time, name flags of the head); then the
 * content must be the old one.  Never a crash, never other content. */
START_TEST(flipped_bits_never_give_other_content)
{
    str in = STR_INIT, packed = STR_INIT, out = STR_INIT;
    sample(&in, 60);
    ck_assert_int_eq(gz_write_all(path, str_text(&in), in.len, NULL), PM_OK);
    ck_assert_int_eq(io_read(path, 100000, &packed, NULL), PM_OK);
    size_t refused = 0;
    for (uint64_t k = 0; k < 2000; k++) {
        size_t bit = (size_t)rng_below(9, 0, k, (packed.len - 2) * 8) + 16; /* keep the magic */
        packed.at[bit / 8] = (char)(packed.at[bit / 8] ^ 1 << bit % 8);
        FILE *f = fopen(path, "wb");
        fwrite(str_text(&packed), 1, packed.len, f);
        fclose(f);
        pm_status s = gz_read_all(path, 100000, &out, NULL);
        if (s == PM_OK) ck_assert_str_eq(str_text(&out), str_text(&in));
        if (s != PM_OK) ck_assert_int_eq(s, PM_E_FORMAT);
        refused += s != PM_OK;
        packed.at[bit / 8] = (char)(packed.at[bit / 8] ^ 1 << bit % 8);
    }
    ck_assert_uint_gt(refused, 1800);
    str_close(&in);
    str_close(&packed);
    str_close(&out);
}
END_TEST

START_TEST(every_failing_allocation_is_reported)
{
    str in = STR_INIT;
    sample(&in, 60);
    bool wrote = false, read = false;
    for (size_t n = 1; n < 60 && !(wrote && read); n++) {
        str out = STR_INIT;
        mem_fail_after(n);
        pm_status s = gz_write_all(path, str_text(&in), in.len, NULL);
        mem_fail_after(0);
        ck_assert(s == PM_E_MEMORY || s == PM_OK);
        wrote = s == PM_OK && n > 5;
        ck_assert_int_eq(gz_write_all(path, str_text(&in), in.len, NULL), PM_OK);
        mem_fail_after(n);
        s = gz_read_all(path, 100000, &out, NULL);
        mem_fail_after(0);
        ck_assert(s == PM_E_MEMORY || s == PM_OK);
        read = s == PM_OK;
        str_close(&out);
    }
    ck_assert(wrote && read);
    str_close(&in);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("gz");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, round_trips);
    tcase_add_test(c, plain_files_pass);
    tcase_add_test(c, members_and_padding);
    tcase_add_test(c, small_reads_agree);
    tcase_add_test(c, bombs_are_refused);
    tcase_add_test(c, missing_and_unwritable);
    tcase_add_test(c, every_truncation_is_refused);
    tcase_add_test(c, flipped_bits_never_give_other_content);
    tcase_add_test(c, every_failing_allocation_is_reported);
    tcase_set_timeout(c, 60);
    Suite *s = suite_create("gz");
    suite_add_tcase(s, c);
    return suite_main(s);
}
