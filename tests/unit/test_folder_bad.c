/* SPDX-License-Identifier: MIT
 *
 * The writer of folders: what the reader would refuse is refused while it is written, with its message.
 */
#include "folder_bed.h"

#include <math.h>

#include "base/io.h"
#include "data/folder.h"

static size_t files_beside(void)
{
    char **names;
    size_t n;
    ck_assert_int_eq(io_list(f.dir, f.a, &names, &n, NULL), PM_OK);
    return n;
}

static void refused(pm_status s, const char *message)
{
    ck_assert_int_eq(s, PM_E_ARG);
    ck_assert_str_eq(err_text(&f.err), message);
    err_clear(&f.err);
}

static pm_status put(folder *w, folder_prompt p)
{
    p.tokens_in = -1;
    if (!p.id.ptr) p.id = pm_str_of("new");
    return folder_add_prompt(w, &p, NULL, &f.err);
}

START_TEST(prompts_refused)
{
    folder_options o = FOLDER_OPTIONS_DEFAULT;
    folder *w = open_it(o);
    add(w, "a", "x");
    pm_turn turn = {pm_str_of("boss"), pm_str_of("do")};
    refused(put(w, (folder_prompt){.id = pm_str_of("a")}),
            "prompt \"a\": its id is that of prompt 1 too: ids are unique");
    refused(put(w, (folder_prompt){.id = {"", 0}}),
            "prompt: id: found \"\", wanted a text that is not empty");
    refused(put(w, (folder_prompt){.id = {"a\nb", 3}}),
            "prompt: id: found \"a?b\", wanted no control character");
    refused(put(w, (folder_prompt){.split = pm_str_of("dev")}),
            "prompt \"new\": split: found \"dev\", wanted \"train\" or \"test\"");
    refused(put(w, (folder_prompt){.domain = pm_str_of("\x7f")}),
            "prompt \"new\": domain: found \"?\", wanted no control character");
    refused(
        put(w, (folder_prompt){.turn = &turn, .n_turns = 1}),
        "prompt \"new\": turn 1: found role \"boss\", wanted user, assistant, system, developer "
        "or tool");
    refused(
        put(w, (folder_prompt){.more = pm_str_of("\"a\": 1, \"a\": 2")}),
        "prompt \"new\": further members: found \"\"a\": 1, \"a\": 2\", wanted members of JSON");
    refused(
        put(w, (folder_prompt){.more = pm_str_of("\"a\": 1}, {\"b\": 2")}),
        "prompt \"new\": further members: found \"\"a\": 1}, {\"b\": 2\", wanted members of JSON");
    refused(put(w, (folder_prompt){.more = pm_str_of("\"group\": 1")}),
            "prompt \"new\": further members: \"group\" stands there already");
    folder_abandon(w);
}
END_TEST

START_TEST(cells_refused)
{
    folder_options o = FOLDER_OPTIONS_DEFAULT;
    folder *w = open_it(o);
    uint32_t m;
    add(w, "a", "x");
    must(folder_model(w, pm_str_of("m"), NULL, &m, &f.err));
    refused(folder_cell(w, "scores", 0, 0, 1.5, &f.err),
            "scores of prompt \"a\" by model \"m\": found 1.5, wanted a number from 0 to 1");
    refused(folder_cell(w, "scores", 0, 0, (double)NAN, &f.err),
            "scores of prompt \"a\" by model \"m\": found nan, wanted a number from 0 to 1");
    refused(folder_cell(w, "costs", 0, 0, -1, &f.err),
            "costs of prompt \"a\" by model \"m\": found -1, wanted a number from 0 on");
    refused(folder_cell(w, "latency_ms", 0, 0, (double)INFINITY, &f.err),
            "latency_ms of prompt \"a\" by model \"m\": found inf, wanted a number from 0 on");
    must(folder_cell(w, "scores", 0, 0, 0.25, &f.err));
    must(folder_cell(w, "scores", 0, 0, 0.25, &f.err)); /* the same again says nothing new */
    refused(folder_cell(w, "scores", 0, 0, 0.5, &f.err),
            "scores of prompt \"a\" by model \"m\": found 0.5, but 0.25 was given before");
    ck_assert_int_eq(folder_cell(w, "losses", 0, 0, 0.5, &f.err), PM_E_ARG);
    files_must_say(&f, "found scores and losses, wanted one of them");
    ck_assert_int_eq(folder_cell(w, "../scores", 0, 0, 0.5, &f.err), PM_E_ARG);
    files_must_say(&f, "found the table name \"../scores\"");
    refused(folder_cell(w, "scores", 1, 0, 0.5, &f.err),
            "scores: cell of prompt 1 and model 0; there are 1 and 1");
    folder_abandon(w);
}
END_TEST

