/* SPDX-License-Identifier: MIT
 *
 * pointsman data inspect DIR: what a dataset holds, as a table or as JSON.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmd_data.h"

static const arg_row rows[] = {{"json", 0, ARG_FLAG, NULL, "print one JSON object instead"},
                               ARG_END};
static int inspect_main(int argc, char **argv);

const verb data_inspect = {
    "data inspect",
    "DIR",
    1,
    1,
    "show what a dataset holds",
    "Prompts, domains, splits and groups, each model with its known share and mean, its battles "
    "and\n"
    "wins, the tables, the battles by judge, what was left out and why, and the hash of "
    "everything\n"
    "read.\n\n"
    "  pointsman data inspect mine\n"
    "  pointsman data inspect mine --json",
    rows,
    inspect_main};

/* ---- counting ---- */

typedef struct column_sum {
    size_t known;
    double sum;
} column_sum;

static column_sum sum_column(pm_cmat m, size_t j)
{
    column_sum c = {0, 0};
    for (size_t i = 0; i < m.rows; i++) {
        float v = pm_crow(m, i)[j];
        if (isnan(v)) continue;
        c.known++;
        c.sum += (double)v;
    }
    return c;
}

static column_sum sum_table(pm_cmat m)
{
    column_sum all = {0, 0};
    for (size_t j = 0; j < m.cols; j++) {
        column_sum c = sum_column(m, j);
        all.known += c.known;
        all.sum += c.sum;
    }
    return all;
}

typedef struct fights { /* of one model; a tie is half a win, a judge's probability a part of one */
    size_t n;
    double won;
} fights;

/* One for each model; zeros where nobody fought.  NULL: memory is out. */
static const fights *count_fights(const dataset *d, arena *a)
{
    fights *f = arena_alloc(a, d->m ? d->m : 1, sizeof *f);
    if (!f) return NULL;
    memset(f, 0, d->m * sizeof *f);
    for (size_t k = 0; k < d->n_battles; k++) {
        const pm_battle *b = &d->battle[k];
        f[b->a].n++;
        f[b->b].n++;
        f[b->a].won += (double)b->outcome;
        f[b->b].won += 1 - (double)b->outcome;
    }
    return f;
}

static size_t count_part(const dataset *d, uint8_t part)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++) n += d->part[i] == part;
    return n;
}

static size_t count_domain(const dataset *d, uint32_t domain)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++) n += d->domain[i] == domain;
    return n;
}

typedef struct group_counts {
    size_t groups, repeated; /* groups; prompts beyond the first of a group */
    size_t across;           /* groups on both sides of the split */
} group_counts;

typedef struct grouped {
    uint64_t group;
    uint8_t part;
} grouped;

static int by_group(const void *a, const void *b)
{
    uint64_t x = ((const grouped *)a)->group, y = ((const grouped *)b)->group;
    return (x > y) - (x < y);
}

static bool count_groups(const dataset *d, arena *a, group_counts *out)
{
    grouped *g = arena_alloc(a, d->n, sizeof *g);
    *out = (group_counts){0};
    if (!g) return false;
    for (size_t i = 0; i < d->n; i++) g[i] = (grouped){d->group[i], d->part[i]};
    qsort(g, d->n, sizeof *g, by_group);
    for (size_t i = 0; i < d->n;) {
        bool in[3] = {false};
        size_t first = i;
        for (; i < d->n && g[i].group == g[first].group; i++) in[g[i].part] = true;
        out->groups++;
        out->repeated += i - first - 1;
        out->across += in[DATASET_TRAIN] && in[DATASET_TEST];
    }
    return true;
}

/* ---- as a table ---- */

static double share(size_t n, size_t of)
{
    return of ? 100.0 * (double)n / (double)of : 0;
}

