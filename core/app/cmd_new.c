/* SPDX-License-Identifier: MIT
 *
 * pointsman new: writes the folder of a new plugin, outside of our tree: source, Makefile, README.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/cmds.h"
#include "app/templates.h"
#include "base/io.h"

enum { NAME_MOST = 40, PATH_MOST = 4096 };

static const arg_row rows[] = {ARG_END};

int cmd_new(int argc, char **argv);

const verb verb_new = {
    "new",
    "router|objective|constraint|embedder NAME DIR",
    3,
    3,
    "start a plugin of your own",
    "Writes a small working plugin called NAME into the new or empty folder DIR, with a Makefile:\n"
    "`make` builds it, `make check` runs the conformance suite on it, `make install` copies it to\n"
    "your plugin folder.  NAME is what Lua scripts write: [a-z][a-z0-9_]*.",
    rows,
    cmd_new};

typedef struct plan { /* what is to be written, and what replaces @WORDS@ */
    plugin_kind kind;
    const char *name, *dir;
    char pc_dir[PATH_MOST]; /* the folder of pointsman.pc */
    bool in_build_tree;
    arena *a;
} plan;

/* ---- refusals ------------------------------------------------------------------------------------- */

static pm_status check_kind(const char *word, plugin_kind *out, pm_err *err)
{
    static const char *const known[] = {"router", "objective", "constraint", "embedder"};
    if (plugin_kind_parse(word, out) && *out != PLUGIN_BACKEND) return PM_OK;
    const char *near = str_suggest(word, known, sizeof known / sizeof *known);
    return err_set(err, PM_E_ARG,
                   "'%s' is no kind; router, objective, constraint or embedder is wanted%s%s%s",
                   word, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static pm_status check_name(const char *name, pm_err *err)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (name[len] || name[0] < 'a' || name[0] > 'z')
        return err_set(err, PM_E_ARG,
                       "'%s' is no plugin name; [a-z][a-z0-9_]* is wanted, e.g. my_router", name);
    if (len > NAME_MOST)
        return err_set(err, PM_E_ARG, "the name has %zu letters; at most %d are allowed", len,
                       NAME_MOST);
    return PM_OK;
}

static pm_status check_unused(const plan *p, pm_err *err)
{
    registry *r = NULL;
    pm_status s = registry_open(NULL, &r, err);
    if (s != PM_OK) return s;
    const plugin_entry *e = registry_find(r, p->kind, p->name);
    if (e)
        s = err_set(err, PM_E_ARG, "%s '%s' exists already (%s); choose another name",
                    plugin_kind_name(p->kind), p->name, e->file);
    registry_close(r);
    return s;
}

static pm_status check_dir(const plan *p, pm_err *err)
{
    char **names;
    size_t n = 0;
    if (!*p->dir) return err_set(err, PM_E_ARG, "DIR is empty; the name of a new folder is wanted");
    if (!io_exists(p->dir)) return PM_OK;
    if (!io_is_dir(p->dir))
        return err_set(err, PM_E_ARG, "%s exists and is no folder; a new or empty folder is wanted",
                       p->dir);
    pm_status s = io_list(p->dir, p->a, &names, &n, err);
    if (s == PM_OK && n)
        s = err_set(err, PM_E_ARG, "%s is not empty (%s); a new or empty folder is wanted", p->dir,
                    names[0]);
    return s;
}

/* ---- where pointsman.pc is ----------------------------------------------------------------------- */

/* Above the running program: pointsman-uninstalled.pc of a build tree, or PREFIX/lib/pkgconfig. */
static void find_pc(plan *p)
{
    char exe[PATH_MOST];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    strcpy(p->pc_dir, PM_PKGCONFIG_DIR);
    if (n <= 0) return;
    exe[n] = 0;
    for (char *slash = strrchr(exe, '/'); slash && slash != exe; slash = strrchr(exe, '/')) {
        *slash = 0;
        const char *pc = io_join(p->a, exe, "pointsman-uninstalled.pc");
        if (!pc || !io_exists(pc)) continue;
        p->in_build_tree = true;
        memcpy(p->pc_dir, exe, strlen(exe) + 1);
        return;
    }
}

/* ---- writing --------------------------------------------------------------------------------------- */

/* Appends `line` with @NAME@, @KIND@, @FOLDER@ and @PCDIR@ replaced. */
static void put_line(str *out, const plan *p, const char *line)
{
    const char *const word[][2] = {{"@NAME@", p->name},
                                   {"@KIND@", plugin_kind_name(p->kind)},
                                   {"@FOLDER@", plugin_kind_folder(p->kind)},
                                   {"@PCDIR@", p->pc_dir}};
    while (*line) {
        size_t w = 0, len = 0;
        for (; *line == '@' && w < sizeof word / sizeof *word; w++) {
            len = strlen(word[w][0]);
            if (strncmp(line, word[w][0], len) == 0) break;
        }
        if (*line == '@' && w < sizeof word / sizeof *word) {
            str_puts(out, word[w][1]);
            line += len;
        } else {
            str_put(out, line++, 1);
        }
    }
}

static pm_status write_file(const plan *p, const char *file, const char *const *lines, pm_err *err)
{
    str text = STR_INIT;
    const char *path = io_join(p->a, p->dir, file);
    for (; *lines; lines++) put_line(&text, p, *lines);
    pm_status s = !path || text.failed ? err_set(err, PM_E_MEMORY, "out of memory")
                                       : io_write(path, text.at, text.len, err);
    str_close(&text);
    return s;
}

static pm_status write_all(const plan *p, pm_err *err)
{
    const char *const *const source[] = {template_router_c, template_objective_c,
                                         template_constraint_c, template_embedder_c};
    char file[NAME_MOST + 3];
    snprintf(file, sizeof file, "%s.c", p->name);
    pm_status s = io_mkdir(p->dir, err);
    if (s == PM_OK) s = write_file(p, file, source[p->kind], err);
    if (s == PM_OK) s = write_file(p, "Makefile", template_makefile, err);
    if (s == PM_OK) s = write_file(p, "README.md", template_readme_md, err);
    if (s == PM_OK) s = write_file(p, ".gitignore", template_gitignore, err);
    return s;
}

static void tell(const plan *p)
{
    printf("%s: a %s that works as it is, to be changed into yours\n", p->dir,
           plugin_kind_name(p->kind));
    printf("  cd %s\n  make          # builds %s.so\n", p->dir, p->name);
    printf("  make check    # runs the conformance suite on it\n");
    printf("  make install  # into your plugin folder\n");
    if (p->in_build_tree) printf("The Makefile uses the build tree in %s.\n", p->pc_dir);
}

int cmd_new(int argc, char **argv)
{
    arg_value value[1];
    const char *operand[3];
    size_t n;
    pm_err err = PM_ERR_INIT;
    plan p = {.kind = PLUGIN_ROUTER};
    int status = args_parse(&verb_new, argc, argv, value, operand, &n);
    if (status != ARGS_GO_ON) return status;
    p.name = operand[1];
    p.dir = operand[2];
    p.a = arena_open(0);
    pm_status s = p.a ? PM_OK : err_set(&err, PM_E_MEMORY, "out of memory");
    if (s == PM_OK) s = check_kind(operand[0], &p.kind, &err);
    if (s == PM_OK) s = check_name(p.name, &err);
    if (s == PM_E_ARG) status = EXIT_USAGE; /* mistyped, rather than in the way */
    if (s == PM_OK) s = check_dir(&p, &err);
    if (s == PM_OK) s = check_unused(&p, &err);
    if (s == PM_OK) find_pc(&p);
    if (s == PM_OK) s = write_all(&p, &err);
    if (s == PM_OK) tell(&p);
    arena_close(p.a);
    if (s == PM_OK) return EXIT_FINE;
    app_failed("new", &err);
    return status == EXIT_USAGE ? EXIT_USAGE : EXIT_FAILED;
}
