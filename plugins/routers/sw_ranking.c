/* SPDX-License-Identifier: MIT
 *
 * sw_ranking: Bradley-Terry ratings, fitted to each prompt with battles weighted by the similarity of their prompts
 * (RouteLLM).  The weighted sums are the host's (tally of pm.table/1); this file builds, predicts and saves.
 */
#include <math.h>

#include "sw_ranking.h"

enum { PREDICT_CHUNK = 256 };

/* ---- train ----------------------------------------------------------------------------------------- */

static pm_status build_table(pm_router *r, pm_call *c, const pm_fit *fit, const sw_battles *b)
{
    static const pm_dtype stores[] = {PM_F32, PM_F16, PM_I8};
    const struct sw_params *p = c->params;
    const pm_table_service *t;
    pm_table *table = NULL;
    pm_cmat rows = fit->x->embed;
    pm_status st = sw_tables(c, &t);
    if (st != PM_OK) return st;
    if (b->rows != rows.rows || b->rows_train != b->rows) {
        float *joined = c->host->scratch(c, b->rows * rows.cols, sizeof *joined);
        if (!joined) return PM_E_MEMORY;
        for (size_t i = 0; i < b->rows; i++)
            memcpy(joined + i * rows.cols,
                   pm_crow(i < b->rows_train ? rows : fit->tune_x->embed, b->prompt[i]),
                   rows.cols * sizeof *joined);
        rows = (pm_cmat){joined, b->rows, rows.cols, rows.cols};
    }
    st = t->build(c, rows, stores[p->store], &table);
    r->table = table;
    return st;
}

/* Players, entries and ratings of the first `rows` rows; entries are in scratch. */
static pm_status fit_rows(pm_router *r, pm_call *c, const pm_fit *fit, const sw_battles *b,
                          size_t rows, int is_last, sw_room *room)
{
    uint8_t *is_used = c->host->scratch(c, b->rows, 1);
    if (!is_used) return PM_E_MEMORY;
    memset(is_used, 1, rows);
    pm_status st = sw_find_players(c, fit, b, rows, is_last, &r->players);
    if (st == PM_OK) st = sw_room_open(c, b, &r->players, room);
    if (st != PM_OK) return st;
    sw_entries_make(b, &r->players, is_used, room, &r->entries);
    double *theta = c->host->own(c, r->players.k, sizeof *theta);
    return theta ? sw_rate_all(r, c, theta) : PM_E_MEMORY;
}

static void *keep(pm_call *c, const void *from, size_t count, size_t bytes)
{
    void *to = c->host->own(c, count, bytes);
    if (to) memcpy(to, from, count * bytes);
    return to;
}

static pm_status keep_entries(pm_router *r, pm_call *c)
{
    sw_entries *s = &r->entries;
    *s = (sw_entries){.rows = s->rows,
                      .n = s->n,
                      .n_classes = s->n_classes,
                      .battles = s->battles,
                      .start = keep(c, s->start, s->rows + 1, sizeof *s->start),
                      .cls = keep(c, s->cls, s->n, sizeof *s->cls),
                      .amount = keep(c, s->amount, s->n, sizeof *s->amount),
                      .cell = keep(c, s->cell, s->n_classes, sizeof *s->cell)};
    return s->start && s->cls && s->amount && s->cell ? PM_OK : PM_E_MEMORY;
}

