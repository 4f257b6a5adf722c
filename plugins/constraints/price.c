/* SPDX-License-Identifier: MIT
 *
 * price: expected cost of a call to each expert, in USD.  One mean per expert, or learned for the prompt at
 * hand; from recorded costs, or from list prices and numbers of tokens.
 */
#include "price.h"

#include <math.h>

/* ---- values ---- */

static double scaled(const struct price_params *p, double usd, double most)
{
    if (p->scale == SCALE_RAW) return 1000 * usd;
    return most > 0 ? usd / most : 0;
}

/* Means of the served experts, complete, and that of the dearest: what scale = "max" divides by. */
static pm_status reference(const pm_constraint *k, pm_call *c, const pm_library *lib, double **mean,
                           double *most)
{
    int64_t basis = price_basis(k, c->params, lib);
    *mean = c->host->scratch(c, lib->n, sizeof **mean);
    if (!*mean) return PM_E_MEMORY;
    pm_status st = price_mean(k, c, lib, basis, *mean);
    int known = 0;
    for (size_t j = 0; j < lib->n; j++) known |= (*mean)[j] == (*mean)[j];
    if (st == PM_OK) st = price_complete(c, lib, basis, *mean, most);
    if (st == PM_OK && !known)
        c->host->note(c, PM_NOTE_WARN,
                      "no expert's cost or price is known: price counts 0 for all");
    return st;
}

static pm_status eval(const pm_constraint *k, pm_call *c, const pm_library *lib,
                      const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    const struct price_params *p = c->params;
    int64_t basis = price_basis(k, p, lib);
    double *row, most = 0, none;
    pm_status st = reference(k, c, lib, &row, &most);
    if (st != PM_OK) return st;
    if (p->predict == PREDICT_MEAN) {
        for (size_t j = 0; j < lib->n; j++) pm_row(out, 0)[j] = (float)scaled(p, row[j], most);
        return PM_OK;
    }
    st = price_prompts(k, c, lib, x, s, out);
    for (size_t i = 0; i < x->n && st == PM_OK; i++) {
        for (size_t j = 0; j < lib->n; j++) row[j] = (double)pm_row(out, i)[j];
        st = price_complete(c, lib, basis, row, &none);
        for (size_t j = 0; j < lib->n && st == PM_OK; j++)
            pm_row(out, i)[j] = (float)scaled(p, row[j], most);
    }
    return st;
}

/* The recorded dollars of each call; without a record, by list, those of its recorded tokens. */
static pm_status realised(const pm_constraint *k, pm_call *c, const pm_library *lib,
                          const pm_prompts *x, const pm_outcomes *y, pm_mat out)
{
    const struct price_params *p = c->params;
    int by_list = price_basis(k, p, lib) == BASIS_LIST && y->tokens_out.at;
    double *mean, most = 0;
    pm_status st = reference(k, c, lib, &mean, &most);
    for (size_t i = 0; i < x->n && st == PM_OK; i++)
        for (size_t j = 0; j < lib->n; j++) {
            double usd = y->cost_usd.at ? (double)pm_crow(y->cost_usd, i)[j] : (double)NAN;
            if (usd != usd && by_list)
                usd = 1e-6 * (pm_attr_number(lib->expert[j], "price_in", (double)NAN) *
                                  price_tokens_in(x, i) +
                              pm_attr_number(lib->expert[j], "price_out", (double)NAN) *
                                  (double)pm_crow(y->tokens_out, i)[j]);
            pm_row(out, i)[j] = (float)scaled(p, usd, most);
        }
    return st;
}

static int is_per_prompt(const void *params)
{
    return ((const struct price_params *)params)->predict == PREDICT_PROMPT;
}

/* ---- checkpoints ---- */

static pm_status save(const pm_constraint *k, pm_call *c, pm_store *s)
{
    pm_str word = k->usd ? (pm_str){"recorded", 8} : (pm_str){"list", 4};
    pm_status st = c->host->put_text(c, s, "basis", word);
    if (st == PM_OK && k->ids.n) st = expect_ids_save(&k->ids, c, s);
    if (st == PM_OK && k->usd)
        st = c->host->put_tensor(c, s, "usd", (pm_tensor){PM_F64, 1, {k->ids.n}, k->usd});
    if (st != PM_OK || !k->amount.m) return st;
    double told[2] = {(double)k->amount_of, k->tokens_in};
    st = c->host->put_tensor(c, s, "amount", (pm_tensor){PM_F64, 1, {2}, told});
    return st == PM_OK ? expect_save(&k->amount, c, s) : st;
}

static pm_status load_amounts(pm_constraint *k, pm_call *c, pm_store *s)
{
    pm_tensor told = {0};
    pm_status st = c->host->get_tensor(c, s, "amount", PM_F64, &told);
    if (st != PM_OK) return st;
    const double *at = told.ptr;
    if (told.n_dims != 1 || told.dim[0] != 2 || !(at[0] >= BASIS_RECORDED && at[0] <= BASIS_LIST))
        return c->host->fail(c, PM_E_FORMAT, "'amount' must hold a basis and a number of tokens");
    k->amount_of = (int64_t)at[0];
    k->tokens_in = at[1];
    return expect_load(&k->amount, c, s);
}

