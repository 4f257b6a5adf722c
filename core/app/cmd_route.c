/* SPDX-License-Identifier: MIT
 *
 * pointsman route BUNDLE [TEXT|-]: decides with the very router that an experiment measured.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/cmds.h"
#include "app/route_flags.h"
#include "app/route_input.h"
#include "app/route_overrides.h"
#include "app/route_print.h"
#include "app/served.h"
#include "base/hash.h"
#include "base/io.h"
#include "plug/flags_route.h"

static const arg_row rows[] = {
    {"json", 0, ARG_FLAG, NULL, "one JSON object a prompt"},
    {"explain", 0, ARG_FLAG, NULL,
     "per expert: predicted value, every term, what was masked and why"},
    {"jsonl", 0, ARG_FLAG, NULL,
     "input rows are JSON objects with \"prompt\" or \"turns\" (and \"id\", \"tokens_in\", "
     "\"attributes\", \"embedding\")"},
    {"only", 0, ARG_TEXT, "EXPERT", "serve this expert of the library only (repeatable)"},
    {"weight", 'w', ARG_TEXT, "NAME=N", "use this weight for constraint NAME (repeatable)"},
    {"bound", 0, ARG_TEXT, "NAME=N",
     "use this bound for the hard or budget constraint NAME (repeatable)"},
    {"on-infeasible", 0, ARG_TEXT, "HOW",
     "for prompts that hard constraints leave nobody: error, relax, relax=NAME,NAME or "
     "fallback=EXPERT"},
    {"flags", 0, ARG_TEXT, "error|warn|off",
     "flags in prompts ([flag: small model], --size=0.3): one that is not understood is an error, "
     "or told and left out; off: not looked at (default: as the experiment had it)"},
    {"model", 'm', ARG_TEXT, "NAME",
     "router-NAME-ALPHA: the strong expert iff P(strong beats weak) >= ALPHA; router-NAME: at the "
     "calibrated alpha"},
    SERVED_THRESHOLD_ROWS,
    SERVED_SCRIPT_ROWS,
    {"jobs", 'j', ARG_NUMBER, "N", "threads (default 1)"},
    ARG_END};

static int route_main(int argc, char **argv);

const verb verb_route = {
    "route",
    "BUNDLE|RUN [TEXT|-|FILE]",
    1,
    2,
    "route prompts with a measured router",
    "TEXT is one prompt.  With - (or no TEXT and input that is not a "
    "terminal) every line of standard\n"
    "input is a prompt; with --jsonl, every line is a JSON object, and FILE "
    "may be a prompts.jsonl (.gz\n"
    "too; a name ending in .jsonl or .jsonl.gz says --jsonl itself).  Prints "
    "the chosen expert, one a line.\n"
    "A bundle of an experiment with embedder = \"given\" wants \"embedding\": [numbers] in every "
    "row, by the embedding\n"
    "model of the experiment's data.\n"
    "With --model, BUNDLE may be a run or a folder of bundles, and NAME the name of a bundle or of "
    "its router.  The "
    "objective\n"
    "threshold then decides, with this alpha and the bundle's own other parameters.\n"
    "With --only, constraints that compare experts (size, price) are scaled over those that are "
    "served: a term may\n"
    "weigh more or less than it did in the experiment; --explain shows it.",
    rows,
    route_main};

typedef struct session {
    const arg_value *value;
    app_env app;
    arena *a;
    served on;
    threshold *model; /* of --model */
    pipeline_ctx *pipeline;
    flags *words;
    flags_route *flags; /* NULL: prompts pass as they are */
    pipeline use;       /* the bundle's pipeline with --weight applied */
    pipeline_term term[64];
} session;

