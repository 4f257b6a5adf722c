/* SPDX-License-Identifier: MIT
 *
 * Finding the files: a domain for each folder, files at any depth below it.  Symbolic links are not followed, so there are
 * no loops; names that begin with a dot are passed over; folders are read in the order of their sorted names.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "data/corpus_private.h"
#include "data/show.h"

typedef struct place { /* a folder on the way down */
    char **names;
    size_t n, next;
    const char *path; /* of the folder */
    const char *name; /* DOMAIN/path */
} place;

static pm_status join(corpus_reader *r, const char *dir, const char *name, const char **out,
                      pm_err *err)
{
    *out = *dir ? io_join(r->scratch, dir, name) : arena_strdup(r->scratch, name);
    return *out ? PM_OK : corpus_no_memory(r->dir, err);
}

static pm_status add_file(corpus_reader *r, const char *path, const char *name, size_t bytes,
                          pm_err *err)
{
    if (!mem_grow(&r->file, &r->room_files, r->n_files + 1, sizeof *r->file))
        return corpus_no_memory(r->dir, err);
    r->file[r->n_files++] =
        (corpus_file){.path = path, .name = name, .domain = r->n_domains - 1, .bytes = bytes};
    return PM_OK;
}

/* Lists a folder onto the way; one that cannot be read is counted. */
static pm_status enter(corpus_reader *r, place *way, size_t *depth, place at, pm_err *err)
{
    pm_err why = PM_ERR_INIT;
    if (*depth == CORPUS_DEEPEST)
        return corpus_skipped(r, SKIP_UNREADABLE, at.name, "is more than 64 folders deep", err);
    pm_status s = io_list(at.path, r->scratch, &at.names, &at.n, &why);
    if (s == PM_E_IO) return corpus_skipped(r, SKIP_UNREADABLE, at.name, "cannot be listed", err);
    if (s != PM_OK) return corpus_no_memory(r->dir, err);
    way[(*depth)++] = at;
    return PM_OK;
}

static pm_status take_entry(corpus_reader *r, place *way, size_t *depth, const char *name,
                            pm_err *err)
{
    place at = {0};
    struct stat st;
    const place *up = &way[*depth - 1];
    pm_status s = join(r, up->path, name, &at.path, err);
    if (s == PM_OK) s = join(r, up->name, name, &at.name, err);
    if (s != PM_OK) return s;
    if (lstat(at.path, &st) != 0)
        return corpus_skipped(r, SKIP_UNREADABLE, at.name, strerror(errno), err);
    if (S_ISLNK(st.st_mode))
        return corpus_skipped(r, SKIP_LINK, at.name, "is a symbolic link, which is not followed",
                              err);
    if (name[0] == '.') return corpus_skipped(r, SKIP_RULE, at.name, "", err);
    if (S_ISDIR(st.st_mode)) return enter(r, way, depth, at, err);
    if (!S_ISREG(st.st_mode))
        return corpus_skipped(r, SKIP_UNREADABLE, at.name, "is neither a file nor a folder", err);
    return add_file(r, at.path, at.name, (size_t)st.st_size, err);
}

/* All of a domain, without recursion: `way` is the path from its folder to the one at hand. */
static pm_status walk_domain(corpus_reader *r, const char *path, const char *domain, pm_err *err)
{
    place way[CORPUS_DEEPEST];
    size_t depth = 0;
    pm_status s = enter(r, way, &depth, (place){.path = path, .name = domain}, err);
    while (s == PM_OK && depth) {
        place *at = &way[depth - 1];
        if (at->next == at->n)
            depth--;
        else
            s = take_entry(r, way, &depth, at->names[at->next++], err);
    }
    return s;
}

static bool is_domain_name(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f) return false;
    return len && len <= 200 && utf8_valid(name, len, NULL);
}

static pm_status take_domain(corpus_reader *r, const char *name, pm_err *err)
{
    struct stat st;
    const char *path;
    if (name[0] == '.') return PM_OK;
    pm_status s = join(r, r->dir, name, &path, err);
    if (s != PM_OK) return s;
    if (lstat(path, &st) != 0)
        return corpus_skipped(r, SKIP_UNREADABLE, name, strerror(errno), err);
    if (S_ISLNK(st.st_mode))
        return corpus_skipped(r, SKIP_LINK, name, "is a symbolic link, which is not followed", err);
    if (!S_ISDIR(st.st_mode)) {
        if (strcmp(name, CORPUS_CONFIG_FILE) == 0) return PM_OK;
        r->n_beside++;
        return corpus_skipped(r, SKIP_RULE, name, "", err);
    }
    if (!is_domain_name(name)) {
        r->out->counts.domains_left_out++;
        return corpus_note(r, err,
                           "the folder %s is left out: wanted a name in UTF-8 of at most 200 bytes",
                           show_text(pm_str_of(name)).text);
    }
    const char *kept = arena_strdup(r->a, name);
    if (!kept || !mem_grow(&r->domain, &r->room_domains, r->n_domains + 1, sizeof *r->domain))
        return corpus_no_memory(r->dir, err);
    r->domain[r->n_domains++] = (corpus_domain){.name = kept};
    return walk_domain(r, path, kept, err);
}

pm_status corpus_walk(corpus_reader *r, pm_err *err)
{
    char **names;
    size_t n;
    if (!io_is_dir(r->dir))
        return err_set(
            err, PM_E_IO,
            "%s: is not a folder; a corpus is a folder that holds a folder of texts for each "
            "domain (docs/corpora.md)",
            r->dir);
    pm_status s = io_list(r->dir, r->scratch, &names, &n, err);
    for (size_t k = 0; s == PM_OK && k < n; k++) s = take_domain(r, names[k], err);
    return s;
}
