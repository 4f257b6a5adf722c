/* SPDX-License-Identifier: MIT
 *
 * Objects that are no plugins for this host: each is refused with a status and a message that names file,
 * field, found and wanted; nothing of it is listed.
 */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "base/io.h"
#include "plug/registry.h"
#include "unit/suite.h"

static const struct wrong {
    const char *file;
    pm_status status;
    const char *message;
} wrongs[] = {
    {"wrong_magic.so", PM_E_ABI, "wrong_magic.so: pm_plugin.magic is 0x12345678; want 0x504d414e"},
    {"wrong_major.so", PM_E_ABI,
     "wrong_major.so: pm_plugin.abi is 1.0; this host speaks 0.3; compile it against this "
     "version's pointsman/plugin.h"},
    {"wrong_minor.so", PM_E_ABI,
     "wrong_minor.so: pm_plugin.abi is 0.4; this host speaks 0.3; compile it against this "
     "version's pointsman/plugin.h"},
    {"short_size.so", PM_E_ABI, "short_size.so: pm_plugin.size is 40 bytes; want at least 80"},
    {"wrong_real.so", PM_E_ABI, "wrong_real.so: pm_plugin.real_bytes is 8; want 4"},
    {"no_descriptor.so", PM_E_CONTRACT,
     "no_descriptor.so: pm_plugin lists no descriptor of any kind"},
    {"null_slot.so", PM_E_CONTRACT,
     "null_slot.so: pm_router_type.train is NULL (required since 0.1)"},
    {"short_descriptor.so", PM_E_ABI,
     "short_descriptor.so: pm_router_type.size is 80 bytes; want at least 120"},
    {"bad_name.so", PM_E_CONTRACT,
     "bad_name.so: pm_router_type.name is 'Best-Router'; want [a-z][a-z0-9_]*, at most 63 bytes"},
    {"unknown_kind.so", PM_E_CONTRACT,
     "unknown_kind.so: pm_router_type.value_kinds has unknown bits 0x200 (known: 0x3e)"},
    {"silent_kind.so", PM_E_CONTRACT,
     "silent_kind.so: pm_router_type.emits is NULL but value_kinds has several bits (0x6): an "
     "instance must say which it emits"},
    {"bad_param_bytes.so", PM_E_CONTRACT,
     "bad_param_bytes.so: pm_router_type.params 'shrink' has a field of 4 bytes; its type wants 8"},
    {"bad_param_default.so", PM_E_CONTRACT,
     "bad_param_default.so: pm_router_type.params 'shrink' has the default 11 outside its own [0, "
     "10]"},
    {"bad_param_offset.so", PM_E_CONTRACT,
     "bad_param_offset.so: pm_router_type.params 'shrink' lies at offset 8 of a struct of 8 bytes"},
    {"declines.so", PM_E_ABI, "declines.so: pm_plugin_entry declined this host (ABI 0.3)"},
    {"no_entry.so", PM_E_ABI,
     "no_entry.so: exports no symbol pm_plugin_entry; is it a pointsman plugin?"},
};

typedef struct house { /* an empty registry: no plugins but those that a test loads */
    registry *r;
    char home[256];
    size_t before;
} house;

static void house_open(house *h)
{
    pm_err err = PM_ERR_INIT;
    temp_folder_open(h->home);
    setenv("XDG_DATA_HOME", h->home, 1);
    unsetenv("POINTSMAN_PLUGINS");
    ck_assert_msg(registry_open(NULL, &h->r, &err) == PM_OK, "%s", err_text(&err));
    h->before = registry_count(h->r);
}

static void house_close(house *h)
{
    registry_close(h->r);
    temp_folder_close(h->home);
}

/* Loads `path`: refused with exactly this, remembered with exactly this, and nothing is listed. */
static void refuses(house *h, const char *path, pm_status status, const char *message)
{
    const registry_refusal *refusal;
    pm_err err = PM_ERR_INIT;
    pm_status s = registry_load(h->r, path, &err);
    ck_assert_msg(s == status, "%s: expected %s, found %s: %s", path, pm_status_name(status),
                  pm_status_name(s), err.text);
    ck_assert_str_eq(err.text, message);
    size_t n = registry_refusals(h->r, &refusal);
    ck_assert_uint_gt(n, 0);
    ck_assert_str_eq(refusal[n - 1].file, path);
    ck_assert_str_eq(refusal[n - 1].why, message);
    ck_assert_uint_eq(registry_count(h->r), h->before);
}

