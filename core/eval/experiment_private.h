/* SPDX-License-Identifier: MIT
 *
 * The state of a running experiment, shared by the files experiment*.c alone.  In order of work:
 * _data (recorded: read, library, backend, pool) or _corpus and _experts (documents of a seed, experts trained
 * and run), _seed (split and views), _train (embedder and router jobs), _points (weights -> decisions), _ceiling
 * (labels re-drawn), _curve (routers trained on less), _rows (scores -> store rows), _sweep
 * (rows about constraints), _cost and _sides (sweeps in recorded dollars), _means (over seeds), _pool
 * (over splits), _battles (measuring on battles instead), _cells (for reports), _bundles (what is served), _files (summaries).
 */
#ifndef PM_EVAL_EXPERIMENT_PRIVATE_H
#define PM_EVAL_EXPERIMENT_PRIVATE_H

#include "eval/baselines.h"
#include "eval/experiment.h"
#include "plug/backend.h"
#include "plug/told.h"

typedef struct weight_point { /* one cell of the grid of constraint weights */
    const char *text;         /* canonical: "size=0.3, price=1"; "" without constraints */
    const double *weight;     /* [n_constraints] */
} weight_point;

#define EXP_PARTS 8 /* spans of a test prompt whose losses are kept, to re-draw labels from */

typedef struct exp_told { /* what a plugin told beside its results (experiment_told.c) */
    told_cut cut;
    const char *curves; /* JSON list; "[]": none */
} exp_told;

typedef struct expert_run { /* an expert of a corpus, trained and run on the prompts of a seed */
    char key[65];           /* of its job */
    bool is_done;
    pm_mat loss; /* [n x 1] nats per character */
    pm_mat part; /* [n_test x EXP_PARTS] adding up to loss; NaN: not told */
    double params, documents,
        bytes; /* size as the backend tells it (NaN: not), text learned from */
    exp_told told;
} expert_run;

typedef struct exp_source { /* what a run reads, whatever the seed */
    const char *name, *hash;
    char key[65]; /* of the data (recorded), or of corpus and experts */
    const library *lib;
} exp_source;

typedef struct exp_run {
    const experiment *x;
    const run_options *o;
    plug_env env; /* the caller's, with our progress */
    arena *keep;  /* the caller's: rows, paths, data */
    arena *a;     /* for the work at hand: keep, or the seed's own */
    store *st;
    call_ctx *call;
    pipeline_ctx *pipe;

    exp_source source;
    corpus_text text;   /* of a corpus */
    const char *absent; /* domains that mixes name and it lacks, or NULL */
    /* Recorded: the same for all seeds.  Of a corpus: what the seed at hand drew and measured. */
    dataset data; /* pooled, columns = library */
    const library *lib;
    corpus draw;
    uint64_t draw_seed;
    expert_run *expert;   /* [lib->n] of a corpus */
    const char *dropped;  /* models left out for want of outcomes, "a (41 % known)"; NULL: none */
    const char *unlisted; /* models of the data that the library does without; NULL: none */
    dataset also;         /* prompts and battles of x->also, one after another; columns of `wide` */
    uint8_t *also_of;     /* [also.n] which of x->also a prompt is from */
    library wide;         /* lib, then the others' models that it lacks; with x->also alone */
    char also_key[65];    /* of all that; "" without */
    char data_key[65];    /* what every job depends on: files, pool, models, backend */
    char text_key[65];    /* what embedders depend on; of a corpus the prompts alone */
    char key[65];         /* of the run */
    const char *dir;      /* OUT/runs/NAME-KEY8 */

    weight_point *point;
    size_t n_points;
    bool has_pair;       /* two-model scores: */
    size_t strong, weak; /* columns */

    size_t jobs_total, jobs_over, jobs_done, jobs_reused;
    const char *now; /* what is being done, for progress */
    str history;     /* JSON objects of the build at hand, by commas */
    size_t n_history;
    str pair;    /* JSON of the seed's two-model curves; "" without a pair */
    str timings; /* JSON objects {what, seconds} of the seed's jobs, by commas */

    struct battle_pool *battles;     /* experiment_battles.c; NULL unless several seeds battle */
    struct seed_means *means;        /* experiment_means.c; NULL with one seed */
    struct ablation_pool *ablation;  /* experiment_ablation_pool.c; NULL before the first seed */
    struct prompt_flags *flags;      /* experiment_flags.c; NULL: prompts are not looked at */
    const pm_phrase *const *phrases; /* [n_constraints] of pipelines; NULL: the plugins' */
    struct split_pool *pool;         /* experiment_pool.c; NULL with one seed or recorded data */

    store_row *row;
    size_t n_rows, rows_room;
} exp_run;

