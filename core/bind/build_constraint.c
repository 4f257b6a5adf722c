/* SPDX-License-Identifier: MIT
 *
 * Constraints: the plugin's own parameters, and what the experiment says about it: sense, weights (a number,
 * pm.grid or pm.sweep) and bound.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "bind/script_private.h"
#include "plug/feasible.h"

#define POINTS_MAX 10000
#define STEPS_MAX  1001

static const char *const scale_words[] = {"linear", "log1p", "log", NULL};

static const char *const sense_words[] = {"soft", "hard", "budget", NULL};

static double at_step(size_t scale, double from, double to, double share)
{
    if (share >= 1) return to; /* the ends are what was written, to the bit */
    if (share <= 0) return from;
    if (scale == 1) return expm1(log1p(from) + share * (log1p(to) - log1p(from)));
    if (scale == 2) return exp(log(from) + share * (log(to) - log(from)));
    return from + share * (to - from);
}

/* A weight below 0 would reward what the constraint is against: only some declare that it means something. */
static bool is_signed(const constraint_choice *k)
{
    const pm_constraint_type *t = k->at.plugin->type.constraint;
    return PM_HAS(t, signed_weight) && t->signed_weight;
}

bool build_is_weight(script *s, const node *v, const char *path, const constraint_choice *k)
{
    bool is_number = v->kind == NODE_NUMBER && isfinite(v->number);
    if (is_number && fabs(v->number) > (double)FLT_MAX) { /* weights times values stay finite */
        complain(&s->wrong, v->where, "%s = %s; want a weight of at most %.3g", path,
                 node_show(v, s->a), (double)FLT_MAX);
        return false;
    }
    if (is_number && (v->number >= 0 || is_signed(k))) return true;
    if (v->kind == NODE_NUMBER && v->number < 0)
        complain(&s->wrong, v->where,
                 "%s = %s; a weight below 0 has no meaning for constraint '%s' (less is better); "
                 "want a number >= 0",
                 path, node_show(v, s->a), k->at.plugin->name);
    else
        complain(&s->wrong, v->where,
                 "%s = %s; want a number%s, pm.grid { ... } or pm.sweep { ... }", path,
                 node_show(v, s->a), is_signed(k) ? "" : " >= 0");
    return false;
}

static bool build_sweep(script *s, const node *v, const char *path, constraint_choice *out)
{
    static const schema_row rows[] = {
        {"from", WANT_NUMBER, -1e300, 1e300, NULL, true, "first weight"},
        {"to", WANT_NUMBER, -1e300, 1e300, NULL, true, "last weight"},
        {"steps", WANT_WHOLE, 2, STEPS_MAX, NULL, true, "how many weights, both ends included"},
        {"scale", WANT_WORD, 0, 0, scale_words, false, NULL},
        SCHEMA_END};
    if (!schema_shape(&s->wrong, v, path, NAME_NEVER) ||
        !schema_check(&s->wrong, v, path, rows, false))
        return false;
    double from = schema_number(v, "from", 0), to = schema_number(v, "to", 0);
    size_t n = (size_t)schema_number(v, "steps", 2),
           scale = schema_word(v, "scale", scale_words, 0);
    if (!build_is_weight(s, node_field(v, "from"), bind_text(s->a, "%s.from", path), out) ||
        !build_is_weight(s, node_field(v, "to"), bind_text(s->a, "%s.to", path), out))
        return false;
    if (!(from < to)) {
        complain(&s->wrong, v->where, "%s: from = %g is not below to = %g", path, from, to);
        return false;
    }
    if (from < 0 ? scale != 0 : scale == 2 && from <= 0) {
        complain(&s->wrong, v->where,
                 from < 0 ? "%s: weights below 0 want scale = \"linear\""
                          : "%s: scale = \"log\" wants from > 0; \"log1p\" may begin at 0",
                 path);
        return false;
    }
    double *w = arena_alloc(s->a, n, sizeof *w);
    for (size_t i = 0; w && i < n; i++)
        w[i] = at_step(scale, from, to, (double)i / (double)(n - 1));
    out->weight = w;
    out->n_weights = n;
    return w != NULL;
}

