/* SPDX-License-Identifier: MIT
 *
 * What a router is shown to learn from: labels of the training part, battles of the data and of others, labels told
 * as battles.  Views are made once for each way of learning and seed.
 */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "data/names.h"
#include "eval/experiment_private.h"
#include "math/mat.h"

#define TIE 1e-6 /* outcomes are float32 */

unsigned exp_learns(const exp_run *r, const plugin_choice *p)
{
    if (p->learns) return p->learns;
    bool reads_battles = (p->plugin->type.router->needs & PM_NEEDS_BATTLES) != 0;
    bool reads_values = (p->plugin->type.router->needs & PM_NEEDS_VALUES) != 0;
    if (r->x->n_also && !reads_values) return LEARNS_BOTH;
    if (r->x->of_battles && !reads_values) return LEARNS_BATTLES;
    if (!reads_battles) return LEARNS_LABELS;
    return r->data.n_battles ? LEARNS_BATTLES : LEARNS_LABELS;
}

const char *exp_learns_word(unsigned learns)
{
    switch (learns) {
    case LEARNS_BATTLES:
        return "battles";
    case LEARNS_BOTH:
        return "both";
    case LEARNS_LABEL_BATTLES:
        return "labels as battles";
    case LEARNS_OTHERS:
        return "others";
    default:
        return "labels";
    }
}

/* ---- battles ---- */

/* Outcome for the first of two experts; quality counts up, loss down. */
static float outcome(double a, double b, pm_value_kind kind)
{
    double lead = policy_sign(kind) * (a - b);
    return lead > TIE ? 1.0f : lead < -TIE ? 0.0f : 0.5f;
}

/* Every two experts whose outcomes on a prompt are known battle once; to == NULL: they are counted. */
static size_t label_battles(pm_cmat value, pm_value_kind kind, pm_battle *to)
{
    size_t n = 0;
    for (size_t i = 0; i < value.rows; i++) {
        const float *row = pm_crow(value, i);
        for (size_t a = 0; a < value.cols; a++)
            for (size_t b = a + 1; b < value.cols; b++) {
                if (isnan(row[a]) || isnan(row[b])) continue;
                float who = outcome((double)row[a], (double)row[b], kind);
                if (to) to[n] = (pm_battle){(uint32_t)i, (uint32_t)a, (uint32_t)b, 0, who, 1.0f};
                n++;
            }
    }
    return n;
}

/* ---- a part: own prompts, then others' ---- */

typedef struct source { /* of one part (fit or tune) */
    const pm_prompts *x;
    const pm_outcomes *y;
    const uint64_t *group;
    const uint32_t *other; /* [n_other] rows of r->also */
    size_t n_other;
} source;

static pm_status no_memory(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "what routers learn from");
}

static bool join_texts(const exp_run *r, const source *s, pm_prompts *out, uint64_t **group)
{
    size_t n = s->x->n + s->n_other;
    uint64_t *id = arena_alloc(r->a, n, sizeof *id);
    pm_str *text = arena_alloc(r->a, n, sizeof *text);
    *group = arena_alloc(r->a, n, sizeof **group);
    if (!id || !text || !*group) return false;
    for (size_t i = 0; i < s->x->n; i++) {
        id[i] = s->x->id[i];
        text[i] = s->x->text[i];
        (*group)[i] = s->group ? s->group[i] : id[i];
    }
    for (size_t k = 0; k < s->n_other; k++) {
        id[s->x->n + k] = r->also.key[s->other[k]];
        text[s->x->n + k] = r->also.text[s->other[k]];
        (*group)[s->x->n + k] = r->also.group[s->other[k]];
    }
    *out = (pm_prompts){.size = sizeof *out, .n = n, .id = id, .text = text};
    return true;
}

static bool join_vectors(const exp_run *r, const seed_work *w, const source *s, pm_prompts *out)
{
    pm_cmat own = s->x->embed, other = w->also_embed;
    if (!own.at && !other.at) return true;
    size_t d = own.at ? own.cols : other.cols;
    pm_mat m = mat_new(r->a, out->n, d);
    if (!m.at) return false;
    for (size_t i = 0; i < s->x->n; i++) memcpy(pm_row(m, i), pm_crow(own, i), d * sizeof(float));
    for (size_t k = 0; k < s->n_other; k++)
        memcpy(pm_row(m, s->x->n + k), pm_crow(other, s->other[k]), d * sizeof(float));
    out->embed = mat_const(m);
    if (s->n_other == 0) out->sparse = s->x->sparse;
    return true;
}

