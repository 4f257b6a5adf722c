/* SPDX-License-Identifier: MIT
 *
 * Damaged and oversized datasets: cut at every byte, with single bits turned, with rows and counts out of
 * proportion.  Each either reads or says why; under the sanitizers this also shows that nothing is touched
 * that should not be.
 */
#include "data_files.h"

#include "base/gz.h"
#include "base/io.h"
#include "base/rng.h"

static files f;

static void setup(void)
{
    files_open(&f);
}

static void teardown(void)
{
    files_close(&f);
}

static const struct {
    const char *name, *text;
} good[] = {
    {"prompts.jsonl",
     "{\"id\": \"a\", \"prompt\": \"caf\xc3\xa9 \\u00e9\\ud83d\\ude00\", \"domain\": \"x\"}\n"
     "{\"id\": \"b\", \"turns\": [{\"role\": \"user\", \"content\": \"t\\n\"}], "
     "\"tokens_in\": 12, \"group\": \"g\"}\n{\"id\": \"c\", \"prompt\": \"p\", "
     "\"split\": \"test\", \"more\": [1, {\"k\": null}]}\n"},
    {"scores.csv", "id,small,\"lar\"\"ge\"\na,0,1\r\nb,0.25,\n\"c\",1e-2,NaN\n"},
    {"costs.csv", "id,small,\"lar\"\"ge\"\na,1e-6,2\nb,3.5,\nc,4,5\n"},
    {"models.json", "[{\"name\": \"small\", \"params_b\": 7, \"released\": \"2024-02-29\"},\n"
                    " {\"name\": \"lar\\\"ge\", \"tags\": [\"a\", \"b\"], \"tools\": true}]\n"},
    {"battles.jsonl", "{\"prompt_id\": \"a\", \"model_a\": \"small\", \"model_b\": \"lar\\\"ge\", "
                      "\"winner\": \"tie\", \"p_b\": 0.5, \"judge\": \"j\"}\n"},
};
enum { GOOD = sizeof good / sizeof *good };

static void put_good(void)
{
    for (size_t k = 0; k < GOOD; k++) files_put(&f, good[k].name, good[k].text);
}

/* Reads or says why; a part of what reads can be taken too. */
static bool reads(void)
{
    dataset d, p;
    arena *a = arena_open(0);
    pm_err err = PM_ERR_INIT;
    pm_status s = dataset_read(f.dir, NULL, a, &d, &err);
    if (s == PM_OK) {
        pm_err unused = PM_ERR_INIT;
        ck_assert_uint_gt(d.n, 0);
        ck_assert_uint_gt(d.m, 0);
        (void)!dataset_pool(&d, 0.5, a, &p, &unused);
    } else {
        ck_assert_msg(s == PM_E_FORMAT, "status %d: %s", (int)s, err_text(&err));
        ck_assert_msg(strlen(err_text(&err)) > 20, "%s", err_text(&err));
        ck_assert_int_eq(strncmp(err_text(&err), f.dir, strlen(f.dir)), 0); /* says where */
    }
    arena_close(a);
    return s == PM_OK;
}

START_TEST(cut_at_every_byte)
{
    put_good();
    ck_assert(reads());
    size_t refused = 0, cuts = 0, step = suite_is_quick("15 of 16 cuts") ? 16 : 1;
    for (size_t k = 0; k < GOOD; k++) {
        for (size_t len = 0; len < strlen(good[k].text); len += step, cuts++) {
            files_put_bytes(&f, good[k].name, good[k].text, len);
            refused += !reads();
        }
        files_put(&f, good[k].name, good[k].text);
    }
    ck_assert_uint_gt(refused, cuts * 8 / 10);
}
END_TEST

START_TEST(turned_bits)
{
    put_good();
    size_t flips = suite_repeats(1000, "15 of 16 flipped bits");
    for (uint64_t i = 0; i < flips; i++) {
        size_t k = (size_t)rng_below(11, 0, i, GOOD);
        char bytes[1024];
        size_t len = strlen(good[k].text);
        memcpy(bytes, good[k].text, len);
        uint64_t bit = rng_below(11, 1, i, len * 8);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << (bit % 8)));
        files_put_bytes(&f, good[k].name, bytes, len);
        (void)reads();
        files_put(&f, good[k].name, good[k].text);
    }
}
END_TEST

START_TEST(damaged_gzip)
{
    put_good();
    str packed = STR_INIT;
    const char *path = files_path(&f, "prompts.jsonl.gz");
    ck_assert_int_eq(gz_write_all(path, good[0].text, strlen(good[0].text), &f.err), PM_OK);
    ck_assert_int_eq(remove(files_path(&f, "prompts.jsonl")), 0);
    ck_assert(reads());
    ck_assert_int_eq(io_read(path, 1 << 20, &packed, &f.err), PM_OK);
    for (size_t len = 0; len < packed.len; len++) {
        files_put_bytes(&f, "prompts.jsonl.gz", packed.at, len);
        ck_assert_msg(!reads(), "cut at %zu", len);
    }
    size_t step = suite_is_quick("15 of 16 flipped bits of gzip") ? 16 : 1;
    for (size_t bit = 0; bit < packed.len * 8; bit += step) {
        packed.at[bit / 8] = (char)(packed.at[bit / 8] ^ (1 << (bit % 8)));
        files_put_bytes(&f, "prompts.jsonl.gz", packed.at, packed.len);
        (void)reads();
        packed.at[bit / 8] = (char)(packed.at[bit / 8] ^ (1 << (bit % 8)));
    }
    str_close(&packed);
}
END_TEST

