/* SPDX-License-Identifier: MIT
 *
 * Policies made of Lua functions, entered through the guard like any plugin: what the functions see, what
 * their mistakes say (tests/bad/policies), that state survives a checkpoint to the bit.
 */
#include "script_tools.h"

#include <math.h>

#include "plug/constraint.h"
#include "plug/feasible.h"
#include "plug/objective.h"
#include "plug/router.h"

#define N 4
#define M 3

typedef struct world {
    library lib;
    pm_str text[N];
    uint64_t id[N];
    float embed[N * 2], value[N * M], cost[N * M];
    pm_prompts x;
    pm_outcomes y;
    pm_fit fit;
} world;

static void world_fill(bench *b, world *w)
{
    static const char *const id[M] = {"small", "medium", "large"};
    static const char *const text[N] = {"one", "two words", "three short words", ""};
    pm_err err = PM_ERR_INIT;
    library_builder *lib = library_begin(b->a, "three");
    memset(w, 0, sizeof *w);
    for (size_t j = 0; j < M; j++) {
        ck_assert_int_eq(library_add(lib, id[j], &err), PM_OK);
        ck_assert_int_eq(library_attr_number(lib, "price_out", 1 + (double)j, &err), PM_OK);
        ck_assert_int_eq(library_attr_flag(lib, "tools", j == 2, &err), PM_OK);
        ck_assert_int_eq(library_attr_text(lib, "region", "eu", &err), PM_OK);
    }
    ck_assert_int_eq(library_finish(lib, &w->lib, &err), PM_OK);
    for (size_t i = 0; i < N; i++) {
        w->text[i] = pm_str_of(text[i]);
        w->id[i] = 100 + i;
        for (size_t k = 0; k < 2; k++) w->embed[2 * i + k] = (float)(i + 2 * k);
        for (size_t j = 0; j < M; j++) {
            w->value[M * i + j] = (float)(0.25 * (double)i + 0.0625 * (double)j);
            w->cost[M * i + j] = (float)j;
        }
    }
    w->value[1] = NAN; /* prompt 1, expert 2 was not observed */
    w->x = (pm_prompts){
        .size = sizeof w->x, .n = N, .id = w->id, .text = w->text, .embed = {w->embed, N, 2, 2}};
    w->y = (pm_outcomes){.size = sizeof w->y,
                         .kind = PM_VALUE_QUALITY,
                         .value = {w->value, N, M, M},
                         .cost_usd = {w->cost, N, M, M}};
    w->fit = (pm_fit){.size = sizeof w->fit, .lib = &w->lib.view, .x = &w->x, .y = &w->y};
}

static const void *defaults(bench *b, const plugin_entry *e)
{
    void *params = NULL;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(
        params_build(e->params, e->params_bytes, NULL, 0, b->a, &params, NULL, NULL, &err), PM_OK);
    return params;
}

static pm_status use_router(bench *b, call_ctx *c, const plugin_entry *e, world *w, float *out,
                            pm_err *err)
{
    router_spec spec = {e, defaults(b, e), 7};
    router *r = NULL;
    float spread[N * M];
    pm_scores scores = {.size = sizeof scores, .value = {out, N, M, M}};
    if (e->type.router->spread_kind) scores.spread = (pm_mat){spread, N, M, M};
    pm_status st = router_train(c, &spec, &w->fit, &r, err);
    if (st == PM_OK) st = router_predict(r, c, &w->lib.view, &w->x, &scores, err);
    router_close(r);
    return st;
}

static pm_status use_objective(bench *b, call_ctx *c, const plugin_entry *e, world *w,
                               uint32_t *choice, pm_err *err)
{
    objective_spec spec = {e, defaults(b, e), 7};
    objective *o = NULL;
    float value[N * M], penalty[M] = {0, 0.125f, 0.5f}, utility[N * M];
    for (size_t i = 0; i < (size_t)N * M; i++) value[i] = 0.0625f * (float)(i % M);
    pm_term soft = {.size = sizeof soft,
                    .name = "price",
                    .plugin = "cost",
                    .sense = PM_SOFT,
                    .weight = 0.5,
                    .value = {penalty, N, M, 0}};
    pm_term hard = {.size = sizeof hard,
                    .name = "size",
                    .sense = PM_HARD,
                    .bound = 0.4,
                    .value = {penalty, N, M, 0}};
    const pm_term *const both[] = {&soft, &hard};
    static const uint64_t arrival[N] = {0, 1, 2, 3};
    pm_question q = {.size = sizeof q,
                     .arrival = arrival,
                     .kind = PM_VALUE_QUALITY,
                     .value = {value, N, M, M},
                     .lib = &w->lib.view,
                     .x = &w->x,
                     .term = both,
                     .n_terms = strcmp(e->name, "weighed") == 0 ? 2 : 0};
    uint32_t mask[N * M];
    pm_decisions d = {.size = sizeof d, .choice = choice, .utility = {utility, N, M, M}};
    ck_assert(feasible_mask(&q, mask));
    q.mask = mask;
    pm_status st = objective_build(c, &spec, NULL, NULL, &o, err);
    if (st == PM_OK) st = objective_decide(o, c, &q, &d, err);
    objective_close(o);
    return st;
}

