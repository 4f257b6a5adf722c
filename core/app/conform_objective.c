/* SPDX-License-Identifier: MIT
 *
 * The suite of objectives.
 */
#include <math.h>

#include "app/conform_objective.h"

enum { PROMPTS = 20 };

static const pm_value_kind KINDS[] = {PM_VALUE_QUALITY, PM_VALUE_LOSS, PM_VALUE_WINPROB,
                                      PM_VALUE_BEST, PM_VALUE_RANK};
enum { N_KINDS = sizeof KINDS / sizeof *KINDS };

static bool accepts(const trial *t, pm_value_kind k)
{
    return t->e->type.objective->accepts & PM_VALUE_BIT(k);
}

static pm_value_kind first_kind(const trial *t)
{
    for (size_t k = 0; k < N_KINDS; k++)
        if (accepts(t, KINDS[k])) return KINDS[k];
    return PM_VALUE_QUALITY;
}

static quiz *usual(trial *t, conform_result *r)
{
    quiz *z = quiz_make(t, PROMPTS, first_kind(t));
    if (!z) check_fail(r, "out of memory");
    return z;
}

static bool decide_with(trial *t, conform_result *r, const objective *o, const quiz *z,
                        pm_decisions *out)
{
    pm_err err = PM_ERR_INIT;
    if (!quiz_room(t, &z->q, out))
        check_fail(r, "out of memory");
    else if (objective_decide(o, t->c, &z->q, out, &err) != PM_OK)
        check_fail_err(r, "decide", &err);
    return r->passed;
}

static bool decide(trial *t, conform_result *r, const quiz *z, pm_decisions *out)
{
    return z && decide_with(t, r, t->base, z, out);
}

static pm_status build(trial *t, objective **out, pm_err *err)
{
    objective_spec spec = {t->e, t->params, t->seed};
    bool stateful = t->e->type.objective->state_bytes > 0;
    quiz *z = stateful ? quiz_make(t, PROMPTS, first_kind(t)) : NULL;
    pm_outcomes seen = t->data->test_y;
    seen.value.rows = seen.cost_usd.rows = seen.tokens_out.rows = PROMPTS;
    seen.battle = NULL;
    seen.n_battles = 0;
    seen.n_extra = 0; /* of as many rows as all of test */
    *out = NULL;
    return objective_build(t->c, &spec, z ? &z->q : NULL, z ? &seen : NULL, out, err);
}

static void builds(trial *t, conform_result *r)
{
    toy_shape shape = toy_usual(t->seed);
    pm_err err = PM_ERR_INIT;
    objective *o = NULL;
    t->data = toy_make(t->keep, &shape);
    if (!t->data)
        check_fail(r, "out of memory");
    else if (!t->e->type.objective->accepts)
        check_fail(r, "accepts no value kind");
    else if (build(t, &o, &err) != PM_OK)
        check_fail_err(r, "build", &err);
    t->base = o;
}

static void decides(trial *t, conform_result *r)
{
    for (size_t k = 0; k < N_KINDS && r->passed; k++) {
        quiz *z = accepts(t, KINDS[k]) ? quiz_make(t, PROMPTS, KINDS[k]) : NULL;
        pm_decisions d;
        if (!decide(t, r, z, &d)) continue;
        for (size_t i = 0; i < PROMPTS && r->passed; i++)
            if (d.choice[i] >= z->value.cols && d.choice[i] != PM_NO_COL)
                check_fail(r, "prompt %zu: choice %u of %zu experts (%s)", i, d.choice[i],
                           z->value.cols, value_kind_name(KINDS[k]));
    }
}

