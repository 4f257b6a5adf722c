/* SPDX-License-Identifier: MIT
 *
 * embeddings.npy: files of NumPy and of ours, and every file that is none.
 */
#include "data_files.h"

#include <math.h>

#include "data/npy.h"
#include "math/half.h"

static files f;
static unsigned char file[4096];

static void setup(void)
{
    files_open(&f);
}

static void teardown(void)
{
    files_close(&f);
}

/* A file with that header and `bytes` of values; its length. */
static size_t build(int version, const char *header, const void *values, size_t bytes)
{
    size_t len = strlen(header), start = version == 1 ? 10 : 12;
    memcpy(file, "\x93NUMPY", 6);
    file[6] = (unsigned char)version;
    file[7] = 0;
    for (size_t k = 8; k < start; k++) file[k] = (unsigned char)(len >> (8 * (k - 8)));
    memcpy(file + start, header, len);
    if (bytes) memcpy(file + start + len, values, bytes);
    return start + len + bytes;
}

static pm_status open_bytes(size_t len, npy *x)
{
    err_clear(&f.err);
    return npy_open(files_put_bytes(&f, "x.npy", file, len), x, &f.err);
}

#define HEADER(type, order, shape)                                                                 \
    "{'descr': '" type "', 'fortran_order': " order ", 'shape': " shape ", }     \n"

static const float values[6] = {1, -2, 0.5f, 4, 0, 1e-30f};

START_TEST(float32)
{
    npy x;
    for (int version = 1; version <= 2; version++) {
        size_t len = build(version, HEADER("<f4", "False", "(2, 3)"), values, sizeof values);
        pm_status s = open_bytes(len, &x);
        ck_assert_msg(s == PM_OK, "%s", err_text(&f.err));
        ck_assert_uint_eq(x.mat.rows, 2);
        ck_assert_uint_eq(x.mat.cols, 3);
        for (size_t k = 0; k < 6; k++) ck_assert_float_eq(pm_crow(x.mat, k / 3)[k % 3], values[k]);
        npy_close(&x);
    }
}
END_TEST

START_TEST(float16)
{
    npy x;
    uint16_t half[6];
    for (size_t k = 0; k < 6; k++) half[k] = half_from_float(values[k]);
    size_t len = build(1, HEADER("<f2", "False", "(3, 2)"), half, sizeof half);
    ck_assert_int_eq(open_bytes(len, &x), PM_OK);
    ck_assert_uint_eq(x.mat.rows, 3);
    for (size_t k = 0; k < 5; k++) ck_assert_float_eq(pm_crow(x.mat, k / 2)[k % 2], values[k]);
    npy_close(&x);
}
END_TEST

START_TEST(our_own_header)
{
    npy x;
    npy_header(2, 3, file);
    memcpy(file + NPY_HEADER, values, sizeof values);
    ck_assert_int_eq(open_bytes(NPY_HEADER + sizeof values, &x), PM_OK);
    ck_assert_uint_eq(x.mat.cols, 3);
    ck_assert_ptr_null(x.own); /* mapped */
    npy_close(&x);
}
END_TEST

static void refused(size_t len, const char *part)
{
    npy x;
    ck_assert_int_eq(open_bytes(len, &x), PM_E_FORMAT);
    files_must_say(&f, part);
}

START_TEST(others)
{
    const float bad[6] = {1, 2, 3, 4, NAN, 6}, far[6] = {1, 2, INFINITY, 4, 5, 6};
    refused(0, "found no .npy file");
    refused(build(1, HEADER("<f8", "False", "(2, 3)"), values, 24), "found values of type \"<f8\"");
    refused(build(1, HEADER(">f4", "False", "(2, 3)"), values, 24), "found values of type \">f4\"");
    refused(build(1, HEADER("|O", "False", "(2, 3)"), values, 24), "found values of type \"|O\"");
    refused(build(1, HEADER("<f4", "True", "(2, 3)"), values, 24), "found Fortran order");
    refused(build(1, HEADER("<f4", "False", "(6,)"), values, 24), "found 1 dimension, wanted 2");
    refused(build(1, HEADER("<f4", "False", "()"), values, 24), "found 0 dimensions, wanted 2");
    refused(build(1, HEADER("<f4", "False", "(2, 3, 1)"), values, 24),
            "found 3 dimensions or more");
    refused(build(1, HEADER("<f4", "False", "(0, 3)"), values, 0), "found a matrix of 0 x 3");
    refused(build(1, HEADER("<f4", "False", "(2, 4)"), values, 24), "wanted 2 x 4 x 4");
    refused(build(1, HEADER("<f4", "False", "(2, 2)"), values, 24), "found 24 bytes of values");
    refused(build(1, HEADER("<f4", "False", "(4611686018427387904, 4)"), values, 24),
            "found 24 bytes of values");
    refused(build(1, HEADER("<f4", "False", "(99999999999999999999, 4)"), values, 24),
            "header: found");
    refused(build(1, "{'descr': '<f4'}", values, 24), "header: found");
    refused(build(1, "nothing", values, 24), "header: found \"nothing\"");
    refused(build(1, HEADER("<f4", "False", "(2, 3)"), bad, 24), "row 2, value 2: found NaN");
    refused(build(1, HEADER("<f4", "False", "(2, 3)"), far, 24),
            "row 1, value 3: found an infinity");
    size_t len = build(1, HEADER("<f4", "False", "(2, 3)"), values, 24);
    file[6] = 9;
    refused(len, "found version 9");
    file[6] = 1;
    file[9] = 0xff;
    refused(len, "the file is cut short");
}
END_TEST

