/* SPDX-License-Identifier: MIT
 *
 * The tokeniser of a model's files: parsed where it is a file of its own, so that one that cannot be used is told.
 */
#include "app/model_tokens.h"

#include <stdio.h>

#include "base/io.h"
#include "text/tokenizer.h"

enum { FILE_MAX = 256 << 20 };

static pm_status of_file(const char *path, bool is_vocab, arena *a, model_tokens *out, pm_err *err)
{
    str text = STR_INIT;
    tokenizer *t = NULL;
    if (!io_is_file(path)) /* to open a pipe would wait for its writer */
        return err_set(err, PM_E_IO, "%s: is not a regular file", path);
    pm_status s = io_read(path, FILE_MAX, &text, err);
    if (s == PM_OK)
        s = is_vocab ? tokenizer_from_vocab(str_text(&text), text.len, true, a, &t, err)
                     : tokenizer_parse(str_text(&text), text.len, path, a, &t, err);
    str_close(&text);
    if (s == PM_OK)
        *out = (model_tokens){is_vocab ? "vocab.txt" : "tokenizer.json", tokenizer_size(t)};
    return s;
}

static pm_status of_metadata(const nn_source *s, arena *a, model_tokens *out, pm_err *err)
{
    pm_str model, pre;
    nn_strings pieces;
    char kind[120];
    if (!nn_source_text(s, "tokenizer.ggml.model", &model) ||
        !nn_source_texts(s, "tokenizer.ggml.tokens", &pieces))
        return PM_OK;
    if (!nn_source_text(s, "tokenizer.ggml.pre", &pre)) pre = pm_str_of("default");
    snprintf(kind, sizeof kind, "%.*s (%.*s)", model.len > 50 ? 50 : (int)model.len, model.ptr,
             pre.len > 50 ? 50 : (int)pre.len, pre.ptr);
    *out = (model_tokens){arena_strdup(a, kind), pieces.n};
    return out->kind ? PM_OK : err_set(err, PM_E_MEMORY, "no memory for the tokeniser");
}

pm_status model_tokens_of(const char *path, const nn_source *s, arena *a, model_tokens *out,
                          pm_err *err)
{
    *out = (model_tokens){"", 0};
    if (!io_is_dir(path)) return of_metadata(s, a, out, err);
    const char *own = io_join(a, path, "tokenizer.json"), *vocab = io_join(a, path, "vocab.txt");
    if (!own || !vocab) return err_set(err, PM_E_MEMORY, "no memory for the tokeniser");
    if (io_exists(own)) return of_file(own, false, a, out, err);
    return io_exists(vocab) ? of_file(vocab, true, a, out, err) : PM_OK;
}