/* What replaces the measured weights, bounds and way out. */
static pm_status apply_overrides(session *s, pm_err *err)
{
    const arg_value *weight = args_value(&verb_route, s->value, "weight");
    const arg_value *bound = args_value(&verb_route, s->value, "bound");
    const char *how = args_text(&verb_route, s->value, "on-infeasible", NULL);
    pm_status st = PM_OK;
    s->use = *bundle_pipeline(s->on.bundle);
    s->use.advice = "--on-infeasible relax or --on-infeasible fallback=EXPERT";
    s->use.explain = args_given(&verb_route, s->value, "explain");
    memcpy(s->term, s->use.term, s->use.n_terms * sizeof *s->term);
    s->use.term = s->term;
    for (size_t i = 0; i < weight->n && !st; i++)
        st = route_set_weight(&s->use, s->term, weight->text[i], err);
    for (size_t i = 0; i < bound->n && !st; i++)
        st = route_set_bound(&s->use, s->term, bound->text[i], err);
    if (!st && how) st = route_set_infeasible(&s->use, how, s->a, err);
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

/* The measured fallback may not be among the experts of --only. */
static pm_status check_fallback(const session *s, pm_err *err)
{
    const char *id = s->use.infeasible.fallback;
    if (s->use.infeasible.policy != INFEASIBLE_FALLBACK) return PM_OK;
    for (size_t j = 0; j < s->use.lib->n; j++)
        if (strcmp(s->use.lib->expert[j]->id, id) == 0) return PM_OK;
    return err_set(err, PM_E_ARG,
                   "the fallback expert \"%s\" is not among those of --only; serve it too, or say "
                   "--on-infeasible",
                   id);
}

static void tell_scales(const session *s)
{
    if (s->use.n_terms)
        fputs("pointsman route: note: constraints that compare experts (size, price) are scaled "
              "over the experts of --only, not as they were measured\n",
              stderr);
}

/* A parameter by name in what was given; NULL: not there. */
static const char *given_text(const param_value *p, size_t n, const char *name)
{
    for (size_t k = n; k-- > 0;)
        if (strcmp(p[k].name, name) == 0 && p[k].kind == PARAM_TEXT) return p[k].text;
    return NULL;
}

/* An alpha means the experts that it was calibrated for. */
static pm_status same_pair(const session *s, const param_value *kept, size_t n, pm_err *err)
{
    static const char *const who[] = {"strong", "weak"};
    if (args_given(&verb_route, s->value, "set"))
        return err_set(err, PM_E_ARG,
                       "--set changes what alpha was calibrated for: name an alpha, or calibrate "
                       "again");
    for (size_t k = 0; k < 2; k++) {
        const char *had = given_text(kept, n, who[k]);
        const char *want = args_text(&verb_route, s->value, who[k], had ? had : "");
        if (strcmp(want, had ? had : "") != 0)
            return err_set(err, PM_E_ARG,
                           "alpha was calibrated for %s = \"%s\", not \"%s\": name an alpha, or "
                           "calibrate again",
                           who[k], had ? had : "", want);
    }
    return PM_OK;
}

/* The parameters that were calibrated, if any were. */
static pm_status kept_params(const session *s, const char *dir, bool needed, param_value **kept,
                             size_t *n, pm_err *err)
{
    calibration c;
    pm_err ignored = PM_ERR_INIT;
    *n = 0;
    pm_status st = calibration_read(dir, s->a, &c, needed ? err : &ignored);
    if (st && !needed) return PM_OK;
    return st ? st : threshold_given(c.objective, strlen(c.objective), s->a, kept, n, err);
}

static void tell_model(const session *s)
{
    const char *was = objective_plugin(bundle_pipeline(s->on.bundle)->decide)->name;
    double alpha = threshold_alpha(s->model), measured = threshold_measured(s->model);
    if (isnan(measured))
        fprintf(stderr,
                "pointsman route: note: measured with objective \"%s\"; \"threshold\" decides in "
                "its place at alpha %.5f\n",
                was, alpha);
    else if (alpha < measured || alpha > measured)
        fprintf(stderr, "pointsman route: note: alpha is %.5f; measured with %.5f\n", alpha,
                measured);
    if (threshold_dropped(s->model))
        fprintf(stderr,
                "pointsman route: note: soft constraints of objective \"%s\" are left out: %zu\n",
                was, threshold_dropped(s->model));
}

static pm_status apply_model(session *s, const char *dir, const asked_model *m, pm_err *err)
{
    param_value *kept = NULL, *all;
    size_t n_kept, n;
    pm_status st = kept_params(s, dir, !m->has_alpha, &kept, &n_kept, err);
    if (!st && !m->has_alpha) st = same_pair(s, kept, n_kept, err);
    if (!st) st = served_params(&s->on, kept, n_kept, s->a, &all, &n, err);
    if (st) return st;
    if (m->has_alpha)
        all[n++] = (param_value){.name = "alpha", .kind = PARAM_NUMBER, .number = m->alpha};
    st = threshold_open(s->on.call, &s->use, all, n, &s->model, err);
    if (st) return st;
    s->use = *threshold_pipeline(s->model);
    tell_model(s);
    return PM_OK;
}

/* The bundle that is meant: DIR itself, or the one that --model names. */
static pm_status find_bundle(session *s, const char **dir, asked_model *m, pm_err *err)
{
    const char *model = args_text(&verb_route, s->value, "model", NULL);
    served_list list;
    size_t at;
    if (!model) return refuse_run(*dir, err);
    pm_status st = served_bundles(*dir, s->a, &list, err);
    if (!st) st = served_find(&list, model, s->a, &at, m, err);
    if (!st) *dir = list.path[at];
    return st;
}

static pm_status open_flags(session *s, pm_err *err)
{
    flag_policy how = bundle_about(s->on.bundle)->flags;
    const char *want = args_text(&verb_route, s->value, "flags", NULL);
    if (want && !flag_policy_find(want, &how))
        return err_set(err, PM_E_ARG, "--flags wants error, warn or off, found '%s'", want);
    if (how == FLAGS_OFF) return PM_OK;
    pm_status st = flags_of(&s->use, &s->words, err);
    return st ? st : flags_route_open(s->words, how, &s->flags, err);
}

static pm_status open_session(session *s, const char *dir, pm_err *err)
{
    const arg_value *only = args_value(&verb_route, s->value, "only");
    asked_model model = {0};
    s->on = (served){.v = &verb_route, .value = s->value, .env = &s->app.env};
    s->a = arena_open(0);
    if (!s->a) return err_set(err, PM_E_MEMORY, "out of memory");
    pm_status st = find_bundle(s, &dir, &model, err);
    if (!st) st = served_open(&s->on, dir, err);
    if (!st && only->n) st = bundle_serve_only(s->on.bundle, only->text, only->n, err);
    if (!st) st = apply_overrides(s, err);
    if (!st) st = check_fallback(s, err);
    if (!st && args_given(&verb_route, s->value, "model")) st = apply_model(s, dir, &model, err);
    if (!st && only->n) tell_scales(s);
    if (!st) st = open_flags(s, err);
    if (!st) st = pipeline_ctx_open(&s->app.env, true, &s->pipeline, err);
    return st;
}

static void close_session(session *s)
{
    if (s->pipeline) pipeline_ctx_close(s->pipeline);
    flags_route_close(s->flags);
    flags_close(s->words);
    threshold_close(s->model);
    served_end(&s->on);
    arena_close(s->a);
    app_env_close(&s->app);
}

/* Flags out of the prompt: what remains is what is routed, and what names it where it has no id. */
static pm_status read_flags(session *s, route_prompt *p, flags_result *said, pm_err *err)
{
    *said = (flags_result){.text = p->text, .turn = p->turn, .n_turns = p->n_turns};
    if (!s->flags) return PM_OK;
    pm_status st = flags_route_next(s->flags, p->text, p->turn, p->n_turns, &s->use, said, err);
    if (st) return err_wrap(err, st, "flag");
    route_flags_tell(s->words, said, p->id);
    p->text = said->text;
    p->turn = said->turn;
    if (!p->id) p->key = fnv1a(p->text.ptr, p->text.len);
    return PM_OK;
}

static pm_status route_one(session *s, route_prompt *p, route_print_options *o, pm_err *err)
{
    size_t turns[2] = {0, p->n_turns}, dim = s->use.given_dim;
    flags_result said;
    pipeline_result r;
    pm_status st = read_flags(s, p, &said, err);
    pm_prompts x = {.size = sizeof x,
                    .n = 1,
                    .id = &p->key,
                    .text = &p->text,
                    .embed = {p->vector, p->vector ? 1 : 0, dim, dim},
                    .turn = p->turn,
                    .turn_start = p->turn ? turns : NULL,
                    .tokens_in = p->has_tokens ? &p->tokens_in : NULL,
                    .attr = p->attr ? &p->attr : NULL,
                    .n_attr = p->attr ? &p->n_attr : NULL};
    if (!st) st = pipeline_run(&s->use, s->pipeline, &x, &r, err);
    if (st) return p->id ? err_wrap(err, st, "prompt %s", p->id) : st;
    o->words = s->flags ? s->words : NULL;
    o->said = &said;
    o->cut = pipeline_cut(s->pipeline);
    if (o->cut.texts_cut)
        fprintf(stderr,
                "pointsman route: note: %s%s%sthe prompt was cut: %llu of its %llu tokens were not "
                "read\n",
                p->id ? "prompt " : "", p->id ? p->id : "", p->id ? ": " : "",
                (unsigned long long)o->cut.tokens_cut, (unsigned long long)o->cut.tokens);
    route_print(&s->use, p, &r, o, stdout);
    return pipeline_observe(&s->use, s->pipeline, &x, &r, err);
}

static pm_status route_all(session *s, route_input *in, pm_err *err)
{
    route_print_options o = {.json = args_given(&verb_route, s->value, "json"),
                             .explain = args_given(&verb_route, s->value, "explain"),
                             .label = bundle_about(s->on.bundle)->label,
                             .model = args_text(&verb_route, s->value, "model", NULL),
                             .alpha = s->model ? threshold_alpha(s->model) : (double)NAN};
    for (;;) {
        route_prompt p;
        bool more;
        pm_status st = route_input_next(in, &p, &more, err);
        if (st || !more) return st;
        st = route_one(s, &p, &o, err);
        if (st) return st;
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
    static const char *const of_model[] = {"strong", "weak", "set"};
    for (size_t k = 0; k < 3; k++)
        if (args_given(&verb_route, value, of_model[k]) &&
            !args_given(&verb_route, value, "model")) {
            fprintf(stderr, "pointsman route: --%s goes with --model only\n", of_model[k]);
            return EXIT_USAGE;
        }
    pm_err err = PM_ERR_INIT;
    session s = {.value = value};
    route_input *in = NULL;
    status = app_env_open(&s.app, args_int(&verb_route, value, "jobs", 1));
    if (status != ARGS_GO_ON) return status;
    pm_status st = open_session(&s, operand[0], &err);
    if (!st)
        st = route_input_open(n > 1 ? operand[1] : NULL, args_given(&verb_route, value, "jsonl"),
                              s.use.given_dim, &in, &err);
    if (!st) st = route_all(&s, in, &err);
    if (in && route_input_repaired(in))
        fprintf(stderr, "pointsman route: note: texts with repaired UTF-8: %zu\n",
                route_input_repaired(in));
    route_input_close(in);
    close_session(&s);
    return st ? app_failed("route", &err) : EXIT_FINE;
}
