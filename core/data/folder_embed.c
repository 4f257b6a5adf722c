/* SPDX-License-Identifier: MIT
 *
 * Writing embeddings.npy: each vector goes to its row's place in the file at once.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "data/folder_private.h"
#include "data/npy.h"
#include "data/show.h"

enum { MOST_VALUES = 1 << 20 };

static pm_status write_failed(const folder *f, pm_err *err)
{
    return err_set(err, PM_E_IO, "%s/embeddings.npy: cannot write: %s", f->dir, strerror(errno));
}

static pm_status begin(folder *f, size_t d, pm_err *err)
{
    str path = STR_INIT;
    if (!d || d > MOST_VALUES)
        return err_set(err, PM_E_ARG, "embeddings: found %zu values, wanted 1 to %d", d,
                       MOST_VALUES);
    pm_status s = folder_path(f, "embeddings.npy", false, &path, err);
    if (s == PM_OK && !(f->embed_file = fopen(str_text(&path), "wbx"))) s = write_failed(f, err);
    if (s == PM_OK && fseeko(f->embed_file, NPY_HEADER, SEEK_SET) != 0) s = write_failed(f, err);
    f->d = d;
    str_close(&path);
    return s;
}

bool folder_has_vector(const folder *f, uint32_t row)
{
    return row / 8u < f->room_vectors && (f->has_vector[row / 8u] >> row % 8u & 1);
}

static pm_status check_vector(folder *f, uint32_t row, const float *vector, size_t d, pm_err *err)
{
    if (row >= f->prompts.n)
        return err_set(err, PM_E_ARG, "embeddings: found row %u, there are %zu prompts", row,
                       f->prompts.n);
    shown id = show_text(pm_str_of(ids_at(&f->prompts, row)));
    if (f->d && d != f->d)
        return err_set(err, PM_E_ARG,
                       "embedding of prompt %s: found %zu values, wanted %zu as before", id.text, d,
                       f->d);
    for (size_t k = 0; k < d; k++)
        if (!isfinite(vector[k]))
            return err_set(err, PM_E_ARG,
                           "embedding of prompt %s: value %zu: found %g, wanted a number", id.text,
                           k + 1, (double)vector[k]);
    if (!mem_grow(&f->has_vector, &f->room_vectors, row / 8u + 1u, 1))
        return folder_no_memory(f, err);
    if (f->has_vector[row / 8u] >> row % 8u & 1)
        return err_set(err, PM_E_ARG, "embedding of prompt %s: was given before", id.text);
    return PM_OK;
}

pm_status folder_embedding(folder *f, uint32_t row, const float *vector, size_t d, pm_err *err)
{
    pm_status s = check_vector(f, row, vector, d, err);
    if (s == PM_OK && !f->embed_file) s = begin(f, d, err);
    if (s != PM_OK) return s;
    /* in order, the stream is there already */
    if (row != f->next_vector &&
        fseeko(f->embed_file, (off_t)(NPY_HEADER + (size_t)row * d * sizeof *vector), SEEK_SET) !=
            0)
        return write_failed(f, err);
    if (fwrite(vector, sizeof *vector, d, f->embed_file) != d) return write_failed(f, err);
    f->has_vector[row / 8u] = (uint8_t)(f->has_vector[row / 8u] | 1u << row % 8u);
    f->n_embedded++;
    f->next_vector = (size_t)row + 1;
    return PM_OK;
}

static pm_status check_all(const folder *f, pm_err *err)
{
    if (f->n_embedded == f->prompts.n) return PM_OK;
    size_t k = 0;
    while (k / 8 < f->room_vectors && f->has_vector[k / 8] >> k % 8 & 1) k++;
    return err_set(
        err, PM_E_FORMAT,
        "%s: missing embeddings: found %zu for %zu prompts; prompt %s is the first without", f->dir,
        f->n_embedded, f->prompts.n, show_text(pm_str_of(ids_at(&f->prompts, k))).text);
}

pm_status folder_finish_embeddings(folder *f, pm_err *err)
{
    unsigned char header[NPY_HEADER];
    if (!f->embed_file) return PM_OK;
    pm_status s = check_all(f, err);
    if (s != PM_OK) return s;
    npy_header(f->prompts.n, f->d, header);
    FILE *file = f->embed_file;
    f->embed_file = NULL;
    bool good = fseeko(file, 0, SEEK_SET) == 0 &&
                fwrite(header, 1, sizeof header, file) == sizeof header && fflush(file) == 0 &&
                fsync(fileno(file)) == 0;
    if (!good) s = write_failed(f, err);
    if (fclose(file) != 0 && s == PM_OK) s = write_failed(f, err);
    return s;
}
