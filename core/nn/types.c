/* SPDX-License-Identifier: MIT
 *
 * The element types of model files: their names.
 */
#include "nn/source.h"

const char *nn_type_name(nn_type t)
{
    static const char *const name[] = {"?",    "F32",  "F16",  "BF16", "F64", "I8",  "U8",
                                       "I16",  "U16",  "I32",  "U32",  "I64", "U64", "BOOL",
                                       "Q8_0", "Q4_0", "Q4_1", "Q4_K", "Q6_K"};
    return (size_t)t < sizeof name / sizeof *name ? name[t] : name[0];
}
