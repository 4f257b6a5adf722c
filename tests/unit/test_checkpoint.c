/* SPDX-License-Identifier: MIT
 *
 * Checkpoints: what is written is read back; files that are cut, flipped or made by an enemy (whose hash
 * is right) are refused with a sentence.
 */
#include "plug_tools.h"

#include <string.h>

#include "base/hash.h"
#include "base/io.h"
#include "base/rng.h"
#include "plug/checkpoint.h"

static world w;
static const float table[6] = {1, -2, 3.5f, 0, 1e-30f, 6};
static const int8_t tiny[3] = {-128, 0, 127};

static void setup(void)
{
    world_open(&w, 1);
}

static void teardown(void)
{
    world_close(&w);
}

static pm_status write_one(const char *path, int turn)
{
    arena *a = arena_open(0);
    pm_store *s;
    pm_tensor t[] = {{PM_F32, 2, {2, 3}, table}, {PM_I8, 1, {3}, tiny}, {PM_F64, 2, {0, 7}, NULL}};
    static const char *const name[] = {"weights.table", "tiny", "empty"};
    pm_status st = checkpoint_create(a, &s, NULL);
    for (int k = 0; k < 3 && st == PM_OK; k++) {
        int at = (k + turn) % 3; /* the order of putting does not matter */
        st = checkpoint_put_tensor(s, name[at], t[at], NULL);
    }
    if (st == PM_OK) st = checkpoint_put_text(s, "note", (pm_str){"no\0nul", 6}, NULL);
    if (st == PM_OK) st = checkpoint_commit(s, path, NULL);
    arena_close(a);
    return st;
}

START_TEST(round_trip)
{
    char *path = world_path(&w, "a.safetensors");
    ck_assert_int_eq(write_one(path, 0), PM_OK);
    pm_store *s;
    pm_tensor t;
    pm_str text;
    ck_assert_int_eq(checkpoint_open(path, w.a, &s, &w.err), PM_OK);
    ck_assert_int_eq(checkpoint_tensor(s, "weights.table", PM_F32, &t, &w.err), PM_OK);
    ck_assert_uint_eq(t.n_dims, 2);
    ck_assert_uint_eq(t.dim[0], 2);
    ck_assert_uint_eq(t.dim[1], 3);
    ck_assert_mem_eq(t.ptr, table, sizeof table);
    ck_assert_uint_eq((uintptr_t)t.ptr % 64, 0);
    ck_assert_int_eq(checkpoint_tensor(s, "tiny", (pm_dtype)0, &t, &w.err), PM_OK);
    ck_assert_int_eq(t.dtype, PM_I8);
    ck_assert_mem_eq(t.ptr, tiny, sizeof tiny);
    ck_assert_int_eq(checkpoint_tensor(s, "empty", PM_F64, &t, &w.err), PM_OK);
    ck_assert_uint_eq(t.dim[0], 0);
    ck_assert_int_eq(checkpoint_text(s, "note", &text, &w.err), PM_OK);
    ck_assert_uint_eq(text.len, 6);
    ck_assert_mem_eq(text.ptr, "no\0nul", 6);
    ck_assert(checkpoint_has(s, "tiny") && !checkpoint_has(s, "tin"));
    ck_assert(!checkpoint_has(s, "_pad.0"));
    ck_assert_int_eq(checkpoint_tensor(s, "tiny", PM_F32, &t, &w.err), PM_E_FORMAT);
    ck_says(w.err, "holds I8; want F32");
    ck_assert_int_eq(checkpoint_tensor(s, "tiy", (pm_dtype)0, &t, &w.err), PM_E_FORMAT);
    ck_says(w.err, "holds no tensor 'tiy'; did you mean 'tiny'?");
    ck_assert_int_eq(checkpoint_text(s, "tiny", &text, &w.err), PM_E_FORMAT);
    checkpoint_close(s);
}
END_TEST

START_TEST(bytes_do_not_depend_on_order)
{
    str first = STR_INIT, again = STR_INIT;
    char *path = world_path(&w, "b.safetensors");
    ck_assert_int_eq(write_one(path, 0), PM_OK);
    ck_assert_int_eq(io_read(path, 1 << 20, &first, NULL), PM_OK);
    for (int turn = 1; turn < 3; turn++) {
        ck_assert_int_eq(write_one(path, turn), PM_OK);
        ck_assert_int_eq(io_read(path, 1 << 20, &again, NULL), PM_OK);
        ck_assert_uint_eq(first.len, again.len);
        ck_assert_mem_eq(first.at, again.at, first.len);
        str_clear(&again);
    }
    str_close(&first);
    str_close(&again);
}
END_TEST