typedef struct router_work { /* a trained router of one seed */
    const router_choice *choice;
    const plugin_choice *won; /* the candidate chosen on the tuning part */
    const char *setting;
    router *route;
    const char *file;    /* checkpoint object's path; NULL if it cannot be saved */
    const char *history; /* JSON list: what its build told on its way */
    pm_value_kind kind;
    pm_mat value, spread, tokens; /* on the test part; at == NULL: not offered */
} router_work;

typedef struct seed_work seed_work;
struct seed_work {
    uint64_t seed;
    arena *home; /* what lasts as long as the seed */
    split s;
    pm_prompts fit_x, tune_x, test_x; /* embed and sparse are set once a router must train */
    pm_outcomes fit_y, tune_y;
    const uint64_t *fit_group;
    eval_truth truth;
    policy *baseline;
    size_t n_baselines, best_single;
    float *prior;     /* [m] */
    float *cost_mean; /* [m] or NULL */

    pm_cmat also_embed; /* [r->also.n x d] once a router must train, or at == NULL */
    exp_told embed_told;
    char embed_key[65]; /* "" without embedder, "given": the data's own vectors */
    embedder *embed;
    const char *embed_file;
    bool has_features;
    struct seed_work *from; /* of a learning curve: the whole seed, whose features these are */
    const uint32_t *fit_of, *tune_of; /* positions in its parts */

    router_work *router;
    size_t n_routers;
    const char *similarity, *decontaminated; /* in words, or NULL */
    const char *dropped[3];                  /* the first ids, a few each; NULL behind the last */
    constraint **constraint;                 /* [n_constraints] */
    objective *decide;

    policy *policy; /* baselines, then routers point by point, then learning curves */
    size_t n_policies, n_curves;
    bool has_redrawn; /* the last baseline is the ceiling of re-drawn labels */
    double split_half, split_half_lo, split_half_hi; /* agreement of halves on the best expert */
    pm_cmat *penalty;                                /* [n_constraints + 1], and */
    pm_cmat *realised; /* [n_constraints] of hard ones; at == NULL: not told */
    policy *oracle;    /* [n_points] or NULL: as exp_swept has them */
    policy
        *side; /* [n_sides x n_points] experiment_sides.c: what stands beside routers in a sweep */
    size_t n_sides;
    double *placebo; /* [EXP_SHUFFLES x n_points x 2] sums of outcome and cost; NULL: none */
    struct stream_seed
        *stream; /* experiment_stream.c; NULL unless the objective learns between decisions */
    struct battle_seed *battles; /* experiment_battles.c; NULL unless measured on battles */
    struct seed_flags *flags;    /* experiment_flagged.c; NULL: no test prompt has any */
    const char **decisions;      /* [n_routers x n_points] object of the choices */
};

/* ---- experiment_jobs.c ---- */

/* {"kind":..,"name":..,"version":..,"sha256":..,"params":{..}} or null. */
void exp_plugin_json(const plugin_choice *p, str *out);
/* Begins the canonical text of a job's key; exp_key_end hashes it. */
void exp_key_begin(str *text, const char *kind);
PM_MUST_USE pm_status exp_key_end(str *text, char hex[65], pm_err *err);
/* A finished job's result, or NULL in *out if there is none or --fresh asks for none. */
PM_MUST_USE pm_status exp_job_find(exp_run *r, const char *key, const json **out, pm_err *err);
PM_MUST_USE pm_status exp_job_done(exp_run *r, const char *key, const char *kind, const str *result,
                                   double seconds, pm_err *err);
