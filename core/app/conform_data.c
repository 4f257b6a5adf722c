/* SPDX-License-Identifier: MIT
 *
 * Toy problems: three topics with their own words, experts that are better at one topic.  Everything
 * about prompt g is a function of (seed, g), so that parts of any size fit together.
 */
#include "app/conform_data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/rng.h"
#include "data/library.h"

enum { TOPICS = 3, TOPIC_WORDS = 8, WORDS = (TOPICS + 1) * TOPIC_WORDS, DIM = 8, PROFILE = 4 };
enum { TEXT_BYTES = 512, MAX_ATTRS = 96 };
enum { S_TOPIC = 1, S_LENGTH, S_WORD, S_EMBED, S_NOISE, S_SEEN, S_SKILL, S_BATTLE, S_WEIGHT };

static const char *const WORD[WORDS] = {
    "prove",  "integer", "theorem", "equation", "prime",   "matrix",  "angle",       "sum",
    "python", "compile", "pointer", "function", "loop",    "array",   "debug",       "stack",
    "poem",   "verse",   "story",   "hero",     "evening", "letters", "metaphor",    "rhyme",
    "the",    "a",       "please",  "write",    "with",    "about",   "caf\xc3\xa9", "in"};

toy_shape toy_usual(uint64_t seed)
{
    toy_shape s = {48, 16, 24, 5, seed, PM_VALUE_QUALITY, 1.0, SIZE_MAX, NULL, TOY_BATTLES_EACH};
    return s;
}

static size_t topic_of(uint64_t seed, size_t g)
{
    return (size_t)rng_below(seed, S_TOPIC, g, TOPICS);
}

/* The words of prompt g; a fifth are common words.  Returns how many, at most 31. */
static size_t words_of(uint64_t seed, size_t g, uint32_t word[32])
{
    size_t n = 1 + (size_t)rng_below(seed, S_LENGTH, g, 31), topic = topic_of(seed, g);
    for (size_t w = 0; w < n; w++) {
        size_t from = rng_uniform(seed, S_WORD, g * 64 + w) < 0.2 ? TOPICS : topic;
        word[w] =
            (uint32_t)(from * TOPIC_WORDS + rng_below(seed, S_WORD, g * 64 + 32 + w, TOPIC_WORDS));
    }
    return n;
}

typedef struct prompt_room { /* what the arrays of n prompts live in */
    uint64_t *id, *start;
    pm_str *text;
    char *bytes;
    uint32_t *tokens, *col;
    float *embed, *val;
    pm_turn *turn;
    size_t *turn_start;
    const pm_attr **attr;
    uint32_t *n_attr;
} prompt_room;

static bool room_open(arena *a, size_t n, prompt_room *r)
{
    r->id = arena_alloc(a, n, sizeof *r->id);
    r->start = arena_alloc(a, n + 1, sizeof *r->start);
    r->text = arena_alloc(a, n, sizeof *r->text);
    r->bytes = arena_alloc(a, n, TEXT_BYTES);
    r->tokens = arena_alloc(a, n, sizeof *r->tokens);
    r->col = arena_alloc(a, n * WORDS, sizeof *r->col);
    r->embed = arena_alloc(a, n * DIM, sizeof *r->embed);
    r->val = arena_alloc(a, n * WORDS, sizeof *r->val);
    r->turn = arena_alloc(a, n, sizeof *r->turn);
    r->turn_start = arena_alloc(a, n + 1, sizeof *r->turn_start);
    r->attr = arena_alloc(a, n, sizeof *r->attr);
    r->n_attr = arena_alloc(a, n, sizeof *r->n_attr);
    return r->id && r->start && r->text && r->bytes && r->tokens && r->col && r->embed && r->val &&
           r->turn && r->turn_start && r->attr && r->n_attr;
}

static void room_view(const prompt_room *r, size_t n, size_t dim, size_t words, pm_prompts *out)
{
    pm_prompts x = {.size = sizeof x, .n = n, .id = r->id, .text = r->text, .tokens_in = r->tokens};
    x.embed = (pm_cmat){r->embed, n, dim, dim};
    x.sparse = (pm_csr){r->start, r->col, r->val, n, words};
    x.turn = r->turn;
    x.turn_start = r->turn_start;
    x.attr = r->attr;
    x.n_attr = r->n_attr;
    *out = x;
}

