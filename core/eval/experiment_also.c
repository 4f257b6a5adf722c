/* SPDX-License-Identifier: MIT
 *
 * Other data whose battles routers learn from, too (experiment.also): read, narrowed, their models called what they
 * are called here.  Their prompts train and never test; their models that the library lacks are battled against, and
 * not served.
 */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/io.h"
#include "base/log.h"
#include "data/import.h"
#include "data/names.h"
#include "eval/experiment_private.h"
#include "math/mat.h"

typedef struct joined { /* what becomes r->also */
    exp_run *r;
    size_t n, n_battles, n_judges;
    dataset *part; /* [n_also] */
    library_builder *wide;
    size_t m;       /* experts of `wide` so far */
    uint32_t **col; /* [n_also] column of each part's model in `wide` */
} joined;

static pm_status no_memory(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "other data to learn from");
}

/* ---- names ---- */

static const char *our_name(const also_choice *c, const char *theirs)
{
    for (size_t k = 0; k < c->n_names; k++)
        if (strcmp(c->name[k].theirs, theirs) == 0) return c->name[k].ours;
    return theirs;
}

/* A name that maps nothing, or to nobody of the library, is a slip of the pen. */
static pm_status check_names(const exp_run *r, const also_choice *c, const dataset *d, pm_err *err)
{
    const char *known[64];
    size_t n = 0;
    for (size_t j = 0; j < d->m && n < 64; j++) known[n++] = d->models.view.expert[j]->id;
    for (size_t k = 0; k < c->n_names; k++) {
        const char *theirs = c->name[k].theirs, *ours = c->name[k].ours;
        if (library_find(&d->models.view, theirs) == SIZE_MAX) {
            const char *near = str_suggest(theirs, known, n);
            if (near)
                return err_set(err, PM_E_ARG,
                               "names: \"%s\" is no model of %s; did you mean \"%s\"?", theirs,
                               d->name, near);
            log_line(LOG_WARN, "%s: names: \"%s\" is no model of %s", c->where, theirs, d->name);
        }
        if (library_find(&r->lib->view, ours) == SIZE_MAX)
            return err_set(err, PM_E_ARG,
                           "names: \"%s\" is called \"%s\", which the library does not have",
                           theirs, ours);
    }
    return PM_OK;
}

/* ---- the wide library ---- */

static pm_status add_expert(joined *j, const pm_expert *e, const char *id, pm_err *err)
{
    pm_status s = library_add(j->wide, id, err);
    for (size_t k = 0; k < e->n_attr && !s; k++) s = library_add_attr(j->wide, &e->attr[k], err);
    j->m++;
    return s;
}

/* The columns of a part's models: those of the library by name, then newcomers at the end. */
static pm_status add_experts(joined *j, size_t k, const char **id, pm_err *err)
{
    const dataset *d = &j->part[k];
    const also_choice *c = &j->r->x->also[k];
    j->col[k] = arena_alloc(j->r->keep, d->m, sizeof **j->col);
    if (!j->col[k]) return no_memory(err);
    for (size_t e = 0; e < d->m; e++) {
        const char *name = our_name(c, d->models.view.expert[e]->id);
        size_t at = 0;
        while (at < j->m && strcmp(id[at], name) != 0) at++;
        for (size_t p = 0; p < e; p++)
            if (j->col[k][p] == at && at < j->m)
                return err_set(err, PM_E_ARG, "%s: two models of %s are called \"%s\" here",
                               c->where, d->name, name);
        j->col[k][e] = (uint32_t)at;
        if (at < j->m) continue;
        id[at] = name;
        pm_status s = add_expert(j, d->models.view.expert[e], name, err);
        if (s) return err_wrap(err, s, "%s", d->name);
    }
    return PM_OK;
}

static pm_status make_wide(joined *j, pm_err *err)
{
    exp_run *r = j->r;
    size_t most = r->lib->view.n;
    for (size_t k = 0; k < r->x->n_also; k++) most += j->part[k].m;
    const char **id = arena_alloc(r->keep, most, sizeof *id);
    j->wide = library_begin(r->keep, r->lib->name);
    if (!id || !j->wide) return no_memory(err);
    pm_status s = PM_OK;
    for (size_t e = 0; e < r->lib->view.n && !s; e++) {
        id[e] = r->lib->view.expert[e]->id;
        s = add_expert(j, r->lib->view.expert[e], id[e], err);
    }
    for (size_t k = 0; k < r->x->n_also && !s; k++) s = add_experts(j, k, id, err);
    return s ? s : library_finish(j->wide, &r->wide, err);
}

/* ---- prompts and battles ---- */

typedef struct room {
    uint64_t *key, *group;
    pm_str *text;
    pm_battle *battle;
    pm_mat vectors, value; /* at == NULL: not there */
    uint32_t *row;         /* of a part's prompt among all, UINT32_MAX: it has no battle */
} room;