bool build_weights(script *s, const node *v, const char *path, constraint_choice *out)
{
    if (node_is(v, "sweep")) return build_sweep(s, v, path, out);
    bool is_list = node_is(v, "grid");
    size_t n = is_list ? v->n_items : 1;
    if (is_list && (n == 0 || v->n_fields)) {
        complain(&s->wrong, v->where, "%s: pm.grid wants a list of weights", path);
        return false;
    }
    double *w = arena_alloc(s->a, n, sizeof *w);
    bool ok = w != NULL;
    for (size_t i = 0; w && i < n; i++) {
        const node *one = is_list ? &v->item[i] : v;
        ok &= build_is_weight(s, one, is_list ? schema_item_path(s->a, path, i, NULL) : path, out);
        w[i] = one->number;
    }
    out->weight = w;
    out->n_weights = n;
    return ok;
}

static double usual_bound(const pm_constraint_type *t)
{
    return PM_HAS(t, usual_bound) ? t->usual_bound : 0;
}

/* One that knows its own bound is hard by nature; else the first that it offers, soft before all. */
static size_t default_sense(const pm_constraint_type *t)
{
    if (usual_bound(t) > 0 && (t->senses & PM_SENSE_BIT(PM_HARD))) return PM_HARD - PM_SOFT;
    for (size_t k = 0; k < 3; k++)
        if (t->senses & PM_SENSE_BIT(PM_SOFT + k)) return k;
    return 0;
}

static bool check_sense(script *s, const node *v, const char *path, const plugin_entry *e,
                        size_t sense)
{
    uint32_t mask = e->type.constraint->senses;
    if (mask & PM_SENSE_BIT(PM_SOFT + sense)) return true;
    const char *can = "";
    for (size_t k = 0; k < 3; k++)
        if (mask & PM_SENSE_BIT(PM_SOFT + k))
            can = bind_text(s->a, "%s%s\"%s\"", can, *can ? " or " : "", sense_words[k]);
    complain(&s->wrong, v->where, "%s.sense = \"%s\"; constraint '%s' offers %s", path,
             sense_words[sense], e->name, can);
    return false;
}

/* sense and bound as rows; the rest of the table is the plugin's. */
static bool check_own(script *s, const node *v, const char *path)
{
    static const schema_row rows[] = {{"bound", WANT_NUMBER, 0, 1e300, NULL, false, NULL},
                                      {"sense", WANT_WORD, 0, 0, sense_words, false, NULL},
                                      SCHEMA_END};
    node field[2], own = {.kind = NODE_TABLE, .where = v->where, .field = field};
    for (size_t i = 0; rows[i].name; i++)
        if (node_field(v, rows[i].name)) field[own.n_fields++] = *node_field(v, rows[i].name);
    return schema_check(&s->wrong, &own, path, rows, false);
}

/* sense = soft has a weight, the others a bound, which only a hard one may leave to the constraint. */
static void build_bound(script *s, const node *v, const char *path, constraint_choice *out)
{
    const pm_constraint_type *t = out->at.plugin->type.constraint;
    const node *weight = node_field(v, "weight"), *bound = node_field(v, "bound");
    const char *sense = sense_words[out->sense - PM_SOFT];
    if (weight)
        complain(&s->wrong, weight->where,
                 "%s.weight is for sense = \"soft\"; a %s one has a bound", path, sense);
    if (bound)
        out->bound = bound->number;
    else if (out->sense == PM_HARD && usual_bound(t) > 0)
        out->bound = usual_bound(t);
    else
        complain(&s->wrong, v->where, "%s.bound is missing (largest %s that is allowed%s%s)", path,
                 out->sense == PM_BUDGET ? "mean" : "value", t->unit[0] ? ", in " : "", t->unit);
    if (bound && out->sense == PM_BUDGET && bound->number <= 0)
        complain(&s->wrong, bound->where,
                 "%s.bound = %s: a budget of 0 leaves only experts whose value is 0 on every "
                 "prompt; want a bound above 0, or sense = \"hard\" with bound = 0, which says "
                 "so",
                 path, node_show(bound, s->a));
}

