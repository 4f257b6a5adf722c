/* SPDX-License-Identifier: MIT
 *
 * The list of plugins: folders are searched in order, the first (kind, name) found wins, every refusal is
 * kept with its reason.  What is checked is in loader.c and descriptor.c.
 */
#include "plug/registry.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/io.h"
#include "plug/descriptor.h"
#include "plug/loader.h"

typedef struct file_id { /* the same object reached by two paths is one object */
    dev_t device;
    ino_t inode;
} file_id;

struct plugin_hash { /* its own lock: entries are shared by routing threads */
    pthread_mutex_t lock;
    char hex[65];
};

struct registry {
    arena *a;
    const plugin_entry **entry; /* sorted by (kind, name) */
    size_t n, capacity;
    registry_refusal *refusal;
    size_t n_refusals, refusal_capacity;
    file_id *seen;
    size_t n_seen, seen_capacity;
    const char **folder;
    size_t n_folders, folder_capacity;
};

static const char *const kind_names[PLUGIN_KINDS][2] = {{"router", "routers"},
                                                        {"objective", "objectives"},
                                                        {"constraint", "constraints"},
                                                        {"embedder", "embedders"},
                                                        {"backend", "backends"}};

const char *plugin_kind_name(plugin_kind k)
{
    return (unsigned)k < PLUGIN_KINDS ? kind_names[k][0] : "plugin";
}

const char *plugin_kind_folder(plugin_kind k)
{
    return (unsigned)k < PLUGIN_KINDS ? kind_names[k][1] : "plugins";
}

bool plugin_kind_parse(const char *name, plugin_kind *out)
{
    for (int k = 0; k < PLUGIN_KINDS; k++) {
        if (strcmp(name, kind_names[k][0]) != 0 && strcmp(name, kind_names[k][1]) != 0) continue;
        *out = (plugin_kind)k;
        return true;
    }
    return false;
}

/* ---- the list ------------------------------------------------------------------------------------ */

static int compare_key(plugin_kind k, const char *name, const plugin_entry *e)
{
    if (k != e->kind) return k < e->kind ? -1 : 1;
    return strcmp(name, e->name);
}

