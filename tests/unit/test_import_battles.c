/* SPDX-License-Identifier: MIT
 *
 * Importers of battles: Chatbot Arena's two schemas and AlpacaEval's annotations, on excerpts made up after them.
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

/* ---- arena, CSV ---- */

#define ARENA_HEAD                                                                                 \
    "id,model_a,model_b,prompt,response_a,response_b,winner_model_a,winner_model_b,winner_tie\n"
static const char arena_csv[] = ARENA_HEAD
    "30192,model-x,model-y,\"[\"\"Is a \\u00e9clair a cake?\"\",\"\"And \\\"\"why\\\"\"?\"\"]\","
    "\"[\"\"No.\"\",\"\"Dough\"\"]\",\"[\"\"Yes\"\",null]\",1,0,0\n"
    "30193,model-y,model-z,\"[\"\"Short\"\"]\",\"[\"\"a\"\"]\",\"[\"\"bc\"\"]\",0,0,1\n"
    "30194,model-z,model-x,\"[\"\"Line one,\\nline two "
    "\\ud83d\\ude00\"\"]\",\"[\"\"\"\"]\",\"[null]\",0,1,0\n"
    "30195,model-z,model-z,\"[\"\"Who are you, both of "
    "you?\"\"]\",\"[\"\"a\"\"]\",\"[\"\"b\"\"]\",0,1,0\n"
    "30196,model-x,model-z,[null],\"[\"\"a\"\"]\",\"[\"\"b\"\"]\",0,1,0\n";
static const char *const arena_input[] = {"arena.csv", NULL};

START_TEST(arena_battles_of_the_csv)
{
    bed_put(&b, "arena.csv", arena_csv);
    bed_must_import(&b, "arena", arena_input, NULL);
    ck_assert_uint_eq(b.d.n, 3);
    ck_assert_uint_eq(b.d.n_battles, 3);
    bed_must_text(&b, "30192",
                  "Is a \xc3\xa9"
                  "clair a cake?");
    bed_must_text(&b, "30194", "Line one,\nline two \xf0\x9f\x98\x80");
    size_t i = bed_row(&b, "30192");
    ck_assert_ptr_nonnull(b.d.turn_start);
    ck_assert_uint_eq(b.d.turn_start[i + 1] - b.d.turn_start[i], 2);
    ck_assert(pm_str_equal(b.d.turn[b.d.turn_start[i] + 1].text, "And \"why\"?"));
    ck_assert_uint_eq(b.d.battle[0].a, bed_column(&b, "model-x"));
    ck_assert_uint_eq(b.d.battle[0].b, bed_column(&b, "model-y"));
    ck_assert_double_eq((double)b.d.battle[0].outcome, 1);
    ck_assert_double_eq((double)b.d.battle[1].outcome, .5);
    ck_assert_double_eq((double)b.d.battle[2].outcome, 0);
    ck_assert_uint_eq(b.counts.rows_read, 5);
    ck_assert_uint_eq(bed_skipped(&b, "a model against itself"), 1);
    ck_assert_uint_eq(bed_skipped(&b, "no first turn of the user"), 1);
}
END_TEST

START_TEST(arena_options)
{
    const char *const options[] = {"min-chars=16", "judge=people", "rename=model-x=x", NULL};
    bed_put(&b, "arena.csv", arena_csv);
    bed_must_import(&b, "arena", arena_input, options);
    ck_assert_uint_eq(b.d.n, 2);
    ck_assert_uint_eq(bed_skipped(&b, "a first turn below --min-chars"), 1);
    (void)bed_column(&b, "x");
    ck_assert_uint_eq(b.d.n_judges, 1);
    ck_assert_str_eq(b.d.judges[0], "people");
    const char *const language[] = {"language=English", NULL};
    ck_assert_int_eq(bed_import(&b, "arena", arena_input, language), PM_E_ARG);
    files_must_say(&b.f, "the CSV tells no language");
    const char *const number[] = {"min-chars=many", NULL};
    ck_assert_int_eq(bed_import(&b, "arena", arena_input, number), PM_E_ARG);
    files_must_say(&b.f, "--min-chars: found 'many', wanted a number");
    const char *const rename[] = {"rename=x", NULL};
    ck_assert_int_eq(bed_import(&b, "arena", arena_input, rename), PM_E_ARG);
    files_must_say(&b.f, "--rename: found 'x', wanted OLD=NEW");
}
END_TEST

