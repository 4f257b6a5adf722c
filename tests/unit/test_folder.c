/* SPDX-License-Identifier: MIT
 *
 * The writer of folders: what it writes is read back equal, whatever it is, and a folder is there whole or not at
 * all.
 */
#include "folder_bed.h"

#include <math.h>

#include "base/io.h"
#include "base/rng.h"
#include "data/folder.h"

static void read_back(dataset *d)
{
    pm_status s = dataset_read(dir, NULL, f.a, d, &f.err);
    ck_assert_msg(s == PM_OK, "%s", err_text(&f.err));
}

/* ---- random folders ---- */

enum { MOST_ROWS = 40, MOST_MODELS = 6, TABLES = 4, WIDTH = 5 };
static const char *const table_name[TABLES] = {"scores", "costs", "tokens_out", "confidence"};

typedef struct world {
    uint64_t seed, i;
    size_t n, m;
    char id[MOST_ROWS][60], text[MOST_ROWS][120], model[MOST_MODELS][60], group[MOST_ROWS][20];
    size_t len[MOST_ROWS];
    pm_turn turn[MOST_ROWS][3];
    size_t n_turns[MOST_ROWS];
    int part[MOST_ROWS], domain[MOST_ROWS];
    float cell[TABLES][MOST_ROWS][MOST_MODELS];
    float vector[MOST_ROWS][WIDTH];
    pm_battle battle[100];
    size_t n_battles;
    bool with_tokens, with_vectors;
} world;

static uint64_t draw(world *x, uint64_t bound)
{
    return rng_below(x->seed, 1, x->i++, bound);
}

/* Quotes, commas, controls, letters beyond ASCII, the last ones of the planes. */
static size_t draw_text(world *x, char *to, size_t pieces, bool plain)
{
    static const char *const piece[] = {
        "a",   "Zz",  " ",  ",",  "\"", "\\",   "é",    "日",           "\xf0\x9f\x98\x80",
        "0.5", "/t1", "id", "\n", "\t", "\r\n", "\x01", "\xef\xbf\xbf", "{}"};
    size_t len = 0;
    for (size_t k = draw(x, pieces + 1); k > 0; k--) {
        const char *p = piece[draw(x, plain ? 12 : 18)];
        memcpy(to + len, p, strlen(p));
        len += strlen(p);
    }
    to[len] = '\0';
    return len;
}

static float draw_value(world *x, size_t table)
{
    if (draw(x, 4) == 0) return NAN;
    float v;
    switch (draw(x, 4)) {
    case 0:
        v = (float)draw(x, 2);
        break;
    case 1:
        v = (float)draw(x, 101) / 100.0f;
        break;
    default: {
        uint32_t bits = (uint32_t)draw(x, 0x3f800001); /* any float from 0 to 1 */
        memcpy(&v, &bits, sizeof v);
    }
    }
    if (table == 0) return v;
    v *= draw(x, 2) ? 1e6f : 3e30f;
    return table == 3 && draw(x, 2) ? -v : v;
}

static void draw_world(world *x, uint64_t seed)
{
    memset(x, 0, sizeof *x);
    x->seed = seed;
    x->n = 1 + draw(x, MOST_ROWS);
    x->m = 1 + draw(x, MOST_MODELS);
    x->with_tokens = draw(x, 2);
    x->with_vectors = draw(x, 2);
    for (size_t j = 0; j < x->m; j++) {
        size_t len = draw_text(x, x->model[j], 4, true);
        snprintf(x->model[j] + len, 24, "m%zu", j);
    }
    for (size_t i = 0; i < x->n; i++) {
        size_t len = draw_text(x, x->id[i], 4, true);
        snprintf(x->id[i] + len, 24, "#%zu", i);
        x->len[i] = draw_text(x, x->text[i], 24, false);
        snprintf(x->group[i], sizeof x->group[i], "g%d", (int)draw(x, 5));
        x->part[i] = (int)draw(x, 3);
        x->domain[i] = (int)draw(x, 4);
        x->n_turns[i] = draw(x, 3);
        for (size_t k = 0; k < x->n_turns[i]; k++)
            x->turn[i][k] = (pm_turn){pm_str_of(k ? "assistant" : "user"),
                                      pm_str_of(k ? "quite \"so\"" : x->id[i])};
        for (size_t t = 0; t < TABLES; t++)
            for (size_t j = 0; j < x->m; j++) x->cell[t][i][j] = draw_value(x, t);
        for (size_t k = 0; k < WIDTH; k++)
            x->vector[i][k] = (float)rng_normal(seed, 2, i * WIDTH + k);
    }
    x->cell[0][0][0] = 0.125f; /* a table of nothing is refused */
    x->n_battles = x->m > 1 ? draw(x, 100) : 0;
    for (size_t k = 0; k < x->n_battles; k++) {
        pm_battle *b = &x->battle[k];
        *b = (pm_battle){.prompt = (uint32_t)draw(x, x->n), .a = (uint32_t)draw(x, x->m)};
        b->b = (uint32_t)((b->a + 1 + draw(x, x->m - 1)) % x->m);
        b->source = (uint32_t)draw(x, 3);
        b->outcome = draw(x, 2) ? (float)draw(x, 3) / 2
                                : (float)(1 - (double)draw(x, 10001) / 10000);
        b->weight = draw(x, 2) ? 1 : (float)(1 + draw(x, 9)) / 10;
    }
}

