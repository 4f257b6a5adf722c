/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: any bytes as a config.json; what is accepted reads back as itself and has a layout.
 */
#include <stdlib.h>
#include <string.h>

#include "nn/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void read_back(const nn_config *c, arena *a)
{
    str one = STR_INIT, two = STR_INIT;
    const json *j = NULL;
    nn_config again;
    nn_layout l;
    pm_err err = PM_ERR_INIT;
    nn_config_put(c, &one);
    if (json_parse(one.at, one.len, a, &j, &err) != PM_OK ||
        nn_config_from_hf(j, "again", &again, &err) != PM_OK)
        abort();
    nn_config_put(&again, &two);
    if (strcmp(one.at, two.at) != 0) abort();
    if (c->n_layers <= 32) (void)!nn_layout_of(c, a, &l, &err);
    str_close(&one);
    str_close(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
    arena *a = arena_open(0);
    const json *j = NULL;
    nn_config c;
    pm_err err = PM_ERR_INIT;
    if (!a) return 0;
    if (json_parse((const char *)at, len, a, &j, &err) == PM_OK) {
        pm_status st = nn_config_from_hf(j, "config.json", &c, &err);
        if (st == PM_OK && c.n_outputs < 1000) read_back(&c, a);
        if (st != PM_OK && !err.text[0]) abort(); /* refused without a word */
    }
    arena_close(a);
    return 0;
}
