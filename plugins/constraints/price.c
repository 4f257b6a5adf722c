/* SPDX-License-Identifier: MIT
 *
 * price: expected cost of a call to each expert, in USD.  From the recorded costs of the training
 * prompts, or from list prices with assumed token counts; the prompt at hand plays no part.
 */
#include <math.h>
#include <pointsman/plugin.h>
#include <stdbool.h>

struct price_params {
    int64_t basis, scale, missing;
    double tokens_in, tokens_out;
};

enum { BASIS_AUTO, BASIS_RECORDED, BASIS_LIST };
enum { SCALE_MAX, SCALE_RAW };
enum { MISSING_ERROR, MISSING_WORST };

struct pm_constraint { /* n == 0: nothing was recorded */
    size_t n;
    const char *const *id; /* [n] experts of the training library */
    const double *usd;     /* [n] mean recorded cost of a call; NaN if never recorded */
    pm_str ids;            /* the same ids, each followed by a newline: for the checkpoint */
};

/* Points id[] into `text`, whose newlines become NULs in a copy; `text` has one line an expert. */
static pm_status split_ids(pm_constraint *k, pm_call *c, pm_str text)
{
    char *copy = c->host->own(c, text.len + 1, 1);
    const char **id = c->host->own(c, k->n, sizeof *id);
    if (!copy || !id) return PM_E_MEMORY;
    memcpy(copy, text.ptr, text.len);
    size_t line = 0, begin = 0;
    for (size_t b = 0; b < text.len && line < k->n; b++) {
        if (copy[b] != '\n') continue;
        copy[b] = 0;
        id[line++] = copy + begin;
        begin = b + 1;
    }
    if (line != k->n || begin != text.len)
        return c->host->fail(c, PM_E_FORMAT, "'ids' must hold %zu lines", k->n);
    k->id = id;
    k->ids = text;
    return PM_OK;
}

static pm_status join_ids(pm_call *c, const pm_library *lib, pm_str *out)
{
    size_t len = 0;
    for (size_t j = 0; j < lib->n; j++) len += strlen(lib->expert[j]->id) + 1;
    char *text = c->host->own(c, len, 1);
    if (!text) return PM_E_MEMORY;
    *out = (pm_str){text, len};
    for (size_t j = 0; j < lib->n; j++) {
        size_t l = strlen(lib->expert[j]->id);
        memcpy(text, lib->expert[j]->id, l);
        text[l] = '\n';
        text += l + 1;
    }
    return PM_OK;
}

/* Mean recorded USD of a call, NaN if unknown.  `hint` is tried first: columns mostly agree. */
static double recorded(const pm_constraint *k, const pm_expert *e, size_t hint)
{
    if (hint < k->n && strcmp(k->id[hint], e->id) == 0) return k->usd[hint];
    for (size_t j = 0; j < k->n; j++)
        if (strcmp(k->id[j], e->id) == 0) return k->usd[j];
    return (double)NAN;
}

static double listed(const struct price_params *p, const pm_expert *e)
{
    double in = pm_attr_number(e, "price_in", (double)NAN);
    double out = pm_attr_number(e, "price_out", (double)NAN);
    return (in * p->tokens_in + out * p->tokens_out) * 1e-6;
}

typedef struct known_prices {
    size_t recorded, listed; /* experts whose cost is known so */
} known_prices;

static known_prices count_known(const pm_constraint *k, const struct price_params *p,
                                const pm_library *lib)
{
    known_prices n = {0, 0};
    for (size_t j = 0; j < lib->n; j++) {
        double r = recorded(k, lib->expert[j], j), l = listed(p, lib->expert[j]);
        n.recorded += r == r;
        n.listed += l == l;
    }
    return n;
}

/* One basis for all experts: a recorded mean beside a list price would compare unlike things. */
static int64_t basis_of(const pm_constraint *k, const struct price_params *p, const pm_library *lib)
{
    if (p->basis != BASIS_AUTO) return p->basis;
    known_prices n = count_known(k, p, lib);
    return n.recorded >= n.listed && n.recorded ? BASIS_RECORDED : BASIS_LIST;
}

