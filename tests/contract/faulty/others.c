/* SPDX-License-Identifier: MIT
 *
 * Faulty plugins of the other kinds, one fault each, all in one object: objectives, constraints, an
 * embedder and backends.  Only for tests of the conformance suite.
 */
#include <math.h>

#include <pointsman/plugin.h>

static const pm_param none[] = {PM_PARAM_END};

/* ---- objectives: argmax of quality, hard terms respected, unless the fault says otherwise -------------- */

enum fault { HEALTHY, LATER_TIE, FIRST_COLUMN, LOWER_IS_BETTER, MASK_IGNORED, BATCH };

static double merit(const pm_question *q, size_t i, size_t j, enum fault f)
{
    double v = pm_crow(q->value, i)[j];
    if (f == LOWER_IS_BETTER) v = -v;
    if (f == FIRST_COLUMN) v -= 0.5 * (double)j;
    if (f == BATCH && q->value.rows == 1) v = -v;
    return v;
}

static int wins(const pm_question *q, const double v[2], const size_t j[2], enum fault f)
{
    if (v[1] != v[0]) return v[1] > v[0];
    if (f == LATER_TIE) return 1;
    return q->prior && q->prior[j[1]] > q->prior[j[0]];
}

static pm_status choose(const pm_question *q, pm_decisions *out, enum fault f)
{
    for (size_t i = 0; i < q->value.rows; i++) {
        size_t best = SIZE_MAX;
        for (size_t j = 0; j < q->value.cols; j++) {
            if (f != MASK_IGNORED && !pm_is_allowed(q, i, j)) continue;
            if (best == SIZE_MAX || wins(q, (double[]){merit(q, i, best, f), merit(q, i, j, f)},
                                         (size_t[]){best, j}, f))
                best = j;
        }
        out->choice[i] = (uint32_t)best;
    }
    return PM_OK;
}

#define OBJECTIVE(name_, fault_)                                                                   \
    static pm_status decide_##name_(const pm_objective *o, pm_call *c, const pm_question *q,       \
                                    pm_decisions *out)                                             \
    {                                                                                              \
        (void)o, (void)c;                                                                          \
        return choose(q, out, fault_);                                                             \
    }                                                                                              \
    static const pm_objective_type name_ = {.size = sizeof(pm_objective_type),                     \
                                            .name = #name_,                                        \
                                            .doc = "A test subject.",                              \
                                            .source = "ours",                                      \
                                            .params = none,                                        \
                                            .accepts = PM_VALUE_BIT(PM_VALUE_QUALITY),             \
                                            .decide = decide_##name_}
OBJECTIVE(healthy, HEALTHY);
OBJECTIVE(later_tie, LATER_TIE);
OBJECTIVE(first_column, FIRST_COLUMN);
OBJECTIVE(lower_is_better, LOWER_IS_BETTER);
OBJECTIVE(mask_ignored, MASK_IGNORED);
OBJECTIVE(by_batch, BATCH);

/* ---- constraints -------------------------------------------------------------------------------------- */

static pm_status negative_eval(const pm_constraint *k, pm_call *c, const pm_library *lib,
                               const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    (void)k;
    (void)c;
    (void)x;
    (void)s;
    for (size_t j = 0; j < lib->n; j++) out.at[j] = -1;
    return PM_OK;
}

static pm_status position_eval(const pm_constraint *k, pm_call *c, const pm_library *lib,
                               const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    (void)k;
    (void)c;
    (void)x;
    (void)s;
    for (size_t j = 0; j < lib->n; j++) out.at[j] = (float)j;
    return PM_OK;
}

static pm_status row_eval(const pm_constraint *k, pm_call *c, const pm_library *lib,
                          const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    (void)k;
    (void)c;
    (void)s;
    for (size_t i = 0; i < x->n; i++)
        for (size_t j = 0; j < lib->n; j++) pm_row(out, i)[j] = (float)i;
    return PM_OK;
}

static pm_status even_eval(const pm_constraint *k, pm_call *c, const pm_library *lib,
                           const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    (void)k;
    (void)c;
    (void)x;
    (void)s;
    for (size_t j = 0; j < lib->n; j++) out.at[j] = 1;
    return PM_OK;
}

static pm_status realised_of(pm_mat out, float value, size_t from)
{
    for (size_t i = from; i < out.rows; i++)
        for (size_t j = 0; j < out.cols; j++) pm_row(out, i)[j] = value;
    return PM_OK;
}

#define REALISED(name_, value_, from_)                                                             \
    static pm_status name_##_realised(const pm_constraint *k, pm_call *c, const pm_library *lib,   \
                                      const pm_prompts *x, const pm_outcomes *y, pm_mat out)       \
    {                                                                                              \
        (void)k, (void)c, (void)lib, (void)x, (void)y;                                             \
        return realised_of(out, value_, from_);                                                    \
    }
