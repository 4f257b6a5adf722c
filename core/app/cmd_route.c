/* SPDX-License-Identifier: MIT
 *
 * pointsman route BUNDLE [TEXT|-]: decides with the very router that an experiment measured.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/cmds.h"
#include "app/route_input.h"
#include "app/route_print.h"
#include "base/io.h"
#include "bind/script.h"
#include "plug/bundle.h"

static const arg_row rows[] = {
    {"json", 0, ARG_FLAG, NULL, "one JSON object a prompt"},
    {"explain", 0, ARG_FLAG, NULL,
     "per expert: predicted value, every term, what was masked and why"},
    {"jsonl", 0, ARG_FLAG, NULL,
     "input rows are JSON objects with \"prompt\" or \"turns\" (and \"id\", \"tokens_in\")"},
    {"only", 0, ARG_TEXT, "EXPERT", "serve this expert of the library only (repeatable)"},
    {"weight", 'w', ARG_TEXT, "NAME=N", "use this weight for constraint NAME (repeatable)"},
    {"script", 0, ARG_TEXT, "FILE", "the script whose Lua functions the bundle was made with"},
    {"allow-changed-script", 0, ARG_FLAG, NULL,
     "serve even though the script's functions have changed since the run"},
    {"jobs", 'j', ARG_NUMBER, "N", "threads (default 1)"},
    ARG_END};

static int route_main(int argc, char **argv);

const verb verb_route = {
    "route",
    "BUNDLE [TEXT|-|FILE]",
    1,
    2,
    "route prompts with a measured router",
    "TEXT is one prompt.  With - (or no TEXT and input that is not a "
    "terminal) every line of standard\n"
    "input is a prompt; with --jsonl, every line is a JSON object, and FILE "
    "may be a prompts.jsonl (.gz\n"
    "too; a name ending in .jsonl or .jsonl.gz says --jsonl itself).  Prints "
    "the chosen expert, one a line.\n"
    "With --only, constraints that compare experts (size, price) are scaled over those that are "
    "served: a term may\n"
    "weigh more or less than it did in the experiment; --explain shows it.",
    rows,
    route_main};

typedef struct session {
    const arg_value *value;
    app_env app;
    script *lua;
    call_ctx *call;
    bundle *bundle;
    pipeline_ctx *pipeline;
    pipeline use; /* the bundle's pipeline with --weight applied */
    pipeline_term term[64];
} session;

/* --weight NAME=N replaces the measured weight of a constraint. */
static pm_status apply_weights(session *s, pm_err *err)
{
    const arg_value *given = args_value(&verb_route, s->value, "weight");
    s->use = *bundle_pipeline(s->bundle);
    memcpy(s->term, s->use.term, s->use.n_terms * sizeof *s->term);
    s->use.term = s->term;
    for (size_t i = 0; i < given->n; i++) {
        const char *eq = strchr(given->text[i], '=');
        size_t k = 0;
        double v;
        char extra;
        if (!eq || sscanf(eq + 1, "%lf%c", &v, &extra) != 1 || !(v >= 0) || !isfinite(v))
            return err_set(err, PM_E_ARG,
                           "--weight wants NAME=NUMBER with a finite number >= 0, found '%s'",
                           given->text[i]);
        for (; k < s->use.n_terms; k++)
            if (strlen(s->term[k].name) == (size_t)(eq - given->text[i]) &&
                !strncmp(s->term[k].name, given->text[i], (size_t)(eq - given->text[i])))
                break;
        if (k == s->use.n_terms)
            return err_set(err, PM_E_ARG, "--weight %s: the bundle has no such constraint",
                           given->text[i]);
        s->term[k].weight = v;
    }
    return PM_OK;
}

static pm_status load_script(session *s, pm_err *err)
{
    const char *path = args_text(&verb_route, s->value, "script", NULL);
    str errors = STR_INIT;
    script_options o = {.size = sizeof o, .policies_only = true};
    if (!path) return PM_OK;
    pm_status st = script_open(&s->app.env, path, &o, &s->lua, &errors, err);
    if (st && errors.len) err_set(err, st, "%s", str_text(&errors));
    str_close(&errors);
    return st;
}