START_TEST(wrong_descriptors_are_refused)
{
    house h;
    char path[1024];
    house_open(&h);
    snprintf(path, sizeof path, "%s/wrong_abi/.libs/%s", CONTRACT_BUILD, wrongs[_i].file);
    refuses(&h, path, wrongs[_i].status, wrongs[_i].message);
    house_close(&h);
}
END_TEST

START_TEST(a_second_descriptor_of_one_name_is_shadowed)
{
    static const char path[] = CONTRACT_BUILD "/wrong_abi/.libs/duplicate_name.so";
    const registry_refusal *refusal;
    house h;
    pm_err err = PM_ERR_INIT;
    char why[2048];
    house_open(&h);
    ck_assert_msg(registry_load(h.r, path, &err) == PM_OK, "%s", err_text(&err));
    ck_assert_uint_eq(registry_count(h.r), h.before + 1);
    snprintf(why, sizeof why, "routers/part is shadowed by %s", path);
    ck_assert_uint_eq(registry_refusals(h.r, &refusal), 1);
    ck_assert_str_eq(refusal[0].why, why);
    house_close(&h);
}
END_TEST

static void write_file(const char *path, const void *bytes, size_t len)
{
    pm_err err = PM_ERR_INIT;
    ck_assert_msg(io_write(path, bytes, len, &err) == PM_OK, "%s", err_text(&err));
}

START_TEST(what_is_no_object_is_refused)
{
    house h;
    char path[512];
    house_open(&h);
    snprintf(path, sizeof path, "%s/text.so", h.home);
    write_file(path, "this is no plugin\n", 18);
    refuses(&h, path, PM_E_FORMAT, "text.so: is not a shared object (no ELF header)");
    snprintf(path, sizeof path, "%s/empty.so", h.home);
    write_file(path, "", 0);
    refuses(&h, path, PM_E_FORMAT, "empty.so: is not a shared object (no ELF header)");
    house_close(&h);
}
END_TEST

/* A copy cut anywhere is refused before the linker maps it: no SIGBUS. */
START_TEST(a_cut_object_is_refused)
{
    house h;
    char path[512];
    str whole = STR_INIT;
    pm_err err = PM_ERR_INIT;
    house_open(&h);
    ck_assert_msg(io_read(CONTRACT_BUILD "/faulty/.libs/healthy_twin.so", 1 << 24, &whole, &err) ==
                      PM_OK,
                  "%s", err_text(&err));
    for (size_t k = 0; k < 32; k++) {
        size_t len = whole.len * k / 32;
        snprintf(path, sizeof path, "%s/cut%zu.so", h.home, k);
        write_file(path, whole.at, len);
        err_clear(&err);
        ck_assert_int_eq(registry_load(h.r, path, &err), PM_E_FORMAT);
        ck_assert_ptr_nonnull(strstr(err.text, k ? "is cut off" : "no ELF header"));
    }
    ck_assert_uint_eq(registry_count(h.r), h.before);
    str_close(&whole);
    house_close(&h);
}
END_TEST

/* A named object comes before everything of its name on the search path. */
START_TEST(a_named_object_comes_first)
{
    house h;
    registry *r = NULL;
    pm_err err = PM_ERR_INIT;
    const registry_refusal *refusal;
    static const char path[] = CONTRACT_BUILD "/faulty/.libs/healthy_twin.so";
    house_open(&h);
    ck_assert_msg(registry_open(path, &r, &err) == PM_OK, "%s", err_text(&err));
    ck_assert_ptr_nonnull(registry_find(r, PLUGIN_ROUTER, "healthy_twin"));
    registry_close(r);
    ck_assert_msg(registry_open("/nowhere/absent.so", &r, &err) == PM_OK, "%s", err_text(&err));
    ck_assert_uint_eq(registry_refusals(r, &refusal), 1);
    ck_assert_str_eq(refusal[0].why,
                     "/nowhere/absent.so: cannot be opened: No such file or directory");
    registry_close(r);
    house_close(&h);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("refused");
    TCase *plain = tcase_create("refused");
    tcase_set_timeout(plain, 120);
    tcase_add_loop_test(plain, wrong_descriptors_are_refused, 0, sizeof wrongs / sizeof *wrongs);
    tcase_add_test(plain, a_second_descriptor_of_one_name_is_shadowed);
    tcase_add_test(plain, what_is_no_object_is_refused);
    tcase_add_test(plain, a_cut_object_is_refused);
    tcase_add_test(plain, a_named_object_comes_first);
    suite_add_tcase(suite, plain);
    return suite_main(suite);
}