/* Where (k, name) is, or belongs. */
static size_t position(const registry *r, plugin_kind k, const char *name)
{
    size_t lo = 0, hi = r->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (compare_key(k, name, r->entry[mid]) > 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

const plugin_entry *registry_find(const registry *r, plugin_kind k, const char *name)
{
    size_t at = position(r, k, name);
    return at < r->n && compare_key(k, name, r->entry[at]) == 0 ? r->entry[at] : NULL;
}

size_t registry_count(const registry *r)
{
    return r->n;
}

const plugin_entry *registry_at(const registry *r, size_t i)
{
    return i < r->n ? r->entry[i] : NULL;
}

void registry_unknown(const registry *r, plugin_kind k, const char *name, pm_err *err)
{
    const char *names[256];
    size_t n = 0;
    for (size_t i = 0; i < r->n && n < 256; i++)
        if (r->entry[i]->kind == k) names[n++] = r->entry[i]->name;
    const char *near = str_suggest(name, names, n);
    const char *kind = plugin_kind_name(k);
    if (near)
        err_set(err, PM_E_UNSUPPORTED,
                "unknown %s '%.80s'; did you mean '%s'?  `pointsman plugins` lists what was found",
                kind, name, near);
    else
        err_set(err, PM_E_UNSUPPORTED,
                "unknown %s '%.80s'; `pointsman plugins` lists what was found; if it is yours, set "
                "POINTSMAN_PLUGINS to its folder, or `make install` it",
                kind, name);
}

static pm_status refuse(registry *r, const char *file, const char *why)
{
    registry_refusal it = {arena_strdup(r->a, file), arena_strdup(r->a, why)};
    if (!it.file || !it.why ||
        !mem_grow(&r->refusal, &r->refusal_capacity, r->n_refusals + 1, sizeof it))
        return PM_E_MEMORY;
    r->refusal[r->n_refusals++] = it;
    return PM_OK;
}

size_t registry_refusals(const registry *r, const registry_refusal **out)
{
    *out = r->refusal;
    return r->n_refusals;
}

size_t registry_folders(const registry *r, const char *const **out)
{
    *out = r->folder;
    return r->n_folders;
}

static const char *copy(registry *r, const char *text, const char *fallback)
{
    return arena_strdup(r->a, text ? text : fallback);
}

/* Adds a checked entry, or remembers that an earlier one shadows it. */
static pm_status insert(registry *r, const plugin_entry *checked, pm_err *err)
{
    size_t at = position(r, checked->kind, checked->name);
    if (at < r->n && compare_key(checked->kind, checked->name, r->entry[at]) == 0) {
        str why = STR_INIT;
        str_printf(&why, "%s/%s is shadowed by %s", plugin_kind_folder(checked->kind),
                   checked->name, r->entry[at]->file);
        pm_status s = refuse(r, checked->file ? checked->file : "(in memory)", str_text(&why));
        str_close(&why);
        return s == PM_OK ? s : err_set(err, s, "registry is out of memory");
    }
    plugin_entry *e = arena_alloc(r->a, 1, sizeof *e);
    if (!e || !mem_grow(&r->entry, &r->capacity, r->n + 1, sizeof *r->entry))
        return err_set(err, PM_E_MEMORY, "registry is out of memory");
    *e = *checked;
    e->package = copy(r, checked->package, checked->name);
    e->version = copy(r, checked->version, "");
    e->license = copy(r, checked->license, "");
    e->file = copy(r, checked->file, "(in memory)");
    e->hash = arena_alloc(r->a, 1, sizeof *e->hash);
    if (checked->span_sha256) e->span_sha256 = arena_strdup(r->a, checked->span_sha256);
    if (!e->package || !e->version || !e->license || !e->file || !e->hash)
        return err_set(err, PM_E_MEMORY, "registry is out of memory");
    pthread_mutex_init(&e->hash->lock, NULL);
    memmove(&r->entry[at + 1], &r->entry[at], (r->n - at) * sizeof *r->entry);
    r->entry[at] = e;
    r->n++;
    return PM_OK;
}

pm_status registry_add(registry *r, const plugin_entry *entry, pm_err *err)
{
    plugin_entry e = *entry;
    pm_status s = descriptor_check(&e, err);
    if (s != PM_OK)
        return err_wrap(err, s, "%s", e.file ? loader_base_name(e.file) : "(in memory)");
    const plugin_entry *earlier = registry_find(r, e.kind, e.name);
    if (earlier)
        return err_set(err, PM_E_CONTRACT, "%s '%s' exists already (%s)", plugin_kind_name(e.kind),
                       e.name, earlier->file);
    return insert(r, &e, err);
}

void registry_remove(registry *r, const plugin_entry *entry)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->entry[i] != entry) continue;
        pthread_mutex_destroy(&entry->hash->lock);
        memmove(&r->entry[i], &r->entry[i + 1], (r->n - i - 1) * sizeof *r->entry);
        r->n--;
        return;
    }
}

/* ---- one object ------------------------------------------------------------------------------------ */

typedef struct object { /* what all entries of one file share */
    const pm_plugin *plugin;
    const char *path;
} object;

static const void *const *descriptors(const pm_plugin *p, plugin_kind k)
{
    const void *const *list[PLUGIN_KINDS] = {
        (const void *const *)p->routers, (const void *const *)p->objectives,
        (const void *const *)p->constraints, (const void *const *)p->embedders,
        (const void *const *)p->backends};
    return list[k];
}

static plugin_entry entry_of(const object *o, plugin_kind k, const void *descriptor)
{
    plugin_entry e = {.kind = k,
                      .package = o->plugin->name,
                      .version = o->plugin->version,
                      .license = o->plugin->license,
                      .file = o->path};
    switch (k) {
    case PLUGIN_ROUTER:
        e.type.router = descriptor;
        break;
    case PLUGIN_OBJECTIVE:
        e.type.objective = descriptor;
        break;
    case PLUGIN_CONSTRAINT:
        e.type.constraint = descriptor;
        break;
    case PLUGIN_EMBEDDER:
        e.type.embedder = descriptor;
        break;
    default:
        e.type.backend = descriptor;
    }
    return e;
}

