/* SPDX-License-Identifier: MIT
 *
 * Scripts that are right: what becomes of their fields, --set, defaults, canonical text.
 */
#include "script_tools.h"

static script *open_text(bench *b, const char *text, const script_options *o)
{
    return bench_script(b, bench_write(b, "script.lua", text), o);
}

#define HEAD "local pm <const> = require \"pointsman\"\n"

static const char whole[] = HEAD
    "return pm.experiment {\n"
    "  name = 'whole', asks = 'Why?', seeds = { 3, 1 }, delta = 0.05,\n"
    "  data = pm.dataset 'datasets/toy' { min_known = 0.5 },\n"
    "  split = pm.split { by = 'group', train = 0.5, tune = 0.25, test = 0.25, seed = 9 },\n"
    "  embedder = pm.embedder 'lsa' { dim = 32 },\n"
    "  library = pm.load 'lua/libraries/toy.lua',\n"
    "  routers = {\n"
    "    pm.router 'prior' {},\n"
    "    pm.router 'knn' { k = pm.grid { 5, 20, 80 }, weights = pm.grid { 'uniform', 'similarity' "
    "}, label = 'near' },\n"
    "  },\n"
    "  constraints = {\n"
    "    pm.constraint 'price' { weight = pm.sweep { from = 0, to = 50, steps = 3, scale = 'log1p' "
    "} },\n"
    "    pm.constraint 'size' { sense = 'hard', bound = 0.5, scale = 'max' },\n"
    "  },\n"
    "  objective = pm.objective 'penalty' {},\n"
    "  bootstrap = { resamples = 500, level = 0.9, seed = 4, paired_by = 'prompt' },\n"
    "}\n";

START_TEST(test_whole)
{
    bench b;
    bench_open(&b);
    script *s = open_text(&b, whole, NULL);
    const experiment *x = script_experiment(s);
    ck_assert_str_eq(x->name, "whole");
    ck_assert_str_eq(x->asks, "Why?");
    ck_assert_uint_eq(x->n_seeds, 2);
    ck_assert_uint_eq(x->seed[0], 3);
    ck_assert_double_eq(x->delta, 0.05);
    ck_assert_double_eq(x->min_known, 0.5);
    ck_assert_int_eq(x->split.by, SPLIT_GROUP);
    ck_assert_uint_eq(x->split.seed, 9);
    ck_assert_double_eq(x->split.tune, 0.25);
    ck_assert_str_eq(x->embed->plugin->name, "lsa");
    ck_assert_uint_eq(x->lib->view.n, 6);
    ck_assert_str_eq(x->lib->name, "toy");
    ck_assert_uint_eq(x->n_routers, 2);
    ck_assert_uint_eq(x->router[1].n_candidates, 6);
    ck_assert_str_eq(x->router[1].at.label, "near");
    ck_assert(x->router[1].is_rival && !x->router[0].is_rival);
    ck_assert_ptr_nonnull(strstr(x->router[1].candidate[0].params_json, "\"k\":5"));
    ck_assert_ptr_nonnull(strstr(x->router[1].candidate[5].params_json, "\"k\":80"));
    ck_assert_ptr_nonnull(strstr(x->router[1].candidate[5].params_json, "similarity"));
    ck_assert_ptr_nonnull(strstr(x->router[1].at.where, "script.lua:10"));
    ck_assert_uint_eq(x->n_constraints, 2);
    ck_assert_uint_eq(x->constraint[0].n_weights, 3);
    ck_assert_double_eq(x->constraint[0].weight[0], 0);
    ck_assert_double_eq_tol(x->constraint[0].weight[1], 6.14142842854285, 1e-12); /* sqrt(51) - 1 */
    ck_assert_double_eq(x->constraint[0].weight[2], 50);
    ck_assert_int_eq(x->constraint[1].sense, PM_HARD);
    ck_assert_double_eq(x->constraint[1].bound, 0.5);
    ck_assert_str_eq(x->objective.plugin->name, "penalty");
    ck_assert_uint_eq(x->bootstrap.resamples, 500);
    ck_assert(!x->bootstrap.clustered && !x->is_scripted);
    ck_assert_ptr_null(x->backend);
    script_close(s);
    bench_close(&b);
}
END_TEST

