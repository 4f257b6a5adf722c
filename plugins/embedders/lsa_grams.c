/* SPDX-License-Identifier: MIT
 *
 * Reading a text for lsa: UTF-8, lower case, words and white space, n-grams, hashes and counts.
 * Approximates Unicode by ranges; knows nothing of weights or of training.
 */
#include "lsa_grams.h"

enum { MIN_CHARS = 3, MAX_CHARS = 5, WINDOW = 2048, MOST_KEYS = 65536 };
static const size_t longest_text = (size_t)1 << 28; /* bytes: counts are floats, offsets 32 bits */

/* The first outputs of SplitMix64 from 0 (Steele et al. 2014), the last bit set: place of a character, step of a
 * word, of a pair, and the final product. */
static const uint64_t place[MAX_CHARS] = {0xe220a8397b1dcdafu, 0x6e789e6aa1b965f5u,
                                          0x06c45d188009454fu, 0xf88bb8a8724c81edu,
                                          0x1b39896a51a8749bu};
static const uint64_t word_step = 0x53cb9f0c747ea2ebu, pair_step = 0x2c829abe1f4532e1u,
                      final_step = 0xc584133ac916ab3du;

struct grams {
    pm_call *call;
    size_t buckets, groups; /* groups of 64 keys */
    uint64_t *seen;         /* [groups] bit of every key of this text; zero between texts */
    uint64_t *top;          /* [groups / 64, up] which groups are not zero */
    uint32_t *rank;         /* [groups] distinct keys in earlier groups */
    uint32_t *key;          /* [most] every n-gram of the text ... */
    size_t n_key, most;
    uint32_t *many; /* [2 buckets] ... or how often each key came, once there are too many */
    uint32_t *cp;   /* [WINDOW] lower-case characters whose n-grams are still to be taken */
    size_t n_cp;
};

/* Compiled for CPUs with more instructions too (counting of bits), chosen when the plugin is loaded. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

static unsigned count_bits(uint64_t x)
{
#if defined(__GNUC__)
    return (unsigned)__builtin_popcountll(x);
#else
    unsigned n = 0;
    for (; x; x &= x - 1) n++;
    return n;
#endif
}

static unsigned lowest_bit(uint64_t x) /* x != 0 */
{
#if defined(__GNUC__)
    return (unsigned)__builtin_ctzll(x);
#else
    unsigned n = 0;
    for (; !(x & 1); x >>= 1) n++;
    return n;
#endif
}

/* Decodes one code point, advancing *at; a broken byte reads as U+FFFD and is one byte long. */
static uint32_t decode(const unsigned char *text, size_t len, size_t *at)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t first = text[(*at)++];
    if (first < 0x80) return first;
    size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2, left = len - *at;
    if (first < 0xc2 || first > 0xf4 || left < size - 1) return 0xfffd;
    uint32_t cp = first & (0xffu >> (size + 1));
    for (size_t b = 0; b + 1 < size; b++) {
        if ((text[*at + b] & 0xc0) != 0x80) return 0xfffd;
        cp = cp << 6 | (text[*at + b] & 0x3fu);
    }
    if (cp < least[size] || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000)) return 0xfffd;
    *at += size - 1;
    return cp;
}

/* Simple lower case of ASCII, Latin-1, Latin Extended-A, Greek and Cyrillic; the rest stays as it is
 * (also the final sigma, which depends on its place in the word). */
static uint32_t lower(uint32_t cp)
{
    if (cp < 0x80) return cp >= 'A' && cp <= 'Z' ? cp + 32 : cp;
    if (cp >= 0xc0 && cp <= 0xde) return cp == 0xd7 ? cp : cp + 32;
    if ((cp >= 0x139 && cp <= 0x148) || (cp >= 0x179 && cp <= 0x17e)) return cp + (cp & 1);
    if (cp == 0x178) return 0xff;
    if (cp >= 0x100 && cp <= 0x177 && cp != 0x130 && cp != 0x138 && cp != 0x149) return cp | 1;
    if (cp >= 0x391 && cp <= 0x3ab) return cp == 0x3a2 ? cp : cp + 32;
    if (cp == 0x386) return 0x3ac;
    if (cp >= 0x388 && cp <= 0x38a) return cp + 37;
    if (cp == 0x38c) return 0x3cc;
    if (cp == 0x38e || cp == 0x38f) return cp + 63;
    if (cp >= 0x410 && cp <= 0x42f) return cp + 32;
    if (cp >= 0x400 && cp <= 0x40f) return cp + 80;
    return cp;
}

