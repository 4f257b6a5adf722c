/* SPDX-License-Identifier: MIT
 *
 * Importers of JSON records: LLMRouterBench and LLMRouter, on excerpts made up after the published schemas; and the
 * reader of records beneath them.
 */
#include "config.h"

#include "import_bed.h"

#include "data/pyliteral.h"
#include "data/records.h"

static bed b;

static void setup(void)
{
    bed_open(&b);
}

static void teardown(void)
{
    bed_close(&b);
}

/* ---- LLMRouterBench ---- */

#define LRB(model, demo, s0, s1)                                                                   \
    "{\n  \"performance\": 0.5,\n  \"counts\": 2,\n  \"model_name\": \"" model "\",\n"             \
    "  \"dataset_name\": \"sums\",\n  \"split\": \"hard\",\n  \"demo\": " demo ",\n"               \
    "  \"extra_metrics\": {\"a\": [1, \"]}\"]},\n  \"records\": [\n"                               \
    "    {\n      \"index\": 1,\n      \"origin_query\": \"What is 2+2?\",\n"                      \
    "      \"prompt\": \"Question: What is 2+2?\\nAnswer:\",\n      \"prompt_tokens\": 15,\n"      \
    "      \"completion_tokens\": 5,\n      \"cost\": 0.0001,\n      \"score\": " s0 ",\n"         \
    "      \"prediction\": \"4\",\n      \"ground_truth\": \"4\",\n"                               \
    "      \"raw_output\": \"It is 4\",\n      \"extra_fields\": {}\n    },\n"                     \
    "    {\"index\": 2, \"origin_query\": [\"a\"], \"prompt\": \"Two?\", \"score\": " s1           \
    ", \"prompt_tokens\": 3, \"completion_tokens\": 0, \"cost\": 0.0, \"raw_output\": [1]}\n"      \
    "  ],\n  \"data_fingerprint\": \"\"\n}\n"
static const char *const lrb_input[] = {"bench", NULL};

static void put_lrb(void)
{
    bed_put(&b, "bench/sums/hard/m1/sums-hard-m1-20250101_000000.json",
            LRB("m1", "false", "0.0", "0"));
    bed_put(&b, "bench/sums/hard/m1/sums-hard-m1-20250102_000000.json",
            LRB("m1", "false", "1.0", "0"));
    bed_put(&b, "bench/sums/hard/m1/sums-hard-m1-20250103_000000.json",
            LRB("m1", "true", "0.5", "0"));
    bed_put(&b, "bench/sums/hard/m2/sums-hard-m2-20250101_000000.json",
            LRB("m2", "false", "0.25", "null"));
}

START_TEST(llmrouterbench_results)
{
    put_lrb();
    bed_must_import(&b, "llmrouterbench", lrb_input, NULL);
    ck_assert_uint_eq(b.d.n, 2);
    ck_assert_uint_eq(b.d.m, 2);
    bed_must_text(&b, "sums/hard/1", "What is 2+2?");
    bed_must_text(&b, "sums/hard/2", "Two?");            /* the bare question is no text */
    bed_must_hold(&b, "scores", "sums/hard/1", "m1", 1); /* the latest run that is no trial */
    bed_must_hold(&b, "scores", "sums/hard/1", "m2", .25);
    bed_must_hold(&b, "scores", "sums/hard/2", "m2", NAN);
    bed_must_hold(&b, "costs", "sums/hard/1", "m1", .0001);
    bed_must_hold(&b, "tokens_in", "sums/hard/1", "m1", 15);
    bed_must_hold(&b, "tokens_out", "sums/hard/1", "m2", 5);
    bed_must_hold(&b, "output_chars", "sums/hard/1", "m2", 7);
    bed_must_hold(&b, "output_chars", "sums/hard/2", "m2", NAN);
    ck_assert_str_eq(b.d.domains[b.d.domain[0]], "sums");
    ck_assert_uint_eq(bed_skipped(&b, "a file of a trial run (demo)"), 1);
    ck_assert_uint_eq(bed_skipped(&b, "a file of an older run"), 1);
    ck_assert_uint_eq(bed_skipped(&b, "no score"), 1);
    const char *const options[] = {"text=prompt", NULL};
    bed_must_import(&b, "llmrouterbench", lrb_input, options);
    bed_must_text(&b, "sums/hard/1", "Question: What is 2+2?\nAnswer:");
}
END_TEST

