/* SPDX-License-Identifier: MIT
 *
 * Reads prompts.jsonl: ids, texts, domains, splits, groups, token counts, turns and attributes.
 */
#include <string.h>

#include "base/hash.h"
#include "data/dataset_private.h"
#include "data/jsonl.h"
#include "data/show.h"

typedef struct pass {
    reader *r;
    jsonl *j;
    const char *path;
    prompt_rows rows;
    names domains;
    names unknown; /* fields that no one reads */
    size_t n_unknown;
    bool no_memory;
    bool bad; /* the row at hand has a mistake */
} pass;

static void wrong_kind(pass *p, const jsonl_field *f, const char *wanted)
{
    p->bad = true;
    mistakes_add(&p->r->wrong, "%s:%zu: %s: found %s, wanted %s", p->path, jsonl_line(p->j),
                 show_text(f->key).text, dataset_kind_name(f->kind), wanted);
}

static const char *keep(pass *p, arena *a, pm_str s)
{
    const char *copy = arena_strndup(a, s.ptr, s.len);
    if (!copy) p->no_memory = p->bad = true;
    return copy;
}

static void take_id(pass *p, const jsonl_field *f, prompt_row *row)
{
    if (f->kind != JSONL_STRING && f->kind != JSONL_NUMBER) {
        wrong_kind(p, f, "a text");
        return;
    }
    const char *wanted = dataset_id_wanted(f->text);
    size_t other = wanted ? SIZE_MAX : names_find(&p->r->ids, f->text);
    if (wanted || other != SIZE_MAX) p->bad = true;
    if (wanted)
        mistakes_add(&p->r->wrong, "%s:%zu: \"id\": found %s, wanted %s", p->path, jsonl_line(p->j),
                     show_text(f->text).text, wanted);
    else if (other != SIZE_MAX) {
        p->r->out->counts.duplicate_ids++;
        mistakes_add(&p->r->wrong, "%s:%zu: id %s is that of prompt %zu too: ids are unique",
                     p->path, jsonl_line(p->j), show_text(f->text).text, other + 1);
    } else {
        row->id = keep(p, p->r->a, f->text);
    }
}

static void take_split(pass *p, const jsonl_field *f, prompt_row *row)
{
    if (f->kind == JSONL_NULL) return;
    if (f->kind != JSONL_STRING) {
        wrong_kind(p, f, "\"train\" or \"test\"");
    } else if (pm_str_equal(f->text, "train")) {
        row->part = DATASET_TRAIN;
    } else if (pm_str_equal(f->text, "test")) {
        row->part = DATASET_TEST;
    } else {
        p->bad = true;
        mistakes_add(&p->r->wrong, "%s:%zu: \"split\": found %s, wanted \"train\" or \"test\"",
                     p->path, jsonl_line(p->j), show_text(f->text).text);
    }
}

static void take_domain(pass *p, const jsonl_field *f, prompt_row *row)
{
    if (f->kind == JSONL_NULL) return;
    if (f->kind != JSONL_STRING) {
        wrong_kind(p, f, "a text");
        return;
    }
    if (!f->text.len) return;
    if (dataset_has_control(f->text)) {
        p->bad = true;
        mistakes_add(&p->r->wrong, "%s:%zu: \"domain\": found %s, wanted no control character",
                     p->path, jsonl_line(p->j), show_text(f->text).text);
        return;
    }
    size_t k = names_find(&p->domains, f->text);
    if (k == SIZE_MAX) {
        pm_str name = {keep(p, p->r->a, f->text), f->text.len};
        if (!name.ptr) return;
        k = p->domains.n;
        if (!names_add(&p->domains, name)) p->no_memory = p->bad = true;
    }
    row->domain = (uint32_t)k;
}

static void take_tokens(pass *p, const jsonl_field *f, prompt_row *row)
{
    if (f->kind == JSONL_NULL) return;
    if (!dataset_tokens_of(f, &row->tokens_in)) {
        p->bad = true;
        mistakes_add(&p->r->wrong,
                     "%s:%zu: \"tokens_in\": found %s, wanted a whole number from 0 on", p->path,
                     jsonl_line(p->j), show_text(f->text).text);
        return;
    }
    row->has_tokens = true;
}