static pm_status use_constraint(bench *b, call_ctx *c, const plugin_entry *e, world *w, float *out,
                                pm_err *err)
{
    constraint_spec spec = {e, defaults(b, e), 7};
    constraint *k = NULL;
    size_t rows = e->type.constraint->per_prompt ? N : 1;
    pm_status st = constraint_build(c, &spec, &w->fit, &k, err);
    if (st == PM_OK)
        st = constraint_eval(k, c, &w->lib.view, &w->x, NULL, (pm_mat){out, rows, M, M}, err);
    constraint_close(k);
    return st;
}

/* The one policy of a script. */
static const plugin_entry *policy_of(const registry *r)
{
    for (size_t i = 0; i < registry_count(r); i++)
        if (registry_at(r, i)->is_scripted) return registry_at(r, i);
    ck_abort_msg("the script made no policy");
}

static pm_status use(bench *b, const plugin_entry *e, float *out, uint32_t *choice, pm_err *err)
{
    world w;
    call_ctx *c = NULL;
    world_fill(b, &w);
    ck_assert_int_eq(call_ctx_open(&b->env, true, &c, err), PM_OK);
    pm_status st = e->kind == PLUGIN_ROUTER      ? use_router(b, c, e, &w, out, err)
                   : e->kind == PLUGIN_OBJECTIVE ? use_objective(b, c, e, &w, choice, err)
                                                 : use_constraint(b, c, e, &w, out, err);
    call_ctx_close(c);
    return st;
}

/* ---- mistakes ---- */

static int check_one(bench *b, const char *name)
{
    script_options o = {.size = sizeof o,
                        .policies_only = true,
                        .memory_limit = (size_t)16 << 20,
                        .instruction_limit = 5000000};
    script *s = bench_script(b, name, &o);
    pm_err err = PM_ERR_INIT;
    float out[N * M];
    uint32_t choice[N];
    str message = STR_INIT;
    pm_status st = use(b, policy_of(b->env.registry), out, choice, &err);
    str_puts(&message, st == PM_OK ? "nothing is wrong" : err_text(&err));
    int bad = expect_lines(name, &message);
    str_close(&message);
    script_close(s);
    return bad;
}

START_TEST(test_mistakes)
{
    bench b;
    size_t tried;
    bench_open(&b);
    int bad = for_every_file(&b, "tests/bad/policies", check_one, &tried);
    ck_assert_uint_ge(tried, 25);
    ck_assert_int_eq(bad, 0);
    bench_close(&b);
}
END_TEST

/* ---- what the functions see ---- */

static void run_text(bench *b, const char *text, float *out, uint32_t *choice)
{
    pm_err err = PM_ERR_INIT;
    script_options o = {.size = sizeof o, .policies_only = true};
    script *s = bench_script(b, bench_write(b, "policy.lua", text), &o);
    ck_assert_msg(use(b, policy_of(b->env.registry), out, choice, &err) == PM_OK, "%s",
                  err_text(&err));
    script_close(s);
}

