/* SPDX-License-Identifier: MIT
 *
 * pointsman data similarity TEST TRAIN: how near the prompts of one dataset lie to those of another, and which are
 * near enough to be held for the same.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/cmd_data.h"
#include "base/io.h"
#include "data/number.h"
#include "eval/similarity.h"
#include "math/mat.h"
#include "plug/embedder.h"
#include "plug/params.h"

static const arg_row rows[] = {
    {"at", 0, ARG_TEXT, "COSINE", "prompts this near count as the same (default: 0.95)"},
    {"write", 'w', ARG_TEXT, "FILE", "write their ids to FILE, one a line, for `without`"},
    {"jobs", 'j', ARG_NUMBER, "N", "threads (default: all CPUs)"},
    ARG_END};
static int similarity_main(int argc, char **argv);

const verb data_similarity = {
    "data similarity",
    "TEST TRAIN",
    2,
    2,
    "how near the prompts of a dataset lie to those of another",
    "S: mean over the prompts of TEST of the largest cosine to a prompt of TRAIN, with a 95 % "
    "interval.\n"
    "The vectors are those of embeddings.npy where both folders have it, else LSA of the texts of "
    "both.\n"
    "The same folder twice: its test part against its training part.\n\n"
    "  pointsman data similarity benchmark arena --at 0.95 --write contaminated.txt",
    rows,
    similarity_main};

typedef struct side { /* prompts that are compared */
    dataset d;
    uint32_t *row;
    size_t n;
    pm_cmat vectors;
} side;

static pm_status read_side(const char *dir, int part, arena *a, side *out, pm_err *err)
{
    dataset_options o = DATASET_OPTIONS_DEFAULT;
    o.battles = false;
    pm_status s = dataset_read(dir, &o, a, &out->d, err);
    if (s) return s;
    out->row = arena_alloc(a, out->d.n, sizeof *out->row);
    if (!out->row) return err_set(err, PM_E_MEMORY, "%s", dir);
    for (size_t i = 0; i < out->d.n; i++)
        if (part < 0 || out->d.part[i] == part) out->row[out->n++] = (uint32_t)i;
    if (out->n) return PM_OK;
    return err_set(err, PM_E_ARG, "%s: found no %sprompt; wanted at least one", dir,
                   part == DATASET_TEST    ? "test "
                   : part == DATASET_TRAIN ? "training "
                                           : "");
}

/* ---- vectors ---- */

static pm_status given(side *x, arena *a, pm_err *err)
{
    pm_mat m = mat_new(a, x->n, x->d.embed.cols);
    if (!m.at) return err_set(err, PM_E_MEMORY, "%zu vectors", x->n);
    mat_gather_rows(x->d.embed, x->row, x->n, m);
    x->vectors = mat_const(m);
    return PM_OK;
}

static pm_status fit_lsa(const app_env *e, call_ctx *call, side *const *x, arena *a, embedder **out,
                         pm_err *err)
{
    void *params;
    size_t n = 0;
    const plugin_entry *lsa = registry_find(e->registry, PLUGIN_EMBEDDER, "lsa");
    if (!lsa) return err_set(err, PM_E_ARG, "embedder lsa: not found among the plugins");
    pm_str *text = arena_alloc(a, x[0]->n + x[1]->n, sizeof *text);
    uint64_t *id = arena_alloc(a, x[0]->n + x[1]->n, sizeof *id);
    if (!text || !id) return err_set(err, PM_E_MEMORY, "texts of both datasets");
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < x[k]->n; i++, n++) {
            text[n] = x[k]->d.text[x[k]->row[i]];
            id[n] = x[k]->d.key[x[k]->row[i]];
        }
    pm_prompts all = {.size = sizeof all, .n = n, .id = id, .text = text};
    pm_status s =
        params_build(lsa->params, lsa->params_bytes, NULL, 0, a, &params, NULL, NULL, err);
    embedder_spec spec = {lsa, params, 1};
    return s ? s : embedder_train(call, &spec, &all, out, err);
}

static pm_status embed(call_ctx *call, const embedder *e, side *x, arena *a, pm_err *err)
{
    pm_mat m = mat_new(a, x->n, embedder_dim(e));
    pm_str *text = arena_alloc(a, x->n, sizeof *text);
    if (!m.at || !text) return err_set(err, PM_E_MEMORY, "%zu vectors", x->n);
    for (size_t i = 0; i < x->n; i++) text[i] = x->d.text[x->row[i]];
    x->vectors = mat_const(m);
    return embedder_embed(e, call, text, x->n, m, err);
}