/* Says beside the results what the experts are priced by, and what is known but plays no part. */
static pm_status tell_basis(const pm_constraint *k, pm_call *c, const pm_library *lib)
{
    const struct price_params *p = c->params;
    known_prices n = count_known(k, p, lib);
    bool is_list = basis_of(k, p, lib) == BASIS_LIST;
    pm_metric m[2] = {{"experts priced by mean recorded cost on train", (double)n.recorded},
                      {"list prices unused (basis = \"list\" uses them)", (double)n.listed}};
    if (is_list) {
        m[0] = (pm_metric){"experts priced by list price", (double)n.listed};
        m[1] = (pm_metric){"recorded costs unused", (double)n.recorded};
    }
    return c->host->progress(c, 1, m, m[1].value > 0 ? 2 : 1);
}

/* usd_j = mean over training prompts of the recorded cost of expert j. */
static pm_status learn(pm_constraint *k, pm_call *c, const pm_fit *fit)
{
    size_t m = fit->lib->n;
    double *usd = c->host->own(c, m, sizeof *usd);
    if (!usd) return PM_E_MEMORY;
    for (size_t j = 0; j < m; j++) {
        double sum = 0, count = 0;
        for (size_t i = 0; i < fit->x->n; i++) {
            double cost = pm_crow(fit->y->cost_usd, i)[j];
            if (cost == cost) sum += cost, count += 1; /* NaN: not recorded */
        }
        usd[j] = count > 0 ? sum / count : (double)NAN;
    }
    pm_str ids = {0};
    pm_status st = join_ids(c, fit->lib, &ids);
    if (st != PM_OK) return st;
    k->n = m;
    k->usd = usd;
    return split_ids(k, c, ids);
}

static pm_status train(pm_constraint *k, pm_call *c, const pm_fit *fit)
{
    const struct price_params *p = c->params;
    bool has_costs = fit->y && fit->y->cost_usd.at;
    if (!has_costs && p->basis == BASIS_RECORDED)
        return c->host->fail(c, PM_E_ARG,
                             "basis = \"recorded\", but the data has no recorded costs "
                             "(costs.csv); use basis = \"list\" or \"auto\"");
    pm_status st = has_costs && p->basis != BASIS_LIST ? learn(k, c, fit) : PM_OK;
    return st == PM_OK ? tell_basis(k, c, fit->lib) : st;
}

static pm_status refuse(pm_call *c, int64_t basis, const pm_expert *e)
{
    if (basis == BASIS_RECORDED)
        return c->host->fail(c, PM_E_ARG,
                             "expert \"%s\" has no recorded cost; use basis = \"list\", or "
                             "set missing = \"worst\"",
                             e->id);
    const char *name = pm_attr_find(e, "price_in") ? "price_out" : "price_in";
    return c->host->fail(c, PM_E_ARG,
                         "expert \"%s\" has no attribute %s (USD per million tokens); add it, "
                         "or set missing = \"worst\"",
                         e->id, name);
}

static pm_status eval(const pm_constraint *k, pm_call *c, const pm_library *lib,
                      const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    (void)x, (void)s;
    const struct price_params *p = c->params;
    int64_t basis = basis_of(k, p, lib);
    double most = -1;
    for (size_t j = 0; j < lib->n; j++) {
        const pm_expert *e = lib->expert[j];
        double usd = basis == BASIS_RECORDED ? recorded(k, e, j) : listed(p, e);
        if (usd != usd && p->missing == MISSING_ERROR) return refuse(c, basis, e);
        if (usd < 0)
            return c->host->fail(c, PM_E_ARG, "expert \"%s\" costs %g USD a call; want >= 0", e->id,
                                 usd);
        pm_row(out, 0)[j] = (float)usd;
        most = usd > most ? usd : most;
    }
    if (most < 0) {
        c->host->note(c, PM_NOTE_WARN,
                      "no expert's cost or price is known: price counts 0 for all");
        most = 0;
    }
    for (size_t j = 0; j < lib->n; j++) {
        double usd = pm_row(out, 0)[j];
        if (usd != usd) usd = most;
        double share = most > 0 ? usd / most : 0;
        pm_row(out, 0)[j] = (float)(p->scale == SCALE_MAX ? (share < 1 ? share : 1) : 1000 * usd);
    }
    return PM_OK;
}

