/* SPDX-License-Identifier: MIT
 *
 * Runs of bytes as features; see fit_bytes.h.
 */
#include "fit_bytes.h"

#include <math.h>
#include <stdlib.h>

enum { BITS = 21, BUCKETS = 1 << BITS, DIGIT = 11, DIGITS = 1 << DIGIT, GRAIN = 256 };
enum { SORTED = 65536 };        /* bytes of a text whose keys are sorted; of longer ones counted */
enum { MANY = 30, FEWEST = 3 }; /* of MANY documents or more, those with a column's run */

struct reader { /* one worker's room */
    size_t longest;
    uint32_t *key, *spare; /* keys of a text; ascending once read */
    float *times;          /* how often */
    uint32_t *count;       /* [BUCKETS] zero between texts, or NULL: no text is that long */
    size_t n;
};

static uint32_t bucket_of(uint64_t run, size_t length) /* finaliser of MurmurHash3 */
{
    uint64_t h = run * 31 + length;
    h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
    h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53u;
    return (uint32_t)((h ^ h >> 33) & (BUCKETS - 1));
}

static pm_status reader_open(pm_call *c, size_t longest, const pm_prompts *x, size_t lo, size_t hi,
                             struct reader *r)
{
    size_t bytes = 1;
    *r = (struct reader){.longest = longest};
    for (size_t i = lo; i < hi; i++) bytes = x->text[i].len > bytes ? x->text[i].len : bytes;
    size_t most = bytes > SORTED ? BUCKETS : bytes * longest;
    if (bytes > SORTED) r->count = c->host->scratch(c, BUCKETS, sizeof *r->count);
    most = most < SORTED * longest && bytes > SORTED ? SORTED * longest : most;
    r->key = c->host->scratch(c, most, sizeof *r->key);
    r->spare = c->host->scratch(c, most, sizeof *r->spare);
    r->times = c->host->scratch(c, most, sizeof *r->times);
    return r->key && r->spare && r->times && (r->count || bytes <= SORTED) ? PM_OK : PM_E_MEMORY;
}

/* Two passes of counting sort. */
static void sort_keys(struct reader *r)
{
    for (int shift = 0; shift <= DIGIT; shift += DIGIT) {
        uint32_t at[DIGITS] = {0}, sum = 0;
        for (size_t i = 0; i < r->n; i++) at[r->key[i] >> shift & (DIGITS - 1)]++;
        for (size_t d = 0; d < DIGITS; d++) {
            uint32_t here = at[d];
            at[d] = sum;
            sum += here;
        }
        for (size_t i = 0; i < r->n; i++)
            r->spare[at[r->key[i] >> shift & (DIGITS - 1)]++] = r->key[i];
        uint32_t *t = r->key;
        r->key = r->spare;
        r->spare = t;
    }
}

/* Distinct keys of a text, ascending, and how often each occurs. */
static void read_text(struct reader *r, pm_str text)
{
    const unsigned char *at = (const unsigned char *)text.ptr;
    int count = text.len > SORTED;
    r->n = 0;
    for (size_t p = 0; p < text.len; p++) {
        uint64_t run = 0;
        for (size_t o = 0; o < r->longest && p + o < text.len; o++) {
            run = run << 8 | at[p + o];
            uint32_t key = bucket_of(run, o + 1);
            if (count)
                r->count[key] += r->count[key] < UINT32_MAX;
            else
                r->key[r->n++] = key;
        }
    }
    if (count) {
        for (uint32_t k = 0; k < BUCKETS; k++) {
            if (!r->count[k]) continue;
            r->key[r->n] = k;
            r->times[r->n++] = (float)r->count[k];
            r->count[k] = 0;
        }
        return;
    }
    sort_keys(r);
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (n && r->key[n - 1] == r->key[i])
            r->times[n - 1] += 1;
        else
            r->key[n] = r->key[i], r->times[n++] = 1;
    }
    r->n = n;
}

/* ---- columns ---- */

struct member { /* a prompt and its document */
    uint64_t document;
    size_t row;
};