/* Groups of one's own and groups made of the text never meet: other salt. */
static uint64_t group_of(pm_str s, uint64_t salt)
{
    return fnv1a(s.ptr, s.len) ^ salt;
}

static void take_group(pass *p, const jsonl_field *f, prompt_row *row, bool *given)
{
    if (f->kind == JSONL_NULL) return;
    if (f->kind != JSONL_STRING && f->kind != JSONL_NUMBER) {
        wrong_kind(p, f, "a text");
        return;
    }
    row->group = group_of(f->text, 0x67726f7570u);
    *given = true;
}

static void take_turns(pass *p, const jsonl_field *f, pm_str *user_text)
{
    pm_err why = PM_ERR_INIT;
    row_part from = {p->j, f->text, p->r->a};
    if (f->kind != JSONL_RAW) {
        wrong_kind(p, f, "an array of {\"role\", \"content\"}");
        return;
    }
    pm_status s = dataset_read_turns(&from, &p->rows, user_text, &why);
    if (s == PM_OK) return;
    p->bad = true;
    if (s == PM_E_MEMORY)
        p->no_memory = true;
    else
        mistakes_add(&p->r->wrong, "%s:%zu: \"turns\": %s", p->path, jsonl_line(p->j),
                     err_text(&why));
}

static void take_attrs(pass *p, const jsonl_field *f, prompt_row *row)
{
    pm_err why = PM_ERR_INIT;
    row_part from = {p->j, f->text, p->r->a};
    if (f->kind == JSONL_NULL) return;
    if (f->kind != JSONL_RAW) {
        wrong_kind(p, f, "an object");
        return;
    }
    pm_status s = dataset_read_attrs(&from, &row->attr, &row->n_attr, &why);
    if (s == PM_OK) return;
    p->bad = true;
    if (s == PM_E_MEMORY)
        p->no_memory = true;
    else
        mistakes_add(&p->r->wrong, "%s:%zu: \"attributes\": %s", p->path, jsonl_line(p->j),
                     err_text(&why));
}

static void count_unknown(pass *p, pm_str key)
{
    p->n_unknown++;
    if (names_find(&p->unknown, key) != SIZE_MAX || p->unknown.n >= 16) return;
    pm_str name = {keep(p, p->r->scratch, key), key.len};
    if (name.ptr && !names_add(&p->unknown, name)) p->no_memory = p->bad = true;
}

typedef struct wanted_fields {
    const jsonl_field *id, *prompt, *turns, *domain, *split, *group, *tokens_in, *attributes;
} wanted_fields;

static wanted_fields find_fields(pass *p, const jsonl_field *f, size_t n)
{
    wanted_fields w = {0};
    struct {
        const char *key;
        const jsonl_field **to;
    } known[] = {{"id", &w.id},
                 {"prompt", &w.prompt},
                 {"turns", &w.turns},
                 {"domain", &w.domain},
                 {"split", &w.split},
                 {"group", &w.group},
                 {"tokens_in", &w.tokens_in},
                 {"attributes", &w.attributes}};
    for (size_t k = 0; k < n; k++) {
        size_t i = 0, count = sizeof known / sizeof *known;
        while (i < count && !pm_str_equal(f[k].key, known[i].key)) i++;
        if (i < count)
            *known[i].to = &f[k];
        else
            count_unknown(p, f[k].key);
    }
    return w;
}

static void take_text(pass *p, const wanted_fields *w, prompt_row *row)
{
    pm_str user_text = {NULL, 0};
    if (w->turns && w->turns->kind != JSONL_NULL) take_turns(p, w->turns, &user_text);
    const jsonl_field *prompt = w->prompt && w->prompt->kind != JSONL_NULL ? w->prompt : NULL;
    if (prompt && prompt->kind != JSONL_STRING) {
        wrong_kind(p, prompt, "a text");
    } else if (prompt) {
        row->text.ptr = keep(p, p->r->a, prompt->text);
        row->text.len = prompt->text.len;
    } else if (user_text.ptr) {
        row->text = user_text;
    } else if (!p->bad) {
        p->bad = true;
        mistakes_add(&p->r->wrong, "%s:%zu: found neither \"prompt\" nor \"turns\"", p->path,
                     jsonl_line(p->j));
    }
}

