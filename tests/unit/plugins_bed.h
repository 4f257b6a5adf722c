/* SPDX-License-Identifier: MIT
 *
 * What the tests of plugins share: the built plugins behind the real host, and made-up data by formula
 * (the same formulas made the golden numbers).
 */
#ifndef PM_TEST_PLUGINS_BED_H
#define PM_TEST_PLUGINS_BED_H

#include <math.h>

#include "suite.h"

#include "plug/params.h"
#include "plug/router.h"

typedef struct bed {
    compute compute;
    registry *registry;
    plug_env env;
    call_ctx *call;
    arena *room;
    char folder[256]; /* for checkpoints */
    pm_err err;
} bed;

void bed_open(bed *b); /* from the build folder: reads plugins/KIND/.libs */
void bed_close(bed *b);

/* Asserts PM_OK, showing the message. */
#define bed_ok(b, call) ck_assert_msg((call) == PM_OK, "%s: %s", #call, err_text(&(b)->err))
/* Asserts the status and that the message holds `text`. */
#define bed_fails(b, call, status, text)                                                           \
    do {                                                                                           \
        ck_assert_int_eq(call, status);                                                            \
        ck_assert_msg(strstr(err_text(&(b)->err), text) != NULL, "no \"%s\" in: %s", text,         \
                      err_text(&(b)->err));                                                        \
    } while (0)

const plugin_entry *bed_plugin(bed *b, plugin_kind kind, const char *name);

/* Parameters by name: bed_params(b, entry, "k=3 weights=similarity"); the rest at their defaults. */
const void *bed_params(bed *b, const plugin_entry *entry, const char *given);

/* m experts "e0", "e1" ... without attributes; bed_attr adds one (in order of names). */
pm_library *bed_library(bed *b, size_t m);
void bed_attr(pm_library *lib, size_t j, const char *name, pm_attr_kind kind, double number);

/* n prompts with ids seed * 1000 + i, and embeddings [n x d] by formula. */
pm_prompts *bed_prompts(bed *b, size_t n, size_t d, size_t seed);
/* The texts of lsa_texts.txt (under $srcdir), one a line, with \\n and \\t for a line feed and a tab. */
pm_str *bed_texts(bed *b, size_t *n);
/* Outcomes in tenths by formula; every 17th cell unknown where `holes`. */
pm_outcomes *bed_outcomes(bed *b, size_t n, size_t m, size_t seed, bool holes);
pm_outcomes *bed_outcomes_of(bed *b, pm_value_kind kind, size_t n, size_t m, const float *value);

router *bed_router(bed *b, const char *name, const char *params, const pm_fit *fit);
/* Predictions [x->n x m] with spread where the plugin has one; row-major, no padding. */
pm_scores bed_predict(bed *b, const router *r, const pm_library *lib, const pm_prompts *x,
                      bool spread);
/* Saved and loaded again; the first is closed. */
router *bed_reload(bed *b, router *r);

void bed_near(const float *got, const double *want, size_t n, double within, const char *what);

#endif