START_TEST(test_defaults)
{
    bench b;
    bench_open(&b);
    script *s = open_text(&b,
                          HEAD "return pm.experiment { data = pm.dataset 'datasets/toy', routers = "
                               "{ pm.router 'prior' {} } }\n",
                          NULL);
    const experiment *x = script_experiment(s);
    ck_assert_str_eq(x->name, "script");
    ck_assert_uint_eq(x->n_seeds, 1);
    ck_assert_uint_eq(x->n_routers, 2);
    ck_assert_str_eq(x->router[1].at.label, "knn (reference)");
    ck_assert(x->router[1].is_rival);
    ck_assert_str_eq(x->embed->plugin->name, "lsa");
    ck_assert_int_eq(x->split.by, SPLIT_GIVEN);
    ck_assert_double_eq(x->split.tune, 0.2);
    ck_assert_ptr_null(x->lib);
    ck_assert_uint_eq(x->bootstrap.resamples, 2000);
    script_close(s);

    s = open_text(&b,
                  HEAD "return pm.experiment { data = pm.dataset 'datasets/toy', reference = "
                       "false, embedder = false,\n"
                       "  routers = { pm.router 'prior' {} } }\n",
                  NULL);
    x = script_experiment(s);
    ck_assert_uint_eq(x->n_routers, 1);
    ck_assert(!x->router[0].is_rival);
    ck_assert_ptr_null(x->embed);
    script_close(s);
    bench_close(&b);
}
END_TEST

/* The same words in another order, in another folder, with other spacing: the same bytes. */
START_TEST(test_canonical)
{
    static const char again[] = HEAD
        "local x = { seeds = { 3, 1 }, delta = 0.05, asks = 'Why?', name = 'whole' }\n"
        "x.bootstrap = { paired_by = 'prompt', level = 0.9, seed = 4, resamples = 500 }\n"
        "x.objective = pm.objective 'penalty' {}\n"
        "x.constraints = {\n"
        "  pm.constraint 'price' { weight = pm.sweep { scale = 'log1p', steps = 3, to = 50, from = "
        "0 } },\n"
        "  pm.constraint 'size' { scale = 'max', bound = 0.5, sense = 'hard' } }\n"
        "x.routers = { pm.router 'prior' { shrink = 0 },\n"
        "  pm.router 'knn' { weights = pm.grid { 'uniform', 'similarity' }, label = 'near', k = "
        "pm.grid { 5, 20, 80 } } }\n"
        "x.library = pm.load 'lua/libraries/toy.lua'\n"
        "x.embedder = pm.embedder 'lsa' { dim = 32 }\n"
        "x.split = pm.split { seed = 9, test = 0.25, tune = 0.25, train = 0.5, by = 'group' }\n"
        "x.data = pm.dataset 'datasets/toy' { min_known = 0.5 }\n"
        "return pm.experiment(x)\n";
    bench b;
    bench_open(&b);
    script *one = open_text(&b, whole, NULL);
    script *two = bench_script(&b, bench_write(&b, "other.lua", again), NULL);
    ck_assert_str_eq(script_experiment(one)->spec_json, script_experiment(two)->spec_json);
    ck_assert_str_ne(script_experiment(one)->script_sha256, script_experiment(two)->script_sha256);
    ck_assert_ptr_null(strstr(script_experiment(one)->spec_json, b.folder));
    script_close(one);
    script_close(two);
    bench_close(&b);
}
END_TEST