/* The form of the README: who and what stands in the path alone. */
START_TEST(llmrouterbench_names_in_the_path)
{
    static const char short_form[] = "{\"performance\": 1, \"records\": [{\"index\": 1, "
                                     "\"origin_query\": \"q\", \"score\": 1}]}";
    bed_put(&b, "results/d/test/mm/x.json", short_form);
    const char *const inputs[] = {"results/d/test/mm/x.json", NULL};
    bed_must_import(&b, "llmrouterbench", inputs, NULL);
    bed_must_hold(&b, "scores", "d/test/1", "mm", 1);
}
END_TEST

START_TEST(llmrouterbench_refusals)
{
#define LRB_ONE(records)                                                                           \
    "{\"model_name\": \"m\", \"dataset_name\": \"d\", \"split\": \"s\",\n" records "}"
    static const struct {
        const char *text, *says;
    } bad[] = {
        {LRB_ONE("\"records\": [{\"index\": 1, \"prompt\": \"q\", \"score\": 2}]"),
         "x.json:2: \"score\": found \"2\", wanted a number from 0 to 1"},
        {LRB_ONE("\"records\": [{\"index\": 1, \"prompt\": \"q\", \"score\": NaN}]"),
         "x.json:2: column 50: found 'N', wanted a number (NaN"},
        {LRB_ONE("\"records\": [{\"index\": 1, \"prompt\": \"q\", \"score\": \"1\"}]"),
         "\"score\": found \"1\", wanted a number"},
        {LRB_ONE("\"records\": [{\"prompt\": \"q\", \"score\": 1}]"),
         "\"index\": found nothing, wanted a text"},
        {LRB_ONE("\"records\": [{\"index\": 1, \"score\": 1}]"),
         "\"origin_query\": found nothing, wanted a text in \"origin_query\" or \"prompt\""},
        {LRB_ONE("\"records\": [{\"index\": 1, \"prompt\": \"q\", \"score\": 1, \"cost\": -1}]"),
         "\"cost\": found \"-1\", wanted a number from 0 on"},
        {LRB_ONE("\"records\": [{\"index\": 1, \"prompt\": \"q\", \"score\": 1},\n"
                 "{\"index\": 1, \"prompt\": \"r\", \"score\": 1}]"),
         "x.json:3: \"index\": found \"1\" with another question"},
        {LRB_ONE("\"records\": [{\"index\": 1, \"prompt\": \"q\", \"score\": 1},\n"
                 "{\"index\": 1, \"prompt\": \"q\", \"score\": 1}]"),
         "x.json:3: a second row of the same prompt and model"},
        {LRB_ONE("\"records\": 7"), "x.json:2: column 12: found '7', wanted an array of records"},
        {LRB_ONE("\"record\": []"), "found no \"records\", wanted an array of records"},
        {LRB_ONE("\"records\": [], \"records\": []"), "wanted each key once"},
        {LRB_ONE("\"records\": [] \"x\": 1"), "x.json:2: column 15: found '\"', wanted ',' or '}'"},
        {LRB_ONE("\"records\": []") " 1", "found '1', wanted nothing more in the file"},
        {"[]", "column 1: found '[', wanted an object"},
        {"", "column 1: found the end, wanted an object"},
        {LRB_ONE(
             "\"records\": [{\"index\": 1, \"prompt\": \"q\", \"score\": 1}], \"split\": \"t\""),
         "\"split\": found \"t\", wanted it before \"records\""},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        bed_must_refuse(&b, "llmrouterbench", "x.json", bad[k].text, bad[k].says);
    const char *const options[] = {"text=both", NULL};
    const char *const input[] = {"x.json", NULL};
    ck_assert_int_eq(bed_import(&b, "llmrouterbench", input, options), PM_E_ARG);
    files_must_say(&b.f, "--text: found 'both', wanted origin_query or prompt");
}
END_TEST

START_TEST(llmrouterbench_cut_anywhere)
{
    const char *const inputs[] = {"x.json", NULL};
    bed_put(&b, "x.json", LRB("m1", "false", "1.0", "0"));
    bed_cut(&b, "llmrouterbench", "x.json", inputs, NULL);
}
END_TEST

/* ---- LLMRouter ---- */

#define LR(task, query, model, rest)                                                               \
    "{\"task_name\": \"" task "\", \"query\": \"" query                                            \
    "\", \"ground_truth\": \"x\", \"metric\": "                                                    \
    "\"em\", \"choices\": null, \"task_id\": null, \"model_name\": \"" model "\", " rest "}\n"
static const char lr_train[] =
    LR("sums", "2+2?", "qwen-7b",
       "\"response\": \"f\\u00f6ur\", \"token_num\": 453, \"input_tokens\": 449, "
       "\"output_tokens\": 4, "
       "\"response_time\": 1.5, \"performance\": 1.0, \"embedding_id\": 3, \"user_id\": null")
        LR("sums", "2+2?", "llama-70b", "\"token_num\": 9, \"performance\": 0.5, \"cost\": 0.001")
            LR("sums", "3+3?", "qwen-7b", "\"performance\": null")
                LR("trivia", "2+2?", "qwen-7b", "\"performance\": 0");
static const char lr_test[] = LR("trivia", "Who?", "llama-70b", "\"performance\": 0.25");
static const char lr_models[] =
    "{\"qwen-7b\": {\"size\": \"7B\", \"feature\": \"small\", \"input_price\": 0.2, "
    "\"output_price\": 0.3, \"model\": \"q\"}, \"llama-70b\": {\"size\": \"big\"}}";

START_TEST(llmrouter_routing_data)
{
    const char *const inputs[] = {"default_routing_train_data.jsonl", "routing_test_data.jsonl",
                                  NULL};
    char option[600];
    bed_put(&b, "default_routing_train_data.jsonl", lr_train);
    bed_put(&b, "routing_test_data.jsonl", lr_test);
    snprintf(option, sizeof option, "models=%s", bed_put(&b, "default_llm.json", lr_models));
    const char *const options[] = {option, NULL};
    bed_must_import(&b, "llmrouter", inputs, options);
    ck_assert_uint_eq(b.d.n, 4);
    bed_must_text(&b, "sums/0", "2+2?");
    bed_must_text(&b, "trivia/0", "2+2?");
    bed_must_text(&b, "trivia/1", "Who?");
    bed_must_hold(&b, "scores", "sums/0", "qwen-7b", 1);
    bed_must_hold(&b, "scores", "sums/0", "llama-70b", .5);
    bed_must_hold(&b, "scores", "sums/1", "qwen-7b", NAN);
    bed_must_hold(&b, "scores", "trivia/1", "llama-70b", .25);
    bed_must_hold(&b, "costs", "sums/0", "llama-70b", .001);
    bed_must_hold(&b, "tokens_in", "sums/0", "qwen-7b", 449);
    bed_must_hold(&b, "tokens_out", "sums/0", "qwen-7b", 4);
    bed_must_hold(&b, "tokens_total", "sums/0", "llama-70b", 9);
    bed_must_hold(&b, "latency_ms", "sums/0", "qwen-7b", 1500);
    bed_must_hold(&b, "output_chars", "sums/0", "qwen-7b", 4);
    ck_assert_uint_eq(b.d.part[bed_row(&b, "sums/0")], DATASET_TRAIN);
    ck_assert_uint_eq(b.d.part[bed_row(&b, "trivia/1")], DATASET_TEST);
    ck_assert_uint_eq(bed_skipped(&b, "no performance"), 1);
    const pm_expert *qwen = b.d.models.view.expert[bed_column(&b, "qwen-7b")];
    ck_assert_double_eq(pm_attr_number(qwen, "price_out", -1), .3);
    ck_assert_double_eq(pm_attr_number(qwen, "params", -1), 7e9);
}
END_TEST

START_TEST(llmrouter_questions_with_scores)
{
    static const char scores[] =
        "[\n  {\n    \"question\": \"Why {?\",\n    \"scores\": {\n      \"m\": 1.0,\n      \"n\": "
        "0.0\n"
        "    }\n  },\n  {\n    \"question\": \"How [?\",\n    \"scores\": {\n      \"n\": 0.5,\n"
        "      \"m\": null\n    }\n  }\n]";
    const char *const inputs[] = {"test.json", NULL};
    bed_put(&b, "test.json", scores);
    bed_must_import(&b, "llmrouter", inputs, NULL);
    ck_assert_uint_eq(b.d.n, 2);
    bed_must_text(&b, "query/0", "Why {?");
    bed_must_hold(&b, "scores", "query/0", "m", 1);
    bed_must_hold(&b, "scores", "query/1", "n", .5);
    bed_must_hold(&b, "scores", "query/1", "m", NAN);
    ck_assert_uint_eq(b.d.part[0], DATASET_TEST);
    bed_cut(&b, "llmrouter", "test.json", inputs, NULL);
}
END_TEST

START_TEST(llmrouter_refusals)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"{\"task_name\": \"t\", \"model_name\": \"m\", \"performance\": 1}",
         "x.jsonl:1: \"query\": found nothing, wanted a text"},
        {LR("t", "q", "m", "\"performance\": 1.5"),
         "\"performance\": found \"1.5\", wanted a number"},
        {LR("t", "q", "m", "\"performance\": NaN"), "found 'N'"},
        {LR("t", "q", "m", "\"performance\": \"good\""), "\"performance\": found \"good\""},
        {LR("t", "q", "m", "\"performance\": 1, \"response_time\": -1"),
         "\"response_time\": found \"-1\", wanted a number from 0 on"},
        {LR("t", "q", "m", "\"performance\": 1") LR("t", "q", "m", "\"performance\": 1"),
         "x.jsonl:2: a second row of the same prompt and model"},
        {"[{\"question\": \"q\", \"scores\": [1]}]", "wanted an object: {\"model\": score, ...}"},
        {"[{\"question\": \"q\", \"scores\": {\"m\": 3}}]",
         "x.jsonl:1: \"scores\": \"m\": found \"3\", wanted a number from 0 to 1"},
        {"[{\"question\": \"q\", \"scores\": {\"m\": 1, \"m\": 1}}]", "a second row of the same"},
        {"[{\"question\": \"q\", \"scores\": {\"m\": 1}}", "found the end, wanted ',' or ']'"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        bed_must_refuse(&b, "llmrouter", "x.jsonl", bad[k].text, bad[k].says);
    bed_put(&b, "ok.jsonl", lr_train);
    const char *const input[] = {"ok.jsonl", NULL}, *const split[] = {"split=half", NULL};
    ck_assert_int_eq(bed_import(&b, "llmrouter", input, split), PM_E_ARG);
    files_must_say(&b.f, "--split: found 'half', wanted auto, none, train or test");
    bed_cut(&b, "llmrouter", "ok.jsonl", input, NULL);
}
END_TEST