START_TEST(test_router_sees)
{
    bench b;
    float out[N * M];
    bench_open(&b);
    run_text(
        &b,
        "local pm = require 'pointsman'\n"
        "return pm.router_fn { name = 'seer', reads = { 'price_out', 'tools', 'licence' }, needs = "
        "{ 'text', 'embed', 'values' },\n"
        "  params = { shift = 0.5, steps = 3, flag = true, word = 'a', mode = { default = 'y', "
        "choices = { 'x', 'y' } } },\n"
        "  train = function(fit, p)\n"
        "    assert(fit.n == 4 and fit.m == 3 and fit.kind == 'quality' and fit.tune == nil)\n"
        "    assert(p.shift == 0.5 and p.steps == 3 and p.flag == true and p.word == 'a' and "
        "p.mode == 'y')\n"
        "    assert(math.type(p.steps) == 'integer')\n"
        "    assert(fit.experts[3].id == 'large' and fit.experts[3].price_out == 3 and "
        "fit.experts[3].tools and fit.experts[3].licence == nil)\n"
        "    assert(fit.prompts.text[2] == 'two words' and #fit.prompts.text == 4 and "
        "fit.prompts.text[5] == nil)\n"
        "    assert(fit.prompts.embed:rows() == 4 and fit.prompts.embed:get(2, 2) == 3)\n"
        "    assert(fit.prompts.embed:dot(2, fit.prompts.embed, 3) == 1 * 2 + 3 * 4)\n"
        "    assert(not pm.known(fit.value:get(1, 2)) and fit.value:get(2, 3) == 0.375)\n"
        "    assert(fit.cost_usd:get(1, 3) == 2 and #fit.value:row(1) == 3)\n"
        "    local u = pm.uniform(3, 5)\n"
        "    assert(u >= 0 and u < 1 and u == pm.uniform(3, 5) and u ~= pm.uniform(3, 6))\n"
        "    local own = pm.matrix(1, 2)\n"
        "    own:set(1, 2, 0.25)\n"
        "    return { own = own, seen = fit.prompts.embed, list = { 1, 2.5, -0.0 }, nan = 0 / 0, "
        "inf = 1 / 0,\n"
        "             deep = { a = { b = { 'c', true } } }, empty = {} }\n"
        "  end,\n"
        "  predict = function(s, x, out, p)\n"
        "    assert(s.own:get(1, 2) == 0.25 and s.seen:get(4, 2) == 5 and #s.list == 3 and "
        "s.list[2] == 2.5)\n"
        "    assert(1 / s.list[3] == -1 / 0 and s.nan ~= s.nan and s.inf == 1 / 0 and #s.empty == "
        "0)\n"
        "    assert(s.deep.a.b[1] == 'c' and s.deep.a.b[2] == true and s.nothing == nil)\n"
        "    local keys = {}\n"
        "    for k in pairs(s) do keys[#keys + 1] = k end\n"
        "    assert(table.concat(keys, ' ') == 'deep empty inf list nan own seen')\n"
        "    assert(table.concat(s.list, ' ', 1, 2) == '1 2.5' and select('#', "
        "table.unpack(s.list)) == 3)\n"
        "    for i = 1, x.n do for j = 1, 3 do out.value:set(i, j, p.shift / (i + j)) end end\n"
        "  end }\n",
        out, NULL);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < M; j++)
            ck_assert_float_eq(out[M * i + j], (float)(0.5 / (double)(i + j + 2)));
    bench_close(&b);
}
END_TEST

START_TEST(test_objective_weighs)
{
    bench b;
    uint32_t choice[N];
    bench_open(&b);
    run_text(&b,
             "local pm = require 'pointsman'\n"
             "return pm.objective_fn { name = 'weighed', accepts = { 'quality' },\n"
             "  score = function(c)\n"
             "    assert(c.expert.id ~= 'large', 'a forbidden expert is not asked about')\n"
             "    assert(c.terms.cost == c.terms.price and c.raw.cost == c.raw.price)\n"
             "    assert(c.terms.size == nil and c.terms.price == 0.5 * c.raw.price and c.raw.size "
             "== c.raw.price)\n"
             "    assert(c.j == (c.expert.id == 'small' and 1 or 2) and c.kind == 'quality')\n"
             "    return c.value - c.terms.price\n"
             "  end }\n",
             NULL, choice);
    /* 0 - 0 against 0.0625 - 0.0625: a tie, so the lower column */
    for (size_t i = 0; i < N; i++) ck_assert_uint_eq(choice[i], 0);
    bench_close(&b);
}
END_TEST

START_TEST(test_constraint_sees)
{
    bench b;
    float out[N * M];
    bench_open(&b);
    run_text(
        &b,
        "local pm = require 'pointsman'\n"
        "return pm.constraint_fn { name = 'length', per_prompt = true, reads = { 'price_out' },\n"
        "  value = function(c) return #c.text * c.expert.price_out + c.i / 8 + c.j / 16 end }\n",
        out, NULL);
    static const size_t length[N] = {3, 9, 17, 0};
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < M; j++)
            ck_assert_float_eq(out[M * i + j], (float)(length[i] * (j + 1)) + (float)(i + 1) / 8 +
                                                   (float)(j + 1) / 16);
    bench_close(&b);
}
END_TEST