/* A damaged or missing object is said aloud; true if the job may be computed again. */
bool exp_job_repair(const exp_run *r, const char *key, const char *kind, pm_err *err);
/* One piece of work is over: tells progress; PM_E_CANCELED when asked to stop. */
PM_MUST_USE pm_status exp_step(exp_run *r, const char *what, pm_err *err);
void exp_say(exp_run *r, const char *what, double part);
void exp_tell(const exp_run *r, const char *what, double part); /* the same, not kept as r->now */
double exp_now(void);                                           /* seconds, monotonic */
/* What was told since the last take; as members of a job's JSON, and back; as a row and a line of the log. */
PM_MUST_USE pm_status exp_told_take(call_ctx *c, arena *a, exp_told *out, pm_err *err);
void exp_told_put(const exp_told *t, str *out);
PM_MUST_USE pm_status exp_told_read(const json *job, arena *a, exp_told *out, pm_err *err);
PM_MUST_USE pm_status exp_told_fact(exp_run *r, const char *who, uint64_t seed, const exp_told *t,
                                    pm_err *err);

/* "expert causal, loss 4.5, 12.3k tokens/s, 60 s left" out of what a training tells; false: it tells no speed. */
bool exp_training_text(const char *what, const pm_metric *m, size_t n, char *out, size_t bytes);
/* Points env->progress at the run. */
void exp_watch(exp_run *r, const plug_env *env);

/* Forgets what builds told so far; r->history then holds what comes. */
void exp_history_begin(exp_run *r);

/* ---- the stages ---- */

/* Store, call and pipeline contexts; r->x, o and a are set.  Close undoes it. */
PM_MUST_USE pm_status exp_run_open(exp_run *r, const plug_env *env, pm_err *err);
void exp_run_close(exp_run *r);
/* A call context keeps the scratch memory of its largest call: after a build that may have been large, another. */
PM_MUST_USE pm_status exp_renew_call(exp_run *r, pm_err *err);

/* What can be refused before any compute: labels, value kinds, grids without a tuning part. */
PM_MUST_USE pm_status exp_check(const experiment *x, const run_options *o, pm_err *err);
/* A copy of rows of a matrix; false: memory is out. */
bool exp_rows_of(pm_cmat from, const uint32_t *row, size_t n, arena *a, pm_cmat *out);
PM_MUST_USE pm_status exp_load(exp_run *r, pm_err *err); /* r->source and what all seeds share */
void exp_warn_battles(const dataset *d); /* says how many battles reading left out */
/* Reads the corpus and judges the experts' mixes. */
PM_MUST_USE pm_status exp_load_corpus(exp_run *r, pm_err *err);
bool exp_has_domain(const exp_run *r, const char *name);
/* Draws a seed's documents and prompts into r->draw, and makes r->data without outcomes. */
PM_MUST_USE pm_status exp_draw(exp_run *r, uint64_t seed, pm_err *err);
/* r->expert: keys, and the measures of those that are done. */
PM_MUST_USE pm_status exp_find_experts(exp_run *r, pm_err *err);
/* What the experts measured becomes r->data and r->lib, if all of them did; and r->data_key in any case. */
PM_MUST_USE pm_status exp_measured(exp_run *r, bool is_complete, pm_err *err);
/* Draws, finds, trains and runs the experts that are not done, and puts what they measured into r->data and r->lib. */
PM_MUST_USE pm_status exp_measure(exp_run *r, uint64_t seed, pm_err *err);
/* What the experts learned and how large they became, as facts of the seed. */
PM_MUST_USE pm_status exp_about_experts(exp_run *r, const seed_work *w, pm_err *err);
PM_MUST_USE pm_status exp_about_corpus(exp_run *r, pm_err *err);
/* ---- experiment_also.c, experiment_learn.c ---- */

PM_MUST_USE pm_status exp_load_also(exp_run *r, pm_err *err); /* after exp_load */
PM_MUST_USE pm_status exp_about_also(exp_run *r, pm_err *err);
/* LEARNS_* of a router: as it is told, else what suits its needs and the data. */
unsigned exp_learns(const exp_run *r, const plugin_choice *p);
const char *exp_learns_word(unsigned learns);
/* Columns of what is learned from: r->lib, or r->wide where others' battles count. */
const library *exp_learning_library(const exp_run *r, unsigned learns);
/* What a router is to be trained on; features are there already (exp_features). */
PM_MUST_USE pm_status exp_fit(exp_run *r, seed_work *w, const plugin_choice *p, bool with_tune,
                              pm_fit *out, pm_err *err);
