/* SPDX-License-Identifier: MIT
 *
 * Building the words that flags are made of: phrases, labels and names of plugins, in normal form and found by hash.
 */
#include "plug/flags.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "plug/flags_private.h"

static const char *const policy_names[] = {"off", "error", "warn"};

const char *flag_policy_name(flag_policy p)
{
    return policy_names[p <= FLAGS_WARN ? p : FLAGS_OFF];
}

bool flag_policy_find(const char *name, flag_policy *out)
{
    for (size_t k = 0; k < 3; k++)
        if (strcmp(policy_names[k], name) == 0) {
            *out = (flag_policy)k;
            return true;
        }
    return false;
}

/* ---- words ---------------------------------------------------------------------------------------------- */

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

size_t flag_normal(const char *s, size_t len, char out[FLAG_WORDS + 1])
{
    size_t n = 0;
    bool gap = false;
    for (size_t i = 0; i < len; i++) {
        if (s[i] == ' ' || s[i] == '\t') {
            gap = n > 0;
            continue;
        }
        if (n + (gap ? 1 : 0) >= FLAG_WORDS) return 0;
        if (gap) out[n++] = ' ';
        gap = false;
        out[n++] = small(s[i]);
    }
    out[n] = '\0';
    return n;
}

size_t flag_lookup(const flag_words *w, const char *key, size_t len, const flag_word **first)
{
    if (!w->n || !len) return 0;
    size_t at = (size_t)fnv1a(key, len) & (w->n_slots - 1);
    for (; w->slot[at]; at = (at + 1) & (w->n_slots - 1)) {
        size_t from = w->slot[at] - 1, n = 0;
        if (strcmp(w->at[from].key, key) != 0) continue;
        while (from + n < w->n && strcmp(w->at[from + n].key, key) == 0) n++;
        *first = &w->at[from];
        return n;
    }
    return 0;
}

static int by_key(const void *a, const void *b)
{
    const flag_word *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : (x->term > y->term) - (x->term < y->term);
}

static bool index_words(flag_words *w, arena *a)
{
    for (w->n_slots = 4; w->n_slots < 2 * w->n;) w->n_slots *= 2;
    w->slot = arena_alloc(a, w->n_slots, sizeof *w->slot);
    w->key = arena_alloc(a, w->n + 1, sizeof *w->key);
    if (!w->slot || !w->key) return false;
    if (w->n) qsort(w->at, w->n, sizeof *w->at, by_key);
    for (size_t k = 0; k < w->n; k++) {
        w->key[k] = w->at[k].key;
        if (k && strcmp(w->key[k - 1], w->key[k]) == 0) continue;
        size_t at = (size_t)fnv1a(w->key[k], strlen(w->key[k])) & (w->n_slots - 1);
        while (w->slot[at]) at = (at + 1) & (w->n_slots - 1);
        w->slot[at] = k + 1;
    }
    return true;
}

static pm_status starve(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "words of flags");
}

static pm_status check_phrase(const flag_term *t, const pm_phrase *p, pm_err *err)
{
    const char *wrong = NULL;
    char key[FLAG_WORDS + 1];
    if (!flag_normal(p->text, strlen(p->text), key))
        wrong = "wanted 1 to 120 bytes";
    else if (strpbrk(p->text, "[],\r\n"))
        wrong = "wanted no bracket, comma or line end";
    else if (!(fabs(p->weight) <= (double)FLT_MAX))
        wrong = "wanted a finite weight";
    else if (p->weight < 0 && !t->is_signed)
        wrong = "wanted a weight >= 0, since this constraint knows none below";
    if (!wrong) return PM_OK;
    return err_set(err, PM_E_ARG, "constraint \"%s\": phrase \"%.80s\" = %g: %s", t->label, p->text,
                   p->weight, wrong);
}

static pm_status add_phrases(flags *f, size_t k, pm_err *err)
{
    for (const pm_phrase *p = f->term[k].phrases; p && p->text; p++) {
        char key[FLAG_WORDS + 1];
        pm_status s = check_phrase(&f->term[k], p, err);
        if (s) return s;
        size_t len = flag_normal(p->text, strlen(p->text), key);
        flag_word *w = &f->phrases.at[f->phrases.n++];
        *w = (flag_word){arena_strndup(f->a, key, len), k, p->weight};
        if (!w->key) return starve(err);
    }
    return PM_OK;
}

