/* SPDX-License-Identifier: MIT
 *
 * Streams in experiments: rows against decisions and recorded outcomes read here once more, means over orders of all
 * seeds, losses beside qualities, hard terms that are kept or given up, short and long prefixes, threads.
 */
#include "config.h"

#include <math.h>
#include <stdio.h>

#include "experiment_tools.h"

#define BOUND 0.4 /* USD per 1,000 calls, between the blind experts: it bites */

typedef struct streamed { /* a finished run */
    trial t;
    constraint_choice constraint[2];
    size_t relax;
    char dir[256], *results, *key;
    store_row *row;
    size_t n;
} streamed;

static void open_threads(streamed *s, int n_threads, size_t orders, double prefix)
{
    temp_folder_open(s->dir);
    trial_open(&s->t, n_threads);
    param_value raw = {.name = "scale", .kind = PARAM_TEXT, .text = "raw"};
    s->constraint[0] = (constraint_choice){.at = choose(&s->t, PLUGIN_CONSTRAINT, "price", &raw, 1),
                                           .sense = PM_BUDGET,
                                           .bound = BOUND};
    s->t.x.constraint = s->constraint;
    s->t.x.n_constraints = 1;
    s->t.x.objective = choose(&s->t, PLUGIN_OBJECTIVE, "budget", NULL, 0);
    s->t.x.split = (split_spec){SPLIT_GIVEN, 0.6, 0.2, 0.2, 17, 0, 0};
    s->t.x.flags = FLAGS_OFF;
    s->t.x.stream = (stream_choice){true, prefix, orders, 7};
    s->t.router[1] = s->t.router[2]; /* length has nothing to add */
    s->t.x.n_routers = 2;
}

static void open_trial(streamed *s, size_t orders, double prefix)
{
    open_threads(s, 2, orders, prefix);
}

static void go(streamed *s)
{
    run_options o = {.size = sizeof o, .out_dir = s->dir};
    run_summary out;
    store *st;
    MUST(experiment_run(&s->t.env, &s->t.x, &o, s->t.a, &out, err));
    s->results = arena_strdup(s->t.a, out.dir);
    s->key = arena_strdup(s->t.a, out.key);
    MUST(store_open(s->dir, &st, err));
    MUST(store_rows(st, out.key, s->t.a, &s->row, &s->n, err));
    store_close(st);
}

static void close_trial(streamed *s)
{
    trial_close(&s->t);
    temp_folder_close(s->dir);
}

/* The row of a router; seed 0: the mean over seeds. */
static double value(const streamed *s, const char *label, uint64_t seed, const char *metric)
{
    const char *subset = seed ? "all" : "seeds:all";
    for (size_t k = 0; k < s->n; k++)
        if (!strcmp(s->row[k].label, label) && s->row[k].seed == seed &&
            !strcmp(s->row[k].subset, subset) && !strcmp(s->row[k].metric, metric))
            return s->row[k].value;
    ck_abort_msg("no %s of %s, seed %u", metric, label, (unsigned)seed);
    return (double)NAN;
}

static const char *slurp(streamed *s, const char *folder, const char *name)
{
    str text = STR_INIT;
    MUST(io_read(io_join(s->t.a, folder, name), 1u << 26, &text, err));
    const char *kept = arena_strdup(s->t.a, str_text(&text));
    str_close(&text);
    return kept;
}

/* A cell of a table of the dataset. */
static double cell(const char *table, const char *id, const char *expert)
{
    char key[128], name[128];
    size_t column = 0;
    snprintf(key, sizeof key, "\n%s,", id);
    snprintf(name, sizeof name, ",%s", expert);
    const char *end = strchr(table, '\n'), *at = strstr(table, name), *row = strstr(table, key);
    ck_assert_msg(row && at && at < end, "no cell %s of %s", expert, id);
    for (const char *c = table; c <= at; c++) column += *c == ',';
    row++;
    for (size_t k = 0; k < column; k++) row = strchr(row, ',') + 1;
    return strtod(row, NULL);
}

typedef struct told { /* what decisions of the first order came to */
    double quality, usd;
    size_t n, n_dearest, n_out_of_order;
} told;

static told read_decisions(streamed *s, const char *bundle)
{
    const char *folder = toy_folder(s->t.a), *scores = slurp(s, folder, "scores.csv");
    const char *costs = slurp(s, folder, "costs.csv"), *prompts = slurp(s, folder, "prompts.jsonl");
    const char *line = slurp(s, s->results, bundle), *last = prompts;
    told out = {0};
    for (char id[64], who[64];
         sscanf(line, "{\"id\":\"%63[^\"]\",\"choice\":\"%63[^\"]\"}", id, who) == 2;
         line = strchr(line, '\n') + 1) {
        char key[96];
        snprintf(key, sizeof key, "\"id\": \"%s\"", id);
        const char *at = strstr(prompts, key);
        ck_assert_ptr_nonnull(at);
        out.n_out_of_order += at < last;
        last = at;
        out.quality += cell(scores, id, who);
        out.usd += cell(costs, id, who);
        out.n_dearest += strcmp(who, "toy-max") == 0;
        out.n++;
    }
    return out;
}

