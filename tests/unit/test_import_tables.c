/* SPDX-License-Identifier: MIT
 *
 * Importers of tables: RouteLLM's evaluation files, RouterBench's wide CSV and EmbedLLM's long one, on excerpts made
 * up after the published schemas.
 */
#include "config.h"

#include "import_bed.h"

static bed b;

static void setup(void)
{
    bed_open(&b);
}

static void teardown(void)
{
    bed_close(&b);
}

/* ---- RouteLLM ---- */

#define WEAK   "mistralai/Mixtral-8x7B-Instruct-v0.1"
#define STRONG "gpt-4-1106-preview"
static const char law[] =
    "prompt," WEAK "," STRONG "\n"
    "\"Who wrote \"\"Leviathan\"\"?\nA. Locke, J.\nB. Hobbes\nAnswer:\",False,True\n"
    "\"Which is a tort?\nA. trespass\nB. rust\nAnswer:\",True,True\n";
static const char arts[] = "prompt," WEAK "," STRONG "\r\nWho painted it?,True,False\r\n";
static const char gsm[] =
    "prompt," WEAK "," STRONG "," WEAK "_response," STRONG "_response\n"
    "Two and two?,True,True,\" It is 4.\n#### 4\",\"4\"\n"
    "\"Ann has 3 pears, Bo none.  How many?\",False,True,\"t\xc3\xa9n\",\"3\"\n";
static const char questions[] = "{\"question_id\": 81, \"category\": \"writing\", \"turns\": "
                                "[\"Write a haiku.\", \"Now in prose.\"]}\n"
                                "{\"question_id\": 82, \"category\": \"math\", \"turns\": [\"Add "
                                "1/2.\", \"Why?\"], \"reference\": [\"x\", \"y\"]}\n";
#define RATING(q, model, turn, score)                                                              \
    "{\"question_id\":" q ",\"model\":\"" model "\",\"judge\":[\"gpt-4\",\"single-v1\"],"          \
    "\"user_prompt\":\"[Question]\\nx\",\"judgment\":\"Rating: [[1]]\",\"score\":" score           \
    ",\"turn\":" turn ",\"tstamp\":1.5}\n"
static const char ratings[] = RATING("81", STRONG, "1", "10.0") RATING("81", STRONG, "2", "7")
    RATING("81", "mixtral", "1", "5.5") RATING("81", "mixtral", "2", "1")
        RATING("82", STRONG, "1", "-1") RATING("82", STRONG, "2", "4")
            RATING("82", "mixtral", "1", "10");
static const char contaminated[] =
    "{\"train_prompt\":\"2+2\",\"eval_prompt\":\"Two and two?\",\"train_idx\":7,\"eval_idx\":0}\n"
    "{\"train_prompt\":\"w\",\"eval_prompt\":\"Why?\",\"train_idx\":8,\"eval_idx\":1}\n"
    "{\"train_prompt\":\"n\",\"eval_prompt\":\"Nowhere to be "
    "found\",\"train_idx\":9,\"eval_idx\":2}\n";
static const char *const evals[] = {"evals", NULL};

static void put_evals(void)
{
    bed_put(&b, "evals/mmlu/responses/mmlu_law.csv", law);
    bed_put(&b, "evals/mmlu/responses/mmlu_arts.csv", arts);
    bed_put(&b, "evals/mmlu/domains.py",
            "ALL = [\n    \"law\",\n    \"music\",\n    \"arts\",\n]\n");
    bed_put(&b, "evals/gsm8k/gsm8k_responses.csv", gsm);
    bed_put(&b, "evals/mt_bench/question.jsonl", questions);
    bed_put(&b, "evals/mt_bench/judgements.jsonl", ratings);
    bed_put(&b, "evals/gsm8k/contaminated_prompts.jsonl", contaminated);
    bed_put(&b, "evals/gsm8k/train.jsonl", "not read");
}