/* Outcomes in the columns of `m` experts: own, then others' (known where they give labels). */
static bool join_values(const exp_run *r, const source *s, size_t m, pm_cmat *out)
{
    pm_mat v = mat_new(r->a, s->x->n + s->n_other, m);
    if (!v.at) return false;
    for (size_t i = 0; i < v.rows; i++) {
        bool own = i < s->x->n;
        pm_cmat from = own ? s->y->value : r->also.value;
        const float *row = from.at ? pm_crow(from, own ? i : s->other[i - s->x->n]) : NULL;
        for (size_t j = 0; j < m; j++) pm_row(v, i)[j] = row && j < from.cols ? row[j] : NAN;
    }
    *out = mat_const(v);
    return true;
}

static size_t *places(const exp_run *r, const source *s)
{
    size_t *place = arena_alloc(r->a, r->also.n + 1, sizeof *place);
    for (size_t i = 0; place && i < r->also.n; i++) place[i] = SIZE_MAX;
    for (size_t k = 0; place && k < s->n_other; k++) place[s->other[k]] = s->x->n + k;
    return place;
}

/* value: labels to be told as battles, or at == NULL. */
static bool join_battles(const exp_run *r, const source *s, unsigned learns, pm_cmat value,
                         pm_outcomes *out)
{
    size_t own = learns & LEARNS_BATTLES ? s->y->n_battles : 0;
    size_t other = learns & (LEARNS_BATTLES | LEARNS_OTHERS) ? r->also.n_battles : 0;
    size_t labels = value.at ? label_battles(value, s->y->kind, NULL) : 0, n = own;
    pm_battle *to = arena_alloc(r->a, own + other + labels, sizeof *to);
    size_t *place = places(r, s);
    if (!to || !place) return false;
    if (own) memcpy(to, s->y->battle, own * sizeof *to);
    for (size_t b = 0; b < other; b++) {
        size_t at = place[r->also.battle[b].prompt];
        if (at == SIZE_MAX) continue;
        to[n] = r->also.battle[b];
        to[n].source += (uint32_t)r->data.n_judges + 1; /* no judge of the data's own, nor labels */
        to[n++].prompt = (uint32_t)at;
    }
    if (labels) n += label_battles(value, s->y->kind, to + n);
    out->battle = n ? to : NULL;
    out->n_battles = n;
    return true;
}

typedef struct part_view {
    pm_prompts x;
    pm_outcomes y;
    uint64_t *group;
} part_view;

static pm_status join_part(const exp_run *r, const seed_work *w, const source *s,
                           const plugin_choice *p, part_view *out, pm_err *err)
{
    static const pm_cmat nothing = {NULL, 0, 0, 0};
    unsigned learns = exp_learns(r, p);
    bool reads_battles = (p->plugin->type.router->needs & PM_NEEDS_BATTLES) != 0;
    bool as_battles = reads_battles || learns == LEARNS_BOTH || learns == LEARNS_LABEL_BATTLES;
    pm_cmat value = nothing;
    out->y = (pm_outcomes){.size = sizeof out->y, .kind = s->y->kind};
    bool fits = join_texts(r, s, &out->x, &out->group) && join_vectors(r, w, s, &out->x);
    if (fits && (learns != LEARNS_BATTLES) && (s->y->value.at || r->also.value.at))
        fits = join_values(r, s, exp_learning_library(r, learns)->view.n, &value);
    if (fits) fits = join_battles(r, s, learns, as_battles ? value : nothing, &out->y);
    if (learns != LEARNS_LABEL_BATTLES) out->y.value = value;
    return fits ? PM_OK : no_memory(err);
}

/* ---- which prompts ---- */

const library *exp_learning_library(const exp_run *r, unsigned learns)
{
    return r->x->n_also && (learns & (LEARNS_BATTLES | LEARNS_OTHERS)) ? &r->wide : r->lib;
}

/* What is known elsewhere of a prompt that is tested here is not learned from: 1 for such rows of r->also. */
static pm_status mark_tested(const exp_run *r, const seed_work *w, uint8_t *tested, pm_err *err)
{
    arena *scratch = arena_open(0);
    bool fits = scratch != NULL;
    names known = names_of(scratch);
    for (size_t i = 0; i < w->s.n_test && fits; i++) { /* a text may stand twice */
        pm_str text = r->data.text[w->s.test[i]];
        if (names_find(&known, text) == SIZE_MAX) fits = names_add(&known, text);
    }
    for (size_t i = 0; i < r->also.n && fits; i++)
        tested[i] = names_find(&known, r->also.text[i]) != SIZE_MAX;
    arena_close(scratch);
    return fits ? PM_OK : no_memory(err);
}