START_TEST(rows_are_what_was_decided)
{
    streamed s;
    open_trial(&s, 1, 0.1);
    go(&s);
    static const char *const label[] = {"prior", "knn"};
    for (size_t k = 0; k < 2; k++)
        for (uint64_t seed = 1; seed <= 2; seed++) {
            char name[96];
            snprintf(name, sizeof name, "bundles/%s-s%u.decisions.jsonl", label[k], (unsigned)seed);
            told d = read_decisions(&s, name);
            ck_assert(d.n > 100 && d.n_out_of_order > d.n / 4); /* a shuffle */
            ck_assert_double_eq_tol(value(&s, label[k], seed, "quality"), d.quality / (double)d.n,
                                    1e-6);
            double use = 1000 * d.usd / (BOUND * (double)d.n);
            ck_assert_double_eq_tol(value(&s, label[k], seed, "budget_use:price"), use, 1e-5);
            ck_assert(use > 0.9); /* the budget bites */
            ck_assert_double_eq(value(&s, label[k], seed, "budget_orders_over:price"),
                                use > 1 + 1e-9 ? 1 : 0);
            ck_assert(value(&s, label[k], seed, "budget_excess_decisions:price") <= 1);
            ck_assert(value(&s, label[k], seed, "offline_regret") > 0);
        }
    close_trial(&s);
}
END_TEST

/* Every order of every seed counts alike: the mean over seeds is the mean of their rows, and not of the first orders. */
START_TEST(means_are_over_all_orders)
{
    streamed s, first;
    open_trial(&s, 3, 0.1);
    go(&s);
    open_trial(&first, 1, 0.1);
    go(&first);
    double a = value(&s, "prior", 1, "quality"), b = value(&s, "prior", 2, "quality");
    ck_assert_double_eq_tol(value(&s, "prior", 0, "quality"), (a + b) / 2, 1e-9);
    ck_assert(fabs(a - b) > 1e-6); /* draws are those of the seed */
    ck_assert(fabs(value(&s, "prior", 0, "quality") - value(&first, "prior", 0, "quality")) > 1e-6);
    a = value(&s, "knn", 1, "cost_usd"), b = value(&s, "knn", 2, "cost_usd");
    ck_assert_double_eq_tol(value(&s, "knn", 0, "cost_usd"), (a + b) / 2, 1e-12);
    close_trial(&first);
    close_trial(&s);
}
END_TEST

/* The toy set as losses: 1 - score. */
static void write_losses(streamed *s, const char *folder)
{
    const char *from = toy_folder(s->t.a);
    static const char *const same[] = {"models.json", "prompts.jsonl", "costs.csv"};
    for (size_t k = 0; k < 3; k++) {
        const char *text = slurp(s, from, same[k]);
        MUST(io_write(io_join(s->t.a, folder, same[k]), text, strlen(text), err));
    }
    str out = STR_INIT;
    const char *at = slurp(s, from, "scores.csv"), *end = strchr(at, '\n') + 1;
    str_printf(&out, "%.*s", (int)(end - at), at);
    for (at = end; *at; at = end) {
        end = strchr(at, '\n') + 1;
        const char *comma = strchr(at, ',');
        str_printf(&out, "%.*s", (int)(comma - at), at);
        for (; comma < end && *comma == ','; comma = strpbrk(comma + 1, ",\n"))
            str_printf(&out, ",%.6g", 1 - strtod(comma + 1, NULL));
        str_puts(&out, "\n");
    }
    MUST(io_write(io_join(s->t.a, folder, "losses.csv"), str_text(&out), strlen(str_text(&out)),
                  err));
    str_close(&out);
}

START_TEST(losses_are_qualities_turned_round)
{
    streamed s, t;
    char folder[256];
    temp_folder_open(folder);
    open_trial(&s, 2, 0.1);
    go(&s);
    open_trial(&t, 2, 0.1);
    write_losses(&t, folder);
    t.t.x.data_dir = folder;
    go(&t);
    static const char *const label[] = {"prior", "knn"};
    for (size_t k = 0; k < 2; k++) { /* rounding may turn a choice */
        ck_assert_double_eq_tol(value(&t, label[k], 1, "loss"),
                                1 - value(&s, label[k], 1, "quality"), 0.03);
        ck_assert_double_eq_tol(value(&t, label[k], 1, "budget_use:price"),
                                value(&s, label[k], 1, "budget_use:price"), 0.1);
        ck_assert(value(&t, label[k], 1, "offline_regret") > 0);
    }
    for (size_t k = 0; k < t.n; k++) ck_assert_str_ne(t.row[k].metric, "competitive_ratio");
    close_trial(&t);
    close_trial(&s);
    temp_folder_close(folder);
}
END_TEST