START_TEST(refuses_to_write)
{
    pm_store *s;
    pm_tensor t = {PM_F32, 2, {2, 3}, table};
    ck_assert_int_eq(checkpoint_create(w.a, &s, NULL), PM_OK);
    ck_assert_int_eq(checkpoint_put_tensor(s, "a", t, &w.err), PM_OK);
    ck_assert_int_eq(checkpoint_put_tensor(s, "a", t, &w.err), PM_E_ARG);
    ck_says(w.err, "holds 'a' already");
    static const char *const names[] = {"", "A", "_pad.1", "a b", "a\"", "1a"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        ck_assert_int_eq(checkpoint_put_tensor(s, names[i], t, &w.err), PM_E_ARG);
    t.dim[0] = SIZE_MAX / 2;
    ck_assert_int_eq(checkpoint_put_tensor(s, "big", t, &w.err), PM_E_ARG);
    t = (pm_tensor){(pm_dtype)99, 1, {1}, table};
    ck_assert_int_eq(checkpoint_put_tensor(s, "odd", t, &w.err), PM_E_ARG);
    t = (pm_tensor){PM_F32, 1, {4}, NULL};
    ck_assert_int_eq(checkpoint_put_tensor(s, "null", t, &w.err), PM_E_ARG);
    t = (pm_tensor){PM_F32, PM_MAX_DIMS + 1, {1}, table};
    ck_assert_int_eq(checkpoint_put_tensor(s, "deep", t, &w.err), PM_E_ARG);
    ck_assert_int_eq(checkpoint_commit(s, "/no/such/folder/x", &w.err), PM_E_IO);
}
END_TEST

/* ---- damage ------------------------------------------------------------------------------------------------- */

static void refused(const char *path, const void *bytes, size_t len, size_t at)
{
    arena *a = arena_open(0);
    pm_store *s = NULL;
    pm_err err = PM_ERR_INIT;
    remove(
        path); /* truncating a file that was just written makes some file systems wait for the disk */
    FILE *f = fopen(path, "wb"); /* thousands of them: io_write would wait for the disk each time */
    ck_assert(f && fwrite(bytes, 1, len, f) == len && fclose(f) == 0);
    pm_status st = checkpoint_open(path, a, &s, &err);
    ck_assert_msg(st == PM_E_FORMAT || st == PM_E_IO, "byte %zu: status %d", at, (int)st);
    ck_assert_msg(err.text[0] != '\0', "byte %zu: no message", at);
    ck_assert_ptr_null(s);
    arena_close(a);
}

/* A file of some 8 kB: a trained router. */
static void saved_router(str *out)
{
    char *path = world_path(&w, "router.safetensors");
    arena *a = arena_open(0);
    pm_store *s;
    float *big = arena_alloc(a, 1500, sizeof *big);
    for (size_t i = 0; i < 1500; i++) big[i] = (float)rng_uniform(3, 1, i);
    ck_assert_int_eq(checkpoint_create(a, &s, NULL), PM_OK);
    ck_assert_int_eq(checkpoint_put_tensor(s, "big", (pm_tensor){PM_F32, 1, {1500}, big}, NULL),
                     PM_OK);
    ck_assert_int_eq(checkpoint_put_text(s, "text", pm_str_of("some text"), NULL), PM_OK);
    ck_assert_int_eq(checkpoint_commit(s, path, NULL), PM_OK);
    arena_close(a);
    ck_assert_int_eq(io_read(path, 1 << 20, out, NULL), PM_OK);
    ck_assert_uint_gt(out->len, 4096);
}

START_TEST(cut_anywhere)
{
    str file = STR_INIT;
    saved_router(&file);
    char *path = world_path(&w, "cut.safetensors");
    for (size_t len = 0; len < 4096; len++) refused(path, file.at, len, len);
    for (size_t k = 0; k < 1000; k++) {
        size_t len = (size_t)rng_below(1, 2, k, file.len);
        refused(path, file.at, len, len);
    }
    str_close(&file);
}
END_TEST

START_TEST(flipped_anywhere)
{
    str file = STR_INIT;
    saved_router(&file);
    char *path = world_path(&w, "flip.safetensors");
    for (size_t k = 0; k < 1000; k++) {
        size_t bit = (size_t)rng_below(1, 3, k, 8 * file.len);
        file.at[bit / 8] = (char)(file.at[bit / 8] ^ (1 << (bit % 8)));
        refused(path, file.at, file.len, bit / 8);
        file.at[bit / 8] = (char)(file.at[bit / 8] ^ (1 << (bit % 8)));
    }
    refused(path, "", 0, 0);
    str_close(&file);
}
END_TEST

/* ---- hostile files whose hash is right ------------------------------------------------------------------------ */

#define FORMAT "\"format\":\"pointsman.checkpoint/1\"}"

static const struct {
    const char *rest; /* of the header after the hash's closing quote */
    size_t data;
    const char *message;
} hostile[] = {
    {"}}", 0, "format is ''"},
    {",\"format\":\"other/1\"}}", 0, "format is 'other/1'"},
    {"," FORMAT ",\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4,
     "outside the"},
    {"," FORMAT ",\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4,
     "not what its shape"},
    {"," FORMAT ",\"a\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
     "no known dtype"},
    {"," FORMAT ",\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1],\"data_offsets\":[0,4]}}", 4,
     "no known dtype and shape"},
    {"," FORMAT ",\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4,
     "no known dtype"},
    {"," FORMAT ",\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,6]}}", 6,
     "no known dtype"},
    {"," FORMAT ",\"a\":{\"dtype\":\"F32\",\"shape\":[1e300],\"data_offsets\":[0,4]}}", 4,
     "no known dtype"},
    {"," FORMAT ",\"a\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967296,4294967296],"
     "\"data_offsets\":[0,0]}}",
     0, "not what its shape says"},
    {"," FORMAT ",\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,0]}}", 8,
     "outside the"},
    {"," FORMAT ",\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
     "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}}",
     6, "entry 'b' begins at 2; want 4"},
    {"," FORMAT ",\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}}", 6,
     "begins at 2; want 0"},
    {"," FORMAT ",\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 9,
     "cover 4 of 9"},
    {"," FORMAT ",\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
     "\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}",
     8, "header"},
    {"," FORMAT ",\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4],\"x\":1}}", 4,
     "no known"},
    {"," FORMAT ",\"a\":7}", 0, "no known dtype"},
    {"," FORMAT ",\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
     "\"b\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[1,9]}}",
     9, "not aligned"},
    {"," FORMAT, 0, "header"},
};

static void make_hostile(const char *rest, size_t data, str *out)
{
    static const char head[] = "{\"__metadata__\":{\"sha256\":\"";
    char zeros[65], hex[65];
    memset(zeros, '0', 64);
    zeros[64] = '\0';
    str header = STR_INIT;
    str_printf(&header, "%s%s\"%s", head, zeros, rest);
    while ((8 + header.len) % 64 != 0) str_puts(&header, " ");
    uint64_t n = header.len;
    str_put(out, (const char *)&n, 8);
    str_put(out, header.at, header.len);
    for (size_t i = 0; i < data; i++) str_puts(out, "x");
    sha256_of(out->at, out->len, hex);
    memcpy(out->at + 8 + sizeof head - 1, hex, 64);
    str_close(&header);
}

START_TEST(hostile_headers)
{
    str file = STR_INIT;
    make_hostile(hostile[_i].rest, hostile[_i].data, &file);
    char *path = world_path(&w, "hostile.safetensors");
    pm_store *s;
    ck_assert_int_eq(io_write(path, file.at, file.len, NULL), PM_OK);
    ck_assert_int_eq(checkpoint_open(path, w.a, &s, &w.err), PM_E_FORMAT);
    ck_says(w.err, hostile[_i].message);
    ck_says(w.err, "hostile.safetensors");
    str_close(&file);
}
END_TEST

START_TEST(a_sound_one_passes)
{
    str file = STR_INIT;
    make_hostile("," FORMAT ",\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4,
                 &file);
    char *path = world_path(&w, "sound.safetensors");
    pm_store *s;
    ck_assert_int_eq(io_write(path, file.at, file.len, NULL), PM_OK);
    ck_assert_msg(checkpoint_open(path, w.a, &s, &w.err) == PM_OK, "%s", err_text(&w.err));
    checkpoint_close(s);
    /* a header longer than the file */
    uint64_t n = UINT64_MAX - 4;
    memcpy(file.at, &n, 8);
    refused(path, file.at, file.len, 0);
    n = 10;
    memcpy(file.at, &n, 8);
    refused(path, file.at, file.len, 0);
    ck_assert_int_eq(checkpoint_open("/no/such/file", w.a, &s, &w.err), PM_E_IO);
    str_close(&file);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("checkpoint");
    TCase *t = tcase_create("checkpoint");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, round_trip);
    tcase_add_test(t, bytes_do_not_depend_on_order);
    tcase_add_test(t, refuses_to_write);
    tcase_add_test(t, cut_anywhere);
    tcase_add_test(t, flipped_anywhere);
    tcase_add_loop_test(t, hostile_headers, 0, (int)(sizeof hostile / sizeof hostile[0]));
    tcase_add_test(t, a_sound_one_passes);
    suite_add_tcase(s, t);
    return suite_main(s);
}
