/* SPDX-License-Identifier: MIT
 *
 * Constraints: the plugin's own parameters, and what the experiment says about it: sense, weights (a number,
 * pm.grid or pm.sweep) and bound.
 */
#include <math.h>
#include <string.h>

#include "bind/script_private.h"

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

static bool build_sweep(script *s, const node *v, const char *path, constraint_choice *out)
{
    static const schema_row rows[] = {
        {"from", WANT_NUMBER, 0, 1e300, NULL, true, "first weight"},
        {"to", WANT_NUMBER, 0, 1e300, NULL, true, "last weight"},
        {"steps", WANT_WHOLE, 2, STEPS_MAX, NULL, true, "how many weights, both ends included"},
        {"scale", WANT_WORD, 0, 0, scale_words, false, NULL},
        SCHEMA_END};
    if (!schema_shape(&s->wrong, v, path, NAME_NEVER) ||
        !schema_check(&s->wrong, v, path, rows, false))
        return false;
    double from = schema_number(v, "from", 0), to = schema_number(v, "to", 0);
    size_t n = (size_t)schema_number(v, "steps", 2),
           scale = schema_word(v, "scale", scale_words, 0);
    if (!(from < to)) {
        complain(&s->wrong, v->where, "%s: from = %g is not below to = %g", path, from, to);
        return false;
    }
    if (scale == 2 && from <= 0) {
        complain(&s->wrong, v->where,
                 "%s: scale = \"log\" wants from > 0; \"log1p\" may begin at 0", path);
        return false;
    }
    double *w = arena_alloc(s->a, n, sizeof *w);
    for (size_t i = 0; w && i < n; i++)
        w[i] = at_step(scale, from, to, (double)i / (double)(n - 1));
    out->weight = w;
    out->n_weights = n;
    return w != NULL;
}

static bool is_weight(script *s, const node *v, const char *path)
{
    if (v->kind == NODE_NUMBER && v->number >= 0 && isfinite(v->number)) return true;
    complain(&s->wrong, v->where,
             "%s = %s; want a number >= 0, pm.grid { ... } or pm.sweep { ... }", path,
             node_show(v, s->a));
    return false;
}

static bool build_weights(script *s, const node *v, const char *path, constraint_choice *out)
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
        ok &= is_weight(s, one, is_list ? schema_item_path(s->a, path, i, NULL) : path);
        w[i] = one->number;
    }
    out->weight = w;
    out->n_weights = n;
    return ok;
}

static size_t default_sense(uint32_t mask)
{
    for (size_t k = 0; k < 3; k++)
        if (mask & PM_SENSE_BIT(PM_SOFT + k)) return k;
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

static void build_one(script *s, const node *v, size_t i, constraint_choice *out)
{
    static const char *const reserved[] = {"weight", "sense", "bound", "label", NULL};
    static const double one = 1;
    const char *path = schema_item_path(s->a, "constraints", i, v->name);
    bool ok = build_plugin(s, v, PLUGIN_CONSTRAINT, path, reserved, &out->at);
    out->at.label = build_label(s, v, path, v->name);
    if (!ok || !check_own(s, v, path)) return;
    if (!out->at.label) out->at.label = out->at.plugin->name;
    size_t sense = schema_word(v, "sense", sense_words,
                               default_sense(out->at.plugin->type.constraint->senses));
    const node *weight = node_field(v, "weight"), *bound = node_field(v, "bound");
    if (!check_sense(s, v, path, out->at.plugin, sense)) return;
    out->sense = (pm_sense)(PM_SOFT + sense);
    out->weight = &one;
    out->n_weights = 1;
    if (sense == 0 && bound)
        complain(&s->wrong, bound->where,
                 "%s.bound is for sense = \"hard\" or \"budget\"; a soft one has a weight", path);
    if (sense != 0 && !bound)
        complain(&s->wrong, v->where, "%s.bound is missing (largest value that is allowed%s%s)",
                 path, out->at.plugin->type.constraint->unit[0] ? ", in " : "",
                 out->at.plugin->type.constraint->unit);
    if (sense != 0 && weight)
        complain(&s->wrong, weight->where,
                 "%s.weight is for sense = \"soft\"; a %s one has a bound", path,
                 sense_words[sense]);
    if (bound) out->bound = bound->number;
    if (sense == 0 && weight)
        (void)build_weights(s, weight, bind_text(s->a, "%s.weight", path), out);
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
    if (points > POINTS_MAX)
        complain(&s->wrong, list->where,
                 "constraints: the sweeps have %.0f points together; want at most %d", points,
                 POINTS_MAX);
    x->constraint = k;
    x->n_constraints = k ? n : 0;
}