START_TEST(arena_refusals_of_the_csv)
{
    static const struct {
        const char *row, *says;
    } bad[] = {
        {"1,x,y,\"[\"\"q\"\"]\",a,b,1,1,0\n",
         "bad.csv:2: column 7 (\"winner_model_a\"): found \"1\", wanted winner_model_a, "
         "winner_model_b and winner_tie that sum to 1"},
        {"1,x,y,\"[\"\"q\"\"]\",a,b,NaN,0,0\n", "bad.csv:2: column 7 (\"winner_model_a\"): found "
                                                "\"NaN\", wanted a number from 0 to 1"},
        {"1,x,y,\"[\"\"q\"\"]\",a,b,,0,0\n", "column 7 (\"winner_model_a\"): found nothing"},
        {"1,,y,\"[\"\"q\"\"]\",a,b,1,0,0\n",
         "bad.csv:2: column 2 (\"model_a\"): found nothing, wanted the name of a model"},
        {"1,x,y,\"[\"\"q\"\", 7]\",a,b,1,0,0\n",
         "bad.csv:2: column 4 (\"prompt\"): a JSON list: turn 2: found \"7\", wanted a text"},
        {"1,x,y,\"[\"\"q\"\"\",a,b,1,0,0\n", "a JSON list: found the end, wanted ',' or ']'"},
        {"1,x,y,\"[\"\"q\"\"],\",a,b,1,0,0\n", "found ',', wanted nothing behind the array"},
        {"1,x,y,\"[\"\"q\"\"]\",a,b,1,0\n", "bad.csv:2: found 8 fields, wanted 9 as in the header"},
        {"1,x,y,\"[\"\"q\"\"]\",a,b,1,0,0\n1,x,y,\"[\"\"r\"\"]\",a,b,1,0,0\n",
         "bad.csv:3: prompt \"1\": its id is that of prompt 1 too"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        char text[512];
        snprintf(text, sizeof text, "%s%s", ARENA_HEAD, bad[k].row);
        bed_must_refuse(&b, "arena", "bad.csv", text, bad[k].says);
    }
    bed_must_refuse(&b, "arena", "bad.csv", "id,model_a,model_b,promt\n",
                    "bad.csv:1: found no column \"prompt\" among 4: did you mean \"promt\"?");
    bed_must_refuse(&b, "arena", "bad.csv", "", "wanted a header");
    bed_must_refuse(&b, "arena", "bad.csv", "id,id\n", "column 2: found \"id\" a second time");
}
END_TEST

/* ---- arena, JSON ---- */

static const char arena_json[] =
    "[\n"
    "  {\"question_id\": \"q-1\", \"model_a\": \"x\", \"model_b\": \"y\", \"winner\": "
    "\"model_b\",\n"
    "   \"judge\": \"arena_user_1\",\n"
    "   \"conversation_a\": [{\"content\": \"Name a prime \\u2265 90\", \"role\": \"user\"},\n"
    "                      {\"content\": \"97\", \"role\": \"assistant\"},\n"
    "                      {\"content\": \"One more\", \"role\": \"user\"},\n"
    "                      {\"content\": \"101\", \"role\": \"assistant\"}],\n"
    "   \"conversation_b\": [{\"content\": \"Name a prime \\u2265 90\", \"role\": \"user\"},\n"
    "                      {\"content\": \"91?\", \"role\": \"assistant\"}],\n"
    "   \"turn\": 2, \"anony\": true, \"language\": \"English\", \"tstamp\": 1682351591.1},\n"
    "  {\"question_id\": \"q-2\", \"model_a\": \"y\", \"model_b\": \"z\", \"winner\": \"tie "
    "(bothbad)\",\n"
    "   \"conversation_a\": [{\"role\": \"user\", \"content\": \"Bonjour\"}],\n"
    "   \"conversation_b\": [{\"role\": \"user\", \"content\": \"Bonjour\"}], \"language\": "
    "\"French\"},\n"
    "  {\"id\": \"q-3\", \"model_a\": \"z\", \"model_b\": \"x\", \"winner\": \"both_bad\",\n"
    "   \"conversation_a\": [{\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": "
    "\"Hello, \"},\n"
    "     {\"type\": \"image\", \"text\": null}, {\"type\": \"text\", \"text\": \"you\"}]},\n"
    "     {\"role\": \"assistant\", \"content\": [{\"type\": \"text\", \"text\": \"Hi\"}]}],\n"
    "   \"conversation_b\": [], \"language\": \"English\"}\n"
    "]\n";
static const char *const arena_json_input[] = {"arena.json", NULL};

START_TEST(arena_battles_of_json)
{
    bed_put(&b, "arena.json", arena_json);
    bed_must_import(&b, "arena", arena_json_input, NULL);
    ck_assert_uint_eq(b.d.n, 3);
    bed_must_text(&b, "q-1", "Name a prime \xe2\x89\xa5 90");
    bed_must_text(&b, "q-3", "Hello, you");
    ck_assert_uint_eq(b.d.turn_start[1] - b.d.turn_start[0], 2);
    ck_assert_double_eq((double)b.d.battle[0].outcome, 0);
    ck_assert_double_eq((double)b.d.battle[1].outcome, .5);
    ck_assert_double_eq((double)b.d.battle[2].outcome, .5);
    str text = STR_INIT;
    char path[512];
    snprintf(path, sizeof path, "%s/battles.jsonl", b.out);
    ck_assert_int_eq(io_read(path, 1 << 16, &text, &b.f.err), PM_OK);
    ck_assert_ptr_nonnull(strstr(str_text(&text), "\"chars_a\":5,\"chars_b\":3"));
    str_close(&text);
    const char *const options[] = {"language=English", NULL};
    bed_must_import(&b, "arena", arena_json_input, options);
    ck_assert_uint_eq(b.d.n, 2);
    ck_assert_uint_eq(bed_skipped(&b, "another language"), 1);
}
END_TEST

START_TEST(arena_refusals_of_json)
{
#define ROW   "{\"id\": 1, \"model_a\": \"x\", \"model_b\": \"y\", "
#define SIDES "\"conversation_a\": [], \"conversation_b\": []}\n"
    static const struct {
        const char *text, *says;
    } bad[] = {
        {ROW "\"winner\": \"model_c\", " SIDES,
         "bad.jsonl:1: \"winner\": found \"model_c\", wanted model_a, model_b, tie"},
        {ROW "\"winner\": \"tie\", \"conversation_a\": 3, \"conversation_b\": []}",
         "\"conversation_a\": found \"3\", wanted a list of turns"},
        {ROW "\"winner\": \"tie\", \"conversation_a\": [{\"role\": \"user\"}], "
             "\"conversation_b\": []}",
         "bad.jsonl:1: \"conversation_a\": turn 1: wanted an object with \"role\" and \"content\""},
        {"{\"id\": 1, \"model_a\": \"x\"}",
         "bad.jsonl:1: \"model_b\": found nothing, wanted a text"},
        {"{\"id\": 1,\n \"model_a\": NaN}", "bad.jsonl:2: column 13: found 'N'"},
        {"{\"model_a\": \"x\"}", "bad.jsonl:1: \"id\": found nothing, wanted a text"},
        {"7", "bad.jsonl:1: column 1: found '7', wanted an object"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        bed_must_refuse(&b, "arena", "bad.jsonl", bad[k].text, bad[k].says);
}
END_TEST

START_TEST(arena_cut_anywhere)
{
    bed_put(&b, "arena.csv", arena_csv);
    bed_cut(&b, "arena", "arena.csv", arena_input, NULL);
    bed_put(&b, "arena.json", arena_json);
    bed_cut(&b, "arena", "arena.json", arena_json_input, NULL);
}
END_TEST

/* ---- AlpacaEval ---- */

static const char alpaca_two[] =
    "[\n  {\n    \"instruction\":\"How tall is a tall tree?\",\n"
    "    \"output_1\":\"A hundred metres.\",\n    \"generator_1\":\"base\",\n"
    "    \"dataset\":\"helpful_base\",\n    \"output_2\":\"Tall \\u00e9nough\",\n"
    "    \"generator_2\":\"one\",\n    \"annotator\":\"weighted\",\n"
    "    \"preference\":1.25,\n    \"preference_raw_completion\":{\"a\": [1, 2]}\n  },\n"
    "  {\n    \"instruction\":\"Wrap a present\",\n    \"output_1\":\"Fold\",\n"
    "    \"generator_1\":\"base\",\n    \"dataset\":\"koala\",\n    \"output_2\":\"Cut\",\n"
    "    \"generator_2\":\"one\",\n    \"annotator\":\"weighted\",\n    \"preference\":null\n  "
    "}\n]\n";
static const char alpaca_hard[] =
    "[{\"instruction\": \"How tall is a tall tree?\", \"output_1\": \"Very\", \"generator_1\": "
    "\"old\","
    " \"dataset\": \"helpful_base\", \"output_2\": \"Tall \\u00e9nough\", \"generator_2\": \"one\","
    " \"annotator\": \"hard\", \"preference\": 2},"
    " {\"instruction\": \"Wrap a present\", \"output_1\": \"Fold\", \"generator_1\": \"old\","
    " \"dataset\": \"koala\", \"output_2\": \"Cut\", \"generator_2\": \"one\","
    " \"annotator\": \"hard\", \"preference\": 0},"
    " {\"instruction\": \"Wrap a present\", \"output_1\": \"Fold\", \"generator_1\": \"old\","
    " \"dataset\": \"koala\", \"output_2\": \"Cut\", \"generator_2\": \"two\","
    " \"annotator\": \"hard\", \"preference\": 1.5}]";
static const char *const alpaca_input[] = {"results", NULL};

static void put_alpaca(void)
{
    bed_put(&b, "results/One-Model/weighted/annotations.json", alpaca_two);
    bed_put(&b, "results/Two-Model/hard/annotations.json", alpaca_hard);
    bed_put(&b, "results/Two-Model/leaderboard.json", "no JSON");
}

START_TEST(alpacaeval_battles_and_scores)
{
    put_alpaca();
    bed_must_import(&b, "alpacaeval", alpaca_input, NULL);
    ck_assert_uint_eq(b.d.n, 2);
    ck_assert_uint_eq(b.d.n_battles, 4);
    bed_must_text(&b, "ae000", "How tall is a tall tree?");
    bed_must_hold(&b, "scores", "ae000", "one", .25);
    bed_must_hold(&b, "scores", "ae000", "base", .5);
    bed_must_hold(&b, "scores", "ae001", "one", NAN);
    bed_must_hold(&b, "scores_hard", "ae000", "one", 1);
    bed_must_hold(&b, "scores_hard", "ae001", "one", .5);
    bed_must_hold(&b, "scores_hard", "ae001", "two", .5);
    bed_must_hold(&b, "scores_hard", "ae001", "old", .5);
    bed_must_hold(&b, "output_chars", "ae000", "one", 11);
    bed_must_hold(&b, "output_chars", "ae001", "two", 3);
    ck_assert_double_eq((double)b.d.battle[0].outcome, .75);
    ck_assert_uint_eq(b.d.battle[0].a, bed_column(&b, "base"));
    ck_assert_double_eq((double)b.d.battle[1].outcome, 0);
    ck_assert_double_eq((double)b.d.battle[2].outcome, .5);
    ck_assert_uint_eq(b.d.n_judges, 2);
    ck_assert_uint_eq(bed_skipped(&b, "no preference"), 1);
    ck_assert(bed_noted(&b, "scores.csv: judge weighted, against base"));
    const char *const options[] = {"scores-of=hard", "names=folder", NULL};
    const char *const one[] = {"results/One-Model", NULL};
    bed_must_import(&b, "alpacaeval", one, options);
    bed_must_hold(&b, "scores_weighted", "ae000", "One-Model", .25);
}
END_TEST

START_TEST(alpacaeval_refusals)
{
#define AE(generator_1, preference)                                                                \
    "{\"instruction\": \"q\", \"generator_1\": \"" generator_1                                     \
    "\", \"generator_2\": \"m\", \"annotator\": \"j\", \"preference\": " preference "}"
    bed_must_refuse(&b, "alpacaeval", "x.json", "[" AE("b", "0.5") "]",
                    "x.json:1: \"preference\": found \"0.5\", wanted 1 to 2, or 0 for a tie");
    bed_must_refuse(&b, "alpacaeval", "x.json", "[" AE("b", "2.5") "]",
                    "wanted a number from 0 to 2");
    bed_must_refuse(&b, "alpacaeval", "x.json", "[" AE("b", "NaN") "]",
                    "found 'N', wanted a number");
    bed_must_refuse(&b, "alpacaeval", "x.json", "[" AE("b", "\"1\"") "]",
                    "\"preference\": found \"1\", wanted a number");
    bed_must_refuse(&b, "alpacaeval", "x.json", "[" AE("b", "1") ",\n" AE("c", "1") "]",
                    "x.json:2: \"generator_1\": found \"c\", wanted \"b\" as before");
    bed_must_refuse(&b, "alpacaeval", "x.json", "[" AE("b", "1") ",\n" AE("b", "2") "]",
                    "x.json:2: a second row of the same prompt and model");
    bed_must_refuse(&b, "alpacaeval", "x.json", "[{\"instruction\": \"q\"}]",
                    "\"generator_1\": found nothing, wanted a text");
    bed_must_refuse(&b, "alpacaeval", "x.json", "[" AE("b", "1") "\n" AE("b", "2") "]",
                    "x.json:2: column 1: found '{', wanted ',' or ']' behind a record");
    const char *const inputs[] = {"empty", NULL};
    bed_put(&b, "empty/other.json", "[]");
    ck_assert_int_eq(bed_import(&b, "alpacaeval", inputs, NULL), PM_E_FORMAT);
    files_must_say(&b.f, "found no file of this format in the folder");
}
END_TEST

START_TEST(alpacaeval_cut_anywhere)
{
    const char *const inputs[] = {"a.json", NULL};
    bed_put(&b, "a.json", alpaca_two);
    bed_cut(&b, "alpacaeval", "a.json", inputs, NULL);
}
END_TEST

START_TEST(starved)
{
    put_alpaca();
    bed_put(&b, "arena.csv", arena_csv);
    bed_put(&b, "arena.json", arena_json);
    bed_starve(&b, "alpacaeval", alpaca_input, NULL);
    bed_starve(&b, "arena", arena_input, NULL);
    bed_starve(&b, "arena", arena_json_input, NULL);
}
END_TEST

/* ---- one's own ---- */

static const char own_csv[] = "prompt,model_a,model_b,winner,p_b,judge,weight,domain\n"
                              "\"How, then?\",x,y,b,,ann,2,talk\n"
                              "\"How, then?\",x,z,tie,,ann,,talk\n"
                              "Why,y,z,z,,bob,,\n"
                              "Why,z,x,,0.25,bob,,\n"
                              "Why,z,z,a,,bob,,\n";

START_TEST(own_battles)
{
    const char *const inputs[] = {"own.csv", NULL};
    bed_put(&b, "own.csv", own_csv);
    bed_must_import(&b, "battles", inputs, NULL);
    ck_assert_uint_eq(b.d.n, 2);
    ck_assert_uint_eq(b.d.n_battles, 4);
    ck_assert_uint_eq(b.d.n_judges, 2);
    static const double outcome[] = {0, .5, 0, .75};
    for (size_t k = 0; k < 4; k++) ck_assert_double_eq((double)b.d.battle[k].outcome, outcome[k]);
    ck_assert_double_eq((double)b.d.battle[0].weight, 2);
    ck_assert_uint_eq(b.d.battle[0].prompt, b.d.battle[1].prompt);
    ck_assert_uint_eq(b.d.battle[2].a, bed_column(&b, "y"));
    ck_assert_str_eq(b.d.domains[b.d.domain[0]], "talk");
    ck_assert_uint_eq(bed_skipped(&b, "a model against itself"), 1);
    const char *const rows[] = {"own.jsonl", NULL};
    bed_put(
        &b, "own.jsonl",
        "{\"prompt\":\"Why\",\"model_a\":\"x\",\"model_b\":\"y\",\"winner\":\"model_a\"}\n"
        "{\"prompt\":\"Why\",\"prompt_id\":\"q\",\"model_a\":\"x\",\"model_b\":\"y\",\"p_b\":1}\n");
    bed_must_import(&b, "battles", rows, NULL);
    ck_assert_uint_eq(b.d.n, 2);
    ck_assert_double_eq((double)b.d.battle[0].outcome, 1);
    ck_assert_double_eq((double)b.d.battle[1].outcome, 0);
    bed_cut(&b, "battles", "own.csv", inputs, NULL);
}
END_TEST

START_TEST(own_refusals)
{
    bed_must_refuse(&b, "battles", "x.csv", "prompt,model_a,winner\np,x,a\n",
                    "found no \"model_b\"; a row wants prompt, model_a, model_b");
    bed_must_refuse(&b, "battles", "x.csv", "prompt,model_a,model_b\np,x,y\n",
                    "found neither \"winner\" nor \"p_b\"");
    bed_must_refuse(&b, "battles", "x.csv", "prompt,model_a,model_b,winner\np,x,y,w\n",
                    "x.csv:2: \"winner\": found \"w\", wanted a, b or tie");
    bed_must_refuse(&b, "battles", "x.csv", "prompt,model_a,model_b,p_b\np,x,y,1.5\n",
                    "x.csv:2: \"p_b\": found \"1.5\", wanted a probability");
    bed_must_refuse(&b, "battles", "x.csv", "prompt,model_a,model_b,winner,weight\np,x,y,a,0\n",
                    "\"weight\": found \"0\", wanted a number above 0");
    bed_must_refuse(&b, "battles", "x.csv", "prompt,model_a,model_b,winner\np,,y,a\n",
                    "\"model_a\": found nothing, wanted the name of a model");
    bed_must_refuse(&b, "battles", "x.jsonl", "{\"prompt\":\"p\",\"model_a\":\"x\"}\n",
                    "found no \"model_b\"");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("import_battles");
    TCase *cases = tcase_create("all");
    tcase_set_timeout(cases, 240);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, arena_battles_of_the_csv);
    tcase_add_test(cases, arena_options);
    tcase_add_test(cases, arena_refusals_of_the_csv);
    tcase_add_test(cases, arena_battles_of_json);
    tcase_add_test(cases, arena_refusals_of_json);
    tcase_add_test(cases, arena_cut_anywhere);
    tcase_add_test(cases, alpacaeval_battles_and_scores);
    tcase_add_test(cases, alpacaeval_refusals);
    tcase_add_test(cases, alpacaeval_cut_anywhere);
    tcase_add_test(cases, starved);
    tcase_add_test(cases, own_battles);
    tcase_add_test(cases, own_refusals);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
