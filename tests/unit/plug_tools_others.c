/* SPDX-License-Identifier: MIT
 *
 * Constraints, objectives, an embedder and a backend made in memory.
 */
#include "plug_tools.h"

#include <math.h>
#include <string.h>

static const pm_param rows[] = {
    PM_PARAM(PM_P_I64, tool_params, fault, 0, 0, FAULTS, "what to do wrong"),
    PM_PARAM(PM_P_F64, tool_params, scale, 1, 0, 10, "factor of the values"),
    PM_PARAM_TEXT(tool_params, label, "plain", "a text"),
    PM_PARAM_END,
};

#define ABOUT(what)                                                                                \
    .size = sizeof(what), .name = #what, .doc = "Made for a test.", .source = "a test",            \
    .params = rows, .params_bytes = sizeof(tool_params)

/* ---- constraints ---------------------------------------------------------------------------------------- */

static pm_status eval_price(const pm_constraint *k, pm_call *c, const pm_library *lib,
                            const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    (void)k;
    (void)s;
    const tool_params *p = c->params;
    for (size_t i = 0; i < x->n; i++)
        for (size_t j = 0; j < lib->n; j++) {
            double v = p->scale * pm_attr_number(lib->expert[j], "tool_price", -1);
            if (p->fault == FAULT_UNWRITTEN && j == 1) continue;
            if (p->fault == FAULT_NAN && j == 1) v = NAN;
            if (p->fault == FAULT_RANGE && j == 1) v = -1;
            pm_row(out, i)[j] = (float)v;
        }
    return p->fault == FAULT_LOUD ? c->host->fail(c, PM_E_ARG, "no price today") : PM_OK;
}

static pm_status eval_length(const pm_constraint *k, pm_call *c, const pm_library *lib,
                             const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    (void)k;
    (void)c;
    for (size_t i = 0; i < x->n; i++)
        for (size_t j = 0; j < lib->n; j++) {
            float tokens = s && s->tokens_out.at ? pm_row(s->tokens_out, i)[j] : 1;
            pm_row(out, i)[j] = (float)x->text[i].len * tokens;
        }
    return PM_OK;
}

struct pm_constraint {
    double mean;
};

static pm_status train_learned(pm_constraint *k, pm_call *c, const pm_fit *fit)
{
    (void)c;
    k->mean = (double)fit->x->n;
    return PM_OK;
}

static pm_status save_learned(const pm_constraint *k, pm_call *c, pm_store *s)
{
    return c->host->put_tensor(c, s, "mean", (pm_tensor){PM_F64, 0, {0}, &k->mean});
}

static pm_status load_learned(pm_constraint *k, pm_call *c, pm_store *s)
{
    pm_tensor t;
    pm_status st = c->host->get_tensor(c, s, "mean", PM_F64, &t);
    if (st == PM_OK) k->mean = *(const double *)t.ptr;
    return st;
}

static pm_status eval_learned(const pm_constraint *k, pm_call *c, const pm_library *lib,
                              const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    (void)c;
    (void)x;
    (void)s;
    for (size_t j = 0; j < lib->n; j++) out.at[j] = (float)k->mean;
    return PM_OK;
}

static const char *const price_reads[] = {"tool_price", NULL};

const pm_constraint_type tool_price = {
    ABOUT(tool_price),
    .unit = "USD",
    .senses = PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD),
    .reads = price_reads,
    .eval = eval_price,
};
const pm_constraint_type tool_length = {
    ABOUT(tool_length),
    .unit = "bytes",
    .senses = PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD),
    .per_prompt = 1,
    .needs = PM_NEEDS_TEXT,
    .eval = eval_length,
};
const pm_constraint_type tool_learned = {
    ABOUT(tool_learned),
    .unit = "",
    .senses = PM_SENSE_BIT(PM_SOFT),
    .state_bytes = sizeof(struct pm_constraint),
    .eval = eval_learned,
    .train = train_learned,
    .save = save_learned,
    .load = load_learned,
};

/* ---- objectives ------------------------------------------------------------------------------------------ */

static double explain(const pm_question *q, pm_decisions *out, size_t i, size_t j)
{
    double sign = q->kind == PM_VALUE_LOSS ? -1 : 1;
    double value = sign * (double)pm_crow(q->value, i)[j], sum = value;
    if (out->value_part.at) pm_row(out->value_part, i)[j] = (float)value;
    for (size_t k = 0; k < q->n_terms; k++) {
        const pm_term *t = q->term[k];
        double part = t->sense == PM_SOFT ? -t->weight * (double)pm_crow(t->value, i)[j] : 0;
        if (out->term_part) pm_row(out->term_part[k], i)[j] = (float)part;
        sum += part;
    }
    return sum;
}

