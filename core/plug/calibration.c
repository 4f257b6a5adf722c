/* SPDX-License-Identifier: MIT
 *
 * calibration.json, written and read.
 */
#include "plug/calibration.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/io.h"

#define FORMAT  "pointsman-calibration"
#define VERSION 1

static void put_text(str *s, const char *key, const char *text)
{
    str_printf(s, ",\"%s\":", key);
    str_json(s, text, strlen(text));
}

static void put_number(str *s, const char *key, double v)
{
    str_printf(s, ",\"%s\":", key);
    str_number(s, v);
}

pm_status calibration_write(const char *dir, const calibration *c, pm_err *err)
{
    arena *a = arena_open(0);
    str s = STR_INIT;
    char hex[65];
    if (!a) return err_set(err, PM_E_MEMORY, "out of memory");
    pm_status st = sha256_file(io_join(a, dir, "bundle.json"), hex, err);
    str_printf(&s, "{\"format\":\"" FORMAT "\",\"version\":%d", VERSION);
    put_text(&s, "bundle", hex);
    put_number(&s, "alpha", c->alpha);
    str_printf(&s, ",\"objective\":%s", c->objective);
    put_text(&s, "target", c->target);
    put_number(&s, "n", (double)c->n);
    put_text(&s, "prompts", c->prompts);
    put_number(&s, "met", c->met);
    put_number(&s, "cost", c->cost);
    str_puts(&s, ",\"quantiles\":[");
    for (size_t k = 0; k < c->n_quantiles; k++) {
        str_puts(&s, k ? "," : "");
        str_number(&s, c->quantile[k]);
    }
    str_puts(&s, "]}\n");
    if (!st && s.failed) st = err_set(err, PM_E_MEMORY, "calibration.json: out of memory");
    if (!st) st = io_write(io_join(a, dir, "calibration.json"), s.at, s.len, err);
    str_close(&s);
    arena_close(a);
    return st;
}

static pm_status read_quantiles(const json *j, const char *path, arena *a, calibration *out,
                                pm_err *err)
{
    const json *list = json_get(j, "quantiles");
    size_t n = list && list->kind == JSON_ARRAY ? list->n : 0;
    double *v = arena_alloc(a, n, sizeof *v);
    if (!v) return err_set(err, PM_E_MEMORY, "out of memory");
    size_t k = 0;
    for (const json *x = n ? list->child : NULL; x; x = x->next, k++) {
        v[k] = x->kind == JSON_NUMBER ? x->number : (double)NAN;
        if (!isfinite(v[k]) || (k && v[k] < v[k - 1])) n = 0;
    }
    if (n == 0 || n > CALIBRATION_QUANTILES)
        return err_set(err, PM_E_FORMAT,
                       "%s: quantiles are not a list of ascending numbers; calibrate again", path);
    out->quantile = v;
    out->n_quantiles = n;
    return PM_OK;
}

static pm_status read_rest(const json *j, const char *path, arena *a, calibration *out, pm_err *err)
{
    const json *objective = json_get(j, "objective");
    double n = json_number(j, "n", 0);
    str s = STR_INIT;
    out->alpha = json_number(j, "alpha", (double)NAN);
    if (!(out->alpha >= 0 && out->alpha <= 1) || !(n >= 1 && n <= 1e15) || !objective ||
        objective->kind != JSON_OBJECT)
        return err_set(err, PM_E_FORMAT,
                       "%s: alpha, n or objective is missing or out of range; calibrate again",
                       path);
    out->n = (size_t)n;
    out->target = json_text(j, "target", "");
    out->prompts = json_text(j, "prompts", "");
    out->met = json_number(j, "met", (double)NAN);
    out->cost = json_number(j, "cost", (double)NAN);
    str_puts(&s, "{");
    for (const json *v = objective->child; v; v = v->next) {
        str_json(&s, v->key, strlen(v->key));
        str_puts(&s, ":");
        if (v->kind == JSON_STRING)
            str_json(&s, v->text, strlen(v->text));
        else if (v->kind == JSON_BOOL)
            str_puts(&s, v->number != 0 ? "true" : "false");
        else
            str_number(&s, v->number);
        str_puts(&s, v->next ? "," : "");
    }
    str_puts(&s, "}");
    out->objective = s.failed ? NULL : arena_strdup(a, str_text(&s));
    str_close(&s);
    return out->objective ? PM_OK : err_set(err, PM_E_MEMORY, "out of memory");
}

pm_status calibration_read(const char *dir, arena *a, calibration *out, pm_err *err)
{
    const json *j;
    char hex[65];
    char *path = io_join(a, dir, "calibration.json"), *beside = io_join(a, dir, "bundle.json");
    if (!path || !beside) return err_set(err, PM_E_MEMORY, "out of memory");
    *out = (calibration){0};
    if (!io_exists(path))
        return err_set(err, PM_E_NOT_TRAINED,
                       "%s is not calibrated; `pointsman calibrate %s --target share=0.5 --prompts "
                       "FILE --write` does it, or name an alpha",
                       dir, dir);
    pm_status st = json_read(path, a, &j, err);
    if (!st) st = sha256_file(beside, hex, err);
    if (st) return st;
    if (strcmp(json_text(j, "format", ""), FORMAT) != 0 || json_number(j, "version", 0) > VERSION)
        return err_set(err, PM_E_FORMAT, "%s: is not a " FORMAT " of version %d", path, VERSION);
    if (strcmp(json_text(j, "bundle", ""), hex) != 0)
        return err_set(err, PM_E_STALE,
                       "%s: was made for another bundle than lies here; calibrate again", path);
    st = read_rest(j, path, a, out, err);
    return st ? st : read_quantiles(j, path, a, out, err);
}