REALISED(by_thousands, 1000, 0)
REALISED(gaps, 1, 1)
REALISED(refunds, -1, 0)

static const pm_phrase shouting_words[] = {{"small model", 1}, {"SMALL", 1}, {NULL, 0}};
static const pm_phrase twice_words[] = {{"small", 1}, {"small", 2}, {NULL, 0}};
static const pm_phrase praising_words[] = {{"small", -1}, {NULL, 0}};

#define EVEN(name_, ...)                                                                           \
    static const pm_constraint_type name_ = {.size = sizeof(pm_constraint_type),                   \
                                             .name = #name_,                                       \
                                             .doc = "A test subject.",                             \
                                             .source = "ours",                                     \
                                             .unit = "",                                           \
                                             .params = none,                                       \
                                             .senses = PM_SENSE_BIT(PM_SOFT),                      \
                                             .eval = even_eval,                                    \
                                             __VA_ARGS__}
EVEN(by_thousands, .realised = by_thousands_realised);
EVEN(gaps, .realised = gaps_realised);
EVEN(refunds, .realised = refunds_realised);
EVEN(shouting, .phrases = shouting_words);
EVEN(twice, .phrases = twice_words);
EVEN(praising, .phrases = praising_words);
EVEN(unbounded, .usual_bound = 1);
EVEN(endless, .usual_bound = INFINITY);

#define CONSTRAINT(name_, per_prompt_)                                                             \
    static const pm_constraint_type name_ = {.size = sizeof(pm_constraint_type),                   \
                                             .name = #name_,                                       \
                                             .doc = "A test subject.",                             \
                                             .source = "ours",                                     \
                                             .unit = "",                                           \
                                             .params = none,                                       \
                                             .senses = PM_SENSE_BIT(PM_SOFT),                      \
                                             .per_prompt = per_prompt_,                            \
                                             .eval = name_##_eval}
CONSTRAINT(negative, 0);
CONSTRAINT(position, 0);
CONSTRAINT(row, 1);

/* ---- an embedder whose vectors depend on the batch, and NaN on empty texts -------------------------------- */

struct pm_embedder {
    float scale;
};

static pm_status embedder_fit(pm_embedder *e, pm_call *c, const pm_fit *fit)
{
    (void)c;
    (void)fit;
    e->scale = 1;
    return PM_OK;
}

static pm_status embedder_save(const pm_embedder *e, pm_call *c, pm_store *s)
{
    return c->host->put_tensor(c, s, "scale", (pm_tensor){PM_F32, 1, {1}, &e->scale});
}

static pm_status embedder_load(pm_embedder *e, pm_call *c, pm_store *s)
{
    pm_tensor t;
    pm_status st = c->host->get_tensor(c, s, "scale", PM_F32, &t);
    if (st == PM_OK) e->scale = *(const float *)t.ptr;
    return st;
}

static size_t one(const pm_embedder *e)
{
    (void)e;
    return 1;
}

static pm_status centred(const pm_embedder *e, pm_call *c, const pm_str *text, size_t n, pm_mat out)
{
    double sum = 0;
    (void)c;
    for (size_t i = 0; i < n; i++) sum += (double)text[i].len;
    for (size_t i = 0; i < n; i++)
        pm_row(out, i)[0] = e->scale * (float)((double)text[i].len - sum / (double)n);
    return PM_OK;
}

static pm_status ratio(const pm_embedder *e, pm_call *c, const pm_str *text, size_t n, pm_mat out)
{
    (void)c;
    for (size_t i = 0; i < n; i++)
        pm_row(out, i)[0] = e->scale * (float)text[i].len / (float)text[i].len;
    return PM_OK;
}

#define EMBEDDER(name_)                                                                            \
    static const pm_embedder_type embedder_##name_ = {.size = sizeof(pm_embedder_type),            \
                                                      .name = #name_,                              \
                                                      .doc = "A test subject.",                    \
                                                      .source = "ours",                            \
                                                      .params = none,                              \
                                                      .state_bytes = sizeof(struct pm_embedder),   \
                                                      .train = embedder_fit,                       \
                                                      .save = embedder_save,                       \
                                                      .load = embedder_load,                       \
                                                      .dim = one,                                  \
                                                      .embed = name_}
EMBEDDER(centred);
EMBEDDER(ratio);

/* ---- a backend that makes up outcomes of prompts it does not know -------------------------------------------- */

struct pm_backend {
    uint32_t kind;
};

static pm_status backend_fit(pm_backend *b, pm_call *c, const pm_backend_fit *fit)
{
    if (!fit->y) return c->host->fail(c, PM_E_UNSUPPORTED, "recorded outcomes are wanted");
    b->kind = fit->y->kind;
    return PM_OK;
}