static void print_models(const dataset *d, const fights *f)
{
    const char *what = d->kind == PM_VALUE_LOSS ? "mean loss" : "mean score";
    printf("\n%-40s", "model");
    if (d->value.at) printf(" %8s %10s", "known", what);
    if (d->cost_usd.at) printf(" %14s", "US$ a call");
    if (d->n_battles) printf(" %8s %7s", "battles", "won");
    printf("\n");
    for (size_t j = 0; j < d->m; j++) {
        column_sum v = d->value.at ? sum_column(d->value, j) : (column_sum){0, 0},
                   c = d->cost_usd.at ? sum_column(d->cost_usd, j) : (column_sum){0, 0};
        printf("%-40.40s", d->models.view.expert[j]->id);
        if (d->value.at) printf(" %7.1f%%", share(v.known, d->n));
        if (v.known)
            printf(" %10.4f", v.sum / (double)v.known);
        else if (d->value.at)
            printf(" %10s", "-");
        if (c.known)
            printf(" %14.7f", c.sum / (double)c.known);
        else if (d->cost_usd.at)
            printf(" %14s", "-");
        if (f[j].n)
            printf(" %8zu %6.1f%%", f[j].n, 100 * f[j].won / (double)f[j].n);
        else if (d->n_battles)
            printf(" %8d %7s", 0, "-");
        printf("\n");
    }
}

static void print_tables(const dataset *d)
{
    if (!d->n_tables) return;
    printf("\n%-40s %8s %14s\n", "table", "known", "mean");
    for (size_t k = 0; k < d->n_tables; k++) {
        column_sum v = sum_table(d->table[k].cell);
        printf("%-40.40s %7.1f%% %14.6g\n", d->table[k].name, share(v.known, d->n * d->m),
               v.known ? v.sum / (double)v.known : 0);
    }
}

static void print_battles(const dataset *d)
{
    if (!d->n_battles) return;
    printf("\n%-40s %8s %8s\n", "judge", "battles", "ties");
    for (size_t j = 0; j < d->n_judges; j++) {
        size_t n = 0, ties = 0;
        for (size_t k = 0; k < d->n_battles; k++) {
            n += d->battle[k].source == j;
            ties += d->battle[k].source == j && d->battle[k].outcome == 0.5f;
        }
        printf("%-40.40s %8zu %8zu\n", *d->judges[j] ? d->judges[j] : "(none)", n, ties);
    }
}

static void print_domains(const dataset *d)
{
    size_t none = count_domain(d, UINT32_MAX);
    if (!d->n_domains) return;
    printf("\n%-40s %8s\n", "domain", "prompts");
    for (size_t k = 0; k < d->n_domains; k++)
        printf("%-40.40s %8zu\n", d->domains[k], count_domain(d, (uint32_t)k));
    if (none) printf("%-40s %8zu\n", "(none)", none);
}

static void print_all(const dataset *d, const group_counts *g, const fights *f)
{
    printf("%s: %zu prompts, %zu models, %zu domains, %zu battles\n", d->name, d->n, d->m,
           d->n_domains, d->n_battles);
    printf(
        "split: %zu train, %zu test, %zu without; groups: %zu (%zu prompts share one, %zu on both "
        "sides of the split)\n",
        count_part(d, DATASET_TRAIN), count_part(d, DATASET_TEST), count_part(d, DATASET_UNSPLIT),
        g->groups, g->repeated, g->across);
    if (d->embed.at) printf("embeddings: %zu values each\n", d->embed.cols);
    printf("hash: %s\n", d->hash);
    print_models(d, f);
    print_tables(d);
    print_battles(d);
    print_domains(d);
    if (d->n_notes) printf("\n");
    for (size_t k = 0; k < d->n_notes; k++) printf("note: %s\n", d->note[k]);
}

/* ---- as JSON ---- */

static void json_member(str *out, const char *key, double v)
{
    str_printf(out, ", \"%s\": ", key);
    str_number(out, v);
}

