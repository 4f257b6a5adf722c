/* SPDX-License-Identifier: MIT
 *
 * Datasets that read: every file and column, counts and notes, parts, views.
 */
#include "data_files.h"

#include <math.h>

#include "base/gz.h"
#include "base/hash.h"

static files f;

static void setup(void)
{
    files_open(&f);
}

static void teardown(void)
{
    files_close(&f);
}

START_TEST(small)
{
    dataset d;
    files_put_small(&f);
    files_must_read(&f, &d);
    ck_assert_uint_eq(d.n, 3);
    ck_assert_uint_eq(d.m, 2);
    ck_assert_str_eq(d.id[1], "b");
    ck_assert(pm_str_equal(d.text[2], "three"));
    ck_assert_uint_eq(d.key[1], fnv1a("b", 1));
    ck_assert_uint_eq(d.n_domains, 2);
    ck_assert_str_eq(d.domains[d.domain[2]], "x");
    ck_assert_uint_eq(d.part[0], DATASET_TRAIN);
    ck_assert_uint_eq(d.part[2], DATASET_TEST);
    ck_assert_int_eq((int)d.kind, (int)PM_VALUE_QUALITY);
    ck_assert_float_eq(pm_crow(d.value, 1)[0], 0.25f);
    ck_assert(isnan(pm_crow(d.value, 1)[1]));
    ck_assert_uint_eq(d.counts.cells_known, 5);
    ck_assert_uint_eq(d.counts.cells_empty, 1);
    ck_assert_str_eq(d.models.view.expert[1]->id, "large");
    ck_assert_ptr_null(d.cost_usd.at);
    ck_assert_ptr_null(d.turn);
    ck_assert_ptr_null(d.tokens_in);
    ck_assert_uint_eq(d.n_files, 2);
    ck_assert_str_eq(d.file[0].name, "prompts.jsonl");
    ck_assert_uint_eq(d.n_notes, 0);
}
END_TEST

START_TEST(provenance)
{
    dataset d, e;
    char hex[65];
    files_put_small(&f);
    files_must_read(&f, &d);
    const char *path = files_put(&f, "scores.csv", "id,small,large\na,0,1\nb,0.25,\nc,1,0.75\n");
    ck_assert_int_eq(sha256_file(path, hex, &f.err), PM_OK);
    files_must_read(&f, &e);
    ck_assert_str_eq(d.file[0].sha256, e.file[0].sha256);
    ck_assert_str_eq(e.file[1].sha256, hex);
    ck_assert_str_ne(d.hash, e.hash);
    files_put_small(&f);
    files_must_read(&f, &e);
    ck_assert_str_eq(d.hash, e.hash);
}
END_TEST

START_TEST(all_files)
{
    dataset d;
    static const char losses[] = "id,s,l\na,2.5,1\nb,0,\n";
    files_put(
        &f, "prompts.jsonl",
        "\xef\xbb\xbf{\"id\": 7, \"prompt\": \"caf\xe9\", \"tokens_in\": 3, \"extra\": [1], "
        "\"more\": 2}\r\n"
        "{\"id\": \"b\", \"prompt\": \"\", \"tokens_in\": 0, \"domain\": null, \"split\": null, "
        "\"extra\": {}}\r\n");
    ck_assert_int_eq(gz_write_all(files_path(&f, "losses.csv.gz"), losses, strlen(losses), &f.err),
                     PM_OK);
    files_put(&f, "models.json", "[{\"name\": \"s\", \"params_b\": 7}, {\"name\": \"l\"}]");
    ck_assert_int_eq(files_read(&f, &d), PM_E_FORMAT); /* the row is called 7, not a */
    static const char right[] = "id,s,l\r\n7,2.5,1\r\n\"b\",0,\r\n";
    ck_assert_int_eq(gz_write_all(files_path(&f, "losses.csv.gz"), right, strlen(right), &f.err),
                     PM_OK);
    files_put(&f, "costs.csv", "id,s,l\n7,1e-5,0.002\nb,,0\n");
    files_put(&f, "tokens_out.csv", "id,s,l\n7,10,20\nb,30,\n");
    files_put(&f, "latency_ms.csv", "id,s,l\n7,1.5,2\nb,NaN,\n");
    files_put(&f, "other.csv", "name,value\nx,1\n");
    files_put(&f, "broken.csv", "\"x");
    files_put(&f, "notes.txt", "ignored");
    files_must_read(&f, &d);
    ck_assert_int_eq((int)d.kind, (int)PM_VALUE_LOSS);
    ck_assert_float_eq(pm_crow(d.value, 0)[0], 2.5f);
    ck_assert_float_eq(pm_crow(d.cost_usd, 0)[1], 0.002f);
    ck_assert_float_eq(pm_crow(d.tokens_out, 1)[0], 30);
    ck_assert_uint_eq(d.n_tables, 4);
    ck_assert_float_eq(pm_crow(dataset_table_of(&d, "latency_ms")->cell, 0)[1], 2);
    ck_assert_ptr_null(dataset_table_of(&d, "other"));
    ck_assert_uint_eq(d.counts.tables_skipped, 2);
    ck_assert_uint_eq(d.counts.fields_unknown, 3);
    ck_assert_uint_eq(d.counts.invalid_utf8_repaired, 1);
    ck_assert(pm_str_equal(d.text[0], "caf\xef\xbf\xbd"));
    ck_assert_uint_eq(d.tokens_in[0], 3);
    ck_assert_uint_eq(d.domain[0], UINT32_MAX);
    ck_assert_uint_eq(d.part[1], DATASET_UNSPLIT);
    ck_assert_double_eq(pm_attr_number(d.models.view.expert[0], "params", 0), 7e9);
    ck_assert_uint_eq(d.n_files, 6);
    ck_assert_uint_eq(d.n_notes, 3);
}
END_TEST

