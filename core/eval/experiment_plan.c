/* SPDX-License-Identifier: MIT
 *
 * What a run would do, without doing it: data, split sizes, jobs to do and jobs already done.
 */
#include <math.h>
#include <string.h>

#include "base/io.h"
#include "eval/experiment_private.h"

typedef struct plan {
    exp_run *r;
    str *out;
    size_t to_do, done;
} plan;

static pm_status put_open_job(plan *p, const char *what, const char *label)
{
    str_printf(p->out, "    to do    %-10s %s\n", what, label);
    p->to_do++;
    return PM_OK;
}

static pm_status put_job(plan *p, const char *key, const char *what, const char *label,
                         const json **result, pm_err *err)
{
    const json *found;
    pm_status s = exp_job_find(p->r, key, &found, err);
    if (s) return s;
    if (result) *result = found;
    if (!found) return put_open_job(p, what, label);
    str_printf(p->out, "    done     %-10s %s\n", what, label);
    p->done++;
    return PM_OK;
}

/* Which candidate wins is known once all are scored: the winner's own job shows as one to do. */
static pm_status plan_router(plan *p, const seed_work *w, const router_choice *c, pm_err *err)
{
    char key[65];
    pm_status s = PM_OK;
    size_t n = c->n_candidates > 1 ? c->n_candidates : 0, known = 0;
    const plugin_choice *won = &c->at;
    double best = -INFINITY;
    for (size_t k = 0; k < n && !s; k++) {
        const plugin_choice *at = &c->candidate[k];
        const char *setting = exp_setting(c, at, NULL, p->r->a);
        const json *found = NULL;
        str name = STR_INIT;
        str_printf(&name, "%s, %s", c->at.label, setting ? setting : "");
        s = exp_router_key(p->r, w, at, "candidate", key, err);
        if (!s) s = put_job(p, key, "candidate", str_text(&name), &found, err);
        str_close(&name);
        double score = json_number(found, "tune", NAN);
        known += isfinite(score) ? 1 : 0;
        if (!(score > best + 1e-12)) continue;
        best = score;
        won = at;
    }
    if (s || known < n) return s ? s : put_open_job(p, "router", c->at.label);
    s = exp_router_key(p->r, w, won, exp_router_job(w), key, err);
    return s ? s : put_job(p, key, "router", c->at.label, NULL, err);
}

/* Experts first; the sizes of those that are done are known, and with all of them the data. */
static pm_status plan_experts(plan *p, uint64_t seed, pm_err *err)
{
    exp_run *r = p->r;
    pm_status s = exp_draw(r, seed, err);
    if (!s) s = exp_find_experts(r, err);
    if (s) return s;
    str_printf(p->out, "  seed %llu: %zu prompts drawn\n", (unsigned long long)seed, r->data.n);
    size_t before = p->done;
    for (size_t j = 0; j < r->x->lib->view.n; j++) {
        const char *id = r->x->lib->view.expert[j]->id;
        p->done += r->expert[j].is_done ? 1 : 0;
        if (r->expert[j].is_done)
            str_printf(p->out, "    done     %-10s %s\n", "expert", id);
        else
            s = put_open_job(p, "expert", id);
    }
    return s ? s : exp_measured(r, p->done - before == r->x->lib->view.n, err);
}

static pm_status plan_curves(plan *p, seed_work *w, pm_err *err)
{
    exp_run *r = p->r;
    pm_status s = PM_OK;
    for (size_t e = 0; e < r->x->n_train_sizes && !s; e++) {
        seed_work sub;
        size_t size = r->x->train_size[e];
        if (size >= w->s.n_train) continue; /* "all" among them: nothing more is trained */
        s = exp_curve_split(r, w, size, &sub, err);
        if (!s) str_printf(p->out, "   trained on %zu prompts:\n", size);
        for (size_t k = 0; k < r->x->n_routers && !s; k++)
            if (exp_wants(r, &r->x->router[k])) s = plan_router(p, &sub, &r->x->router[k], err);
    }
    return s;
}

