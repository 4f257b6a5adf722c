/* SPDX-License-Identifier: MIT
 *
 * The path from text to decision.  Buffers belong to the context and only grow; a value per expert that
 * does not depend on the prompt is computed once per library, because reading attributes by name costs
 * more than a linear router.
 */
#include "plug/pipeline.h"

#include <math.h>
#include <string.h>

#include "plug/infeasible.h"

typedef struct floats { /* a growing matrix */
    float *at;
    size_t capacity;
} floats;

typedef struct term_buffer {
    floats value, part;
    pm_term term;
    /* whose row `value` holds, when it is one row */
    const plugin_entry *plugin;
    uint64_t params, library; /* by key; by number of pipeline_ctx.library */
} term_buffer;

typedef struct library_seen {  /* the library of the last call, by content */
    uint64_t number, revision; /* number: how many there were */
    const pm_expert **expert;  /* [n] */
    size_t n, capacity;
} library_seen;

struct pipeline_ctx {
    call_ctx *call;
    arena *sparse;
    floats embed, value, spread, tokens, utility, value_part, share;
    uint8_t *front, *refused;
    uint32_t *choice;
    size_t choice_capacity, front_capacity, refused_capacity;
    uint64_t *arrival; /* 0, 1, 2 ... */
    size_t arrival_capacity, n_arrival;
    feasible_room feasible;
    feasible_answer found;
    library_seen library;
    term_buffer *term;
    size_t n_terms, term_capacity;
    const pm_term **term_list;
    pm_mat *term_part;
    pm_cmat *term_part_view, *term_value_view;
    size_t list_capacity, part_capacity, part_view_capacity, value_view_capacity;
};

pm_status pipeline_ctx_open(const plug_env *env, bool parallel, pipeline_ctx **out, pm_err *err)
{
    *out = NULL;
    pipeline_ctx *c = mem_alloc(1, sizeof *c);
    if (c) c->sparse = arena_open(0);
    if (!c || !c->sparse) {
        mem_free(c);
        return err_set(err, PM_E_MEMORY, "out of memory for a pipeline");
    }
    pm_status st = call_ctx_open(env, parallel, &c->call, err);
    if (st != PM_OK)
        pipeline_ctx_close(c);
    else
        *out = c;
    return st;
}

void pipeline_ctx_close(pipeline_ctx *c)
{
    if (!c) return;
    floats *all[] = {&c->embed,   &c->value,      &c->spread, &c->tokens,
                     &c->utility, &c->value_part, &c->share};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) mem_free(all[i]->at);
    for (size_t k = 0; k < c->n_terms; k++) {
        mem_free(c->term[k].value.at);
        mem_free(c->term[k].part.at);
    }
    mem_free(c->choice);
    mem_free(c->front);
    mem_free(c->refused);
    mem_free(c->library.expert);
    feasible_close(&c->feasible);
    mem_free(c->arrival);
    mem_free(c->term);
    mem_free(c->term_list);
    mem_free(c->term_part);
    mem_free(c->term_part_view);
    mem_free(c->term_value_view);
    call_ctx_close(c->call);
    arena_close(c->sparse);
    mem_free(c);
}

static bool room(floats *f, size_t rows, size_t cols, pm_mat *out)
{
    size_t count;
    if (!mem_size(rows, cols, &count) ||
        !mem_grow(&f->at, &f->capacity, count ? count : 1, sizeof *f->at))
        return false;
    *out = (pm_mat){f->at, rows, cols, cols};
    return true;
}

static pm_status starve(pm_err *err, size_t n, size_t m)
{
    return err_set(err, PM_E_MEMORY, "out of memory for %zu prompts x %zu experts", n, m);
}

/* ---- features -------------------------------------------------------------------------------------------- */