START_TEST(attributes_of_prompts)
{
    dataset d, part;
    pm_prompts x;
    uint32_t row[] = {3, 0, 1};
    files_put(&f, "prompts.jsonl",
              "{\"id\": \"a\", \"prompt\": \"1\", \"attributes\": {\"tools\": false, "
              "\"modalities\": [\"text\", "
              "\"im\\u0061ge\"], \"own\": 2.5, \"none\": null}}\n"
              "{\"id\": \"b\", \"prompt\": \"2\", \"attributes\": {}}\n"
              "{\"id\": \"c\", \"prompt\": \"3\", \"attributes\": {\"own\": \"c\"}}\n"
              "{\"id\": \"d\", \"prompt\": \"4\", \"attributes\": {\"own\": \"d\"}}\n");
    files_put(&f, "scores.csv", "id,s,l\na,0,1\nb,1,1\nc,1,\nd,0,0\n");
    files_must_read(&f, &d);
    ck_assert_uint_eq(d.n_notes, 0);
    ck_assert_uint_eq(d.n_attr[0], 3);
    ck_assert_str_eq(d.attr[0][0].name, "modalities");
    ck_assert_str_eq(d.attr[0][0].text, "text,image");
    ck_assert_double_eq(d.attr[0][1].number, 2.5);
    ck_assert_int_eq((int)d.attr[0][1].kind, (int)PM_ATTR_NUMBER);
    ck_assert_int_eq((int)d.attr[0][2].kind, (int)PM_ATTR_FLAG);
    ck_assert_double_eq(d.attr[0][2].number, 0);
    ck_assert_uint_eq(d.n_attr[1], 0);
    ck_assert_int_eq(dataset_prompts(&d, row, 3, f.a, &x, &f.err), PM_OK);
    ck_assert_str_eq(x.attr[0][0].text, "d");
    ck_assert_uint_eq(x.n_attr[1], 3);
    ck_assert_uint_eq(x.n_attr[2], 0);
    ck_assert_int_eq(dataset_prompts(&d, (uint32_t[]){2, 3}, 2, f.a, &x, &f.err), PM_OK);
    ck_assert_str_eq(x.attr[1][0].text, "d");
    ck_assert_int_eq(dataset_pool(&d, 0.5, f.a, &part, &f.err), PM_OK); /* c goes */
    ck_assert_uint_eq(part.n, 3);
    ck_assert_str_eq(part.attr[2][0].text, "d");
    ck_assert_uint_eq(part.n_attr[2], 1);
    files_put_small(&f);
    files_must_read(&f, &d);
    ck_assert_ptr_null(d.attr);
    ck_assert_ptr_null(d.n_attr);
}
END_TEST