static void must_file(const char *name, const char *want)
{
    char path[512];
    str text = STR_INIT;
    snprintf(path, sizeof path, "%s/%s", b.out, name);
    ck_assert_int_eq(io_read(path, 1 << 16, &text, &b.f.err), PM_OK);
    ck_assert_str_eq(str_text(&text), want);
    str_close(&text);
}

START_TEST(routellm_evaluation_files)
{
    const char *const options[] = {"rename=mixtral=" WEAK, NULL};
    put_evals();
    bed_must_import(&b, "routellm", evals, options);
    ck_assert_uint_eq(b.d.n, 2 + 1 + 2 + 4);
    ck_assert_uint_eq(b.d.m, 2);
    bed_must_text(&b, "mmlu/law/0", "Who wrote \"Leviathan\"?\nA. Locke, J.\nB. Hobbes\nAnswer:");
    bed_must_hold(&b, "scores", "mmlu/law/0", WEAK, 0);
    bed_must_hold(&b, "scores", "mmlu/law/0", STRONG, 1);
    bed_must_hold(&b, "scores", "mmlu/arts/0", WEAK, 1);
    bed_must_hold(&b, "scores", "gsm8k/test/1", WEAK, 0);
    bed_must_hold(&b, "output_chars", "gsm8k/test/0", WEAK, 16);
    bed_must_hold(&b, "output_chars", "gsm8k/test/1", WEAK, 3);
    bed_must_hold(&b, "output_chars", "mmlu/law/0", WEAK, NAN);
    bed_must_hold(&b, "scores", "mt_bench/81/t1", STRONG, 1);
    bed_must_hold(&b, "scores", "mt_bench/81/t2", STRONG, 6.0 / 9);
    bed_must_hold(&b, "scores", "mt_bench/81/t1", WEAK, .5);
    bed_must_hold(&b, "scores", "mt_bench/82/t1", STRONG, NAN);
    bed_must_hold(&b, "scores", "mt_bench/82/t2", WEAK, NAN);
    bed_must_text(&b, "mt_bench/81/t1", "Write a haiku.");
    bed_must_text(&b, "mt_bench/81/t2", "Write a haiku.\n\nNow in prose.");
    size_t first = bed_row(&b, "mt_bench/81/t1");
    ck_assert_uint_eq(b.d.group[first], b.d.group[first + 1]);
    ck_assert_str_eq(b.d.domains[b.d.domain[first]], "mt_bench/writing");
    ck_assert_str_eq(b.d.domains[b.d.domain[bed_row(&b, "mmlu/law/1")]], "mmlu/law");
    ck_assert_uint_eq(bed_skipped(&b, "score -1: the judge gave none"), 1);
    must_file("contaminated.txt", "gsm8k/test/0\nmt_bench/82/t1\nmt_bench/82/t2\n");
    ck_assert(bed_noted(&b, "1 contaminated texts are those of no prompt"));
}
END_TEST

START_TEST(routellm_order_of_the_subjects)
{
    const char *order = NULL;
    put_evals();
    bed_must_import(&b, "routellm", evals, NULL);
    must_file("mmlu_order.txt", "mmlu/arts\nmmlu/law\n"); /* by name */
    char option[600];
    order = bed_path(&b, "evals/mmlu/domains.py");
    snprintf(option, sizeof option, "order=%s", order);
    const char *const options[] = {option, NULL};
    bed_must_import(&b, "routellm", evals, options);
    must_file("mmlu_order.txt", "mmlu/law\nmmlu/arts\n");
    ck_assert_uint_lt(bed_row(&b, "mmlu/law/1"), bed_row(&b, "mmlu/arts/0"));
    ck_assert(bed_noted(&b, "--order: 1 names without a file"));
    snprintf(option, sizeof option, "order=%s", bed_put(&b, "none.txt", "music\n\n"));
    ck_assert_int_eq(bed_import(&b, "routellm", evals, options), PM_E_ARG);
    files_must_say(&b.f, "names none of the files");
}
END_TEST

