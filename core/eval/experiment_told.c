/* SPDX-License-Identifier: MIT
 *
 * What a plugin told beside its results, kept with its job: how many texts a limit cut, and the curves of its training.
 * From there it comes into the run's rows, its log and its cells.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "eval/experiment_private.h"
#include "plug/told.h"

/* ,"cut":[texts,cut,tokens,cut],"curves":[{"curve":"train_loss","at":[[1,2.5],...]},...] ; nothing where nothing was told. */
static void put_curves(const told_point *p, size_t n, str *out)
{
    size_t seen = 0;
    for (size_t k = 0; k < n; k++) {
        size_t first = 0;
        while (strcmp(p[first].curve, p[k].curve) != 0) first++;
        if (first < k) continue;
        str_printf(out, "%s{\"curve\":\"%s\",\"at\":[", seen++ ? "," : "", p[k].curve);
        for (size_t i = k, put = 0; i < n; i++) {
            if (strcmp(p[i].curve, p[k].curve) != 0) continue;
            str_puts(out, put++ ? ",[" : "[");
            str_number(out, p[i].x);
            str_puts(out, ",");
            str_number(out, p[i].y);
            str_puts(out, "]");
        }
        str_puts(out, "]}");
    }
}

pm_status exp_told_take(call_ctx *c, arena *a, exp_told *out, pm_err *err)
{
    size_t n;
    const told_point *p = told_take_points(c, a, &n);
    str text = STR_INIT;
    out->cut = told_take_cut(c);
    str_puts(&text, "[");
    put_curves(p, n, &text);
    str_puts(&text, "]");
    out->curves = text.failed ? NULL : arena_strdup(a, str_text(&text));
    str_close(&text);
    return out->curves ? PM_OK : err_set(err, PM_E_MEMORY, "curves of a build");
}

void exp_told_put(const exp_told *t, str *out)
{
    const told_cut *c = &t->cut;
    if (c->texts)
        str_printf(out, ",\"cut\":[%llu,%llu,%llu,%llu]", (unsigned long long)c->texts,
                   (unsigned long long)c->texts_cut, (unsigned long long)c->tokens,
                   (unsigned long long)c->tokens_cut);
    if (t->curves && t->curves[1] != ']') str_printf(out, ",\"curves\":%s", t->curves);
}

static uint64_t count_of(const json *v)
{
    return v && v->kind == JSON_NUMBER && v->number >= 0 && v->number < 9e15 ? (uint64_t)v->number
                                                                             : 0;
}

pm_status exp_told_read(const json *job, arena *a, exp_told *out, pm_err *err)
{
    const json *cut = json_get(job, "cut"), *curves = json_get(job, "curves"),
               *v = cut ? cut->child : NULL;
    uint64_t *const to[] = {&out->cut.texts, &out->cut.texts_cut, &out->cut.tokens,
                            &out->cut.tokens_cut};
    *out = (exp_told){.curves = "[]"};
    for (size_t k = 0; k < 4 && v; k++, v = v->next) *to[k] = count_of(v);
    if (!curves || curves->kind != JSON_ARRAY) return PM_OK;
    str text = STR_INIT;
    json_put(curves, &text);
    out->curves = text.failed ? NULL : arena_strdup(a, str_text(&text));
    str_close(&text);
    return out->curves ? PM_OK : err_set(err, PM_E_MEMORY, "curves of a build");
}

/* "expert pocket": .031 of 9,900 texts cut, .12 of their tokens left out: a row, and a line in the log. */
pm_status exp_told_fact(exp_run *r, const char *who, uint64_t seed, const exp_told *t, pm_err *err)
{
    const told_cut *c = &t->cut;
    char text[200];
    if (c->texts == 0) return PM_OK;
    const double share = (double)c->texts_cut / (double)c->texts,
                 tokens = c->tokens ? (double)c->tokens_cut / (double)c->tokens : 0;
    snprintf(text, sizeof text, "%llu of %llu texts cut, %.3g %% of their tokens left out",
             (unsigned long long)c->texts_cut, (unsigned long long)c->texts, 100 * tokens);
    if (c->texts_cut) log_line(LOG_WARN, "%s: %s", who, text);
    const char *kept = arena_strdup(r->keep, text), *name = arena_strdup(r->keep, who);
    if (!kept || !name) return err_set(err, PM_E_MEMORY, "rows");
    pm_status s = exp_fact(r, "cut", name, share, kept, err);
    if (!s) r->row[r->n_rows - 1].seed = seed;
    return s;
}