START_TEST(test_set)
{
    static const script_set set[] = {{"routers[2].k", "7"},
                                     {"routers[2].weights", "similarity"},
                                     {"split.seed", "11"},
                                     {"data.min_known", "0.75"},
                                     {"seeds", "42"},
                                     {"name", "changed"},
                                     {"constraints[1].weight", ".5"},
                                     {"bootstrap.level", "0.8"},
                                     {"routers[1]", "random"},
                                     {"library", "from data"},
                                     {"objective", "penalty"},
                                     {"embedder.normalize", "false"}};
    bench b;
    bench_open(&b);
    script_options o = {.size = sizeof o, .set = set, .n_sets = sizeof set / sizeof *set};
    script *s = open_text(&b, whole, &o);
    const experiment *x = script_experiment(s);
    ck_assert_str_eq(x->name, "changed");
    ck_assert_uint_eq(x->n_seeds, 1);
    ck_assert_uint_eq(x->seed[0], 42);
    ck_assert_uint_eq(x->router[1].n_candidates, 1);
    ck_assert_ptr_nonnull(
        strstr(x->router[1].at.params_json, "\"k\":7,\"weights\":\"similarity\""));
    ck_assert_str_eq(x->router[0].at.plugin->name, "random");
    ck_assert_uint_eq(x->split.seed, 11);
    ck_assert_double_eq(x->min_known, 0.75);
    ck_assert_uint_eq(x->constraint[0].n_weights, 1);
    ck_assert_double_eq(x->constraint[0].weight[0], 0.5);
    ck_assert_double_eq(x->bootstrap.level, 0.8);
    ck_assert_ptr_null(x->lib);
    ck_assert_ptr_nonnull(strstr(x->embed->params_json, "\"normalize\":false"));
    script_close(s);

    o = (script_options){.size = sizeof o, .has_seed = true, .seed = 1234567890123456789u};
    s = open_text(&b, whole, &o);
    ck_assert_uint_eq(script_experiment(s)->n_seeds, 1);
    ck_assert(script_experiment(s)->seed[0] == 1234567890123456789u);
    script_close(s);
    bench_close(&b);
}
END_TEST

START_TEST(test_set_data)
{
    bench b;
    bench_open(&b);
    const char *folder = io_join(b.a, b.folder, "mine");
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(io_mkdir(folder, &err), PM_OK);
    script_set set = {"data", folder};
    script_options o = {.size = sizeof o, .set = &set, .n_sets = 1};
    script *s = open_text(
        &b,
        HEAD "return pm.experiment { data = pm.dataset 'datasets/toy' { min_known = 0.5 },\n"
             "  routers = { pm.router 'prior' {} } }\n",
        &o);
    ck_assert_str_eq(strrchr(script_experiment(s)->data_dir, '/'), "/mine");
    ck_assert_double_eq(script_experiment(s)->min_known, 0.5);
    script_close(s);

    /* A folder beside the script wins over one of the same name elsewhere. */
    ck_assert_int_eq(io_mkdir(io_join(b.a, b.folder, "datasets/toy"), &err), PM_OK);
    s = open_text(&b,
                  HEAD "return pm.experiment { data = pm.dataset 'datasets/toy', routers = { "
                       "pm.router 'prior' {} } }\n",
                  NULL);
    ck_assert_ptr_nonnull(strstr(script_experiment(s)->data_dir, "pointsman-test"));
    script_close(s);
    bench_close(&b);
}
END_TEST

static const char *const over_a_corpus = HEAD
    "return pm.experiment {\n"
    "  data = pm.corpus 'datasets/toy_corpus' { test = .3, cap_test = 7, min_domain_bytes = 10 },\n"
    "  split = pm.split { seed = 9 }, seeds = { 4 },\n"
    "  library = pm.library {\n"
    "    pm.expert 'one' { backend = pm.backend 'ngram' { order = 4 }, region = 'eu',\n"
    "      learns = pm.mix { base = .2, doses = { kitchen = .5, bylaws = 1 }, without = { 'script' "
    "} } },\n"
    "    pm.expert { id = 'two', backend = pm.backend 'ngram' {}, learns = pm.mix { base = 1 } } "
    "},\n"
    "  routers = { pm.router 'prior' {} }, train_sizes = { 50, 'all' },\n"
    "  sizes = { small = { seeds = { 1, 2 }, train_sizes = { 10 } } } }\n";