static void mislead(const pm_question *q, pm_decisions *out, int64_t fault)
{
    size_t m = q->value.cols;
    if (fault == FAULT_CHOICE) out->choice[0] = (uint32_t)m;
    if (fault == FAULT_UNWRITTEN) out->choice[0] = PM_NO_COL - 1;
    if (fault == FAULT_NAN && out->utility.at) out->utility.at[0] = NAN;
    if (fault == FAULT_PARTS && out->value_part.at) out->value_part.at[1] += 0.5f;
    if (fault == FAULT_MASK && out->refused) out->refused[0] = 1;
    for (uint32_t j = 0; fault == FAULT_FORBIDDEN && j < m; j++)
        if (!pm_is_allowed(q, 0, j)) out->choice[0] = j;
    if (fault == FAULT_WORSE) out->choice[0] = out->choice[0] == 0 ? 1 : 0;
}

static pm_status decide_greedy(const pm_objective *o, pm_call *c, const pm_question *q,
                               pm_decisions *out)
{
    (void)o;
    const tool_params *p = c->params;
    size_t m = q->value.cols;
    for (size_t i = 0; i < q->value.rows; i++) {
        uint32_t best = PM_NO_COL;
        double top = 0;
        for (size_t j = 0; j < m; j++) {
            double u = explain(q, out, i, j);
            if (out->utility.at) pm_row(out->utility, i)[j] = (float)u;
            if (!pm_is_allowed(q, i, j) || (best != PM_NO_COL && u <= top)) continue;
            top = u;
            best = (uint32_t)j;
        }
        out->choice[i] = best;
    }
    mislead(q, out, p->fault);
    return PM_OK;
}

/* Draws an allowed expert at equal shares. */
static pm_status decide_drawn(const pm_objective *o, pm_call *c, const pm_question *q,
                              pm_decisions *out)
{
    (void)o;
    const tool_params *p = c->params;
    for (size_t i = 0; i < q->value.rows; i++) {
        uint32_t last = 0, allowed = 0;
        for (uint32_t j = 0; j < q->value.cols; j++)
            if (pm_is_allowed(q, i, j)) {
                allowed++;
                last = j;
            }
        for (uint32_t j = 0; out->share.at && j < q->value.cols; j++)
            pm_row(out->share, i)[j] =
                !pm_is_allowed(q, i, j) ? 0
                                        : (p->fault == FAULT_RANGE ? 0.9f : 1.0f / (float)allowed);
        out->choice[i] = last;
    }
    return PM_OK;
}

struct pm_objective {
    double paid;
};

static pm_status build_bandit(pm_objective *o, pm_call *c, const pm_question *prefix,
                              const pm_outcomes *seen)
{
    (void)c;
    (void)seen;
    o->paid = prefix ? (double)prefix->value.rows : 0;
    return PM_OK;
}

/* Column 0 until more than 10 USD were paid, then column 1. */
static pm_status decide_bandit(const pm_objective *o, pm_call *c, const pm_question *q,
                               pm_decisions *out)
{
    (void)c;
    for (size_t i = 0; i < q->value.rows; i++) out->choice[i] = o->paid > 10 ? 1 : 0;
    return PM_OK;
}

static pm_status observe_bandit(pm_objective *o, pm_call *c, const pm_feedback *seen)
{
    (void)c;
    o->paid += seen->cost_usd;
    return PM_OK;
}

static pm_status save_bandit(const pm_objective *o, pm_call *c, pm_store *s)
{
    return c->host->put_tensor(c, s, "paid", (pm_tensor){PM_F64, 1, {1}, &o->paid});
}

static pm_status load_bandit(pm_objective *o, pm_call *c, pm_store *s)
{
    pm_tensor t;
    pm_status st = c->host->view_tensor(c, s, "paid", PM_F64, &t);
    if (st == PM_OK) o->paid = *(const double *)t.ptr;
    return st;
}

#define ACCEPTS                                                                                    \
    (PM_VALUE_BIT(PM_VALUE_QUALITY) | PM_VALUE_BIT(PM_VALUE_LOSS) | PM_VALUE_BIT(PM_VALUE_WINPROB))

const pm_objective_type tool_greedy = {
    ABOUT(tool_greedy),
    .accepts = ACCEPTS,
    .offers = PM_OFFERS_UTILITY | PM_OFFERS_PARTS,
    .decide = decide_greedy,
};
const pm_objective_type tool_drawn = {
    ABOUT(tool_drawn),
    .accepts = ACCEPTS,
    .offers = PM_OFFERS_SHARE,
    .decide = decide_drawn,
};
const pm_objective_type tool_bandit = {
    ABOUT(tool_bandit),      .accepts = ACCEPTS,    .state_bytes = sizeof(struct pm_objective),
    .decide = decide_bandit, .build = build_bandit, .observe = observe_bandit,
    .save = save_bandit,     .load = load_bandit,
};

