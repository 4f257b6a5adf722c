/* SPDX-License-Identifier: MIT
 *
 * The same toy problem in another order: prompts, experts and outcomes permuted, single rows, features
 * hidden.
 */
#include "app/conform_data.h"
#include "base/hash.h"
#include "base/rng.h"

pm_library *toy_experts(arena *a, const pm_library *lib, const uint32_t *col, size_t m)
{
    pm_library *out = arena_alloc(a, 1, sizeof *out);
    const pm_expert **expert = arena_alloc(a, m, sizeof *expert);
    if (!out || !expert) return NULL;
    for (size_t j = 0; j < m; j++) expert[j] = lib->expert[col[j]];
    *out = (pm_library){sizeof *out, lib->revision ^ fnv1a(col, m * sizeof *col), m, expert};
    return out;
}

static bool pick_matrix(arena *a, pm_cmat from, size_t n, const uint32_t *col, size_t m,
                        pm_cmat *out)
{
    *out = (pm_cmat){NULL, 0, 0, 0};
    if (!from.at) return true;
    float *at = arena_alloc(a, n * m, sizeof *at);
    if (!at) return false;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++) at[i * m + j] = pm_crow(from, i)[col[j]];
    *out = (pm_cmat){at, n, m, m};
    return true;
}

/* Battles between experts that are still there, with their new columns. */
static bool pick_battles(arena *a, const pm_outcomes *y, const uint32_t *col, size_t m,
                         pm_outcomes *out)
{
    pm_battle *battle = arena_alloc(a, y->n_battles, sizeof *battle);
    if (!battle) return false;
    for (size_t k = 0; k < y->n_battles; k++) {
        pm_battle b = y->battle[k];
        uint32_t left = PM_NO_COL, right = PM_NO_COL;
        for (uint32_t j = 0; j < m; j++) {
            if (col[j] == b.a) left = j;
            if (col[j] == b.b) right = j;
        }
        if (left == PM_NO_COL || right == PM_NO_COL) continue;
        b.a = left;
        b.b = right;
        battle[out->n_battles++] = b;
    }
    out->battle = out->n_battles ? battle : NULL;
    return true;
}

static bool pick_extra(arena *a, const pm_outcomes *y, size_t n, const uint32_t *col, size_t m,
                       pm_outcomes *out)
{
    pm_extra *extra = arena_alloc(a, y->n_extra, sizeof *extra);
    if (!extra) return false;
    for (size_t t = 0; t < y->n_extra; t++) {
        extra[t].name = y->extra[t].name;
        if (!pick_matrix(a, y->extra[t].value, n, col, m, &extra[t].value)) return false;
    }
    out->extra = extra;
    out->n_extra = y->n_extra;
    return true;
}

pm_outcomes *toy_cells(arena *a, const pm_outcomes *y, size_t n, const uint32_t *col, size_t m)
{
    pm_outcomes *out = arena_alloc(a, 1, sizeof *out);
    if (!out) return NULL;
    out->size = sizeof *out;
    out->kind = y->kind;
    bool ok = pick_matrix(a, y->value, n, col, m, &out->value) &&
              pick_matrix(a, y->cost_usd, n, col, m, &out->cost_usd) &&
              pick_matrix(a, y->tokens_out, n, col, m, &out->tokens_out) &&
              pick_extra(a, y, n, col, m, out) && pick_battles(a, y, col, m, out);
    return ok ? out : NULL;
}

toy *toy_with_columns(arena *a, const toy *t, const uint32_t *col, size_t m)
{
    toy *out = arena_alloc(a, 1, sizeof *out);
    pm_library *lib = toy_experts(a, &t->lib, col, m);
    pm_outcomes *y = toy_cells(a, &t->y, t->x.n, col, m);
    pm_outcomes *tune_y = toy_cells(a, &t->tune_y, t->tune_x.n, col, m);
    pm_outcomes *test_y = toy_cells(a, &t->test_y, t->test_x.n, col, m);
    if (!out || !lib || !y || !tune_y || !test_y) return NULL;
    *out = *t;
    out->lib = *lib;
    out->y = *y;
    out->tune_y = *tune_y;
    out->test_y = *test_y;
    out->fit.lib = &out->lib;
    out->fit.x = &out->x;
    out->fit.y = &out->y;
    out->fit.tune_x = t->fit.tune_x ? &out->tune_x : NULL;
    out->fit.tune_y = t->fit.tune_y ? &out->tune_y : NULL;
    return out;
}

typedef struct row_room {
    uint64_t *id, *start;
    pm_str *text;
    uint32_t *tokens, *col, *n_attr;
    float *embed, *val;
    const pm_attr **attr;
} row_room;

