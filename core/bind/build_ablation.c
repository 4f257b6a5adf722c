/* SPDX-License-Identifier: MIT
 *
 * ablation = pm.ablation { "leave_one_out", ..., levels = { ... }, design = "...", ... } -> ablation_choice.  Needs the
 * constraints and the routers.
 */
#include <math.h>
#include <string.h>

#include "bind/script_private.h"
#include "eval/ablation.h"

#define SEED_TOP 9007199254740992.0

static const char *const part_words[] = {"leave_one_out", "one_at_a_time", "shapley",
                                         "interactions", NULL};
static const char *const design_words[] = {
    "none", "full", "fractional", "random", "latin_hypercube", NULL};

/* The factor of that label; a complaint with a suggestion if there is none. */
static ablation_factor *find_factor(script *s, ablation_factor *f, size_t n, const node *at,
                                    const char *path)
{
    const char **all = arena_alloc(s->a, n, sizeof *all);
    for (size_t k = 0; all && k < n; k++) {
        all[k] = f[k].label ? f[k].label : "";
        if (strcmp(all[k], at->key) == 0) return &f[k];
    }
    const char *near = all ? str_suggest(at->key, all, n) : NULL;
    complain(&s->wrong, at->where, "%s.%.80s: the experiment has no such constraint%s%s%s", path,
             at->key, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return NULL;
}

static const node *table_at(script *s, const node *v, const char *key)
{
    const node *t = node_field(v, key);
    (void)s;
    return t && t->kind == NODE_TABLE ? t : NULL; /* else told by the rows */
}

/* Whether v is a weight of factor `to`; complains. */
static bool is_weight(script *s, const node *v, const char *path, const experiment *x, size_t to)
{
    const constraint_choice *c = &x->constraint[to];
    return c->at.plugin && build_is_weight(s, v, path, c); /* else told with the constraint */
}

static void build_nominal(script *s, const node *v, const experiment *x, ablation_factor *f)
{
    size_t n = x->n_constraints;
    const node *t = table_at(s, v, "at");
    for (size_t i = 0; t && i < t->n_fields; i++) {
        const node *one = &t->field[i];
        ablation_factor *to = find_factor(s, f, n, one, "ablation.at");
        if (to && to->is_switch)
            complain(&s->wrong, one->where,
                     "ablation.at.%.80s: not a soft constraint; only those have weights", one->key);
        else if (to &&
                 is_weight(s, one, schema_path(s->a, "ablation.at", one->key), x, (size_t)(to - f)))
            to->nominal = one->number;
    }
}

static void build_levels(script *s, const node *v, const experiment *x, ablation_factor *f,
                         size_t n)
{
    const node *t = table_at(s, v, "levels");
    for (size_t i = 0; t && i < t->n_fields; i++) {
        const node *one = &t->field[i];
        const char *path = schema_path(s->a, "ablation.levels", one->key);
        ablation_factor *to = find_factor(s, f, n, one, "ablation.levels");
        if (!to) continue;
        if (to->is_switch) {
            complain(&s->wrong, one->where, "%s: not a soft constraint; it is in or out", path);
            continue;
        }
        if (one->noun) {
            constraint_choice c = x->constraint[to - f];
            if (c.at.plugin && build_weights(s, one, path, &c)) {
                to->level = c.weight;
                to->n_levels = c.n_weights;
            }
            continue;
        }
        if (one->kind != NODE_TABLE || one->n_items == 0 || one->n_fields) {
            complain(&s->wrong, one->where,
                     "%s = %s; want a list of weights, pm.grid { ... } or pm.sweep { ... }", path,
                     node_show(one, s->a));
            continue;
        }
        double *level = arena_alloc(s->a, one->n_items, sizeof *level);
        bool ok = level != NULL;
        for (size_t k = 0; level && k < one->n_items; k++) {
            ok &= is_weight(s, &one->item[k], schema_item_path(s->a, path, k, NULL), x,
                            (size_t)(to - f));
            level[k] = one->item[k].number;
        }
        to->level = ok ? level : NULL;
        to->n_levels = ok ? one->n_items : 0;
    }
}

/* range = { size = { 0, 1 }, price = { .01, 10, scale = "log" } } */
static void build_ranges(script *s, const node *v, const experiment *x, ablation_factor *f)
{
    size_t n = x->n_constraints;
    static const char *const scales[] = {"linear", "log", NULL};
    static const schema_row rows[] = {{"scale", WANT_WORD, 0, 0, scales, false, NULL}, SCHEMA_END};
    const node *t = table_at(s, v, "range");
    for (size_t i = 0; t && i < t->n_fields; i++) {
        const node *one = &t->field[i];
        const char *path = schema_path(s->a, "ablation.range", one->key);
        ablation_factor *to = find_factor(s, f, n, one, "ablation.range");
        if (!to) continue;
        if (to->is_switch || one->kind != NODE_TABLE || one->noun || one->n_items != 2) {
            complain(&s->wrong, one->where, "%s = %s; want { low, high } of a soft constraint",
                     path, node_show(one, s->a));
            continue;
        }
        if (!schema_check(&s->wrong, one, path, rows, true) ||
            !is_weight(s, &one->item[0], path, x, (size_t)(to - f)) ||
            !is_weight(s, &one->item[1], path, x, (size_t)(to - f)))
            continue;
        to->low = one->item[0].number;
        to->high = one->item[1].number;
        to->is_log = schema_word(one, "scale", scales, 0) == 1;
        if (to->low > to->high || (to->is_log && to->low <= 0))
            complain(&s->wrong, one->where, "%s = {%g, %g}; want low <= high%s", path, to->low,
                     to->high, to->is_log ? ", above 0 on a logarithmic scale" : "");
    }
}

static bool is_axis(const char *word, const experiment *x)
{
    static const char *const known[] = {"quality", "loss", "utility", "cost"};
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
        if (strcmp(word, known[k]) == 0) return true;
    for (size_t k = 0; k < x->n_constraints; k++)
        if (x->constraint[k].at.label && strcmp(word, x->constraint[k].at.label) == 0) return true;
    return false;
}

static void build_front(script *s, const node *v, size_t i, const experiment *x,
                        ablation_front *out)
{
    const char *path = schema_item_path(s->a, "ablation.fronts", i, NULL);
    if (v->kind != NODE_TABLE || v->n_items < 2 || v->n_items > ABLATION_AXES || v->n_fields) {
        complain(&s->wrong, v->where,
                 "%s = %s; want two or three of \"quality\" (or \"loss\"), \"utility\", \"cost\" "
                 "and labels of constraints",
                 path, node_show(v, s->a));
        return;
    }
    for (size_t k = 0; k < v->n_items; k++) {
        const node *one = &v->item[k];
        if (one->kind != NODE_TEXT || !is_axis(one->text, x)) {
            complain(&s->wrong, one->where,
                     "%s: %s is none of \"quality\", \"loss\", \"utility\", \"cost\" and the "
                     "labels of constraints",
                     path, node_show(one, s->a));
            out->n = 0;
            return;
        }
        const char *axis = strcmp(one->text, "cost") == 0 ? "cost_usd" : one->text;
        for (size_t e = 0; e < out->n; e++)
            if (strcmp(out->axis[e], axis) == 0)
                complain(&s->wrong, one->where, "%s: \"%.80s\" stands twice", path, one->text);
        out->axis[out->n++] = axis;
    }
}

static bool same_axes(const ablation_front *a, const ablation_front *b)
{
    bool same = a->n == b->n;
    for (size_t k = 0; same && k < a->n; k++) same = strcmp(a->axis[k], b->axis[k]) == 0;
    return same && a->n > 0;
}

static void build_fronts(script *s, const node *v, const experiment *x, ablation_choice *out)
{
    const node *t = table_at(s, v, "fronts");
    ablation_front *front = t ? arena_alloc(s->a, t->n_items, sizeof *front) : NULL;
    for (size_t i = 0; front && i < t->n_items; i++) {
        build_front(s, &t->item[i], i, x, &front[i]);
        for (size_t e = 0; e < i; e++)
            if (same_axes(&front[e], &front[i]))
                complain(&s->wrong, t->item[i].where,
                         "ablation.fronts[%zu] is ablation.fronts[%zu] again", i + 1, e + 1);
    }
    out->front = front;
    out->n_fronts = front ? t->n_items : 0;
}

static void build_which(script *s, const node *v, const experiment *x, ablation_choice *out)
{
    const node *t = node_field(v, "routers");
    size_t n = t && t->kind == NODE_TABLE ? t->n_items : 0;
    const char **label = arena_alloc(s->a, n, sizeof *label);
    const char **all = arena_alloc(s->a, x->n_routers, sizeof *all);
    for (size_t k = 0; all && k < x->n_routers; k++)
        all[k] = x->router[k].at.label ? x->router[k].at.label : "";
    for (size_t i = 0; label && all && i < n; i++) {
        const node *one = &t->item[i];
        if (one->kind != NODE_TEXT) return; /* told by the rows */
        bool found = false;
        for (size_t k = 0; k < x->n_routers; k++) found |= strcmp(all[k], one->text) == 0;
        const char *near = found ? NULL : str_suggest(one->text, all, x->n_routers);
        if (!found)
            complain(&s->wrong, one->where, "ablation.routers: no router \"%.80s\"%s%s%s",
                     one->text, near ? "; did you mean \"" : "", near ? near : "",
                     near ? "\"?" : "");
        label[i] = one->text;
    }
    out->router = label;
    out->n_routers = label ? n : 0;
}

static void build_parts(script *s, const node *v, ablation_choice *out)
{
    bool part[4] = {false};
    for (size_t i = 0; i < v->n_items; i++) {
        const node *one = &v->item[i];
        size_t k = 0;
        while (one->kind == NODE_TEXT && part_words[k] && strcmp(part_words[k], one->text) != 0)
            k++;
        if (one->kind == NODE_TEXT && part_words[k]) {
            part[k] = true;
            continue;
        }
        const char *near = one->kind == NODE_TEXT ? str_suggest(one->text, part_words, 4) : NULL;
        complain(&s->wrong, v->where,
                 "ablation[%zu] = %s; want \"leave_one_out\", \"one_at_a_time\", \"shapley\" or "
                 "\"interactions\"%s%s%s",
                 i + 1, node_show(one, s->a), near ? "; did you mean \"" : "", near ? near : "",
                 near ? "\"?" : "");
    }
    if (v->n_items == 0) part[0] = true;
    out->spec.leave_one_out = part[0];
    out->spec.one_at_a_time = part[1];
    out->spec.subsets = out->shapley = part[2];
    out->spec.pairs = out->interactions = part[3];
}

static ablation_factor *make_factors(script *s, const experiment *x)
{
    ablation_factor *f = arena_alloc(s->a, x->n_constraints, sizeof *f);
    for (size_t k = 0; f && k < x->n_constraints; k++) {
        const constraint_choice *c = &x->constraint[k];
        bool is_soft = c->sense == PM_SOFT;
        f[k] = (ablation_factor){.label = c->at.label,
                                 .is_switch = !is_soft,
                                 .nominal = is_soft && c->n_weights ? c->weight[0] : 1,
                                 .low = NAN,
                                 .high = NAN};
    }
    return f;
}

/* Where no range is told: a fraction goes from nothing to w*, a draw up to twice that. */
static void fill_ranges(ablation_factor *f, size_t n, ablation_grid grid)
{
    for (size_t k = 0; k < n; k++) {
        if (!isnan(f[k].low)) continue;
        double top = f[k].nominal != 0 ? f[k].nominal : 1;
        if (grid != ABLATION_FRACTIONAL && f[k].nominal != 0) top *= 2;
        f[k].low = fmin(0, top);
        f[k].high = fmax(0, top);
    }
}

static void build_design(script *s, const node *v, ablation_choice *out)
{
    out->spec.grid = (ablation_grid)schema_word(v, "design", design_words, 0);
    out->spec.points = (size_t)schema_number(v, "points", 256);
    out->spec.seed = (uint64_t)schema_number(v, "seed", 1);
    out->spec.resolution = (int)schema_number(v, "resolution", 4);
    out->spec.permutations = (size_t)schema_number(v, "permutations", 256);
    bool drawn = out->spec.grid == ABLATION_RANDOM || out->spec.grid == ABLATION_LATIN;
    const node *points = node_field(v, "points"), *range = node_field(v, "range");
    if (points && !drawn)
        complain(&s->wrong, points->where,
                 "ablation.points is for design = \"random\" or \"latin_hypercube\"");
    if (range && !drawn && out->spec.grid != ABLATION_FRACTIONAL)
        complain(&s->wrong, range->where,
                 "ablation.range is for design = \"fractional\", \"random\" or "
                 "\"latin_hypercube\"; a full grid has levels");
}

void build_ablation(script *s, const node *v, experiment *x)
{
    static const schema_row rows[] = {
        {"at", WANT_TABLE, 0, 0, NULL, false, NULL},
        {"levels", WANT_TABLE, 0, 0, NULL, false, NULL},
        {"design", WANT_WORD, 0, 0, design_words, false, NULL},
        {"points", WANT_WHOLE, 1, ABLATION_POINTS_MOST, NULL, false, NULL},
        {"seed", WANT_WHOLE, 0, SEED_TOP, NULL, false, NULL},
        {"resolution", WANT_WHOLE, 3, 5, NULL, false, NULL},
        {"permutations", WANT_WHOLE, 2, 10000, NULL, false, NULL},
        {"range", WANT_TABLE, 0, 0, NULL, false, NULL},
        {"fronts", WANT_TABLE, 0, 0, NULL, false, NULL},
        {"routers", WANT_TEXTS, 0, 0, NULL, false, NULL},
        SCHEMA_END};
    if (!v || !node_is(v, "ablation")) return; /* told by the rows */
    if (!schema_shape(&s->wrong, v, "ablation", NAME_NEVER) ||
        !schema_check(&s->wrong, v, "ablation", rows, true))
        return;
    if (x->n_constraints == 0) {
        complain(&s->wrong, v->where,
                 "ablation: the experiment has no constraints; give it constraints = { "
                 "pm.constraint \"name\" { ... } }");
        return;
    }
    if (x->of_battles)
        complain(&s->wrong, v->where,
                 "ablation: measured on outcomes; measure = \"battles\" does not go with it");
    ablation_choice *out = arena_alloc(s->a, 1, sizeof *out);
    ablation_factor *f = make_factors(s, x);
    if (!out || !f) return;
    build_parts(s, v, out);
    build_design(s, v, out);
    build_nominal(s, v, x, f);
    build_levels(s, v, x, f, x->n_constraints);
    build_ranges(s, v, x, f);
    fill_ranges(f, x->n_constraints, out->spec.grid);
    build_fronts(s, v, x, out);
    build_which(s, v, x, out);
    bool weighs = false;
    for (size_t k = 0; k < x->n_constraints; k++) weighs |= f[k].nominal != 0;
    if (!weighs)
        complain(&s->wrong, v->where,
                 "ablation: all weights are 0, so there is nothing to leave out; give constraints "
                 "a weight, or ablation.at = { label = weight }");
    out->spec.factor = f;
    out->spec.n = x->n_constraints;
    out->where = v->where;
    x->ablation = out;
}
