/* SPDX-License-Identifier: MIT
 *
 * Amounts that are learned or told by attributes; see expect_told.h.
 */
#include "expect_told.h"

#include <math.h>

const char *const told_missing_words[] = {"error", "worst", "mean", NULL};

pm_status told_train(struct told *t, pm_call *c, const struct expect_goal *goal,
                     const struct told_source *from)
{
    const pm_library *lib = goal->fit->lib;
    if (!goal->y.at) {
        for (size_t j = 0; j < lib->n; j++)
            if (pm_attr_find(lib->expert[j], from->attribute)) return PM_OK;
        return c->host->fail(c, PM_E_ARG,
                             "the data has no %s to learn from, and no expert has the attribute "
                             "%s; add one of them",
                             from->tables, from->attribute);
    }
    struct expect_report report;
    pm_metric m[4];
    pm_status st = expect_ids_learn(&t->ids, c, lib);
    if (st == PM_OK) st = expect_learn(&t->amount, c, goal, &report);
    if (st != PM_OK) return st;
    expect_metrics(&report, 1, m);
    m[0].name = from->metric;
    return c->host->progress(c, 1, m, 4);
}

/* Column j of the library: its mean, or its attribute. */
static double usual(const struct told *t, const pm_library *lib, size_t j,
                    const struct told_source *from)
{
    size_t at = expect_ids_find(&t->ids, lib->expert[j], j);
    if (!t->amount.m) return pm_attr_number(lib->expert[j], from->attribute, (double)NAN);
    return at < t->amount.m ? t->amount.mean[at] : (double)NAN;
}

double told_largest(const struct told *t, const pm_library *lib, const struct told_source *from)
{
    double most = 0;
    for (size_t j = 0; j < lib->n; j++) {
        double v = usual(t, lib, j, from);
        most = v > most ? v : most;
    }
    return most;
}

static pm_status complete(pm_call *c, const pm_library *lib, const struct told_source *from,
                          int64_t missing, float *row)
{
    double sum = 0, n = 0, most = 0;
    for (size_t j = 0; j < lib->n; j++) {
        double v = (double)row[j];
        if (v != v && missing == TOLD_ERROR)
            return c->host->fail(c, PM_E_ARG,
                                 "expert \"%s\" has no attribute %s and nothing in %s; add one of "
                                 "them, or set missing = \"worst\" or \"mean\"",
                                 lib->expert[j]->id, from->attribute, from->tables);
        if (v < 0)
            return c->host->fail(c, PM_E_ARG, "expert \"%s\": attribute %s is %g; want >= 0",
                                 lib->expert[j]->id, from->attribute, v);
        if (v != v) continue;
        most = v > most ? v : most;
        sum += v, n += 1;
    }
    for (size_t j = 0; j < lib->n; j++)
        if (row[j] != row[j]) row[j] = (float)(missing == TOLD_MEAN && n > 0 ? sum / n : most);
    return PM_OK;
}

pm_status told_prompts(const struct told *t, pm_call *c, const pm_library *lib, const pm_prompts *x,
                       const struct told_source *from, int64_t missing, pm_mat out)
{
    size_t m = t->amount.m;
    float *amount = c->host->scratch(c, x->n * m + 1, sizeof *amount);
    pm_status st = amount ? PM_OK : PM_E_MEMORY;
    if (st == PM_OK && m) st = expect_predict(&t->amount, c, x, (pm_mat){amount, x->n, m, m});
    for (size_t i = 0; i < x->n && st == PM_OK; i++) {
        for (size_t j = 0; j < lib->n; j++) {
            size_t at = m ? expect_ids_find(&t->ids, lib->expert[j], j) : 0;
            float v = at < m ? amount[i * m + at] : NAN;
            /* an expert that came later is told by its attribute */
            if (v != v) v = (float)pm_attr_number(lib->expert[j], from->attribute, (double)NAN);
            pm_row(out, i)[j] = v;
        }
        st = complete(c, lib, from, missing, pm_row(out, i));
    }
    return st;
}

pm_status told_save(const struct told *t, pm_call *c, pm_store *s)
{
    pm_str word = t->amount.m ? (pm_str){"learned", 7} : (pm_str){"attribute", 9};
    pm_status st = c->host->put_text(c, s, "told", word);
    if (st != PM_OK || !t->amount.m) return st;
    st = expect_ids_save(&t->ids, c, s);
    return st == PM_OK ? expect_save(&t->amount, c, s) : st;
}

pm_status told_load(struct told *t, pm_call *c, pm_store *s)
{
    if (!c->host->has(c, s, "expect_weight")) return PM_OK;
    pm_status st = expect_load(&t->amount, c, s);
    return st == PM_OK ? expect_ids_load(&t->ids, c, s, t->amount.m) : st;
}
