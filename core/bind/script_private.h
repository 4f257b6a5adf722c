/* SPDX-License-Identifier: MIT
 *
 * What the files of this floor share: an open script, and the builder that turns its value into an
 * experiment.
 */
#ifndef PM_BIND_SCRIPT_PRIVATE_H
#define PM_BIND_SCRIPT_PRIVATE_H

#include <pthread.h>

#include "bind/modules.h"
#include "bind/policy.h"
#include "bind/schema.h"
#include "bind/script.h"
#include "bind/state.h"

struct script {
    arena *a;
    const plug_env *env;
    script_options options;
    const char *path;
    state box;
    modules files;
    complaints wrong;
    const node *value;    /* what the script returned */
    pthread_mutex_t lock; /* around every entry of a policy */
    bool has_lock;
    lua_policy **policy; /* [n_policies], each at a fixed address */
    size_t n_policies;
    const node **broken; /* [n_broken] definitions with mistakes: told already */
    size_t n_broken;
    const pm_call *call; /* of the policy that runs now, or NULL */
    uint64_t lending;    /* number of the current entry: what was lent in an earlier one is void */
    arena *scratch;      /* of one entry */
    experiment x;
    bool has_experiment;
    const library *lib;  /* it returns a library, and that was asked for */
    bool wants_embedder; /* it names one, right or wrong */
};

/* ---- builders: all mistakes go to s->wrong; what they return is only used when there are none ---- */

void build_experiment(script *s, const node *v);
void build_data(script *s, const node *v, experiment *x);
void build_split(script *s, const node *whole, experiment *x);
/* Fields of pm.dataset that say which part of the data counts. */
#define DATASET_PART_ROWS                                                                          \
    {"domains", WANT_TEXTS, 0, 0, NULL, false, NULL},                                              \
        {"without", WANT_TEXTS, 0, 0, NULL, false, NULL},                                          \
        {"judges", WANT_TEXTS, 0, 0, NULL, false, NULL},                                           \
        {"join_turns", WANT_FLAG, 0, 0, NULL, false, NULL},                                        \
    {                                                                                              \
        "scores", WANT_TEXT, 0, 0, NULL, false, NULL                                               \
    }
void build_narrowing(script *s, const node *v, dataset_narrowing *out);
/* The folder of a pm.dataset: beside the script, or in $POINTSMAN_DATA; NULL after a complaint. */
const char *build_folder(script *s, const node *v, const char *path);
void build_also(script *s, const node *v, experiment *x);
/* learns and from of a router, into one of its candidates; needs `also`. */
void build_learns(script *s, const node *v, const char *path, const experiment *x,
                  plugin_choice *out);
void build_absent(script *s, experiment *x);                /* last */
void build_corpus(script *s, const node *v, experiment *x); /* pm.corpus */
/* What each expert of pm.library is run by and learns -> *out [n_items]; both are missed where `needed`. */
void build_experts(script *s, const node *lib, bool needed, expert_choice **out);
void build_train_sizes(script *s, const node *v, experiment *x);
/* The fields of every size are those of an experiment; sizes.lua has put the chosen ones in place. */
void build_sizes(script *s, const node *v, const schema_row *rows);
/* v: pm.library, or NULL for "from data"; models: of pm.dataset, or NULL. */
void build_library(script *s, const node *v, const node *models, experiment *x);
void build_library_alone(script *s, const node *v); /* -> s->lib */
/* pair and decontaminate: needs library and embedder. */
void build_pair(script *s, const node *v, experiment *x);
void build_stream(script *s, const node *v, experiment *x);
/* rival: needs the routers. */
void build_rivals(script *s, const node *v, experiment *x);
void build_constraints(script *s, const node *list, experiment *x);
void build_infeasible(script *s, const node *v, experiment *x); /* on_infeasible; after those */
/* A number, pm.grid or pm.sweep -> out->weight [n_weights]; out->at names the constraint. */
bool build_weights(script *s, const node *v, const char *path, constraint_choice *out);
/* Whether v is a weight of that constraint: a number that a float holds, below 0 only where that means something; complains. */
bool build_is_weight(script *s, const node *v, const char *path, const constraint_choice *k);
/* pm.ablation: needs constraints and routers. */
void build_ablation(script *s, const node *v, experiment *x);

/* One plugin without candidates.  `reserved`: fields that are not the plugin's (NULL-terminated, or NULL). */
bool build_plugin(script *s, const node *v, plugin_kind kind, const char *path,
                  const char *const *reserved, plugin_choice *out);
/* The same where pm.grid may stand for a value: one choice for every point of the grid. */
bool build_candidates(script *s, const node *v, plugin_kind kind, const char *path,
                      const char *const *reserved, plugin_choice **out, size_t *n);
/* Labels of results: `label`, else the plugin's name. */
const char *build_label(script *s, const node *v, const char *path, const char *fallback);

const char *spec_text(script *s, const experiment *x); /* canonical JSON in the arena, or NULL */

#endif