static pm_status load(pm_constraint *k, pm_call *c, pm_store *s)
{
    const struct price_params *p = c->params;
    pm_tensor usd = {0};
    pm_status st = PM_OK;
    if (c->host->has(c, s, "amount")) st = load_amounts(k, c, s);
    if (st == PM_OK && p->predict == PREDICT_PROMPT && !k->amount.m)
        return c->host->fail(c, PM_E_FORMAT, "predict = \"prompt\", but nothing learned is there");
    if (st == PM_OK && c->host->has(c, s, "usd"))
        st = c->host->get_tensor(c, s, "usd", PM_F64, &usd);
    if (st != PM_OK || (!usd.ptr && !k->amount.m)) return st;
    size_t n = usd.ptr ? usd.dim[0] : k->amount.m;
    if (usd.ptr && (usd.n_dims != 1 || (k->amount.m && n != k->amount.m)))
        return c->host->fail(c, PM_E_FORMAT, "'usd' must hold a number for each expert");
    k->usd = usd.ptr;
    return expect_ids_load(&k->ids, c, s, n);
}

static const char *const predict_words[] = {"mean", "prompt", NULL};
static const char *const basis_words[] = {"auto", "recorded", "list", NULL};
static const char *const scale_words[] = {"max", "raw", NULL};
static const char *const missing_words[] = {"error", "worst", "mean", NULL};
static const char *const answers_words[] = {"learned", "router", NULL};
static const pm_param params[] = {
    PM_PARAM_WORDS(PM_P_CHOICE, struct price_params, predict, PREDICT_MEAN, 0, 1, predict_words,
                   "\"mean\": one number per expert; \"prompt\": learned for the prompt at hand "
                   "from its embedding and text"),
    PM_PARAM_WORDS(
        PM_P_CHOICE, struct price_params, basis, BASIS_AUTO, 0, 2, basis_words,
        "\"recorded\" costs on train, \"list\" prices times tokens, \"auto\" = recorded unless "
        "list prices are known for more experts"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct price_params, scale, SCALE_MAX, 0, 1, scale_words,
                   "\"max\" cost / mean cost of the dearest served expert, \"raw\" USD per 1,000 "
                   "calls"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct price_params, missing, MISSING_ERROR, 0, 2, missing_words,
                   "an expert of unknown cost: \"error\", \"worst\" = as dear as the dearest, "
                   "\"mean\" = that of those known (0 for all where none is)"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct price_params, answers, ANSWERS_LEARNED, 0, 1, answers_words,
                   "length of an answer, predict prompt and basis list: \"learned\" here, or the "
                   "\"router\"'s prediction where it makes one"),
    PM_PARAM(PM_P_F64, struct price_params, tokens_in, 500, 0, 1e7,
             "assumed prompt length of a call, predict mean and basis list (tokens)"),
    PM_PARAM(PM_P_F64, struct price_params, tokens_out, 250, 0, 1e7,
             "assumed answer length of a call, predict mean and basis list (tokens)"),
    PM_PARAM_END,
};

static const pm_phrase phrases[] = {{"cheapest model", 10}, {"cheapest", 10},  {"cheap model", 0.1},
                                    {"cheap", 0.1},         {"low cost", 0.1}, {NULL, 0}};

static const pm_constraint_type price = {
    .size = sizeof price,
    .name = "price",
    .doc =
        "Expected cost of a call in USD, as recorded or by list price. The mean recorded cost on "
        "the training prompts, or (price_in * tokens_in + price_out * tokens_out) / 1e6 from the "
        "attributes price_in and price_out (USD per million tokens). With predict = \"prompt\" "
        "the expected cost of the prompt at hand (E[cost | prompt] learned from embeddings and "
        "the look of the text; by list price from its tokens and the learned length of each "
        "expert's answer); its held-out error is told beside that of the mean. At scale max "
        "divided by the dearest served expert's mean. One basis serves all experts: recorded and "
        "listed costs are never mixed. Wins when experts differ by factors, and with prompt where "
        "lengths of answers differ between tasks; predict = \"mean\" is one row and needs no "
        "embedding.",
    .source = "Tryage (arXiv 2308.11601) eq. T1 as C_k; scale c / c_ref as in the AIQ sweep of "
              "RouterBench (arXiv 2403.12031) with mean train cost; smearing: Duan 1983",
    .unit = "USD per 1,000 calls",
    .params = params,
    .params_bytes = sizeof(struct price_params),
    .senses = PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD) | PM_SENSE_BIT(PM_BUDGET),
    .per_prompt = 1,
    .needs = PM_NEEDS_EMBED | PM_NEEDS_TEXT,
    .state_bytes = sizeof(pm_constraint),
    .eval = eval,
    .train = price_learn,
    .save = save,
    .load = load,
    .phrases = phrases,
    .realised = realised,
    .is_per_prompt = is_per_prompt,
};
PM_PLUGIN_CONSTRAINT(price, "2.0", "MIT")
