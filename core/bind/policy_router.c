/* SPDX-License-Identifier: MIT
 *
 * pm.router_fn: train(fit, p) -> state and predict(state, prompts, out, p) as a full router.
 */
#include <lauxlib.h>
#include <math.h>
#include <string.h>

#include "bind/matrix.h"
#include "bind/policy_state.h"
#include "bind/script_private.h"
#include "bind/strict.h"

struct pm_router {
    const lua_policy *p;
    pm_value_kind kind;
    int state; /* reference to the read-only state; 0: none yet */
    pm_str text;
    pm_tensor *matrix; /* [n_matrices] copies in the instance's memory, for save */
    size_t n_matrices;
};

typedef struct router_job {
    pm_router *r;
    pm_call *c;
    const pm_fit *fit;
    policy_state kept; /* load: as read */
} router_job;

typedef struct predict_job {
    const pm_router *r;
    pm_call *c;
    const pm_library *lib;
    const pm_prompts *x;
    pm_scores *out;
} predict_job;

/* ---- building ---- */

/* Sets the fields of one part on the table on top. */
static void set_outcomes(lua_State *L, const pm_prompts *x, const pm_outcomes *y, uint32_t needs)
{
    policy_push_prompts(L, x, needs);
    lua_setfield(L, -2, "prompts");
    lua_pushinteger(L, (lua_Integer)x->n);
    lua_setfield(L, -2, "n");
    if (!y) return;
    lua_pushstring(L, policy_kind_word(y->kind));
    lua_setfield(L, -2, "kind");
    if (needs & PM_NEEDS_VALUES) {
        matrix_push_const(L, y->value);
        lua_setfield(L, -2, "value");
    }
    matrix_push_const(L, y->cost_usd);
    lua_setfield(L, -2, "cost_usd");
    matrix_push_const(L, y->tokens_out);
    lua_setfield(L, -2, "tokens_out");
}

static void fit_rules(lua_State *L, const char *what, uint32_t needs)
{
    strict_rules(L, what, "");
    strict_optional(L, "cost_usd");
    strict_optional(L, "tokens_out");
    if (!(needs & PM_NEEDS_VALUES)) strict_refuse(L, "value", "needs lacks \"values\"");
}

static void push_fit(lua_State *L, const lua_policy *p, const pm_fit *fit)
{
    uint32_t needs = p->type.router.needs;
    lua_newtable(L);
    set_outcomes(L, fit->x, fit->y, needs);
    policy_push_experts(L, p, fit->lib, "fit.experts[j]");
    lua_setfield(L, -2, "experts");
    lua_pushinteger(L, (lua_Integer)fit->lib->n);
    lua_setfield(L, -2, "m");
    if (fit->weight) {
        matrix_push_floats(L, fit->weight, fit->x->n);
        lua_setfield(L, -2, "weight");
    }
    if (fit->tune_x) {
        lua_newtable(L);
        set_outcomes(L, fit->tune_x, fit->tune_y, needs);
        fit_rules(L, "fit.tune", needs);
        strict_seal(L);
        lua_setfield(L, -2, "tune");
    }
    fit_rules(L, "fit", needs);
    strict_optional(L, "weight");
    strict_optional(L, "tune");
    strict_seal(L);
}

/* Copies of matrices into own memory: what save() writes later, without Lua. */
static void keep(lua_State *L, router_job *job, const policy_state *s)
{
    pm_router *r = job->r;
    pm_call *c = job->c;
    char *text = c->host->own(c, s->len + 1, 1);
    r->matrix = c->host->own(c, s->n_matrices, sizeof *r->matrix);
    if (!text || !r->matrix) luaL_error(L, "no memory for the state");
    memcpy(text, s->text, s->len);
    r->text = (pm_str){text, s->len};
    for (size_t k = 0; k < s->n_matrices; k++) {
        pm_cmat m = s->matrix[k];
        float *copy = c->host->own(c, m.rows, (m.cols ? m.cols : 1) * sizeof *copy);
        if (!copy) luaL_error(L, "no memory for the state");
        for (size_t i = 0; m.cols && i < m.rows; i++)
            memcpy(copy + i * m.cols, pm_crow(m, i), m.cols * sizeof *copy);
        r->matrix[k] = (pm_tensor){PM_F32, 2, {m.rows, m.cols, 0, 0}, copy};
    }
    r->n_matrices = s->n_matrices;
}

static void hold(lua_State *L, pm_router *r, const policy_state *s)
{
    policy_state_push(L, s, r->p->s->scratch);
    r->state = luaL_ref(L, LUA_REGISTRYINDEX);
}

static int train_body(lua_State *L)
{
    router_job *job = lua_touserdata(L, 1);
    const lua_policy *p = job->r->p;
    policy_state s;
    policy_push(L, &p->train);
    push_fit(L, p, job->fit);
    policy_push_params(L, p, job->c->params);
    lua_call(L, 2, 1);
    if (lua_type(L, -1) != LUA_TTABLE)
        return policy_refuse(L, PM_E_CONTRACT, &p->train,
                             "train returned %s; want a table (the state)", luaL_typename(L, -1));
    policy_state_write(L, -1, p->s->scratch, bind_text(p->s->scratch, "%s: train", p->train.where),
                       &s);
    keep(L, job, &s);
    hold(L, job->r, &s);
    return 0;
}

