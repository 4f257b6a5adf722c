/* SPDX-License-Identifier: MIT
 *
 * One text, lines of standard input, or JSON lines (a file, gzip too, or standard input).
 */
#include "app/route_input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/io.h"
#include "base/str.h"
#include "data/dataset.h"
#include "data/jsonl.h"
#include "data/row_vector.h"
#include "data/show.h"

#define ROUTE_MAX_ROW ((size_t)64 << 20)

struct route_input {
    const char *text; /* the single text, or NULL */
    bool given;
    jsonl *rows;
    arena *row;          /* of the row at hand */
    str line, id, sound; /* sound: a text, repaired */
    size_t repaired, dim;
    row_vector vector;
};

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* A text that names a file was meant as that file: routing its name would be a silent mistake. */
static pm_status read_as(const char *operand, bool *as_jsonl, pm_err *err)
{
    if (*as_jsonl || !io_exists(operand)) return PM_OK;
    *as_jsonl = ends_with(operand, ".jsonl") || ends_with(operand, ".jsonl.gz");
    if (*as_jsonl) return PM_OK;
    if (io_is_dir(operand))
        return err_set(err, PM_E_ARG, "\"%s\" is a folder; want a prompt, - or a .jsonl file",
                       operand);
    return err_set(err, PM_E_ARG, "\"%s\" is a file; read it with `- < FILE`, or give --jsonl",
                   operand);
}

/* Texts cannot bring their vectors along. */
static pm_status refuse_texts(size_t dim, pm_err *err)
{
    return err_set(
        err, PM_E_ARG,
        "the vectors are missing: the bundle was trained on those of its data (embedder = "
        "\"given\") and cannot make any; want JSON lines {\"prompt\": \"...\", "
        "\"embedding\": [%zu numbers]} by the same embedding model, as a .jsonl file or "
        "with --jsonl",
        dim);
}

pm_status route_input_open(const char *operand, bool as_jsonl, size_t dim, route_input **out,
                           pm_err *err)
{
    bool from_stdin = !operand || !strcmp(operand, "-");
    if (!operand && isatty(STDIN_FILENO))
        return err_set(err, PM_E_ARG,
                       "no prompt: give a TEXT, or - to read prompts from standard input");
    pm_status st = from_stdin ? PM_OK : read_as(operand, &as_jsonl, err);
    if (!st && dim && !as_jsonl) st = refuse_texts(dim, err);
    if (st) return st;
    route_input *in = mem_alloc(1, sizeof *in);
    if (!in) return err_set(err, PM_E_MEMORY, "out of memory");
    in->dim = dim;
    if (as_jsonl) {
        in->row = arena_open(0);
        st = in->row
                 ? jsonl_open(from_stdin ? "/dev/stdin" : operand, ROUTE_MAX_ROW, &in->rows, err)
                 : err_set(err, PM_E_MEMORY, "out of memory");
    } else if (!from_stdin) {
        in->text = operand;
    }
    if (st) {
        route_input_close(in);
        return st;
    }
    *out = in;
    return PM_OK;
}

static pm_status take_vector(route_input *in, const jsonl_field *f, size_t n, route_prompt *out,
                             pm_err *err)
{
    const jsonl_field *v = row_vector_field(f, n, NULL);
    if (!v)
        return err_set(err, PM_E_FORMAT,
                       "found no \"embedding\" (nor \"vector\"), wanted an array of %zu numbers",
                       in->dim);
    pm_status st = row_vector_read(&in->vector, v, err);
    if (!st && in->vector.n != in->dim)
        st = err_set(err, PM_E_FORMAT, "\"%.*s\": found %zu numbers, wanted %zu", (int)v->key.len,
                     v->key.ptr, in->vector.n, in->dim);
    out->vector = in->vector.at;
    return st;
}

static pm_status next_row(route_input *in, route_prompt *out, bool *more, pm_err *err)
{
    const jsonl_field *f;
    size_t n;
    dataset_row row;
    pm_status st = jsonl_next(in->rows, &f, &n, err);
    *more = st == PM_OK && f != NULL;
    if (!*more) return st;
    arena_reset(in->row);
    st = dataset_read_row(in->rows, f, n, in->row, &row, err);
    if (!st && in->dim) {
        st = take_vector(in, f, n, out, err);
        if (st && row.id.ptr) st = err_wrap(err, st, "prompt %s", show_text(row.id).text);
    }
    if (st) return err_wrap(err, st, "row %zu", jsonl_line(in->rows));
    out->text = row.text;
    out->turn = row.turn;
    out->n_turns = row.n_turns;
    out->has_tokens = row.has_tokens;
    out->tokens_in = row.tokens_in;
    out->attr = row.attr;
    out->n_attr = row.n_attr;
    if (!row.id.ptr) return PM_OK;
    str_clear(&in->id);
    str_put(&in->id, row.id.ptr, row.id.len);
    if (in->id.failed) return err_set(err, PM_E_MEMORY, "out of memory");
    out->id = str_text(&in->id);
    out->key = fnv1a(row.id.ptr, row.id.len);
    return PM_OK;
}

static pm_status repair(route_input *in, route_prompt *out, pm_err *err)
{
    if (utf8_valid(out->text.ptr, out->text.len, NULL)) return PM_OK;
    str_clear(&in->sound);
    (void)utf8_repair(out->text.ptr, out->text.len, &in->sound);
    if (in->sound.failed) return err_set(err, PM_E_MEMORY, "out of memory");
    out->text = (pm_str){str_text(&in->sound), in->sound.len};
    in->repaired++;
    return PM_OK;
}

size_t route_input_repaired(const route_input *in)
{
    return in->repaired + (in->rows ? jsonl_repaired(in->rows) : 0);
}

pm_status route_input_next(route_input *in, route_prompt *out, bool *more, pm_err *err)
{
    memset(out, 0, sizeof *out);
    *more = true;
    if (in->rows) {
        pm_status st = next_row(in, out, more, err);
        if (st || !*more) return st;
    } else if (in->text) {
        *more = !in->given;
        if (!*more) return PM_OK;
        in->given = true;
        out->text = pm_str_of(in->text);
    } else {
        pm_status st = io_line(stdin, "standard input", ROUTE_MAX_ROW, &in->line, more, err);
        if (st || !*more) return st;
        out->text = (pm_str){str_text(&in->line), in->line.len};
    }
    if (!in->rows) {
        pm_status st = repair(in, out, err);
        if (st) return st;
    }
    if (!out->id) out->key = fnv1a(out->text.ptr, out->text.len);
    return PM_OK;
}

void route_input_close(route_input *in)
{
    if (!in) return;
    if (in->rows) jsonl_close(in->rows);
    arena_close(in->row);
    str_close(&in->line);
    str_close(&in->id);
    str_close(&in->sound);
    row_vector_close(&in->vector);
    mem_free(in);
}
