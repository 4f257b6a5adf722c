/* SPDX-License-Identifier: MIT
 *
 * Copying folders: the dataset says which rows and battles there are, the files are read once more beside it for
 * what a dataset does not keep.
 */
#include "data/folder_copy.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/io.h"
#include "base/json.h"
#include "data/dataset_private.h"
#include "data/folder_private.h"
#include "data/narrow_private.h"
#include "data/show.h"

enum { MODELS_BYTES = 64 << 20 };

typedef struct copying {
    folder *out;
    folder_copying *how;
    const dataset *d;
    arena *a;
    ids rows;      /* of d */
    names models;  /* of d */
    names judges;  /* of d */
    uint32_t *row; /* [d->n] in the folder written; FOLDER_NONE: not yet */
    uint32_t *col; /* [d->m] */
    bool *had_row; /* [d->n] it was there before */
    str more;
    size_t battle; /* of d, the next one */
} copying;

static pm_status no_memory(const copying *c, pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "%s: no memory to copy the folder", c->how->dir);
}

/* `name` or `name`.gz in the folder; *path = NULL if there is neither. */
static pm_status path_of(const copying *c, const char *name, const char **path, pm_err *err)
{
    char packed[64];
    snprintf(packed, sizeof packed, "%s.gz", name);
    const char *plain = io_join(c->a, c->how->dir, name),
               *zipped = io_join(c->a, c->how->dir, packed);
    if (!plain || !zipped) return no_memory(c, err);
    *path = io_exists(plain) ? plain : io_exists(zipped) ? zipped : NULL;
    return PM_OK;
}

static pm_status changed(const copying *c, const char *path, pm_err *err)
{
    return err_set(err, PM_E_FORMAT, "%s: the file changed while %s was being copied", path,
                   c->how->dir);
}

/* The members that are not in `ours`, as JSON text. */
static pm_str further(copying *c, const jsonl_field *f, size_t n, const char *const *ours)
{
    str_clear(&c->more);
    for (size_t k = 0; k < n; k++) {
        size_t i = 0;
        while (ours[i] && !pm_str_equal(f[k].key, ours[i])) i++;
        if (ours[i]) continue;
        jsonl_put_member(&c->more, &f[k]);
    }
    return (pm_str){str_text(&c->more), c->more.len};
}

static pm_str text_of(const jsonl_field *f, size_t n, const char *key)
{
    const jsonl_field *at = jsonl_find(f, n, key);
    bool has = at && (at->kind == JSONL_STRING || at->kind == JSONL_NUMBER);
    return has ? at->text : (pm_str){"", 0};
}

/* The row of d that an id of the files belongs to; SIZE_MAX: it was narrowed away. */
static size_t row_of(const copying *c, pm_str id)
{
    char text[1001];
    size_t turn;
    if (!c->how->join_turns || id.len >= sizeof text) return ids_find(&c->rows, id);
    memcpy(text, id.ptr, id.len);
    text[id.len] = '\0';
    return ids_find(&c->rows, narrow_stem(text, &turn));
}

/* ---- prompts ---- */

static pm_str part_name(uint8_t part)
{
    return pm_str_of(part == DATASET_TRAIN ? "train" : part == DATASET_TEST ? "test" : "");
}

/* A prompt whose id was written before: it must be the same one. */
static pm_status join_prompt(copying *c, size_t k, uint32_t row, uint64_t mark, pm_err *err)
{
    uint64_t other = c->how->seen->mark[row];
    shown id = show_text(pm_str_of(c->d->id[k]));
    if (other >> 2 != mark >> 2)
        return err_set(err, PM_E_ARG, "%s: prompt %s has another text than before: ids are unique",
                       c->how->dir, id.text);
    if (other != mark)
        return err_set(err, PM_E_ARG, "%s: prompt %s has another split than before", c->how->dir,
                       id.text);
    c->row[k] = row;
    c->had_row[k] = true;
    c->how->prompts_joined++;
    return PM_OK;
}

