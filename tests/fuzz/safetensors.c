/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: any bytes as a safetensors file; what opens is read to the last row and written again.
 */
#include <stdlib.h>
#include <string.h>

#include "nn/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
    arena *a = arena_open(0);
    safetensors *s = NULL;
    pm_err err = PM_ERR_INIT;
    if (a && safetensors_parse(at, len, "x", a, &s, &err) == PM_OK) {
        for (size_t i = 0; i < safetensors_count(s); i++) {
            const nn_tensor *t = safetensors_at(s, i);
            size_t rows = t->n_dims ? t->dim[0] : 1;
            float *out = arena_alloc(a, t->bytes, sizeof *out);
            if (out) (void)!nn_tensor_rows(t, 0, rows, out, &err);
            if (i && strcmp(safetensors_at(s, i - 1)->name, t->name) >= 0) abort();
        }
    } else if (a && !err.text[0]) {
        abort(); /* refused without a word */
    }
    arena_close(a);
    return 0;
}