void exp_learns_key(const exp_run *r, const plugin_choice *p, str *out);

/* ---- experiment_battles.c: measuring on battles instead of outcomes ---- */

/* The models that battle, or those of the library. */
PM_MUST_USE pm_status exp_battling(exp_run *r, const dataset *all, dataset *out, pm_err *err);
/* The seed's battles, baselines on them, and ratings as w->prior. */
PM_MUST_USE pm_status exp_battles_open(exp_run *r, seed_work *w, pm_err *err);
/* What predictions for the tuning part are worth: the larger the better. */
PM_MUST_USE pm_status exp_battles_tune(exp_run *r, const seed_work *w, pm_cmat value,
                                       pm_value_kind kind, double *out, pm_err *err);
bool exp_battles_know(const seed_work *w, const char *label); /* a row of this label */
/* Rows of the seed; after the last one, of all seeds together. */
PM_MUST_USE pm_status exp_battle_rows(exp_run *r, seed_work *w, pm_err *err);

PM_MUST_USE pm_status exp_points(exp_run *r, pm_err *err);
/* What the constraints lack in the library (an attribute, a price) is told before anything is trained. */
PM_MUST_USE pm_status exp_try_constraints(exp_run *r, pm_err *err);
PM_MUST_USE pm_status exp_run_key(exp_run *r, pm_err *err);
bool exp_wants(const exp_run *r, const router_choice *c); /* --only */

PM_MUST_USE pm_status exp_split(exp_run *r, uint64_t seed, split *out, pm_err *err);
PM_MUST_USE pm_status exp_seed_open(exp_run *r, uint64_t seed, seed_work *w, pm_err *err);
void exp_seed_close(seed_work *w);
/* Truth, views and baselines of w->s: again when the test part has changed. */
PM_MUST_USE pm_status exp_seed_parts(exp_run *r, seed_work *w, pm_err *err);
void exp_routers_close(seed_work *w);
PM_MUST_USE pm_status exp_seed_views(exp_run *r, seed_work *w,
                                     pm_err *err); /* what plugins may see */

PM_MUST_USE pm_status exp_embed_key(const exp_run *r, const seed_work *w, char hex[65],
                                    pm_err *err);
/* kind: exp_router_job, or "candidate" of a grid (trained without the tuning part). */
PM_MUST_USE pm_status exp_router_key(const exp_run *r, const seed_work *w, const plugin_choice *p,
                                     const char *kind, char hex[65], pm_err *err);
PM_MUST_USE pm_status exp_embed(exp_run *r, seed_work *w, pm_err *err);
PM_MUST_USE pm_status exp_features(exp_run *r, seed_work *w, pm_err *err);
/* Vectors of all prompts and of the other data's (at == NULL: none): the embedder's, or those given. */
PM_MUST_USE pm_status exp_vectors(exp_run *r, const seed_work *w, arena *scratch, pm_cmat *own,
                                  pm_cmat *other, pm_err *err);
PM_MUST_USE pm_status exp_train(exp_run *r, seed_work *w, pm_err *err);
uint32_t exp_reference(const exp_run *r, const seed_work *w); /* column for win probabilities */
const char *exp_router_job(const seed_work *w); /* kind of the job: "router", "curve" */
/* settled: router_settled, or NULL. */
const char *exp_setting(const router_choice *c, const plugin_choice *won, const char *settled,
                        arena *a);

PM_MUST_USE pm_status exp_decide(exp_run *r, seed_work *w, pm_err *err);
/* The ceiling of re-drawn labels joins the baselines, if the experts tell losses of parts. */
PM_MUST_USE pm_status exp_ceiling(exp_run *r, seed_work *w, pm_err *err);
/* Routers trained on the first prompts of a random order: policies of role "curve". */
PM_MUST_USE pm_status exp_curves(exp_run *r, seed_work *w, pm_err *err);
size_t exp_curve_jobs(const exp_run *r); /* of a seed, at most */
PM_MUST_USE pm_status exp_curve_split(const exp_run *r, seed_work *w, size_t size, seed_work *sub,
                                      pm_err *err);
PM_MUST_USE pm_status exp_curve_features(exp_run *r, seed_work *w, pm_err *err);
/* The pipeline of router k at a point, in caller's terms [n_constraints]. */
pipeline exp_pipeline(const exp_run *r, const seed_work *w, size_t k, size_t point,
                      pipeline_term *term);