static pm_status plan_seed(plan *p, uint64_t seed, pm_err *err)
{
    exp_run *r = p->r;
    seed_work w = {.seed = seed};
    pm_status s = r->x->corpus ? plan_experts(p, seed, err) : PM_OK;
    if (!s) s = exp_split(r, seed, &w.s, err);
    if (!s) s = exp_embed_key(r, &w, w.embed_key, err);
    if (s) return s;
    exp_decontaminated_hash(r, &w);
    str_printf(p->out, "  seed %llu: fit %zu, tune %zu, test %zu prompts", (unsigned long long)seed,
               w.s.n_fit, w.s.n_tune, w.s.n_test);
    if (w.s.leaked_groups)
        str_printf(p->out,
                   "; %zu groups (equal texts, or the data's groups) are on both sides; "
                   "by = \"group\" keeps them together",
                   w.s.leaked_groups);
    str_puts(p->out, "\n");
    if (r->x->embed) s = put_job(p, w.embed_key, "embedder", r->x->embed->label, NULL, err);
    for (size_t k = 0; k < r->x->n_routers && !s; k++)
        if (exp_wants(r, &r->x->router[k])) s = plan_router(p, &w, &r->x->router[k], err);
    return s ? s : plan_curves(p, &w, err);
}

static void put_corpus(const exp_run *r, str *out)
{
    str_printf(out, "experiment %s, run %.8s\n", r->x->name, r->key);
    str_printf(out, "  corpus %s %.12s: %zu documents in %zu domains, %zu experts", r->text.name,
               r->text.hash, r->text.n_documents, r->text.n_domains, r->x->lib->view.n);
    for (size_t k = 0; k < r->text.n_notes; k++) str_printf(out, "\n  %s", r->text.note[k]);
    str_printf(out, "\n  weight points: %zu\n", r->n_points);
}

static void put_data(const exp_run *r, str *out)
{
    const dataset_counts *c = &r->data.counts;
    str_printf(out, "experiment %s, run %.8s\n", r->x->name, r->key);
    str_printf(out, "  data %s %.12s: %zu prompts x %zu experts", r->data.name, r->data.hash,
               r->data.n, r->lib->view.n);
    if (c->rows_dropped_incomplete || c->models_dropped_sparse)
        str_printf(out, " (dropped: %zu prompts, %zu models with missing outcomes)",
                   c->rows_dropped_incomplete, c->models_dropped_sparse);
    if (r->dropped) str_printf(out, "\n  dropped: %s", r->dropped);
    str_printf(out, "\n  weight points: %zu\n", r->n_points);
}

static pm_status make_plan(exp_run *r, str *out, pm_err *err)
{
    plan p = {r, out, 0, 0};
    pm_status s = exp_load(r, err);
    if (!s) s = exp_load_also(r, err);
    if (!s) s = exp_find_pair(r, err);
    if (!s) s = exp_points(r, err);
    if (!s && !r->x->corpus) s = exp_try_constraints(r, err);
    if (!s) s = exp_run_key(r, err);
    if (s) return s;
    (r->x->corpus ? put_corpus : put_data)(r, out);
    for (size_t k = 0; k < r->x->n_seeds && !s; k++) {
        arena_mark mark = arena_save(r->a);
        s = plan_seed(&p, r->x->seed[k], err);
        arena_release(r->a, mark);
    }
    str_printf(out, "  %zu jobs to do, %zu already done\n", p.to_do, p.done);
    return !s && out->failed ? err_set(err, PM_E_MEMORY, "plan") : s;
}

pm_status experiment_plan(const plug_env *env, const experiment *x, const run_options *o, str *out,
                          pm_err *err)
{
    arena *a = arena_open(0);
    exp_run r = {.x = x, .o = o, .keep = a, .a = a};
    if (!a) return err_set(err, PM_E_MEMORY, "plan");
    pm_status s = exp_check(x, o, err);
    if (!s) {
        s = exp_run_open(&r, env, err);
        if (!s) {
            s = make_plan(&r, out, err);
            exp_run_close(&r);
        }
    }
    arena_close(a);
    return s;
}