static size_t cells_of(const pm_prompts *x, const pm_library *lib)
{
    return x->n * (lib->n + 1);
}

static pm_value_kind kind_to_emit(const lua_policy *p, const pm_fit *fit)
{
    uint32_t kinds = p->type.router.value_kinds;
    if (fit->y && (kinds & PM_VALUE_BIT(fit->y->kind))) return fit->y->kind;
    for (int k = PM_VALUE_QUALITY; k <= PM_VALUE_RANK; k++)
        if (kinds & PM_VALUE_BIT(k)) return (pm_value_kind)k;
    return PM_VALUE_QUALITY;
}

static pm_status train(pm_router *fresh, pm_call *c, const pm_fit *fit)
{
    fresh->p = policy_of_call(c);
    fresh->kind = kind_to_emit(fresh->p, fit);
    router_job job = {.r = fresh, .c = c, .fit = fit};
    return policy_run(fresh->p, c, train_body, &job, cells_of(fit->x, fit->lib));
}

static pm_value_kind emits(const pm_router *r)
{
    return r->kind;
}

/* Nothing raises here: a reference is given back to a table that has its slot, and there are no finalisers.
 * Collecting at once keeps memory in step with instances. */
static void close_router(pm_router *r)
{
    if (!r->p) return;
    pthread_mutex_lock(&r->p->s->lock);
    if (r->state) luaL_unref(r->p->s->box.L, LUA_REGISTRYINDEX, r->state);
    r->state = 0;
    lua_gc(r->p->s->box.L, LUA_GCCOLLECT);
    pthread_mutex_unlock(&r->p->s->lock);
}

/* ---- predicting ---- */

static void check_cells(lua_State *L, const predict_job *job, pm_mat m, const char *what,
                        double low)
{
    const lua_policy *p = job->r->p;
    for (size_t i = 0; m.at && i < m.rows; i++)
        for (size_t j = 0; j < m.cols; j++)
            if (!isfinite(pm_row(m, i)[j]) || (double)pm_row(m, i)[j] < low)
                policy_refuse(L, PM_E_CONTRACT, &p->predict,
                              "predict left %s of prompt %zu, expert \"%.80s\" %s; want a number%s",
                              what, i + 1, job->lib->expert[j]->id,
                              isfinite(pm_row(m, i)[j]) ? "below 0" : "unset or not finite",
                              low == 0 ? " >= 0" : "");
}

static int predict_body(lua_State *L)
{
    predict_job *job = lua_touserdata(L, 1);
    const lua_policy *p = job->r->p;
    pm_scores *out = job->out;
    policy_push(L, &p->predict);
    lua_rawgeti(L, LUA_REGISTRYINDEX, job->r->state);
    policy_push_prompts(L, job->x, p->type.router.needs);
    lua_newtable(L);
    matrix_push_out(L, out->value);
    lua_setfield(L, -2, "value");
    matrix_push_out(L, out->spread);
    lua_setfield(L, -2, "spread");
    lua_pushstring(L, policy_kind_word(job->r->kind));
    lua_setfield(L, -2, "kind");
    policy_push_experts(L, p, job->lib, "out.experts[j]");
    lua_setfield(L, -2, "experts");
    strict_rules(L, "out", "");
    strict_optional(L, "spread");
    strict_seal(L);
    policy_push_params(L, p, job->c->params);
    for (size_t i = 0; i < out->value.rows; i++) /* so that an unset cell is found whoever called */
        for (size_t j = 0; j < out->value.cols; j++) pm_row(out->value, i)[j] = NAN;
    lua_call(L, 4, 0);
    check_cells(L, job, out->value, "the value", -INFINITY);
    check_cells(L, job, out->spread, "the spread", 0);
    return 0;
}

static pm_status predict(const pm_router *r, pm_call *c, const pm_library *lib, const pm_prompts *x,
                         pm_scores *out)
{
    predict_job job = {r, c, lib, x, out};
    return policy_run(r->p, c, predict_body, &job, cells_of(x, lib));
}

/* ---- checkpoints ---- */

static const char *tensor_name(char out[32], size_t k)
{
    snprintf(out, 32, "m%zu", k + 1);
    return out;
}

static pm_status save(const pm_router *r, pm_call *c, pm_store *s)
{
    char name[32];
    pm_status st = c->host->put_text(c, s, "state", r->text);
    if (st == PM_OK) st = c->host->put_text(c, s, "kind", pm_str_of(policy_kind_word(r->kind)));
    for (size_t k = 0; st == PM_OK && k < r->n_matrices; k++)
        st = c->host->put_tensor(c, s, tensor_name(name, k), r->matrix[k]);
    return st;
}

static int load_body(lua_State *L)
{
    router_job *job = lua_touserdata(L, 1);
    hold(L, job->r, &job->kept);
    return 0;
}

