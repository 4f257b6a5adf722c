/* SPDX-License-Identifier: MIT
 *
 * What is served is what was measured: a bundle per router (at every weight point up to 16 of them, else at
 * the first and the last), and beside it the experiment's decision on every test prompt, to compare with.
 */
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "base/log.h"
#include "eval/experiment_private.h"
#include "plug/bundle.h"

#define FEW_POINTS 16

/* Names become folders: anything but letters, digits and "._-" is written as '_'. */
static void put_name(const char *text, str *out)
{
    for (const char *t = text; *t; t++) {
        bool plain = (*t >= 'a' && *t <= 'z') || (*t >= 'A' && *t <= 'Z') ||
                     (*t >= '0' && *t <= '9') || *t == '_' || *t == '-' || (*t == '.' && t > text);
        str_put(out, plain ? t : "_", 1);
    }
}

/* LABEL[@point][-sSEED]; labels that only differ in odd characters are told apart by their number. */
static const char *bundle_name(const exp_run *r, const seed_work *w, size_t k, size_t point)
{
    str name = STR_INIT, other = STR_INIT;
    put_name(w->router[k].choice->at.label, &name);
    for (size_t e = 0; e < k; e++) {
        str_clear(&other);
        put_name(w->router[e].choice->at.label, &other);
        if (strcmp(str_text(&other), str_text(&name)) == 0) {
            str_printf(&name, "-%zu", k + 1);
            break;
        }
    }
    if (r->n_points > 1) {
        str_puts(&name, "@");
        put_name(r->point[point].text, &name);
    }
    if (r->x->n_seeds > 1) str_printf(&name, "-s%llu", (unsigned long long)w->seed);
    const char *kept = name.failed ? NULL : arena_strdup(r->a, str_text(&name));
    str_close(&name);
    str_close(&other);
    return kept;
}

static void put_decisions(const exp_run *r, const seed_work *w, const policy *p, str *out)
{
    const uint32_t *order = exp_stream_order(w); /* of a stream: the first order of arrival */
    for (size_t e = 0; e < w->s.n_test; e++) {
        size_t i = order ? order[e] : e;
        const char *id = r->data.id[w->s.test[i]], *to = r->lib->view.expert[p->choice[i]]->id;
        str_puts(out, "{\"id\":");
        str_json(out, id, strlen(id));
        str_puts(out, ",\"choice\":");
        str_json(out, to, strlen(to));
        str_puts(out, "}\n");
    }
}

/* The choices as an object of the store, named in the results. */
static pm_status keep_decisions(exp_run *r, const str *text, const char **hex, pm_err *err)
{
    char found[65];
    const char *path = store_temporary(r->st, r->a);
    if (!path || text->failed) return err_set(err, PM_E_MEMORY, "decisions");
    pm_status s = io_write(path, text->at, text->len, err);
    if (!s) s = store_put_file(r->st, path, found, err);
    if (s) return s;
    *hex = arena_strdup(r->keep, found); /* rows name it */
    return *hex ? PM_OK : err_set(err, PM_E_MEMORY, "decisions");
}

static pm_status write_bundle(exp_run *r, seed_work *w, size_t k, size_t point,
                              const str *decisions, pm_err *err)
{
    const router_work *route = &w->router[k];
    if (!route->file) {
        log_line(LOG_WARN, "router \"%s\" cannot be saved: no bundle is written for it",
                 route->choice->at.label);
        return PM_OK;
    }
    const char *name = bundle_name(r, w, k, point);
    const char *dir = name ? io_join(r->a, io_join(r->a, r->dir, "bundles"), name) : NULL;
    pipeline_term *term = arena_alloc(r->a, r->x->n_constraints, sizeof *term);
    if (!dir || !term) return err_set(err, PM_E_MEMORY, "bundle");
    pipeline p = exp_pipeline(r, w, k, point, term);
    bundle_info info = {.experiment = r->x->name,
                        .label = route->choice->at.label,
                        .data_hash = r->data.hash,
                        .split_hash = w->s.hash,
                        .script = r->x->script,
                        .script_sha256 = r->x->script_sha256,
                        .seed = w->seed,
                        .flags = r->x->flags,
                        .is_scripted = r->x->is_scripted,
                        .router_file = route->file,
                        .embedder_file = w->embed_file};
    pm_status s = bundle_write(dir, r->call, &p, r->lib, &info, err);
    if (s) return s;
    str path = STR_INIT;
    str_printf(&path, "%s.decisions.jsonl", dir);
    s = path.failed ? err_set(err, PM_E_MEMORY, "bundle")
                    : io_write(str_text(&path), decisions->at, decisions->len, err);
    str_close(&path);
    return s;
}

pm_status exp_bundles(exp_run *r, seed_work *w, pm_err *err)
{
    size_t n = w->n_routers * r->n_points;
    w->decisions = arena_alloc(r->a, n, sizeof *w->decisions);
    if (!w->decisions) return err_set(err, PM_E_MEMORY, "%zu decisions", n);
    pm_status s = io_mkdir(io_join(r->a, r->dir, "bundles"), err);
    for (size_t e = 0; e < n && !s; e++) {
        str text = STR_INIT;
        size_t point = e / w->n_routers, k = e % w->n_routers;
        put_decisions(r, w, &w->policy[w->n_baselines + e], &text);
        s = keep_decisions(r, &text, &w->decisions[e], err);
        if (!s && (r->n_points <= FEW_POINTS || point == 0 || point + 1 == r->n_points))
            s = write_bundle(r, w, k, point, &text, err);
        str_close(&text);
    }
    return s;
}