/* Nobody here can make vectors: those of the prompts must be like the ones that were learned from. */
static pm_status check_given(const pipeline *p, const pm_prompts *x, pm_err *err)
{
    size_t d = p->given_dim;
    if (!x->n) return PM_OK;
    if (!x->embed.at)
        return err_set(
            err, PM_E_ARG,
            "router \"%s\" was trained on given vectors (embedder = \"given\"): wants one "
            "of %zu numbers with each prompt, and there is none",
            router_plugin(p->route)->name, d);
    if (x->embed.cols != d)
        return err_set(err, PM_E_ARG, "vector: found %zu numbers, wanted %zu, as trained on",
                       x->embed.cols, d);
    for (size_t i = 0; i < x->n; i++)
        for (size_t k = 0; k < d; k++)
            if (!isfinite(pm_crow(x->embed, i)[k]))
                return err_set(err, PM_E_ARG,
                               "vector: value %zu of prompt %zu: found %s, wanted a number", k + 1,
                               i + 1, isnan(pm_crow(x->embed, i)[k]) ? "NaN" : "an infinity");
    return PM_OK;
}

/* What the router and the constraints read. */
static uint32_t features_wanted(const pipeline *p)
{
    uint32_t needs = (router_wants_embed(p->route) ? PM_NEEDS_EMBED : 0u) |
                     (router_wants_sparse(p->route) ? PM_NEEDS_SPARSE : 0u);
    for (size_t k = 0; k < p->n_terms; k++) needs |= constraint_needs(p->term[k].k);
    if (needs & PM_NEEDS_EMBED_OR_SPARSE) needs |= PM_NEEDS_EMBED;
    return needs;
}

static const plugin_entry *who_wants(const pipeline *p, uint32_t feature)
{
    bool own = feature == PM_NEEDS_EMBED ? router_wants_embed(p->route)
                                         : router_wants_sparse(p->route);
    for (size_t k = 0; k < p->n_terms && !own; k++)
        if (constraint_needs(p->term[k].k) & (feature | PM_NEEDS_EMBED_OR_SPARSE))
            return constraint_plugin(p->term[k].k);
    return router_plugin(p->route);
}

static pm_status add_features(const pipeline *p, pipeline_ctx *c, pm_prompts *x, pm_err *err)
{
    if (p->given_dim) return check_given(p, x, err);
    uint32_t wanted = features_wanted(p);
    bool embed = (wanted & PM_NEEDS_EMBED) && !x->embed.at;
    bool sparse = (wanted & PM_NEEDS_SPARSE) && !x->sparse.start;
    if (!embed && !sparse) return PM_OK;
    const plugin_entry *who = who_wants(p, embed ? PM_NEEDS_EMBED : PM_NEEDS_SPARSE);
    if (!p->embed)
        return err_set(err, PM_E_ARG, "%s \"%s\" needs %s, and there is no embedder to make them",
                       plugin_kind_name(who->kind), who->name,
                       embed ? "embeddings" : "word features");
    if (!x->text) return err_set(err, PM_E_ARG, "there are no texts to embed");
    pm_status st = PM_OK;
    if (embed) {
        pm_mat out;
        if (!room(&c->embed, x->n, embedder_dim(p->embed), &out))
            return starve(err, x->n, embedder_dim(p->embed));
        st = embedder_embed(p->embed, c->call, x->text, x->n, out, err);
        x->embed = (pm_cmat){out.at, out.rows, out.cols, out.ld};
    }
    if (st == PM_OK && sparse) {
        arena_reset(c->sparse);
        st = embedder_sparse(p->embed, c->call, x->text, x->n, c->sparse, &x->sparse, err);
    }
    return st;
}

told_cut pipeline_cut(pipeline_ctx *c)
{
    return told_take_cut(c->call);
}

/* ---- predictions ------------------------------------------------------------------------------------------- */

/* Win probabilities are against the expert that was best on train; without a prior, the first. */
static uint32_t reference(const pipeline *p)
{
    uint32_t best = 0;
    for (size_t j = 1; p->prior && j < p->lib->n; j++)
        if (p->prior[j] > p->prior[best]) best = (uint32_t)j;
    return best;
}

static bool wants_scores(const pipeline *p)
{
    for (size_t k = 0; k < p->n_terms; k++)
        if (constraint_is_per_prompt(p->term[k].k)) return true;
    return false;
}

