/* SPDX-License-Identifier: MIT
 *
 * An experiment that measures on battles: which models take part, what is known of a seed's battles, how a router's
 * predictions become probabilities that one model beats another, and the rows of a seed and of all seeds together.
 * How guesses are scored is battles.c's.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "eval/battles.h"
#include "eval/experiment_private.h"
#include "math/mat.h"

struct battle_seed {
    battle_data train, tune, test; /* prompt: row of the data */
    battle_guess *guess;           /* baselines, then routers once they are trained */
    size_t n, n_baselines;
};

typedef struct battle_piece { /* what is kept of a seed, to be laid end to end */
    size_t n, n_guesses;
    const pm_battle *battle; /* prompt: row of the data */
    battle_guess *guess;
} battle_piece;

struct battle_pool {
    battle_piece *piece;
    size_t n;
};

static pm_status starve(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "battles");
}

/* ---- who takes part ---- */

/* Without a library, the models that battle. */
pm_status exp_battling(exp_run *r, const dataset *all, dataset *out, pm_err *err)
{
    uint8_t *seen = arena_alloc(r->a, all->m, sizeof *seen);
    const char **id = arena_alloc(r->a, all->m, sizeof *id);
    size_t n = 0;
    if (!seen || !id) return starve(err);
    if (all->n_battles == 0)
        return err_set(err, PM_E_ARG,
                       "%s: no battle is left of %zu read; measure = \"battles\" wants a "
                       "battles.jsonl of these prompts, models and judges",
                       r->x->data_dir, all->counts.battles_read);
    for (size_t k = 0; k < all->n_battles; k++) seen[all->battle[k].a] = seen[all->battle[k].b] = 1;
    for (size_t j = 0; j < all->m; j++)
        if (seen[j] || r->x->lib) id[n++] = all->models.view.expert[j]->id;
    pm_status s = dataset_select_models(all, id, n, r->a, out, err);
    if (!s) out->counts.models_dropped_sparse += all->m - n;
    return s;
}

/* ---- a seed ---- */

/* Battles whose prompts are among the rows. */
static pm_status gather(exp_run *r, const uint32_t *row, size_t n_rows, battle_data *out,
                        pm_err *err)
{
    const dataset *d = &r->data;
    uint8_t *wanted = arena_alloc(r->a, d->n, sizeof *wanted);
    if (!wanted) return starve(err);
    size_t n = 0;
    for (size_t i = 0; i < n_rows; i++) wanted[row[i]] = 1;
    for (size_t k = 0; k < d->n_battles; k++) n += wanted[d->battle[k].prompt];
    pm_battle *battle = arena_alloc(r->a, n, sizeof *battle);
    uint32_t *domain = arena_alloc(r->a, n, sizeof *domain);
    if (!battle || !domain) return starve(err);
    *out = (battle_data){battle, 0, domain};
    for (size_t k = 0; k < d->n_battles; k++) {
        if (!wanted[d->battle[k].prompt]) continue;
        domain[out->n] = d->domain ? d->domain[d->battle[k].prompt] : UINT32_MAX;
        battle[out->n++] = d->battle[k];
    }
    return PM_OK;
}

static pm_status check_parts(const seed_work *w, const struct battle_seed *b, pm_err *err)
{
    const struct {
        const char *name;
        size_t battles, prompts;
    } part[3] = {{"train", b->train.n, w->s.n_train},
                 {"test", b->test.n, w->s.n_test},
                 {"tuning", b->tune.n, w->s.n_tune}};
    for (int k = 0; k < 3; k++)
        if (part[k].battles == 0 && part[k].prompts > 0)
            return err_set(err, PM_E_ARG,
                           "seed %llu: none of the %zu prompts of the %s part has a battle; want "
                           "another split or more battles",
                           (unsigned long long)w->seed, part[k].prompts, part[k].name);
    return PM_OK;
}

pm_status exp_battles_open(exp_run *r, seed_work *w, pm_err *err)
{
    const dataset *d = &r->data;
    struct battle_seed *b = arena_alloc(r->a, 1, sizeof *b);
    double *theta = arena_alloc(r->a, d->m, sizeof *theta);
    if (!b || !theta) return starve(err);
    w->battles = b;
    pm_status s = gather(r, w->s.train, w->s.n_train, &b->train, err);
    if (!s) s = gather(r, w->s.tune, w->s.n_tune, &b->tune, err);
    if (!s) s = gather(r, w->s.test, w->s.n_test, &b->test, err);
    if (!s) s = check_parts(w, b, err);
    if (!s) s = battles_ratings(&b->train, d->m, r->a, theta, err);
    if (s) return s;
    for (size_t j = 0; j < d->m; j++) w->prior[j] = (float)theta[j];
    battle_world world = {d->m, d->n_judges, d->n_domains};
    b->guess = arena_alloc(r->a, BATTLE_BASELINES + r->x->n_routers, sizeof *b->guess);
    if (!b->guess) return starve(err);
    s = battles_baselines(&b->train, &b->test, &world, theta, r->a, b->guess, &b->n_baselines, err);
    b->n = b->n_baselines;
    return s;
}