static void kinds_refused(trial *t, conform_result *r)
{
    size_t refused = 0;
    for (size_t k = 0; k < N_KINDS && r->passed; k++) {
        if (accepts(t, KINDS[k])) continue;
        pm_router_type type = {
            .size = sizeof type, .name = "toy", .value_kinds = PM_VALUE_BIT(KINDS[k])};
        plugin_entry fake = {.kind = PLUGIN_ROUTER, .name = "toy", .doc = "", .source = ""};
        fake.type.router = &type;
        pm_err err = PM_ERR_INIT;
        quiz *z = quiz_make(t, PROMPTS, KINDS[k]);
        pm_decisions d;
        refused++;
        if (!z || !quiz_room(t, &z->q, &d))
            check_fail(r, "out of memory");
        else if (objective_accepts(t->e, &fake, &err) == PM_OK)
            check_fail(r, "is paired with a router that emits %s", value_kind_name(KINDS[k]));
        else if (!strstr(err.text, value_kind_name(KINDS[k])) || !strstr(err.text, t->e->name))
            check_fail(r, "the refusal does not name both sides: %s", err.text);
        else if (objective_decide(t->base, t->c, &z->q, &d, &err) == PM_OK)
            check_fail(r, "decides on %s, which it does not accept", value_kind_name(KINDS[k]));
    }
    if (!refused) check_skip(r, "it accepts every kind");
}

static void masks(trial *t, conform_result *r)
{
    quiz *z = usual(t, r);
    pm_decisions d;
    if (!decide(t, r, z, &d)) return;
    for (size_t i = 0; i < PROMPTS && r->passed; i++) {
        for (size_t j = 0; j < z->value.cols; j++) {
            bool allowed = quiz_is_allowed(z, i, j);
            if (!allowed && d.choice[i] == j)
                check_fail(r, "prompt %zu: chose expert %zu, which hard-term forbids", i, j);
        }
    }
}

/* Of prompt i the hard term forbids everyone but column i % m. */
static void last_one(trial *t, conform_result *r)
{
    quiz *z = usual(t, r);
    pm_decisions d;
    if (!z) return;
    size_t m = z->value.cols;
    for (size_t i = 0; i < PROMPTS; i++)
        for (size_t j = 0; j < m; j++) pm_row(z->hard_value, i)[j] = j == i % m ? 0 : 1;
    z->hard.bound = 0.5;
    (void)quiz_mask(z);
    if (!decide(t, r, z, &d)) return;
    for (size_t i = 0; i < PROMPTS && r->passed; i++)
        if (d.choice[i] != i % m && d.choice[i] != PM_NO_COL)
            check_fail(r, "prompt %zu: chose %u though only expert %zu is allowed", i, d.choice[i],
                       i % m);
}

static void monotone(trial *t, conform_result *r)
{
    for (size_t k = 0; k < N_KINDS && r->passed; k++) {
        quiz *z = accepts(t, KINDS[k]) ? quiz_make(t, PROMPTS, KINDS[k]) : NULL;
        pm_decisions before, after;
        if (!decide(t, r, z, &before)) continue;
        for (size_t i = 0; i < PROMPTS; i++)
            if (before.choice[i] != PM_NO_COL) quiz_improve(z, i, before.choice[i]);
        if (!decide(t, r, z, &after)) return;
        for (size_t i = 0; i < PROMPTS && r->passed; i++)
            if (after.choice[i] != before.choice[i])
                check_fail(r,
                           "prompt %zu: expert %u lost its place to %u when its own %s got better",
                           i, before.choice[i], after.choice[i], value_kind_name(KINDS[k]));
    }
}

static void tie_of(trial *t, conform_result *r, quiz *z, uint32_t want, const char *what)
{
    pm_decisions d;
    if (!r->passed || !decide(t, r, z, &d)) return;
    for (size_t i = 0; i < PROMPTS && r->passed; i++)
        if (d.choice[i] != want && d.choice[i] != PM_NO_COL)
            check_fail(r, "all values equal, %s: prompt %zu chose %u, expected %u", what, i,
                       d.choice[i], want);
}

static void ties(trial *t, conform_result *r)
{
    quiz *z = usual(t, r);
    if (!z) return;
    quiz_without_terms(z);
    for (size_t c = 0; c < z->value.rows * z->value.cols; c++) {
        z->value.at[c] = 1.0f / (float)z->value.cols;
        z->cost.at[c] = 1e-4f;
    }
    z->q.prior = NULL;
    tie_of(t, r, z, 0, "no prior");
    for (size_t j = 0; j < z->value.cols; j++) z->prior[j] = j == 3 ? 0.9f : 0.1f;
    z->q.prior = z->prior;
    tie_of(t, r, z, 3, "expert 3 has the best prior");
    z->prior[1] = 0.9f;
    tie_of(t, r, z, 1, "experts 1 and 3 share the best prior");
}

