/* SPDX-License-Identifier: MIT
 *
 * Scoring.  A text is known in advance, so the n-grams that end at its bytes are searched level by level for many
 * bytes side by side: each step asks for memory that the next step of the same byte needs, and turns to the others.
 */
#include "ngram_score.h"

enum { BLOCK = 128 };

#if defined(__GNUC__)
#define FETCH(at) __builtin_prefetch(at)
#else
#define FETCH(at) ((void)(at))
#endif

/* ln(1/256): what a byte that training never saw has before the backoff of the empty context. */
static const double log_bottom = -5.545177444479562;

pm_status ngram_index(pm_call *c, ngram_model *m)
{
    const ngram_level *l = m->trie.level;
    uint32_t *pair = c->host->own(c, 65536, sizeof *pair);
    if (!pair) return PM_E_MEMORY;
    for (size_t i = 0; i < 65536; i++) pair[i] = NGRAM_NONE;
    for (size_t i = 0; i < 256; i++) m->one[i] = NGRAM_NONE;
    for (uint32_t x = 0; x < l[1].n; x++) {
        m->one[l[1].byte[x]] = x;
        if (m->trie.order == 1) continue;
        for (uint32_t y = l[1].start[x]; y < l[1].start[x + 1]; y++)
            pair[(size_t)l[2].byte[y] << 8 | l[1].byte[x]] = y;
    }
    m->pair = pair;
    return PM_OK;
}

size_t ngram_code_points(pm_str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) n += ((uint8_t)text.ptr[i] & 0xc0u) != 0x80u;
    return n;
}

/* ---- the longest known n-gram at every byte of a block ----------------------------------------------------------- */

typedef struct block { /* row 0 is the byte before the block */
    uint32_t node[NGRAM_MAX_ORDER + 1][BLOCK + 1];
    uint8_t depth[BLOCK + 1]; /* levels found */
    uint8_t live[BLOCK];      /* rows - 1 that may go deeper */
    uint32_t lo[BLOCK], hi[BLOCK];
    size_t n_live;
} block;

static void first_levels(const ngram_model *m, block *b, const uint8_t *text, size_t begin,
                         size_t n)
{
    const int order = m->trie.order;
    b->n_live = 0;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *at = text + begin + i;
        const uint32_t one = m->one[*at];
        uint32_t two = NGRAM_NONE;
        uint8_t depth = one != NGRAM_NONE;
        if (depth && order > 1 && begin + i > 0) two = m->pair[(size_t)at[-1] << 8 | *at];
        b->node[1][i + 1] = one;
        b->node[2][i + 1] = two;
        if (two != NGRAM_NONE) {
            depth = 2;
            if (order > 2 && begin + i > 1) {
                b->live[b->n_live++] = (uint8_t)i;
                FETCH(m->trie.level[2].start + two);
            } else {
                FETCH(m->trie.level[2].log_p + two);
            }
        }
        b->depth[i + 1] = depth;
    }
}

/* From level k - 1 to level k. */
static void deeper(const ngram_trie *t, block *b, const uint8_t *text, size_t begin, int k)
{
    const ngram_level *from = &t->level[k - 1], *to = &t->level[k];
    size_t kept = 0;
    for (size_t a = 0; a < b->n_live; a++) {
        const uint32_t x = b->node[k - 1][b->live[a] + 1];
        b->lo[a] = from->start[x];
        b->hi[a] = from->start[x + 1];
        FETCH(to->byte + b->lo[a]);
    }
    for (size_t a = 0; a < b->n_live; a++) {
        const size_t i = b->live[a];
        const uint32_t y = ngram_child(to, b->lo[a], b->hi[a], text[begin + i - ((size_t)k - 1)]);
        if (y == NGRAM_NONE) {
            FETCH(from->log_p + b->node[k - 1][i + 1]);
            continue;
        }
        b->node[k][i + 1] = y;
        b->depth[i + 1] = (uint8_t)k;
        if (k < t->order && begin + i >= (size_t)k) {
            FETCH(to->start + y);
            b->live[kept++] = (uint8_t)i;
        } else {
            FETCH(to->log_p + y);
        }
    }
    b->n_live = kept;
}

/* Contexts that are longer than the n-gram found, of levels depth .. what the byte before reached. */
static int longest_context(const ngram_trie *t, const block *b, size_t row)
{
    const int before = b->depth[row - 1];
    return before < t->order - 1 ? before : t->order - 1;
}

static void fetch_backoffs(const ngram_trie *t, const block *b, size_t n)
{
    for (size_t row = 1; row <= n; row++)
        for (int k = b->depth[row]; k <= longest_context(t, b, row); k++)
            FETCH(t->level[k].log_backoff + b->node[k][row - 1]);
}

static double log_p_of(const ngram_trie *t, const block *b, size_t row)
{
    const int depth = b->depth[row];
    double sum = depth ? (double)t->level[depth].log_p[b->node[depth][row]] : log_bottom;
    for (int k = depth; k <= longest_context(t, b, row); k++)
        sum += (double)t->level[k].log_backoff[b->node[k][row - 1]];
    return sum;
}

static void carry(const ngram_trie *t, block *b, size_t n)
{
    b->depth[0] = b->depth[n];
    for (int k = 1; k <= t->order; k++) b->node[k][0] = b->node[k][n];
}

/* ---- sums -------------------------------------------------------------------------------------------------------- */

typedef struct parts {
    double *nats;
    size_t n, chars, seen, p,
        end; /* code points begun; the part in hand ends before `end` of them */
} parts;

/* Where part p ends: (p + 1) chars / n without overflow. */
static size_t part_end(const parts *s)
{
    const size_t whole = s->chars / s->n, rest = s->chars % s->n;
    return whole * (s->p + 1) + rest * (s->p + 1) / s->n;
}

static void add_to_part(parts *s, uint8_t byte, double nats)
{
    if ((byte & 0xc0u) != 0x80u) {
        while (s->seen >= s->end && s->p + 1 < s->n) {
            s->p++;
            s->end = part_end(s);
        }
        s->seen++;
    }
    s->nats[s->p] += nats;
}

double ngram_nats(const ngram_model *m, pm_str text, const double *weight, double *part,
                  size_t n_parts)
{
    const uint8_t *at = (const uint8_t *)text.ptr;
    const ngram_trie *t = &m->trie;
    block b;
    double sum = 0;
    parts s = {.nats = part, .n = n_parts};
    if (part) {
        s.chars = ngram_code_points(text);
        s.end = part_end(&s);
        for (size_t p = 0; p < n_parts; p++) part[p] = 0;
    }
    b.depth[0] = 0;
    b.node[0][0] = 0;
    for (size_t row = 1; row <= BLOCK; row++) b.node[0][row] = 0;
    for (size_t begin = 0; begin < text.len; begin += BLOCK) {
        const size_t n = text.len - begin < BLOCK ? text.len - begin : BLOCK;
        first_levels(m, &b, at, begin, n);
        for (int k = 3; k <= t->order && b.n_live; k++) deeper(t, &b, at, begin, k);
        fetch_backoffs(t, &b, n);
        for (size_t row = 1; row <= n; row++) {
            const double all = -log_p_of(t, &b, row);
            const double nats = weight ? weight[begin + row - 1] * all : all;
            sum += nats;
            if (part) add_to_part(&s, at[begin + row - 1], nats);
        }
        carry(t, &b, n);
    }
    return sum > 0 ? sum : 0;
}