static pm_status add_prompt(copying *c, size_t k, const folder_prompt *p, pm_err *err)
{
    folder_seen *seen = c->how->seen;
    uint64_t mark = fnv1a(c->d->text[k].ptr, c->d->text[k].len) << 2 |
                    (pm_str_equal(p->split, "train") ? 1u
                     : p->split.len                  ? 2u
                                                     : 0u);
    uint32_t there = seen ? folder_find_prompt(c->out, p->id) : FOLDER_NONE;
    if (there != FOLDER_NONE) return join_prompt(c, k, there, mark, err);
    pm_status s = folder_add_prompt(c->out, p, &c->row[k], err);
    if (s != PM_OK || !seen) return s;
    if (!mem_grow(&seen->mark, &seen->room, (size_t)c->row[k] + 1, sizeof mark))
        return no_memory(c, err);
    seen->mark[c->row[k]] = mark;
    return PM_OK;
}

static pm_status take_prompt(copying *c, jsonl *j, const jsonl_field *f, size_t n, arena *scratch,
                             pm_err *err)
{
    static const char *const ours[] = {"id",    "prompt", "turns",     "domain",
                                       "split", "group",  "tokens_in", NULL};
    dataset_row r;
    arena_reset(scratch);
    pm_str group = text_of(f, n, "group"), domain = text_of(f, n, "domain");
    pm_str more = further(c, f, n, ours); /* before turns are decoded where they stand */
    pm_str split = text_of(f, n, "split");
    pm_status s = dataset_read_row(j, f, n, scratch, &r, err);
    if (s != PM_OK) return s;
    size_t k = row_of(c, r.id);
    if (k == SIZE_MAX || c->row[k] != FOLDER_NONE) return PM_OK;
    pm_str text = c->d->text[k];
    bool same = text.len == r.text.len && (!text.len || !memcmp(text.ptr, r.text.ptr, text.len));
    if (c->how->join_turns && !same) return PM_OK; /* a later turn */
    folder_prompt p = {.id = pm_str_of(c->d->id[k]),
                       .text = r.text,
                       .domain = domain,
                       .split = c->how->part ? part_name(c->how->part[k]) : split,
                       .group = group,
                       .turn = r.turn,
                       .n_turns = r.n_turns,
                       .tokens_in = r.has_tokens ? (int64_t)r.tokens_in : -1,
                       .more = more};
    return c->more.failed ? no_memory(c, err) : add_prompt(c, k, &p, err);
}

typedef pm_status (*each_row)(copying *c, jsonl *j, const jsonl_field *f, size_t n, arena *scratch,
                              pm_err *err);

static pm_status read_rows(copying *c, const char *path, each_row each, pm_err *err)
{
    jsonl *j;
    arena *scratch = arena_open(0);
    if (!scratch) return no_memory(c, err);
    pm_status s = jsonl_open(path, 0, &j, err);
    while (s == PM_OK) {
        const jsonl_field *f;
        size_t n;
        s = jsonl_next(j, &f, &n, err);
        if (s != PM_OK || !f) break;
        s = each(c, j, f, n, scratch, err);
    }
    arena_close(scratch);
    jsonl_close(j);
    return s;
}

static pm_status copy_prompts(copying *c, pm_err *err)
{
    const char *path;
    pm_status s = path_of(c, "prompts.jsonl", &path, err);
    if (s == PM_OK && !path) return changed(c, c->how->dir, err);
    if (s == PM_OK) s = read_rows(c, path, take_prompt, err);
    for (size_t k = 0; s == PM_OK && k < c->d->n; k++)
        if (c->row[k] == FOLDER_NONE) s = changed(c, path, err);
    return s;
}

/* ---- models ---- */

static void put_members(const json *entry, str *out)
{
    for (const json *m = entry->child; m; m = m->next) {
        if (strcmp(m->key, "name") == 0 || strcmp(m->key, "id") == 0) continue;
        if (out->len) str_puts(out, ", ");
        str_json(out, m->key, strlen(m->key));
        str_puts(out, ": ");
        json_put(m, out);
    }
}

