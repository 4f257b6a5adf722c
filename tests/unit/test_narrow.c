/* SPDX-License-Identifier: MIT
 *
 * Narrowing: what stays, in what order, what is joined, and what is said of names that are not there.
 */
#include "data_files.h"

#include <math.h>

#include "base/hash.h"
#include "data/narrow.h"

static files f;

static void setup(void)
{
    files_open(&f);
    files_put(&f, "prompts.jsonl",
              "{\"id\": \"m/1\", \"prompt\": \"one\", \"domain\": \"mmlu/law\"}\n"
              "{\"id\": \"c/81/t2\", \"prompt\": \"second\", \"domain\": \"chat\"}\n"
              "{\"id\": \"m/2\", \"prompt\": \"two\", \"domain\": \"mmlu\"}\n"
              "{\"id\": \"c/81/t1\", \"prompt\": \"first\", \"domain\": \"chat\"}\n"
              "{\"id\": \"x\", \"prompt\": \"none\", \"domain\": \"mmluish\"}\n"
              "{\"id\": \"c/82/t1\", \"prompt\": \"alone\"}\n");
    files_put(&f, "scores.csv",
              "id,a,b\nm/1,0,1\nc/81/t2,0.5,0.25\nm/2,1,1\nc/81/t1,1,\nx,0,0\nc/82/t1,0.75,1\n");
    files_put(&f, "scores_other.csv",
              "id,a,b\nm/1,1,1\nc/81/t2,0,0\nm/2,1,0\nc/81/t1,0,0\nx,0,0\nc/82/t1,0,1\n");
    files_put(&f, "chars.csv",
              "id,a,b\nm/1,1,1\nc/81/t2,4,5\nm/2,1,0\nc/81/t1,2,2\nx,0,0\nc/82/t1,0,9\n");
    files_put(
        &f, "battles.jsonl",
        "{\"prompt_id\": \"m/1\", \"model_a\": \"a\", \"model_b\": \"b\", \"winner\": \"a\", "
        "\"judge\": \"one\"}\n"
        "{\"prompt_id\": \"c/81/t2\", \"model_a\": \"a\", \"model_b\": \"b\", \"winner\": \"b\", "
        "\"judge\": \"two\"}\n"
        "{\"prompt_id\": \"x\", \"model_a\": \"b\", \"model_b\": \"a\", \"winner\": \"tie\", "
        "\"judge\": \"two\"}\n");
    files_put(&f, "without.txt", "m/2\nno such\r\n\nx\r\n");
}

static void teardown(void)
{
    files_close(&f);
}

static pm_status narrow(const dataset_narrowing *how, dataset *out)
{
    dataset d;
    files_must_read(&f, &d);
    err_clear(&f.err);
    return dataset_narrow(&d, f.dir, how, f.a, out, &f.err);
}

static void must_narrow(const dataset_narrowing *how, dataset *out)
{
    pm_status s = narrow(how, out);
    ck_assert_msg(s == PM_OK, "%s", err_text(&f.err));
}

START_TEST(nothing)
{
    dataset_narrowing how = {0};
    dataset d;
    str text = STR_INIT;
    must_narrow(&how, &d);
    ck_assert_uint_eq(d.n, 6);
    ck_assert_uint_eq(d.n_battles, 3);
    dataset_narrowing_json(&how, &text);
    ck_assert_str_eq(str_text(&text), "{}");
    str_close(&text);
}
END_TEST

START_TEST(domains)
{
    const char *const wanted[] = {"mmlu"};
    dataset_narrowing how = {.domain = wanted, .n_domains = 1};
    dataset d;
    must_narrow(&how, &d);
    ck_assert_uint_eq(d.n, 2); /* not "mmluish" */
    ck_assert_str_eq(d.id[0], "m/1");
    ck_assert_str_eq(d.id[1], "m/2");
    ck_assert_float_eq(pm_crow(d.value, 1)[0], 1);
    ck_assert_uint_eq(d.n_battles, 1);
    ck_assert_uint_eq(d.counts.battles_dropped, 2);
}
END_TEST

