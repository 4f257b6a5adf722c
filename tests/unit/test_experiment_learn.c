/* SPDX-License-Identifier: MIT
 *
 * What routers are shown to learn from: labels, battles, labels told as battles, other data under other names.
 */
#include "config.h"

#include <math.h>

#include "data_files.h"
#include "eval/experiment_private.h"
#include "experiment_tools.h"

typedef struct bed {
    files own, other;
    trial t;
    run_options o;
    also_choice also;
    model_name name[1];
    exp_run r;
    seed_work w;
} bed;

/* Eight prompts, two models: a is right on even prompts, b on odd ones; both on the last. */
static void put_own(files *f)
{
    str prompts = STR_INIT, scores = STR_INIT;
    str_puts(&scores, "id,a,b\n");
    for (int i = 0; i < 8; i++) {
        str_printf(&prompts, "{\"id\":\"p%d\",\"prompt\":\"own %d\",\"split\":\"%s\"}\n", i,
                   i == 4 ? 3 : i, /* a text that stands twice */
                   i < 6 ? "train" : "test");
        str_printf(&scores, "p%d,%d,%d\n", i, i % 2 == 0 || i == 5, i % 2);
    }
    files_put(f, "prompts.jsonl", str_text(&prompts));
    files_put(f, "scores.csv", str_text(&scores));
    str_close(&prompts);
    str_close(&scores);
}

/* Three prompts, the last without a battle; z is called a there. */
static void put_other(files *f)
{
    files_put(f, "prompts.jsonl",
              "{\"id\":\"q0\",\"prompt\":\"other 0\"}\n{\"id\":\"q1\",\"prompt\":\"other 1\"}\n"
              "{\"id\":\"q2\",\"prompt\":\"other 2\"}\n");
    files_put(f, "scores.csv", "id,c,z\nq0,1,0\nq1,,1\nq2,0.5,0.5\n");
    files_put(f, "battles.jsonl",
              "{\"prompt_id\":\"q0\",\"model_a\":\"z\",\"model_b\":\"c\",\"winner\":\"b\"}\n"
              "{\"prompt_id\":\"q1\",\"model_a\":\"c\",\"model_b\":\"z\",\"winner\":\"tie\"}\n");
}

static void open_bed(bed *b, bool labels)
{
    memset(b, 0, sizeof *b);
    files_open(&b->own);
    files_open(&b->other);
    put_own(&b->own);
    put_other(&b->other);
    trial_open(&b->t, 1);
    b->name[0] = (model_name){"z", "a"};
    b->also = (also_choice){.label = "other",
                            .dir = b->other.dir,
                            .name = b->name,
                            .n_names = 1,
                            .labels = labels,
                            .where = "trial.lua:2"};
    b->t.x.data_dir = b->own.dir;
    b->t.x.split = (split_spec){.by = SPLIT_GIVEN, .train = 1};
    b->t.x.also = &b->also;
    b->t.x.n_also = 1;
    b->o = (run_options){.size = sizeof b->o, .out_dir = b->own.dir};
    b->r = (exp_run){.x = &b->t.x, .o = &b->o, .keep = b->t.a, .a = b->t.a};
    MUST(exp_load(&b->r, err));
    MUST(exp_load_also(&b->r, err));
    MUST(exp_seed_open(&b->r, 1, &b->w, err));
}

static void close_bed(bed *b)
{
    trial_close(&b->t);
    files_close(&b->own);
    files_close(&b->other);
}

static pm_fit fit_of(bed *b, uint32_t needs, unsigned learns)
{
    pm_router_type *type = arena_alloc(b->t.a, 1, sizeof *type);
    plugin_entry *entry = arena_alloc(b->t.a, 1, sizeof *entry);
    *type = (pm_router_type){.size = sizeof *type, .name = "probe", .needs = needs};
    *entry = (plugin_entry){.kind = PLUGIN_ROUTER, .name = "probe", .type = {.router = type}};
    plugin_choice p = {.plugin = entry, .label = "probe", .learns = learns};
    pm_fit fit;
    MUST(exp_fit(&b->r, &b->w, &p, true, &fit, err));
    return fit;
}

static void want_battle(const pm_fit *f, const char *text, uint32_t a, uint32_t b, double outcome)
{
    for (size_t k = 0; k < f->y->n_battles; k++) {
        const pm_battle *at = &f->y->battle[k];
        pm_str is = f->x->text[at->prompt];
        if (is.len != strlen(text) || memcmp(is.ptr, text, is.len) != 0) continue;
        if (at->a == a && at->b == b && fabs((double)at->outcome - outcome) < 1e-9) return;
    }
    ck_abort_msg("no battle on \"%s\" between %u and %u that ends %g", text, a, b, outcome);
}

