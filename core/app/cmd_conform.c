/* SPDX-License-Identifier: MIT
 *
 * pointsman conform: runs the conformance suite on plugins and prints what failed.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "app/cmds.h"
#include "app/conform.h"

enum { MAX_FILES = 32 };

static const arg_row rows[] = {
    {"json", 0, ARG_FLAG, NULL, "one JSON object a plugin, with every check"},
    {"verbose", 'v', ARG_FLAG, NULL, "print passed and skipped checks too"},
    {"check", 0, ARG_TEXT, "NAME", "run this check and those it stands on"},
    {"list", 0, ARG_FLAG, NULL, "list the checks and stop"},
    {"seed", 's', ARG_NUMBER, "N", "seed of toy data and builds (default 1)"},
    {"here", 0, ARG_FLAG, NULL, "in this process instead of a child: for debuggers"},
    ARG_END};

int cmd_conform(int argc, char **argv);

const verb verb_conform = {
    "conform",
    "[KIND/NAME|FILE.so ...]",
    0,
    MAX_FILES,
    "check plugins against the interface",
    "Builds and uses each plugin on toy data and checks what docs/conformance.md lists: the same\n"
    "seed gives the same bits, permuting experts permutes columns, canceled builds leak nothing "
    "...\n"
    "Without an operand every plugin that was found is checked.  A FILE.so need not be installed.\n"
    "Exit status 0: everything passed; 1: a check failed or a plugin was refused.",
    rows,
    cmd_conform};

typedef struct tally { /* what one plugin came to, and how to print it */
    bool json, verbose;
    size_t passed, failed, skipped;
    str checks; /* JSON */
} tally;

static void print_check(const conform_result *r, bool verbose)
{
    const char *state = r->passed ? "ok" : r->skipped ? "skip" : "FAIL";
    if (verbose || (!r->passed && !r->skipped))
        printf("  %-5s %-22s %s%s", state, r->check, r->why, "\n");
}

static void on_result(void *arg, const plugin_entry *e, const conform_result *r)
{
    tally *t = arg;
    (void)e;
    t->passed += r->passed;
    t->skipped += r->skipped;
    t->failed += !r->passed && !r->skipped;
    if (!t->json) {
        print_check(r, t->verbose);
        return;
    }
    str_puts(&t->checks, t->checks.len ? ", {\"check\": " : "{\"check\": ");
    str_json(&t->checks, r->check, strlen(r->check));
    str_printf(&t->checks, ", \"result\": \"%s\"",
               r->passed    ? "passed"
               : r->skipped ? "skipped"
                            : "failed");
    if (*r->why) {
        str_puts(&t->checks, ", \"why\": ");
        str_json(&t->checks, r->why, strlen(r->why));
    }
    str_puts(&t->checks, "}");
}

static void print_json(const plugin_entry *e, const tally *t)
{
    str out = STR_INIT;
    str_puts(&out, "{\"plugin\": ");
    str_printf(&out, "\"%s/%s\", \"file\": ", plugin_kind_folder(e->kind), e->name);
    str_json(&out, e->file ? e->file : "", e->file ? strlen(e->file) : 0);
    str_printf(&out, ", \"passed\": %zu, \"failed\": %zu, \"skipped\": %zu, \"checks\": [%s]}\n",
               t->passed, t->failed, t->skipped, str_text(&t->checks));
    fputs(str_text(&out), stdout);
    str_close(&out);
}

/* The number of failed checks, or 1 when the suite itself did not run. */
static size_t check_one(conform_options *o, const plugin_entry *e, bool json, bool verbose)
{
    tally t = {json, verbose, 0, 0, 0, STR_INIT};
    pm_err err = PM_ERR_INIT;
    size_t failed = 0;
    o->report = on_result;
    o->arg = &t;
    if (!json) printf("%s/%s  %s\n", plugin_kind_folder(e->kind), e->name, e->file ? e->file : "");
    if (conform_plugin(o, e, &failed, &err) != PM_OK) {
        app_failed("conform", &err);
        failed = 1;
    } else if (json) {
        print_json(e, &t);
    } else {
        printf("  %zu passed, %zu failed, %zu skipped\n", t.passed, t.failed, t.skipped);
    }
    str_close(&t.checks);
    fflush(stdout);
    return failed;
}

static bool is_file(const char *operand)
{
    size_t len = strlen(operand);
    return len > 3 && strcmp(operand + len - 3, ".so") == 0;
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat left, right;
    return stat(a, &left) == 0 && stat(b, &right) == 0 && left.st_dev == right.st_dev &&
           left.st_ino == right.st_ino;
}

