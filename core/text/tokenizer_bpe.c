/* SPDX-License-Identifier: MIT
 *
 * Byte pair encoding: a word's symbols are merged, the pair of lowest rank first and of equal ones the leftmost
 * (Sennrich, Haddow and Birch 2016).  Short words are searched again and again, long ones keep a heap.
 */
#include "text/tokenizer_private.h"
#include "text/unicode.h"

enum { SHORT_WORD = 24 };

static uint64_t pair_hash(uint32_t left, uint32_t right)
{
    uint64_t h = ((uint64_t)left << 32 | right) * 0x9E3779B97F4A7C15u;
    return h >> 20 ^ h >> 43;
}

static size_t bit_of(const model *m, uint64_t h)
{
    return (h * 0xD6E8FEB86659FD93u >> 24) & (8 * (m->pair_mask + 1) - 1);
}

static const merge_slot *find_pair(const model *m, uint32_t left, uint32_t right)
{
    uint64_t h = pair_hash(left, right);
    size_t bit = bit_of(m, h);
    if (!(m->pair_bits[bit / 64] >> bit % 64 & 1)) return NULL;
    for (size_t i = h & m->pair_mask;; i = (i + 1) & m->pair_mask) {
        const merge_slot *s = &m->pair[i];
        if (s->right == PIECE_NONE) return NULL;
        if (s->left == left && s->right == right) return s;
    }
}

bool tokenizer_index_merges(model *m, const uint32_t *made, arena *a)
{
    size_t size = 16;
    while (size < 2 * m->n_merges) size *= 2;
    m->pair = arena_alloc(a, size, sizeof *m->pair);
    m->pair_bits = arena_alloc(a, size / 8, sizeof *m->pair_bits);
    if (!m->pair || !m->pair_bits) return false;
    m->pair_mask = size - 1;
    for (size_t i = 0; i < size; i++) m->pair[i].right = PIECE_NONE;
    for (size_t k = 0; k < m->n_merges; k++) {
        uint32_t left = m->merge[k][0], right = m->merge[k][1];
        uint64_t h = pair_hash(left, right);
        size_t i = h & m->pair_mask, bit = bit_of(m, h);
        m->pair_bits[bit / 64] |= UINT64_C(1) << bit % 64;
        while (m->pair[i].right != PIECE_NONE &&
               (m->pair[i].left != left || m->pair[i].right != right))
            i = (i + 1) & m->pair_mask;
        m->pair[i] = (merge_slot){left, right, (uint32_t)k, made[k]}; /* the last one counts */
    }
    return true;
}

/* ---- symbols of a word ---- */

static void add(token_room *r, size_t *n, uint32_t id, uint32_t len)
{
    r->symbol[*n] = (symbol){id, len, (int32_t)*n - 1, (int32_t)*n + 1};
    ++*n;
}

/* A code point with the word's prefix or suffix as a piece. */
static uint32_t letter_id(const tokenizer *t, token_room *r, pm_str s, bool first, bool last)
{
    const model *m = &t->model;
    bool prefix = m->prefix.ptr && !first, suffix = m->suffix.ptr && last;
    if (!prefix && !suffix) return piece_map_find(&t->find, s.ptr, s.len);
    str_clear(&r->letters);
    if (prefix) str_put(&r->letters, m->prefix.ptr, m->prefix.len);
    str_put(&r->letters, s.ptr, s.len);
    if (suffix) str_put(&r->letters, m->suffix.ptr, m->suffix.len);
    if (r->letters.failed) r->failed = true;
    return piece_map_find(&t->find, str_text(&r->letters), r->letters.len);
}

typedef struct pending { /* unknown symbols not yet put */
    bool any;
    uint32_t len;
} pending;

static void put_unknown(const model *m, token_room *r, size_t *n, pending *u)
{
    if (u->any) add(r, n, m->unknown, u->len);
    u->any = false;
}