static bool make_room(joined *j, size_t most_rows, room *out)
{
    arena *a = j->r->keep;
    *out = (room){.key = arena_alloc(a, j->n, sizeof *out->key),
                  .group = arena_alloc(a, j->n, sizeof *out->group),
                  .text = arena_alloc(a, j->n, sizeof *out->text),
                  .battle = arena_alloc(a, j->n_battles, sizeof *out->battle),
                  .row = arena_alloc(a, most_rows, sizeof *out->row)};
    return out->key && out->group && out->text && out->battle && out->row;
}

/* Numbers the prompts of which something can be learned. */
static size_t mark_used(const dataset *d, bool labels, uint32_t *row)
{
    size_t n = 0;
    memset(row, labels ? 0 : 0xff, d->n * sizeof *row);
    for (size_t b = 0; b < d->n_battles; b++) row[d->battle[b].prompt] = 0;
    for (size_t i = 0; i < d->n; i++)
        if (row[i] == 0) row[i] = (uint32_t)n++;
    return n;
}

static void take_values(const joined *j, size_t k, size_t i, float *row)
{
    const dataset *d = &j->part[k];
    if (!j->r->x->also[k].labels) return;
    for (size_t e = 0; e < d->m; e++) row[j->col[k][e]] = pm_crow(d->value, i)[e];
}

static void take(joined *j, size_t k, const room *to, size_t first, size_t battles)
{
    const dataset *d = &j->part[k];
    for (size_t i = 0; i < d->n; i++) {
        if (to->row[i] == UINT32_MAX) continue;
        size_t at = first + to->row[i];
        j->r->also_of[at] = (uint8_t)k;
        to->key[at] = d->key[i];
        to->group[at] = d->group[i];
        to->text[at] = d->text[i];
        if (to->vectors.at)
            memcpy(pm_row(to->vectors, at), pm_crow(d->embed, i), to->vectors.cols * sizeof(float));
        if (to->value.at) take_values(j, k, i, pm_row(to->value, at));
    }
    for (size_t b = 0; b < d->n_battles; b++) {
        pm_battle *one = &to->battle[battles + b];
        *one = d->battle[b];
        one->prompt = (uint32_t)(first + to->row[one->prompt]);
        one->a = j->col[k][one->a];
        one->b = j->col[k][one->b];
        one->source = (uint32_t)(one->source + j->n_judges);
    }
    j->n_judges += d->n_judges;
}

/* With given vectors every part must have them, of one length. */
static pm_status room_for_vectors(const joined *j, pm_mat *out, pm_err *err)
{
    *out = (pm_mat){NULL, 0, 0, 0};
    if (!j->r->x->given_vectors) return PM_OK;
    size_t d = j->r->data.embed.cols;
    for (size_t k = 0; k < j->r->x->n_also; k++) {
        const dataset *part = &j->part[k];
        const char *where = j->r->x->also[k].where;
        if (!part->embed.at)
            return err_set(
                err, PM_E_ARG,
                "%s: also: %s has no embeddings.npy; embedder = \"given\" wants vectors of "
                "%zu numbers, like those of %s",
                where, part->name, d, j->r->data.name);
        if (part->embed.cols != d)
            return err_set(
                err, PM_E_ARG,
                "%s: also: %s has vectors of %zu numbers (embeddings.npy), those of %s have %zu",
                where, part->name, part->embed.cols, j->r->data.name, d);
    }
    *out = mat_new(j->r->keep, j->n, d);
    return out->at ? PM_OK : no_memory(err);
}

static pm_status room_for_values(const joined *j, pm_mat *out, pm_err *err)
{
    bool any = false;
    for (size_t k = 0; k < j->r->x->n_also; k++) any |= j->r->x->also[k].labels;
    *out = (pm_mat){NULL, 0, 0, 0};
    if (!any) return PM_OK;
    *out = mat_new(j->r->keep, j->n, j->r->wide.view.n);
    if (!out->at) return no_memory(err);
    for (size_t i = 0; i < out->rows; i++)
        for (size_t e = 0; e < out->cols; e++) pm_row(*out, i)[e] = NAN;
    return PM_OK;
}