static bool row_room_open(arena *a, const pm_prompts *x, const uint32_t *row, size_t n, row_room *r)
{
    size_t nnz = 0;
    for (size_t i = 0; i < n && x->sparse.start; i++)
        nnz += (size_t)(x->sparse.start[row[i] + 1] - x->sparse.start[row[i]]);
    r->id = arena_alloc(a, n, sizeof *r->id);
    r->start = arena_alloc(a, n + 1, sizeof *r->start);
    r->text = arena_alloc(a, n, sizeof *r->text);
    r->tokens = arena_alloc(a, n, sizeof *r->tokens);
    r->col = arena_alloc(a, nnz, sizeof *r->col);
    r->attr = arena_alloc(a, n, sizeof *r->attr);
    r->n_attr = arena_alloc(a, n, sizeof *r->n_attr);
    r->embed = arena_alloc(a, n * (x->embed.cols + 1), sizeof *r->embed);
    r->val = arena_alloc(a, nnz, sizeof *r->val);
    return r->id && r->start && r->text && r->tokens && r->col && r->embed && r->val && r->attr &&
           r->n_attr;
}

static void row_sparse(const pm_csr *from, size_t row, row_room *r, size_t i)
{
    uint64_t at = r->start[i];
    for (uint64_t p = from->start[row]; p < from->start[row + 1]; p++, at++) {
        r->col[at] = from->col[p];
        r->val[at] = from->val[p];
    }
    r->start[i + 1] = at;
}

pm_prompts *toy_rows(arena *a, const pm_prompts *x, const uint32_t *row, size_t n)
{
    row_room r;
    pm_prompts *out = arena_alloc(a, 1, sizeof *out);
    if (!out || !row_room_open(a, x, row, n, &r)) return NULL;
    size_t d = x->embed.cols;
    for (size_t i = 0; i < n; i++) {
        r.id[i] = x->id[row[i]];
        if (x->text) r.text[i] = x->text[row[i]];
        if (x->attr) r.attr[i] = x->attr[row[i]];
        if (x->attr) r.n_attr[i] = x->n_attr[row[i]];
        if (x->tokens_in) r.tokens[i] = x->tokens_in[row[i]];
        if (x->embed.at) memcpy(r.embed + i * d, pm_crow(x->embed, row[i]), d * sizeof *r.embed);
        if (x->sparse.start) row_sparse(&x->sparse, row[i], &r, i);
    }
    *out = (pm_prompts){.size = sizeof *out, .n = n, .id = r.id};
    if (x->text) out->text = r.text;
    if (x->tokens_in) out->tokens_in = r.tokens;
    if (x->attr) out->attr = r.attr;
    if (x->attr) out->n_attr = r.n_attr;
    if (x->embed.at) out->embed = (pm_cmat){r.embed, n, d, d};
    if (x->sparse.start) out->sparse = (pm_csr){r.start, r.col, r.val, n, x->sparse.cols};
    return out;
}

void toy_hide(pm_prompts *x, uint32_t needs, bool sparse)
{
    bool either = needs & PM_NEEDS_EMBED_OR_SPARSE;
    if (!(needs & PM_NEEDS_TEXT)) {
        x->text = NULL;
        x->turn = NULL;
        x->turn_start = NULL;
    }
    if (!(needs & PM_NEEDS_EMBED) && !(either && !sparse)) x->embed = (pm_cmat){NULL, 0, 0, 0};
    if (!(needs & PM_NEEDS_SPARSE) && !(either && sparse))
        x->sparse = (pm_csr){NULL, NULL, NULL, 0, 0};
}

static bool is_good_order(const uint32_t *p, size_t n)
{
    bool symmetric = true, rotation = true; /* symmetric: the same seen from the other end */
    for (size_t i = 0; i < n; i++) {
        if (p[i] == i && n > 1) return false;
        symmetric = symmetric && p[n - 1 - i] == n - 1 - p[i];
        rotation = rotation && p[i] == (i + p[0]) % n;
    }
    return n < 4 || (!symmetric && !rotation);
}

uint32_t *toy_order(arena *a, uint64_t seed, size_t n)
{
    uint32_t *p = arena_alloc(a, n, sizeof *p);
    if (!p) return NULL;
    for (uint32_t stream = 1;; stream++) { /* a third of all orders will do */
        for (size_t i = 0; i < n; i++) p[i] = (uint32_t)i;
        rng_shuffle(seed, stream, p, n);
        if (is_good_order(p, n)) return p;
    }
}