/* What happens to a letter that is no piece; the bytes of the letter with its prefix and suffix. */
static void no_piece(const tokenizer *t, token_room *r, pm_str s, size_t *n, pending *u)
{
    const model *m = &t->model;
    if (m->byte_fallback) {
        bool all = true;
        for (size_t i = 0; i < s.len; i++) all &= m->byte_id[(unsigned char)s.ptr[i]] != PIECE_NONE;
        if (all) {
            for (size_t i = 0; i < s.len; i++) add(r, n, m->byte_id[(unsigned char)s.ptr[i]], 1);
            return;
        }
    }
    if (m->unknown == PIECE_NONE) return;
    if (u->any && !m->fuse_unknown) put_unknown(m, r, n, u);
    u->len = (u->any ? u->len : 0) + (uint32_t)s.len;
    u->any = true;
}

static size_t letters(const tokenizer *t, token_room *r, const char *s, size_t len)
{
    size_t n = 0;
    pending u = {false, 0};
    for (size_t i = 0, width; i < len; i += width) {
        (void)unicode_at(s + i, &width);
        const pm_str one = {s + i, width};
        uint32_t id = letter_id(t, r, one, i == 0, i + width == len);
        if (id == PIECE_NONE) {
            bool dressed = (t->model.prefix.ptr && i > 0) ||
                           (t->model.suffix.ptr && i + width == len);
            pm_str whole = dressed ? (pm_str){str_text(&r->letters), r->letters.len} : one;
            no_piece(t, r, whole, &n, &u);
            continue;
        }
        put_unknown(&t->model, r, &n, &u);
        add(r, &n, id, (uint32_t)width);
    }
    put_unknown(&t->model, r, &n, &u);
    return n;
}

static size_t raw_letters(const tokenizer *t, token_room *r, const char *s, size_t len)
{
    const model *m = &t->model;
    size_t n = 0;
    pending u = {false, 0};
    for (size_t i = 0; i < len; i++) {
        uint32_t id = m->letter[(unsigned char)s[i]];
        if (id != PIECE_NONE) {
            put_unknown(m, r, &n, &u);
            add(r, &n, id, 1);
            continue;
        }
        if (m->unknown == PIECE_NONE) continue;
        if (u.any && !m->fuse_unknown) put_unknown(m, r, &n, &u);
        u.len = (u.any ? u.len : 0) + 1;
        u.any = true;
    }
    put_unknown(m, r, &n, &u);
    return n;
}

/* ---- merging ---- */

/* Few symbols: the pairs' ranks stand beside them and the smallest is searched. */
static size_t merge_few(const model *m, symbol *s, size_t n)
{
    const merge_slot *pair[SHORT_WORD];
    for (size_t i = 0; i + 1 < n; i++) pair[i] = find_pair(m, s[i].id, s[i + 1].id);
    while (n > 1) {
        size_t best = n;
        uint32_t rank = UINT32_MAX;
        for (size_t i = 0; i + 1 < n; i++)
            if (pair[i] && pair[i]->rank < rank) rank = pair[i]->rank, best = i;
        if (best == n) break;
        s[best].id = pair[best]->made;
        s[best].len += s[best + 1].len;
        n--;
        for (size_t i = best + 1; i < n; i++) {
            s[i] = s[i + 1];
            pair[i] = pair[i + 1];
        }
        if (best > 0) pair[best - 1] = find_pair(m, s[best - 1].id, s[best].id);
        if (best + 1 < n) pair[best] = find_pair(m, s[best].id, s[best + 1].id);
    }
    return n;
}

static bool before(heap_entry a, heap_entry b)
{
    return a.rank != b.rank ? a.rank < b.rank : a.at < b.at;
}

static void heap_down(heap_entry *h, size_t n, size_t i)
{
    heap_entry x = h[i];
    for (size_t k; (k = 2 * i + 1) < n; i = k) {
        if (k + 1 < n && before(h[k + 1], h[k])) k++;
        if (!before(h[k], x)) break;
        h[i] = h[k];
    }
    h[i] = x;
}