/* A row without turns is one turn of the user; that matters only if others have some. */
static void finish_turns(pass *p, prompt_row *row)
{
    prompt_rows *rows = &p->rows;
    if (rows->n_turns > row->turn_start) {
        rows->with_turns++;
        return;
    }
    pm_turn turn = {{"user", 4}, row->text};
    if (!mem_grow(&rows->turn, &rows->room_turns, rows->n_turns + 1, sizeof turn))
        p->no_memory = true;
    else
        rows->turn[rows->n_turns++] = turn;
}

static void take_row(pass *p, const jsonl_field *f, size_t n)
{
    prompt_rows *rows = &p->rows;
    bool given = false;
    p->bad = false;
    if (!mem_grow(&rows->row, &rows->room, rows->n + 1, sizeof *rows->row)) {
        p->no_memory = true;
        return;
    }
    prompt_row *row = &rows->row[rows->n];
    *row = (prompt_row){.domain = UINT32_MAX, .turn_start = rows->n_turns};
    wanted_fields w = find_fields(p, f, n);
    if (w.id)
        take_id(p, w.id, row);
    else {
        p->bad = true;
        mistakes_add(&p->r->wrong, "%s:%zu: found no \"id\"", p->path, jsonl_line(p->j));
    }
    take_text(p, &w, row);
    if (w.domain) take_domain(p, w.domain, row);
    if (w.split) take_split(p, w.split, row);
    if (w.tokens_in) take_tokens(p, w.tokens_in, row);
    if (w.group) take_group(p, w.group, row, &given);
    if (w.attributes) take_attrs(p, w.attributes, row);
    if (p->bad || p->no_memory) {
        rows->n_turns = row->turn_start;
        return;
    }
    if (!given) row->group = group_of(row->text, 0);
    rows->with_tokens += row->has_tokens;
    rows->with_attrs += row->n_attr > 0;
    finish_turns(p, row);
    if (!names_add(&p->r->ids, pm_str_of(row->id))) p->no_memory = true;
    rows->n++;
}

static pm_status read_rows(pass *p, pm_err *err)
{
    reader *r = p->r;
    for (;;) {
        const jsonl_field *f;
        size_t n;
        pm_err why = PM_ERR_INIT;
        pm_status s = jsonl_next(p->j, &f, &n, &why);
        if (s != PM_OK) {
            if ((s = mistakes_take(&r->wrong, &why, err)) != PM_OK) return s;
            if (!jsonl_resumable(p->j)) return PM_OK;
            continue;
        }
        if (!f) return PM_OK;
        r->out->counts.prompts_read++;
        if ((s = dataset_check_bytes(r, p->path, jsonl_bytes(p->j), err)) != PM_OK) return s;
        take_row(p, f, n);
        if (p->no_memory) return dataset_no_memory(r, err);
        if (p->rows.n >= UINT32_MAX / 2)
            return err_set(err, PM_E_FORMAT, "%s: more than 2^31 prompts", p->path);
    }
}

/* Rows into the arrays of the dataset, which the arena keeps. */
static pm_status spread(pass *p, pm_err *err)
{
    const prompt_rows *rows = &p->rows;
    arena *a = p->r->a;
    size_t n = rows->n;
    const char **id = arena_alloc(a, n, sizeof *id);
    uint64_t *key = arena_alloc(a, n, sizeof *key), *group = arena_alloc(a, n, sizeof *group);
    pm_str *text = arena_alloc(a, n, sizeof *text);
    uint32_t *domain = arena_alloc(a, n, sizeof *domain),
             *tokens = arena_alloc(a, n, sizeof *tokens);
    uint8_t *part = arena_alloc(a, n, sizeof *part);
    if (!id || !key || !group || !text || !domain || !tokens || !part)
        return dataset_no_memory(p->r, err);
    for (size_t i = 0; i < n; i++) {
        const prompt_row *row = &rows->row[i];
        id[i] = row->id;
        key[i] = p->r->ids.hash[i];
        group[i] = row->group;
        text[i] = row->text;
        domain[i] = row->domain;
        tokens[i] = row->tokens_in;
        part[i] = row->part;
    }
    dataset *d = p->r->out;
    d->n = n;
    d->id = id;
    d->key = key;
    d->group = group;
    d->text = text;
    d->domain = domain;
    d->part = part;
    d->tokens_in = n && rows->with_tokens == n ? tokens : NULL;
    return PM_OK;
}