static int by_document(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    if (x->document != y->document) return x->document < y->document ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* in[k]: in how many documents; *documents: of how many. */
static pm_status count_documents(pm_call *c, const pm_fit *fit, size_t longest, uint32_t *in,
                                 uint32_t *documents)
{
    size_t n = fit->x->n;
    struct member *m = c->host->scratch(c, n, sizeof *m);
    uint32_t *last = c->host->scratch(c, BUCKETS, sizeof *last);
    struct reader r;
    pm_status st = reader_open(c, longest, fit->x, 0, n, &r);
    if (st == PM_OK && (!m || !last)) st = PM_E_MEMORY;
    if (st != PM_OK) return st;
    for (size_t i = 0; i < n; i++) m[i] = (struct member){fit->group ? fit->group[i] : i, i};
    qsort(m, n, sizeof *m, by_document);
    *documents = 0;
    for (size_t i = 0; i < n; i++) {
        *documents += !i || m[i].document != m[i - 1].document;
        read_text(&r, fit->x->text[m[i].row]);
        for (size_t k = 0; k < r.n; k++)
            if (last[r.key[k]] != *documents) last[r.key[k]] = *documents, in[r.key[k]]++;
        if (i % GRAIN == 0 && (st = c->host->progress(c, 0, NULL, 0)) != PM_OK) return st;
    }
    return PM_OK;
}

static pm_status index_keys(struct fit_bytes *b, pm_call *c)
{
    uint32_t *find = c->host->own(c, BUCKETS, sizeof *find);
    if (!find) return PM_E_MEMORY;
    for (size_t k = 0; k < b->v; k++) {
        if (b->key[k] >= BUCKETS || (k && b->key[k] <= b->key[k - 1]))
            return c->host->fail(c, PM_E_FORMAT, "buckets of bytes are out of order or range");
        find[b->key[k]] = (uint32_t)(k + 1);
    }
    b->find = find;
    return PM_OK;
}

pm_status fit_bytes_learn(struct fit_bytes *b, pm_call *c, const pm_fit *fit)
{
    if (!fit->x->text)
        return c->host->fail(c, PM_E_ARG, "bytes = %zu, but the prompts carry no text", b->longest);
    uint32_t *in = c->host->scratch(c, BUCKETS, sizeof *in), documents = 0;
    if (!in) return PM_E_MEMORY;
    pm_status st = count_documents(c, fit, b->longest, in, &documents);
    if (st != PM_OK) return st;
    uint32_t least = documents < MANY ? 1 : FEWEST;
    for (size_t k = 0; k < BUCKETS; k++) b->v += in[k] >= least;
    b->v += !b->v; /* texts without a byte: a column that none has */
    uint32_t *key = c->host->own(c, b->v, sizeof *key);
    float *idf = c->host->own(c, b->v, sizeof *idf);
    if (!key || !idf) return PM_E_MEMORY;
    for (size_t k = 0, at = 0; k < BUCKETS; k++) {
        if (in[k] < least) continue;
        key[at] = (uint32_t)k;
        idf[at++] = (float)log((1 + (double)documents) / (1 + (double)in[k]));
    }
    b->key = key;
    b->idf = idf;
    return index_keys(b, c);
}

/* ---- rows ---- */

struct rows {
    const struct fit_bytes *b;
    const pm_prompts *x;
    size_t lo;
    uint64_t *start;
    uint32_t *col; /* NULL: first pass, which writes the cells of row i to start[i + 1] */
    float *val;
};

static size_t weigh(const struct fit_bytes *b, const struct reader *r, uint32_t *col, float *val)
{
    double squares = 0;
    size_t n = 0;
    for (size_t k = 0; k < r->n; k++) {
        uint32_t at = b->find[r->key[k]];
        if (!at) continue;
        col[n] = at - 1;
        val[n] = (float)((1 + log((double)r->times[k])) * (double)b->idf[at - 1]);
        squares += (double)val[n] * (double)val[n];
        n++;
    }
    double scale = squares > 0 ? 1 / sqrt(squares) : 1;
    for (size_t k = 0; k < n; k++) val[k] = (float)(scale * (double)val[k]);
    return n;
}

static pm_status read_rows(pm_call *worker, size_t lo, size_t hi, void *arg)
{
    const struct rows *a = arg;
    struct reader r;
    pm_status st = reader_open(worker, a->b->longest, a->x, a->lo + lo, a->lo + hi, &r);
    for (size_t i = lo; st == PM_OK && i < hi; i++) {
        read_text(&r, a->x->text[a->lo + i]);
        if (a->col) {
            weigh(a->b, &r, a->col + a->start[i], a->val + a->start[i]);
            continue;
        }
        for (size_t k = 0; k < r.n; k++) a->start[i + 1] += a->b->find[r.key[k]] != 0;
    }
    return st;
}

pm_status fit_bytes_read(const struct fit_bytes *b, pm_call *c, const pm_prompts *x, size_t lo,
                         size_t n, pm_prompts *out)
{
    if (!x->text)
        return c->host->fail(c, PM_E_ARG, "built on text, which these prompts do not carry");
    struct rows a = {b, x, lo, c->host->scratch(c, n + 1, sizeof(uint64_t)), NULL, NULL};
    if (!a.start) return PM_E_MEMORY;
    pm_status st = c->host->parallel(c, n, GRAIN, read_rows, &a);
    if (st != PM_OK) return st;
    for (size_t i = 0; i < n; i++) a.start[i + 1] += a.start[i];
    a.col = c->host->scratch(c, a.start[n] + 1, sizeof *a.col);
    a.val = c->host->scratch(c, a.start[n] + 1, sizeof *a.val);
    if (!a.col || !a.val) return PM_E_MEMORY;
    *out = (pm_prompts){.size = sizeof *out, .n = n, .id = x->id + lo, .text = x->text + lo};
    if (x->embed.at) out->embed = (pm_cmat){pm_crow(x->embed, lo), n, x->embed.cols, x->embed.ld};
    out->sparse = (pm_csr){a.start, a.col, a.val, n, b->v};
    return c->host->parallel(c, n, GRAIN, read_rows, &a);
}

/* ---- checkpoints ---- */

pm_status fit_bytes_save(const struct fit_bytes *b, pm_call *c, pm_store *s)
{
    if (!b->longest) return PM_OK;
    pm_status st = c->host->put_tensor(c, s, "byte_key", (pm_tensor){PM_U32, 1, {b->v}, b->key});
    if (st != PM_OK) return st;
    return c->host->put_tensor(c, s, "byte_idf", (pm_tensor){PM_F32, 1, {b->v}, b->idf});
}

pm_status fit_bytes_load(struct fit_bytes *b, pm_call *c, pm_store *s)
{
    pm_tensor key = {0}, idf = {0};
    if (!b->longest) return PM_OK;
    pm_status st = c->host->view_tensor(c, s, "byte_key", PM_U32, &key);
    if (st == PM_OK) st = c->host->view_tensor(c, s, "byte_idf", PM_F32, &idf);
    if (st != PM_OK) return st;
    if (key.n_dims != 1 || idf.n_dims != 1 || key.dim[0] != idf.dim[0])
        return c->host->fail(c, PM_E_FORMAT, "tensors of bytes disagree in shape");
    b->v = key.dim[0];
    b->key = key.ptr;
    b->idf = idf.ptr;
    return index_keys(b, c);
}