static pm_status predict(const pipeline *p, pipeline_ctx *c, const pm_prompts *x, pm_scores *s,
                         pm_err *err)
{
    const pm_router_type *d = router_plugin(p->route)->type.router;
    size_t n = x->n, m = p->lib->n;
    *s = (pm_scores){.size = sizeof *s, .reference_col = reference(p)};
    if (!room(&c->value, n, m, &s->value)) return starve(err, n, m);
    if (d->spread_kind != PM_SPREAD_NONE && !room(&c->spread, n, m, &s->spread))
        return starve(err, n, m);
    if (d->emits_tokens_out && wants_scores(p) && !room(&c->tokens, n, m, &s->tokens_out))
        return starve(err, n, m);
    return router_predict(p->route, c->call, p->lib, x, s, err);
}

/* ---- terms ---------------------------------------------------------------------------------------------------- */

static bool grow_terms(pipeline_ctx *c, size_t n)
{
    if (n == 0) n = 1;
    if (!mem_grow(&c->term, &c->term_capacity, n, sizeof *c->term) ||
        !mem_grow(&c->term_list, &c->list_capacity, n, sizeof *c->term_list) ||
        !mem_grow(&c->term_part, &c->part_capacity, n, sizeof *c->term_part) ||
        !mem_grow(&c->term_part_view, &c->part_view_capacity, n, sizeof *c->term_part_view) ||
        !mem_grow(&c->term_value_view, &c->value_view_capacity, n, sizeof *c->term_value_view))
        return false;
    if (n > c->n_terms) c->n_terms = n;
    return true;
}

/* Numbers the library: a new number whenever it is not the one of the last call.  Compared by content:
 * constraints and libraries come and go at the same addresses. */
static bool see_library(library_seen *s, const pm_library *lib)
{
    if (lib->revision != 0 && s->revision == lib->revision && s->n == lib->n &&
        memcmp(s->expert, lib->expert, lib->n * sizeof *s->expert) == 0)
        return true;
    s->number++;
    s->revision = 0;
    if (!mem_grow(&s->expert, &s->capacity, lib->n + 1, sizeof *s->expert)) return false;
    memcpy(s->expert, lib->expert, lib->n * sizeof *s->expert);
    s->revision = lib->revision;
    s->n = lib->n;
    return true;
}

static pm_status eval_row(const pipeline *p, pipeline_ctx *c, size_t at, const pm_prompts *x,
                          pm_mat *out, pm_err *err)
{
    const constraint *k = p->term[at].k;
    const plugin_entry *plugin = constraint_plugin(k);
    term_buffer *b = &c->term[at];
    bool stateless = plugin->type.constraint->train == NULL;
    if (!room(&b->value, 1, p->lib->n, out)) return starve(err, 1, p->lib->n);
    if (stateless && b->plugin == plugin && b->params == constraint_params_key(k) &&
        b->library == c->library.number)
        return PM_OK;
    b->plugin = NULL;
    pm_status st = constraint_eval(k, c->call, p->lib, x, NULL, *out, err);
    if (st != PM_OK || !stateless) return st;
    b->plugin = plugin;
    b->params = constraint_params_key(k);
    b->library = c->library.number;
    return PM_OK;
}

static pm_status eval_term(const pipeline *p, pipeline_ctx *c, size_t k, const pm_prompts *x,
                           const pm_scores *s, pm_err *err)
{
    const pipeline_term *t = &p->term[k];
    term_buffer *b = &c->term[k];
    size_t n = x->n, m = p->lib->n;
    pm_mat out;
    pm_status st;
    pm_cmat value = {NULL, n, m, 0};
    if (constraint_is_per_prompt(t->k)) {
        b->plugin = NULL; /* the buffer no longer holds a row */
        if (!room(&b->value, n, m, &out)) return starve(err, n, m);
        st = constraint_eval(t->k, c->call, p->lib, x, s, out, err);
        value.ld = m;
    } else {
        st = eval_row(p, c, k, x, &out, err);
    }
    if (st != PM_OK) return st;
    value.at = out.at;
    b->term = (pm_term){.size = sizeof b->term,
                        .name = t->name,
                        .sense = t->sense,
                        .weight = t->weight,
                        .bound = t->bound,
                        .weight_row = p->weight_row ? p->weight_row[k] : NULL,
                        .value = value,
                        .plugin = constraint_plugin(t->k)->name};
    c->term_list[k] = &b->term;
    c->term_value_view[k] = value;
    return PM_OK;
}

