/* SPDX-License-Identifier: MIT
 *
 * Finding and refusing plugins.  Objects of a wrong kind are made from one of ours: cut short, or with a
 * field of its pm_plugin overwritten on disk.  Descriptors with mistakes are made in memory.
 */
#include "plug_tools.h"

#include <string.h>

#include "base/hash.h"
#include "base/io.h"

static world w;

static void setup(void)
{
    world_open(&w, 1);
}

static void teardown(void)
{
    world_close(&w);
}

/* ---- descriptors -------------------------------------------------------------------------------------------- */

static pm_status add_router(const pm_router_type *d)
{
    const plugin_entry e = {.kind = PLUGIN_ROUTER, .type.router = d, .file = "/x/y/broken.so"};
    err_clear(&w.err);
    return registry_add(w.registry, &e, &w.err);
}

static void break_router(int how, pm_router_type *d)
{
    *d = tool_linear;
    d->name = "broken";
    switch (how) {
    case 0:
        d->train = NULL;
        break;
    case 1:
        d->load = NULL;
        break;
    case 2:
        d->name = "Broken-1";
        break;
    case 3:
        d->value_kinds = 0;
        break;
    case 4:
        d->value_kinds |= 1u << 9;
        break;
    case 5:
        d->emits = NULL;
        break;
    case 6:
        d->size = 40;
        break;
    case 7:
        d->needs = 1u << 20;
        break;
    case 8:
        d->spread_kind = (pm_spread_kind)3;
        break;
    case 9:
        d->latent = NULL;
        break;
    case 10:
        d->state_bytes = 0;
        break;
    case 11:
        d->params_bytes = 8;
        break;
    case 12:
        d->doc = "";
        break;
    default:
        d->name = NULL;
    }
}

static const char *const router_messages[] = {
    "broken.so: pm_router_type.train is NULL (required since 0.1)",
    "broken.so: pm_router_type.load is NULL (required since 0.1)",
    "broken.so: pm_router_type.name is 'Broken-1'; want [a-z][a-z0-9_]*",
    "broken.so: pm_router_type.value_kinds is 0; want at least one bit",
    "broken.so: pm_router_type.value_kinds has unknown bits 0x200",
    "broken.so: pm_router_type.emits is NULL but value_kinds has several bits",
    "broken.so: pm_router_type.size is 40 bytes; want at least",
    "broken.so: pm_router_type.needs has unknown bits 0x100000",
    "broken.so: pm_router_type.spread_kind is 3",
    "broken.so: pm_router_type.latent is NULL but latent_dim is not",
    "broken.so: pm_router_type.state_bytes is 0",
    "broken.so: pm_router_type.params 'scale' lies at offset 8 of a struct of 8 bytes",
    "broken.so: pm_router_type.doc is NULL",
    "broken.so: pm_router_type.name is NULL",
};

START_TEST(router_descriptors)
{
    pm_router_type d;
    break_router(_i, &d);
    pm_status st = add_router(&d);
    ck_assert(st == PM_E_CONTRACT || st == PM_E_ABI);
    ck_says(w.err, router_messages[_i]);
    ck_assert_ptr_null(registry_find(w.registry, PLUGIN_ROUTER, "broken"));
}
END_TEST