/* Why the object was not loaded, or not all of it. */
static size_t print_refusals(const registry *r, const char *path)
{
    const registry_refusal *refusal;
    size_t n = registry_refusals(r, &refusal), told = 0;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(refusal[i].file, path) != 0 && !is_same_file(refusal[i].file, path)) continue;
        fprintf(stderr, "pointsman conform: %s\n", refusal[i].why);
        told++;
    }
    return told;
}

/* Every plugin of one object.  It is loaded first of all, so that it is this file that is checked and not
 * an installed one of the same name. */
static size_t check_file(conform_options *o, const char *path, bool json, bool verbose)
{
    plug_env env = *o->env;
    conform_options mine = *o;
    pm_err err = PM_ERR_INIT;
    registry *r = NULL;
    if (registry_open(path, &r, &err) != PM_OK) {
        app_failed("conform", &err);
        return 1;
    }
    size_t failed = print_refusals(r, path);
    env.registry = r;
    mine.env = &env;
    for (size_t i = 0; i < registry_count(r); i++) {
        const plugin_entry *e = registry_at(r, i);
        if (is_same_file(e->file, path)) failed += check_one(&mine, e, json, verbose);
    }
    registry_close(r);
    return failed;
}

/* "routers/knn" or "router/knn". */
static size_t check_named(conform_options *o, const char *operand, bool json, bool verbose)
{
    char kind_name[32];
    const char *slash = strchr(operand, '/');
    plugin_kind kind;
    size_t len = slash ? (size_t)(slash - operand) : 0;
    if (!slash || len >= sizeof kind_name) {
        fprintf(stderr, "pointsman conform: '%s' is neither KIND/NAME nor FILE.so\n", operand);
        return 1;
    }
    memcpy(kind_name, operand, len);
    kind_name[len] = 0;
    if (!plugin_kind_parse(kind_name, &kind)) {
        fprintf(stderr,
                "pointsman conform: unknown kind '%s'; routers, objectives, constraints, "
                "embedders or backends is wanted\n",
                kind_name);
        return 1;
    }
    const plugin_entry *e = registry_find(o->env->registry, kind, slash + 1);
    if (e) return check_one(o, e, json, verbose);
    pm_err err = PM_ERR_INIT;
    registry_unknown(o->env->registry, kind, slash + 1, &err);
    app_failed("conform", &err);
    return 1;
}

/* What was found on the search path but refused counts as failed, too. */
static size_t check_all(conform_options *o, bool json, bool verbose)
{
    const registry_refusal *refusal;
    size_t failed = 0, refused = registry_refusals(o->env->registry, &refusal);
    for (size_t i = 0; i < registry_count(o->env->registry); i++)
        failed += check_one(o, registry_at(o->env->registry, i), json, verbose);
    for (size_t i = 0; i < refused; i++)
        fprintf(stderr, "pointsman conform: %s was refused: %s\n", refusal[i].file, refusal[i].why);
    return failed + refused;
}

static int list_checks(void)
{
    const char *name;
    for (int k = 0; k < PLUGIN_KINDS; k++) {
        printf("%s\n", plugin_kind_folder((plugin_kind)k));
        for (size_t i = 0; (name = conform_check_name((plugin_kind)k, i)); i++)
            printf("  %-22s %s\n", name, conform_check_doc((plugin_kind)k, i));
    }
    return EXIT_FINE;
}

int cmd_conform(int argc, char **argv)
{
    arg_value value[sizeof rows / sizeof *rows];
    const char *operand[MAX_FILES];
    const verb *v = &verb_conform;
    size_t n, failed = 0;
    app_env app;
    int status = args_parse(v, argc, argv, value, operand, &n);
    if (status != ARGS_GO_ON) return status;
    if (args_given(v, value, "list")) return list_checks();
    status = app_env_open(&app, 1);
    if (status != ARGS_GO_ON) return status;
    bool json = args_given(v, value, "json"), verbose = args_given(v, value, "verbose");
    conform_options o = {.env = &app.env, .isolated = !args_given(v, value, "here")};
    o.seed = (uint64_t)args_number(v, value, "seed", 1);
    o.only = args_text(v, value, "check", NULL);
    for (size_t i = 0; i < n; i++)
        failed += is_file(operand[i]) ? check_file(&o, operand[i], json, verbose)
                                      : check_named(&o, operand[i], json, verbose);
    if (n == 0) failed = check_all(&o, json, verbose);
    app_env_close(&app);
    return failed ? EXIT_FAILED : EXIT_FINE;
}