static void heap_push(token_room *r, size_t *n, heap_entry x)
{
    if (*n == r->heap_capacity && !mem_grow(&r->heap, &r->heap_capacity, *n + 1, sizeof *r->heap)) {
        r->failed = true;
        return;
    }
    size_t i = (*n)++;
    for (size_t up; i > 0 && before(x, r->heap[up = (i - 1) / 2]); i = up) r->heap[i] = r->heap[up];
    r->heap[i] = x;
}

static void offer(const model *m, token_room *r, size_t *n, int32_t left, int32_t right)
{
    const merge_slot *p = find_pair(m, r->symbol[left].id, r->symbol[right].id);
    if (p) heap_push(r, n, (heap_entry){p->rank, (uint32_t)left, p->made});
}

/* Many symbols: a heap of pairs; entries that a merge has overtaken are passed over.  len 0: merged away. */
static size_t merge_many(const model *m, token_room *r, size_t n)
{
    symbol *s = r->symbol;
    size_t held = 0;
    s[n - 1].next = -1;
    for (size_t i = 0; i + 1 < n && !r->failed; i++) {
        const merge_slot *p = find_pair(m, s[i].id, s[i + 1].id);
        if (!p) continue;
        if (!mem_grow(&r->heap, &r->heap_capacity, held + 1, sizeof *r->heap))
            r->failed = true;
        else
            r->heap[held++] = (heap_entry){p->rank, (uint32_t)i, p->made};
    }
    for (size_t i = held / 2; i-- > 0;) heap_down(r->heap, held, i);
    while (held > 0 && !r->failed) {
        heap_entry top = r->heap[0];
        r->heap[0] = r->heap[--held];
        if (held > 0) heap_down(r->heap, held, 0);
        symbol *x = &s[top.at];
        if (x->len == 0 || x->next < 0) continue;
        const merge_slot *p = find_pair(m, x->id, s[x->next].id);
        if (!p || p->made != top.made) continue;
        symbol *y = &s[x->next];
        x->id = top.made;
        x->len += y->len;
        y->len = 0;
        x->next = y->next;
        if (x->next >= 0) s[x->next].prev = (int32_t)top.at;
        if (x->prev >= 0) offer(m, r, &held, x->prev, (int32_t)top.at);
        if (x->next >= 0) offer(m, r, &held, (int32_t)top.at, x->next);
    }
    size_t left = 0;
    for (size_t i = 0; i < n; i++)
        if (s[i].len > 0) s[left++] = s[i];
    return left;
}

/* The id of the word itself where the model takes whole words first. */
static uint32_t whole_word(const tokenizer *t, token_room *r, const char *s, size_t len)
{
    if (!t->model.raw) return piece_map_find(&t->find, s, len);
    str_clear(&r->letters);
    for (size_t i = 0; i < len; i++) {
        char bytes[4];
        str_put(&r->letters, bytes, unicode_put(byte_letter((unsigned char)s[i]), bytes));
    }
    if (r->letters.failed) r->failed = true;
    return piece_map_find(&t->find, str_text(&r->letters), r->letters.len);
}

void tokenizer_bpe(const tokenizer *t, token_room *r, const char *s, size_t len)
{
    const model *m = &t->model;
    if (m->ignore_merges && len <= 4096) {
        uint32_t id = whole_word(t, r, s, len);
        if (id != PIECE_NONE) {
            piece_put(r, id, (uint32_t)len);
            return;
        }
    }
    size_t most = len + m->prefix.len + m->suffix.len;
    if (m->byte_fallback) most += len * m->prefix.len;
    if (!mem_grow(&r->symbol, &r->symbol_capacity, most + 1, sizeof *r->symbol)) {
        r->failed = true;
        return;
    }
    size_t n = m->raw ? raw_letters(t, r, s, len) : letters(t, r, s, len);
    if (n == 0 || r->failed) return;
    n = n <= SHORT_WORD ? merge_few(m, r->symbol, n) : merge_many(m, r, n);
    uint32_t end = 0;
    for (size_t i = 0; i < n; i++) {
        end += r->symbol[i].len;
        piece_put(r, r->symbol[i].id, end < len ? end : (uint32_t)len);
    }
}
