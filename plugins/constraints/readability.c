/* SPDX-License-Identifier: MIT
 *
 * readability: expected reading grade of an expert's answer to the prompt at hand.
 */
#include <math.h>

#include "expect_told.h"

#define HARDEST 18.0 /* grades: 0 before school, 12 its end, 18 a doctorate */

struct readability_params {
    int64_t scale, missing;
};
enum { SCALE_GRADE, SCALE_RAW };

struct pm_constraint {
    struct told told;
};

static const struct told_source source = {"reading_grade", "reading_grade.csv",
                                          "held-out MAE of grades"};

/* Grades of recorded answers held within [0, HARDEST]: code and tables have grades in the hundreds. */
static pm_status grades_of(pm_call *c, const pm_outcomes *y, size_t n, pm_cmat *out)
{
    pm_cmat table = pm_extra_find(y, "reading_grade");
    *out = table;
    if (!table.at) return PM_OK;
    float *at = c->host->scratch(c, n * table.cols + 1, sizeof *at);
    if (!at) return PM_E_MEMORY;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < table.cols; j++) {
            float v = pm_crow(table, i)[j];
            at[i * table.cols + j] = v < 0 ? 0 : v > (float)HARDEST ? (float)HARDEST : v;
        }
    *out = (pm_cmat){at, n, table.cols, table.cols};
    return PM_OK;
}

static pm_status train(pm_constraint *k, pm_call *c, const pm_fit *fit)
{
    struct expect_goal goal = {.fit = fit};
    pm_status st = grades_of(c, fit->y, fit->x->n, &goal.y);
    if (st == PM_OK && fit->tune_x) st = grades_of(c, fit->tune_y, fit->tune_x->n, &goal.tune);
    return st == PM_OK ? told_train(&k->told, c, &goal, &source) : st;
}

static void rescale(pm_call *c, pm_mat out)
{
    const struct readability_params *p = c->params;
    double unit = p->scale == SCALE_GRADE ? HARDEST : 1;
    for (size_t i = 0; i < out.rows; i++)
        for (size_t j = 0; j < out.cols; j++) {
            float *v = &pm_row(out, i)[j];
            *v = (float)((*v > (float)HARDEST ? HARDEST : (double)*v) / unit);
        }
}

static pm_status eval(const pm_constraint *k, pm_call *c, const pm_library *lib,
                      const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    const struct readability_params *p = c->params;
    (void)s;
    pm_status st = told_prompts(&k->told, c, lib, x, &source, p->missing, out);
    if (st == PM_OK) rescale(c, out);
    return st;
}

static pm_status realised(const pm_constraint *k, pm_call *c, const pm_library *lib,
                          const pm_prompts *x, const pm_outcomes *y, pm_mat out)
{
    pm_cmat grades;
    (void)k;
    pm_status st = grades_of(c, y, x->n, &grades);
    for (size_t i = 0; i < x->n && st == PM_OK; i++)
        for (size_t j = 0; j < lib->n; j++)
            pm_row(out, i)[j] = grades.at ? pm_crow(grades, i)[j] : NAN;
    if (st == PM_OK) rescale(c, out);
    return st;
}

static pm_status save(const pm_constraint *k, pm_call *c, pm_store *s)
{
    return told_save(&k->told, c, s);
}

static pm_status load(pm_constraint *k, pm_call *c, pm_store *s)
{
    return told_load(&k->told, c, s);
}

static const char *const scale_words[] = {"grade", "raw", NULL};
static const pm_param params[] = {
    PM_PARAM_WORDS(PM_P_CHOICE, struct readability_params, scale, SCALE_GRADE, 0, 1, scale_words,
                   "\"grade\" grade / 18, \"raw\" grade; both held within [0, 18]"),
    PM_PARAM_WORDS(
        PM_P_CHOICE, struct readability_params, missing, TOLD_ERROR, 0, 2, told_missing_words,
        "an expert of which no grade is known: \"error\", \"worst\" = the hardest of the "
        "others', \"mean\" = theirs on average"),
    PM_PARAM_END,
};

static const pm_phrase phrases[] = {{"simplest language", 10},    {"simple language", 0.1},
                                    {"plain language", 0.1},      {"easy to read", 0.1},
                                    {"technical language", -0.1}, {NULL, 0}};

static const pm_constraint_type readability = {
    .size = sizeof readability,
    .name = "readability",
    .doc =
        "Expected reading grade of the answer (years of school, Kincaid et al. 1975): E[grade | "
        "prompt] of each expert, learned from the grades of recorded answers (reading_grade.csv) "
        "on embeddings and the look of the text; its held-out error is told beside that of the "
        "training mean. Where the data has no such table, the attribute reading_grade of each "
        "expert. A negative weight asks for hard language. Wins where some experts write plainly; "
        "says little of answers that are code or not English.",
    .source = "J. P. Kincaid et al. 1975 (grade level); smearing: Duan 1983",
    .unit = "grades",
    .signed_weight = 1,
    .phrases = phrases,
    .params = params,
    .params_bytes = sizeof(struct readability_params),
    .per_prompt = 1,
    .needs = PM_NEEDS_EMBED | PM_NEEDS_TEXT,
    .senses = PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD) | PM_SENSE_BIT(PM_BUDGET),
    .state_bytes = sizeof(pm_constraint),
    .train = train,
    .eval = eval,
    .realised = realised,
    .save = save,
    .load = load,
};
PM_PLUGIN_CONSTRAINT(readability, "1.0", "MIT")