START_TEST(cut_at_any_byte)
{
    npy x;
    size_t len = build(1, HEADER("<f4", "False", "(2, 3)"), values, sizeof values);
    for (size_t k = 0; k < len; k++) ck_assert_int_eq(open_bytes(k, &x), PM_E_FORMAT);
}
END_TEST

/* Any byte of the header changed to anything: read or refused, never more than the file. */
START_TEST(any_byte_changed)
{
    npy x;
    size_t len = build(1, HEADER("<f4", "False", "(2, 3)"), values, sizeof values);
    for (size_t k = 0; k < len - sizeof values; k++) {
        unsigned char was = file[k];
        for (unsigned c = 0; c < 256; c += suite_is_quick("most bytes") ? 37 : 5) {
            file[k] = (unsigned char)c;
            if (open_bytes(len, &x) == PM_OK) npy_close(&x);
        }
        file[k] = was;
    }
}
END_TEST

/* ---- in a dataset ---- */

static void put_vectors(size_t n)
{
    npy_header(n, 2, file);
    for (size_t k = 0; k < 2 * n; k++) {
        float v = (float)k;
        memcpy(file + NPY_HEADER + k * sizeof v, &v, sizeof v);
    }
    files_put_bytes(&f, "embeddings.npy", file, NPY_HEADER + 8 * n);
}

START_TEST(of_a_dataset)
{
    dataset d, part;
    files_put_small(&f);
    put_vectors(3);
    files_must_read(&f, &d);
    ck_assert_uint_eq(d.embed.rows, 3);
    ck_assert_float_eq(pm_crow(d.embed, 2)[1], 5);
    ck_assert_uint_eq(d.n_files, 3); /* it is part of the provenance */
    ck_assert_int_eq(dataset_pool(&d, 0.5, f.a, &part, &f.err), PM_OK);
    ck_assert_uint_eq(part.n, 2); /* the row that lacks a cell takes its vector with it */
    ck_assert_float_eq(pm_crow(part.embed, 1)[0], 4);
    const uint32_t row[] = {2, 0};
    pm_cmat m;
    pm_prompts x;
    ck_assert_int_eq(dataset_vectors(&d, row, 2, f.a, &m, &f.err), PM_OK);
    ck_assert_float_eq(pm_crow(m, 0)[0], 4);
    ck_assert_float_eq(pm_crow(m, 1)[1], 1);
    ck_assert_int_eq(dataset_prompts(&d, row, 2, f.a, &x, &f.err), PM_OK);
    ck_assert_ptr_null(x.embed.at);
}
END_TEST

START_TEST(missing)
{
    dataset d;
    files_put_small(&f);
    put_vectors(2);
    ck_assert_int_eq(files_read(&f, &d), PM_E_FORMAT);
    files_must_say(&f, "missing embeddings: found 2 vectors for 3 prompts, wanted one for each");
    put_vectors(4);
    ck_assert_int_eq(files_read(&f, &d), PM_E_FORMAT);
    files_must_say(&f, "too many embeddings: found 4 vectors for 3 prompts");
    remove(files_path(&f, "embeddings.npy"));
    files_must_read(&f, &d);
    const uint32_t row[] = {0};
    pm_cmat m;
    ck_assert_int_eq(dataset_vectors(&d, row, 1, f.a, &m, &f.err), PM_E_ARG);
    files_must_say(&f, "holds no embeddings.npy");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("npy");
    TCase *cases = tcase_create("npy");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, float32);
    tcase_add_test(cases, float16);
    tcase_add_test(cases, our_own_header);
    tcase_add_test(cases, others);
    tcase_add_test(cases, cut_at_any_byte);
    tcase_add_test(cases, any_byte_changed);
    tcase_add_test(cases, of_a_dataset);
    tcase_add_test(cases, missing);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