static void parts(trial *t, conform_result *r)
{
    quiz *z = usual(t, r);
    pm_decisions d;
    if (!(t->e->type.objective->offers & PM_OFFERS_PARTS)) {
        check_skip(r, "parts are not offered");
        return;
    }
    if (!decide(t, r, z, &d)) return;
    for (size_t c = 0; c < PROMPTS * z->value.cols && d.utility.at; c++) {
        double sum = d.value_part.at[c];
        for (size_t k = 0; k < z->q.n_terms; k++) sum += d.term_part[k].at[c];
        double u = d.utility.at[c];
        if (!isinf(u) && fabs(sum - u) > 1e-4 * fmax(1, fabs(u)))
            check_fail(r, "cell %zu: the parts add up to %g, the utility is %g", c, sum, u);
    }
}

static void column_order(trial *t, conform_result *r)
{
    quiz *z = usual(t, r);
    uint32_t *col = z ? toy_order(t->a, t->seed, z->value.cols) : NULL;
    quiz *other = col ? quiz_with_columns(t, z, col) : NULL;
    pm_decisions before, after;
    if (!decide(t, r, z, &before) || !decide(t, r, other, &after)) return;
    for (size_t i = 0; i < PROMPTS && r->passed; i++) {
        uint32_t got = after.choice[i] == PM_NO_COL ? PM_NO_COL : col[after.choice[i]];
        if (got != before.choice[i])
            check_fail(r, "prompt %zu: expert %u, and expert %u when experts come in another order",
                       i, before.choice[i], got);
    }
}

static void same_choices(conform_result *r, const pm_decisions *want, const pm_decisions *got,
                         const char *what)
{
    for (size_t i = 0; i < PROMPTS && r->passed; i++)
        if (want->choice[i] != got->choice[i])
            check_fail(r, "%s: prompt %zu goes to %u, expected %u", what, i, got->choice[i],
                       want->choice[i]);
    same_spec same = {NULL, NULL, 0, what};
    if (r->passed) check_same(r, want->utility, got->utility, &same);
}

static void same_answer(trial *t, conform_result *r)
{
    quiz *z = usual(t, r);
    pm_decisions first, other, again;
    quiz *between = quiz_make(t, 3, first_kind(t));
    if (decide(t, r, z, &first) && decide(t, r, between, &other) && decide(t, r, z, &again))
        same_choices(r, &first, &again, "the same question again");
}

static void batch(trial *t, conform_result *r)
{
    quiz *z = usual(t, r);
    pm_decisions all, one;
    if (t->e->type.objective->state_bytes) {
        check_skip(r, "it is stateful: the stream matters");
        return;
    }
    if (!decide(t, r, z, &all)) return;
    for (size_t i = 0; i < PROMPTS && r->passed; i++) {
        quiz *single = quiz_one(t, z, i);
        if (!decide(t, r, single, &one)) return;
        if (one.choice[0] != all.choice[i])
            check_fail(r, "prompt %zu goes to %u alone and to %u in a batch", i, one.choice[0],
                       all.choice[i]);
    }
}

/* ---- threads and checkpoints ------------------------------------------------------------------------ */

typedef struct panel { /* two threads that decide the same question */
    const objective *o;
    const quiz *z;
    pm_decisions want, got[2];
    conform_result seen[2];
} panel;

static pm_status panel_decides(void *arg, call_ctx *c, int worker, size_t i)
{
    panel *p = arg;
    pm_err err = PM_ERR_INIT;
    (void)i;
    pm_status s = objective_decide(p->o, c, &p->z->q, &p->got[worker], &err);
    if (s != PM_OK)
        check_fail_err(&p->seen[worker], "decide on two threads at once", &err);
    else
        same_choices(&p->seen[worker], &p->want, &p->got[worker], "two threads at once");
    return p->seen[worker].passed ? PM_OK : PM_E_CONTRACT;
}