static pm_status name_models(copying *c, const json *entries, pm_err *err)
{
    pm_status s = PM_OK;
    for (size_t j = 0; s == PM_OK && j < c->d->m; j++) {
        const char *name = c->d->models.view.expert[j]->id;
        str_clear(&c->more);
        for (const json *e = entries ? entries->child : NULL; e; e = e->next)
            if (strcmp(json_text(e, "name", json_text(e, "id", "")), name) == 0)
                put_members(e, &c->more);
        if (c->more.failed) return no_memory(c, err);
        s = folder_model(c->out, pm_str_of(name), str_text(&c->more), &c->col[j], err);
    }
    return s;
}

static pm_status copy_models(copying *c, pm_err *err)
{
    const char *path;
    const json *entries = NULL;
    str text = STR_INIT;
    pm_status s = path_of(c, "models.json", &path, err);
    if (s == PM_OK && path) s = gz_read_all(path, MODELS_BYTES, &text, err);
    if (s == PM_OK && path) s = json_parse(str_text(&text), text.len, c->a, &entries, err);
    str_close(&text);
    return s == PM_OK ? name_models(c, entries, err) : s;
}

/* ---- cells and vectors ---- */

/* The table that holds the values is scores or losses, whatever its name was. */
static const char *name_of(const copying *c, const dataset_table *t)
{
    const char *value = c->d->kind == PM_VALUE_LOSS ? "losses" : "scores";
    if (t->cell.at == c->d->value.at) return value;
    if (strcmp(t->name, "scores") == 0) return "scores_before";
    if (strcmp(t->name, "losses") == 0) return "losses_before";
    return t->name;
}

static pm_status copy_cells(copying *c, pm_err *err)
{
    const dataset *d = c->d;
    for (size_t t = 0; t < d->n_tables; t++) {
        pm_cmat m = d->table[t].cell;
        for (size_t i = 0; i < m.rows; i++)
            for (size_t j = 0; j < m.cols; j++) {
                float v = pm_crow(m, i)[j];
                if (isnan(v)) continue;
                pm_status s = folder_cell(c->out, name_of(c, &d->table[t]), c->row[i], c->col[j],
                                          (double)v, err);
                if (s != PM_OK) return err_wrap(err, s, "%s", c->how->dir);
            }
    }
    for (size_t i = 0; d->embed.at && i < d->n; i++) {
        if (c->had_row[i] && folder_has_vector(c->out, c->row[i])) continue;
        pm_status s = folder_embedding(c->out, c->row[i], pm_crow(d->embed, i), d->embed.cols, err);
        if (s != PM_OK) return err_wrap(err, s, "%s", c->how->dir);
    }
    return PM_OK;
}

/* ---- battles ---- */

/* The battles of d are those of the file that are not narrowed away, in its order. */
static pm_status take_battle(copying *c, jsonl *j, const jsonl_field *f, size_t n, arena *scratch,
                             pm_err *err)
{
    static const char *const ours[] = {"id",  "prompt_id", "model_a", "model_b", "winner",
                                       "p_b", "judge",     "weight",  NULL};
    const dataset *d = c->d;
    (void)j;
    (void)scratch;
    size_t k = row_of(c, text_of(f, n, "prompt_id")),
           a = names_find(&c->models, text_of(f, n, "model_a")),
           b = names_find(&c->models, text_of(f, n, "model_b"));
    if (k == SIZE_MAX || a == SIZE_MAX || b == SIZE_MAX ||
        names_find(&c->judges, text_of(f, n, "judge")) == SIZE_MAX)
        return PM_OK;
    const pm_battle *known = &d->battle[c->battle];
    if (c->battle++ == d->n_battles || known->prompt != k || known->a != a || known->b != b)
        return changed(c, "battles.jsonl", err);
    folder_battle to = {.prompt = c->row[k],
                        .a = c->col[a],
                        .b = c->col[b],
                        .outcome = known->outcome,
                        .weight = known->weight,
                        .judge = text_of(f, n, "judge"),
                        .id = text_of(f, n, "id"),
                        .more = further(c, f, n, ours)};
    return c->more.failed ? no_memory(c, err) : folder_add_battle(c->out, &to, err);
}