START_TEST(routellm_mean_of_the_turns)
{
    const char *const options[] = {"mt-bench=mean", "rename=mixtral=" WEAK, NULL};
    put_evals();
    bed_must_import(&b, "routellm", evals, options);
    ck_assert_uint_eq(b.d.n, 2 + 1 + 2 + 2);
    bed_must_text(&b, "mt_bench/81", "Write a haiku.");
    bed_must_hold(&b, "scores", "mt_bench/81", STRONG, (1 + 6.0 / 9) / 2);
    bed_must_hold(&b, "scores", "mt_bench/81", WEAK, .25);
    bed_must_hold(&b, "scores", "mt_bench/82", STRONG, 3.0 / 9);
    const char *const wrong[] = {"mt-bench=sum", NULL};
    ck_assert_int_eq(bed_import(&b, "routellm", evals, wrong), PM_E_ARG);
    files_must_say(&b.f, "--mt-bench: found 'sum', wanted turns or mean");
}
END_TEST

START_TEST(routellm_refusals)
{
    static const struct {
        const char *name, *text, *says;
    } bad[] = {
        {"mmlu_x.csv", "prompt,a\nq,Maybe\n",
         "mmlu_x.csv:2: column 2 (\"a\"): found \"Maybe\", wanted True, False or a number"},
        {"mmlu_x.csv", "prompt,a\nq,NaN\n", "found \"NaN\", wanted True, False"},
        {"mmlu_x.csv", "prompt,a\n\"q\nr\",True\ns,2\n", "mmlu_x.csv:4: column 2"},
        {"mmlu_x.csv", "prompt\nq\n", "mmlu_x.csv:1: found no column of a model"},
        {"mmlu_x.csv", "Prompt,a\nq,True\n", "did you mean \"Prompt\"?"},
        {"mmlu_x.csv", "prompt,a,a\nq,True,True\n", "column 3: found \"a\" a second time"},
        {"x.jsonl", "{\"a\": 1}\n",
         "x.jsonl:1: found none of the known fields, wanted records with"},
        {"x.jsonl", "", "found nothing, wanted records"},
        {"x.jsonl", RATING("81", "m", "1", "3"),
         "x.jsonl:1: \"question_id\": found \"81\", wanted a question (and turn) of "
         "question.jsonl"},
        {"x.jsonl", "{\"question_id\": 1, \"turns\": [\"a\", 7]}",
         "x.jsonl:1: \"turns\": turn 2: found \"7\", wanted a text"},
        {"x.jsonl", "{\"question_id\": 1, \"turns\": []}", "\"turns\": found no turn"},
        {"x.jsonl", "{\"question_id\": 1, \"turns\": \"a\"}", "wanted a list of texts"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        bed_must_refuse(&b, "routellm", bad[k].name, bad[k].text, bad[k].says);
    const char *const both[] = {"q.jsonl", "r.jsonl", NULL};
    bed_put(&b, "q.jsonl", questions);
    bed_put(&b, "r.jsonl", RATING("81", "m", "1", "11"));
    ck_assert_int_eq(bed_import(&b, "routellm", both, NULL), PM_E_FORMAT);
    files_must_say(&b.f, "r.jsonl:1: \"score\": found \"11\", wanted a number from -1 to 10");
    bed_put(&b, "r.jsonl", RATING("81", "m", "1", "0.5"));
    ck_assert_int_eq(bed_import(&b, "routellm", both, NULL), PM_E_FORMAT);
    files_must_say(&b.f, "wanted 1 to 10, or -1 for none");
    bed_put(&b, "r.jsonl", RATING("81", "m", "1", "5") RATING("81", "m", "1", "5"));
    ck_assert_int_eq(bed_import(&b, "routellm", both, NULL), PM_E_FORMAT);
    files_must_say(&b.f, "r.jsonl:2: a second row of the same prompt and model");
    bed_put(&b, "r.jsonl", RATING("81", "m", "3", "5"));
    ck_assert_int_eq(bed_import(&b, "routellm", both, NULL), PM_E_FORMAT);
    files_must_say(&b.f, "wanted a question (and turn) of question.jsonl");
}
END_TEST

START_TEST(routellm_cut_anywhere)
{
    const char *const csv[] = {"evals/gsm8k/gsm8k_responses.csv", NULL};
    put_evals();
    bed_cut(&b, "routellm", csv[0], csv, NULL);
    bed_cut(&b, "routellm", "evals/mt_bench/judgements.jsonl", evals, NULL);
}
END_TEST

/* ---- RouterBench ---- */

#define RB_HEAD                                                                                    \
    ",sample_id,prompt,eval_name,small/m,large,large|model_response,small/m|model_response,"       \
    "small/m|total_cost,large|total_cost,oracle_model_to_route_to\n"
static const char bench[] = RB_HEAD
    "17,arc.1,\"['Don\\'t say "
    "\"\"so\"\".\\nAnswer:']\",arc,0.0,1.0,['B'],\"['A\\n']\",1e-05,0.00346,large\n"
    "18,mt.2,\"['First', \"\"it's 2nd \\xe9 "
    "\\u2265\"\"]\",mtbench,0.25,,\"[\"\"it's\"\"]\",plain,0.5,,no_model_correct\n"
    "19,mbpp.3,def f(): pass,mbpp,1.0,1.0,['x'],['yz'],0.0,1.5,small/m\n";
static const char *const bench_input[] = {"wide_train.csv", NULL};

START_TEST(routerbench_wide_table)
{
    bed_put(&b, "wide_train.csv", bench);
    bed_must_import(&b, "routerbench", bench_input, NULL);
    ck_assert_uint_eq(b.d.n, 3);
    ck_assert_uint_eq(b.d.m, 2);
    bed_must_text(&b, "arc.1", "Don't say \"so\".\nAnswer:");
    bed_must_text(&b, "mt.2", "First\n\nit's 2nd \xc3\xa9 \xe2\x89\xa5");
    bed_must_text(&b, "mbpp.3", "def f(): pass");
    bed_must_hold(&b, "scores", "arc.1", "small/m", 0);
    bed_must_hold(&b, "scores", "arc.1", "large", 1);
    bed_must_hold(&b, "scores", "mt.2", "large", NAN);
    bed_must_hold(&b, "costs", "arc.1", "small/m", 1e-5);
    bed_must_hold(&b, "costs", "mt.2", "large", NAN);
    bed_must_hold(&b, "costs", "mbpp.3", "large", 1.5);
    bed_must_hold(&b, "output_chars", "arc.1", "small/m", 2);
    bed_must_hold(&b, "output_chars", "arc.1", "large", 1);
    bed_must_hold(&b, "output_chars", "mt.2", "large", 4);
    bed_must_hold(&b, "output_chars", "mt.2", "small/m", 5);
    bed_must_hold(&b, "reading_grade", "mt.2", "small/m", .39 + 11.8 - 15.59); /* one syllable */
    bed_must_hold(&b, "reading_grade", "mbpp.3", "large", .39 + 11.8 - 15.59);
    ck_assert_uint_eq(b.d.part[0], DATASET_TRAIN); /* the file's name says so */
    ck_assert_uint_eq(bed_skipped(&b, "no score"), 1);
    const char *const options[] = {"split=none", NULL};
    bed_must_import(&b, "routerbench", bench_input, options);
    ck_assert_uint_eq(b.d.part[0], DATASET_UNSPLIT);
}
END_TEST

START_TEST(routerbench_refusals)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"sample_id,prompt,m|total_cost\na,b,1\n",
         "x.csv:1: column 3 (\"m|total_cost\"): found no column \"m\" with the scores"},
        {"sample_id,prompt\na,b\n", "x.csv:1: found no column of a model"},
        {"id,prompt,m\na,b,1\n", "found no column \"sample_id\""},
        {"sample_id,prompt,m\na,b,1.5\n",
         "x.csv:2: column 3 (\"m\"): found \"1.5\", wanted a number from 0 to 1"},
        {"sample_id,prompt,m\na,b,nan\n", "column 3 (\"m\"): found \"nan\""},
        {"sample_id,prompt,m\na,b,good\n", "column 3 (\"m\"): found \"good\""},
        {"sample_id,prompt,m,m|total_cost\na,b,1,-2\n",
         "column 4 (\"m|total_cost\"): found \"-2\", wanted a number from 0 on"},
        {"sample_id,prompt,m\na,b,1\na,c,1\n",
         "x.csv:3: column 1 (\"sample_id\"): found \"a\", wanted an id that has not occurred"},
        {"sample_id,prompt,m\na,\"['b\",1\n",
         "x.csv:2: column 2 (\"prompt\"): character 4: found the end, wanted the closing quote"},
        {"sample_id,prompt,m\na,\"['b' 'c']\",1\n", "character 6: found ''', wanted ','"},
        {"sample_id,prompt,m\na,\"['\\xz']\",1\n", "wanted more digits of an escape"},
        {"sample_id,prompt,m\na,\"[{'role': 'user'}]\",1\n", "wanted a message with 'content'"},
        {"sample_id,prompt,m\n,b,1\n", "x.csv:2: prompt: id: found \"\""},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        bed_must_refuse(&b, "routerbench", "x.csv", bad[k].text, bad[k].says);
    const char *const options[] = {"duplicates=first", NULL}, *const input[] = {"x.csv", NULL};
    bed_put(&b, "x.csv", "sample_id,prompt,m\na,\"[{'role': 'user', 'content': 'b'}]\",1\na,c,0\n");
    bed_must_import(&b, "routerbench", input, options);
    bed_must_hold(&b, "scores", "a", "m", 1);
    bed_must_text(&b, "a", "b");
    ck_assert_uint_eq(bed_skipped(&b, "an id that occurred"), 1);
    const char *const wrong[] = {"duplicates=last", NULL};
    ck_assert_int_eq(bed_import(&b, "routerbench", input, wrong), PM_E_ARG);
    files_must_say(&b.f, "--duplicates: found 'last', wanted error or first");
}
END_TEST