/* ---- the reader of records ---- */

static records *open_of(const char *text, const char *member)
{
    records *r;
    ck_assert_int_eq(records_open(bed_put(&b, "r.json", text), member, 0, &r, &b.f.err), PM_OK);
    return r;
}

/* "1 2 3": the members "i" of the records, in any of the forms of a file. */
static void must_read(const char *text, const char *want)
{
    records *r = open_of(text, NULL);
    const jsonl_field *f;
    size_t n;
    str got = STR_INIT;
    for (;;) {
        pm_status s = records_next(r, &f, &n, &b.f.err);
        ck_assert_msg(s == PM_OK, "%s", err_text(&b.f.err));
        if (!f) break;
        str_printf(&got, "%s%.0f@%zu", got.len ? " " : "", n ? f[0].number : -1, records_line(r));
    }
    ck_assert_str_eq(str_text(&got), want);
    ck_assert_int_eq(records_next(r, &f, &n, &b.f.err), PM_OK);
    ck_assert_ptr_null(f);
    str_close(&got);
    records_close(r);
}

START_TEST(records_in_all_forms)
{
    must_read("", "");
    must_read(" \n [ ] \n", "");
    must_read("[{\"i\": 1}, {\"i\": 2}]", "1@1 2@1");
    must_read("\xef\xbb\xbf[\n{\"i\":\n1, \"t\": \"}]\\\"{\"\n},\r\n\n{\"i\": 2},{}]\n",
              "1@2 2@6 -1@6");
    must_read("{\"i\": 1}\n{\"i\": 2}\n\n{\"i\":\n3}", "1@1 2@2 3@4");
    must_read("{\"i\": 1}{\"i\": 2}", "1@1 2@1");
    must_read("{\"i\": 1, \"t\": \"\\\\\"}\n{\"i\": 2, \"t\": [[{\"a\": {}}]]}", "1@1 2@2");
}
END_TEST

