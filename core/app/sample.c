/* SPDX-License-Identifier: MIT
 *
 * Reading prompts to calibrate on, and asking a bundle about them in batches.
 */
#include "app/sample.h"

#include <math.h>
#include <string.h>

#include "app/cmds.h"
#include "app/route_input.h"
#include "base/hash.h"
#include "base/io.h"

#define BATCH 256

/* ---- reading ----------------------------------------------------------------------------------------- */

typedef struct rows { /* growing columns of a file's prompts */
    size_t n, n_turns, cap_id, cap_text, cap_tokens, cap_start, cap_turn, cap_attr, cap_n_attr;
    uint64_t *id;
    pm_str *text;
    uint32_t *tokens;
    size_t *start;
    const pm_attr **attr;
    uint32_t *n_attr;
    pm_turn *turn;
    float *vector; /* [n x dim] */
    size_t dim, cap_vector;
    bool has_tokens, has_turns, has_attrs;
} rows;

static bool copy_text(arena *a, pm_str *t)
{
    const char *copy = arena_strndup(a, t->ptr ? t->ptr : "", t->len);
    t->ptr = copy;
    return copy != NULL;
}

/* The attributes of a row, which is gone with the next one. */
static bool add_attrs(rows *r, const route_prompt *p, arena *a)
{
    if (!mem_grow(&r->attr, &r->cap_attr, r->n + 1, sizeof *r->attr) ||
        !mem_grow(&r->n_attr, &r->cap_n_attr, r->n + 1, sizeof *r->n_attr))
        return false;
    pm_attr *copy = arena_alloc(a, p->n_attr, sizeof *copy);
    for (uint32_t k = 0; copy && k < p->n_attr; k++) {
        copy[k] = p->attr[k];
        copy[k].name = arena_strdup(a, p->attr[k].name);
        if (copy[k].text) copy[k].text = arena_strdup(a, copy[k].text);
    }
    r->attr[r->n] = copy;
    r->n_attr[r->n] = p->n_attr;
    r->has_attrs |= p->n_attr > 0;
    return !arena_has_refused(a);
}

static bool add_row(rows *r, const route_prompt *p, arena *a)
{
    size_t n = r->n, turns = r->n_turns, values;
    if (!mem_size(n + 1, r->dim, &values) ||
        !mem_grow(&r->vector, &r->cap_vector, values + 1, sizeof *r->vector))
        return false;
    if (r->dim) memcpy(r->vector + n * r->dim, p->vector, r->dim * sizeof *r->vector);
    if (!mem_grow(&r->id, &r->cap_id, n + 1, sizeof *r->id) ||
        !mem_grow(&r->text, &r->cap_text, n + 1, sizeof *r->text) ||
        !mem_grow(&r->tokens, &r->cap_tokens, n + 1, sizeof *r->tokens) ||
        !mem_grow(&r->start, &r->cap_start, n + 2, sizeof *r->start) ||
        !mem_grow(&r->turn, &r->cap_turn, turns + p->n_turns + 1, sizeof *r->turn) ||
        !add_attrs(r, p, a))
        return false;
    r->id[n] = p->key;
    r->text[n] = p->text;
    r->tokens[n] = p->tokens_in;
    r->has_tokens = (n == 0 || r->has_tokens) && p->has_tokens;
    r->has_turns |= p->turn != NULL;
    for (size_t k = 0; k < p->n_turns; k++) {
        pm_turn t = p->turn[k];
        if (!copy_text(a, &t.role) || !copy_text(a, &t.text)) return false;
        r->turn[r->n_turns++] = t;
    }
    r->start[++r->n] = r->n_turns;
    return copy_text(a, &r->text[n]);
}

static void *keep(arena *a, const void *from, size_t n, size_t bytes)
{
    void *to = arena_alloc(a, n, bytes);
    if (to && n) memcpy(to, from, n * bytes);
    return to;
}

static pm_status close_rows(rows *r, arena *a, sample *out, pm_status st, pm_err *err)
{
    pm_prompts *x = &out->x;
    *x = (pm_prompts){.size = sizeof *x, .n = r->n};
    if (!st && r->n) {
        x->id = keep(a, r->id, r->n, sizeof *r->id);
        x->text = keep(a, r->text, r->n, sizeof *r->text);
        if (r->has_tokens) x->tokens_in = keep(a, r->tokens, r->n, sizeof *r->tokens);
        if (r->dim)
            x->embed = (pm_cmat){keep(a, r->vector, r->n * r->dim, sizeof *r->vector), r->n, r->dim,
                                 r->dim};
        if (r->has_turns) x->turn = keep(a, r->turn, r->n_turns, sizeof *r->turn);
        if (r->has_turns) x->turn_start = keep(a, r->start, r->n + 1, sizeof *r->start);
        if (r->has_attrs) x->attr = keep(a, r->attr, r->n, sizeof *r->attr);
        if (r->has_attrs) x->n_attr = keep(a, r->n_attr, r->n, sizeof *r->n_attr);
        if (arena_has_refused(a)) st = err_set(err, PM_E_MEMORY, "%zu prompts", r->n);
    }
    mem_free(r->id);
    mem_free(r->text);
    mem_free(r->tokens);
    mem_free(r->start);
    mem_free(r->turn);
    mem_free(r->attr);
    mem_free(r->n_attr);
    mem_free(r->vector);
    return st;
}

