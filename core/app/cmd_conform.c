/* SPDX-License-Identifier: MIT
 *
 * pointsman conform: runs the conformance suite on plugins and prints what failed.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "app/cmds.h"
#include "app/conform.h"
#include "bind/script.h"

enum { MAX_FILES = 32 };

static const arg_row rows[] = {
    {"json", 0, ARG_FLAG, NULL, "one JSON object a plugin, with every check"},
    {"verbose", 'v', ARG_FLAG, NULL, "print passed and skipped checks too"},
    {"script", 0, ARG_TEXT, "FILE", "a Lua script whose policies are checked"},
    {"check", 0, ARG_TEXT, "NAME", "run this check and those it stands on"},
    {"list", 0, ARG_FLAG, NULL, "list the checks and stop"},
    {"set", 0, ARG_TEXT, "NAME=VALUE",
     "a parameter of the one plugin that is checked; may be repeated"},
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
    "Without an operand every plugin that was found is checked; with --script, those that the "
    "script\n"
    "makes of Lua functions.  A FILE.so need not be installed.\n"
    "Exit status 0: everything passed; 1: a check failed or a plugin was refused.",
    rows,
    cmd_conform};

typedef struct style { /* how results are printed */
    bool as_json, verbose;
} style;

typedef struct tally { /* what one plugin came to */
    style how;
    size_t passed, failed, skipped;
    str checks; /* JSON */
} tally;

static void print_check(const conform_result *r, bool verbose)
{
    const char *state = r->passed ? "ok" : r->skipped ? "skip" : "FAIL";
    if (!verbose && (r->passed || r->skipped)) return;
    printf("  %-5s %s", state, r->check);
    if (*r->why)
        printf("%*s%s", strlen(r->check) < 22 ? (int)(23 - strlen(r->check)) : 1, "", r->why);
    printf("\n");
}