static pm_status train(pm_router *r, pm_call *c, const pm_fit *fit)
{
    const struct sw_params *p = c->params;
    sw_battles b;
    sw_room room;
    *r = (pm_router){.m = fit->lib->n,
                     .gamma = p->gamma == SW_GAMMA_AUTO ? 10 : (double)p->gamma,
                     .prior = p->compat ? 0 : p->prior};
    pm_status st = sw_collect(c, fit, &b);
    if (st == PM_OK) st = build_table(r, c, fit, &b);
    if (st == PM_OK && p->gamma == SW_GAMMA_AUTO) {
        st = fit_rows(r, c, fit, &b, b.rows_train, 0, &room);
        if (st == PM_OK) st = sw_tune(r, c, fit, &b, &room);
    }
    if (st == PM_OK) st = fit_rows(r, c, fit, &b, b.rows, 1, &room);
    if (st == PM_OK) st = keep_entries(r, c);
    if (st != PM_OK) return st;
    if (!r->entries.n) r->table = NULL;
    c->host->note(c, PM_NOTE_INFO,
                  "%zu battles on %zu prompts; %zu experts rated as %zu %s, gamma %g", b.n, b.rows,
                  r->m, r->players.k, p->tiers ? "tiers" : "players", r->gamma);
    pm_metric settled = {"gamma", r->gamma};
    return c->host->progress(c, 1, &settled, 1);
}

/* ---- predict --------------------------------------------------------------------------------------- */

struct prediction {
    const pm_router *r;
    const double *sum; /* of the queries from `first` on */
    size_t first;
    pm_scores *out;
};

static pm_status predict_rows(pm_call *c, size_t lo, size_t hi, void *arg)
{
    const struct prediction *a = arg;
    const pm_router *r = a->r;
    const uint32_t *of = r->players.of;
    double *theta = c->host->scratch(c, r->players.k, sizeof *theta);
    double *win = c->host->scratch(c, sw_cells(r->players.k), sizeof *win);
    uint32_t reference = of[a->out->reference_col];
    if (!theta || !win) return PM_E_MEMORY;
    for (size_t i = lo; i < hi; i++) {
        pm_status st = sw_rate(r, c, a->sum + i * r->entries.n_classes, win, theta);
        if (st != PM_OK) return st;
        float *value = pm_row(a->out->value, a->first + i);
        double of_reference = reference == PM_NO_COL ? 0 : theta[reference];
        for (size_t j = 0; j < r->m; j++) {
            double d = (of[j] == PM_NO_COL ? 0 : theta[of[j]]) - of_reference;
            value[j] = (float)(d >= 0 ? 1 / (1 + exp(-d)) : exp(d) / (1 + exp(d)));
        }
    }
    return PM_OK;
}

static pm_status predict(const pm_router *r, pm_call *c, const pm_library *lib, const pm_prompts *x,
                         pm_scores *out)
{
    (void)lib;
    size_t rows = x->n < PREDICT_CHUNK ? x->n : PREDICT_CHUNK;
    double *sum = c->host->scratch(c, rows * r->entries.n_classes, sizeof *sum);
    if (!sum) return PM_E_MEMORY;
    for (size_t lo = 0; lo < x->n; lo += rows) {
        size_t n = x->n - lo < rows ? x->n - lo : rows;
        struct prediction a = {r, sum, lo, out};
        pm_cmat query = {pm_crow(x->embed, lo), n, x->embed.cols, x->embed.ld};
        pm_status st = sw_tally(r, c, query, sum);
        if (st == PM_OK)
            st = n < 2 ? predict_rows(c, 0, n, &a) : c->host->parallel(c, n, 8, predict_rows, &a);
        if (st != PM_OK) return st;
    }
    return PM_OK;
}

/* ---- save and load --------------------------------------------------------------------------------- */

enum { HEAD_QUIRK, HEAD_PLAYERS, HEAD_N };
enum { NUMBER_GAMMA, NUMBER_PRIOR, NUMBER_BATTLES, NUMBER_N };
enum { HEAD, NUMBERS, PLAYER, THETA, CELL, START, CLASS, AMOUNT, N_PARTS };
static const char *const part_name[N_PARTS] = {"head", "numbers", "player", "theta",
                                               "cell", "start",   "class",  "amount"};
static const pm_dtype part_type[N_PARTS] = {PM_U64, PM_F64, PM_U32, PM_F64,
                                            PM_U32, PM_U64, PM_U32, PM_F32};
enum { ALWAYS = CELL }; /* parts from here on only where there are entries */