START_TEST(turns_and_groups)
{
    dataset d;
    files_put(&f, "prompts.jsonl",
              "{\"id\": \"a\", \"turns\": [{\"role\": \"system\", \"content\": \"be\"}, {\"role\": "
              "\"user\", "
              "\"content\": \"one\\n\"}, {\"role\": \"assistant\", \"content\": \"x\"}, {\"role\": "
              "\"user\", "
              "\"content\": \"two\"}], \"group\": \"g\"}\n"
              "{\"id\": \"b\", \"prompt\": \"plain\", \"group\": \"g\", \"tokens_in\": 4}\n"
              "{\"id\": \"c\", \"prompt\": \"plain\"}\n{\"id\": \"d\", \"prompt\": \"plain\"}\n"
              "{\"id\": \"e\", \"prompt\": \"g\"}\n");
    files_put(&f, "scores.csv", "id,s\na,0\nb,1\nc,1\nd,0\ne,0\n");
    files_must_read(&f, &d);
    ck_assert(pm_str_equal(d.text[0], "one\n\n\ntwo"));
    ck_assert_uint_eq(d.turn_start[1], 4);
    ck_assert_uint_eq(d.turn_start[5], 8);
    ck_assert(pm_str_equal(d.turn[2].role, "assistant"));
    ck_assert(pm_str_equal(d.turn[4].role, "user"));
    ck_assert(pm_str_equal(d.turn[4].text, "plain"));
    ck_assert_uint_eq(d.group[0], d.group[1]);
    ck_assert_uint_eq(d.group[2], d.group[3]);
    ck_assert_uint_ne(d.group[1], d.group[2]);
    ck_assert_uint_ne(d.group[1], d.group[4]); /* the text "g" is not the group "g" */
    ck_assert_ptr_null(d.tokens_in);
    ck_assert_uint_eq(d.n_notes, 1);
    pm_prompts x;
    ck_assert_int_eq(dataset_prompts(&d, (const uint32_t[]){4, 0}, 2, f.a, &x, &f.err), PM_OK);
    ck_assert_uint_eq(x.turn_start[1], 1);
    ck_assert_uint_eq(x.turn_start[2], 5);
    ck_assert(pm_str_equal(x.turn[4].text, "two"));
    ck_assert_int_eq(dataset_prompts(&d, (const uint32_t[]){1, 2}, 2, f.a, &x, &f.err), PM_OK);
    ck_assert(pm_str_equal(x.turn[x.turn_start[1]].text, "plain"));
}
END_TEST

static const char battles[] =
    "{\"prompt_id\": \"a\", \"model_a\": \"small\", \"model_b\": \"large\", \"winner\": \"a\", "
    "\"judge\": \"j\"}\n"
    "{\"prompt_id\": \"c\", \"model_a\": \"large\", \"model_b\": \"small\", \"winner\": \"tie\", "
    "\"weight\": 2}\n"
    "{\"prompt_id\": \"b\", \"model_a\": \"small\", \"model_b\": \"large\", \"winner\": \"a\", "
    "\"p_b\": 0.75, "
    "\"judge\": \"j\"}\n"
    "{\"prompt_id\": \"z\", \"model_a\": \"small\", \"model_b\": \"large\", \"winner\": \"a\"}\n"
    "{\"prompt_id\": \"a\", \"model_a\": \"small\", \"model_b\": \"huge\", \"winner\": \"b\"}\n";

START_TEST(battle_rows)
{
    dataset d;
    files_put_small(&f);
    files_put(&f, "battles.jsonl", battles);
    files_must_read(&f, &d);
    ck_assert_uint_eq(d.counts.battles_read, 5);
    ck_assert_uint_eq(d.counts.battles_skipped, 2);
    ck_assert_uint_eq(d.n_battles, 3);
    ck_assert_float_eq(d.battle[0].outcome, 1);
    ck_assert_float_eq(d.battle[1].outcome, 0.5f);
    ck_assert_float_eq(d.battle[1].weight, 2);
    ck_assert_float_eq(d.battle[2].outcome, 0.25f);
    ck_assert_uint_eq(d.battle[1].a, 1);
    ck_assert_uint_eq(d.n_judges, 2);
    ck_assert_str_eq(d.judges[d.battle[0].source], "j");
    ck_assert_str_eq(d.judges[d.battle[1].source], "");
    ck_assert_uint_eq(d.battle[2].source, d.battle[0].source);
    ck_assert_str_eq(
        d.note[0],
        "battles: 2 of 5 are left out, their prompt or model is not here (the first: \"z\")");
    pm_outcomes y;
    ck_assert_int_eq(dataset_outcomes(&d, (const uint32_t[]){2, 1}, 2, f.a, &y, &f.err), PM_OK);
    ck_assert_uint_eq(y.n_battles, 2);
    ck_assert_uint_eq(y.battle[0].prompt, 0);
    ck_assert_uint_eq(y.battle[1].prompt, 1);
    ck_assert_float_eq(pm_crow(y.value, 0)[1], 0.5f);
    dataset_options o = DATASET_OPTIONS_DEFAULT;
    o.battles = false;
    ck_assert_int_eq(dataset_read(f.dir, &o, f.a, &d, &f.err), PM_OK);
    ck_assert_uint_eq(d.n_battles, 0);
    ck_assert_uint_eq(d.n_files, 2);
}
END_TEST

