/* SPDX-License-Identifier: MIT
 *
 * Safetensors: what is written reads back; headers that lie are refused with a sentence.
 */
#include "config.h"

#include "nn_files.h"
#include "suite.h"

typedef struct lie {
    const char *header;
    size_t data;
    const char *why;
} lie;

#define ENTRY(name, dtype, shape, at)                                                              \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" at "}"

static const lie lies[] = {
    {"", 0, "too few"},
    {"[]", 0, "begin with '{'"},
    {"{}x", 0, "header"},
    {"{\"a\":1}", 0, "entry 'a'"},
    {"{" ENTRY("a", "F32", "[2]", "[0,8]") "}", 7, "outside the 7 bytes"},
    {"{" ENTRY("a", "F32", "[2]", "[0,8]") "}", 9, "cover 8 of 9"},
    {"{" ENTRY("a", "F32", "[2]", "[0,4]") "}", 4, "not what its shape says"},
    {"{" ENTRY("a", "F32", "[2]", "[8,0]") "}", 8, "outside"},
    {"{" ENTRY("a", "F32", "[2]", "[0,8]") "," ENTRY("b", "F32", "[2]", "[4,12]") "}", 12,
     "'b' begins at 4; want 8"},
    {"{" ENTRY("a", "F32", "[1]", "[0,4]") "," ENTRY("b", "F32", "[1]", "[8,12]") "}", 12,
     "'b' begins at 8; want 4"},
    {"{" ENTRY("a", "F32", "[1]", "[0,4]") "," ENTRY("a", "F32", "[1]", "[4,8]") "}", 8, "header"},
    {"{" ENTRY("a", "F99", "[1]", "[0,4]") "}", 4, "'F99'"},
    {"{" ENTRY("a", "Q4_0", "[32]", "[0,18]") "}", 18, "'Q4_0'"},
    {"{" ENTRY("a", "F32", "[-1]", "[0,4]") "}", 4, "entry 'a'"},
    {"{" ENTRY("a", "F32", "[0.5]", "[0,2]") "}", 2, "entry 'a'"},
    {"{" ENTRY("a", "F32", "[1,1,1,1,1]", "[0,4]") "}", 4, "4 dimensions"},
    {"{" ENTRY("a", "F32", "[4294967296,4294967296]", "[0,0]") "}", 0, "not what its shape says"},
    {"{" ENTRY("a", "F32", "[9007199254740992,2048]", "[0,0]") "}", 0, "not what its shape says"},
    {"{" ENTRY("a", "F32", "[1e300]", "[0,4]") "}", 4, "entry 'a'"},
    {"{" ENTRY("a", "F32", "[1]", "[0,1e300]") "}", 4, "outside"},
    {"{" ENTRY("a", "F32", "[1]", "[0,4,8]") "}", 8, "outside"},
    {"{" ENTRY("a", "F32", "\"1\"", "[0,4]") "}", 4, "entry 'a'"},
    {"{" ENTRY("", "F32", "[1]", "[0,4]") "}", 4, "no name"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "entry 'a'"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"more\":1}}", 4, "entry 'a'"},
    {"{\"a\\u0000b\":{}}", 0, "header"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "header"}};

static pm_status parse(const str *file, size_t len, pm_err *err)
{
    arena *a = arena_open(0);
    safetensors *s = NULL;
    char *exact = malloc(len + 1); /* its end is watched by sanitizers */
    ck_assert_ptr_nonnull(exact);
    if (len) memcpy(exact, file->at, len);
    char *shrunk = realloc(exact, len ? len : 1);
    pm_status st = safetensors_parse(shrunk, len, "x.safetensors", a, &s, err);
    arena_close(a);
    free(shrunk);
    return st;
}

START_TEST(lying_headers)
{
    str file = STR_INIT;
    pm_err err = PM_ERR_INIT;
    make_safetensors(&file, lies[_i].header, lies[_i].data);
    pm_status st = parse(&file, file.len, &err);
    ck_assert_msg(st == PM_E_FORMAT, "%d: %s", _i, lies[_i].header);
    says(&err, lies[_i].why);
    says(&err, "x.safetensors");
    str_close(&file);
}
END_TEST

START_TEST(cut_and_padded)
{
    str file = STR_INIT;
    pm_err err = PM_ERR_INIT;
    make_safetensors(&file, "{" ENTRY("a", "F32", "[2]", "[0,8]") "}", 8);
    ck_assert_int_eq(parse(&file, file.len, &err), PM_OK);
    for (size_t n = 0; n < file.len; n++) ck_assert_int_eq(parse(&file, n, &err), PM_E_FORMAT);
    str_put(&file, "", 1);
    ck_assert_int_eq(parse(&file, file.len, &err), PM_E_FORMAT);
    says(&err, "cover 8 of 9");
    memset(file.at, 0xff, 8); /* a header of 2^64 - 1 bytes */
    ck_assert_int_eq(parse(&file, file.len, &err), PM_E_FORMAT);
    says(&err, "at most");
    str_close(&file);
}
END_TEST