START_TEST(other_descriptors)
{
    pm_objective_type o = tool_bandit;
    pm_constraint_type k = tool_learned;
    pm_embedder_type e = tool_letters;
    pm_backend_type b = tool_echo;
    plugin_entry entry = {.kind = PLUGIN_OBJECTIVE, .type.objective = &o};
    o.name = k.name = e.name = b.name = "broken";
    o.build = NULL;
    ck_assert_int_eq(registry_add(w.registry, &entry, &w.err), PM_E_CONTRACT);
    ck_says(w.err, "(in memory): pm_objective_type.build is NULL");
    o = tool_bandit;
    o.name = "broken";
    o.state_bytes = 0;
    ck_assert_int_eq(registry_add(w.registry, &entry, &w.err), PM_E_CONTRACT);
    ck_says(w.err, "pm_objective_type.build is set but state_bytes is 0");
    o = tool_bandit;
    o.name = "broken";
    o.senses = 1u << 9;
    ck_assert_int_eq(registry_add(w.registry, &entry, &w.err), PM_E_CONTRACT);
    ck_says(w.err, "pm_objective_type.senses");
    entry = (plugin_entry){.kind = PLUGIN_CONSTRAINT, .type.constraint = &k};
    k.save = NULL;
    ck_assert_int_eq(registry_add(w.registry, &entry, &w.err), PM_E_CONTRACT);
    ck_says(w.err, "pm_constraint_type has train load but not save");
    k.save = tool_learned.save;
    k.senses = 0;
    ck_assert_int_eq(registry_add(w.registry, &entry, &w.err), PM_E_CONTRACT);
    ck_says(w.err, "pm_constraint_type.senses is 0");
    entry = (plugin_entry){.kind = PLUGIN_EMBEDDER, .type.embedder = &e};
    e.sparse_dim = NULL;
    ck_assert_int_eq(registry_add(w.registry, &entry, &w.err), PM_E_CONTRACT);
    ck_says(w.err, "pm_embedder_type.sparse_dim is NULL but sparse is not");
    entry = (plugin_entry){.kind = PLUGIN_BACKEND, .type.backend = &b};
    b.score = NULL;
    ck_assert_int_eq(registry_add(w.registry, &entry, &w.err), PM_E_CONTRACT);
    ck_says(w.err, "pm_backend_type.score and .ask are both NULL");
    ck_assert_int_eq(add_router(&tool_linear), PM_E_CONTRACT);
    ck_says(w.err, "router 'tool_linear' exists already ((in memory))");
}
END_TEST

/* ---- the list ----------------------------------------------------------------------------------------------- */

START_TEST(sorted_and_found)
{
    size_t n = registry_count(w.registry);
    ck_assert_uint_ge(n, 12);
    for (size_t i = 1; i < n; i++) {
        const plugin_entry *a = registry_at(w.registry, i - 1), *b = registry_at(w.registry, i);
        ck_assert(a->kind < b->kind || (a->kind == b->kind && strcmp(a->name, b->name) < 0));
    }
    ck_assert_ptr_null(registry_at(w.registry, n));
    ck_assert_ptr_null(registry_find(w.registry, PLUGIN_OBJECTIVE, "tool_linear"));
    registry_unknown(w.registry, PLUGIN_ROUTER, "tool_linar", &w.err);
    ck_assert_str_eq(err_text(&w.err), "unknown router 'tool_linar'; did you mean 'tool_linear'?  "
                                       "`pointsman plugins` lists what was found");
    plugin_kind k;
    ck_assert(plugin_kind_parse("routers", &k) && k == PLUGIN_ROUTER);
    ck_assert(plugin_kind_parse("backend", &k) && k == PLUGIN_BACKEND);
    ck_assert(!plugin_kind_parse("route", &k));
}
END_TEST

/* ---- objects on disk: these need the plugins of the build tree ------------------------------------------------- */

static const plugin_entry *built(void)
{
    const plugin_entry *e = registry_find(w.registry, PLUGIN_ROUTER, "prior");
    ck_assert_msg(e != NULL, "the build tree's plugins were not found");
    return e;
}

START_TEST(build_tree_is_found)
{
    const plugin_entry *e = built();
    char hex[65];
    ck_assert_int_eq(sha256_file(e->file, hex, NULL), PM_OK);
    ck_assert_str_eq(plugin_entry_sha256(e), hex);
    ck_assert_str_eq(plugin_entry_sha256(world_plugin(&w, PLUGIN_ROUTER, "tool_best")), "");
    const char *const *folder;
    ck_assert_uint_ge(registry_folders(w.registry, &folder), 1);
}
END_TEST

static pm_status load_bytes(const char *name, const void *bytes, size_t len)
{
    char *path = world_path(&w, name);
    ck_assert_int_eq(io_write(path, bytes, len, NULL), PM_OK);
    err_clear(&w.err);
    return registry_load(w.registry, path, &w.err);
}

static size_t find_table(const str *object)
{
    const uint32_t head[4] = {PM_MAGIC, PM_ABI, sizeof(pm_plugin), sizeof(float)};
    for (size_t at = 0; at + sizeof head <= object->len; at += 4)
        if (memcmp(object->at + at, head, sizeof head) == 0) return at;
    ck_abort_msg("no pm_plugin in the object");
    return 0;
}