/* Words of flags: the plugin's, then the script's, which replace equal ones. */
static void build_phrases(script *s, const node *v, const char *path, constraint_choice *out)
{
    const node *f = node_field(v, "phrases");
    const pm_phrase *own = flag_term_of("", out->at.plugin, out->sense, NULL).phrases;
    size_t n = 0, n_own = 0;
    if (!f) return;
    if (f->kind != NODE_TABLE || f->noun || f->n_items) {
        complain(&s->wrong, f->where, "%s.phrases = %s; want { [\"words\"] = weight, ... }", path,
                 node_show(f, s->a));
        return;
    }
    while (own && own[n_own].text) n_own++;
    pm_phrase *all = arena_alloc(s->a, n_own + f->n_fields + 1, sizeof *all);
    if (!all) return;
    if (own) memcpy(all, own, n_own * sizeof *all);
    n = n_own;
    for (size_t k = 0; k < f->n_fields; k++) {
        const node *one = &f->field[k];
        size_t at = 0;
        if (one->kind != NODE_NUMBER)
            complain(&s->wrong, one->where, "%s.phrases[\"%.80s\"] = %s; want a number", path,
                     one->key, node_show(one, s->a));
        while (at < n_own && strcmp(all[at].text, one->key) != 0) at++;
        all[at < n_own ? at : n++] = (pm_phrase){one->key, one->number};
    }
    out->phrases = all;
    pm_err err = PM_ERR_INIT;
    flags *made;
    flag_term term = flag_term_of(out->at.label, out->at.plugin, out->sense, all);
    if (flags_open(&term, 1, &made, &err) == PM_OK)
        flags_close(made);
    else
        complain(&s->wrong, f->where, "%s.phrases: %s", path, err_text(&err));
}

static void build_one(script *s, const node *v, size_t i, constraint_choice *out)
{
    static const char *const reserved[] = {"weight", "sense", "bound", "label", "phrases", NULL};
    static const double one = 1;
    const char *path = schema_item_path(s->a, "constraints", i, v->name);
    bool ok = build_plugin(s, v, PLUGIN_CONSTRAINT, path, reserved, &out->at);
    out->at.label = build_label(s, v, path, v->name);
    if (!ok || !check_own(s, v, path)) return;
    if (!out->at.label) out->at.label = out->at.plugin->name;
    size_t sense =
        schema_word(v, "sense", sense_words, default_sense(out->at.plugin->type.constraint));
    const node *weight = node_field(v, "weight"), *bound = node_field(v, "bound");
    /* Who gives a weight means it soft. */
    if (!node_field(v, "sense") && weight && !bound) sense = 0;
    if (!check_sense(s, v, path, out->at.plugin, sense)) return;
    out->sense = (pm_sense)(PM_SOFT + sense);
    build_phrases(s, v, path, out);
    out->weight = &one;
    out->n_weights = 1;
    if (sense != 0) {
        build_bound(s, v, path, out);
        return;
    }
    if (bound)
        complain(&s->wrong, bound->where,
                 "%s.bound is for sense = \"hard\" or \"budget\"; a soft one has a weight", path);
    if (weight) (void)build_weights(s, weight, bind_text(s->a, "%s.weight", path), out);
}

void build_constraints(script *s, const node *list, experiment *x)
{
    size_t n = list ? list->n_items : 0;
    constraint_choice *k = arena_alloc(s->a, n, sizeof *k);
    double points = 1;
    for (size_t i = 0; k && i < n; i++) {
        if (!node_is(&list->item[i], "constraint") && !node_is(&list->item[i], "constraint_fn"))
            continue;
        build_one(s, &list->item[i], i, &k[i]);
        points *= k[i].n_weights ? (double)k[i].n_weights : 1;
        for (size_t j = 0; j < i && k[i].at.label; j++)
            if (k[j].at.label && strcmp(k[j].at.label, k[i].at.label) == 0)
                complain(&s->wrong, k[i].at.where,
                         "constraints[%zu]: \"%s\" is constraints[%zu] already; give one of them a "
                         "label",
                         i + 1, k[i].at.label, j + 1);
    }
    if (n > FEASIBLE_TERMS)
        complain(&s->wrong, list->where, "constraints: %zu of them; want at most %d", n,
                 FEASIBLE_TERMS);
    if (points > POINTS_MAX)
        complain(&s->wrong, list->where,
                 "constraints: the sweeps have %.0f points together; want at most %d", points,
                 POINTS_MAX);
    x->constraint = k;
    x->n_constraints = k ? n : 0;
}