static pm_status copy_battles(copying *c, pm_err *err)
{
    const char *path;
    if (!c->d->n_battles) return PM_OK;
    pm_status s = path_of(c, "battles.jsonl", &path, err);
    if (s == PM_OK && !path) return changed(c, "battles.jsonl", err);
    if (s == PM_OK) s = read_rows(c, path, take_battle, err);
    if (s == PM_OK && c->battle != c->d->n_battles) return changed(c, path, err);
    return s;
}

/* ---- further files ---- */

/* "x" of "x.csv.gz" is a table of d. */
static bool is_table(const dataset *d, const char *file)
{
    for (size_t k = 0; k < d->n_tables; k++) {
        size_t len = strlen(d->table[k].name);
        if (strncmp(file, d->table[k].name, len) != 0) continue;
        if (strcmp(file + len, ".csv") == 0 || strcmp(file + len, ".csv.gz") == 0) return true;
    }
    return false;
}

static bool is_ours(const char *file)
{
    static const char *const known[] = {"prompts.jsonl",    "models.json",    "battles.jsonl",
                                        "prompts.jsonl.gz", "models.json.gz", "battles.jsonl.gz",
                                        "embeddings.npy"};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (strcmp(file, known[k]) == 0) return true;
    return false;
}

static pm_status copy_others(copying *c, pm_err *err)
{
    char **file;
    size_t n;
    if (!c->how->other_files) return PM_OK;
    pm_status s = io_list(c->how->dir, c->a, &file, &n, err);
    for (size_t k = 0; s == PM_OK && k < n; k++) {
        io_map map;
        const char *path = io_join(c->a, c->how->dir, file[k]);
        if (!path) return no_memory(c, err);
        if (file[k][0] == '.' || is_ours(file[k]) || is_table(c->d, file[k]) || !io_is_file(path))
            continue;
        if ((s = io_map_open(path, &map, err)) != PM_OK) return s;
        s = folder_text_file(c->out, file[k], (pm_str){map.at, map.len}, err);
        io_map_close(&map);
    }
    return s;
}

/* ---- the whole ---- */

static bool index_dataset(copying *c)
{
    const dataset *d = c->d;
    c->models = c->judges = names_of(c->a);
    c->row = arena_alloc(c->a, d->n, sizeof *c->row);
    c->had_row = arena_alloc(c->a, d->n, sizeof *c->had_row);
    c->col = arena_alloc(c->a, d->m, sizeof *c->col);
    if (!c->row || !c->had_row || !c->col || !ids_open(&c->rows)) return false;
    memset(c->row, 0xff, d->n * sizeof *c->row);
    for (size_t k = 0; k < d->n; k++)
        if (!ids_add(&c->rows, pm_str_of(d->id[k]))) return false;
    for (size_t j = 0; j < d->m; j++)
        if (!names_add(&c->models, pm_str_of(d->models.view.expert[j]->id))) return false;
    for (size_t k = 0; k < d->n_judges; k++)
        if (!names_add(&c->judges, pm_str_of(d->judges[k]))) return false;
    return true;
}

pm_status folder_copy(folder *out, folder_copying *how, pm_err *err)
{
    copying c = {.out = out, .how = how, .d = how->d, .a = arena_open(0), .more = STR_INIT};
    how->prompts_joined = 0;
    pm_status s = c.a && index_dataset(&c) ? PM_OK : no_memory(&c, err);
    if (s == PM_OK) s = copy_models(&c, err);
    if (s == PM_OK) s = copy_prompts(&c, err);
    if (s == PM_OK) s = copy_cells(&c, err);
    if (s == PM_OK) s = copy_battles(&c, err);
    if (s == PM_OK) s = copy_others(&c, err);
    if (c.a) ids_close(&c.rows);
    arena_close(c.a);
    str_close(&c.more);
    return s;
}
