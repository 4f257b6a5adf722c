/* SPDX-License-Identifier: MIT
 *
 * Matrices in NumPy's .npy format: version 1 and 2, little-endian float32 or float16, C order, two dimensions.
 * Float32 is mapped, not copied.
 * Source  NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays".
 */
#ifndef PM_DATA_NPY_H
#define PM_DATA_NPY_H

#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "pointsman/plugin.h"

typedef struct npy {
    io_map map;  /* of the file; closed by npy_close */
    pm_cmat mat; /* [n x d] float32: of the map, or of `own` */
    float *own;  /* a converted copy (float16), or NULL */
} npy;

/* Errors  PM_E_IO; PM_E_MEMORY; PM_E_FORMAT "path: found F, wanted W": no .npy file, another type or shape, Fortran
 * order, more or fewer bytes than the header says, a NaN or an infinity (by row). */
PM_MUST_USE pm_status npy_open(const char *path, npy *out, pm_err *err);
void npy_close(npy *x);

enum { NPY_HEADER = 128 };
/* The header of a float32 matrix [n x d]: the data follows at byte 128. */
void npy_header(size_t n, size_t d, unsigned char out[NPY_HEADER]);

#endif
