/* SPDX-License-Identifier: MIT
 *
 * random: a placebo.  Its value for (prompt, expert) is a pure function of the seed, the prompt's text
 * (or its id) and the expert's id; outcomes are read only for their kind and range.
 */
#include <pointsman/plugin.h>

struct random_params {
    int64_t by;
};

enum { BY_TEXT, BY_ID };

struct pm_router {
    pm_value_kind kind;
    uint64_t seed;
    double low, high; /* values lie in [low, high) */
};

/* FNV-1a, 64 bits. */
static uint64_t hash(const char *bytes, size_t len)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t b = 0; b < len; b++) h = (h ^ (unsigned char)bytes[b]) * 0x100000001b3u;
    return h;
}

static pm_status train(pm_router *r, pm_call *c, const pm_fit *fit)
{
    (void)c;
    *r = (pm_router){fit->y->kind, c->seed, 0, 1};
    if (r->kind != PM_VALUE_LOSS) return PM_OK;
    double low = 0, high = 0;
    int any = 0;
    for (size_t i = 0; i < fit->x->n; i++)
        for (size_t j = 0; j < fit->lib->n; j++) {
            double y = pm_crow(fit->y->value, i)[j];
            if (y != y) continue;
            low = any && low < y ? low : y;
            high = any && high > y ? high : y;
            any = 1;
        }
    r->low = low;
    r->high = any ? high : 1;
    return PM_OK;
}

/* u = uniform(seed, stream = hash of the expert's id, i = hash of the prompt). */
static pm_status predict(const pm_router *r, pm_call *c, const pm_library *lib, const pm_prompts *x,
                         pm_scores *out)
{
    const struct random_params *p = c->params;
    pm_call seeded = *c;
    seeded.seed = r->seed;
    uint32_t *stream = c->host->scratch(c, lib->n, sizeof *stream);
    if (!stream) return PM_E_MEMORY;
    for (size_t j = 0; j < lib->n; j++) {
        uint64_t h = hash(lib->expert[j]->id, strlen(lib->expert[j]->id));
        stream[j] = (uint32_t)(h ^ (h >> 32));
    }
    int by_text = p->by == BY_TEXT;
    for (size_t i = 0; i < x->n; i++) {
        uint64_t prompt = by_text ? hash(x->text[i].ptr, x->text[i].len) : x->id[i];
        for (size_t j = 0; j < lib->n; j++) {
            double u = c->host->uniform(&seeded, stream[j], prompt);
            pm_row(out->value, i)[j] = (float)(r->low + (r->high - r->low) * u);
        }
    }
    return PM_OK;
}

static pm_value_kind emits(const pm_router *r)
{
    return r->kind;
}

static pm_status save(const pm_router *r, pm_call *c, pm_store *s)
{
    double *range = c->host->scratch(c, 2, sizeof *range);
    uint64_t *head = c->host->scratch(c, 2, sizeof *head);
    if (!range || !head) return PM_E_MEMORY;
    range[0] = r->low, range[1] = r->high;
    head[0] = (uint64_t)r->kind, head[1] = r->seed;
    pm_status st = c->host->put_tensor(c, s, "range", (pm_tensor){PM_F64, 1, {2}, range});
    if (st != PM_OK) return st;
    return c->host->put_tensor(c, s, "head", (pm_tensor){PM_U64, 1, {2}, head});
}

static pm_status load(pm_router *r, pm_call *c, pm_store *s)
{
    pm_tensor range = {0}, head = {0};
    pm_status st = c->host->get_tensor(c, s, "range", PM_F64, &range);
    if (st == PM_OK) st = c->host->get_tensor(c, s, "head", PM_U64, &head);
    if (st != PM_OK) return st;
    if (range.n_dims != 1 || range.dim[0] != 2 || head.n_dims != 1 || head.dim[0] != 2)
        return c->host->fail(c, PM_E_FORMAT, "'range' and 'head' must hold 2 numbers each");
    const double *v = range.ptr;
    const uint64_t *h = head.ptr;
    *r = (pm_router){h[0] == PM_VALUE_LOSS ? PM_VALUE_LOSS : PM_VALUE_QUALITY, h[1], v[0], v[1]};
    return PM_OK;
}

static const char *const by_words[] = {"text", "id", NULL};
static const pm_param params[] = {
    PM_PARAM_WORDS(PM_P_CHOICE, struct random_params, by, 0, 0, 1, by_words,
                   "what a draw depends on: the prompt's \"text\" or its \"id\""),
    PM_PARAM_END,
};

static const pm_router_type random_choice = {
    .size = sizeof random_choice,
    .name = "random",
    .doc = "A uniform draw per (prompt, expert) from a hash of seed, text and expert id. It is "
           "quality in [0,1], or loss within the range seen in training. A placebo: the mean "
           "over seeds is the exact expectation of random choice (every expert with probability "
           "1/m), which tables print beside it. It never wins; a router that does not beat it "
           "has learnt nothing. Equal texts get equal draws, also across processes and machines.",
    .source = "placebo; exact expectation: mean over experts of each prompt's outcomes",
    .params = params,
    .params_bytes = sizeof(struct random_params),
    .needs = PM_NEEDS_TEXT | PM_NEEDS_VALUES,
    .value_kinds = PM_VALUE_BIT(PM_VALUE_QUALITY) | PM_VALUE_BIT(PM_VALUE_LOSS),
    .state_bytes = sizeof(pm_router),
    .train = train,
    .predict = predict,
    .save = save,
    .load = load,
    .emits = emits,
};
PM_PLUGIN_ROUTER(random_choice, "1.0", "MIT")