START_TEST(without)
{
    const char *const lists[] = {"without.txt"};
    dataset_narrowing how = {.without = lists, .n_without = 1};
    dataset d, all;
    files_must_read(&f, &all);
    must_narrow(&how, &d);
    ck_assert_uint_eq(d.n, 4);
    ck_assert_str_eq(d.id[2], "c/81/t1");
    ck_assert_uint_eq(d.n_notes, all.n_notes + 1);
    ck_assert_str_eq(d.note[d.n_notes - 1],
                     "without.txt: 2 prompts are left out, 1 of the ids are not here");
    ck_assert_str_ne(d.hash, all.hash);
    char hash[65];
    memcpy(hash, d.hash, sizeof hash);
    files_put(&f, "without.txt", "m/2\n");
    must_narrow(&how, &d);
    ck_assert_str_ne(d.hash, hash); /* the list decides what the data are */
    const char *const path[] = {files_path(&f, "without.txt")};
    how.without = path;
    must_narrow(&how, &d);
    ck_assert_uint_eq(d.n, 5);
}
END_TEST

START_TEST(judges)
{
    const char *const wanted[] = {"two", "two"};
    dataset_narrowing how = {.judge = wanted, .n_judges = 2};
    dataset d;
    must_narrow(&how, &d);
    ck_assert_uint_eq(d.n, 6);
    ck_assert_uint_eq(d.n_battles, 2);
    ck_assert_uint_eq(d.n_judges, 1);
    ck_assert_str_eq(d.judges[d.battle[1].source], "two");
    ck_assert_uint_eq(d.battle[1].prompt, 4);
}
END_TEST

START_TEST(turns_are_joined)
{
    dataset_narrowing how = {.join_turns = true};
    dataset d;
    must_narrow(&how, &d);
    ck_assert_uint_eq(d.n, 5);
    ck_assert_str_eq(d.id[1], "c/81");
    ck_assert_uint_eq(d.key[1], fnv1a("c/81", 4));
    ck_assert(pm_str_equal(d.text[1], "first"));
    ck_assert_float_eq(pm_crow(d.value, 1)[0], 0.75f);
    ck_assert(isnan(pm_crow(d.value, 1)[1]));
    const dataset_table *chars = dataset_table_of(&d, "chars");
    ck_assert_float_eq(pm_crow(chars->cell, 1)[1], 3.5f);
    ck_assert_str_eq(d.id[4], "c/82"); /* one turn alone too: its id is that of the conversation */
    ck_assert_uint_eq(d.n_battles, 3);
    ck_assert_uint_eq(d.battle[1].prompt, 1);
    ck_assert_uint_eq(d.battle[2].prompt, 3);
    ck_assert_uint_eq(d.counts.cells_known, 9);
}
END_TEST

START_TEST(other_scores)
{
    dataset_narrowing how = {.scores = "scores_other", .join_turns = true};
    dataset d;
    must_narrow(&how, &d);
    ck_assert_float_eq(pm_crow(d.value, 0)[0], 1);
    ck_assert_float_eq(pm_crow(d.value, 1)[1], 0);
    how.scores = "chars";
    ck_assert_int_eq(narrow(&how, &d), PM_E_ARG);
    files_must_say(&f, "chars of prompt \"c/81/t2\": found 4, wanted a number from 0 to 1");
}
END_TEST

START_TEST(unknown_names)
{
    const char *const domain[] = {"chta"}, *const judge[] = {"tow"}, *const list[] = {"absent.txt"};
    dataset d;
    ck_assert_int_eq(narrow(&(dataset_narrowing){.domain = domain, .n_domains = 1}, &d), PM_E_ARG);
    files_must_say(&f, "no domain \"chta\"; did you mean \"chat\"?");
    ck_assert_int_eq(narrow(&(dataset_narrowing){.judge = judge, .n_judges = 1}, &d), PM_E_ARG);
    files_must_say(&f, "no judge \"tow\"; did you mean \"two\"?");
    ck_assert_int_eq(narrow(&(dataset_narrowing){.scores = "nothing like it"}, &d), PM_E_ARG);
    files_must_say(&f, "no table \"nothing like it\"; there are scores, chars, scores_other");
    ck_assert_int_eq(narrow(&(dataset_narrowing){.without = list, .n_without = 1}, &d), PM_E_IO);
    files_must_say(&f, "absent.txt: cannot open");
}
END_TEST

