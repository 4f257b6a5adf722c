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

#define ROUTE_MAX_ROW ((size_t)64 << 20)

struct route_input {
    const char *text; /* the single text, or NULL */
    bool given;
    jsonl *rows;
    arena *row;          /* of the row at hand */
    str line, id, sound; /* sound: a text, repaired */
    size_t repaired;
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

pm_status route_input_open(const char *operand, bool as_jsonl, route_input **out, pm_err *err)
{
    bool from_stdin = !operand || !strcmp(operand, "-");
    if (!operand && isatty(STDIN_FILENO))
        return err_set(err, PM_E_ARG,
                       "no prompt: give a TEXT, or - to read prompts from standard input");
    pm_status st = from_stdin ? PM_OK : read_as(operand, &as_jsonl, err);
    if (st) return st;
    route_input *in = mem_alloc(1, sizeof *in);
    if (!in) return err_set(err, PM_E_MEMORY, "out of memory");
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
    if (st) return err_wrap(err, st, "row %zu", jsonl_line(in->rows));
    out->text = row.text;
    out->turn = row.turn;
    out->n_turns = row.n_turns;
    out->has_tokens = row.has_tokens;
    out->tokens_in = row.tokens_in;
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
    mem_free(in);
}
