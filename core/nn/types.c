/* SPDX-License-Identifier: MIT
 *
 * The element types of model files: their names and sizes.
 */
#include <string.h>

#include "nn/source.h"

static const struct {
    const char *name;
    unsigned short elements, bytes;
} types[] = {{"?", 0, 0},      {"F32", 1, 4},      {"F16", 1, 2},     {"BF16", 1, 2},
             {"F64", 1, 8},    {"I8", 1, 1},       {"U8", 1, 1},      {"I16", 1, 2},
             {"U16", 1, 2},    {"I32", 1, 4},      {"U32", 1, 4},     {"I64", 1, 8},
             {"U64", 1, 8},    {"BOOL", 1, 1},     {"Q8_0", 32, 34},  {"Q4_0", 32, 18},
             {"Q4_1", 32, 20}, {"Q4_K", 256, 144}, {"Q6_K", 256, 210}};
#define N_TYPES (sizeof types / sizeof *types)

const char *nn_type_name(nn_type t)
{
    return types[(size_t)t < N_TYPES ? t : 0].name;
}

nn_type nn_type_parse(const char *name)
{
    for (size_t t = 1; t < N_TYPES; t++)
        if (strcmp(types[t].name, name) == 0) return (nn_type)t;
    return (nn_type)0;
}

bool nn_type_block(nn_type t, size_t *elements, size_t *bytes)
{
    if (t < NN_F32 || (size_t)t >= N_TYPES) return false;
    *elements = types[t].elements;
    *bytes = types[t].bytes;
    return true;
}

bool nn_type_is_real(nn_type t)
{
    return (t >= NN_F32 && t <= NN_F64) || (t >= NN_Q8_0 && (size_t)t < N_TYPES);
}