bool exp_battles_know(const seed_work *w, const char *label)
{
    for (size_t k = 0; k < w->battles->n; k++)
        if (strcmp(w->battles->guess[k].label, label) == 0) return true;
    return false;
}

/* ---- what a router says of a battle ---- */

static double logit(double p)
{
    double held = p < BATTLE_CLIP ? BATTLE_CLIP : p > 1 - BATTLE_CLIP ? 1 - BATTLE_CLIP : p;
    return log(held) - log1p(-held);
}

/* value: a row per prompt in the order of `row` [n_rows].  Win probabilities against any one reference say how any two
 * compare: the difference of their logits. */
static pm_status guess_of(exp_run *r, pm_cmat value, pm_value_kind kind, const uint32_t *row,
                          size_t n_rows, const battle_data *d, battle_guess *out, pm_err *err)
{
    uint32_t *place = arena_alloc(r->a, r->data.n, sizeof *place);
    double *p = arena_alloc(r->a, d->n, sizeof *p);
    if (!place || !p) return starve(err);
    for (size_t i = 0; i < n_rows; i++) place[row[i]] = (uint32_t)i;
    for (size_t k = 0; k < d->n; k++) {
        const float *v = pm_crow(value, place[d->battle[k].prompt]);
        double a = (double)v[d->battle[k].a], b = (double)v[d->battle[k].b];
        p[k] = kind == PM_VALUE_WINPROB ? 1 / (1 + exp(logit(b) - logit(a)))
                                        : policy_sign(kind) * (a - b);
    }
    out->p = p;
    out->only_ranks = kind != PM_VALUE_WINPROB;
    return PM_OK;
}

static pm_status split_columns(const battle_data *d, arena *a, battle_truth *out, pm_err *err)
{
    float *outcome = arena_alloc(a, d->n, sizeof *outcome);
    float *weight = arena_alloc(a, d->n, sizeof *weight);
    if (!outcome || !weight) return starve(err);
    for (size_t k = 0; k < d->n; k++) {
        outcome[k] = d->battle[k].outcome;
        weight[k] = d->battle[k].weight;
    }
    *out = (battle_truth){.n = d->n, .outcome = outcome, .weight = weight};
    return PM_OK;
}

pm_status exp_battles_tune(exp_run *r, const seed_work *w, pm_cmat value, pm_value_kind kind,
                           double *out, pm_err *err)
{
    battle_truth t;
    battle_guess g = {.label = ""};
    arena_mark mark = arena_save(r->a);
    pm_status s = guess_of(r, value, kind, w->s.tune, w->s.n_tune, &w->battles->tune, &g, err);
    if (!s) s = split_columns(&w->battles->tune, r->a, &t, err);
    if (!s) *out = battles_utility(&t, &g);
    arena_release(r->a, mark);
    return s;
}

static pm_status add_routers(exp_run *r, seed_work *w, pm_err *err)
{
    struct battle_seed *b = w->battles;
    for (size_t k = 0; k < w->n_routers; k++) {
        const router_work *from = &w->router[k];
        battle_guess *g = &b->guess[b->n++];
        *g = (battle_guess){.label = from->choice->at.label,
                            .role = POLICY_ROUTER,
                            .is_rival = from->choice->is_rival,
                            .setting = from->setting};
        pm_status s = guess_of(r, mat_const(from->value), from->kind, w->s.test, w->s.n_test,
                               &b->test, g, err);
        if (s) return s;
    }
    for (size_t k = 0; k < r->x->n_rivals; k++)
        for (size_t e = 0; e < b->n; e++) {
            if (strcmp(b->guess[e].label, r->x->rival[k]) != 0) continue;
            b->guess[e].is_rival = true;
            b->guess[e].rival_rank = k;
        }
    return PM_OK;
}

/* ---- rows ---- */

typedef struct battle_rows { /* what the rows at hand have in common */
    const char *subset;
    uint64_t seed;
} battle_rows;