START_TEST(battles_and_vectors_refused)
{
    folder_options o = FOLDER_OPTIONS_DEFAULT;
    folder *w = open_it(o);
    const float v[] = {1, NAN};
    add(w, "a", "x");
    add(w, "b", "y");
    must(folder_model(w, pm_str_of("m"), NULL, NULL, &f.err));
    must(folder_model(w, pm_str_of("n"), NULL, NULL, &f.err));
    folder_battle b = {.prompt = 0, .a = 1, .b = 1, .outcome = 1, .weight = 1};
    refused(folder_add_battle(w, &b, &f.err), "battle of prompt \"a\": model \"n\" battles itself");
    b.b = 0;
    b.outcome = NAN;
    ck_assert_int_eq(folder_add_battle(w, &b, &f.err), PM_E_ARG);
    files_must_say(&f, "outcome: found nan, wanted a number from 0 to 1");
    b.outcome = 1;
    must(folder_add_battle(w, &b, &f.err));
    ck_assert_int_eq(folder_text_file(w, "battles.jsonl.gz", pm_str_of("x"), &f.err), PM_E_ARG);
    ck_assert_int_eq(folder_text_file(w, "../x", pm_str_of("x"), &f.err), PM_E_ARG);
    refused(folder_embedding(w, 0, v, 2, &f.err),
            "embedding of prompt \"a\": value 2: found nan, wanted a number");
    must(folder_embedding(w, 0, v, 1, &f.err));
    refused(folder_embedding(w, 0, v, 1, &f.err), "embedding of prompt \"a\": was given before");
    refused(folder_embedding(w, 1, v, 2, &f.err),
            "embedding of prompt \"b\": found 2 values, wanted 1 as before");
    ck_assert_int_eq(folder_finish(w, &f.err), PM_E_FORMAT);
    files_must_say(&f,
                   "missing embeddings: found 1 for 2 prompts; prompt \"b\" is the first without");
    ck_assert_uint_eq(files_beside(), 0);
}
END_TEST

START_TEST(models_refused)
{
    folder_options o = FOLDER_OPTIONS_DEFAULT;
    folder *w = open_it(o);
    refused(folder_model(w, pm_str_of(""), NULL, NULL, &f.err),
            "model: name: found \"\", wanted a text that is not empty");
    refused(folder_model(w, pm_str_of("m"), "\"name\": \"x\"", NULL, &f.err),
            "model \"m\": further members: \"name\" stands there already");
    must(folder_model(w, pm_str_of("m"), "\"price_in\": -1", NULL, &f.err));
    add(w, "a", "x");
    must(folder_cell(w, "scores", 0, 0, 1, &f.err));
    ck_assert_int_ne(folder_finish(w, &f.err), PM_OK);
    files_must_say(&f, "models.json: ");
    files_must_say(&f, "price_in");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wrong rows of folders");
    TCase *cases = tcase_create("wrong rows of folders");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, prompts_refused);
    tcase_add_test(cases, cells_refused);
    tcase_add_test(cases, battles_and_vectors_refused);
    tcase_add_test(cases, models_refused);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