static pm_status read_matrices(pm_router *r, pm_call *c, pm_store *s, pm_cmat **out)
{
    char name[32];
    size_t n = 0;
    while (c->host->has(c, s, tensor_name(name, n))) n++;
    r->matrix = c->host->own(c, n, sizeof *r->matrix);
    *out = c->host->scratch(c, n, sizeof **out);
    if (!r->matrix || !*out) return PM_E_MEMORY;
    for (size_t k = 0; k < n; k++) {
        pm_status st = c->host->get_tensor(c, s, tensor_name(name, k), PM_F32, &r->matrix[k]);
        if (st != PM_OK) return st;
        const pm_tensor *t = &r->matrix[k];
        if (t->n_dims != 2)
            return c->host->fail(c, PM_E_FORMAT, "matrix %s has %u dimensions", name, t->n_dims);
        (*out)[k] = (pm_cmat){t->ptr, t->dim[0], t->dim[1], t->dim[1]};
    }
    r->n_matrices = n;
    return PM_OK;
}

static pm_status load(pm_router *fresh, pm_call *c, pm_store *s)
{
    pm_str kind = {"", 0};
    pm_cmat *matrix = NULL;
    fresh->p = policy_of_call(c);
    pm_status st = c->host->get_text(c, s, "state", &fresh->text);
    if (st == PM_OK) st = c->host->get_text(c, s, "kind", &kind);
    if (st == PM_OK) st = read_matrices(fresh, c, s, &matrix);
    if (st != PM_OK) return st;
    for (int k = PM_VALUE_QUALITY; k <= PM_VALUE_RANK; k++)
        if (pm_str_equal(kind, policy_kind_word((pm_value_kind)k))) fresh->kind = (pm_value_kind)k;
    if (!fresh->kind) return c->host->fail(c, PM_E_FORMAT, "unknown value kind in the checkpoint");
    router_job job = {.r = fresh, .c = c};
    job.kept = (policy_state){fresh->text.ptr, fresh->text.len, matrix, fresh->n_matrices};
    return policy_run(fresh->p, c, load_body, &job, fresh->text.len);
}

/* ---- the definition ---- */

static uint32_t needs_of(lua_policy *p, const node *v)
{
    static const char *const words[] = {"text", "embed", "values", NULL};
    static const uint32_t bits[] = {PM_NEEDS_TEXT, PM_NEEDS_EMBED, PM_NEEDS_VALUES};
    const node *list = node_field(v, "needs");
    uint32_t mask = list ? 0 : PM_NEEDS_VALUES;
    for (size_t i = 0; list && i < list->n_items; i++) {
        uint32_t bit = 0;
        for (size_t k = 0; words[k] && list->item[i].kind == NODE_TEXT; k++)
            if (strcmp(words[k], list->item[i].text) == 0) bit = bits[k];
        if (!bit)
            complain(&p->s->wrong, list->item[i].where,
                     "router_fn \"%s\": needs[%zu] = %s; want \"text\", \"embed\" or \"values\"",
                     p->name, i + 1, node_show(&list->item[i], p->s->a));
        mask |= bit;
    }
    return mask;
}

static uint32_t kinds_of(const node *v)
{
    if (!node_field(v, "emits"))
        return PM_VALUE_BIT(PM_VALUE_QUALITY) | PM_VALUE_BIT(PM_VALUE_LOSS);
    return policy_kind_bit(schema_text(v, "emits", ""));
}

void policy_router_define(lua_policy *p, const node *v)
{
    const schema_row rows[] = {
        {"name", WANT_TEXT, 0, 0, NULL, false, NULL},
        {"doc", WANT_TEXT, 0, 0, NULL, false, NULL},
        {"params", WANT_ANY, 0, 0, NULL, false, NULL},
        {"needs", WANT_TEXTS, 0, 0, NULL, false, NULL},
        {"emits", WANT_WORD, 0, 0, policy_kind_words(), false, NULL},
        {"reads", WANT_TEXTS, 0, 0, NULL, false, NULL},
        {"spread", WANT_FLAG, 0, 0, NULL, false, NULL},
        {"train", WANT_FUNCTION, 0, 0, NULL, true, "function(fit, p) ... return state end"},
        {"predict", WANT_FUNCTION, 0, 0, NULL, true, "function(state, prompts, out, p) ... end"},
        SCHEMA_END};
    const char *path = bind_text(p->s->a, "router_fn \"%.80s\"", p->name);
    schema_check(&p->s->wrong, v, path, rows, false);
    p->type.router = (pm_router_type){
        .size = sizeof(pm_router_type),
        .name = p->name,
        .doc = p->doc,
        .source = p->where,
        .params = p->rows,
        .params_bytes = p->n_params * sizeof(double),
        .needs = needs_of(p, v),
        .reads = p->reads,
        .value_kinds = kinds_of(v),
        .spread_kind = schema_flag(v, "spread", false) ? PM_SPREAD_STDDEV : PM_SPREAD_NONE,
        .state_bytes = sizeof(struct pm_router),
        .train = train,
        .predict = predict,
        .save = save,
        .load = load,
        .emits = emits,
        .close = close_router};
}