START_TEST(routers_of_values_see_labels_as_ever)
{
    bed b;
    open_bed(&b, false);
    pm_fit f = fit_of(&b, PM_NEEDS_VALUES, 0);
    ck_assert_ptr_eq(f.x, &b.w.fit_x);
    ck_assert_ptr_eq(f.y, &b.w.fit_y);
    ck_assert_uint_eq(f.lib->n, 2);
    close_bed(&b);
}
END_TEST

START_TEST(battles_of_others_come_under_our_names)
{
    bed b;
    open_bed(&b, false);
    pm_fit f = fit_of(&b, PM_NEEDS_BATTLES, LEARNS_BATTLES);
    ck_assert_uint_eq(f.lib->n, 3);
    ck_assert_str_eq(f.lib->expert[0]->id, "a");
    ck_assert_str_eq(f.lib->expert[1]->id, "b");
    ck_assert_str_eq(f.lib->expert[2]->id, "c");
    ck_assert(f.y->value.at == NULL);
    ck_assert_uint_eq(f.y->n_battles,
                      2); /* labels are withheld, the prompt without a battle is not there */
    ck_assert_uint_eq(f.x->n, 6 + 2);
    want_battle(&f, "other 0", 0, 2, 0);
    want_battle(&f, "other 1", 2, 0, .5);
    close_bed(&b);
}
END_TEST

START_TEST(labels_become_battles_beside_others)
{
    bed b;
    open_bed(&b, false);
    pm_fit f = fit_of(&b, PM_NEEDS_BATTLES, LEARNS_BOTH);
    ck_assert_uint_eq(f.y->n_battles, 6 + 2);
    want_battle(&f, "own 0", 0, 1, 1);
    want_battle(&f, "own 1", 0, 1, 0);
    want_battle(&f, "own 5", 0, 1, .5);
    want_battle(&f, "other 0", 0, 2, 0);
    ck_assert_uint_eq(f.y->value.cols, 3);
    ck_assert(isnan(pm_crow(f.y->value, 0)[2]) && isnan(pm_crow(f.y->value, 6)[0]));
    f = fit_of(&b, PM_NEEDS_BATTLES, LEARNS_LABEL_BATTLES);
    ck_assert(f.y->n_battles == 6 && !f.y->value.at && f.lib->n == 2);
    close_bed(&b);
}
END_TEST

START_TEST(others_alone_give_their_labels)
{
    bed b;
    open_bed(&b, true);
    pm_fit f = fit_of(&b, PM_NEEDS_VALUES, LEARNS_OTHERS);
    ck_assert_uint_eq(f.x->n, 3); /* with labels the third prompt counts */
    ck_assert_uint_eq(f.y->value.rows, 3);
    const float *q0 = pm_crow(f.y->value, 0), *q1 = pm_crow(f.y->value, 1);
    ck_assert(q0[0] < 0.5f && isnan(q0[1]) && q0[2] > 0.5f && q1[0] > 0.5f && isnan(q1[2]));
    f = fit_of(&b, PM_NEEDS_BATTLES, LEARNS_OTHERS);
    ck_assert_uint_eq(f.y->n_battles, 2 + 2); /* recorded, and q0 and q2 as battles */
    want_battle(&f, "other 2", 0, 2, .5);
    close_bed(&b);
}
END_TEST

static void refused(bed *b, const char *wanted)
{
    pm_err err = PM_ERR_INIT;
    ck_assert_int_ne(exp_load_also(&b->r, &err), PM_OK);
    ck_assert_msg(strstr(err_text(&err), wanted) != NULL, "%s", err_text(&err));
}

/* The text of a test prompt among other data's: its battles are left out. */
START_TEST(what_is_tested_is_not_learned)
{
    bed b;
    open_bed(&b, false);
    files_put(&b.other, "prompts.jsonl",
              "{\"id\":\"q0\",\"prompt\":\"own 7\"}\n{\"id\":\"q1\",\"prompt\":\"own 1\"}\n"
              "{\"id\":\"q2\",\"prompt\":\"other 2\"}\n");
    MUST(exp_load_also(&b.r, err));
    pm_fit f = fit_of(&b, PM_NEEDS_BATTLES, LEARNS_BATTLES);
    ck_assert_uint_eq(f.y->n_battles, 1);
    want_battle(&f, "own 1", 2, 0, .5); /* of a training prompt */
    close_bed(&b);
}
END_TEST