/* A folder of `run` given for one of its bundles. */
static pm_status refuse_run(const char *dir, pm_err *err)
{
    arena *a = arena_open(0);
    char **name = NULL;
    pm_status st = PM_OK;
    size_t n = a && !io_exists(io_join(a, dir, "bundle.json")) ? app_bundles(dir, a, &name) : 0;
    str list = STR_INIT;
    for (size_t i = 0; i < n; i++) str_printf(&list, "%s%s", i ? ", " : "", name[i]);
    if (n)
        st = err_set(err, PM_E_ARG, "%s is a run; its bundles are: %s; want %s/bundles/%s", dir,
                     str_text(&list), dir, name[0]);
    str_close(&list);
    arena_close(a);
    return st;
}

static void tell_scales(const session *s)
{
    if (s->use.n_terms)
        fputs("pointsman route: note: constraints that compare experts (size, price) are scaled "
              "over the experts of --only, not as they were measured\n",
              stderr);
}

/* What was measured is what is served, unless the user wants it otherwise. */
static pm_status check_script(const session *s, pm_err *err)
{
    const char *changed = bundle_changed(s->bundle);
    if (!changed) return PM_OK;
    if (!args_given(&verb_route, s->value, "allow-changed-script"))
        return err_set(err, PM_E_STALE, "%s; measure again, or serve with --allow-changed-script",
                       changed);
    fprintf(stderr, "pointsman route: warning: %s\n", changed);
    return PM_OK;
}

static pm_status open_session(session *s, const char *dir, pm_err *err)
{
    const arg_value *only = args_value(&verb_route, s->value, "only");
    pm_status st = refuse_run(dir, err);
    if (!st) st = load_script(s, err);
    if (!st) st = call_ctx_open(&s->app.env, true, &s->call, err);
    if (!st) st = bundle_open(s->call, dir, &s->bundle, err);
    if (!st) st = check_script(s, err);
    if (!st && only->n) st = bundle_serve_only(s->bundle, only->text, only->n, err);
    if (!st) st = apply_weights(s, err);
    if (!st && only->n) tell_scales(s);
    if (!st) st = pipeline_ctx_open(&s->app.env, true, &s->pipeline, err);
    if (!st && bundle_warning(s->bundle))
        fprintf(stderr, "pointsman route: warning: %s\n", bundle_warning(s->bundle));
    return st;
}

static void close_session(session *s)
{
    if (s->pipeline) pipeline_ctx_close(s->pipeline);
    bundle_close(s->bundle);
    call_ctx_close(s->call);
    if (s->lua) script_close(s->lua);
    app_env_close(&s->app);
}

static pm_status route_all(session *s, route_input *in, pm_err *err)
{
    route_print_options o = {args_given(&verb_route, s->value, "json"),
                             args_given(&verb_route, s->value, "explain"),
                             bundle_about(s->bundle)->label};
    for (;;) {
        route_prompt p;
        bool more;
        pm_status st = route_input_next(in, &p, &more, err);
        if (st || !more) return st;
        size_t turns[2] = {0, p.n_turns};
        pm_prompts x = {.size = sizeof x,
                        .n = 1,
                        .id = &p.key,
                        .text = &p.text,
                        .turn = p.turn,
                        .turn_start = p.turn ? turns : NULL,
                        .tokens_in = p.has_tokens ? &p.tokens_in : NULL};
        pipeline_result r;
        st = pipeline_run(&s->use, s->pipeline, &x, &r, err);
        if (st) return p.id ? err_wrap(err, st, "prompt %s", p.id) : st;
        route_print(&s->use, &p, &r, &o, stdout);
        if (app_canceled()) return err_set(err, PM_E_CANCELED, "interrupted");
    }
}

static int route_main(int argc, char **argv)
{
    arg_value value[sizeof rows / sizeof *rows];
    const char *operand[2];
    size_t n;
    int status = args_parse(&verb_route, argc, argv, value, operand, &n);
    if (status != ARGS_GO_ON) return status;
    pm_err err = PM_ERR_INIT;
    session s = {.value = value};
    route_input *in = NULL;
    status = app_env_open(&s.app, args_int(&verb_route, value, "jobs", 1));
    if (status != ARGS_GO_ON) return status;
    pm_status st = open_session(&s, operand[0], &err);
    if (!st)
        st = route_input_open(n > 1 ? operand[1] : NULL, args_given(&verb_route, value, "jsonl"),
                              &in, &err);
    if (!st) st = route_all(&s, in, &err);
    if (in && route_input_repaired(in))
        fprintf(stderr, "pointsman route: note: texts with repaired UTF-8: %zu\n",
                route_input_repaired(in));
    route_input_close(in);
    close_session(&s);
    return st ? app_failed("route", &err) : EXIT_FINE;
}