/* A gzip file of a few kilobytes that holds one row of 17 million blanks. */
START_TEST(huge_row)
{
    dataset d;
    str row = STR_INIT;
    files_put_small(&f);
    ck_assert_int_eq(remove(files_path(&f, "prompts.jsonl")), 0);
    str_puts(&row, "{\"id\": \"a\", \"prompt\": \"");
    for (int k = 0; k < 17000; k++) {
        char blanks[1000];
        memset(blanks, ' ', sizeof blanks);
        str_put(&row, blanks, sizeof blanks);
    }
    str_puts(&row, "\"}\n");
    ck_assert_int_eq(gz_write_all(files_path(&f, "prompts.jsonl.gz"), row.at, row.len, &f.err),
                     PM_OK);
    ck_assert_int_eq(files_read(&f, &d), PM_E_FORMAT);
    files_must_say(&f, "prompts.jsonl.gz:1: row is longer than 16777216 bytes");
    str_close(&row);
}
END_TEST

START_TEST(too_large_a_file)
{
    dataset d;
    dataset_options o = DATASET_OPTIONS_DEFAULT;
    str text = STR_INIT;
    files_put_small(&f);
    o.max_file_bytes = 100;
    ck_assert_int_eq(dataset_read(f.dir, &o, f.a, &d, &f.err), PM_E_FORMAT);
    files_must_say(&f, "bytes, wanted at most 100");
    for (int k = 0; k < 100000; k++) str_printf(&text, "{\"id\": \"%d\", \"prompt\": \"\"}\n", k);
    ck_assert_int_eq(remove(files_path(&f, "prompts.jsonl")), 0);
    ck_assert_int_eq(gz_write_all(files_path(&f, "prompts.jsonl.gz"), text.at, text.len, &f.err),
                     PM_OK);
    o.max_file_bytes = 1 << 20; /* the packed file is smaller, what it holds is not */
    ck_assert_int_eq(dataset_read(f.dir, &o, f.a, &d, &f.err), PM_E_FORMAT);
    files_must_say(&f, "unpacks to more than 1048576 bytes");
    str_close(&text);
}
END_TEST

/* More columns than any library has; also many columns that share a prefix, which a slow table would feel. */
START_TEST(many_columns)
{
    dataset d;
    str text = STR_INIT;
    files_put_small(&f);
    str_puts(&text, "id");
    for (int k = 0; k < 100001; k++) str_printf(&text, ",model%d", k);
    str_puts(&text, "\na,1\n");
    files_put_bytes(&f, "scores.csv", text.at, text.len);
    ck_assert_int_eq(files_read(&f, &d), PM_E_FORMAT);
    files_must_say(&f, "found 100001 models, wanted at most 100000");
    str_close(&text);
}
END_TEST

START_TEST(no_folder)
{
    dataset d;
    ck_assert_int_eq(dataset_read("/nonexistent/folder", NULL, f.a, &d, &f.err), PM_E_IO);
    files_must_say(&f, "is not a folder");
    ck_assert_int_eq(dataset_read("", NULL, f.a, &d, &f.err), PM_E_IO);
    ck_assert_int_eq(files_read(&f, &d), PM_E_FORMAT);
    files_must_say(&f, "found no prompts.jsonl; a dataset folder holds");
}
END_TEST

#ifdef PM_HOSTILE
/* Each allocation in turn fails: always PM_E_MEMORY, nothing lost (the leak checker sees to that). */
START_TEST(no_memory)
{
    put_good();
    files_put(&f, "other.csv", "x,y\n");
    for (size_t n = 1;; n++) {
        dataset d;
        pm_err err = PM_ERR_INIT;
        arena *a = arena_open(0);
        mem_fail_after(n);
        pm_status s = dataset_read(f.dir, NULL, a, &d, &err);
        mem_fail_after(0);
        arena_close(a);
        if (s == PM_OK) break;
        ck_assert_msg(s == PM_E_MEMORY, "allocation %zu: %s", n, err_text(&err));
        ck_assert_uint_lt(n, 5000);
    }
}
END_TEST
#endif

int main(void)
{
    Suite *suite = suite_create("hostile datasets");
    TCase *cases = tcase_create("hostile datasets");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, cut_at_every_byte);
    tcase_add_test(cases, turned_bits);
    tcase_add_test(cases, damaged_gzip);
    tcase_add_test(cases, huge_row);
    tcase_add_test(cases, too_large_a_file);
    tcase_add_test(cases, many_columns);
    tcase_add_test(cases, no_folder);
#ifdef PM_HOSTILE
    tcase_add_test(cases, no_memory);
#endif
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