/* ---- checkpoints and identity ---- */

static const char nearest[] =
    "local pm = require 'pointsman'\n"
    "return pm.router_fn { name = 'nearest', needs = { 'embed', 'values' },\n"
    "  train = function(fit) return { x = fit.prompts.embed, y = fit.value, third = 1 / 3 } end,\n"
    "  predict = function(s, x, out)\n"
    "    for i = 1, x.n do\n"
    "      local best, at = -1 / 0, 1\n"
    "      for t = 1, s.x:rows() do\n"
    "        local d = x.embed:dot(i, s.x, t)\n"
    "        if d > best then best, at = d, t end\n"
    "      end\n"
    "      for j = 1, s.y:cols() do\n"
    "        local v = s.y:get(at, j)\n"
    "        out.value:set(i, j, pm.known(v) and v * s.third or 0)\n"
    "      end\n"
    "    end\n"
    "  end }\n";

START_TEST(test_checkpoint)
{
    bench b;
    world w;
    pm_err err = PM_ERR_INIT;
    call_ctx *c = NULL;
    router *trained = NULL, *loaded = NULL;
    float first[N * M], second[N * M];
    bench_open(&b);
    world_fill(&b, &w);
    script_options o = {.size = sizeof o, .policies_only = true};
    script *s = bench_script(&b, bench_write(&b, "nearest.lua", nearest), &o);
    const plugin_entry *e = policy_of(b.env.registry);
    router_spec spec = {e, defaults(&b, e), 1};
    pm_scores one = {.size = sizeof one, .value = {first, N, M, M}};
    pm_scores two = {.size = sizeof two, .value = {second, N, M, M}};
    const char *path = io_join(b.a, b.folder, "router.safetensors");
    ck_assert_int_eq(call_ctx_open(&b.env, false, &c, &err), PM_OK);
    ck_assert_msg(router_train(c, &spec, &w.fit, &trained, &err) == PM_OK, "%s", err_text(&err));
    ck_assert_msg(router_save(trained, c, path, &err) == PM_OK, "%s", err_text(&err));
    ck_assert_msg(router_load(c, path, &loaded, &err) == PM_OK, "%s", err_text(&err));
    ck_assert_int_eq(router_predict(trained, c, &w.lib.view, &w.x, &one, &err), PM_OK);
    ck_assert_int_eq(router_predict(loaded, c, &w.lib.view, &w.x, &two, &err), PM_OK);
    ck_assert_mem_eq(first, second, sizeof first);
    ck_assert_int_eq(router_kind(loaded), PM_VALUE_QUALITY);
    router_close(trained);
    router_close(loaded);
    call_ctx_close(c);
    script_close(s);
    bench_close(&b);
}
END_TEST

static void span_of(bench *b, const char *name, const char *text, char hex[65])
{
    script_options o = {.size = sizeof o, .policies_only = true};
    script *s = bench_script(b, bench_write(b, name, text), &o);
    snprintf(hex, 65, "%s", policy_of(b->env.registry)->span_sha256);
    script_close(s);
}

START_TEST(test_identity)
{
    static const char pattern[] = "%slocal pm = require 'pointsman'\n"
                                  "local bias, names = %s, { b = 1, a = { 2, 3 }, %s }\n"
                                  "local function shift(v) return v + bias end\n"
                                  "return pm.objective_fn { name = 'x', accepts = { 'quality' },\n"
                                  "  score = function(c) return shift(c.value) + names.b end }\n";
    bench b;
    char text[1024], base[65], same[65], other[65];
    bench_open(&b);
    snprintf(text, sizeof text, pattern, "", "1", "c = 4, d = 5, e = 6");
    span_of(&b, "one.lua", text, base);
    snprintf(text, sizeof text, pattern, "-- moved down by a comment\n\n", "1",
             "e = 6, d = 5, c = 4");
    span_of(&b, "two.lua", text, same);
    ck_assert_str_eq(base, same); /* another file, another line, another order of writing */
    snprintf(text, sizeof text, pattern, "", "2", "c = 4, d = 5, e = 6");
    span_of(&b, "one.lua", text, other);
    ck_assert_str_ne(base, other); /* a number that the function takes from outside */
    snprintf(text, sizeof text, pattern, "", "1", "c = 4, d = 5, e = 7");
    span_of(&b, "one.lua", text, other);
    ck_assert_str_ne(base, other); /* inside a table that it takes from outside */
    bench_close(&b);
}
END_TEST