static pm_status save(const pm_router *r, pm_call *c, pm_store *s)
{
    const sw_entries *e = &r->entries;
    uint64_t *head = c->host->scratch(c, HEAD_N, sizeof *head);
    double *number = c->host->scratch(c, NUMBER_N, sizeof *number);
    const pm_table_service *t;
    pm_status st = sw_tables(c, &t);
    if (st != PM_OK || !head || !number) return st != PM_OK ? st : PM_E_MEMORY;
    head[HEAD_QUIRK] = r->players.quirk != 0, head[HEAD_PLAYERS] = r->players.k;
    number[NUMBER_GAMMA] = r->gamma, number[NUMBER_PRIOR] = r->prior;
    number[NUMBER_BATTLES] = e->battles;
    const void *const at[N_PARTS] = {head,    number,   r->players.of, r->theta,
                                     e->cell, e->start, e->cls,        e->amount};
    const size_t size[N_PARTS] = {HEAD_N,       NUMBER_N,    r->m, r->players.k,
                                  e->n_classes, e->rows + 1, e->n, e->n};
    for (size_t i = 0; st == PM_OK && i < (e->n ? N_PARTS : ALWAYS); i++)
        st =
            c->host->put_tensor(c, s, part_name[i], (pm_tensor){part_type[i], 1, {size[i]}, at[i]});
    return st == PM_OK && e->n ? t->save(r->table, c, s, "table") : st;
}

static int is_sound(const pm_router *r)
{
    const sw_entries *e = &r->entries;
    size_t k = r->players.k;
    if (!(r->gamma >= 1 && r->gamma <= 1e6) || !(r->prior >= 0 && r->prior <= 1e6)) return 0;
    for (size_t j = 0; j < r->m; j++)
        if (r->players.of[j] >= k && r->players.of[j] != PM_NO_COL) return 0;
    for (size_t a = 0; a < k; a++)
        if (!isfinite(r->theta[a])) return 0;
    if (!e->n) return 1;
    if (!(e->battles >= 1 && e->battles < 1e15) || e->start[0] != 0 || e->start[e->rows] != e->n)
        return 0;
    for (size_t l = 0; l < e->n_classes; l++)
        if (e->cell[l] >= sw_cells(k)) return 0;
    for (size_t i = 0; i < e->rows; i++)
        if (e->start[i + 1] < e->start[i]) return 0;
    for (size_t i = 0; i < e->n; i++)
        if (e->cls[i] >= e->n_classes || !(e->amount[i] >= 0 && isfinite(e->amount[i]))) return 0;
    return 1;
}

static pm_status load(pm_router *r, pm_call *c, pm_store *s)
{
    const pm_table_service *t;
    pm_tensor part[N_PARTS] = {0};
    pm_table *table = NULL;
    size_t n = c->host->has(c, s, part_name[AMOUNT]) ? N_PARTS : ALWAYS;
    pm_status st = sw_tables(c, &t);
    for (size_t i = 0; st == PM_OK && i < n; i++)
        st = c->host->view_tensor(c, s, part_name[i], part_type[i], &part[i]);
    if (st == PM_OK && n == N_PARTS) st = t->load(c, s, "table", &table);
    if (st != PM_OK) return st;
    const uint64_t *head = part[HEAD].ptr;
    const double *number = part[NUMBERS].ptr;
    size_t k = part[THETA].dim[0], rows = table ? t->rows(table) : 0;
    int fits = part[HEAD].dim[0] == HEAD_N && part[NUMBERS].dim[0] == NUMBER_N && k < UINT16_MAX;
    for (size_t i = 0; i < n; i++) fits &= part[i].n_dims == 1;
    if (fits && table)
        fits = part[START].dim[0] == rows + 1 && part[CLASS].dim[0] == part[AMOUNT].dim[0];
    if (!fits || head[HEAD_PLAYERS] != k)
        return c->host->fail(c, PM_E_FORMAT, "tensors disagree in shape");
    *r = (pm_router){.m = part[PLAYER].dim[0],
                     .players = {k, part[PLAYER].ptr, head[HEAD_QUIRK] != 0},
                     .gamma = number[NUMBER_GAMMA],
                     .prior = number[NUMBER_PRIOR],
                     .theta = part[THETA].ptr,
                     .table = table};
    r->entries = (sw_entries){.rows = rows,
                              .n = part[AMOUNT].dim[0],
                              .n_classes = part[CELL].dim[0],
                              .battles = number[NUMBER_BATTLES],
                              .start = part[START].ptr,
                              .cls = part[CLASS].ptr,
                              .amount = part[AMOUNT].ptr,
                              .cell = part[CELL].ptr};
    return is_sound(r) ? PM_OK
                       : c->host->fail(c, PM_E_FORMAT, "a number of the tensors is out of range");
}