START_TEST(slips_are_told)
{
    bed b;
    open_bed(&b, false);
    b.name[0] = (model_name){"zz", "a"};
    refused(&b, "\"zz\" is no model of");
    b.name[0] = (model_name){"z", "q"};
    refused(&b, "which the library does not have");
    b.name[0] = (model_name){"z", "a"};
    b.also.dir = b.own.dir;
    b.also.n_names = 0;
    refused(&b, "has no battles");
    close_bed(&b);
}
END_TEST

/* A file of a publisher is imported into the store, once. */
START_TEST(a_file_is_imported_once)
{
    bed b;
    open_bed(&b, false);
    b.also = (also_choice){
        .label = "log",
        .format = "battles",
        .where = "trial.lua:2",
        .dir = files_put(&b.other, "log.csv",
                         "prompt,model_a,model_b,winner\nWhat now?,a,c,b\nWhat then?,c,b,tie\n")};
    for (int again = 0; again < 2; again++) {
        MUST(exp_load_also(&b.r, err));
        pm_fit f = fit_of(&b, PM_NEEDS_BATTLES, LEARNS_BATTLES);
        ck_assert_uint_eq(f.y->n_battles, 2);
        want_battle(&f, "What now?", 0, 2, 0);
        want_battle(&f, "What then?", 2, 1, .5);
    }
    b.also.dir = files_put(&b.other, "log.csv", "prompt,model_a,model_b,winner\nq,a,c,nobody\n");
    refused(&b, "\"winner\": found \"nobody\"");
    close_bed(&b);
}
END_TEST

static void check_says(const experiment *x, const char *wanted)
{
    run_options o = {.size = sizeof o};
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(exp_check(x, &o, &err), PM_E_ARG);
    ck_assert_msg(strstr(err_text(&err), wanted) != NULL, "%s", err_text(&err));
}

/* The data's own vectors: those of all data, of one length, and no word features. */
START_TEST(given_vectors_must_be_there)
{
    bed b;
    open_bed(&b, false);
    experiment x = b.t.x;
    pm_router_type words = *x.router[0].at.plugin->type.router;
    plugin_entry entry = *x.router[0].at.plugin;
    router_choice route = x.router[0];
    words.needs |= PM_NEEDS_SPARSE;
    entry.type.router = &words;
    route.at.plugin = &entry;
    x.router = &route;
    x.n_routers = 1;
    x.embed = NULL;
    check_says(&x, "needs an embedder");
    x.given_vectors = true;
    check_says(&x, "needs word features, which given vectors are not");

    b.t.x.embed = NULL;
    b.t.x.given_vectors = true;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(exp_load(&b.r, &err), PM_E_ARG);
    ck_assert_msg(strstr(err_text(&err), "found no embeddings.npy") != NULL, "%s", err_text(&err));
    static const float three[8][3] = {{1, 2, 3}};
    b.r.data.embed = (pm_cmat){three[0], 8, 3, 3};
    refused(&b, "has no embeddings.npy");
    close_bed(&b);
}
END_TEST

START_TEST(a_router_of_battles_learns_labels_where_there_are_no_battles)
{
    bed b;
    open_bed(&b, false);
    b.t.x.n_also = 0;
    b.r.also = (dataset){0};
    pm_fit f = fit_of(&b, PM_NEEDS_BATTLES, 0);
    ck_assert_uint_eq(f.y->n_battles, 6);
    ck_assert_uint_eq(f.lib->n, 2);
    close_bed(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("what routers learn from");
    TCase *c = tcase_create("views");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, routers_of_values_see_labels_as_ever);
    tcase_add_test(c, battles_of_others_come_under_our_names);
    tcase_add_test(c, labels_become_battles_beside_others);
    tcase_add_test(c, others_alone_give_their_labels);
    tcase_add_test(c, what_is_tested_is_not_learned);
    tcase_add_test(c, slips_are_told);
    tcase_add_test(c, a_file_is_imported_once);
    tcase_add_test(c, given_vectors_must_be_there);
    tcase_add_test(c, a_router_of_battles_learns_labels_where_there_are_no_battles);
    suite_add_tcase(s, c);
    return suite_main(s);
}