static const char *const domains[] = {"", "x", "x/y", "z, \"q\""};
static const char *const judges[] = {"", "gpt-4", "a judge"};

static void write_rows(const world *x, folder *w)
{
    static const char *const parts[] = {"", "train", "test"};
    for (size_t i = 0; i < x->n; i++) {
        char more[64];
        snprintf(more, sizeof more, "\"lang\": \"de\", \"n\": [%zu, {\"a\": null}]", i);
        folder_prompt p = {.id = pm_str_of(x->id[i]),
                           .text = {x->text[i], x->len[i]},
                           .domain = pm_str_of(domains[x->domain[i]]),
                           .split = pm_str_of(parts[x->part[i]]),
                           .group = pm_str_of(x->group[i]),
                           .turn = x->turn[i],
                           .n_turns = x->n_turns[i],
                           .tokens_in = x->with_tokens ? (int64_t)(7 * i) : -1,
                           .more = pm_str_of(i % 2 ? more : "")};
        uint32_t row;
        must(folder_add_prompt(w, &p, &row, &f.err));
        ck_assert_uint_eq(row, i);
    }
}

static void write_world(world *x, folder *w)
{
    for (size_t j = 0; j < x->m; j++) {
        uint32_t col;
        must(folder_model(w, pm_str_of(x->model[j]), "\"params_b\": 7, \"note\": \"\xc3\xa9\"",
                          &col, &f.err));
        ck_assert_uint_eq(col, j);
    }
    write_rows(x, w);
    for (size_t k = 0; k < x->n * x->m * TABLES; k++) { /* columns first: no order is needed */
        size_t t = k % TABLES, i = k / TABLES % x->n, j = k / TABLES / x->n;
        if (!isnan(x->cell[t][i][j]))
            must(folder_cell(w, table_name[t], (uint32_t)i, (uint32_t)j, (double)x->cell[t][i][j],
                             &f.err));
    }
    for (size_t k = 0; k < x->n_battles; k++) {
        const pm_battle *b = &x->battle[k];
        folder_battle fb = {.prompt = b->prompt,
                            .a = b->a,
                            .b = b->b,
                            .outcome = b->outcome,
                            .weight = b->weight,
                            .judge = pm_str_of(judges[b->source]),
                            .more = pm_str_of(k % 2 ? "\"chars_a\": 7" : "")};
        must(folder_add_battle(w, &fb, &f.err));
    }
    for (size_t i = x->n; x->with_vectors && i-- > 0;)
        must(folder_embedding(w, (uint32_t)i, x->vector[i], WIDTH, &f.err));
}

static void compare_rows(const world *x, const dataset *d)
{
    ck_assert_uint_eq(d->n, x->n);
    ck_assert(!x->with_tokens == !d->tokens_in);
    for (size_t i = 0; i < x->n; i++) {
        ck_assert_str_eq(d->id[i], x->id[i]);
        ck_assert_uint_eq(d->text[i].len, x->len[i]);
        ck_assert_mem_eq(d->text[i].ptr, x->text[i], x->len[i]);
        ck_assert_int_eq(d->part[i], x->part[i]);
        ck_assert_str_eq(d->domain[i] == UINT32_MAX ? "" : d->domains[d->domain[i]],
                         domains[x->domain[i]]);
        if (d->tokens_in) ck_assert_uint_eq(d->tokens_in[i], 7 * i);
        for (size_t k = 0; k < x->n; k++)
            ck_assert_int_eq(d->group[i] == d->group[k], strcmp(x->group[i], x->group[k]) == 0);
        for (size_t k = 0; k < x->n_turns[i]; k++) {
            const pm_turn *t = &d->turn[d->turn_start[i] + k];
            ck_assert(t->role.len == x->turn[i][k].role.len &&
                      t->text.len == x->turn[i][k].text.len);
            ck_assert_mem_eq(t->text.ptr, x->turn[i][k].text.ptr, t->text.len);
        }
    }
}

static void compare_cells(const world *x, const dataset *d)
{
    ck_assert_uint_eq(d->m, x->m);
    for (size_t j = 0; j < x->m; j++) ck_assert_str_eq(d->models.view.expert[j]->id, x->model[j]);
    for (size_t t = 0; t < TABLES; t++) {
        const dataset_table *table = dataset_table_of(d, table_name[t]);
        for (size_t i = 0; i < x->n; i++)
            for (size_t j = 0; j < x->m; j++) {
                float want = x->cell[t][i][j], got = table ? pm_crow(table->cell, i)[j] : NAN;
                ck_assert_msg(isnan(want) ? isnan(got) : got == want,
                              "%s[%zu][%zu]: %.9g, not %.9g", table_name[t], i, j, (double)got,
                              (double)want);
            }
    }
}