/* ---- an embedder: counts of letters ------------------------------------------------------------------------ */

struct pm_embedder {
    int64_t fault;
};

static pm_status train_letters(pm_embedder *e, pm_call *c, const pm_fit *fit)
{
    (void)fit;
    const tool_params *p = c->params;
    e->fault = p->fault;
    return PM_OK;
}

static pm_status save_letters(const pm_embedder *e, pm_call *c, pm_store *s)
{
    (void)e;
    return c->host->put_text(c, s, "alphabet", (pm_str){"abcdef", WORLD_D});
}

static pm_status load_letters(pm_embedder *e, pm_call *c, pm_store *s)
{
    (void)e;
    pm_str alphabet;
    pm_status st = c->host->get_text(c, s, "alphabet", &alphabet);
    if (st == PM_OK && alphabet.ptr[alphabet.len] != '\0') return PM_E_FORMAT;
    return st;
}

static size_t letters_dim(const pm_embedder *e)
{
    return e->fault == FAULT_LIE ? 0 : WORLD_D;
}

static size_t count(pm_str t, char letter)
{
    size_t n = 0;
    for (size_t i = 0; i < t.len; i++) n += t.ptr[i] == letter;
    return n;
}

static pm_status embed_letters(const pm_embedder *e, pm_call *c, const pm_str *text, size_t n,
                               pm_mat out)
{
    float *temporary = c->host->scratch(c, WORLD_D, sizeof *temporary);
    if (!temporary) return PM_E_MEMORY;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < WORLD_D; k++) {
            temporary[k] = (float)count(text[i], (char)('a' + k)) / (1 + (float)text[i].len);
            if (e->fault == FAULT_UNWRITTEN && k == 3) continue;
            pm_row(out, i)[k] = e->fault == FAULT_NAN ? NAN : temporary[k];
        }
    return PM_OK;
}

static pm_status sparse_letters(const pm_embedder *e, pm_call *c, const pm_str *text, size_t n,
                                pm_csr *out)
{
    uint64_t *start = c->host->scratch(c, n + 1, sizeof *start);
    uint32_t *col = c->host->scratch(c, n * 26, sizeof *col);
    float *val = c->host->scratch(c, n * 26, sizeof *val);
    if (!start || !col || !val) return PM_E_MEMORY;
    for (size_t i = 0; i < n; i++) {
        start[i + 1] = start[i];
        for (uint32_t k = 0; k < 26; k++) {
            size_t times = count(text[i], (char)('a' + k));
            if (!times) continue;
            col[start[i + 1]] = e->fault == FAULT_RANGE ? 26 : k;
            val[start[i + 1]++] = (float)times;
        }
    }
    *out = (pm_csr){start, col, val, n, 26};
    return PM_OK;
}

static size_t letters_sparse_dim(const pm_embedder *e)
{
    (void)e;
    return 26;
}

const pm_embedder_type tool_letters = {
    ABOUT(tool_letters),      .state_bytes = sizeof(struct pm_embedder),
    .train = train_letters,   .save = save_letters,
    .load = load_letters,     .dim = letters_dim,
    .embed = embed_letters,   .sparse_dim = letters_sparse_dim,
    .sparse = sparse_letters,
};

/* ---- a backend ----------------------------------------------------------------------------------------------- */

static pm_status score_echo(const pm_backend *b, pm_call *c, const pm_prompts *x, pm_measured *out)
{
    (void)b;
    const tool_params *p = c->params;
    out->kind = PM_VALUE_LOSS;
    for (size_t i = 0; i < x->n; i++) {
        if (p->fault == FAULT_UNWRITTEN && i == 2) continue;
        out->value[i] = p->fault == FAULT_RANGE ? -1 : (double)x->text[i].len;
    }
    for (size_t i = 0; out->cost_usd && i < x->n; i++) out->cost_usd[i] = NAN; /* not observed */
    for (size_t i = 1; out->n_parts == 2 && i < x->n; i++) { /* of prompt 0 they are not known */
        out->part[2 * i] = p->fault == FAULT_NEARLY ? 1 : 0;
        out->part[2 * i + 1] = p->fault == FAULT_NAN ? (double)NAN : out->value[i];
        if (p->fault == FAULT_OTHER_CALL) out->part[2 * i] = -1;
    }
    return PM_OK;
}

const pm_backend_type tool_echo = {ABOUT(tool_echo), .score = score_echo};