static pm_status backend_save(const pm_backend *b, pm_call *c, pm_store *s)
{
    return c->host->put_tensor(c, s, "kind", (pm_tensor){PM_U32, 1, {1}, &b->kind});
}

static pm_status backend_load(pm_backend *b, pm_call *c, pm_store *s)
{
    pm_tensor t;
    pm_status st = c->host->get_tensor(c, s, "kind", PM_U32, &t);
    if (st == PM_OK) b->kind = *(const uint32_t *)t.ptr;
    return st;
}

static pm_status invent(const pm_backend *b, pm_call *c, const pm_prompts *x, pm_measured *out)
{
    (void)c;
    out->kind = (pm_value_kind)b->kind;
    for (size_t i = 0; i < x->n; i++) {
        out->value[i] = 0.5;
        out->cost_usd[i] = out->tokens[i] = out->chars[i] = (double)NAN;
    }
    return PM_OK;
}

static const pm_backend_type inventor = {.size = sizeof(pm_backend_type),
                                         .name = "inventor",
                                         .doc = "A test subject.",
                                         .source = "ours",
                                         .params = none,
                                         .state_bytes = sizeof(struct pm_backend),
                                         .train = backend_fit,
                                         .save = backend_save,
                                         .load = backend_load,
                                         .score = invent};

/* ---- backends of text: parts that change with the batch, bytes counted for code points ---------------------------- */

static pm_status text_fit(pm_backend *b, pm_call *c, const pm_backend_fit *fit)
{
    if (!fit->corpus) return c->host->fail(c, PM_E_UNSUPPORTED, "text is wanted");
    b->kind = PM_VALUE_LOSS;
    return PM_OK;
}

static void count_bytes(const pm_prompts *x, pm_measured *out)
{
    out->kind = PM_VALUE_LOSS;
    for (size_t i = 0; i < x->n; i++) {
        out->value[i] = out->tokens[i] = out->chars[i] = (double)x->text[i].len;
        out->cost_usd[i] = (double)NAN;
    }
}

static pm_status byte_counter_score(const pm_backend *b, pm_call *c, const pm_prompts *x,
                                    pm_measured *out)
{
    (void)b;
    (void)c;
    count_bytes(x, out);
    return PM_OK;
}

static pm_status uneven_parts_score(const pm_backend *b, pm_call *c, const pm_prompts *x,
                                    pm_measured *out)
{
    (void)b;
    (void)c;
    count_bytes(x, out);
    for (size_t i = 0; i < x->n; i++) {
        for (size_t k = 0; k < x->text[i].len; k++)
            out->chars[i] -= ((unsigned char)x->text[i].ptr[k] & 0xc0u) == 0x80u;
        for (size_t p = 0; p < out->n_parts; p++)
            out->part[i * out->n_parts + p] = p == (x->n > 1) ? out->value[i] : 0;
    }
    return PM_OK;
}

#define TEXT_BACKEND(name_)                                                                        \
    static const pm_backend_type name_ = {.size = sizeof(pm_backend_type),                         \
                                          .name = #name_,                                          \
                                          .doc = "A test subject.",                                \
                                          .source = "ours",                                        \
                                          .params = none,                                          \
                                          .state_bytes = sizeof(struct pm_backend),                \
                                          .train = text_fit,                                       \
                                          .save = backend_save,                                    \
                                          .load = backend_load,                                    \
                                          .score = name_##_score}
TEXT_BACKEND(byte_counter);
TEXT_BACKEND(uneven_parts);

static const pm_objective_type *const objectives[] = {
    &healthy, &later_tie, &first_column, &lower_is_better, &mask_ignored, &by_batch, NULL};
static const pm_constraint_type *const constraints[] = {
    &negative, &position, &row,      &by_thousands, &gaps,    &refunds,
    &shouting, &twice,    &praising, &unbounded,    &endless, NULL};
static const pm_embedder_type *const embedders[] = {&embedder_centred, &embedder_ratio, NULL};
static const pm_backend_type *const backends[] = {&inventor, &byte_counter, &uneven_parts, NULL};

const pm_plugin *pm_plugin_entry(uint32_t host_abi)
{
    static const pm_plugin self = {.magic = PM_MAGIC,
                                   .abi = PM_ABI,
                                   .size = sizeof(pm_plugin),
                                   .real_bytes = sizeof(float),
                                   .name = "others",
                                   .version = "1.0",
                                   .license = "MIT",
                                   .objectives = objectives,
                                   .constraints = constraints,
                                   .embedders = embedders,
                                   .backends = backends};
    return (host_abi >> 16) == PM_ABI_MAJOR ? &self : NULL;
}