static pm_status check_sense(const pipeline_term *t, pm_err *err)
{
    const pm_constraint_type *d = constraint_plugin(t->k)->type.constraint;
    static const char *const names[] = {"?", "soft", "hard", "budget"};
    if (t->sense >= PM_SOFT && t->sense <= PM_BUDGET && (d->senses & PM_SENSE_BIT(t->sense)))
        return PM_OK;
    return err_set(err, PM_E_ARG, "constraint \"%s\" cannot be %s", constraint_plugin(t->k)->name,
                   t->sense >= PM_SOFT && t->sense <= PM_BUDGET ? names[t->sense] : names[0]);
}

/* ---- the decision --------------------------------------------------------------------------------------------- */

static bool grow_parts(const pipeline *p, pipeline_ctx *c, size_t n, size_t m, pm_decisions *d)
{
    size_t cells;
    if (!mem_size(n, m, &cells) || !room(&c->utility, n, m, &d->utility) ||
        !room(&c->value_part, n, m, &d->value_part) ||
        !mem_grow(&c->refused, &c->refused_capacity, cells + 1, 1))
        return false;
    for (size_t k = 0; k < p->n_terms; k++)
        if (!room(&c->term[k].part, n, m, &c->term_part[k])) return false;
    d->term_part = c->term_part;
    d->refused = c->refused;
    return true;
}

static bool grow_decisions(const pipeline *p, pipeline_ctx *c, size_t n, size_t m, pm_decisions *d)
{
    size_t cells;
    if (!mem_size(n, m, &cells) ||
        !mem_grow(&c->choice, &c->choice_capacity, n + 1, sizeof *c->choice) ||
        !mem_grow(&c->arrival, &c->arrival_capacity, n + 1, sizeof *c->arrival))
        return false;
    uint32_t offers = objective_plugin(p->decide)->type.objective->offers;
    if ((offers & PM_OFFERS_SHARE) && !room(&c->share, n, m, &d->share)) return false;
    if (offers & PM_OFFERS_FRONT) {
        if (!mem_grow(&c->front, &c->front_capacity, cells + 1, sizeof *c->front)) return false;
        d->front = c->front;
    }
    for (; c->n_arrival < n; c->n_arrival++) c->arrival[c->n_arrival] = c->n_arrival;
    d->size = sizeof *d;
    d->choice = c->choice;
    return !p->explain || grow_parts(p, c, n, m, d);
}

static pm_cmat as_const(pm_mat m)
{
    return (pm_cmat){m.at, m.rows, m.cols, m.ld};
}

static void report(const pipeline *p, pipeline_ctx *c, const pm_question *q, const pm_decisions *d,
                   pipeline_result *out)
{
    *out = (pipeline_result){.n = q->value.rows,
                             .m = q->value.cols,
                             .choice = d->choice,
                             .value = q->value,
                             .spread = q->spread,
                             .utility = as_const(d->utility),
                             .value_part = as_const(d->value_part),
                             .term_value = c->term_value_view,
                             .mask = q->mask,
                             .refused = d->refused,
                             .relaxed = c->found.relaxed,
                             .fell_back = c->found.fell_back,
                             .share = as_const(d->share),
                             .front = d->front,
                             .kind = q->kind,
                             .reference_col = q->reference_col};
    if (!d->term_part) return;
    for (size_t k = 0; k < p->n_terms; k++) c->term_part_view[k] = as_const(d->term_part[k]);
    out->term_part = c->term_part_view;
}

static pm_status eval_terms(const pipeline *p, pipeline_ctx *c, const pm_prompts *x,
                            const pm_scores *s, pm_err *err)
{
    pm_status st = PM_OK;
    if (!grow_terms(c, p->n_terms) || (p->n_terms && !see_library(&c->library, p->lib)))
        return starve(err, x->n, p->lib->n);
    for (size_t k = 0; k < p->n_terms && st == PM_OK; k++) {
        st = check_sense(&p->term[k], err);
        if (st == PM_OK) st = eval_term(p, c, k, x, s, err);
    }
    return st;
}