START_TEST(battles_alone)
{
    dataset d, p;
    files_put_small(&f);
    ck_assert_int_eq(remove(files_path(&f, "scores.csv")), 0);
    files_put(&f, "battles.jsonl", battles);
    files_put(&f, "models.json", "[{\"name\": \"large\"}, {\"name\": \"small\"}]");
    files_must_read(&f, &d);
    ck_assert_ptr_null(d.value.at);
    ck_assert_uint_eq(d.n_battles, 3);
    ck_assert_uint_eq(d.battle[0].a, 1);
    ck_assert_int_eq(dataset_pool(&d, 0.98, f.a, &p, &f.err), PM_OK);
    ck_assert_uint_eq(p.n, 3);
}
END_TEST

START_TEST(pool)
{
    dataset d, p;
    files_put_small(&f);
    files_put(&f, "scores.csv", "id,s,l,x\na,0,1,\nb,0.25,,\nc,1,0.5,1\n");
    files_put(&f, "costs.csv", "id,s,l,x\na,1,2,\nb,3,,\nc,4,5,6\n");
    files_put(
        &f, "battles.jsonl",
        "{\"prompt_id\": \"c\", \"model_a\": \"s\", \"model_b\": \"l\", \"winner\": \"a\"}\n"
        "{\"prompt_id\": \"b\", \"model_a\": \"s\", \"model_b\": \"l\", \"winner\": \"a\"}\n"
        "{\"prompt_id\": \"c\", \"model_a\": \"s\", \"model_b\": \"x\", \"winner\": \"a\"}\n");
    files_must_read(&f, &d);
    ck_assert_int_eq(dataset_pool(&d, 0.5, f.a, &p, &f.err), PM_OK);
    ck_assert_uint_eq(p.m, 2);
    ck_assert_uint_eq(p.n, 2);
    ck_assert_str_eq(p.id[1], "c");
    ck_assert_uint_eq(p.counts.models_dropped_sparse, 1);
    ck_assert_uint_eq(p.counts.rows_dropped_incomplete, 1);
    ck_assert_uint_eq(p.counts.battles_dropped, 2);
    ck_assert_uint_eq(p.n_battles, 1);
    ck_assert_uint_eq(p.battle[0].prompt, 1);
    ck_assert_float_eq(pm_crow(p.cost_usd, 1)[1], 5);
    ck_assert_uint_eq(p.counts.cells_empty, 0);
    ck_assert_uint_eq(p.models.view.n, 2);
    ck_assert_int_eq(dataset_pool(&d, 1, f.a, &p, &f.err), PM_OK);
    ck_assert_uint_eq(p.m, 1);
    ck_assert_uint_eq(p.n, 3);
    ck_assert_int_eq(dataset_pool(&d, 0, f.a, &p, &f.err), PM_OK);
    ck_assert_uint_eq(p.m, 3);
    ck_assert_int_eq(dataset_pool(&d, 1.5, f.a, &p, &f.err), PM_E_ARG);
    files_put(&f, "costs.csv", "id,s,l,x\na,,2,\nb,,,\nc,,5,6\n");
    files_must_read(&f, &d);
    ck_assert_int_eq(dataset_pool(&d, 1, f.a, &p, &f.err), PM_E_FORMAT);
    files_must_say(&f, "no prompt has all 1 kept models (and costs) known");
}
END_TEST