/* Two passes: an object with one bad descriptor adds none. */
static pm_status add_object(registry *r, const object *o, pm_err *err)
{
    const char *name = loader_base_name(o->path);
    for (int pass = 0; pass < 2; pass++)
        for (int k = 0; k < PLUGIN_KINDS; k++) {
            const void *const *list = descriptors(o->plugin, (plugin_kind)k);
            for (size_t i = 0; list && list[i]; i++) {
                plugin_entry e = entry_of(o, (plugin_kind)k, list[i]);
                pm_status s = descriptor_check(&e, err);
                if (s != PM_OK) return err_wrap(err, s, "%s", name);
                if (pass == 1) s = insert(r, &e, err);
                if (s != PM_OK) return s;
            }
        }
    return PM_OK;
}

static bool is_seen(registry *r, const struct stat *info)
{
    for (size_t i = 0; i < r->n_seen; i++)
        if (r->seen[i].device == info->st_dev && r->seen[i].inode == info->st_ino) return true;
    return false;
}

pm_status registry_load(registry *r, const char *path, pm_err *err)
{
    struct stat info;
    if (stat(path, &info) == 0) {
        if (is_seen(r, &info)) return PM_OK;
        if (!mem_grow(&r->seen, &r->seen_capacity, r->n_seen + 1, sizeof *r->seen))
            return err_set(err, PM_E_MEMORY, "registry is out of memory");
        r->seen[r->n_seen++] = (file_id){info.st_dev, info.st_ino};
    }
    object o = {NULL, path};
    pm_status s = loader_open(path, &o.plugin, err);
    if (s == PM_OK) s = add_object(r, &o, err);
    if (s != PM_OK && s != PM_E_MEMORY) {
        pm_status kept = refuse(r, path, err ? err_text(err) : pm_status_text(s));
        if (kept != PM_OK) return err_set(err, kept, "registry is out of memory");
    }
    return s;
}

/* ---- the search path -------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), k = strlen(end);
    return n > k && strcmp(text + n - k, end) == 0;
}

/* *.so of `dir`, then its subfolders while `depth` lasts; .libs does not use it up. */
static pm_status scan(registry *r, const char *dir, int depth, pm_err *err)
{
    char **name;
    size_t n;
    pm_err quiet = PM_ERR_INIT; /* an unreadable folder or a bad object does not stop the search */
    if (io_list(dir, r->a, &name, &n, &quiet) != PM_OK) return PM_OK;
    for (size_t i = 0; i < n; i++) {
        const char *path = io_join(r->a, dir, name[i]);
        if (!path) return err_set(err, PM_E_MEMORY, "registry is out of memory");
        bool libs = strcmp(name[i], ".libs") == 0;
        pm_status s = PM_OK;
        if (ends_with(name[i], ".so"))
            s = registry_load(r, path, &quiet);
        else if ((libs || (depth > 0 && name[i][0] != '.')) && io_is_dir(path))
            s = scan(r, path, libs ? 0 : depth - 1, err);
        if (s == PM_E_MEMORY) return err_set(err, s, "registry is out of memory");
    }
    return PM_OK;
}

static pm_status search(registry *r, const char *dir, bool wanted, pm_err *err)
{
    for (size_t i = 0; i < r->n_folders; i++)
        if (strcmp(r->folder[i], dir) == 0) return PM_OK;
    if (!io_is_dir(dir)) {
        pm_err quiet = PM_ERR_INIT; /* a refusal is kept by the registry */
        if (wanted && ends_with(dir, ".so"))
            return registry_load(r, dir, &quiet) == PM_E_MEMORY
                       ? err_set(err, PM_E_MEMORY, "registry is out of memory")
                       : PM_OK;
        /* A folder that somebody named and that is not there is worth a line. */
        if (wanted && refuse(r, dir, "is named in the plugin path but is not a folder") != PM_OK)
            return err_set(err, PM_E_MEMORY, "registry is out of memory");
        return PM_OK;
    }
    const char *kept = arena_strdup(r->a, dir);
    if (!kept || !mem_grow(&r->folder, &r->folder_capacity, r->n_folders + 1, sizeof *r->folder))
        return err_set(err, PM_E_MEMORY, "registry is out of memory");
    r->folder[r->n_folders++] = kept;
    return scan(r, kept, 1, err);
}