/* Whatever a definition declares changes results: each of these is another policy than the first. */
START_TEST(test_identity_declarations)
{
    static const char a_router[] = "return pm.router_fn { name = 'x', %s,\n"
                                   "  train = function() return {} end,\n"
                                   "  predict = function() end }\n";
    static const char a_constraint[] = "return pm.constraint_fn { name = 'x', %s,\n"
                                       "  value = function() return 0 end }\n";
    static const char a_objective[] = "return pm.objective_fn { name = 'x', %s,\n"
                                      "  score = function() return 0 end }\n";
    static const struct {
        const char *pattern, *was, *is;
    } row[] = {{a_router, "needs = { 'values' }", "needs = { 'values', 'text' }"},
               {a_router, "emits = 'quality'", "emits = 'loss'"},
               {a_router, "spread = false", "spread = true"},
               {a_router, "params = { k = 1 }", "params = { k = 2 }"},
               {a_router, "params = { k = 1 }", "params = { k = 1.5 }"},
               {a_router, "params = { k = { default = 1, max = 3 } }",
                "params = { k = { default = 1, max = 4 } }"},
               {a_router, "params = { k = 'a' }",
                "params = { k = { default = 'a', choices = { 'a', 'b' } } }"},
               {a_constraint, "reads = { 'region' }", "reads = { 'price_out' }"},
               {a_constraint, "reads = { 'region' }", "reads = { 'region', 'price_out' }"},
               {a_constraint, "senses = { 'soft' }", "senses = { 'soft', 'hard' }"},
               {a_constraint, "per_prompt = false", "per_prompt = true"},
               {a_constraint, "unit = 'USD'", "unit = 'km'"},
               {a_objective, "accepts = { 'quality' }", "accepts = { 'quality', 'loss' }"}};
    bench b;
    char body[600], text[700], base[65], other[65];
    bench_open(&b);
    for (size_t k = 0; k < sizeof row / sizeof *row; k++) {
        const char *say[2] = {row[k].was, row[k].is};
        for (size_t i = 0; i < 2; i++) {
            snprintf(body, sizeof body, row[k].pattern, say[i]);
            snprintf(text, sizeof text, "local pm = require 'pointsman'\n%s", body);
            span_of(&b, "x.lua", text, i ? other : base);
        }
        ck_assert_msg(strcmp(base, other) != 0, "%s and %s are the same", row[k].was, row[k].is);
    }
    snprintf(body, sizeof body, a_router, "doc = 'told otherwise'");
    snprintf(text, sizeof text, "local pm = require 'pointsman'\n%s", body);
    span_of(&b, "x.lua", text, base);
    snprintf(body, sizeof body, a_router, "doc = 'told'");
    snprintf(text, sizeof text, "local pm = require 'pointsman'\n%s", body);
    span_of(&b, "x.lua", text, other);
    ck_assert_str_eq(base, other);
    bench_close(&b);
}
END_TEST

START_TEST(test_cancel)
{
    bench b;
    atomic_bool cancel = false;
    pm_err err = PM_ERR_INIT;
    float out[N * M];
    bench_open(&b);
    b.env.cancel = &cancel;
    script_options o = {.size = sizeof o, .policies_only = true};
    script *s = bench_script(&b,
                             bench_write(&b, "slow.lua",
                                         "local pm = require 'pointsman'\n"
                                         "return pm.router_fn { name = 'slow',\n"
                                         "  train = function() while true do end end,\n"
                                         "  predict = function() end }\n"),
                             &o);
    atomic_store(&cancel, true);
    ck_assert_int_eq(use(&b, policy_of(b.env.registry), out, NULL, &err), PM_E_CANCELED);
    script_close(s);
    bench_close(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("Lua policies");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, test_mistakes);
    tcase_add_test(all, test_router_sees);
    tcase_add_test(all, test_objective_weighs);
    tcase_add_test(all, test_constraint_sees);
    tcase_add_test(all, test_checkpoint);
    tcase_add_test(all, test_identity);
    tcase_add_test(all, test_identity_declarations);
    tcase_add_test(all, test_cancel);
    suite_add_tcase(suite, all);
    return suite_main(suite);
}