START_TEST(records_refused)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"[{\"i\": 1},]", "r.json:1: column 11: found ']', wanted an object"},
        {"[{\"i\": 1},\n{\"i\": tru}]", "r.json:2: column 7: found 't', wanted a JSON value"},
        {"[{\"a\": \"x\\ny\",\n \"i\": 01}]",
         "r.json:2: column 7: found '0', wanted a number without"},
        {"[{\"i\": 1, \"i\": 2}]", "wanted each key once"},
        {"[{\"i\": [1}]", "wanted ',' or ']'"},
        {"[{\"i\": 1}", "r.json:1: column 10: found the end, wanted ',' or ']'"},
        {"[{\"i\": \"never closed}]\n", "wanted no raw control character"},
        {"[1]", "column 2: found '1', wanted an object"},
        {"{\"i\": 1} x", "column 10: found 'x', wanted an object"},
        {"[{\"i\": 1}] []", "column 12: found '[', wanted nothing more in the file"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        records *r = open_of(bad[k].text, NULL);
        const jsonl_field *f = NULL;
        size_t n;
        pm_status s;
        do {
            s = records_next(r, &f, &n, &b.f.err);
        } while (s == PM_OK && f);
        ck_assert_msg(s == PM_E_FORMAT, "%s", bad[k].text);
        files_must_say(&b.f, bad[k].says);
        ck_assert_int_eq(records_next(r, &f, &n, &b.f.err), PM_OK); /* it has ended */
        ck_assert_ptr_null(f);
        records_close(r);
    }
}
END_TEST