static pm_status put(exp_run *r, const battle_rows *of, const battle_guess *g,
                     const metric_value *v, pm_err *err)
{
    if (isnan(v->value)) return PM_OK;
    const char *metric = arena_strdup(r->keep, v->name);
    if (!metric) return starve(err);
    store_row row = {.point = "",
                     .label = g->label,
                     .role = policy_role_name(g->role),
                     .seed = of->seed,
                     .subset = of->subset,
                     .metric = metric,
                     .value = v->value,
                     .lo = v->lo,
                     .hi = v->hi,
                     .n = v->n,
                     .setting = of->seed && g->setting ? g->setting : ""};
    return exp_put(r, &row, err);
}

/* "reliability_03" is how often the first model wins where "reliability_03_predicted" was said. */
static pm_status put_bins(exp_run *r, const battle_rows *of, const battle_score *s, pm_err *err)
{
    pm_status st = PM_OK;
    for (size_t b = 0; b < s->n_bins && !st; b++) {
        const battle_bin *bin = &s->bin[b];
        char name[48];
        snprintf(name, sizeof name, "reliability_%02zu_predicted", b + 1);
        metric_value v = {name, bin->predicted, NAN, NAN, bin->n};
        st = put(r, of, s->who, &v, err);
        snprintf(name, sizeof name, "reliability_%02zu", b + 1);
        v = (metric_value){name, bin->observed, bin->lo, bin->hi, bin->n};
        if (!st) st = put(r, of, s->who, &v, err);
    }
    return st;
}

static pm_status put_score(exp_run *r, const battle_rows *of, const battle_score *s, pm_err *err)
{
    pm_status st = PM_OK;
    for (size_t k = 0; k < BATTLE_METRICS && !st; k++) st = put(r, of, s->who, &s->metric[k], err);
    for (size_t k = 0; k < s->n_rivals && !st; k++) {
        st = put(r, of, s->who, &s->rival[k], err);
        if (!st) st = put(r, of, s->who, &s->rival_accuracy[k], err);
    }
    return st ? st : put_bins(r, of, s, err);
}

/* Prompts that battles name become 0, 1 ... in order of appearance, each in the cluster of its group. */
static pm_status number_prompts(exp_run *r, const battle_data *d, battle_truth *t, pm_err *err)
{
    uint32_t *unit = arena_alloc(r->a, r->data.n, sizeof *unit); /* 0: none yet */
    uint32_t *prompt = arena_alloc(r->a, d->n, sizeof *prompt);
    uint64_t *cluster = arena_alloc(r->a, d->n, sizeof *cluster);
    if (!unit || !prompt || !cluster) return starve(err);
    for (size_t k = 0; k < d->n; k++) {
        uint32_t row = d->battle[k].prompt;
        if (!unit[row]) {
            cluster[t->n_prompts] = r->data.group ? r->data.group[row] : row;
            unit[row] = (uint32_t)++t->n_prompts;
        }
        prompt[k] = unit[row] - 1;
    }
    t->prompt = prompt;
    t->cluster = cluster;
    return PM_OK;
}

static size_t place_of_bt(const battle_guess *g, size_t n)
{
    const char *label = battles_labels()[BATTLE_BASELINE_BT];
    for (size_t k = 0; k < n; k++)
        if (g[k].role == POLICY_BASELINE && strcmp(g[k].label, label) == 0) return k;
    return SIZE_MAX;
}

static pm_status score_rows(exp_run *r, const battle_rows *of, const battle_data *d,
                            const uint32_t *part, const battle_guess *g, size_t n, pm_err *err)
{
    battle_truth t;
    battle_score *score;
    pm_status s = split_columns(d, r->a, &t, err);
    if (!s) s = number_prompts(r, d, &t, err);
    if (s) return s;
    t.part = part;
    battle_options o = {r->x->bootstrap, place_of_bt(g, n)};
    s = battles_score(r->env.compute, &t, g, n, &o, r->a, &score, err);
    for (size_t k = 0; k < n && !s; k++) s = put_score(r, of, &score[k], err);
    return s;
}

/* ---- all seeds together ---- */