START_TEST(test_corpus)
{
    bench b;
    bench_open(&b);
    script *s = open_text(&b, over_a_corpus, NULL);
    const experiment *x = script_experiment(s);
    ck_assert(x->corpus && x->expert && x->lib->view.n == 2);
    ck_assert_double_eq(x->corpus->test, 0.3);
    ck_assert_double_eq(x->corpus->train, 0.2);
    ck_assert_uint_eq(x->corpus->cap_test, 7);
    ck_assert_uint_eq(x->corpus->cap_train, 1500);
    ck_assert_int_eq(x->split.by, SPLIT_GIVEN);
    ck_assert_double_eq(x->split.tune, 0.15);
    ck_assert_uint_eq(x->split.seed, 9);
    const corpus_mix *m = &x->expert[0].mix;
    ck_assert_double_eq(m->base, 0.2);
    ck_assert_uint_eq(m->n_doses, 2);
    ck_assert_str_eq(m->domain[0], "bylaws");
    ck_assert_double_eq(m->dose[1], 0.5);
    ck_assert_str_eq(m->without[0], "script");
    ck_assert_ptr_nonnull(strstr(x->expert[0].backend.params_json, "\"order\":4"));
    ck_assert_double_eq(x->expert[1].mix.base, 1);
    ck_assert_ptr_null(pm_attr_find(x->lib->view.expert[0], "backend")); /* not attributes */
    ck_assert_ptr_nonnull(pm_attr_find(x->lib->view.expert[0], "region"));
    ck_assert_uint_eq(x->n_train_sizes, 2);
    ck_assert_uint_eq(x->train_size[0], 50);
    ck_assert(x->train_size[1] == SIZE_MAX);
    ck_assert_ptr_nonnull(strstr(x->spec_json, "\"learns\":{\"base\":0.2"));
    script_close(s);
    bench_close(&b);
}
END_TEST

/* The fields of a size come before other --set, wherever they stand on the command line. */
START_TEST(test_sizes)
{
    static const script_set set[] = {{"train_sizes", "nil"}, {"size", "small"}};
    bench b;
    bench_open(&b);
    script_options o = {.size = sizeof o, .set = set + 1, .n_sets = 1};
    script *s = open_text(&b, over_a_corpus, &o);
    ck_assert_uint_eq(script_experiment(s)->n_seeds, 2);
    ck_assert_uint_eq(script_experiment(s)->train_size[0], 10);
    ck_assert_uint_eq(script_experiment(s)->n_train_sizes, 1);
    script_close(s);
    o.set = set;
    o.n_sets = 2;
    s = open_text(&b, over_a_corpus, &o);
    ck_assert_uint_eq(script_experiment(s)->n_seeds, 2);
    ck_assert_uint_eq(script_experiment(s)->n_train_sizes, 0);
    script_close(s);
    bench_close(&b);
}
END_TEST

static void refused(bench *b, const char *path, const char *value, const char *want)
{
    script_set set = {path, value};
    script_options o = {.size = sizeof o, .set = &set, .n_sets = 1};
    pm_err err = PM_ERR_INIT;
    str errors = STR_INIT;
    script *s = NULL;
    const char *file = bench_write(b, "script.lua", whole);
    ck_assert_int_eq(script_open(&b->env, file, &o, &s, &errors, &err), PM_E_ARG);
    ck_assert_ptr_null(s);
    ck_assert_msg(strcmp(str_text(&errors), want) == 0, "got  %swant %s", str_text(&errors), want);
    str_close(&errors);
}

START_TEST(test_set_refused)
{
    bench b;
    bench_open(&b);
    refused(
        &b, "routers[2].kk", "3",
        "--set routers[2].kk=3: routers[2] \"knn\": unknown parameter 'kk'; did you mean 'k'?\n");
    refused(&b, "routers[2].k", "0",
            "--set routers[2].k=0: routers[2] \"knn\".k = 0 is outside [1, 4096]\n");
    refused(&b, "routers[7].k", "3", "--set routers[7].k=3: the list has 2 items, found [7]\n");
    refused(&b, "splits.seed", "3",
            "--set splits.seed=3: the script has no table 'splits'; did you mean 'split'?\n");
    refused(&b, "nmae", "x", "--set nmae=x: unknown field 'nmae'; did you mean 'name'?\n");
    refused(&b, "routers[", "x", "--set routers[=x: want a path like routers[1].k or split.seed\n");
    refused(&b, "a..b", "x", "--set a..b=x: the script has no table 'a'\n");
    refused(&b, "delta", "much", "--set delta=much: delta = \"much\"; want a number\n");
    bench_close(&b);
}
END_TEST

START_TEST(test_models)
{
    bench b;
    bench_open(&b);
    script *s = open_text(&b,
                          HEAD "return pm.experiment { data = pm.dataset 'datasets/toy' { models = "
                               "{ 'toy-max', 'toy-mini' } },\n"
                               "  routers = { pm.router 'prior' {} } }\n",
                          NULL);
    const library *lib = script_experiment(s)->lib;
    ck_assert_uint_eq(lib->view.n, 2);
    ck_assert_str_eq(lib->view.expert[0]->id, "toy-max");
    ck_assert_double_eq(pm_attr_number(lib->view.expert[0], "price_out", 0), 10);
    ck_assert_double_gt(pm_attr_number(lib->view.expert[1], "released", 0), 19000);
    script_close(s);
    bench_close(&b);
}
END_TEST