static void compare_battles(const world *x, const dataset *d)
{
    ck_assert_uint_eq(d->n_battles, x->n_battles);
    for (size_t k = 0; k < x->n_battles; k++) {
        const pm_battle *a = &x->battle[k], *b = &d->battle[k];
        ck_assert(a->prompt == b->prompt && a->a == b->a && a->b == b->b);
        ck_assert(a->outcome == b->outcome && a->weight == b->weight);
        ck_assert_str_eq(d->judges[b->source], judges[a->source]);
    }
}

START_TEST(what_is_written_is_read_back)
{
    static world x;
    for (uint64_t seed = 0; seed < suite_repeats(160, "most random folders"); seed++) {
        dataset d;
        folder_options o = {sizeof o, seed % 2, true};
        draw_world(&x, seed);
        folder *w = open_it(o);
        write_world(&x, w);
        for (size_t i = 0; i < x.n; i++)
            ck_assert_uint_eq(folder_find_prompt(w, pm_str_of(x.id[i])), i);
        must(folder_finish(w, &f.err));
        read_back(&d);
        compare_rows(&x, &d);
        compare_cells(&x, &d);
        compare_battles(&x, &d);
        ck_assert(!x.with_vectors == !d.embed.at);
        for (size_t i = 0; d.embed.at && i < x.n; i++)
            ck_assert_mem_eq(pm_crow(d.embed, i), x.vector[i], sizeof x.vector[i]);
    }
}
END_TEST

/* Past the chunks of rows, with most cells unknown, columns that come late. */
START_TEST(many_rows)
{
    enum { N = 5000 };
    dataset d;
    folder_options o = FOLDER_OPTIONS_DEFAULT;
    folder *w = open_it(o);
    char id[16];
    for (uint32_t i = 0; i < N; i++) {
        snprintf(id, sizeof id, "q%u", i);
        ck_assert_uint_eq(add(w, id, "?"), i);
        uint32_t col;
        snprintf(id, sizeof id, "m%u", i / 1000);
        must(folder_model(w, pm_str_of(id), NULL, &col, &f.err));
        must(folder_cell(w, "losses", i, col, i, &f.err));
    }
    must(folder_finish(w, &f.err));
    read_back(&d);
    ck_assert_uint_eq(d.n, N);
    ck_assert_int_eq((int)d.kind, (int)PM_VALUE_LOSS);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < 5; j++) {
            float v = pm_crow(d.value, i)[j];
            ck_assert(j == i / 1000 ? v == (float)i : isnan(v));
        }
}
END_TEST

/* ---- all or nothing ---- */

static size_t files_beside(void)
{
    char **names;
    size_t n;
    ck_assert_int_eq(io_list(f.dir, f.a, &names, &n, NULL), PM_OK);
    return n;
}

START_TEST(abandoned_leaves_nothing)
{
    folder_options o = FOLDER_OPTIONS_DEFAULT;
    folder *w = open_it(o);
    add(w, "a", "x");
    folder_abandon(w);
    ck_assert_uint_eq(files_beside(), 0);
    folder_abandon(NULL);
}
END_TEST

START_TEST(a_full_folder_is_kept)
{
    folder_options o = FOLDER_OPTIONS_DEFAULT;
    folder *w = NULL;
    ck_assert_int_eq(io_mkdir(dir, &f.err), PM_OK);
    files_put(&f, "out/letter.txt", "dear");
    ck_assert_int_eq(folder_open(dir, &o, &w, &f.err), PM_E_ARG);
    files_must_say(&f, "is not empty (letter.txt)");
    o.overwrite = true;
    ck_assert_int_eq(folder_open(dir, &o, &w, &f.err), PM_E_ARG);
    files_must_say(&f, "holds letter.txt but no prompts.jsonl");
    ck_assert_ptr_null(w);
    ck_assert(io_exists(files_path(&f, "out/letter.txt")));
    ck_assert_uint_eq(files_beside(), 1);
}
END_TEST

START_TEST(nothing_to_say_is_no_folder)
{
    folder_options o = FOLDER_OPTIONS_DEFAULT;
    folder *w = open_it(o);
    ck_assert_int_eq(folder_finish(w, &f.err), PM_E_FORMAT);
    files_must_say(&f, "found no prompt to write");
    w = open_it(o);
    add(w, "a", "x");
    ck_assert_int_eq(folder_finish(w, &f.err), PM_E_FORMAT);
    files_must_say(&f, "found no score, no loss and no battle of the 1 prompts");
    ck_assert_uint_eq(files_beside(), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("folder");
    TCase *cases = tcase_create("folder");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, what_is_written_is_read_back);
    tcase_add_test(cases, many_rows);
    tcase_add_test(cases, abandoned_leaves_nothing);
    tcase_add_test(cases, a_full_folder_is_kept);
    tcase_add_test(cases, nothing_to_say_is_no_folder);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