static pm_status save(const pm_constraint *k, pm_call *c, pm_store *s)
{
    if (k->n == 0) return c->host->put_text(c, s, "basis", (pm_str){"list", 4});
    pm_status st = c->host->put_text(c, s, "ids", k->ids);
    if (st != PM_OK) return st;
    return c->host->put_tensor(c, s, "usd", (pm_tensor){PM_F64, 1, {k->n}, k->usd});
}

static pm_status load(pm_constraint *k, pm_call *c, pm_store *s)
{
    if (!c->host->has(c, s, "usd")) return PM_OK;
    pm_tensor usd = {0};
    pm_str ids = {0};
    pm_status st = c->host->get_tensor(c, s, "usd", PM_F64, &usd);
    if (st == PM_OK) st = c->host->get_text(c, s, "ids", &ids);
    if (st != PM_OK) return st;
    if (usd.n_dims != 1) return c->host->fail(c, PM_E_FORMAT, "'usd' must be a vector");
    k->n = usd.dim[0];
    k->usd = usd.ptr;
    return split_ids(k, c, ids);
}

static const char *const basis_words[] = {"auto", "recorded", "list", NULL};
static const char *const scale_words[] = {"max", "raw", NULL};
static const char *const missing_words[] = {"error", "worst", NULL};
static const pm_param params[] = {
    PM_PARAM_WORDS(
        PM_P_CHOICE, struct price_params, basis, BASIS_AUTO, 0, 2, basis_words,
        "\"recorded\" mean cost on train, \"list\" prices with assumed tokens, \"auto\" = "
        "recorded unless list prices are known for more experts"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct price_params, scale, SCALE_MAX, 0, 1, scale_words,
                   "\"max\" cost / cost of the dearest served expert, \"raw\" USD per 1,000 calls"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct price_params, missing, MISSING_ERROR, 0, 1, missing_words,
                   "an expert of unknown cost: \"error\", or \"worst\" = as dear as the dearest "
                   "(0 for all where none is known)"),
    PM_PARAM(PM_P_F64, struct price_params, tokens_in, 500, 0, 1e7,
             "assumed prompt length of a call, basis list (tokens)"),
    PM_PARAM(PM_P_F64, struct price_params, tokens_out, 250, 0, 1e7,
             "assumed answer length of a call, basis list (tokens)"),
    PM_PARAM_END,
};

static const pm_constraint_type price = {
    .size = sizeof price,
    .name = "price",
    .doc = "Expected cost of a call in USD, as recorded or by list price. The mean recorded cost "
           "on the training prompts, or (price_in * tokens_in + price_out * tokens_out) / 1e6 "
           "from the attributes price_in and price_out (USD per million tokens). At scale max "
           "divided by the dearest served expert's. One basis serves all experts: recorded and "
           "listed costs are never mixed. Wins when experts differ by factors; loses what the "
           "prompt would tell of its own cost (long answers), which a mean cannot know.",
    .source = "Tryage (arXiv 2308.11601) eq. T1 as C_k; scale c / c_ref as in the AIQ sweep of "
              "RouterBench (arXiv 2403.12031) with mean train cost",
    .unit = "USD per 1,000 calls",
    .params = params,
    .params_bytes = sizeof(struct price_params),
    .senses = PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD) | PM_SENSE_BIT(PM_BUDGET),
    .per_prompt = 0,
    .state_bytes = sizeof(pm_constraint),
    .eval = eval,
    .train = train,
    .save = save,
    .load = load,
};
PM_PLUGIN_CONSTRAINT(price, "1.0", "MIT")