static void on_result(void *arg, const plugin_entry *e, const conform_result *r)
{
    tally *t = arg;
    (void)e;
    t->passed += r->passed;
    t->skipped += r->skipped;
    t->failed += !r->passed && !r->skipped;
    if (!t->how.as_json) {
        print_check(r, t->how.verbose);
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
static size_t check_one(conform_options *o, const plugin_entry *e, style how)
{
    tally t = {how, 0, 0, 0, STR_INIT};
    pm_err err = PM_ERR_INIT;
    size_t failed = 0;
    o->report = on_result;
    o->arg = &t;
    if (!how.as_json)
        printf("%s/%s  %s\n", plugin_kind_folder(e->kind), e->name, e->file ? e->file : "");
    if (conform_plugin(o, e, &failed, &err) != PM_OK) {
        app_failed("conform", &err);
        failed = 1;
    } else if (how.as_json) {
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
static size_t check_file(conform_options *o, const char *path, style how)
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
        if (is_same_file(e->file, path)) failed += check_one(&mine, e, how);
    }
    registry_close(r);
    return failed;
}

/* "routers/knn" or "router/knn": the kind; the name follows the slash. */
static bool parse_kind(const char *operand, plugin_kind *out)
{
    char kind_name[32];
    const char *slash = strchr(operand, '/');
    size_t len = slash ? (size_t)(slash - operand) : 0;
    if (!slash || !slash[1] || len >= sizeof kind_name) return false;
    memcpy(kind_name, operand, len);
    kind_name[len] = 0;
    return plugin_kind_parse(kind_name, out);
}

static size_t check_named(conform_options *o, const char *operand, style how)
{
    plugin_kind kind = PLUGIN_ROUTER;
    const char *name = strchr(operand, '/') + 1;
    parse_kind(operand, &kind);
    const plugin_entry *e = registry_find(o->env->registry, kind, name);
    if (e) return check_one(o, e, how);
    pm_err err = PM_ERR_INIT;
    registry_unknown(o->env->registry, kind, name, &err);
    app_failed("conform", &err);
    return 1;
}

/* What was found on the search path but refused counts as failed, too. */
static size_t check_all(conform_options *o, style how)
{
    const registry_refusal *refusal;
    size_t failed = 0, refused = registry_refusals(o->env->registry, &refusal);
    for (size_t i = 0; i < registry_count(o->env->registry); i++)
        failed += check_one(o, registry_at(o->env->registry, i), how);
    for (size_t i = 0; i < refused; i++)
        fprintf(stderr, "pointsman conform: %s was refused: %s\n", refusal[i].file, refusal[i].why);
    return failed + refused;
}

/* What the script made of Lua functions; none is a mistake. */
static size_t check_scripted(conform_options *o, style how)
{
    size_t failed = 0, found = 0;
    for (size_t i = 0; i < registry_count(o->env->registry); i++) {
        const plugin_entry *e = registry_at(o->env->registry, i);
        if (!e->is_scripted) continue;
        found++;
        failed += check_one(o, e, how);
    }
    if (!found) fprintf(stderr, "pointsman conform: the script makes no policy of Lua functions\n");
    return found ? failed : 1;
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

typedef struct request { /* what was asked for on the command line */
    arg_value value[sizeof rows / sizeof *rows];
    const char *operand[MAX_FILES];
    size_t n;
    style how;
} request;

static bool operands_are_sane(const request *q)
{
    plugin_kind kind;
    if (args_given(&verb_conform, q->value, "set") && q->n != 1) {
        fprintf(stderr, "pointsman conform: --set is for one plugin; name it, as in "
                        "`pointsman conform backends/ngram --set order=3`\n");
        return false;
    }
    for (size_t i = 0; i < q->n; i++) {
        if (is_file(q->operand[i]) || parse_kind(q->operand[i], &kind)) continue;
        fprintf(stderr,
                "pointsman conform: want KIND/NAME or FILE.so, found '%s'; kinds are routers, "
                "objectives, constraints, embedders, backends\n",
                q->operand[i]);
        return false;
    }
    return true;
}

static size_t check_asked(const request *q, conform_options *o)
{
    size_t failed = 0;
    for (size_t i = 0; i < q->n; i++)
        failed += is_file(q->operand[i]) ? check_file(o, q->operand[i], q->how)
                                         : check_named(o, q->operand[i], q->how);
    if (q->n) return failed;
    bool scripted = args_given(&verb_conform, q->value, "script");
    return scripted ? check_scripted(o, q->how) : check_all(o, q->how);
}

/* Adds the script's policies to the registry; *out is NULL when no script was given. */
static pm_status open_script(const request *q, const plug_env *env, script **out, pm_err *err)
{
    const char *path = args_text(&verb_conform, q->value, "script", NULL);
    script_options o = {.size = sizeof o, .policies_only = true};
    str errors = STR_INIT;
    *out = NULL;
    if (!path) return PM_OK;
    pm_status s = script_open(env, path, &o, out, &errors, err);
    if (s != PM_OK && errors.len) err_set(err, s, "%s", str_text(&errors));
    str_close(&errors);
    return s;
}

int cmd_conform(int argc, char **argv)
{
    request q;
    const verb *v = &verb_conform;
    app_env app;
    script *lua = NULL;
    pm_err err = PM_ERR_INIT;
    int status = args_parse(v, argc, argv, q.value, q.operand, &q.n);
    if (status != ARGS_GO_ON) return status;
    if (args_given(v, q.value, "list")) return list_checks();
    if (!operands_are_sane(&q)) return EXIT_USAGE;
    status = app_env_open(&app, 1);
    if (status != ARGS_GO_ON) return status;
    q.how.as_json = args_given(v, q.value, "json");
    q.how.verbose = args_given(v, q.value, "verbose");
    conform_options o = {.env = &app.env, .isolated = !args_given(v, q.value, "here")};
    o.seed = (uint64_t)args_number(v, q.value, "seed", 1);
    o.only = args_text(v, q.value, "check", NULL);
    o.set = args_value(v, q.value, "set")->text;
    o.n_sets = args_value(v, q.value, "set")->n;
    if (open_script(&q, &app.env, &lua, &err) != PM_OK)
        status = app_failed("conform", &err);
    else
        status = check_asked(&q, &o) ? EXIT_FAILED : EXIT_FINE;
    if (lua) script_close(lua);
    app_env_close(&app);
    return status;
}