static pm_status read_file(const char *path, size_t dim, arena *a, sample *out, pm_err *err)
{
    route_input *in = NULL;
    rows r = {.dim = dim};
    bool more = true;
    if (strcmp(path, "-") != 0 && !io_exists(path))
        return err_set(err, PM_E_IO, "%s: no such file or folder", path);
    pm_status st = route_input_open(path, false, dim, &in, err);
    while (!st && more) {
        route_prompt p;
        st = route_input_next(in, &p, &more, err);
        if (!st && more && !add_row(&r, &p, a))
            st = err_set(err, PM_E_MEMORY, "%s: prompt %zu", path, r.n + 1);
    }
    if (in) out->repaired = route_input_repaired(in);
    route_input_close(in);
    return close_rows(&r, a, out, st, err);
}

static bool wants(const char *part, bool any_test, dataset_part of)
{
    if (!part) return !any_test || of != DATASET_TRAIN;
    if (!strcmp(part, "all")) return true;
    return of == (strcmp(part, "train") ? DATASET_TEST : DATASET_TRAIN);
}

static pm_status view_rows(sample *s, const uint32_t *row, size_t n, arena *a, pm_err *err)
{
    pm_status st = dataset_prompts(&s->data, row, n, a, &s->x, err);
    if (st || !s->has_vectors) return st;
    return dataset_vectors(&s->data, row, n, a, &s->x.embed, err);
}

static pm_status read_folder(const char *path, const char *part, arena *a, sample *out, pm_err *err)
{
    dataset *d = &out->data;
    dataset_options o = DATASET_OPTIONS_DEFAULT;
    bool any_test = false;
    size_t n = 0;
    o.battles = false;
    pm_status st = dataset_read(path, &o, a, d, err);
    if (st) return st;
    uint32_t *row = arena_alloc(a, d->n, sizeof *row);
    if (!row) return err_set(err, PM_E_MEMORY, "%zu prompts", d->n);
    for (size_t i = 0; i < d->n; i++) any_test |= d->part[i] == DATASET_TEST;
    for (size_t i = 0; i < d->n; i++)
        if (wants(part, any_test, (dataset_part)d->part[i])) row[n++] = (uint32_t)i;
    out->left_out = d->n - n;
    out->part = part ? part : any_test ? "not train" : "all";
    out->repaired = d->counts.invalid_utf8_repaired;
    out->row = row;
    out->has_outcomes = true;
    return view_rows(out, row, n, a, err);
}

static void put_hash(sample *s)
{
    sha256 h;
    sha256_init(&h);
    for (size_t i = 0; i < s->x.n; i++) {
        uint64_t len = s->x.text[i].len;
        unsigned char head[8];
        for (int b = 0; b < 8; b++) head[b] = (unsigned char)(len >> (8 * b));
        sha256_add(&h, head, sizeof head);
        sha256_add(&h, s->x.text[i].ptr, s->x.text[i].len);
    }
    sha256_hex(&h, s->sha256);
}

pm_status sample_read(const char *path, const char *part, size_t dim, arena *a, sample *out,
                      pm_err *err)
{
    bool folder = io_is_dir(path);
    *out = (sample){.path = path, .part = "all", .has_vectors = dim > 0};
    if (part && strcmp(part, "all") != 0 && strcmp(part, "train") != 0 && strcmp(part, "test") != 0)
        return err_set(err, PM_E_ARG, "--part %s: want all, train or test", part);
    if (part && !folder)
        return err_set(err, PM_E_ARG, "--part is for a data folder; %s is none", path);
    pm_status st = folder ? read_folder(path, part, a, out, err)
                          : read_file(path, dim, a, out, err);
    if (st) return st;
    if (out->x.n == 0)
        return err_set(err, PM_E_ARG, "%s holds no prompts%s", path,
                       out->left_out ? " in that part" : "");
    put_hash(out);
    return PM_OK;
}

/* ---- asking -------------------------------------------------------------------------------------------- */

/* Prompts [lo, lo + n); a router that has an embedder embeds the texts itself. */
static pm_prompts slice(const pm_prompts *x, const pipeline *p, size_t lo, size_t n)
{
    pm_prompts s = *x;
    s.n = n;
    if (x->id) s.id += lo;
    if (x->text) s.text += lo;
    if (x->tokens_in) s.tokens_in += lo;
    if (x->turn_start) s.turn_start += lo;
    if (x->attr) s.attr += lo;
    if (x->n_attr) s.n_attr += lo;
    s.embed = (pm_cmat){0};
    if (!p->embed && x->embed.at)
        s.embed = (pm_cmat){pm_crow(x->embed, lo), n, x->embed.cols, x->embed.ld};
    return s;
}

