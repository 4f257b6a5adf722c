/* SPDX-License-Identifier: MIT
 *
 * The text that one expert learns: a share of every domain's pieces, chosen by the seed and the expert's name.
 */
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "data/corpus_private.h"
#include "data/show.h"

typedef struct slicing {
    const corpus *c;
    const corpus_mix *mix;
    const char *who;
    uint64_t seed;
    double *dose;    /* [n_domains] */
    uint8_t *chosen; /* of the domain at hand */
    uint32_t *order;
} slicing;

static pm_status wrong_mix(const slicing *s, pm_err *err, const char *domain, const char *what)
{
    return err_set(err, PM_E_ARG, "mix of %s: %s: %s", show_text(pm_str_of(s->who)).text,
                   show_text(pm_str_of(domain)).text, what);
}

static pm_status domain_of(const slicing *s, const char *name, size_t *out, pm_err *err)
{
    const corpus_text *t = s->c->text;
    const char *names[512];
    size_t n = 0;
    for (size_t k = 0; k < t->n_domains; k++) {
        *out = k;
        if (strcmp(t->domain[k].name, name) == 0) return PM_OK;
        if (n < sizeof names / sizeof *names) names[n++] = t->domain[k].name;
    }
    const char *near = str_suggest(name, names, n);
    char text[300];
    if (near)
        snprintf(text, sizeof text, "the corpus has no such domain; did you mean \"%.200s\"?",
                 near);
    else
        snprintf(text, sizeof text, "the corpus has no such domain (it has %zu)", t->n_domains);
    return wrong_mix(s, err, name, text);
}

/* The dose of every domain: base, nothing, or its own. */
static pm_status set_doses(slicing *s, pm_err *err)
{
    const corpus_mix *mix = s->mix;
    size_t k;
    pm_status st = PM_OK;
    if (!(mix->base >= 0 && mix->base <= 1))
        return wrong_mix(s, err, "base", "wanted a share from 0 to 1");
    for (size_t i = 0; i < s->c->text->n_domains; i++) s->dose[i] = mix->base;
    for (size_t i = 0; i < mix->n_without; i++) {
        if ((st = domain_of(s, mix->without[i], &k, err)) != PM_OK) return st;
        s->dose[k] = 0;
    }
    for (size_t i = 0; i < mix->n_doses; i++) {
        if ((st = domain_of(s, mix->domain[i], &k, err)) != PM_OK) return st;
        for (size_t j = 0; j < i; j++)
            if (strcmp(mix->domain[j], mix->domain[i]) == 0)
                return wrong_mix(s, err, mix->domain[i], "has two doses");
        if (!(mix->dose[i] > 0 && mix->dose[i] <= 1))
            return wrong_mix(s, err, mix->domain[i], "wanted a dose above 0, at most 1");
        s->dose[k] = mix->dose[i];
    }
    return PM_OK;
}

/* Marks pieces in shuffled order until the dose is met within half a piece; how many. */
static size_t choose(slicing *s, size_t domain)
{
    const pm_str *piece = s->c->piece[domain];
    size_t n = s->c->n_pieces[domain], count = 0;
    double total = 0, taken = 0;
    uint64_t seed =
        rng_derive(rng_derive(rng_derive(s->seed, "mix"), s->who), s->c->text->domain[domain].name);
    for (size_t k = 0; k < n; k++) {
        total += (double)piece[k].len;
        s->order[k] = (uint32_t)k;
    }
    memset(s->chosen, 0, n);
    rng_shuffle(seed, 0, s->order, n);
    for (size_t k = 0; k < n; k++) {
        double len = (double)piece[s->order[k]].len;
        if (taken + len / 2 > s->dose[domain] * total) break;
        taken += len;
        s->chosen[s->order[k]] = 1;
        count++;
    }
    return count;
}

static pm_status gather(slicing *s, arena *a, pm_corpus *out, pm_err *err)
{
    const corpus *c = s->c;
    size_t most = 0, used = 0;
    for (size_t k = 0; k < c->text->n_domains; k++) most += c->n_pieces[k];
    pm_str *document = arena_alloc(a, most, sizeof *document);
    if (!document) return corpus_no_memory(c->text->name, err);
    for (size_t k = 0; k < c->text->n_domains; k++) {
        if (!choose(s, k)) continue;
        for (size_t i = 0; i < c->n_pieces[k]; i++)
            if (s->chosen[i]) document[used++] = c->piece[k][i];
    }
    *out = (pm_corpus){sizeof *out, document, used};
    if (used) return PM_OK;
    return wrong_mix(s, err, "all doses", "leave nothing of the corpus to learn from");
}

pm_status corpus_slice(const corpus *c, const corpus_mix *mix, const char *who, uint64_t seed,
                       arena *a, pm_corpus *out, pm_err *err)
{
    slicing s = {.c = c, .mix = mix, .who = who, .seed = seed};
    size_t most = 0;
    for (size_t k = 0; k < c->text->n_domains; k++)
        if (c->n_pieces[k] > most) most = c->n_pieces[k];
    arena *scratch = arena_open(0);
    s.dose = scratch ? arena_alloc(scratch, c->text->n_domains, sizeof *s.dose) : NULL;
    s.chosen = scratch ? arena_alloc(scratch, most, sizeof *s.chosen) : NULL;
    s.order = scratch ? arena_alloc(scratch, most, sizeof *s.order) : NULL;
    pm_status st = s.dose && s.chosen && s.order ? PM_OK : corpus_no_memory(c->text->name, err);
    if (st == PM_OK) st = set_doses(&s, err);
    if (st == PM_OK) st = gather(&s, a, out, err);
    arena_close(scratch);
    return st;
}
