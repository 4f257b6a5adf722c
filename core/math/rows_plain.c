/* SPDX-License-Identifier: MIT
 *
 * The kernels of rows.h for any CPU.
 */
#include <math.h>
#include <string.h>

#include "math/rows_kernels.h"

#define DROP_LANES     4
#define drop_mul(a, m) (((a)&0xffffffffu) * (m))
#define ROWS_TABLE     rows_plain

#include "math/rows_lanes.h"

#include "math/rows_body.h"
