/* SPDX-License-Identifier: MIT
 *
 * Reading a text for lsa: UTF-8, lower case, words and white space, n-grams, hashes and counts.
 * Approximates Unicode by ranges; knows nothing of weights or of training.
 */
#include "lsa_grams.h"

enum { MIN_CHARS = 3, MAX_CHARS = 5 };
static const size_t longest_text = (size_t)1 << 28; /* bytes: offsets are 32 bits */

static uint32_t rotate(uint32_t x, int by)
{
    return (x << by) | (x >> (32 - by));
}

/* MurmurHash3_x86_32 of `len` bytes, seed 0 (A. Appleby, public domain). */
uint32_t grams_murmur3(const unsigned char *at, size_t len)
{
    uint32_t h = 0, k;
    size_t whole = len & ~(size_t)3;
    for (size_t b = 0; b < whole; b += 4) {
        k = (uint32_t)at[b] | (uint32_t)at[b + 1] << 8 | (uint32_t)at[b + 2] << 16 |
            (uint32_t)at[b + 3] << 24;
        h ^= rotate(k * 0xcc9e2d51u, 15) * 0x1b873593u;
        h = rotate(h, 13) * 5 + 0xe6546b64u;
    }
    k = 0;
    for (size_t b = len; b-- > whole;) k = k << 8 | at[b];
    h ^= rotate(k * 0xcc9e2d51u, 15) * 0x1b873593u; /* no tail: k = 0 changes nothing */
    h ^= (uint32_t)len;
    h = (h ^ h >> 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    return h ^ h >> 16;
}

/* The bucket of scikit-learn's FeatureHasher without signs: |hash as a signed number| mod buckets. */
static uint32_t bucket_of(const unsigned char *at, size_t len, size_t buckets)
{
    uint32_t h = grams_murmur3(at, len);
    return (h > 0x80000000u ? 0u - h : h) % (uint32_t)buckets;
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

static size_t encode(uint32_t cp, unsigned char *out)
{
    if (cp < 0x80) return out[0] = (unsigned char)cp, 1;
    size_t size = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t b = size - 1; b > 0; b--, cp >>= 6) out[b] = (unsigned char)(0x80 | (cp & 0x3f));
    out[0] = (unsigned char)((0xf00u >> size & 0xffu) | cp);
    return size;
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
    if (cp < 0x80)
        return (cp >= 'a' && cp <= 'z') || (cp >= '0' && cp <= '9') || cp == '_' ||
               (cp >= 'A' && cp <= 'Z');
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

/* A text made ready: lower case, runs of two or more white spaces one blank (a single one stays what it
 * is, as in scikit-learn); and its words, one blank apart. */
struct reading {
    unsigned char *chars, *words;
    uint32_t *char_at, *word_at; /* [n + 1] byte offsets; words: of beginnings, then end + 1 */
    size_t n_chars, n_words;
};

static pm_status read_text(pm_call *c, pm_str text, struct reading *out)
{
    const unsigned char *at = (const unsigned char *)text.ptr;
    if (text.len > longest_text)
        return c->host->fail(c, PM_E_ARG, "a text of %zu bytes; at most %zu", text.len,
                             longest_text);
    /* A broken byte becomes the three of U+FFFD: at most 3 bytes a byte; words gain a blank each. */
    unsigned char *bytes = c->host->scratch(c, 5 * text.len + 2, 1);
    uint32_t *offsets = c->host->scratch(c, 2 * text.len + 4, sizeof *offsets);
    if (!bytes || !offsets) return PM_E_MEMORY;
    *out = (struct reading){bytes, bytes + 3 * text.len, offsets, offsets + text.len + 1, 0, 0};
    size_t end = 0, word_end = 0;
    int in_space = 0, in_word = 0;
    for (size_t b = 0; b < text.len;) {
        uint32_t cp = lower(decode(at, text.len, &b));
        int space = is_space(cp), word = !space && is_word(cp);
        if (in_word && !word) out->words[word_end++] = ' ';
        if (word && !in_word) out->word_at[out->n_words++] = (uint32_t)word_end;
        if (word) word_end += encode(cp, out->words + word_end);
        in_word = word;
        if (space && in_space) { /* a run: its first becomes the blank, the others vanish */
            end = out->char_at[out->n_chars - 1];
            out->chars[end++] = ' ';
            continue;
        }
        in_space = space;
        out->char_at[out->n_chars++] = (uint32_t)end;
        end += encode(cp, out->chars + end);
    }
    if (in_word) out->words[word_end++] = ' ';
    out->char_at[out->n_chars] = (uint32_t)end;
    out->word_at[out->n_words] = (uint32_t)word_end;
    return PM_OK;
}

/* Bound on the n-grams of a text: words and pairs of them, and 3 lengths of characters. */
size_t grams_most(pm_str text)
{
    return 4 * text.len + 2;
}

/* Least significant digit first, 24 bits.  Few keys: 4 digits of 6 bits, since clearing and adding up
 * thousands of counters would take longer than the keys do; many: 2 of 12. */
static void sort_keys(uint32_t *key, uint32_t *other, size_t n)
{
    int bits = n < 4096 ? 6 : 12;
    uint32_t digits = 1u << bits, count[4097];
    for (int shift = 0; shift < 24; shift += bits) {
        memset(count, 0, (digits + 1) * sizeof *count);
        for (size_t i = 0; i < n; i++) count[(key[i] >> shift & (digits - 1)) + 1]++;
        for (uint32_t d = 0; d < digits; d++) count[d + 1] += count[d];
        for (size_t i = 0; i < n; i++) other[count[key[i] >> shift & (digits - 1)]++] = key[i];
        uint32_t *swap = key;
        key = other;
        other = swap;
    }
}

/* The distinct keys of a text, ascending, and how often each occurs.  key, times [most_grams]. */
pm_status grams_count(pm_call *c, pm_str text, size_t buckets, uint32_t *key, float *times,
                      size_t *n_out)
{
    struct reading r = {0};
    pm_status st = read_text(c, text, &r);
    if (st != PM_OK) return st;
    uint32_t *other = c->host->scratch(c, grams_most(text), sizeof *other);
    if (!other) return PM_E_MEMORY;
    size_t n = 0, distinct = 0;
    for (size_t w = 0; w < r.n_words; w++)
        for (size_t g = 1; g <= 2 && w + g <= r.n_words; g++)
            key[n++] =
                bucket_of(r.words + r.word_at[w], r.word_at[w + g] - 1 - r.word_at[w], buckets);
    for (size_t a = 0; a < r.n_chars; a++)
        for (size_t g = MIN_CHARS; g <= MAX_CHARS && a + g <= r.n_chars; g++)
            key[n++] = (uint32_t)buckets +
                       bucket_of(r.chars + r.char_at[a], r.char_at[a + g] - r.char_at[a], buckets);
    sort_keys(key, other, n);
    for (size_t i = 0; i < n; i++) {
        if (distinct && key[distinct - 1] == key[i])
            times[distinct - 1] += 1;
        else
            key[distinct] = key[i], times[distinct++] = 1;
    }
    *n_out = distinct;
    return PM_OK;
}