static int is_space(uint32_t cp)
{
    return cp == ' ' || (cp >= 0x09 && cp <= 0x0d) || (cp >= 0x1c && cp <= 0x1f) || cp == 0x85 ||
           cp == 0xa0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) || cp == 0x2028 ||
           cp == 0x2029 || cp == 0x202f || cp == 0x205f || cp == 0x3000;
}

/* Ranges at and above U+0080 that do not make words: punctuation, symbols, spaces, marks, emoji. */
static const uint32_t not_words[][2] = {
    {0x80, 0xa9},        {0xab, 0xb1},     {0xb4, 0xb4},     {0xb6, 0xb8},       {0xbb, 0xbb},
    {0xbf, 0xbf},        {0xd7, 0xd7},     {0xf7, 0xf7},     {0x2c2, 0x2c5},     {0x2d2, 0x2df},
    {0x300, 0x36f},      {0x37e, 0x37e},   {0x387, 0x387},   {0x55a, 0x55f},     {0x589, 0x58a},
    {0x5be, 0x5be},      {0x60c, 0x60d},   {0x61b, 0x61f},   {0x66a, 0x66d},     {0x6d4, 0x6d4},
    {0x964, 0x965},      {0x1680, 0x1680}, {0x2000, 0x206f}, {0x207a, 0x207e},   {0x208a, 0x208e},
    {0x20a0, 0x20ff},    {0x2190, 0x245f}, {0x2500, 0x2775}, {0x2794, 0x2bff},   {0x2e00, 0x2e7f},
    {0x3000, 0x3004},    {0x3008, 0x3020}, {0x3030, 0x3030}, {0x303d, 0x3040},   {0x30a0, 0x30a0},
    {0x30fb, 0x30fb},    {0xe000, 0xf8ff}, {0xfe00, 0xfe6f}, {0xff00, 0xff0f},   {0xff1a, 0xff20},
    {0xff3b, 0xff40},    {0xff5b, 0xff65}, {0xffe0, 0xffff}, {0x1f000, 0x1f0ff}, {0x1f10d, 0x1faff},
    {0xe0000, 0x10ffff},
};

static int is_word(uint32_t cp)
{
    size_t lo = 0, hi = sizeof not_words / sizeof *not_words;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (not_words[mid][1] < cp)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo == sizeof not_words / sizeof *not_words || not_words[lo][0] > cp;
}

/* ---- keys ---- */

static uint32_t bucket_of(uint64_t hash, size_t buckets)
{
    return (uint32_t)(((hash >> 32) * buckets) >> 32);
}

static uint64_t mixed(uint64_t x)
{
    return (x ^ x >> 32) * final_step;
}

static uint32_t mark(uint64_t *restrict seen, uint64_t *restrict top, uint32_t key)
{
    seen[key >> 6] |= (uint64_t)1 << (key & 63);
    top[key >> 12] |= (uint64_t)1 << (key >> 6 & 63);
    return key;
}

static void push(struct grams *g, uint32_t key)
{
    g->key[g->n_key++] = mark(g->seen, g->top, key);
}

/* Moves the keys so far into counts when the room for them runs out. */
static pm_status spill(struct grams *g)
{
    if (!g->many) g->many = g->call->host->scratch(g->call, 2 * g->buckets, sizeof *g->many);
    if (!g->many) return PM_E_MEMORY;
    for (size_t i = 0; i < g->n_key; i++) g->many[g->key[i]]++;
    g->n_key = 0;
    return PM_OK;
}

