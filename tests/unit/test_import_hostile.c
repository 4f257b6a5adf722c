/* SPDX-License-Identifier: MIT
 *
 * Imports under hostile conditions: inputs cut at any byte, memory that is out at any moment, floats of any writing.
 * Whatever happens, it is an error that says where, and nothing is left behind.
 */
#include "data_files.h"

#include <math.h>

#include "base/io.h"
#include "base/json.h"
#include "base/rng.h"
#include "data/import.h"
#include "data/number.h"

static files f;

static void setup(void)
{
    files_open(&f);
}

static void teardown(void)
{
    files_close(&f);
}

static pm_status import(const char *format, const char *input, const char *folder_name)
{
    static import_counts counts;
    folder *out;
    const char *to = files_path(&f, "out");
    folder_options o = {sizeof o, false, true};
    import_value value = {"folder", folder_name};
    import_job job = {.size = sizeof job,
                      .input = &input,
                      .n_inputs = 1,
                      .value = &value,
                      .n_values = folder_name ? 1 : 0};
    memset(&counts, 0, sizeof counts);
    err_clear(&f.err);
    pm_status s = folder_open(to, &o, &out, &f.err);
    if (s != PM_OK) return s;
    s = import_find(format)->run(&job, out, &counts, &f.err);
    if (s == PM_OK) return folder_finish(out, &f.err);
    folder_abandon(out);
    return s;
}

static const char csv_text[] = "query_id,model,score,cost,prompt,domain\n"
                               "q1,a,1,0.5,\"say \"\"hi\"\",\nthere\",x\n"
                               "q1,b,0,,\"say \"\"hi\"\",\nthere\",x\n"
                               "q2,a,0.25,1e-3,two,y\n";
static const char jsonl_text[] =
    "{\"query_id\": \"q1\", \"model\": \"a\", \"score\": 1, \"prompt\": \"\\u00e9\\n\", \"x\": [1, "
    "{}]}\n"
    "{\"query_id\": \"q2\", \"model\": \"b\", \"score\": 0.125, \"prompt\": \"y\", \"pages\": 3}\n";

/* Only the input and the last good folder: no temporary one. */
static void check_clean(void)
{
    char **name;
    size_t n;
    ck_assert_int_eq(io_list(f.dir, f.a, &name, &n, NULL), PM_OK);
    for (size_t k = 0; k < n; k++) ck_assert_ptr_null(strstr(name[k], ".tmp."));
}

static void cut_everywhere(const char *name, const char *text, size_t len)
{
    size_t read = 0;
    for (size_t k = 0; k <= len; k++) {
        pm_status s = import("long", files_put_bytes(&f, name, text, k), NULL);
        ck_assert_msg(s == PM_OK || s == PM_E_FORMAT || s == PM_E_ARG, "%zu: status %d", k, (int)s);
        ck_assert(s == PM_OK || strlen(err_text(&f.err)) > 0);
        read += s == PM_OK;
        check_clean();
    }
    ck_assert_uint_gt(read, 0);
}

START_TEST(cut_at_any_byte)
{
    cut_everywhere("x.csv", csv_text, sizeof csv_text - 1);
    cut_everywhere("x.jsonl", jsonl_text, sizeof jsonl_text - 1);
}
END_TEST

static void out_of_memory_everywhere(const char *format, const char *input, const char *folder_name)
{
    size_t k = 1;
    for (;; k++) {
        mem_fail_after(k);
        pm_status s = import(format, input, folder_name);
        mem_fail_after(0);
        check_clean();
        if (s == PM_OK) break;
        ck_assert_msg(s == PM_E_MEMORY, "%s, request %zu: %s", format, k, err_text(&f.err));
    }
    ck_assert_uint_gt(k, 10);
}

START_TEST(memory_out_at_any_moment)
{
    f.err = (pm_err)PM_ERR_INIT;
    out_of_memory_everywhere("long", files_put(&f, "x.csv", csv_text), NULL);
    out_of_memory_everywhere("long", files_put(&f, "x.jsonl", jsonl_text), NULL);
    ck_assert_int_eq(io_mkdir(files_path(&f, "set"), NULL), PM_OK);
    files_put(&f, "set/prompts.jsonl",
              "{\"id\": \"a\", \"prompt\": \"x\", \"k\": 1}\n{\"id\": \"b\", \"prompt\": \"y\"}\n");
    files_put(&f, "set/scores.csv", "id,m,n\na,1,0\nb,0,1\n");
    files_put(
        &f, "set/battles.jsonl",
        "{\"prompt_id\": \"a\", \"model_a\": \"m\", \"model_b\": \"n\", \"winner\": \"a\"}\n");
    files_put(&f, "v.jsonl",
              "{\"id\": \"b\", \"vector\": [1, 2]}\n{\"id\": \"a\", \"vector\": [3, 4]}\n");
    out_of_memory_everywhere("folder", files_path(&f, "set"), NULL);
    out_of_memory_everywhere("embeddings", files_path(&f, "v.jsonl"), files_path(&f, "set"));
}
END_TEST

