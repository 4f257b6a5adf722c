/* SPDX-License-Identifier: MIT
 *
 * The kernels of attention.h for any CPU.
 */
#include <math.h>
#include <string.h>

#include "math/rows_kernels.h"

#define DROP_LANES      4
#define drop_mul(a, m)  (((a)&0xffffffffu) * (m))
#define TALL            4
#define WIDE            1
#define ATTENTION_TABLE attention_plain

#include "math/rows_lanes.h"

#include "math/attention_body.h"

#include "math/attention_back_body.h"