static void concurrent(trial *t, conform_result *r)
{
    panel p = {.o = t->base, .z = usual(t, r)};
    pm_err err = PM_ERR_INIT;
    at_once job = {panel_decides, &p, 500};
    if (t->e->type.objective->state_bytes) {
        check_skip(r, "it is stateful: decisions come one after another");
        return;
    }
    p.seen[0].passed = p.seen[1].passed = true;
    if (!decide(t, r, p.z, &p.want)) return;
    if (!quiz_room(t, &p.z->q, &p.got[0]) || !quiz_room(t, &p.z->q, &p.got[1])) {
        check_fail(r, "out of memory");
        return;
    }
    pm_status s = trial_at_once(t, &job, &err);
    for (int w = 0; w < 2; w++)
        if (!p.seen[w].passed) check_fail(r, "%s", p.seen[w].why);
    if (s != PM_OK && r->passed) check_fail_err(r, "two threads at once", &err);
}

static void save_load(trial *t, conform_result *r)
{
    char *path = trial_path(t, "saved"), *second = trial_path(t, "second");
    quiz *z = usual(t, r);
    pm_err err = PM_ERR_INIT;
    objective *loaded = NULL;
    pm_decisions want, got;
    if (!decide(t, r, z, &want)) return;
    if (objective_save(t->base, t->c, path, &err) != PM_OK)
        check_fail_err(r, "save", &err);
    else if (objective_load(t->c, path, &loaded, &err) != PM_OK)
        check_fail_err(r, "load", &err);
    else if (decide_with(t, r, loaded, z, &got))
        same_choices(r, &want, &got, "loaded instance");
    if (r->passed && objective_save(loaded, t->c, second, &err) != PM_OK)
        check_fail_err(r, "save the loaded instance", &err);
    if (r->passed) check_same_file(r, path, second, "first and second checkpoint");
    objective_close(loaded);
}

static pm_status load_and_drop(trial *t, const char *path, pm_err *err)
{
    objective *loaded = NULL;
    pm_status s = objective_load(t->c, path, &loaded, err);
    objective_close(loaded);
    return s;
}

static void damaged(trial *t, conform_result *r)
{
    char *path = trial_path(t, "whole");
    pm_err err = PM_ERR_INIT;
    if (objective_save(t->base, t->c, path, &err) != PM_OK)
        check_fail_err(r, "save", &err);
    else
        check_damage(t, r, path, load_and_drop);
}

static void suite_close(trial *t)
{
    if (t->base) objective_close(t->base);
}

static const check_row rows[] = {
    {"documented", "doc, source and every parameter row say something", "", check_documented},
    {"builds", "is built with its default parameters", "", builds},
    {"decides", "answers a choice for every prompt, for every value kind it accepts", "builds",
     decides},
    {"kinds-refused", "other value kinds are refused before any compute, naming both sides",
     "builds", kinds_refused},
    {"masks", "never chooses what the host's mask forbids", "decides", masks},
    {"last-one", "where hard terms leave one expert, chooses that one or abstains", "decides",
     last_one},
    {"monotone", "an expert does not lose its place when its own value gets better", "decides",
     monotone},
    {"ties", "equal values go to the best prior, then to the lower column", "decides", ties},
    {"parts", "where offered, the parts of the explanation add up to the utility", "decides",
     parts},
    {"additive", "where promised, choices and utilities are those of the formula, at any weights",
     "decides", objective_is_additive},
    {"lean", "choices are the same when nothing else is asked for", "decides", objective_is_lean},
    {"spread", "decides on predictions without spread, or declares that it needs it", "decides",
     objective_without_spread},
    {"shares", "where offered, shares sum to 1 and nobody who is forbidden or refused has any",
     "decides", objective_shares},
    {"front", "where offered, exactly those whom nobody beats in value and every soft term",
     "decides", objective_front},
    {"column-order", "permuting the experts permutes the choices", "decides", column_order},
    {"same-answer", "deciding leaves no trace: the same question has the same answer", "decides",
     same_answer},
    {"batch-equals-single", "where stateless, a batch and its prompts one by one agree", "decides",
     batch},
    {"concurrent-decide", "where stateless, two threads decide at once what one decides alone",
     "same-answer", concurrent},
    {"save-load", "a loaded instance decides the same and saves the same bytes", "decides",
     save_load},
    {"damaged-checkpoint", "64 cuts and bit flips of a checkpoint are refused with a message",
     "save-load", damaged},
};

const suite suite_objective = {rows, sizeof rows / sizeof *rows, suite_close};