/* The n-grams of characters that begin in [0, n_cp - keep), of which those beyond the end are none. */
static void push_chars(struct grams *g, size_t keep)
{
    const size_t buckets = g->buckets;
    const uint32_t first = (uint32_t)buckets, *cp = g->cp;
    uint32_t *restrict key = g->key + g->n_key;
    uint64_t *restrict seen = g->seen, *restrict top = g->top;
    size_t n = g->n_cp - keep, a = 0;
    for (; a < n && a + MAX_CHARS <= g->n_cp; a++) {
        uint64_t three = place[0] * cp[a] + place[1] * cp[a + 1] + place[2] * cp[a + 2];
        uint64_t four = three + place[3] * cp[a + 3], five = four + place[4] * cp[a + 4];
        key[3 * a] = mark(seen, top, first + bucket_of(three, buckets));
        key[3 * a + 1] = mark(seen, top, first + bucket_of(four, buckets));
        key[3 * a + 2] = mark(seen, top, first + bucket_of(five, buckets));
    }
    g->n_key += 3 * a;
    for (; a < n; a++) {
        uint64_t hash = 0;
        for (size_t i = 0; i < MAX_CHARS && a + i < g->n_cp; i++) {
            hash += place[i] * cp[a + i];
            if (i + 1 >= MIN_CHARS) push(g, first + bucket_of(hash, buckets));
        }
    }
}

/* Takes the n-grams of a full window.  The last characters stay: their n-grams reach further, and the very last
 * may still turn from a white space into the blank of a run. */
static pm_status next_window(struct grams *g)
{
    push_chars(g, MAX_CHARS);
    for (size_t i = 0; i < MAX_CHARS; i++) g->cp[i] = g->cp[g->n_cp - MAX_CHARS + i];
    g->n_cp = MAX_CHARS;
    return g->n_key + 5 * WINDOW > g->most ? spill(g) : PM_OK;
}

struct words { /* the word being read, and the one before */
    uint64_t hash, before;
    int inside, has_before;
};

static void end_word(struct grams *g, struct words *w)
{
    push(g, bucket_of(mixed(w->hash), g->buckets));
    if (w->has_before) push(g, bucket_of(mixed(w->before * pair_step + w->hash), g->buckets));
    w->before = w->hash;
    w->hash = 0;
    w->inside = 0;
    w->has_before = 1;
}

/* Bits of the ASCII characters that are letters, digits or '_', and of those that are white space. */
static const uint64_t ascii_word[2] = {0x03ff000000000000u, 0x07fffffe87fffffeu},
                      ascii_space = 0x00000001f0003e00u;

/* The ASCII letters, digits and '_' from text[*at] on, as far as the window reaches: most of most texts. */
static void read_ascii_word(struct grams *g, pm_str text, size_t *at, struct words *w)
{
    const unsigned char *byte = (const unsigned char *)text.ptr;
    size_t b = *at, n = g->n_cp, end = text.len - b < WINDOW - n ? text.len : b + WINDOW - n;
    uint32_t *restrict out = g->cp;
    uint64_t hash = w->hash;
    for (; b < end; b++) {
        uint32_t cp = byte[b];
        if (cp >= 0x80 || !(ascii_word[cp >> 6] >> (cp & 63) & 1)) break;
        cp += (uint32_t)(cp - 'A' < 26) << 5;
        hash = (hash + cp) * word_step;
        out[n++] = cp;
    }
    w->inside |= n > g->n_cp;
    w->hash = hash;
    g->n_cp = n;
    *at = b;
}

static pm_status read_text(struct grams *g, pm_str text)
{
    const unsigned char *at = (const unsigned char *)text.ptr;
    struct words w = {0};
    int in_space = 0;
    for (size_t b = 0; b < text.len;) {
        size_t before = g->n_cp;
        read_ascii_word(g, text, &b, &w);
        in_space = in_space && g->n_cp == before;
        if (b < text.len && g->n_cp < WINDOW) {
            uint32_t cp = at[b];
            int space, word = 0;
            if (cp < 0x80) {
                b++;
                space = ascii_space >> (cp < 64 ? cp : 63) & 1;
            } else {
                cp = lower(decode(at, text.len, &b));
                space = is_space(cp);
                word = !space && is_word(cp);
            }
            if (word)
                w.hash = (w.hash + cp) * word_step, w.inside = 1;
            else if (w.inside)
                end_word(g, &w);
            if (space && in_space) /* a run: its first becomes the blank, the others vanish */
                g->cp[g->n_cp - 1] = ' ';
            else
                g->cp[g->n_cp++] = cp;
            in_space = space;
        }
        if (g->n_cp < WINDOW) continue;
        pm_status st = next_window(g);
        if (st != PM_OK) return st;
    }
    if (w.inside) end_word(g, &w);
    push_chars(g, 0);
    g->n_cp = 0;
    return g->many ? spill(g) : PM_OK;
}