static void prompt_text(uint64_t seed, size_t g, char *at, pm_str *out, float count[WORDS])
{
    uint32_t word[32];
    size_t n = words_of(seed, g, word), len = 0;
    memset(count, 0, WORDS * sizeof *count);
    for (size_t w = 0; w < n; w++) {
        len += (size_t)snprintf(at + len, TEXT_BYTES - len, "%s%s", w ? " " : "", WORD[word[w]]);
        count[word[w]] += 1;
    }
    *out = (pm_str){at, len};
}

/* What prompts need differs from one to the next: nothing, an image, tools, both. */
static void prompt_attrs(size_t g, const pm_attr **attr, uint32_t *n_attr)
{
    static const pm_attr needs[] = {{"modalities", PM_ATTR_TEXT, 0, "text,image"},
                                    {"tools", PM_ATTR_FLAG, 1, NULL}};
    *n_attr = (uint32_t)(g % 4 + 1) / 2;
    *attr = *n_attr ? &needs[g % 4 == 2] : NULL;
}

static bool prompts_make(arena *a, uint64_t seed, size_t first, size_t n, pm_prompts *out)
{
    prompt_room r;
    if (!room_open(a, n, &r)) return false;
    uint64_t nnz = 0;
    for (size_t i = 0; i < n; i++) {
        size_t g = first + i;
        float count[WORDS];
        prompt_text(seed, g, r.bytes + i * TEXT_BYTES, &r.text[i], count);
        r.id[i] = 1000 + g;
        for (uint32_t w = 0; w < WORDS; w++) {
            if (count[w] <= 0) continue;
            r.col[nnz] = w;
            r.val[nnz++] = count[w];
            r.tokens[i] += (uint32_t)count[w];
        }
        r.start[i + 1] = nnz;
        for (size_t d = 0; d < DIM; d++)
            r.embed[i * DIM + d] = (float)((d == topic_of(seed, g) ? 1.0 : 0.0) +
                                           0.2 * rng_normal(seed, S_EMBED, g * DIM + d));
        r.turn[i] = (pm_turn){{"user", 4}, r.text[i]};
        r.turn_start[i + 1] = i + 1;
        prompt_attrs(g, &r.attr[i], &r.n_attr[i]);
    }
    room_view(&r, n, DIM, WORDS, out);
    return true;
}

/* Quality of expert j on prompt g, in [0.02, 0.98]: its level, its favourite topic, noise. */
static double quality_of(const toy_shape *s, size_t g, size_t j)
{
    double noise = 0.05 * rng_normal(s->seed, S_NOISE, g * 64 + j);
    double level = 0.25 + 0.5 * rng_uniform(s->seed, S_SKILL, j);
    double liking = topic_of(s->seed, g) == j % TOPICS ? 0.2 : 0.0;
    if (s->best != SIZE_MAX) {
        level = j == s->best ? 0.85 : 0.2;
        liking = 0;
    }
    return fmin(0.98, fmax(0.02, level + liking + noise));
}

static bool is_seen(const toy_shape *s, size_t g, size_t first, size_t j)
{
    if (s->observed >= 1) return true;
    if (g == first || (s->m > 1 && j == s->m - 1)) return false;
    return rng_uniform(s->seed, S_SEEN, g * 64 + j) < s->observed;
}

static pm_battle battle_of(const toy_shape *s, size_t first, size_t i)
{
    size_t g = first + i;
    uint32_t x = (uint32_t)rng_below(s->seed, S_BATTLE, 3 * g, s->m);
    uint32_t y = (uint32_t)((x + 1 + rng_below(s->seed, S_BATTLE, 3 * g + 1, s->m - 1)) % s->m);
    double gap = quality_of(s, g, x) - quality_of(s, g, y);
    float outcome = gap > 0.05 ? 1.0f : gap < -0.05 ? 0.0f : 0.5f;
    if (s->battles == TOY_BATTLES_TIED) outcome = 0.5f;
    if (s->battles == TOY_BATTLES_CROWDED) {
        i -= i % 8;
        outcome = (float)(0.5 + 0.5 * gap);
    }
    return (pm_battle){(uint32_t)i, x, y, (uint32_t)(g % 2), outcome, 1.0f};
}