/* ---- arrays of floats ---- */

static double draw_number(uint64_t i, char *to, size_t room)
{
    static const char *const forms[] = {"%.9g", "%.17g", "%.3f", "%.19f", "%.0f", "%.25e", "%.16f"};
    uint32_t bits = (uint32_t)rng_bits(5, 0, i);
    float v;
    memcpy(&v, &bits, sizeof v);
    if (!isfinite(v) || i % 3) v = (float)rng_normal(5, 1, i) / 30;
    double x = i % 5 ? (double)v : rng_normal(5, 2, i);
    if (i % 11 == 0) { /* half way between two floats, the hardest to round */
        memcpy(&bits, &v, sizeof bits);
        float next;
        bits++;
        memcpy(&next, &bits, sizeof next);
        x = ((double)v + (double)next) / 2;
    }
    if (fabs(x) > 1e18) x = 0.5;
    snprintf(to, room, forms[rng_below(5, 3, i, 7)], x);
    return x;
}

START_TEST(floats_as_the_scanner_reads_them)
{
    enum { N = 64 };
    for (uint64_t round = 0; round < suite_repeats(3200, "most random arrays"); round++) {
        static char text[N * 64];
        double want[N];
        float got[N];
        size_t n, len = 1;
        bool full;
        text[0] = '[';
        for (uint64_t k = 0; k < N; k++) {
            char number[80];
            draw_number(round * N + k, number, sizeof number);
            (void)number_parse(number, strlen(number), &want[k]);
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%s",
                                    k ? (k % 2 ? "," : " ,\t ") : "", number);
        }
        text[len++] = ']';
        ck_assert_msg(number_array(text, len, got, N, &n, &full), "%.*s", (int)len, text);
        ck_assert_uint_eq(n, N);
        for (size_t k = 0; k < N; k++)
            ck_assert_msg(got[k] == (float)want[k], "%zu of %.*s: %.9g", k, (int)len, text,
                          (double)got[k]);
        ck_assert(!number_array(text, len, got, N - 1, &n, &full) && full);
    }
}
END_TEST

START_TEST(no_arrays)
{
    static const char *const bad[] = {"",      "[",     "[1",     "[1,",     "[1,]",   "[,1]",
                                      "[1 2]", "[01]",  "[1.]",   "[.5]",    "[+1]",   "[nan]",
                                      "[1e]",  "[--1]", "[1e39]", "[\"1\"]", "[null]", "[[1]]",
                                      "[-]",   "{1}",   "[1}"};
    float got[8];
    size_t n;
    bool full;
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        ck_assert_msg(!number_array(bad[k], strlen(bad[k]), got, 8, &n, &full) && !full, "%s",
                      bad[k]);
    ck_assert(number_array("[]", 2, got, 8, &n, &full) && n == 0);
    ck_assert(number_array("[ -0.5e1 ]", 10, got, 8, &n, &full) && got[0] == -5.0f);
}
END_TEST

START_TEST(json_is_written_as_it_was_read)
{
    static const char text[] =
        "{\"a\": [1, 0.1, -3e+20, null, true], \"b\": {\"c\": \"\xc3\xa9\\n\"}, \"d\": []}";
    const json *j;
    str out = STR_INIT;
    ck_assert_int_eq(json_parse(text, sizeof text - 1, f.a, &j, &f.err), PM_OK);
    json_put(j, &out);
    ck_assert_str_eq(str_text(&out), text);
    str_close(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostile imports");
    TCase *cases = tcase_create("hostile imports");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, cut_at_any_byte);
    tcase_add_test(cases, memory_out_at_any_moment);
    tcase_add_test(cases, floats_as_the_scanner_reads_them);
    tcase_add_test(cases, no_arrays);
    tcase_add_test(cases, json_is_written_as_it_was_read);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