static pm_status spread_turns(pass *p, pm_err *err)
{
    const prompt_rows *rows = &p->rows;
    if (!rows->with_turns) return PM_OK;
    pm_turn *turn = arena_alloc(p->r->a, rows->n_turns, sizeof *turn);
    size_t *start = arena_alloc(p->r->a, rows->n + 1, sizeof *start);
    if (!turn || !start) return dataset_no_memory(p->r, err);
    memcpy(turn, rows->turn, rows->n_turns * sizeof *turn);
    for (size_t i = 0; i < rows->n; i++) start[i] = rows->row[i].turn_start;
    start[rows->n] = rows->n_turns;
    p->r->out->turn = turn;
    p->r->out->turn_start = start;
    return PM_OK;
}

static pm_status spread_attrs(pass *p, pm_err *err)
{
    const prompt_rows *rows = &p->rows;
    if (!rows->with_attrs) return PM_OK;
    const pm_attr **attr = arena_alloc(p->r->a, rows->n, sizeof *attr);
    uint32_t *n_attr = arena_alloc(p->r->a, rows->n, sizeof *n_attr);
    if (!attr || !n_attr) return dataset_no_memory(p->r, err);
    for (size_t i = 0; i < rows->n; i++) {
        attr[i] = rows->row[i].attr;
        n_attr[i] = rows->row[i].n_attr;
    }
    p->r->out->attr = attr;
    p->r->out->n_attr = n_attr;
    return PM_OK;
}

static pm_status spread_domains(pass *p, pm_err *err)
{
    const char **domains = arena_alloc(p->r->a, p->domains.n, sizeof *domains);
    if (!domains) return dataset_no_memory(p->r, err);
    for (size_t k = 0; k < p->domains.n; k++) domains[k] = p->domains.name[k].ptr;
    p->r->out->domains = domains;
    p->r->out->n_domains = p->domains.n;
    return PM_OK;
}

static pm_status add_notes(pass *p, pm_err *err)
{
    const prompt_rows *rows = &p->rows;
    dataset_counts *c = &p->r->out->counts;
    c->fields_unknown = p->n_unknown;
    c->invalid_utf8_repaired += jsonl_repaired(p->j);
    if (rows->with_tokens && rows->with_tokens < rows->n) {
        pm_status s = dataset_note(p->r, err, "tokens_in is left out: %zu of %zu prompts have it",
                                   rows->with_tokens, rows->n);
        if (s != PM_OK) return s;
    }
    if (!p->n_unknown) return PM_OK;
    str list = STR_INIT;
    for (size_t k = 0; k < p->unknown.n; k++)
        str_printf(&list, "%s%s", k ? ", " : "", show_text(p->unknown.name[k]).text);
    pm_status s = dataset_note(p->r, err, "prompts: %zu fields of no meaning here are left out: %s",
                               p->n_unknown, str_text(&list));
    str_close(&list);
    return s;
}

pm_status dataset_read_prompts(reader *r, const char *path, pm_err *err)
{
    pass p = {
        .r = r, .path = path, .domains = names_of(r->scratch), .unknown = names_of(r->scratch)};
    pm_err why = PM_ERR_INIT;
    pm_status s = jsonl_open(path, 0, &p.j, &why);
    if (s != PM_OK) return mistakes_take(&r->wrong, &why, err);
    s = read_rows(&p, err);
    if (s == PM_OK && !p.rows.n && !r->wrong.n)
        mistakes_add(&r->wrong, "%s: found no prompt, wanted one JSON object a line", path);
    if (s == PM_OK) s = spread(&p, err);
    if (s == PM_OK) s = spread_turns(&p, err);
    if (s == PM_OK) s = spread_attrs(&p, err);
    if (s == PM_OK) s = spread_domains(&p, err);
    if (s == PM_OK) s = add_notes(&p, err);
    mem_free(p.rows.row);
    mem_free(p.rows.turn);
    jsonl_close(p.j);
    return s;
}