static bool is_label(const flags *f, const char *name)
{
    char one[FLAG_WORDS + 1], other[FLAG_WORDS + 1];
    if (!flag_normal(name, strlen(name), one)) return false;
    for (size_t k = 0; k < f->n; k++)
        if (flag_normal(f->term[k].label, strlen(f->term[k].label), other) && !strcmp(one, other))
            return true;
    return false;
}

static pm_status add_name(flags *f, size_t k, const char *name, pm_err *err)
{
    char key[FLAG_WORDS + 1];
    size_t len = flag_normal(name, strlen(name), key);
    if (!len) return PM_OK; /* cannot be typed as --name */
    flag_word *w = &f->names.at[f->names.n++];
    *w = (flag_word){arena_strndup(f->a, key, len), k, 0};
    return w->key ? PM_OK : starve(err);
}

static pm_status fill(flags *f, const flag_term *term, size_t n, pm_err *err)
{
    size_t phrases = 0;
    f->n = n;
    f->term = arena_alloc(f->a, n + 1, sizeof *f->term);
    if (!f->term) return starve(err);
    if (n) memcpy(f->term, term, n * sizeof *term);
    for (size_t k = 0; k < n; k++)
        for (const pm_phrase *p = term[k].phrases; p && p->text; p++) phrases++;
    f->phrases.at = arena_alloc(f->a, phrases + 1, sizeof *f->phrases.at);
    f->names.at = arena_alloc(f->a, 2 * n + 1, sizeof *f->names.at);
    if (!f->phrases.at || !f->names.at) return starve(err);
    for (size_t k = 0; k < n; k++) {
        pm_status s = add_phrases(f, k, err);
        if (!s) s = add_name(f, k, term[k].label, err);
        if (!s && !is_label(f, term[k].plugin)) s = add_name(f, k, term[k].plugin, err);
        if (s) return s;
    }
    return index_words(&f->phrases, f->a) && index_words(&f->names, f->a) ? PM_OK : starve(err);
}

pm_status flags_open(const flag_term *term, size_t n, flags **out, pm_err *err)
{
    arena *a = arena_open(0);
    flags *f = a ? arena_alloc(a, 1, sizeof *f) : NULL;
    *out = NULL;
    if (!f) {
        arena_close(a);
        return starve(err);
    }
    f->a = a;
    pm_status s = fill(f, term, n, err);
    if (s)
        flags_close(f);
    else
        *out = f;
    return s;
}

void flags_close(flags *f)
{
    if (f) arena_close(f->a);
}

size_t flags_terms(const flags *f)
{
    return f->n;
}

double flag_usual(const flags *f, size_t term)
{
    const pm_phrase *p = f->term[term].phrases;
    return p && p->text ? p->weight : 1;
}

pm_status flags_of(const pipeline *p, flags **out, pm_err *err)
{
    arena *scratch = arena_open(0);
    flag_term *term = scratch ? arena_alloc(scratch, p->n_terms + 1, sizeof *term) : NULL;
    *out = NULL;
    for (size_t k = 0; term && k < p->n_terms; k++) {
        const pipeline_term *t = &p->term[k];
        const plugin_entry *e = constraint_plugin(t->k);
        term[k] = flag_term_of(t->name, e, t->sense, p->phrases ? p->phrases[k] : NULL);
    }
    pm_status s = term ? flags_open(term, p->n_terms, out, err) : starve(err);
    arena_close(scratch);
    return s;
}

flag_term flag_term_of(const char *label, const plugin_entry *e, pm_sense sense,
                       const pm_phrase *given)
{
    const pm_constraint_type *d = e->type.constraint;
    return (flag_term){.label = label,
                       .plugin = e->name,
                       .sense = sense,
                       .is_signed = PM_HAS(d, signed_weight) && d->signed_weight,
                       .phrases = given                              ? given
                                  : PM_HAS(d, phrases) && d->phrases ? d->phrases
                                                                     : NULL};
}