/* ---- counts ---- */

/* Writes the distinct keys in ascending order, or the columns of those that are kept; leaves in `seen` what was
 * written and in `rank` where.  A key of which nothing is kept leaves no trace. */
WIDE static size_t list_keys(struct grams *g, const grams_index *only, uint32_t *restrict key)
{
    const uint64_t *top = g->top, all = ~(uint64_t)0;
    uint64_t *restrict seen = g->seen;
    uint32_t *restrict rank = g->rank;
    size_t n = 0;
    for (size_t t = 0; t < (g->groups + 63) / 64; t++)
        for (uint64_t groups = top[t]; groups; groups &= groups - 1) {
            size_t w = 64 * t + lowest_bit(groups);
            uint64_t kept = only ? only->kept[w] : all, bits = seen[w] & kept;
            uint32_t first = only ? only->before[w] : (uint32_t)w << 6;
            seen[w] = bits;
            rank[w] = (uint32_t)n;
            for (; bits; bits &= bits - 1)
                key[n++] = first + count_bits(kept & ((bits & (0 - bits)) - 1));
        }
    return n;
}

/* times[n] takes what is not kept. */
WIDE static void count_keys(const struct grams *g, size_t n, float *times)
{
    for (size_t i = 0; i <= n; i++) times[i] = 0;
    for (size_t i = 0; i < g->n_key; i++) {
        uint32_t w = g->key[i] >> 6;
        uint64_t bit = (uint64_t)1 << (g->key[i] & 63), bits = g->seen[w];
        size_t at = g->rank[w] + count_bits(bits & (bit - 1));
        times[bits & bit ? at : n] += 1;
    }
}

static void clear(struct grams *g, float *times)
{
    size_t n = 0;
    for (size_t t = 0; t < (g->groups + 63) / 64; t++) {
        for (uint64_t groups = g->top[t]; groups; groups &= groups - 1) {
            size_t w = 64 * t + lowest_bit(groups);
            for (uint64_t bits = g->seen[w]; g->many && bits; bits &= bits - 1)
                times[n++] = (float)g->many[64 * w + lowest_bit(bits)];
            g->seen[w] = 0;
        }
        g->top[t] = 0;
    }
    if (g->many) memset(g->many, 0, 2 * g->buckets * sizeof *g->many);
    g->n_key = 0;
}

size_t grams_most(size_t bytes, size_t buckets)
{
    size_t all = bytes < 2 * buckets ? 4 * bytes + 2 : 2 * buckets;
    return (all < 2 * buckets ? all : 2 * buckets) + 1;
}

pm_status grams_open(pm_call *c, size_t buckets, size_t longest, struct grams **out)
{
    struct grams *g = c->host->scratch(c, 1, sizeof *g);
    if (!g) return PM_E_MEMORY;
    g->call = c;
    g->buckets = buckets;
    g->groups = (2 * buckets + 63) / 64;
    g->most = longest < MOST_KEYS / 4 ? 4 * longest + 5 * WINDOW : MOST_KEYS;
    g->seen = c->host->scratch(c, g->groups, sizeof *g->seen);
    g->top = c->host->scratch(c, (g->groups + 63) / 64, sizeof *g->top);
    g->rank = c->host->scratch(c, g->groups, sizeof *g->rank);
    g->key = c->host->scratch(c, g->most, sizeof *g->key);
    g->cp = c->host->scratch(c, WINDOW, sizeof *g->cp);
    *out = g;
    return g->seen && g->top && g->rank && g->key && g->cp ? PM_OK : PM_E_MEMORY;
}

pm_status grams_count(struct grams *g, pm_str text, const grams_index *only, uint32_t *key,
                      float *times, size_t *n_out)
{
    if (text.len > longest_text)
        return g->call->host->fail(g->call, PM_E_ARG, "a text of %zu bytes; at most %zu", text.len,
                                   longest_text);
    pm_status st = read_text(g, text);
    if (st != PM_OK) return st;
    *n_out = list_keys(g, only, key);
    if (!g->many) count_keys(g, *n_out, times);
    clear(g, times);
    return PM_OK;
}
