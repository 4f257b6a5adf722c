/* SPDX-License-Identifier: MIT
 *
 * No fault: matrix_factorization on outcomes though there are battles, so that the suite sees both forms.
 */
#define MF_NAME              "bilinear"
#define MF_FORM              MF_BILINEAR
#define matrix_factorization bilinear
#include "routers/matrix_factorization.c"
