/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a tokenizer.json: refused with a sentence, or a tokeniser that encodes, decodes, is written and read
 * again.
 */
#include <stdlib.h>
#include <string.h>

#include "text/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char sample[] =
    "Hello, w\xc3\xb6rld! [CLS] 123 <s> \xe4\xb8\xad\xe6\x96\x87 \xff e\xcc\x81  end\n";

static void use(const tokenizer *t, token_room *r)
{
    pm_err err = PM_ERR_INIT;
    tokens out;
    str text = STR_INIT;
    const pm_str in = {sample, sizeof sample - 1};
    const token_options few = {.max = 5};
    if (tokenizer_encode(t, r, in, &in, &few, &out, &err) == PM_OK && out.n > out.n_whole) abort();
    if (tokenizer_encode(t, r, in, NULL, NULL, &out, &err) == PM_OK) {
        for (size_t i = 0; i < out.n; i++)
            if (out.id[i] >= tokenizer_size(t) || out.from[i] > out.to[i]) abort();
        if (tokenizer_decode(t, out.id, out.n, true, &text, &err) != PM_OK && !err.text[0]) abort();
    }
    str_close(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pm_err err = PM_ERR_INIT;
    arena *a = arena_open(0);
    token_room *r = token_room_open();
    tokenizer *t = NULL, *again = NULL;
    if (a && r && tokenizer_parse((const char *)data, size, "fuzz", a, &t, &err) == PM_OK) {
        str text = STR_INIT;
        use(t, r);
        tokenizer_put(t, &text);
        if (tokenizer_parse(text.at, text.len, "again", a, &again, &err) != PM_OK) abort();
        str_close(&text);
    }
    token_room_close(r);
    arena_close(a);
    return 0;
}