/* Others' prompts are dealt to the tuning part by group, in the share of the split. */
static pm_status deal_others(const exp_run *r, const seed_work *w, unsigned from, source *fit,
                             source *tune, pm_err *err)
{
    uint32_t *to_fit = arena_alloc(r->a, r->also.n, sizeof *to_fit);
    uint32_t *to_tune = arena_alloc(r->a, r->also.n, sizeof *to_tune);
    uint8_t *tested = arena_alloc(r->a, r->also.n, 1);
    if (!to_fit || !to_tune || !tested) return no_memory(err);
    pm_status s = mark_tested(r, w, tested, err);
    if (s) return s;
    double train = r->x->split.train + r->x->split.tune;
    double share = w->s.n_tune && train > 0 ? r->x->split.tune / train : 0;
    uint64_t seed = rng_derive(w->seed, "others' tuning part");
    for (size_t i = 0; i < r->also.n; i++) {
        if (tested[i] || (from && !(from & (1u << r->also_of[i])))) continue;
        if (rng_uniform(seed, 0, r->also.group[i]) < share)
            to_tune[tune->n_other++] = (uint32_t)i;
        else
            to_fit[fit->n_other++] = (uint32_t)i;
    }
    fit->other = to_fit;
    tune->other = to_tune;
    return PM_OK;
}

/* True where the seed's own views are what the router sees, as they are. */
static bool is_plain(const exp_run *r, const plugin_choice *p, unsigned learns)
{
    uint32_t needs = p->plugin->type.router->needs;
    bool may_read = !p->learns || (needs & PM_NEEDS_VALUES) || r->data.n_battles == 0;
    return learns == LEARNS_LABELS && may_read && !(needs & PM_NEEDS_BATTLES);
}

static void plain(exp_run *r, seed_work *w, bool with_tune, pm_fit *out)
{
    *out = (pm_fit){.size = sizeof *out,
                    .lib = &r->lib->view,
                    .x = &w->fit_x,
                    .y = &w->fit_y,
                    .group = w->fit_group,
                    .tune_x = with_tune ? &w->tune_x : NULL,
                    .tune_y = with_tune ? &w->tune_y : NULL};
}

pm_status exp_fit(exp_run *r, seed_work *w, const plugin_choice *p, bool with_tune, pm_fit *out,
                  pm_err *err)
{
    unsigned learns = exp_learns(r, p);
    with_tune = with_tune && w->s.n_tune > 0;
    plain(r, w, with_tune, out);
    if (is_plain(r, p, learns)) return PM_OK;
    pm_prompts none = {.size = sizeof none};
    bool own = learns != LEARNS_OTHERS;
    source fit = {.x = own ? &w->fit_x : &none, .y = &w->fit_y, .group = w->fit_group};
    source tune = {.x = own ? &w->tune_x : &none, .y = &w->tune_y};
    part_view *view = arena_alloc(r->a, 2, sizeof *view);
    if (!view) return no_memory(err);
    pm_status s = PM_OK;
    if (exp_learning_library(r, learns) != r->lib) s = deal_others(r, w, p->from, &fit, &tune, err);
    if (!s) s = join_part(r, w, &fit, p, &view[0], err);
    if (!s && with_tune) s = join_part(r, w, &tune, p, &view[1], err);
    if (s) return s;
    out->lib = &exp_learning_library(r, learns)->view;
    out->x = &view[0].x;
    out->y = &view[0].y;
    out->group = view[0].group;
    bool tunes = with_tune && (view[1].y.value.at || view[1].y.n_battles);
    out->tune_x = tunes ? &view[1].x : NULL;
    out->tune_y = tunes ? &view[1].y : NULL;
    return PM_OK;
}

/* What of it a router's job depends on; nothing where it is as ever. */
void exp_learns_key(const exp_run *r, const plugin_choice *p, str *out)
{
    unsigned learns = exp_learns(r, p);
    if (is_plain(r, p, learns)) return;
    str_printf(out, ",\"learns\":\"%s\"", exp_learns_word(learns));
    if (exp_learning_library(r, learns) != r->lib)
        str_printf(out, ",\"also\":\"%s\",\"from\":%u,\"served\":\"%s\"", r->also_key, p->from,
                   r->lib->revision_hex);
}
