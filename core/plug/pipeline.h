/* SPDX-License-Identifier: MIT
 *
 * THE path from text to decision, used alike by the experiment, the command line and libpointsman:
 * embed -> predict -> constraints -> decide.  Buffers are allocated once and grow only.
 */
#ifndef PM_PLUG_PIPELINE_H
#define PM_PLUG_PIPELINE_H

#include "data/library.h"
#include "plug/constraint.h"
#include "plug/embedder.h"
#include "plug/feasible.h"
#include "plug/objective.h"
#include "plug/router.h"
#include "plug/told.h"

typedef struct pipeline_term {
    const char *name; /* label in results; usually the plugin's name */
    const constraint *k;
    pm_sense sense;
    double weight, bound;
} pipeline_term;

typedef struct pipeline {  /* borrowed parts */
    const embedder *embed; /* NULL when the router wants none */
    size_t given_dim; /* the prompts themselves bring vectors of this length; 0: they need not */
    const router *route;
    const pm_library *lib; /* served */
    const pipeline_term *term;
    size_t n_terms;
    const objective *decide;
    const float *prior;     /* [m] or NULL */
    const float *cost_mean; /* [m] expected USD a call, or NULL */
    pipeline_infeasible infeasible;
    /* [n_terms] rows [n] of effective weights of the prompts at hand (flags), an entry NULL: the term's weight for
     * all; NULL: no flags.  Of the call, like `x`. */
    const float *const *weight_row;
    bool explain; /* utilities, parts and refusals are wanted; without, choices alone are made */
    /* [n_terms] words of flags in place of the plugins' (text == NULL ends), an entry NULL: the plugin's; NULL: all
     * the plugins'. */
    const pm_phrase *const *phrases;
    const char *
        advice; /* of errors where nobody is left: how to say what is to happen; NULL: in a script */
} pipeline;

typedef struct pipeline_result { /* views into the context, valid until the next call */
    size_t n, m;
    const uint32_t *choice; /* [n] */
    pm_cmat value, spread;
    pm_cmat utility, value_part; /* at == NULL without `explain`, or where not offered */
    const pm_cmat *term_part;    /* [n_terms], or NULL likewise */
    const pm_cmat *term_value;   /* [n_terms] raw constraint values (ld may be 0) */
    const uint32_t *mask;        /* [n x m] as pm_question.mask, or NULL: nothing is masked */
    const uint8_t *refused;      /* [n x m] the objective's own, or NULL */
    const uint64_t *relaxed;     /* [n] bit k: hard term k was given up; NULL: none was */
    const uint8_t *fell_back;    /* [n] 1: the fallback expert took it; NULL: none did */
    pm_cmat share;               /* [n x m] or at == NULL: the choice is certain */
    const uint8_t *front;        /* [n x m] or NULL */
    pm_value_kind kind;
    uint32_t reference_col; /* WINPROB: of `value`; else PM_NO_COL */
} pipeline_result;

typedef struct pipeline_ctx pipeline_ctx;
PM_MUST_USE pm_status pipeline_ctx_open(const plug_env *env, bool parallel, pipeline_ctx **out,
                                        pm_err *err);
void pipeline_ctx_close(pipeline_ctx *c);

/* x->text is required; embed and sparse features are computed unless x carries them (then they are used
 * as given: the experiment embeds once for many routers).  With given_dim x->embed is required, of that width and
 * without NaN and infinities (else PM_E_ARG).  After a call with as many and as long texts, later calls allocate
 * nothing. */
PM_MUST_USE pm_status pipeline_run(const pipeline *p, pipeline_ctx *c, const pm_prompts *x,
                                   pipeline_result *out, pm_err *err);
/* After PM_E_INFEASIBLE: how many prompts nobody may serve, and which is the first. */
const feasible_answer *pipeline_found(const pipeline_ctx *c);
/* What the second half asks the objective: predictions, evaluated terms, and who may serve whom.  Views into the context,
 * valid until its next call. */
PM_MUST_USE pm_status pipeline_question(const pipeline *p, pipeline_ctx *c, const pm_prompts *x,
                                        const pm_scores *scores, pm_question *out, pm_err *err);
/* What limits cut off the texts of the calls since it was last asked. */
told_cut pipeline_cut(pipeline_ctx *c);
/* The second half alone, on predictions already made (weight sweeps): scores [n x m]. */
PM_MUST_USE pm_status pipeline_decide(const pipeline *p, pipeline_ctx *c, const pm_prompts *x,
                                      const pm_scores *scores, pipeline_result *out, pm_err *err);

/* After a decision that is really made: an objective that learns between decisions (pm_objective_type.observe) is told what
 * the choices are expected to be in every term; of the others nothing is done.  The objective is the one thing of a served
 * pipeline that changes; threads take turns. */
PM_MUST_USE pm_status pipeline_observe(const pipeline *p, pipeline_ctx *c, const pm_prompts *x,
                                       const pipeline_result *made, pm_err *err);

#endif