static const struct {
    size_t offset;
    uint32_t value;
    const char *message;
} patches[] = {
    {0, 0x12345678, "patched.so: pm_plugin.magic is 0x12345678; want 0x504d414e"},
    {4, 7u << 16, "patched.so: pm_plugin.abi is 7.0; this host speaks 0.3"},
    {4, 1, "patched.so: pm_plugin.abi is 0.1; this host speaks 0.3"},
    {8, 16, "patched.so: pm_plugin.size is 16 bytes; want at least"},
    {12, 8, "patched.so: pm_plugin.real_bytes is 8; want 4"},
};

START_TEST(negotiation)
{
    str object = STR_INIT;
    ck_assert_int_eq(io_read(built()->file, 1 << 24, &object, NULL), PM_OK);
    memcpy(object.at + find_table(&object) + patches[_i].offset, &patches[_i].value, 4);
    ck_assert_int_eq(load_bytes("patched.so", object.at, object.len), PM_E_ABI);
    ck_says(w.err, patches[_i].message);
    const registry_refusal *list;
    size_t n = registry_refusals(w.registry, &list);
    ck_assert_uint_gt(n, 0);
    ck_assert_ptr_nonnull(strstr(list[n - 1].why, patches[_i].message));
    str_close(&object);
}
END_TEST

START_TEST(stray_files)
{
    str object = STR_INIT;
    ck_assert_int_eq(load_bytes("text.so", "hello", 5), PM_E_FORMAT);
    ck_says(w.err, "text.so: is not a shared object");
    ck_assert_int_eq(load_bytes("empty.so", "", 0), PM_E_FORMAT);
    ck_assert_int_eq(registry_load(w.registry, "/no/such.so", &w.err), PM_E_IO);
    ck_assert_int_eq(registry_load(w.registry, w.folder, &w.err), PM_E_FORMAT);
    ck_says(w.err, "is not a regular file");
    ck_assert_int_eq(io_read(built()->file, 1 << 24, &object, NULL), PM_OK);
    for (size_t len = 1; len < object.len; len += 997) {
        char name[32];
        snprintf(name, sizeof name, "cut%zu.so", len);
        ck_assert_int_eq(load_bytes(name, object.at, len), PM_E_FORMAT);
    }
    str_close(&object);
}
END_TEST

START_TEST(earlier_folders_win)
{
    const plugin_entry *e = built();
    char *dir = world_path(&w, "mine"), *sub = world_path(&w, "mine/routers/.libs");
    registry *r;
    str object = STR_INIT;
    ck_assert_int_eq(io_mkdir(sub, NULL), PM_OK);
    ck_assert_int_eq(io_read(e->file, 1 << 24, &object, NULL), PM_OK);
    char *copy = io_join(w.a, sub, "copy.so");
    ck_assert_int_eq(io_write(copy, object.at, object.len, NULL), PM_OK);
    str list = STR_INIT;
    str_printf(&list, "%s:/no/such/folder:%s", dir, dir);
    ck_assert_int_eq(registry_open(str_text(&list), &r, NULL), PM_OK);
    ck_assert_str_eq(registry_find(r, PLUGIN_ROUTER, "prior")->file, copy);
    const registry_refusal *no;
    bool shadowed = false, missing = false;
    for (size_t i = 0, n = registry_refusals(r, &no); i < n; i++) {
        shadowed |= strcmp(no[i].file, e->file) == 0 &&
                    strstr(no[i].why, "is shadowed by") != NULL && strstr(no[i].why, copy) != NULL;
        missing |= strcmp(no[i].file, "/no/such/folder") == 0;
    }
    ck_assert(shadowed && missing);
    registry_close(r);
    str_close(&list);
    str_close(&object);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("registry");
    TCase *t = tcase_create("registry");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, router_descriptors, 0,
                        (int)(sizeof router_messages / sizeof router_messages[0]));
    tcase_add_test(t, other_descriptors);
    tcase_add_test(t, sorted_and_found);
    tcase_add_test(t, build_tree_is_found);
    tcase_add_loop_test(t, negotiation, 0, (int)(sizeof patches / sizeof patches[0]));
    tcase_add_test(t, stray_files);
    tcase_add_test(t, earlier_folders_win);
    suite_add_tcase(s, t);
    return suite_main(s);
}