static pm_status make_vectors(app_env *e, side *const *x, arena *a, const char **how, pm_err *err)
{
    embedder *lsa = NULL;
    call_ctx *call = NULL;
    pm_status s = PM_OK;
    *how = "embeddings.npy";
    if (x[0]->d.embed.at && x[1]->d.embed.at) {
        for (size_t k = 0; k < 2 && !s; k++) s = given(x[k], a, err);
        return s;
    }
    *how = "lsa, fitted on the texts of both";
    s = call_ctx_open(&e->env, true, &call, err);
    if (!s) s = fit_lsa(e, call, x, a, &lsa, err);
    for (size_t k = 0; k < 2 && !s; k++) s = embed(call, lsa, x[k], a, err);
    embedder_close(lsa);
    call_ctx_close(call);
    return s;
}

/* ---- what is told ---- */

static pm_status write_ids(const side *x, const float *best, double at, const char *file,
                           pm_err *err)
{
    str text = STR_INIT;
    for (size_t i = 0; i < x->n; i++)
        if (similarity_is_at(best[i], at)) str_printf(&text, "%s\n", x->d.id[x->row[i]]);
    pm_status s = text.failed ? err_set(err, PM_E_MEMORY, "%s", file)
                              : io_write(file, str_text(&text), text.len, err);
    str_close(&text);
    return s;
}

static pm_status compare(app_env *e, side *const *x, double at, const char *file, arena *a,
                         pm_err *err)
{
    const char *how;
    similarity_mean m;
    bootstrap_spec b = BOOTSTRAP_DEFAULT;
    float *best = arena_alloc(a, x[0]->n, sizeof *best);
    uint64_t *group = arena_alloc(a, x[0]->n, sizeof *group);
    if (!best || !group) return err_set(err, PM_E_MEMORY, "%zu prompts", x[0]->n);
    for (size_t i = 0; i < x[0]->n; i++) group[i] = x[0]->d.group[x[0]->row[i]];
    pm_status s = make_vectors(e, x, a, &how, err);
    if (!s) s = similarity_nearest(&e->compute, x[0]->vectors, &x[1]->vectors, 1, best, err);
    if (!s) s = similarity_summarise(&e->compute, best, x[0]->n, group, &b, at, &m, err);
    if (!s && file) s = write_ids(x[0], best, at, file, err);
    if (s) return s;
    printf("%zu prompts of %s against %zu of %s (%s)\n", x[0]->n, x[0]->d.name, x[1]->n,
           x[1]->d.name, how);
    printf("S        %.4f [%.4f, %.4f]\n", m.mean, m.lo, m.hi);
    printf("at %-5g %zu prompts, %.2f %%\n", at, m.n_at, 100 * (double)m.n_at / (double)m.n);
    if (file) printf("written  %s\n", file);
    for (size_t i = 0; !file && i < x[0]->n; i++)
        if (similarity_is_at(best[i], at))
            printf("  %.4f  %s\n", (double)best[i], x[0]->d.id[x[0]->row[i]]);
    return PM_OK;
}

static pm_status read_threshold(const char *text, double *out, pm_err *err)
{
    char full[40];
    snprintf(full, sizeof full, "%s%.30s", *text == '.' ? "0" : "", text);
    size_t len = strlen(full);
    if (strlen(text) <= 30 && len && number_parse(full, len, out) == len && *out > 0 && *out <= 1)
        return PM_OK;
    return err_set(err, PM_E_ARG, "--at: found '%s', wanted a cosine above 0, at most 1", text);
}

static int similarity_main(int argc, char **argv)
{
    arg_value value[sizeof rows / sizeof *rows];
    const char *operand[2];
    size_t n;
    double at;
    int status = args_parse(&data_similarity, argc, argv, value, operand, &n);
    if (status != ARGS_GO_ON) return status;
    pm_err err = PM_ERR_INIT;
    if (read_threshold(args_text(&data_similarity, value, "at", "0.95"), &at, &err)) {
        app_failed("data similarity", &err);
        return EXIT_USAGE;
    }
    app_env e;
    status = app_env_open(&e, (int)args_number(&data_similarity, value, "jobs", 0));
    if (status != ARGS_GO_ON) return status;
    arena *a = arena_open(0);
    side test = {.n = 0}, train = {.n = 0};
    side *both[2] = {&test, &train};
    bool same = strcmp(operand[0], operand[1]) == 0;
    pm_status s = a ? PM_OK : err_set(&err, PM_E_MEMORY, "no memory");
    if (!s) s = read_side(operand[0], same ? DATASET_TEST : -1, a, &test, &err);
    if (!s) s = read_side(operand[1], same ? DATASET_TRAIN : -1, a, &train, &err);
    if (!s) s = compare(&e, both, at, args_text(&data_similarity, value, "write", NULL), a, &err);
    arena_close(a);
    app_env_close(&e);
    return s == PM_OK ? EXIT_FINE : app_failed("data similarity", &err);
}