/* The predictions of a router for the test part, as the pipeline's second half takes them. */
pm_scores exp_scores(const exp_run *r, const seed_work *w, const router_work *route);
PM_MUST_USE pm_status exp_bundles(exp_run *r, seed_work *w, pm_err *err);

/* A fact of the run; its texts must last as long as r->keep. */
PM_MUST_USE pm_status exp_fact(exp_run *r, const char *group, const char *name, double value,
                               const char *text, pm_err *err);
PM_MUST_USE pm_status exp_about(exp_run *r, pm_err *err);
/* What constraint c turned out to be on the test part; at == NULL where it does not tell of every cell. */
PM_MUST_USE pm_status exp_realised(exp_run *r, const seed_work *w, size_t c, pm_cmat *out,
                                   pm_err *err);
/* Facts: how far constraints on single prompts were from what happened, beside the training mean. */
PM_MUST_USE pm_status exp_expected(exp_run *r, const seed_work *w, pm_err *err);
PM_MUST_USE pm_status exp_about_seed(exp_run *r, const seed_work *w, pm_err *err);
typedef struct exp_scored { /* policies on the same prompts */
    const eval_truth *truth;
    const policy *policy; /* [n] */
    size_t n;
    const char *before; /* of subsets in rows: "", "seeds:", "splits:" */
    size_t best_single;
    const uint32_t *best_single_of; /* [truth->n] or NULL */
} exp_scored;
/* Rows of their scores; with `w`, facts and decisions of the seed too. */
PM_MUST_USE pm_status exp_score(exp_run *r, const exp_scored *it, const seed_work *w, pm_err *err);
/* Scores of the seed's policies; or, with `mean` [n_policies], of their means over seeds. */
PM_MUST_USE pm_status exp_rows(exp_run *r, const seed_work *w, const policy *mean, pm_err *err);
/* cells-SEED.json: per-prompt data of the seed for reports (docs/report-data.md). */
PM_MUST_USE pm_status exp_cells(exp_run *r, seed_work *w, pm_err *err);
/* Rows about constraints: mean values, and what sweeps of their weights are worth. */
typedef struct exp_swept { /* policies on the same prompts, and what constraints say of those */
    const eval_truth *truth;
    const policy *policy; /* [n] */
    size_t n;
    const pm_cmat
        *penalty; /* [n_constraints + 1] values; last: parameters, at == NULL: not known */
    const policy
        *oracle; /* [n_points] decisions on the outcomes; NULL: no sweep, or no such oracle */
    const pm_cmat *realised; /* [n_constraints] what hard ones turned out to be; or NULL */
    const char *before;      /* of subsets in rows, as in exp_scored */
    uint64_t seed;
    const policy *side; /* as seed_work has them */
    size_t n_sides;
    const double *placebo;
    size_t best_single; /* as exp_scored has them */
    const uint32_t *best_single_of;
} exp_swept;
PM_MUST_USE pm_status exp_sweeps(exp_run *r, const exp_swept *it, pm_err *err);
/* Fills w->penalty, w->oracle, and the sides. */
PM_MUST_USE pm_status exp_penalties(exp_run *r, seed_work *w, pm_err *err);
/* Fills w->side and w->placebo, where costs are recorded. */
PM_MUST_USE pm_status exp_sides(exp_run *r, seed_work *w, pm_err *err);
#define EXP_SHUFFLES 40 /* of a placebo */

/* ---- experiment_violations.c: how often choices break bounds ---- */

PM_MUST_USE pm_status exp_find_realised(exp_run *r, seed_work *w, pm_err *err); /* w->realised */
PM_MUST_USE pm_status exp_violations(exp_run *r, const exp_swept *it, pm_err *err);

/* ---- experiment_infeasible.c: prompts that hard constraints leave nobody ---- */

PM_MUST_USE pm_status exp_find_fallback(const exp_run *r, pm_err *err); /* it is in the library */
void exp_infeasible_key(const experiment *x, str *out);
/* An infeasible prompt of the test part by its id. */
pm_status exp_infeasible_prompt(const exp_run *r, const seed_work *w, pm_status s, pm_err *err);
PM_MUST_USE pm_status exp_infeasible_keep(exp_run *r, const pipeline_result *result, policy *out,
                                          pm_err *err);