/* lua/libraries/toy.lua says what datasets/toy/models.json says. */
START_TEST(test_toy_library)
{
    bench b;
    pm_err err = PM_ERR_INIT;
    const json *j;
    library data;
    bench_open(&b);
    script *s = open_text(&b, whole, NULL);
    const char *path = io_join(b.a, source_folder(), "datasets/toy/models.json");
    ck_assert_int_eq(json_read(path, b.a, &j, &err), PM_OK);
    ck_assert_int_eq(library_from_json(j, "toy", b.a, &data, &err), PM_OK);
    ck_assert_str_eq(script_experiment(s)->lib->revision_hex, data.revision_hex);
    script_close(s);
    bench_close(&b);
}
END_TEST

START_TEST(test_policies_come_and_go)
{
    bench b;
    bench_open(&b);
    size_t before = registry_count(b.env.registry);
    static const char text[] = HEAD
        "local cautious = pm.load 'lua/objectives/cautious.lua'\n"
        "pm.router_fn { name = 'by_name', params = { k = 3 }, train = function() return {} end, "
        "predict = function() end }\n"
        "return pm.experiment { data = pm.dataset 'datasets/toy', objective = cautious,\n"
        "  routers = { pm.router 'by_name' { k = pm.grid { 1, 2 } },\n"
        "    pm.router_fn { name = 'direct', train = function() return {} end, predict = "
        "function() end } } }\n";
    script *s = open_text(&b, text, NULL);
    const experiment *x = script_experiment(s);
    ck_assert(x->is_scripted);
    ck_assert_uint_eq(registry_count(b.env.registry), before + 3);
    ck_assert_uint_eq(x->router[0].n_candidates, 2);
    ck_assert_str_eq(x->router[0].candidate[1].params_json, "{\"k\":2}");
    ck_assert_str_eq(x->router[1].at.label, "direct");
    ck_assert_ptr_nonnull(strstr(x->spec_json, "\"code\":\""));
    script_close(s);
    ck_assert_uint_eq(registry_count(b.env.registry), before);
    s = open_text(&b, text, NULL); /* the names are free again */
    script_close(s);
    bench_close(&b);
}
END_TEST

/* Each allocation fails once: a clear refusal, or (where Lua tries again) the same experiment. */
START_TEST(test_memory_fails)
{
    bench b;
    bench_open(&b);
    const char *path = bench_write(&b, "script.lua", whole);
    size_t refused_ones = 0;
    for (size_t n = 1; n < 20000; n += 1 + n / 40) {
        pm_err err = PM_ERR_INIT;
        str errors = STR_INIT;
        script *s = NULL;
        mem_fail_after(n);
        pm_status st = script_open(&b.env, path, NULL, &s, &errors, &err);
        mem_fail_after(0);
        if (st != PM_OK) {
            refused_ones++;
            ck_assert_ptr_null(s);
            ck_assert_msg(err_text(&err)[0] != '\0', "allocation %zu: no message", n);
        } else {
            ck_assert_uint_eq(script_experiment(s)->n_routers, 2);
            ck_assert_uint_eq(script_experiment(s)->router[1].n_candidates, 6);
        }
        script_close(s);
        str_close(&errors);
    }
    ck_assert_uint_ge(refused_ones, 3);
    bench_close(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scripts");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, test_whole);
    tcase_add_test(all, test_defaults);
    tcase_add_test(all, test_canonical);
    tcase_add_test(all, test_set);
    tcase_add_test(all, test_set_data);
    tcase_add_test(all, test_corpus);
    tcase_add_test(all, test_sizes);
    tcase_add_test(all, test_set_refused);
    tcase_add_test(all, test_models);
    tcase_add_test(all, test_toy_library);
    tcase_add_test(all, test_policies_come_and_go);
    tcase_add_test(all, test_memory_fails);
    suite_add_tcase(suite, all);
    return suite_main(suite);
}