/* Records longer than a block of the buffer, with everything that brackets and quotes can do to it; plain and gzip. */
START_TEST(records_over_blocks)
{
    str text = STR_INIT;
    const size_t n_records = 400;
    str_puts(&text, "[");
    for (size_t i = 0; i < n_records; i++) {
        str_printf(&text, "%s\n  {\"i\": %zu, \"text\": \"", i ? "," : "", i);
        size_t pad = i == 123 ? 700000 : i * 977 % 4001;
        for (size_t k = 0; k < pad; k++) str_puts(&text, k % 7 ? "x" : "\\\\\\\"}]{");
        str_puts(&text, "\", \"list\": [{\"a\": \"]\"}]}");
    }
    str_puts(&text, "\n]\n");
    ck_assert_int_eq(gz_write_all(bed_path(&b, "r.json.gz"), text.at, text.len, &b.f.err), PM_OK);
    files_put_bytes(&b.f, "r.json", text.at, text.len);
    for (int packed = 0; packed < 2; packed++) {
        records *r;
        const jsonl_field *f;
        size_t n, i = 0;
        const char *path = bed_path(&b, packed ? "r.json.gz" : "r.json");
        ck_assert_int_eq(records_open(path, NULL, 0, &r, &b.f.err), PM_OK);
        for (;; i++) {
            ck_assert_int_eq(records_next(r, &f, &n, &b.f.err), PM_OK);
            if (!f) break;
            ck_assert_uint_eq(n, 3);
            ck_assert_double_eq(f[0].number, (double)i);
            size_t pad = i == 123 ? 700000 : i * 977 % 4001;
            ck_assert_uint_eq(f[1].text.len, pad + (pad + 6) / 7 * 4);
            ck_assert_uint_eq(records_line(r), i + 2);
        }
        ck_assert_uint_eq(i, n_records);
        records_close(r);
    }
    records *r;
    const jsonl_field *f;
    size_t n;
    ck_assert_int_eq(records_open(bed_path(&b, "r.json"), NULL, 5000, &r, &b.f.err), PM_OK);
    pm_status s;
    do {
        s = records_next(r, &f, &n, &b.f.err);
    } while (s == PM_OK && f);
    ck_assert_int_eq(s, PM_E_FORMAT);
    files_must_say(&b.f, "a record of more than 5000 bytes");
    records_close(r);
    str_close(&text);
}
END_TEST