static pm_status join_parts(joined *j, pm_err *err)
{
    exp_run *r = j->r;
    size_t most = 1;
    room to;
    for (size_t k = 0; k < r->x->n_also; k++) most = j->part[k].n > most ? j->part[k].n : most;
    uint32_t *row = arena_alloc(r->keep, most, sizeof *row);
    if (!row) return no_memory(err);
    for (size_t k = 0; k < r->x->n_also; k++) {
        j->n += mark_used(&j->part[k], r->x->also[k].labels, row);
        j->n_battles += j->part[k].n_battles;
    }
    r->also_of = arena_alloc(r->keep, j->n, 1);
    if (!r->also_of || !make_room(j, most, &to)) return no_memory(err);
    pm_status s = room_for_vectors(j, &to.vectors, err);
    if (!s) s = room_for_values(j, &to.value, err);
    for (size_t k = 0, first = 0, battles = 0; k < r->x->n_also && !s; k++) {
        size_t n = mark_used(&j->part[k], r->x->also[k].labels, to.row);
        take(j, k, &to, first, battles);
        first += n;
        battles += j->part[k].n_battles;
    }
    r->also = (dataset){.name = "also",
                        .n = j->n,
                        .m = r->wide.view.n,
                        .key = to.key,
                        .group = to.group,
                        .text = to.text,
                        .embed = mat_const(to.vectors),
                        .kind = r->data.kind,
                        .value = mat_const(to.value),
                        .battle = to.battle,
                        .n_battles = j->n_battles,
                        .models = r->wide};
    return s;
}

/* ---- a file of another format ---- */

static bool still_wanted(void *arg, const char *what, uint64_t done)
{
    const exp_run *r = arg;
    (void)what;
    (void)done;
    return !r->env.cancel || !atomic_load(r->env.cancel);
}

static pm_status import_file(exp_run *r, const also_choice *c, const char *dir, pm_err *err)
{
    const import_format *format = import_find(c->format);
    folder_options o = FOLDER_OPTIONS_DEFAULT;
    import_job job = {.size = sizeof job,
                      .input = &c->dir,
                      .n_inputs = 1,
                      .progress = still_wanted,
                      .progress_arg = r};
    import_counts *counts = arena_alloc(r->keep, 1, sizeof *counts);
    folder *out;
    if (!counts || !format) return no_memory(err);
    pm_status s = folder_open(dir, &o, &out, err);
    if (s) return s;
    s = format->run(&job, out, counts, err);
    if (s) {
        folder_abandon(out);
        return s;
    }
    for (size_t k = 0; k < counts->n_skipped; k++)
        log_line(LOG_INFO, "%s: %zu rows are left out: %s", c->dir, counts->skipped[k].n,
                 counts->skipped[k].why);
    return folder_finish(out, err);
}

/* A file becomes a folder of the store, named by its contents, so that this happens once. */
static pm_status folder_of(exp_run *r, const also_choice *c, const char **dir, pm_err *err)
{
    char hex[65], name[128];
    *dir = c->dir;
    if (!io_is_file(c->dir)) return PM_OK;
    pm_status s = sha256_file(c->dir, hex, err);
    if (s) return s;
    snprintf(name, sizeof name, "%.60s-%.12s", c->format, hex);
    const char *imports = io_join(r->keep, r->o->out_dir, "imports");
    *dir = imports ? io_join(r->keep, imports, name) : NULL;
    if (!*dir) return no_memory(err);
    if (io_is_dir(*dir)) return PM_OK;
    exp_say(r, c->label, 0);
    s = io_mkdir(imports, err);
    return s ? s : import_file(r, c, *dir, err);
}

/* Prompts of which the user should hear: battles left out, texts that are tested here too. */
static pm_status warn_of(const exp_run *r, const also_choice *c, const dataset *d, pm_err *err)
{
    size_t same = 0;
    arena *a = arena_open(0);
    bool fits = a != NULL;
    names ours = names_of(a);
    for (size_t i = 0; i < r->data.n && fits; i++) /* a text may stand twice */
        if (names_find(&ours, r->data.text[i]) == SIZE_MAX)
            fits = names_add(&ours, r->data.text[i]);
    for (size_t i = 0; i < d->n && fits; i++) same += names_find(&ours, d->text[i]) != SIZE_MAX;
    arena_close(a);
    if (!fits) return no_memory(err);
    if (same)
        log_line(LOG_WARN,
                 "%s: also.%s: %zu of its %zu prompts are prompts of %s, too; where one of them is "
                 "tested, nothing is learned from it",
                 c->where, c->label, same, d->n, r->data.name);
    exp_warn_battles(d);
    return PM_OK;
}

static pm_status read_part(exp_run *r, size_t k, dataset *out, pm_err *err)
{
    const also_choice *c = &r->x->also[k];
    dataset all;
    const char *dir = NULL;
    dataset_options o = DATASET_OPTIONS_DEFAULT;
    pm_status s = folder_of(r, c, &dir, err);
    if (!s) s = dataset_read(dir, &o, r->keep, &all, err);
    if (!s) s = dataset_narrow(&all, dir, &c->narrow, r->keep, out, err);
    if (!s) s = check_names(r, c, out, err);
    if (!s && c->labels && (!out->value.at || out->kind != r->data.kind))
        s = err_set(err, PM_E_ARG, "labels = true: %s has no outcomes of the kind of %s", out->name,
                    r->data.name);
    if (!s && !c->labels && out->n_battles == 0)
        s = err_set(
            err, PM_E_ARG,
            "%s has no battles (battles.jsonl, docs/data-format.md); `also` is for data whose "
            "battles (or, with labels = true, outcomes) are learned from",
            out->name);
    if (!s) s = warn_of(r, c, out, err);
    return s ? err_wrap(err, s, "%s: also", c->where) : PM_OK;
}

