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
#include "base/mem.h"
#include "base/str.h"
#include "data/jsonl.h"

#define ROUTE_MAX_ROW ((size_t)64 << 20)

struct route_input {
    const char *text; /* the single text, or NULL */
    bool given;
    jsonl *rows;
    str line, id;
};

pm_status route_input_open(const char *operand, bool as_jsonl, route_input **out, pm_err *err)
{
    bool from_stdin = !operand || !strcmp(operand, "-");
    if (!operand && isatty(STDIN_FILENO))
        return err_set(err, PM_E_ARG,
                       "no prompt: give a TEXT, or - to read prompts from standard input");
    route_input *in = mem_alloc(1, sizeof *in);
    if (!in) return err_set(err, PM_E_MEMORY, "out of memory");
    if (as_jsonl) {
        pm_status st =
            jsonl_open(from_stdin ? "/dev/stdin" : operand, ROUTE_MAX_ROW, &in->rows, err);
        if (st) {
            mem_free(in);
            return st;
        }
    } else if (!from_stdin) {
        in->text = operand;
    }
    *out = in;
    return PM_OK;
}

static pm_status next_row(route_input *in, route_prompt *out, bool *more, pm_err *err)
{
    const jsonl_field *f;
    size_t n;
    pm_status st = jsonl_next(in->rows, &f, &n, err);
    *more = st == PM_OK && f != NULL;
    if (!*more) return st;
    const jsonl_field *text = jsonl_find(f, n, "prompt"), *id = jsonl_find(f, n, "id"),
                      *tokens = jsonl_find(f, n, "tokens_in");
    if (!text || text->kind != JSONL_STRING)
        return err_set(err, PM_E_FORMAT, "row %zu: no text in \"prompt\"", jsonl_line(in->rows));
    out->text = text->text;
    if (id && id->kind == JSONL_STRING) {
        str_clear(&in->id);
        str_put(&in->id, id->text.ptr, id->text.len);
        out->id = str_text(&in->id);
        out->key = fnv1a(id->text.ptr, id->text.len);
    }
    if (tokens && tokens->kind == JSONL_NUMBER && tokens->number >= 0 && tokens->number < 4e9) {
        out->has_tokens = true;
        out->tokens_in = (uint32_t)tokens->number;
    }
    return PM_OK;
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
        in->given = true;
        out->text = pm_str_of(in->text);
    } else {
        pm_status st = io_line(stdin, "standard input", ROUTE_MAX_ROW, &in->line, more, err);
        if (st || !*more) return st;
        out->text = (pm_str){str_text(&in->line), in->line.len};
    }
    if (!out->id) out->key = fnv1a(out->text.ptr, out->text.len);
    return PM_OK;
}

void route_input_close(route_input *in)
{
    if (!in) return;
    if (in->rows) jsonl_close(in->rows);
    str_close(&in->line);
    str_close(&in->id);
    mem_free(in);
}
