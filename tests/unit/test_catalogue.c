/* SPDX-License-Identifier: MIT
 *
 * Named models: sound rows, what is said of unknown and absent ones, and hashes that follow what is computed and nothing
 * else.
 */
#include "config.h"

#include "suite.h"

#include <string.h>
#include <strings.h>

#include "base/io.h"
#include "lm/catalogue.h"

static char folder[256];

static void setup(void)
{
    temp_folder_open(folder);
    setenv("POINTSMAN_MODELS", folder, 1);
}

static void teardown(void)
{
    unsetenv("POINTSMAN_MODELS");
    temp_folder_close(folder);
}

static void put(const char *name, const char *text)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    *strrchr(path, '/') = '\0';
    ck_assert_int_eq(io_mkdir(path, NULL), PM_OK);
    path[strlen(path)] = '/';
    ck_assert_int_eq(io_write(path, text, strlen(text), NULL), PM_OK);
}

START_TEST(rows_are_sound)
{
    for (const model_row *r = catalogue_rows(); r->name; r++) {
        size_t n = 0, sources = 0;
        bool has_main = r->main[0] == '\0';
        ck_assert_ptr_eq(catalogue_find(r->name), r);
        ck_assert(r->kind[0] && r->doc[0] && r->licence[0]);
        for (const model_file *f = r->file; f->name; f++, n++) {
            ck_assert_uint_eq(strlen(f->sha256), 64);
            ck_assert_uint_eq(strspn(f->sha256, "0123456789abcdef"), 64);
            ck_assert_uint_gt(f->bytes, 0);
            ck_assert(f->name[0] != '/' && !strstr(f->name, ".."));
            has_main |= strcmp(f->name, r->main) == 0;
        }
        for (const model_source *s = r->source; s->kind; s++, sources++) {
            ck_assert((s->kind == MODEL_WHEEL) == (s->version != NULL));
            ck_assert((s->kind == MODEL_WHEEL) == (s->inside != NULL));
            if (s->kind == MODEL_URL) ck_assert_int_eq(s->at[strlen(s->at) - 1], '/');
        }
        ck_assert(n > 0 && sources > 0 && has_main);
    }
}
END_TEST

START_TEST(says_what_to_do)
{
    pm_err err = PM_ERR_INIT;
    const char *path;
    arena *a = arena_open(0);
    ck_assert_int_eq(catalogue_path("all-minilm-l6-v2", a, &path, &err), PM_E_IO);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "pointsman model fetch all-MiniLM-L6-v2"));
    put("all-MiniLM-L6-v2/config.json", "{}");
    ck_assert_int_eq(catalogue_path("all-MiniLM-L6-v2", a, &path, &err), PM_E_IO);
    ck_assert_ptr_nonnull(
        strstr(err_text(&err), "all-MiniLM-L6-v2/config.json is missing or not of 612 bytes"));
    ck_assert_int_eq(catalogue_path("all-MiniLM-L6-v3", a, &path, &err), PM_E_ARG);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "did you mean \"all-MiniLM-L6-v2\"?"));
    ck_assert_int_eq(catalogue_path("quite another thing", a, &path, &err), PM_E_ARG);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "pointsman model list"));
    ck_assert_int_eq(catalogue_path("no/such/folder", a, &path, &err), PM_E_IO);
    ck_assert_int_eq(catalogue_path("", a, &path, &err), PM_E_ARG);
    ck_assert_int_eq(catalogue_path(folder, a, &path, &err), PM_OK);
    ck_assert_str_eq(path, folder);
    arena_close(a);
}
END_TEST

static void hash(const char *name, uint8_t out[32])
{
    char path[600];
    pm_err err = PM_ERR_INIT;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    ck_assert_msg(catalogue_hash(path, out, &err) == PM_OK, "%s", err_text(&err));
}

START_TEST(hashes_follow_what_is_computed)
{
    uint8_t first[32], again[32], moved[32];
    put("mine/config.json", "{}");
    put("mine/model.safetensors", "weights");
    put("mine/vocab.txt", "a\nb\n");
    hash("mine", first);
    put("mine/README.md", "not read");
    hash("mine", again);
    ck_assert_mem_eq(first, again, 32);
    put("yours/config.json", "{}");
    put("yours/model.safetensors", "weights");
    put("yours/vocab.txt", "a\nb\n");
    hash("yours", moved);
    ck_assert_mem_eq(first, moved, 32);
    put("mine/model.safetensors", "weightS");
    hash("mine", again);
    ck_assert_mem_ne(first, again, 32);
    put("mine/model.safetensors", "weights");
    put("mine/tokenizer.json", "{}"); /* the vocabulary is read from there now */
    hash("mine", first);
    put("mine/vocab.txt", "a\nc\n");
    hash("mine", again);
    ck_assert_mem_eq(first, again, 32);
    put("mine/1_Pooling/config.json", "{}");
    hash("mine", again);
    ck_assert_mem_ne(first, again, 32);
    put("one.gguf", "abc");
    hash("one.gguf", again);
    ck_assert_mem_eq(again, "\xba\x78\x16\xbf\x8f\x01\xcf\xea",
                     8); /* its own SHA-256: FIPS 180-4's "abc" */
    put("nothing/README.md", "x");
    pm_err err = PM_ERR_INIT;
    char path[600];
    snprintf(path, sizeof path, "%s/nothing", folder);
    ck_assert_int_eq(catalogue_hash(path, again, &err), PM_E_FORMAT);
}
END_TEST

/* A named model and a copy of it have one hash: asked of the real files where they are. */
START_TEST(names_and_copies_agree)
{
    unsetenv("POINTSMAN_MODELS");
    if (getenv("PM_TEST_MODELS")) setenv("POINTSMAN_MODELS", getenv("PM_TEST_MODELS"), 1);
    arena *a = arena_open(0);
    for (const model_row *r = catalogue_rows(); r->name; r++) {
        const char *path;
        uint8_t named[32], found[32];
        ck_assert_int_eq(catalogue_hash(r->name, named, NULL), PM_OK);
        if (catalogue_path(r->name, a, &path, NULL) != PM_OK) {
            printf("test_catalogue: %s is not in the cache: its bytes are not compared\n", r->name);
            continue;
        }
        ck_assert_int_eq(catalogue_hash(path, found, NULL), PM_OK);
        ck_assert_mem_eq(named, found, 32);
    }
    arena_close(a);
}
END_TEST

int main(void)
{
    const char *models = getenv("POINTSMAN_MODELS");
    if (models) setenv("PM_TEST_MODELS", models, 1);
    Suite *suite = suite_create("catalogue");
    TCase *tc = tcase_create("catalogue");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, rows_are_sound);
    tcase_add_test(tc, says_what_to_do);
    tcase_add_test(tc, hashes_follow_what_is_computed);
    tcase_add_test(tc, names_and_copies_agree);
    suite_add_tcase(suite, tc);
    return suite_main(suite);
}