/* Who may serve whom; an error says which constraints leave nobody. */
static pm_status find_feasible(const pipeline *p, pipeline_ctx *c, size_t n, pm_err *err)
{
    feasible_ask ask = {c->term_list, p->n_terms, n, p->lib, &p->infeasible};
    pm_status st = feasible_find(&c->feasible, &ask, &c->found, err);
    if (st != PM_E_INFEASIBLE) return st;
    return infeasible_refuse(p, c->term_value_view, &c->found, n, err);
}

const feasible_answer *pipeline_found(const pipeline_ctx *c)
{
    return &c->found;
}

pm_status pipeline_question(const pipeline *p, pipeline_ctx *c, const pm_prompts *x,
                            const pm_scores *s, pm_question *out, pm_err *err)
{
    size_t n = x->n, m = p->lib->n;
    pm_status st = eval_terms(p, c, x, s, err);
    if (st == PM_OK) st = find_feasible(p, c, n, err);
    if (st != PM_OK) return st;
    if (!mem_grow(&c->arrival, &c->arrival_capacity, n + 1, sizeof *c->arrival))
        return starve(err, n, m);
    for (; c->n_arrival < n; c->n_arrival++) c->arrival[c->n_arrival] = c->n_arrival;
    *out = (pm_question){.size = sizeof *out,
                         .kind = s->kind,
                         .spread_kind = s->spread.at ? PM_SPREAD_STDDEV : PM_SPREAD_NONE,
                         .value = as_const(s->value),
                         .spread = as_const(s->spread),
                         .lib = p->lib,
                         .x = x,
                         .cost_usd = {p->cost_mean, n, m, 0},
                         .term = c->term_list,
                         .n_terms = p->n_terms,
                         .arrival = c->arrival,
                         .prior = p->prior,
                         .reference_col = s->reference_col,
                         .mask = c->found.mask};
    return PM_OK;
}

pm_status pipeline_decide(const pipeline *p, pipeline_ctx *c, const pm_prompts *x,
                          const pm_scores *s, pipeline_result *out, pm_err *err)
{
    pm_question q;
    pm_decisions d = {0};
    pm_status st = pipeline_question(p, c, x, s, &q, err);
    if (st != PM_OK) return st;
    if (!grow_decisions(p, c, x->n, p->lib->n, &d)) return starve(err, x->n, p->lib->n);
    st = objective_decide(p->decide, c->call, &q, &d, err);
    if (st == PM_OK) report(p, c, &q, &d, out);
    return st;
}

pm_status pipeline_run(const pipeline *p, pipeline_ctx *c, const pm_prompts *x,
                       pipeline_result *out, pm_err *err)
{
    pm_prompts all = *x;
    pm_scores s;
    pm_status st = add_features(p, c, &all, err);
    if (st == PM_OK) st = predict(p, c, &all, &s, err);
    return st == PM_OK ? pipeline_decide(p, c, &all, &s, out, err) : st;
}

pm_status pipeline_observe(const pipeline *p, pipeline_ctx *c, const pm_prompts *x,
                           const pipeline_result *made, pm_err *err)
{
    double term[64];
    pm_status st = PM_OK;
    if (!objective_plugin(p->decide)->type.objective->observe) return PM_OK;
    if (p->n_terms > sizeof term / sizeof *term)
        return err_set(err, PM_E_UNSUPPORTED, "%zu constraints of a stream; want at most %zu",
                       p->n_terms, sizeof term / sizeof *term);
    for (size_t i = 0; i < made->n && st == PM_OK; i++) {
        uint32_t j = made->choice[i];
        if (j == PM_NO_COL) continue;
        for (size_t k = 0; k < p->n_terms; k++)
            term[k] = (double)pm_crow(made->term_value[k], i)[j];
        pm_feedback seen = {.size = sizeof seen,
                            .prompt_id = x->id ? x->id[i] : 0,
                            .arrival = i,
                            .choice = j,
                            .cost_usd = (double)NAN,
                            .value = (double)NAN,
                            .kind = made->kind,
                            .term = term,
                            .n_terms = p->n_terms};
        st = objective_observe((objective *)p->decide, c->call, &seen, err);
    }
    return st;
}