static void json_models(const dataset *d, const fights *f, str *out)
{
    str_puts(out, ", \"models\": [");
    for (size_t j = 0; j < d->m; j++) {
        const char *id = d->models.view.expert[j]->id;
        column_sum v = d->value.at ? sum_column(d->value, j) : (column_sum){0, 0},
                   c = d->cost_usd.at ? sum_column(d->cost_usd, j) : (column_sum){0, 0};
        str_puts(out, j ? ", {\"name\": " : "{\"name\": ");
        str_json(out, id, strlen(id));
        json_member(out, "known", (double)v.known);
        if (v.known) json_member(out, "mean", v.sum / (double)v.known);
        if (c.known) json_member(out, "cost_usd", c.sum / (double)c.known);
        if (f[j].n) json_member(out, "battles", (double)f[j].n);
        if (f[j].n) json_member(out, "won", f[j].won / (double)f[j].n);
        str_puts(out, "}");
    }
    str_puts(out, "], \"tables\": [");
    for (size_t k = 0; k < d->n_tables; k++) {
        column_sum v = sum_table(d->table[k].cell);
        str_puts(out, k ? ", {\"name\": " : "{\"name\": ");
        str_json(out, d->table[k].name, strlen(d->table[k].name));
        json_member(out, "known", (double)v.known);
        if (v.known) json_member(out, "mean", v.sum / (double)v.known);
        str_puts(out, "}");
    }
    str_puts(out, "]");
}

static void json_lists(const dataset *d, str *out)
{
    str_puts(out, ", \"domains\": [");
    for (size_t k = 0; k < d->n_domains; k++) {
        str_puts(out, k ? ", {\"name\": " : "{\"name\": ");
        str_json(out, d->domains[k], strlen(d->domains[k]));
        json_member(out, "prompts", (double)count_domain(d, (uint32_t)k));
        str_puts(out, "}");
    }
    str_puts(out, "], \"judges\": [");
    for (size_t j = 0; j < d->n_judges; j++) {
        size_t n = 0;
        for (size_t k = 0; k < d->n_battles; k++) n += d->battle[k].source == j;
        str_puts(out, j ? ", {\"name\": " : "{\"name\": ");
        str_json(out, d->judges[j], strlen(d->judges[j]));
        json_member(out, "battles", (double)n);
        str_puts(out, "}");
    }
    str_puts(out, "], \"notes\": [");
    for (size_t k = 0; k < d->n_notes; k++) {
        if (k) str_puts(out, ", ");
        str_json(out, d->note[k], strlen(d->note[k]));
    }
    str_puts(out, "]");
}

static bool print_json(const dataset *d, const group_counts *g, const fights *f)
{
    str out = STR_INIT;
    str_puts(&out, "{\"name\": ");
    str_json(&out, d->name, strlen(d->name));
    str_printf(&out, ", \"hash\": \"%s\", \"kind\": \"%s\"", d->hash,
               d->kind == PM_VALUE_LOSS ? "loss" : "quality");
    json_member(&out, "prompts", (double)d->n);
    json_member(&out, "battles", (double)d->n_battles);
    json_member(&out, "train", (double)count_part(d, DATASET_TRAIN));
    json_member(&out, "test", (double)count_part(d, DATASET_TEST));
    json_member(&out, "groups", (double)g->groups);
    json_member(&out, "groups_across", (double)g->across);
    json_member(&out, "embedding_values", (double)d->embed.cols);
    json_models(d, f, &out);
    json_lists(d, &out);
    str_puts(&out, "}\n");
    bool good = !out.failed;
    if (good) fputs(str_text(&out), stdout);
    str_close(&out);
    return good;
}

static int inspect_main(int argc, char **argv)
{
    arg_value value[sizeof rows / sizeof *rows];
    const char *operand[1];
    size_t n;
    int status = args_parse(&data_inspect, argc, argv, value, operand, &n);
    if (status != ARGS_GO_ON) return status;
    pm_err err = PM_ERR_INIT;
    dataset d;
    group_counts g;
    arena *a = arena_open(0);
    pm_status s = a ? dataset_read(operand[0], NULL, a, &d, &err)
                    : err_set(&err, PM_E_MEMORY, "no memory for the dataset");
    if (s == PM_OK && !count_groups(&d, a, &g))
        s = err_set(&err, PM_E_MEMORY, "no memory for the groups");
    const fights *f = s == PM_OK ? count_fights(&d, a) : NULL;
    if (s == PM_OK && !f) s = err_set(&err, PM_E_MEMORY, "no memory for the models");
    if (s == PM_OK && args_given(&data_inspect, value, "json")) {
        if (!print_json(&d, &g, f)) s = err_set(&err, PM_E_MEMORY, "no memory for the page");
    } else if (s == PM_OK) {
        print_all(&d, &g, f);
    }
    arena_close(a);
    return s == PM_OK ? EXIT_FINE : app_failed("data inspect", &err);
}
