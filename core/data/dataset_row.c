/* SPDX-License-Identifier: MIT
 *
 * The rules of one row of prompts.jsonl: shared by the reading of a folder and of rows that stand alone.
 */
#include <math.h>
#include <string.h>

#include "data/dataset_private.h"
#include "data/show.h"

enum { ID_BYTES = 1000 };

const char *dataset_kind_name(jsonl_kind kind)
{
    switch (kind) {
    case JSONL_NULL:
        return "null";
    case JSONL_BOOL:
        return "true or false";
    case JSONL_NUMBER:
        return "a number";
    case JSONL_STRING:
        return "a text";
    case JSONL_RAW:
        return "an array or object";
    }
    return "a value";
}

bool dataset_has_control(pm_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f) return true;
    return false;
}

const char *dataset_id_wanted(pm_str s)
{
    return !s.len                   ? "a text that is not empty"
           : s.len > ID_BYTES       ? "at most 1000 bytes"
           : dataset_has_control(s) ? "no control character"
                                    : NULL;
}

bool dataset_tokens_of(const jsonl_field *f, uint32_t *out)
{
    if (f->kind != JSONL_NUMBER || !(f->number >= 0) || f->number > 4294967295.0 ||
        floor(f->number) != f->number)
        return false;
    *out = (uint32_t)f->number;
    return true;
}

/* ---- a row alone ---- */

static const jsonl_field *given(const jsonl_field *f, size_t n, const char *key)
{
    const jsonl_field *found = jsonl_find(f, n, key);
    return found && found->kind != JSONL_NULL ? found : NULL;
}

static pm_status take_id(const jsonl_field *f, pm_str *out, pm_err *err)
{
    if (f->kind != JSONL_STRING && f->kind != JSONL_NUMBER)
        return err_set(err, PM_E_FORMAT, "\"id\": found %s, wanted a text",
                       dataset_kind_name(f->kind));
    const char *wanted = dataset_id_wanted(f->text);
    *out = f->text;
    if (!wanted) return PM_OK;
    return err_set(err, PM_E_FORMAT, "\"id\": found %s, wanted %s", show_text(f->text).text,
                   wanted);
}

static pm_status take_turns(jsonl *j, const jsonl_field *f, arena *a, dataset_row *out, pm_err *err)
{
    if (f->kind != JSONL_RAW)
        return err_set(err, PM_E_FORMAT,
                       "\"turns\": found %s, wanted an array of {\"role\", \"content\"}",
                       dataset_kind_name(f->kind));
    prompt_row first = {0};
    prompt_rows rows = {.row = &first};
    row_part from = {j, f->text, a};
    pm_status s = dataset_read_turns(&from, &rows, &out->text, err);
    pm_turn *turn = s == PM_OK ? arena_alloc(a, rows.n_turns, sizeof *turn) : NULL;
    if (s != PM_OK) {
        s = err_wrap(err, s, "\"turns\"");
    } else if (!turn) {
        s = err_set(err, PM_E_MEMORY, "no memory for the turns of a prompt");
    } else {
        memcpy(turn, rows.turn, rows.n_turns * sizeof *turn);
        out->turn = turn;
        out->n_turns = rows.n_turns;
    }
    mem_free(rows.turn);
    return s;
}

static pm_status take_attrs(jsonl *j, const jsonl_field *f, arena *a, dataset_row *out, pm_err *err)
{
    row_part from = {j, f->text, a};
    if (f->kind != JSONL_RAW)
        return err_set(err, PM_E_FORMAT, "\"attributes\": found %s, wanted an object",
                       dataset_kind_name(f->kind));
    pm_status s = dataset_read_attrs(&from, &out->attr, &out->n_attr, err);
    return s == PM_OK ? s : err_wrap(err, s, "\"attributes\"");
}

pm_status dataset_read_row(jsonl *j, const jsonl_field *f, size_t n, arena *a, dataset_row *out,
                           pm_err *err)
{
    const jsonl_field *id = given(f, n, "id"), *text = given(f, n, "prompt"),
                      *turns = given(f, n, "turns"), *tokens = given(f, n, "tokens_in"),
                      *attrs = given(f, n, "attributes");
    pm_status s = PM_OK;
    *out = (dataset_row){0};
    if (id) s = take_id(id, &out->id, err);
    if (s == PM_OK && turns) s = take_turns(j, turns, a, out, err);
    if (s == PM_OK && attrs) s = take_attrs(j, attrs, a, out, err);
    if (s != PM_OK) return s;
    if (!text && !turns) return err_set(err, PM_E_FORMAT, "found neither \"prompt\" nor \"turns\"");
    if (text && text->kind != JSONL_STRING)
        return err_set(err, PM_E_FORMAT, "\"prompt\": found %s, wanted a text",
                       dataset_kind_name(text->kind));
    if (text) out->text = text->text;
    out->has_tokens = tokens && dataset_tokens_of(tokens, &out->tokens_in);
    if (tokens && !out->has_tokens)
        return err_set(err, PM_E_FORMAT, "\"tokens_in\": found %s, wanted a whole number from 0 on",
                       show_text(tokens->text).text);
    return PM_OK;
}