/* ---- what users see -------------------------------------------------------------------------------- */

static const char *const gamma_words[] = {"auto", NULL};
static const char *const source_words[] = {"all", NULL};
static const char *const store_words[] = {"float32", "float16", "int8", NULL};
static const pm_param params[] = {
    PM_PARAM_WORDS(PM_P_I64, struct sw_params, gamma, 10, 1, 1000000, gamma_words,
                   "weight of a battle = gamma^(1 + cos / largest cos); \"auto\": the best of 10, "
                   "1e2, 1e3, 1e4, 1e6; 1: all battles alike"),
    PM_PARAM(PM_P_I64, struct sw_params, tiers, 10, 0, 4096,
             "experts are rated in that many tiers (count); 0: every expert by itself"),
    PM_PARAM(PM_P_BOOL, struct sw_params, compat, 0, 0, 1,
             "as RouteLLM's code: battles within a tier count against a player rated 0; no prior"),
    PM_PARAM(PM_P_I64, struct sw_params, min_chars, 0, 0, 1000000,
             "battles on shorter prompts (code points, without blanks at the ends) are left out; "
             "RouteLLM: 16"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct sw_params, store, 0, 0, 2, store_words,
                   "element type of the table of embeddings (4, 2 or 1 bytes each)"),
    PM_PARAM(PM_P_F64, struct sw_params, prior, 1, 0, 1000000,
             "a tie of every expert with an average one, in so many battles of mean weight: keeps "
             "ratings finite"),
    PM_PARAM_WORDS(PM_P_I64, struct sw_params, source, SW_SOURCE_ALL, 0, 1000000, source_words,
                   "battles of \"all\" judges together, or only those of judge number 0, 1, ..."),
    PM_PARAM_END,
};

static const pm_router_type sw_ranking = {
    .size = sizeof sw_ranking,
    .name = "sw_ranking",
    .doc = "Similarity-weighted ranking: for each prompt a Bradley-Terry fit of all battles, a "
           "battle weighing gamma^(1 + cos / largest cos) with cos that of its prompt and the one "
           "to be routed; a tie is half a win, a judge's probability p a win of p and a loss of 1 "
           "- p. P(j beats reference) = sigmoid(rating j - rating reference). Experts are rated in "
           "tiers (segments of the unweighted ratings with the least sum of variances) or each by "
           "itself. Learns from battles alone; an expert without any is rated as an average one. "
           "Wins where there are few battles an expert: it starts from the global ranking and "
           "bends it mildly (gamma = 10: at most 10 to 1 between orthogonal and nearest; \"auto\" "
           "bends more and was better on real battles). Loses to a model per expert where every "
           "expert has hundreds of battles, and to anything where the ranking of experts hardly "
           "depends on the prompt.",
    .source =
        "RouteLLM (arXiv 2406.18665), sections 4.1 and 4.2, appendix A; Bradley & Terry 1952; "
        "compat follows lm-sys/RouteLLM at 0b64fda; prior and auto gamma are ours",
    .params = params,
    .params_bytes = sizeof(struct sw_params),
    .needs = PM_NEEDS_EMBED | PM_NEEDS_BATTLES,
    .value_kinds = PM_VALUE_BIT(PM_VALUE_WINPROB),
    .state_bytes = sizeof(pm_router),
    .train = train,
    .predict = predict,
    .save = save,
    .load = load,
};
PM_PLUGIN_ROUTER(sw_ranking, "1.0", "MIT")