PM_MUST_USE pm_status exp_infeasible_rows(exp_run *r, const seed_work *w, pm_err *err);
PM_MUST_USE pm_status exp_about_infeasible(exp_run *r, const seed_work *w, pm_err *err);

/* What constraints do, for a seed: rows at points "ablation:..." (after exp_decide). */
PM_MUST_USE pm_status exp_ablation_run(exp_run *r, seed_work *w, pm_err *err);
/* ---- experiment_flags.c, experiment_flagged.c ---- */

/* Takes flags out of the texts of `d` and keeps what they say, if the experiment asks for it. */
PM_MUST_USE pm_status exp_read_flags(exp_run *r, dataset *d, pm_err *err);
void exp_flags_close(exp_run *r);
void exp_flags_key(const exp_run *r,
                   str *out); /* ,"texts":".." where texts may differ from the data's */
PM_MUST_USE pm_status exp_about_flags(exp_run *r, pm_err *err);
/* Finds the flagged prompts of the test part; w->test_x is there. */
PM_MUST_USE pm_status exp_flags_open(exp_run *r, seed_work *w, pm_err *err);
/* pipeline.weight_row of the test part at a point, until it is asked for another; NULL: no flags. */
const float *const *exp_flag_weights(const exp_run *r, const seed_work *w, size_t point);
/* Rows of subset "flagged": choices and constrained values with and without flags. */
PM_MUST_USE pm_status exp_flag_rows(exp_run *r, const seed_work *w, pm_err *err);

/* ---- experiment_stream.c, experiment_offline.c ---- */

bool exp_is_streamed(const exp_run *r); /* the objective learns between decisions */
/* w->stream, and what streams are measured against among the baselines: before w->policy is made. */
PM_MUST_USE pm_status exp_stream_open(exp_run *r, seed_work *w, pm_err *err);
/* All orders of router k at a point: `out` gets choices, further ones as of several seeds. */
PM_MUST_USE pm_status exp_stream(exp_run *r, seed_work *w, size_t k, size_t point, policy *out,
                                 pm_err *err);
const uint32_t *exp_stream_order(const seed_work *w); /* the first; NULL: no stream */
PM_MUST_USE pm_status exp_stream_rows(exp_run *r, seed_work *w, pm_err *err);

/* ---- experiment_similarity.c ---- */

/* How near the test part is to what is learned from, where that is asked for; drops what is too near. */
PM_MUST_USE pm_status exp_similarity(exp_run *r, seed_work *w, pm_err *err);
/* The hash of the split stands for what is left of it, too. */
void exp_decontaminated_hash(const exp_run *r, seed_work *w);
PM_MUST_USE pm_status exp_about_similarity(exp_run *r, const seed_work *w, pm_err *err);

/* ---- experiment_pair.c ---- */

/* Columns of the pair, if the experiment has one.  Errors  PM_E_ARG with a suggestion. */
PM_MUST_USE pm_status exp_find_pair(exp_run *r, pm_err *err);
/* Length and domain of the test prompts, into w->truth. */
PM_MUST_USE pm_status exp_pair_truth(exp_run *r, seed_work *w, pm_err *err);
/* How much the router prefers the strong expert, into `out`. */
PM_MUST_USE pm_status exp_need(exp_run *r, const seed_work *w, const router_work *route,
                               policy *out, pm_err *err);
PM_MUST_USE pm_status exp_pair_rows(exp_run *r, const exp_scored *it, pm_err *err);

PM_MUST_USE pm_status exp_put(exp_run *r, const store_row *row, pm_err *err); /* texts: in keep */
const char *exp_point_of(const exp_run *r, const policy *p); /* of a policy's rows */
/* Keeps a seed's truth and policies; after the last seed, the rows of all splits together. */
PM_MUST_USE pm_status exp_pool(exp_run *r, const seed_work *w, pm_err *err);
/* Notes what the seed's routers chose; after the last seed, the rows of the means. */
PM_MUST_USE pm_status exp_means(exp_run *r, const seed_work *w, pm_err *err);
PM_MUST_USE pm_status exp_files(const exp_run *r, run_summary *out, pm_err *err);

#endif
