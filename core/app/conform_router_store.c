/* SPDX-License-Identifier: MIT
 *
 * Router checks of what outlives the build: checkpoints, updates, a served part of the library.
 */
#include "app/conform_router.h"

/* ---- checkpoints ----------------------------------------------------------------------------------- */

static bool save_and_load(trial *t, conform_result *r, char **path, router **out)
{
    const router_trial *rt = router_trial_of(t);
    pm_err err = PM_ERR_INIT;
    *path = trial_path(t, "saved");
    *out = NULL;
    if (router_save(rt->built, t->c, *path, &err) != PM_OK)
        check_fail_err(r, "save", &err);
    else if (router_load(t->c, *path, out, &err) != PM_OK)
        check_fail_err(r, "load", &err);
    return r->passed;
}

static void same_words(conform_result *r, const char *what, const char *want, const char *got)
{
    if (r->passed && strcmp(want, got) != 0)
        check_fail(r, "loaded instance: %s is %.200s, expected %.200s", what, got, want);
}

void router_save_load(trial *t, conform_result *r)
{
    const router_trial *rt = router_trial_of(t);
    router_ask ask = {NULL, &t->data->lib, &t->data->test_x};
    same_spec same = {NULL, NULL, 0, "loaded instance"};
    pm_scores got;
    char *path;
    router *loaded;
    if (save_and_load(t, r, &path, &loaded)) {
        ask.r = loaded;
        if (router_answers(t, r, &ask, &got)) router_same(r, &rt->want, &got, &same);
        same_words(r, "members", router_members(rt->built), router_members(loaded));
        same_words(r, "params", router_params_json(rt->built), router_params_json(loaded));
        if (r->passed && router_latent_dim(loaded) != router_latent_dim(rt->built))
            check_fail(r, "loaded instance: latent_dim is %zu, expected %zu",
                       router_latent_dim(loaded), router_latent_dim(rt->built));
    }
    router_close(loaded);
}

void router_save_twice(trial *t, conform_result *r)
{
    pm_err err = PM_ERR_INIT;
    char *path, *second = trial_path(t, "second");
    router *loaded;
    if (save_and_load(t, r, &path, &loaded)) {
        if (router_save(loaded, t->c, second, &err) != PM_OK)
            check_fail_err(r, "save the loaded instance", &err);
        else
            check_same_file(r, path, second, "first and second checkpoint");
    }
    router_close(loaded);
}

static pm_status load_and_drop(trial *t, const char *path, pm_err *err)
{
    router *loaded = NULL;
    pm_status s = router_load(t->c, path, &loaded, err);
    router_close(loaded);
    return s;
}

void router_damaged(trial *t, conform_result *r)
{
    pm_err err = PM_ERR_INIT;
    char *path = trial_path(t, "whole");
    if (router_save(router_trial_of(t)->built, t->c, path, &err) != PM_OK)
        check_fail_err(r, "save", &err);
    else
        check_damage(t, r, path, load_and_drop);
}

/* ---- updates ---------------------------------------------------------------------------------------- */

/* Updates the first instance; false when the plugin cannot or something went wrong (said in r). */
static bool update(trial *t, conform_result *r, const pm_delta *d, router **out)
{
    pm_err err = PM_ERR_INIT;
    *out = NULL;
    pm_status s = router_update(t->c, router_trial_of(t)->built, d, t->seed, out, &err);
    if (s == PM_E_UNSUPPORTED)
        check_skip(r, "update is not offered for this change: the host retrains");
    else if (s != PM_OK)
        check_fail_err(r, "update", &err);
    return r->passed;
}

void router_update_nothing(trial *t, conform_result *r)
{
    const router_trial *rt = router_trial_of(t);
    const pm_library *lib = &t->data->lib;
    pm_delta d = {.size = sizeof d, .before = lib, .after = lib};
    router_ask ask = {NULL, lib, &t->data->test_x};
    same_spec same = {NULL, NULL, 0, "after an update without a change"};
    router *updated;
    pm_scores got;
    if (update(t, r, &d, &updated)) {
        ask.r = updated;
        if (router_answers(t, r, &ask, &got)) router_same(r, &rt->want, &got, &same);
        /* `fresh` may not point into `prev`, nor write to it. */
        same.what = "the instance that was updated";
        ask.r = rt->built;
        if (r->passed && router_answers(t, r, &ask, &got)) router_same(r, &rt->want, &got, &same);
    }
    router_close(updated);
}

/* The sum of |after - before| over the cells of experts that stayed, matched by `old_of`. */
static double distance(const pm_scores *before, const pm_scores *after, const uint32_t *old_of)
{
    double sum = 0;
    for (size_t i = 0; i < after->value.rows; i++)
        for (size_t j = 1; j < after->value.cols; j++) {
            float gap = pm_row(after->value, i)[j] - pm_row(before->value, i)[old_of[j]];
            sum += gap < 0 ? -gap : gap;
        }
    return sum;
}

/* The last expert goes and a newcomer (column 5 of a larger problem) comes first: all others move by one.
 * Whoever forgets to map columns is nearer to the wrong ones. */
void router_update_columns(trial *t, conform_result *r)
{
    static const uint32_t col[] = {5, 0, 1, 2, 3}, unmapped[] = {0, 1, 2, 3, 4};
    static const pm_change change[] = {{PM_REMOVED, 4, PM_NO_COL}, {PM_ADDED, PM_NO_COL, 0}};
    const router_trial *rt = router_trial_of(t);
    toy_shape shape = router_shape(t);
    shape.m = 6;
    const toy *larger = toy_make(t->a, &shape);
    const toy *data = larger ? toy_with_columns(t->a, larger, col, 5) : NULL;
    router *updated = NULL;
    pm_scores got;
    if (!data) {
        check_fail(r, "out of memory");
        return;
    }
    pm_delta d = {sizeof d, &t->data->lib, &data->lib, change, 2, &data->tune_x, &data->tune_y};
    router_ask ask = {NULL, &data->lib, &data->test_x};
    if (update(t, r, &d, &updated)) {
        ask.r = updated;
        if (router_answers(t, r, &ask, &got)) {
            double mapped = distance(&rt->want, &got, col);
            double wrong = distance(&rt->want, &got, unmapped);
            if (mapped > wrong)
                check_fail(
                    r,
                    "columns of experts that stayed moved by %.3g; by %.3g if columns had not "
                    "been mapped",
                    mapped, wrong);
        }
    }
    router_close(updated);
}

/* ---- a part of the library ---------------------------------------------------------------------------- */

void router_subset(trial *t, conform_result *r)
{
    static const uint32_t col[] = {3, 1};
    const router_trial *rt = router_trial_of(t);
    pm_library *lib = toy_experts(t->a, &t->data->lib, col, 2);
    router_ask ask = {rt->built, lib, &t->data->test_x};
    same_spec same = {NULL, col, 0, "serving two of five experts"};
    pm_scores got;
    if (!lib) {
        check_fail(r, "out of memory");
    } else if (router_answers(t, r, &ask, &got)) {
        /* Probabilities are relative to who is served. */
        if (got.kind != PM_VALUE_WINPROB && got.kind != PM_VALUE_BEST)
            router_same(r, &rt->want, &got, &same);
    }
}