static pm_status search_list(registry *r, const char *list, pm_err *err)
{
    while (list && *list) {
        size_t len = strcspn(list, ":");
        if (len > 0) {
            char *dir = arena_strndup(r->a, list, len);
            if (!dir) return err_set(err, PM_E_MEMORY, "registry is out of memory");
            pm_status s = search(r, dir, true, err);
            if (s != PM_OK) return s;
        }
        list += len + (list[len] == ':');
    }
    return PM_OK;
}

static bool has_modules(registry *r, const char *dir, int depth)
{
    char **name;
    size_t n;
    if (io_list(dir, r->a, &name, &n, NULL) != PM_OK) return false;
    for (size_t i = 0; i < n; i++) {
        if (ends_with(name[i], ".la") || strcmp(name[i], ".libs") == 0) return true;
        const char *sub = io_join(r->a, dir, name[i]);
        if (depth > 0 && name[i][0] != '.' && sub && io_is_dir(sub) &&
            has_modules(r, sub, depth - 1))
            return true;
    }
    return false;
}

/* plugins/ of the build tree that the running program lies in, or NULL.  A build tree is a folder above
 * the program with config.status and built modules under plugins/. */
static const char *build_tree(registry *r)
{
    char exe[4096];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0) return NULL;
    exe[n] = '\0';
    for (char *slash = strrchr(exe, '/'); slash && slash != exe; slash = strrchr(exe, '/')) {
        *slash = '\0';
        const char *status = io_join(r->a, exe, "config.status");
        const char *plugins = io_join(r->a, exe, "plugins");
        if (!status || !plugins) return NULL;
        if (io_exists(status) && io_is_dir(plugins))
            return has_modules(r, plugins, 1) ? plugins : NULL;
    }
    return NULL;
}

pm_status registry_open(const char *extra, registry **out, pm_err *err)
{
    *out = NULL;
    registry *r = mem_alloc(1, sizeof *r);
    if (r) r->a = arena_open(0);
    if (!r || !r->a) {
        mem_free(r);
        return err_set(err, PM_E_MEMORY, "registry is out of memory");
    }
    pm_status s = search_list(r, extra, err);
    if (s == PM_OK) s = search_list(r, getenv("POINTSMAN_PLUGINS"), err);
    const char *tree = s == PM_OK ? build_tree(r) : NULL;
    if (tree) s = search(r, tree, false, err);
    const char *home = s == PM_OK ? io_xdg(r->a, IO_DATA_HOME) : NULL;
    const char *user = home ? io_join(r->a, home, "plugins") : NULL;
    if (user) s = search(r, user, false, err);
    if (s == PM_OK) s = search(r, PM_PLUGIN_DIR, false, err);
    if (s != PM_OK) {
        registry_close(r);
        return s;
    }
    *out = r;
    return PM_OK;
}

void registry_close(registry *r)
{
    if (!r) return;
    for (size_t i = 0; i < r->n; i++) pthread_mutex_destroy(&r->entry[i]->hash->lock);
    mem_free(r->entry);
    mem_free(r->refusal);
    mem_free(r->seen);
    mem_free(r->folder);
    arena_close(r->a);
    mem_free(r);
}

const char *plugin_entry_sha256(const plugin_entry *e)
{
    if (e->span_sha256) return e->span_sha256;
    if (!e->hash) return "";
    pthread_mutex_lock(&e->hash->lock);
    if (e->hash->hex[0] == '\0' && e->file[0] != '(' &&
        sha256_file(e->file, e->hash->hex, NULL) != PM_OK)
        e->hash->hex[0] = '\0';
    pthread_mutex_unlock(&e->hash->lock);
    return e->hash->hex;
}