START_TEST(every_bit)
{
    str file = STR_INIT;
    pm_err err = PM_ERR_INIT;
    make_safetensors(
        &file, "{" ENTRY("a", "F32", "[2]", "[0,8]") "," ENTRY("b", "U8", "[3,1]", "[8,11]") "}",
        11);
    for (size_t bit = 0; bit < 8 * file.len; bit++) {
        file.at[bit / 8] = (char)(file.at[bit / 8] ^ 1 << bit % 8);
        (void)!parse(&file, file.len, &err);
        file.at[bit / 8] = (char)(file.at[bit / 8] ^ 1 << bit % 8);
    }
    str_close(&file);
}
END_TEST

START_TEST(written_and_read)
{
    char folder[256], path[300];
    float f[6] = {1, -2, 3.5F, 0, 1e-30F, 7};
    int64_t ids[2] = {-1, 1LL << 40};
    uint16_t half[1] = {0x3c00};
    nn_tensor t[] = {
        {.name = "z", .type = NN_F16, .n_dims = 0, .at = half, .bytes = 2},
        {.name = "b.\"q\"", .type = NN_F32, .n_dims = 2, .dim = {2, 3}, .at = f, .bytes = 24},
        {.name = "ids", .type = NN_I64, .n_dims = 1, .dim = {2}, .at = ids, .bytes = 16},
        {.name = "none", .type = NN_F32, .n_dims = 2, .dim = {0, 3}, .at = NULL}};
    pm_err err = PM_ERR_INIT;
    arena *a = arena_open(0);
    temp_folder_open(folder);
    snprintf(path, sizeof path, "%s/x.safetensors", folder);
    ck_assert_msg(safetensors_write(path, t, 4, "{\"format\":\"pt\"}", &err) == PM_OK, "%s",
                  err_text(&err));
    nn_source *s = open_source(path, a);
    ck_assert_ptr_null(nn_source_config(s));
    ck_assert_str_eq(nn_source_kind(s), "safetensors");
    ck_assert_uint_eq(nn_source_count(s), 4);
    for (size_t i = 0; i < 4; i++) {
        const nn_tensor *x = nn_source_find(s, t[i].name);
        ck_assert_ptr_nonnull(x);
        ck_assert_int_eq(x->type, t[i].type);
        ck_assert_uint_eq(x->n_dims, t[i].n_dims);
        ck_assert_mem_eq(x->dim, t[i].dim, x->n_dims * sizeof *x->dim);
        ck_assert_uint_eq(x->bytes, t[i].bytes);
        if (x->bytes) ck_assert_mem_eq(x->at, t[i].at, x->bytes);
        if (x->bytes) ck_assert_uint_eq((uintptr_t)x->at % 2, 0);
    }
    float row[3];
    ck_assert_int_eq(nn_tensor_rows(nn_source_find(s, "b.\"q\""), 1, 2, row, &err), PM_OK);
    ck_assert_mem_eq(row, f + 3, sizeof row);
    ck_assert_int_eq(nn_tensor_rows(nn_source_find(s, "b.\"q\""), 1, 3, row, &err), PM_E_ARG);
    ck_assert_int_eq(nn_tensor_rows(nn_source_find(s, "ids"), 0, 1, row, &err), PM_E_FORMAT);
    says(&err, "holds I64");
    nn_source_drop(s);
    ck_assert_mem_eq(nn_source_find(s, "ids")->at, ids, sizeof ids);
    arena_close(a);
    t[1].name = "z"; /* a name twice; a size that is none; a folder that is not there */
    ck_assert_int_eq(safetensors_write(path, t, 4, NULL, &err), PM_E_ARG);
    says(&err, "'z' is there twice");
    ck_assert_int_eq(safetensors_write("/nowhere/at/all", t + 2, 1, NULL, &err), PM_E_IO);
    t[2].bytes = 15;
    ck_assert_int_eq(safetensors_write(path, t + 2, 1, NULL, &err), PM_E_ARG);
    temp_folder_close(folder);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("safetensors");
    TCase *t = tcase_create("all");
    suite_add_tcase(s, t);
    tcase_add_loop_test(t, lying_headers, 0, (int)(sizeof lies / sizeof *lies));
    tcase_add_test(t, cut_and_padded);
    tcase_add_test(t, every_bit);
    tcase_add_test(t, written_and_read);
    return suite_main(s);
}
