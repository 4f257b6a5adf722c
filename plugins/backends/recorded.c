/* SPDX-License-Identifier: MIT
 *
 * recorded: replays an expert's recorded outcomes, found by prompt id.  It scores prompts that it has
 * seen and nothing else, and it answers none: there is no model behind it.
 */
#include <math.h>
#include <pointsman/plugin.h>
#include <stdlib.h>

struct pm_backend {
    pm_value_kind kind;
    size_t n;           /* distinct prompts */
    const uint64_t *id; /* [n] ascending */
    const double *cell; /* [n x 3] value, cost (USD), tokens; NaN = not recorded */
};

enum { VALUE, COST, TOKENS, CELLS };

struct row {
    uint64_t id;
    size_t at;
};

static int by_id_then_row(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (x->id != y->id) return x->id < y->id ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static double cell_of(pm_cmat m, size_t i)
{
    return m.at ? (double)pm_crow(m, i)[0] : (double)NAN;
}

/* Means of the rows [lo, hi) of one prompt over what is known; 1 if their values differ. */
static int merge(const pm_outcomes *y, const struct row *row, size_t lo, size_t hi, double *cell)
{
    double sum[CELLS] = {0}, count[CELLS] = {0}, first = (double)NAN;
    int differ = 0;
    for (size_t r = lo; r < hi; r++) {
        double v[CELLS] = {cell_of(y->value, row[r].at), cell_of(y->cost_usd, row[r].at),
                           cell_of(y->tokens_out, row[r].at)};
        for (int f = 0; f < CELLS; f++)
            if (v[f] == v[f]) sum[f] += v[f], count[f] += 1;
        if (first != first) first = v[VALUE];
        if (v[VALUE] == v[VALUE] && (v[VALUE] < first || v[VALUE] > first)) differ = 1;
    }
    for (int f = 0; f < CELLS; f++) cell[f] = count[f] > 0 ? sum[f] / count[f] : (double)NAN;
    return differ;
}

static pm_status train(pm_backend *b, pm_call *c, const pm_backend_fit *fit)
{
    if (!fit->x || !fit->y)
        return c->host->fail(c, PM_E_UNSUPPORTED,
                             "it replays recorded outcomes and cannot learn from a corpus");
    size_t n = fit->x->n, kept = 0, differing = 0;
    struct row *row = c->host->scratch(c, n, sizeof *row);
    uint64_t *id = c->host->own(c, n, sizeof *id);
    double *cell = c->host->own(c, n * CELLS, sizeof *cell);
    if (!row || !id || !cell) return PM_E_MEMORY;
    for (size_t i = 0; i < n; i++) row[i] = (struct row){fit->x->id[i], i};
    if (n > 1) qsort(row, n, sizeof *row, by_id_then_row);
    for (size_t lo = 0, hi; lo < n; lo = hi) {
        for (hi = lo + 1; hi < n && row[hi].id == row[lo].id;) hi++;
        id[kept] = row[lo].id;
        differing += (size_t)merge(fit->y, row, lo, hi, cell + kept * CELLS);
        kept++;
    }
    if (kept < n)
        c->host->note(c, differing ? PM_NOTE_WARN : PM_NOTE_INFO,
                      "expert \"%s\": %zu rows repeat a prompt id; outcomes of a prompt are "
                      "averaged (%zu prompts have differing ones)",
                      fit->expert ? fit->expert->id : "?", n - kept, differing);
    *b = (pm_backend){fit->y->kind, kept, id, cell};
    return PM_OK;
}

/* The row of `id`, or n. */
static size_t find(const pm_backend *b, uint64_t id)
{
    size_t lo = 0, hi = b->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (b->id[mid] < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < b->n && b->id[lo] == id ? lo : b->n;
}

static double code_points(pm_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) n += ((unsigned char)s.ptr[i] & 0xc0u) != 0x80u;
    return (double)n;
}

static pm_status score(const pm_backend *b, pm_call *c, const pm_prompts *x, pm_measured *out)
{
    (void)c;
    static const double unknown[CELLS] = {(double)NAN, (double)NAN, (double)NAN};
    out->kind = b->kind;
    for (size_t i = 0; i < x->n; i++) {
        size_t row = find(b, x->id[i]);
        const double *cell = row < b->n ? b->cell + row * CELLS : unknown;
        if (out->value) out->value[i] = cell[VALUE];
        if (out->cost_usd) out->cost_usd[i] = cell[COST];
        if (out->tokens) out->tokens[i] = cell[TOKENS];
        if (out->chars)
            out->chars[i] = row < b->n && x->text ? code_points(x->text[i]) : (double)NAN;
    }
    return PM_OK;
}

static const char *kind_name(pm_value_kind kind)
{
    return kind == PM_VALUE_LOSS ? "loss" : "quality";
}

static pm_status save(const pm_backend *b, pm_call *c, pm_store *s)
{
    pm_status st = c->host->put_tensor(c, s, "id", (pm_tensor){PM_U64, 1, {b->n}, b->id});
    if (st != PM_OK) return st;
    return c->host->put_tensor(c, s, kind_name(b->kind),
                               (pm_tensor){PM_F64, 2, {b->n, CELLS}, b->cell});
}

static pm_status load(pm_backend *b, pm_call *c, pm_store *s)
{
    pm_tensor id = {0}, cell = {0};
    pm_value_kind kind = c->host->has(c, s, "loss") ? PM_VALUE_LOSS : PM_VALUE_QUALITY;
    pm_status st = c->host->view_tensor(c, s, "id", PM_U64, &id);
    if (st == PM_OK) st = c->host->view_tensor(c, s, kind_name(kind), PM_F64, &cell);
    if (st != PM_OK) return st;
    if (id.n_dims != 1 || cell.n_dims != 2 || cell.dim[0] != id.dim[0] || cell.dim[1] != CELLS)
        return c->host->fail(c, PM_E_FORMAT, "'id' and '%s' disagree in shape", kind_name(kind));
    *b = (pm_backend){kind, id.dim[0], id.ptr, cell.ptr};
    return PM_OK;
}

static const pm_param params[] = {PM_PARAM_END};

static const pm_backend_type recorded = {
    .size = sizeof recorded,
    .name = "recorded",
    .doc = "Replays what was recorded for one expert, by prompt id. Outcomes, costs and answer "
           "lengths come back as they were. A prompt that was not recorded scores NaN (unknown), "
           "never zero. Several rows of one prompt are averaged. Wins: experiments on recorded "
           "data cost nothing and repeat exactly; loses: it cannot answer, and knows no new "
           "prompt.",
    .source = "replay of recorded data",
    .params = params,
    .params_bytes = 0,
    .state_bytes = sizeof(pm_backend),
    .train = train,
    .save = save,
    .load = load,
    .score = score,
};
PM_PLUGIN_BACKEND(recorded, "1.0", "MIT")
