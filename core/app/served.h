/* SPDX-License-Identifier: MIT
 *
 * A bundle opened by a verb: the script that its Lua functions come from, the bundle, what is warned of; and the
 * options that say what the objective threshold is to do with it.
 */
#ifndef PM_APP_SERVED_H
#define PM_APP_SERVED_H

#include "app/args.h"
#include "bind/script.h"
#include "plug/asked_model.h"
#include "plug/bundle.h"
#include "plug/calibration.h"
#include "plug/threshold.h"

#define SERVED_SCRIPT_ROWS                                                                         \
    {"script", 0, ARG_TEXT, "FILE", "the script whose Lua functions the bundle was made with"},    \
    {                                                                                              \
        "allow-changed-script", 0, ARG_FLAG, NULL,                                                 \
            "serve even though the script's functions have changed since the run"                  \
    }

#define SERVED_THRESHOLD_ROWS                                                                      \
    {"strong", 0, ARG_TEXT, "EXPERT",                                                              \
     "threshold: the strong expert (default: the bundle's, else "                                  \
     "the best on train)"},                                                                        \
        {"weak", 0, ARG_TEXT, "EXPERT",                                                            \
         "threshold: the weak expert (default: the bundle's, else the "                            \
         "cheapest of the others)"},                                                               \
    {                                                                                              \
        "set", 0, ARG_TEXT, "NAME=VALUE",                                                          \
            "threshold: another of its parameters (repeatable); see "                              \
            "`pointsman plugins objectives/threshold`"                                             \
    }

typedef struct served {
    const verb *v;
    const arg_value *value;
    const plug_env *env;
    script *lua;
    call_ctx *call;
    bundle *bundle;
} served;

/* Opens the bundle of `dir` as the verb's options say; s->v, value and env are given.  Close in any case; the script
 * stays open for the next bundle. */
PM_MUST_USE pm_status served_open(served *s, const char *dir, pm_err *err);
void served_close(served *s);
void served_end(served *s); /* the script too */

/* --strong, --weak and --set as parameters, after those of `first` [n_first], with room for one more: in the arena.
 * Errors  PM_E_ARG: a --set that is no NAME=VALUE. */
PM_MUST_USE pm_status served_params(const served *s, const param_value *first, size_t n_first,
                                    arena *a, param_value **out, size_t *n, pm_err *err);

/* ---- which bundle ------------------------------------------------------------------------------------- */

typedef struct served_list {
    size_t n;
    const char **name, **label, **path; /* [n] folder's name, router's label, folder */
    size_t *dim; /* [n] length of the vectors that prompts must bring; 0: none */
} served_list;

/* The bundles of `dir`: a bundle itself, a run's folder, or a folder of bundles.
 * Errors  PM_E_ARG: it is none of them. */
PM_MUST_USE pm_status served_bundles(const char *dir, arena *a, served_list *out, pm_err *err);

/* The bundle that "router-NAME-ALPHA" means: NAME is a folder's name, or a label that one bundle alone has.
 * Errors  as asked_model_parse; PM_E_ARG: several bundles have that label. */
PM_MUST_USE pm_status served_find(const served_list *l, const char *model, arena *a, size_t *at,
                                  asked_model *out, pm_err *err);

#endif