START_TEST(nothing_left)
{
    const char *const domain[] = {"chat"}, *const list[] = {"all.txt"};
    dataset d;
    files_put(&f, "all.txt", "c/81/t1\nc/81/t2\n");
    ck_assert_int_eq(
        narrow(
            &(dataset_narrowing){.domain = domain, .n_domains = 1, .without = list, .n_without = 1},
            &d),
        PM_E_ARG);
    files_must_say(&f, "no prompt is left of 6 after narrowing");
    files_put(&f, "all.txt", "\n");
    ck_assert_int_eq(narrow(&(dataset_narrowing){.without = list, .n_without = 1}, &d), PM_E_ARG);
    files_must_say(&f, "found no id, wanted one a line");
}
END_TEST

START_TEST(only_models_that_fought)
{
    const char *const judge[] = {"one"};
    dataset d;
    files_put(&f, "battles.jsonl",
              "{\"prompt_id\": \"m/1\", \"model_a\": \"a\", \"model_b\": \"c\", \"winner\": \"a\", "
              "\"judge\": \"one\"}\n");
    files_put(&f, "models.json", "[{\"name\": \"a\"}, {\"name\": \"b\"}, {\"name\": \"c\"}]");
    remove(files_path(&f, "scores.csv"));
    remove(files_path(&f, "scores_other.csv"));
    remove(files_path(&f, "chars.csv"));
    must_narrow(&(dataset_narrowing){.judge = judge, .n_judges = 1}, &d);
    ck_assert_uint_eq(d.m, 2);
    ck_assert_str_eq(d.models.view.expert[1]->id, "c");
    ck_assert_uint_eq(d.battle[0].b, 1);
}
END_TEST

START_TEST(a_prompt_beside_its_turns)
{
    dataset d;
    files_put(&f, "prompts.jsonl",
              "{\"id\": \"c/t1\", \"prompt\": \"\"}\n{\"id\": \"c\", \"prompt\": \"\"}\n");
    files_put(&f, "scores.csv", "id,a,b\nc/t1,0,1\nc,0,1\n");
    remove(files_path(&f, "scores_other.csv"));
    remove(files_path(&f, "chars.csv"));
    remove(files_path(&f, "battles.jsonl"));
    ck_assert_int_eq(narrow(&(dataset_narrowing){.join_turns = true}, &d), PM_E_ARG);
    files_must_say(&f, "prompt \"c\" is there beside its turns (\"c/t1\")");
}
END_TEST

START_TEST(as_json)
{
    const char *const domain[] = {"a", "b\""}, *const list[] = {"/some/x.txt"};
    dataset_narrowing how = {.domain = domain,
                             .n_domains = 2,
                             .without = list,
                             .n_without = 1,
                             .join_turns = true,
                             .scores = "s"};
    str text = STR_INIT;
    dataset_narrowing_json(&how, &text);
    ck_assert_str_eq(str_text(&text), "{\"domains\":[\"a\",\"b\\\"\"],\"join_turns\":true,"
                                      "\"scores\":[\"s\"],\"without\":[\"x.txt\"]}");
    str_close(&text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("narrow");
    TCase *cases = tcase_create("narrow");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, nothing);
    tcase_add_test(cases, domains);
    tcase_add_test(cases, without);
    tcase_add_test(cases, judges);
    tcase_add_test(cases, turns_are_joined);
    tcase_add_test(cases, other_scores);
    tcase_add_test(cases, unknown_names);
    tcase_add_test(cases, nothing_left);
    tcase_add_test(cases, only_models_that_fought);
    tcase_add_test(cases, a_prompt_beside_its_turns);
    tcase_add_test(cases, as_json);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