pm_status sample_pair(const threshold *t, pipeline_ctx *c, const sample *s, arena *a,
                      sample_scores *out, pm_err *err)
{
    pipeline p = *threshold_pipeline(t);
    pipeline_result r;
    pm_prompts one = slice(&s->x, &p, 0, 1);
    *out = (sample_scores){.n = s->x.n, .m = p.lib->n, .is_pair = threshold_is_pair(t)};
    if (p.lib->n < 2) return err_set(err, PM_E_ARG, "one expert is served: nothing to calibrate");
    p.n_terms = 0;
    pm_status st = pipeline_run(&p, c, &one, &r, err);
    if (st) return st;
    out->predicted = (pm_scores){
        .size = sizeof out->predicted,
        .kind = r.kind,
        .reference_col = r.reference_col,
        .value = {arena_alloc(a, out->n * out->m, sizeof(float)), out->n, out->m, out->m}};
    out->score = arena_alloc(a, out->n, sizeof *out->score);
    if (!out->predicted.value.at || !out->score)
        return err_set(err, PM_E_MEMORY, "%zu prompts x %zu experts", out->n, out->m);
    out->strong = out->weak = r.choice[0]; /* at alpha 0 the strong one is chosen */
    for (size_t j = 0; out->is_pair && j < out->m; j++)
        if (j != out->strong && pm_crow(r.value_part, 0)[j] >= 0) out->weak = j; /* others: < 0 */
    return PM_OK;
}

static double score_of(const sample_scores *k, const pipeline_result *r, size_t i)
{
    const float *v = pm_crow(r->value, i), *u = pm_crow(r->utility, i);
    if (k->is_pair) return (double)u[k->strong] - (double)u[k->weak];
    double best = -(double)INFINITY;
    for (size_t j = 0; j < k->m; j++)
        best = fmax(best, r->kind == PM_VALUE_LOSS ? exp(-(double)v[j]) : (double)v[j]);
    return best;
}

pm_status sample_score(const threshold *t, pipeline_ctx *c, const sample *s, arena *a,
                       sample_scores *io, pm_err *err)
{
    pipeline p = *threshold_pipeline(t);
    pipeline_term *soft = arena_alloc(a, p.n_terms + 1, sizeof *soft);
    if (!soft) return err_set(err, PM_E_MEMORY, "out of memory");
    size_t kept = 0;
    for (size_t k = 0; k < p.n_terms; k++)
        if (p.term[k].sense == PM_SOFT) soft[kept++] = p.term[k];
    p.term = soft;
    p.n_terms = kept;
    for (size_t lo = 0; lo < io->n; lo += BATCH) {
        size_t n = io->n - lo < BATCH ? io->n - lo : BATCH;
        pm_prompts x = slice(&s->x, &p, lo, n);
        pipeline_result r;
        pm_status st = pipeline_run(&p, c, &x, &r, err);
        if (st) return err_wrap(err, st, "%s, prompts %zu to %zu", s->path, lo + 1, lo + n);
        for (size_t i = 0; i < n; i++) {
            memcpy(pm_row(io->predicted.value, lo + i), pm_crow(r.value, i), io->m * sizeof(float));
            io->score[lo + i] = score_of(io, &r, i);
        }
        if (app_canceled()) return err_set(err, PM_E_CANCELED, "interrupted");
    }
    return PM_OK;
}

/* ---- recorded outcomes ----------------------------------------------------------------------------------- */

double *sample_recorded(const sample *s, const pm_library *lib, size_t j, bool cost, arena *a)
{
    const dataset *d = &s->data;
    pm_cmat from = cost ? d->cost_usd : d->value;
    if (!s->has_outcomes || !from.at) return NULL;
    size_t col = library_find(&d->models.view, lib->expert[j]->id);
    double *out = col < from.cols ? arena_alloc(a, s->x.n, sizeof *out) : NULL;
    double sign = !cost && d->kind == PM_VALUE_LOSS ? -1 : 1;
    for (size_t i = 0; out && i < s->x.n; i++)
        out[i] = sign * (double)pm_crow(from, s->row[i])[col];
    return out;
}

/* Prompts and predictions of the rows alone; the dataset's prompts are viewed anew. */
pm_status sample_select(sample *s, sample_scores *k, const uint32_t *keep_row, size_t n, arena *a,
                        pm_err *err)
{
    uint32_t *row = arena_alloc(a, n, sizeof *row);
    if (!row) return err_set(err, PM_E_MEMORY, "%zu prompts", n);
    for (size_t i = 0; i < n; i++) {
        size_t from = keep_row[i]; /* ascending: i <= from */
        row[i] = s->row[from];
        k->score[i] = k->score[from];
        memmove(pm_row(k->predicted.value, i), pm_row(k->predicted.value, from),
                k->m * sizeof(float));
    }
    k->n = n;
    k->predicted.value.rows = n;
    s->row = row;
    s->left_out += s->x.n - n;
    pm_status st = view_rows(s, row, n, a, err);
    if (!st) put_hash(s);
    return st;
}
