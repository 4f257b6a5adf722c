/* SPDX-License-Identifier: MIT
 *
 * An experiment as plain data (what bind/ makes of a Lua script), and running it: data -> split -> embed ->
 * train -> predict -> decide -> measure -> rows, bundles.  Every expensive piece is a job keyed by the content
 * hash of all that it depends on; finished jobs are taken from the store, so interrupted runs resume.
 */
#ifndef PM_EVAL_EXPERIMENT_H
#define PM_EVAL_EXPERIMENT_H

#include "data/corpus.h"
#include "data/narrow.h"
#include "data/split.h"
#include "eval/metrics.h"
#include "eval/store.h"
#include "plug/call.h"
#include "plug/flags.h"
#include "plug/params.h"
#include "plug/pipeline.h"

/* What a router learns from.  Battles are those of the data's training part and of `also`; labels are the outcomes of
 * the training part: as values, and as battles between every two experts for routers that read battles. */
enum {
    LEARNS_BATTLES = 1u,
    LEARNS_LABELS = 2u,
    LEARNS_BOTH = 3u,
    LEARNS_LABEL_BATTLES = 4u, /* labels as battles alone, whatever else the router could read */
    LEARNS_OTHERS = 8u /* what `also` gives, labels included, and nothing of the data itself */
};

typedef struct plugin_choice { /* a plugin with its parameters, from one place of a script */
    const plugin_entry *plugin;
    const void *params;      /* built */
    const char *params_json; /* canonical */
    const char *params_key;  /* the same with models as their hashes, for keys; NULL: params_json */
    const char *label;       /* name in results */
    const char *where;       /* "file:line" */
    unsigned learns;         /* of a router: LEARNS_*, 0: what suits it (exp_learns) */
    unsigned from;           /* of a router: a bit for each of `also` that it learns from; 0: all */
} plugin_choice;

typedef struct router_choice {
    plugin_choice at;               /* the first (or only) candidate */
    const plugin_choice *candidate; /* pm.grid: searched on the tuning part; n <= 1: no search */
    size_t n_candidates;
    bool is_rival; /* differences are reported against it (experiment.rival orders several) */
} router_choice;

typedef struct model_name { /* what a model of other data is called here */
    const char *theirs, *ours;
} model_name;

typedef struct also_choice { /* other data whose battles routers learn from, too */
    const char *label;
    const char *dir;    /* never NULL in a built experiment; or a file, which is imported once */
    const char *format; /* of such a file: name of an importer */
    dataset_narrowing narrow;
    const model_name *
        name; /* [n_names]; models not named keep their name and join as experts that are not served */
    size_t n_names;
    bool
        labels; /* its outcomes count too, as values and as battles, for routers that learn from others alone */
    const char *where;
} also_choice;

typedef struct constraint_choice {
    plugin_choice at;
    pm_sense sense;
    const double *weight; /* [n_weights] pm.sweep; the grid of points is their product */
    size_t n_weights;
    double bound; /* hard and budget */
    const pm_phrase *
        phrases; /* words of flags in place of the plugin's; text == NULL ends; NULL: the plugin's */
} constraint_choice;

typedef struct infeasible_choice { /* what to do for a prompt that hard constraints leave nobody */
    infeasible_policy policy;
    const size_t *relax; /* [n_relax] constraints to be given up, in this order */
    size_t n_relax;
    const char *fallback; /* id of an expert */
    const char *where;
} infeasible_choice;

typedef struct stream_choice { /* objectives that learn between decisions: experiment_stream.c */
    bool is_given;
    double prefix; /* share of the prompts, first to arrive, that the objective is built from */
    size_t orders; /* shuffles of the test part */
    uint64_t seed;
} stream_choice;

typedef struct expert_choice { /* an expert that is trained from the corpus and run */
    plugin_choice backend;
    corpus_mix mix;
} expert_choice;

typedef struct
    published_score { /* two-model scores that somebody else printed: shown beside ours, marked as such */
    const char *label;
    double apgr, cpt50, cpt80; /* NaN: not printed */
} published_score;

typedef struct experiment {
    const char *name, *asks; /* identifier; the question in words */
    const char *script, *script_sha256;
    const char *spec_json; /* canonical, complete: sorted keys, params, hashes of functions */
    const uint64_t *seed;
    size_t n_seeds;
    const char *data_dir;     /* a dataset; with `corpus`, the corpus' folder */
    dataset_narrowing narrow; /* of the dataset */
    const also_choice *also;
    size_t n_also;
    const char
        *skipped; /* what was left out because its data were not given, in words; NULL: nothing */
    const char *strong, *weak; /* the pair of two-model scores (ids of experts), or NULL both */
    const published_score *published;
    size_t n_published;
    const char *published_by; /* their source */
    bool of_battles;          /* measured on the battles of the test part, not on outcomes */
    double
        decontaminate; /* test prompts with a training prompt at this cosine or above are dropped; 0: none */
    bool given_vectors; /* the dataset's own embeddings instead of an embedder */
    double min_known;   /* dataset_pool; 0.98 */
    /* NULL: recorded data.  Else every seed draws its own documents, trains the experts anew and measures them. */
    const corpus_spec *corpus;
    const expert_choice *expert; /* [lib->n] with corpus; else NULL */
    const size_t
        *train_size; /* learning curves: routers trained on so many prompts too; ascending */
    size_t n_train_sizes;
    split_spec split;
    const library *lib;         /* NULL: the dataset's models; else ids must be among its models */
    const plugin_choice *embed; /* NULL: none */
    const plugin_choice *backend; /* NULL: outcomes straight from the dataset */
    const router_choice *router;
    size_t n_routers;
    const char *const
        *rival; /* labels of routers and baselines, the first first; NULL: the marked routers */
    size_t n_rivals;
    const constraint_choice *constraint;
    size_t n_constraints;
    plugin_choice objective;
    infeasible_choice infeasible;
    flag_policy flags;
    stream_choice stream;
    const struct ablation_choice *ablation; /* experiment_ablation.c; NULL: none */
    bootstrap_spec bootstrap;
    double delta;     /* within_delta */
    bool is_scripted; /* some part is made of Lua functions */
} experiment;

typedef struct run_options {
    uint32_t size;
    const char *out_dir;                                        /* the store */
    bool fresh;                                                 /* ignore finished jobs */
    const char *only;                                           /* one router label, or NULL */
    void (*progress)(void *arg, const char *what, double done); /* NULL: silent */
    void *progress_arg;
} run_options;

typedef struct run_summary { /* in the caller's arena */
    const char *key;         /* of the run in the store */
    const char *dir;         /* OUT/runs/NAME-KEY8: summary.txt, summary.json, bundles/LABEL/ */
    const char *table;       /* the summary table as text */
    size_t jobs_done, jobs_reused;
    double seconds;
} run_summary;

PM_MUST_USE pm_status experiment_run(const plug_env *env, const experiment *x, const run_options *o,
                                     arena *a, run_summary *out, pm_err *err);

/* What `run --dry` prints: data, split sizes, jobs to do and already done. */
PM_MUST_USE pm_status experiment_plan(const plug_env *env, const experiment *x,
                                      const run_options *o, str *out, pm_err *err);

#endif