static bool outcomes_make(arena *a, const toy_shape *s, size_t first, size_t n, pm_outcomes *out)
{
    size_t m = s->m;
    float *value = arena_alloc(a, n * m, sizeof *value);
    float *cost = arena_alloc(a, n * m, sizeof *cost);
    float *tokens = arena_alloc(a, n * m, sizeof *tokens);
    pm_battle *battle = arena_alloc(a, n, sizeof *battle);
    float *ms = arena_alloc(a, n * m, sizeof *ms), *grade = arena_alloc(a, n * m, sizeof *grade);
    pm_extra *extra = arena_alloc(a, 2, sizeof *extra);
    if (!value || !cost || !tokens || !battle || !ms || !grade || !extra) return false;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < m; j++) {
            double q = quality_of(s, first + i, j);
            bool seen = is_seen(s, first + i, first, j);
            double v = s->kind == PM_VALUE_LOSS ? 0.1 + 3.0 * (1.0 - q) : q;
            value[i * m + j] = seen ? (float)v : NAN;
            cost[i * m + j] = seen ? (float)(1e-4 * (double)(j + 1) * (1.0 + q)) : NAN;
            tokens[i * m + j] = seen ? (float)floor(20.0 + 100.0 * q) : NAN;
            ms[i * m + j] = seen ? (float)(100.0 * (double)(j + 1) * (1.0 + q)) : NAN;
            grade[i * m + j] = seen ? (float)(5.0 + (double)j + 4.0 * q) : NAN;
        }
        if (m > 1) battle[i] = battle_of(s, first, i);
    }
    pm_outcomes y = {.size = sizeof y, .kind = s->kind};
    y.value = (pm_cmat){value, n, m, m};
    y.cost_usd = (pm_cmat){cost, n, m, m};
    y.tokens_out = (pm_cmat){tokens, n, m, m};
    extra[0] = (pm_extra){"latency_ms", {ms, n, m, m}};
    extra[1] = (pm_extra){"reading_grade", {grade, n, m, m}};
    y.extra = extra;
    y.n_extra = 2;
    y.battle = m > 1 ? battle : NULL;
    y.n_battles = m > 1 ? n : 0;
    *out = y;
    return true;
}

/* ---- experts ----------------------------------------------------------------------------------- */

/* Lists and identifiers are such as libraries hold. */
static const char *text_of(const char *name, bool first)
{
    static const struct {
        const char *name, *text[2];
    } known[] = {{"licence", {"Apache-2.0", "proprietary API"}},
                 {"modalities", {"text", "text,image"}},
                 {"region", {"eu-west-1", "us"}},
                 {"trust_evidence", {"safetensors,no_remote_code", "known_organisation"}}};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (strcmp(known[k].name, name) == 0) return known[k].text[first ? 0 : 1];
    return first ? "alpha" : "beta";
}

static pm_attr attr_make(arena *a, const library_attr_row *row, const char *id)
{
    double u = rng_uniform(fnv1a(id, strlen(id)), 1, fnv1a(row->name, strlen(row->name)));
    double hi = row->max < 1000 ? row->max : 1000, lo = row->min > 0 ? row->min : 0.01 * hi;
    pm_attr at = {row->name, row->kind, 0, NULL};
    if (row->kind == PM_ATTR_FLAG) {
        at.number = u < 0.5;
    } else if (row->kind == PM_ATTR_DATE) {
        at.number = 18000 + floor(2000 * u);
    } else if (row->kind == PM_ATTR_TEXT) {
        at.text = arena_strdup(a, text_of(row->name, u < 0.5));
    } else {
        at.number = lo <= hi ? lo + (hi - lo) * u : lo;
    }
    return at;
}

static int attr_order(const void *a, const void *b)
{
    return strcmp(((const pm_attr *)a)->name, ((const pm_attr *)b)->name);
}