START_TEST(python_literals)
{
    static const struct {
        const char *literal, *text;
        size_t n;
    } good[] = {
        {"['a']", "a", 1},
        {"[ \"it's\" , 'b' , ]", "it's\n\nb", 2},
        {"[]", "", 0},
        {"('x',)", "x", 1},
        {"'plain'", "plain", 1},
        {"['\\\\ \\' \\\" \\t\\x41\\u00e9\\U0001F600\\101 \\q']",
         "\\ ' \" \tA\xc3\xa9\xf0\x9f\x98\x80"
         "A \\q",
         1},
        {"['\\ud83d']", "\xef\xbf\xbd", 1},
        {"[{'role': 'user', 'content': 'hi'}, {\"content\": \"yo\"}]", "hi\n\nyo", 2},
    };
    str out = STR_INIT;
    for (size_t k = 0; k < sizeof good / sizeof *good; k++) {
        pyliteral told;
        str_clear(&out);
        pm_status s = pyliteral_texts(pm_str_of(good[k].literal), &out, &told, &b.f.err);
        ck_assert_msg(s == PM_OK, "%s: %s", good[k].literal, err_text(&b.f.err));
        ck_assert_str_eq(str_text(&out), good[k].text);
        ck_assert_uint_eq(told.n, good[k].n);
        for (size_t len = 0; len < strlen(good[k].literal); len++) {
            str_clear(&out);
            (void)!pyliteral_texts((pm_str){good[k].literal, len}, &out, &told, &b.f.err);
        }
    }
    str_close(&out);
    ck_assert(pyliteral_begins(pm_str_of("['a']")));
    ck_assert(pyliteral_begins(pm_str_of("[]")));
    ck_assert(!pyliteral_begins(pm_str_of("[1, 2]")));
    ck_assert(!pyliteral_begins(pm_str_of("(see below)")));
    ck_assert(!pyliteral_begins(pm_str_of("")));
}
END_TEST

START_TEST(starved)
{
    char option[600];
    const char *const inputs[] = {"ok.jsonl", NULL};
    put_lrb();
    bed_put(&b, "ok.jsonl", lr_train);
    snprintf(option, sizeof option, "models=%s", bed_put(&b, "default_llm.json", lr_models));
    const char *const options[] = {option, NULL};
    bed_starve(&b, "llmrouterbench", lrb_input, NULL);
    bed_starve(&b, "llmrouter", inputs, options);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("import_records");
    TCase *cases = tcase_create("all");
    tcase_set_timeout(cases, 240);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, llmrouterbench_results);
    tcase_add_test(cases, llmrouterbench_names_in_the_path);
    tcase_add_test(cases, llmrouterbench_refusals);
    tcase_add_test(cases, llmrouterbench_cut_anywhere);
    tcase_add_test(cases, llmrouter_routing_data);
    tcase_add_test(cases, llmrouter_questions_with_scores);
    tcase_add_test(cases, llmrouter_refusals);
    tcase_add_test(cases, records_in_all_forms);
    tcase_add_test(cases, records_refused);
    tcase_add_test(cases, records_over_blocks);
    tcase_add_test(cases, python_literals);
    tcase_add_test(cases, starved);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