START_TEST(chosen_models)
{
    dataset d, p;
    files_put_small(&f);
    files_must_read(&f, &d);
    ck_assert_int_eq(dataset_select_models(&d, (const char *const[]){"large"}, 1, f.a, &p, &f.err),
                     PM_OK);
    ck_assert_uint_eq(p.m, 1);
    ck_assert_float_eq(pm_crow(p.value, 2)[0], 0.5f);
    ck_assert_int_eq(
        dataset_select_models(&d, (const char *const[]){"large", "small"}, 2, f.a, &p, &f.err),
        PM_OK);
    ck_assert_str_eq(p.models.view.expert[0]->id, "large");
    ck_assert_int_eq(dataset_select_models(&d, (const char *const[]){"smal"}, 1, f.a, &p, &f.err),
                     PM_E_ARG);
    files_must_say(&f, "unknown model \"smal\": did you mean \"small\"?");
    ck_assert_int_eq(dataset_select_models(&d, (const char *const[]){"smal", "large", "larg"}, 3,
                                           f.a, &p, &f.err),
                     PM_E_ARG);
    files_must_say(&f, "unknown model \"smal\": did you mean \"small\"?; unknown model \"larg\"");
    ck_assert_int_eq(
        dataset_select_models(&d, (const char *const[]){"small", "small"}, 2, f.a, &p, &f.err),
        PM_E_ARG);
    ck_assert_int_eq(dataset_select_models(&d, NULL, 0, f.a, &p, &f.err), PM_E_ARG);
}
END_TEST

START_TEST(views)
{
    dataset d;
    pm_prompts x;
    pm_outcomes y;
    files_put_small(&f);
    files_must_read(&f, &d);
    ck_assert_int_eq(dataset_prompts(&d, (const uint32_t[]){1, 2}, 2, f.a, &x, &f.err), PM_OK);
    ck_assert_ptr_eq(x.text, d.text + 1); /* shared */
    ck_assert_uint_eq(x.n, 2);
    ck_assert_ptr_null(x.turn);
    ck_assert_int_eq(dataset_prompts(&d, (const uint32_t[]){2, 0}, 2, f.a, &x, &f.err), PM_OK);
    ck_assert(pm_str_equal(x.text[1], "one"));
    ck_assert_uint_eq(x.id[0], d.key[2]);
    ck_assert_int_eq(dataset_outcomes(&d, (const uint32_t[]){1, 2}, 2, f.a, &y, &f.err), PM_OK);
    ck_assert_ptr_eq(y.value.at, pm_crow(d.value, 1));
    ck_assert_uint_eq(y.value.rows, 2);
    ck_assert_int_eq(dataset_outcomes(&d, NULL, 0, f.a, &y, &f.err), PM_OK);
    ck_assert_uint_eq(y.value.rows, 0);
    ck_assert_int_eq(dataset_prompts(&d, (const uint32_t[]){3}, 1, f.a, &x, &f.err), PM_E_ARG);
    ck_assert_int_eq(dataset_outcomes(&d, (const uint32_t[]){3}, 1, f.a, &y, &f.err), PM_E_ARG);
}
END_TEST

START_TEST(toy)
{
    dataset d;
    const char *src = getenv("srcdir");
    char dir[512];
    snprintf(dir, sizeof dir, "%s/datasets/toy", src ? src : ".");
    pm_status s = dataset_read(dir, NULL, f.a, &d, &f.err);
    ck_assert_msg(s == PM_OK, "%s", err_text(&f.err));
    ck_assert_str_eq(d.name, "toy");
    ck_assert_uint_eq(d.n, 597);
    ck_assert_uint_eq(d.m, 6);
    ck_assert_uint_eq(d.n_domains, 6);
    ck_assert_uint_eq(d.counts.cells_empty, 0);
    ck_assert_uint_eq(d.n_notes, 0);
    ck_assert_ptr_nonnull(d.cost_usd.at);
    ck_assert_ptr_nonnull(d.tokens_out.at);
    size_t known = 0;
    for (const library_attr_row *r = library_attr_rows(); r->name; r++)
        known += pm_attr_find(d.models.view.expert[5], r->name) != NULL;
    ck_assert_uint_eq(known, 16);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dataset");
    TCase *cases = tcase_create("dataset");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, small);
    tcase_add_test(cases, provenance);
    tcase_add_test(cases, all_files);
    tcase_add_test(cases, attributes_of_prompts);
    tcase_add_test(cases, turns_and_groups);
    tcase_add_test(cases, battle_rows);
    tcase_add_test(cases, battles_alone);
    tcase_add_test(cases, pool);
    tcase_add_test(cases, chosen_models);
    tcase_add_test(cases, views);
    tcase_add_test(cases, toy);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