START_TEST(routerbench_cut_anywhere)
{
    bed_put(&b, "wide_train.csv", bench);
    bed_cut(&b, "routerbench", "wide_train.csv", bench_input, NULL);
}
END_TEST

/* ---- EmbedLLM ---- */

static const char embed_train[] =
    "prompt_id,model_id,category_id,label,prompt,model_name,category\n"
    "7,0,1,1,\"Say \"\"x\"\",\nplease\",org/m0,logic\n"
    "7,1,1,0,\"Say \"\"x\"\",\nplease\",org/m1,logic\n"
    "2,1,2,1,Two?,org/m1,maths\n";
static const char embed_test[] = "prompt_id,model_id,category_id,label,prompt,model_name,category\n"
                                 "0,1,2,0,Zero?,org/m1,maths\n";
static const char embed_order[] =
    "prompt_id,prompt\n0,Zero?\n1,One?\n2,Two?\n7,\"Say \"\"x\"\",\nplease\"\n";
static const char *const embed_input[] = {"data", NULL};

static void put_embed(void)
{
    bed_put(&b, "data/train.csv", embed_train);
    bed_put(&b, "data/test.csv", embed_test);
    bed_put(&b, "data/question_order.csv", embed_order);
}

START_TEST(embedllm_tables)
{
    put_embed();
    bed_must_import(&b, "embedllm", embed_input, NULL);
    ck_assert_uint_eq(b.d.n, 3);
    bed_must_hold(&b, "scores", "7", "org/m0", 1);
    bed_must_hold(&b, "scores", "7", "org/m1", 0);
    bed_must_hold(&b, "scores", "2", "org/m0", NAN);
    bed_must_hold(&b, "scores", "0", "org/m1", 0);
    bed_must_text(&b, "7", "Say \"x\",\nplease");
    ck_assert_str_eq(b.d.domains[b.d.domain[bed_row(&b, "2")]], "maths");
    ck_assert_uint_eq(b.d.part[bed_row(&b, "0")], DATASET_TEST);
    ck_assert_uint_eq(b.d.part[bed_row(&b, "7")], DATASET_TRAIN);
    char option[600];
    snprintf(option, sizeof option, "order=%s", bed_path(&b, "data/question_order.csv"));
    const char *const options[] = {option, NULL};
    bed_must_import(&b, "embedllm", embed_input, options);
    ck_assert_uint_eq(b.d.n, 3);
    ck_assert_str_eq(b.d.id[0], "0");
    ck_assert_str_eq(b.d.id[1], "2");
    ck_assert_str_eq(b.d.id[2], "7");
    ck_assert_uint_eq(b.d.part[0], DATASET_TEST);
    bed_must_hold(&b, "scores", "2", "org/m1", 1);
    ck_assert(bed_noted(&b, "1 questions are in none of the tables"));
}
END_TEST