static void expert_attrs(arena *a, const char *const *reads, pm_expert *e, pm_attr *attr)
{
    for (const library_attr_row *row = library_attr_rows(); row->name && e->n_attr < MAX_ATTRS;
         row++)
        attr[e->n_attr++] = attr_make(a, row, e->id);
    e->attr = attr;
    for (; reads && *reads && e->n_attr < MAX_ATTRS; reads++) {
        library_attr_row row = {*reads, PM_ATTR_NUMBER, "", 0, 1000, ""};
        if (!pm_attr_find(e, *reads)) attr[e->n_attr++] = attr_make(a, &row, e->id);
    }
    qsort(attr, e->n_attr, sizeof *attr, attr_order);
}

static pm_expert *expert_make(arena *a, size_t j, const char *const *reads)
{
    /* The order of the ids is neither that of the columns nor its reverse. */
    static const char *const names[] = {"delta-large", "alpha-mini", "echo-9b", "bravo", "charlie"};
    pm_expert *e = arena_alloc(a, 1, sizeof *e);
    pm_attr *attr = arena_alloc(a, MAX_ATTRS, sizeof *attr);
    float *profile = arena_alloc(a, PROFILE, sizeof *profile);
    char id[32];
    if (!e || !attr || !profile) return NULL;
    snprintf(id, sizeof id, "%s%.0zu", names[j % 5], j / 5);
    e->size = sizeof *e;
    e->id = arena_strdup(a, id);
    if (!e->id) return NULL;
    for (uint64_t p = 0; p < PROFILE; p++)
        profile[p] = (float)rng_normal(fnv1a(e->id, strlen(e->id)), 2, p);
    e->profile = (pm_cmat){profile, 1, PROFILE, PROFILE};
    expert_attrs(a, reads, e, attr);
    return e;
}

static uint64_t library_revision(const pm_library *lib)
{
    uint64_t sum = 0;
    for (size_t j = 0; j < lib->n; j++)
        sum = sum * 1099511628211u + fnv1a(lib->expert[j]->id, strlen(lib->expert[j]->id));
    return sum;
}

static bool library_make(arena *a, const toy_shape *s, pm_library *out)
{
    const pm_expert **expert = arena_alloc(a, s->m, sizeof *expert);
    if (!expert) return false;
    for (size_t j = 0; j < s->m; j++) {
        expert[j] = expert_make(a, j, s->reads);
        if (!expert[j]) return false;
    }
    *out = (pm_library){sizeof *out, 0, s->m, expert};
    out->revision = library_revision(out);
    return true;
}

/* ---- whole problems ------------------------------------------------------------------------------ */

static bool fit_make(arena *a, const toy_shape *s, toy *t)
{
    uint64_t *group = arena_alloc(a, s->n, sizeof *group);
    float *weight = arena_alloc(a, s->n, sizeof *weight);
    if (!group || !weight) return false;
    for (size_t i = 0; i < s->n; i++) {
        group[i] = i / 2;
        weight[i] = (float)(0.5 + rng_uniform(s->seed, S_WEIGHT, i));
    }
    pm_fit fit = {.size = sizeof fit, .lib = &t->lib, .x = &t->x, .y = &t->y};
    fit.group = group;
    fit.weight = weight;
    fit.tune_x = s->n_tune ? &t->tune_x : NULL;
    fit.tune_y = s->n_tune ? &t->tune_y : NULL;
    t->fit = fit;
    return true;
}

toy *toy_make(arena *a, const toy_shape *s)
{
    toy *t = arena_alloc(a, 1, sizeof *t);
    size_t tune = s->n, test = s->n + s->n_tune;
    bool ok = t && library_make(a, s, &t->lib) && prompts_make(a, s->seed, 0, s->n, &t->x) &&
              outcomes_make(a, s, 0, s->n, &t->y) &&
              prompts_make(a, s->seed, tune, s->n_tune, &t->tune_x) &&
              outcomes_make(a, s, tune, s->n_tune, &t->tune_y) &&
              prompts_make(a, s->seed, test, s->n_test, &t->test_x) &&
              outcomes_make(a, s, test, s->n_test, &t->test_y) && fit_make(a, s, t);
    return ok ? t : NULL;
}