static pm_status key_of(exp_run *r, const joined *j, pm_err *err)
{
    str text = STR_INIT;
    exp_key_begin(&text, "also");
    for (size_t k = 0; k < r->x->n_also; k++) {
        const also_choice *c = &r->x->also[k];
        str_printf(&text, ",\"%zu\":{\"data\":\"%s\",\"narrow\":", k, j->part[k].hash);
        dataset_narrowing_json(&c->narrow, &text);
        str_printf(&text, ",\"labels\":%d,\"names\":[", c->labels);
        for (size_t e = 0; e < c->n_names; e++) {
            str_puts(&text, e ? ",[" : "[");
            str_json(&text, c->name[e].theirs, strlen(c->name[e].theirs));
            str_puts(&text, ",");
            str_json(&text, c->name[e].ours, strlen(c->name[e].ours));
            str_puts(&text, "]");
        }
        str_puts(&text, "]}");
    }
    return exp_key_end(&text, r->also_key, err);
}

pm_status exp_load_also(exp_run *r, pm_err *err)
{
    joined j = {.r = r};
    r->also_key[0] = '\0';
    if (r->x->n_also == 0) return PM_OK;
    j.part = arena_alloc(r->keep, r->x->n_also, sizeof *j.part);
    j.col = arena_alloc(r->keep, r->x->n_also, sizeof *j.col);
    if (!j.part || !j.col) return no_memory(err);
    pm_status s = PM_OK;
    for (size_t k = 0; k < r->x->n_also && !s; k++) s = read_part(r, k, &j.part[k], err);
    if (!s) s = make_wide(&j, err);
    if (!s) s = join_parts(&j, err);
    return s ? s : key_of(r, &j, err);
}

/* ---- what is told ---- */

/* Which part of the data counts, and what its lists left out. */
static pm_status about_narrowing(exp_run *r, pm_err *err)
{
    str text = STR_INIT;
    dataset_narrowing_json(&r->x->narrow, &text);
    bool any = strcmp(str_text(&text), "{}") != 0;
    const char *kept = any && !text.failed ? arena_strdup(r->keep, str_text(&text)) : NULL;
    str_close(&text);
    if (!any) return PM_OK;
    if (!kept) return no_memory(err);
    pm_status s = exp_fact(r, "data", "part", NAN, kept, err);
    for (size_t k = 0; k < r->data.n_notes && !s; k++)
        if (strstr(r->data.note[k], "prompts are left out"))
            s = exp_fact(r, "data", "left out", NAN, r->data.note[k], err);
    return s;
}

pm_status exp_about_also(exp_run *r, pm_err *err)
{
    pm_status first = about_narrowing(r, err);
    if (first) return first;
    if (r->x->skipped) {
        pm_status told = exp_fact(r, "data", "skipped", NAN, r->x->skipped, err);
        if (told) return told;
    }
    if (r->x->n_also == 0) return PM_OK;
    pm_status s = exp_fact(r, "data", "also: prompts", (double)r->also.n, "", err);
    if (!s) s = exp_fact(r, "data", "also: battles", (double)r->also.n_battles, "", err);
    if (!s)
        s = exp_fact(r, "data", "also: models that are not served",
                     (double)(r->wide.view.n - r->lib->view.n), "", err);
    for (size_t k = 0; k < r->x->n_also && !s; k++) {
        const char *dir = r->x->also[k].dir, *base = strrchr(dir, '/');
        const char *name = arena_strdup(r->keep, base && base[1] ? base + 1 : dir);
        str called = STR_INIT;
        for (size_t e = 0; e < r->x->also[k].n_names; e++)
            str_printf(&called, "%s%s is %s", e ? ", " : "; ", r->x->also[k].name[e].theirs,
                       r->x->also[k].name[e].ours);
        str text = STR_INIT;
        str_printf(&text, "%s%s", name ? name : "", str_text(&called));
        const char *kept = arena_strdup(r->keep, str_text(&text));
        str_close(&called);
        str_close(&text);
        str title = STR_INIT;
        str_printf(&title, "also %s", r->x->also[k].label);
        const char *fact = arena_strdup(r->keep, str_text(&title));
        str_close(&title);
        s = kept && fact ? exp_fact(r, "data", fact, NAN, kept, err) : no_memory(err);
    }
    return s;
}