/* A hard term that leaves some is kept; one that leaves nobody is given up, and all is as without it. */
START_TEST(hard_terms_are_kept_or_given_up)
{
    streamed plain, kept, relaxed;
    open_trial(&plain, 1, 0.1);
    go(&plain);
    open_trial(&kept, 1, 0.1);
    open_trial(&relaxed, 1, 0.1);
    for (int k = 0; k < 2; k++) {
        streamed *s = k ? &relaxed : &kept;
        s->constraint[1] =
            (constraint_choice){.at = choose(&s->t, PLUGIN_CONSTRAINT, "size", NULL, 0),
                                .sense = PM_HARD,
                                .bound = k ? -0.5 : 0.9};
        s->t.x.n_constraints = 2;
        s->relax = 1;
        s->t.x.infeasible.policy = INFEASIBLE_RELAX;
        s->t.x.infeasible.relax = &s->relax;
        s->t.x.infeasible.n_relax = 1;
        go(s);
    }
    ck_assert_uint_gt(read_decisions(&plain, "bundles/knn-s1.decisions.jsonl").n_dearest, 0);
    ck_assert_uint_eq(read_decisions(&kept, "bundles/knn-s1.decisions.jsonl").n_dearest, 0);
    ck_assert(value(&kept, "knn", 1, "budget_use:price") <= 1);
    ck_assert_double_eq(value(&relaxed, "knn", 1, "quality"), value(&plain, "knn", 1, "quality"));
    ck_assert_double_eq(value(&relaxed, "knn", 1, "budget_use:price"),
                        value(&plain, "knn", 1, "budget_use:price"));
    close_trial(&relaxed);
    close_trial(&kept);
    close_trial(&plain);
}
END_TEST

/* Nothing that stands beside the routers uses an expert that a hard term forbids, whatever it would be worth. */
START_TEST(baselines_keep_hard_terms)
{
    static const char *const label[] = {"budget: cheapest", "budget: best single",
                                        "budget: random mixture",
                                        "budget: offline optimum (outcomes)"};
    streamed free, kept;
    for (int k = 0; k < 2; k++) {
        streamed *s = k ? &kept : &free;
        open_trial(s, 1, 0.1);
        s->constraint[0].bound = 1000; /* anybody fits */
        s->constraint[1] =
            (constraint_choice){.at = choose(&s->t, PLUGIN_CONSTRAINT, "size", NULL, 0),
                                .sense = PM_HARD,
                                .bound = k ? 0.9 : 1};
        s->t.x.n_constraints = 2;
        go(s);
    }
    for (size_t e = 0; e < 4; e++)
        ck_assert_double_eq(value(&kept, label[e], 1, "violations:size"), 0);
    ck_assert(value(&free, label[1], 1, "cost_usd") > value(&kept, label[1], 1, "cost_usd"));
    ck_assert_double_eq(value(&free, label[0], 1, "cost_usd"),
                        value(&kept, label[0], 1, "cost_usd"));
    close_trial(&kept);
    close_trial(&free);
}
END_TEST

/* Nothing learned at all, whether the prefix is empty or everything: the same decisions. */
START_TEST(prefixes_of_nothing_and_of_all)
{
    streamed none, all;
    open_trial(&none, 1, 0);
    go(&none);
    open_trial(&all, 1, 1);
    go(&all);
    ck_assert_double_eq(value(&none, "knn", 1, "quality"), value(&all, "knn", 1, "quality"));
    ck_assert(value(&none, "knn", 1, "budget_excess_decisions:price") <= 1);
    close_trial(&all);
    close_trial(&none);
}
END_TEST

START_TEST(threads_do_not_matter)
{
    streamed s;
    const char *text[2];
    char *copy = NULL;
    for (int k = 0; k < 2; k++) {
        open_threads(&s, k ? 1 : 3, 2, 0.1);
        go(&s);
        text[k] = canonical(&s.t, s.dir, s.key);
        if (k == 0)
            copy = strdup(text[0]);
        else
            ck_assert_str_eq(copy, text[1]);
        close_trial(&s);
    }
    free(copy);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("streams of experiments");
    TCase *tc = tcase_create("streams");
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, rows_are_what_was_decided);
    tcase_add_test(tc, means_are_over_all_orders);
    tcase_add_test(tc, losses_are_qualities_turned_round);
    tcase_add_test(tc, hard_terms_are_kept_or_given_up);
    tcase_add_test(tc, baselines_keep_hard_terms);
    tcase_add_test(tc, prefixes_of_nothing_and_of_all);
    tcase_add_test(tc, threads_do_not_matter);
    suite_add_tcase(suite, tc);
    return suite_main(suite);
}