START_TEST(embedllm_refusals)
{
#define EM_HEAD "prompt_id,model_name,label,prompt\n"
    static const struct {
        const char *text, *says;
    } bad[] = {
        {EM_HEAD "1,m,2,q\n",
         "x.csv:2: column 3 (\"label\"): found \"2\", wanted a number from 0 to 1"},
        {EM_HEAD "1,m,,q\n", "column 3 (\"label\"): found nothing"},
        {EM_HEAD "1,m,NaN,q\n", "column 3 (\"label\"): found \"NaN\""},
        {EM_HEAD "1,,1,q\n",
         "column 2 (\"model_name\"): found nothing, wanted the name of a model"},
        {EM_HEAD ",m,1,q\n", "column 1 (\"prompt_id\"): found nothing"},
        {EM_HEAD "1,m,1,q\n1,n,1,r\n", "x.csv:3: column 4 (\"prompt\"): found \"r\", wanted the "
                                       "text that this prompt_id had before"},
        {EM_HEAD "1,m,1,q\n1,m,0,q\n", "x.csv:3: a second row of the same prompt and model"},
        {"prompt_id,label,prompt\n1,1,q\n", "found no column \"model_id\""},
        {"prompt_id,model_id,label\n1,1,1\n", "found no column \"prompt\""},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        bed_must_refuse(&b, "embedllm", "x.csv", bad[k].text, bad[k].says);
    const char *const options[] = {"duplicates=first", NULL}, *const input[] = {"x.csv", NULL};
    bed_put(&b, "x.csv", EM_HEAD "1,m,1,q\n1,m,0,q\n1,m,1,q\n");
    bed_must_import(&b, "embedllm", input, options);
    bed_must_hold(&b, "scores", "1", "m", 1);
    ck_assert_uint_eq(bed_skipped(&b, "a second row of the same prompt and model"), 2);
}
END_TEST

START_TEST(embedllm_cut_anywhere)
{
    const char *const input[] = {"data/train.csv", NULL};
    put_embed();
    bed_cut(&b, "embedllm", input[0], input, NULL);
}
END_TEST

START_TEST(starved)
{
    put_evals();
    put_embed();
    bed_put(&b, "wide_train.csv", bench);
    char option[600];
    snprintf(option, sizeof option, "order=%s", bed_path(&b, "data/question_order.csv"));
    const char *const order[] = {option, NULL}, *const mean[] = {"mt-bench=mean", NULL};
    bed_starve(&b, "routellm", evals, NULL);
    bed_starve(&b, "routellm", evals, mean);
    bed_starve(&b, "routerbench", bench_input, NULL);
    bed_starve(&b, "embedllm", embed_input, order);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("import_tables");
    TCase *cases = tcase_create("all");
    tcase_set_timeout(cases, 240);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, routellm_evaluation_files);
    tcase_add_test(cases, routellm_order_of_the_subjects);
    tcase_add_test(cases, routellm_mean_of_the_turns);
    tcase_add_test(cases, routellm_refusals);
    tcase_add_test(cases, routellm_cut_anywhere);
    tcase_add_test(cases, routerbench_wide_table);
    tcase_add_test(cases, routerbench_refusals);
    tcase_add_test(cases, routerbench_cut_anywhere);
    tcase_add_test(cases, embedllm_tables);
    tcase_add_test(cases, embedllm_refusals);
    tcase_add_test(cases, embedllm_cut_anywhere);
    tcase_add_test(cases, starved);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