static pm_status keep_seed(exp_run *r, const seed_work *w, pm_err *err)
{
    const struct battle_seed *b = w->battles;
    battle_piece *out = &r->battles->piece[r->battles->n++];
    pm_battle *battle = arena_alloc(r->keep, b->test.n, sizeof *battle);
    out->guess = arena_alloc(r->keep, b->n, sizeof *out->guess);
    if (!battle || !out->guess) return starve(err);
    memcpy(battle, b->test.battle, b->test.n * sizeof *battle);
    out->battle = battle;
    out->n = b->test.n;
    out->n_guesses = b->n;
    for (size_t k = 0; k < b->n; k++) {
        double *p = arena_alloc(r->keep, b->test.n, sizeof *p);
        if (!p) return starve(err);
        memcpy(p, b->guess[k].p, b->test.n * sizeof *p);
        out->guess[k] = b->guess[k];
        out->guess[k].p = p;
    }
    return PM_OK;
}

static const battle_guess *guess_like(const battle_piece *p, const battle_guess *like)
{
    for (size_t k = 0; k < p->n_guesses; k++)
        if (p->guess[k].role == like->role && p->guess[k].only_ranks == like->only_ranks &&
            strcmp(p->guess[k].label, like->label) == 0)
            return &p->guess[k];
    return NULL;
}

/* A guess that some seed lacks has no row of all. */
static pm_status join_guess(exp_run *r, const battle_guess *like, size_t n, battle_guess *out,
                            bool *everywhere, pm_err *err)
{
    double *p = arena_alloc(r->a, n, sizeof *p);
    if (!p) return starve(err);
    *everywhere = true;
    *out = *like;
    out->p = p;
    for (size_t k = 0; k < r->battles->n && *everywhere; k++) {
        const battle_piece *from = &r->battles->piece[k];
        const battle_guess *g = guess_like(from, like);
        *everywhere = g != NULL;
        if (g) memcpy(p, g->p, from->n * sizeof *p);
        p += from->n;
    }
    return PM_OK;
}

static pm_status put_all(exp_run *r, pm_err *err)
{
    const struct battle_pool *all = r->battles;
    const battle_piece *first = &all->piece[0];
    size_t n = 0, n_guesses = 0;
    for (size_t k = 0; k < all->n; k++) n += all->piece[k].n;
    pm_battle *battle = arena_alloc(r->a, n, sizeof *battle);
    uint32_t *part = arena_alloc(r->a, n, sizeof *part);
    battle_guess *guess = arena_alloc(r->a, first->n_guesses, sizeof *guess);
    if (!battle || !part || !guess) return starve(err);
    for (size_t k = 0, at = 0; k < all->n; at += all->piece[k++].n) {
        memcpy(battle + at, all->piece[k].battle, all->piece[k].n * sizeof *battle);
        for (size_t i = 0; i < all->piece[k].n; i++) part[at + i] = (uint32_t)k;
    }
    pm_status s = PM_OK;
    for (size_t k = 0; k < first->n_guesses && !s; k++) {
        bool everywhere = false;
        s = join_guess(r, &first->guess[k], n, &guess[n_guesses], &everywhere, err);
        n_guesses += everywhere;
    }
    if (s) return s;
    battle_rows of = {r->x->split.by == SPLIT_GIVEN ? "seeds:all" : "splits:all", 0};
    battle_data d = {battle, n, NULL};
    return score_rows(r, &of, &d, part, guess, n_guesses, err);
}

static pm_status pool(exp_run *r, const seed_work *w, pm_err *err)
{
    if (r->x->n_seeds < 2) return PM_OK;
    if (!r->battles) {
        r->battles = arena_alloc(r->keep, 1, sizeof *r->battles);
        if (r->battles)
            r->battles->piece = arena_alloc(r->keep, r->x->n_seeds, sizeof *r->battles->piece);
        if (!r->battles || !r->battles->piece) return starve(err);
    }
    pm_status s = keep_seed(r, w, err);
    return s || r->battles->n < r->x->n_seeds ? s : put_all(r, err);
}

pm_status exp_battle_rows(exp_run *r, seed_work *w, pm_err *err)
{
    battle_rows of = {"all", w->seed};
    const struct battle_seed *b = w->battles;
    pm_status s = add_routers(r, w, err);
    if (!s) s = exp_about_seed(r, w, err);
    if (!s) s = exp_fact(r, "seed", "battles to learn from", (double)b->train.n, "", err);
    if (!s) r->row[r->n_rows - 1].seed = w->seed;
    if (!s) s = exp_fact(r, "seed", "battles to test on", (double)b->test.n, "", err);
    if (!s) r->row[r->n_rows - 1].seed = w->seed;
    if (!s) s = score_rows(r, &of, &b->test, NULL, b->guess, b->n, err);
    return s ? s : pool(r, w, err);
}
