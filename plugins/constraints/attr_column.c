/* SPDX-License-Identifier: MIT
 *
 * What constraints on attributes share: one number of every expert, with what is missing filled in as
 * declared, and the scales.
 */
#include "attr_column.h"

#include <float.h>
#include <math.h>

unsigned column_distance(const char *a, const char *b)
{
    unsigned row[64];
    size_t n = strlen(b);
    if (n > 63 || strlen(a) > 63) return 255;
    for (unsigned j = 0; j <= n; j++) row[j] = j;
    for (unsigned i = 1; a[i - 1]; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            unsigned up = row[j], change = diagonal + (a[i - 1] != b[j - 1]);
            unsigned step = (up < row[j - 1] ? up : row[j - 1]) + 1;
            row[j] = change < step ? change : step;
            diagonal = up;
        }
    }
    return row[n];
}

/* The attribute of these experts that is nearest in spelling, or NULL. */
static const char *nearest_name(const pm_library *lib, const char *name)
{
    const char *best = NULL;
    unsigned least = strlen(name) >= 6 ? 4 : 3; /* one more than is taken for a slip */
    for (size_t j = 0; j < lib->n; j++)
        for (size_t a = 0; a < lib->expert[j]->n_attr; a++) {
            const char *other = lib->expert[j]->attr[a].name;
            unsigned d = column_distance(name, other);
            if (d >= least || d == 0) continue;
            least = d;
            best = other;
        }
    return best;
}

static pm_status refuse_missing(pm_call *c, const pm_library *lib, const column_want *w, size_t j)
{
    const char *near = nearest_name(lib, w->attr);
    return c->host->fail(c, PM_E_ARG,
                         "expert \"%s\" has no attribute %s (%s)%s%s%s; add it, or set missing = "
                         "\"worst\" or \"mean\"",
                         lib->expert[j]->id, w->attr, w->form, near ? "; did you mean '" : "",
                         near ? near : "", near ? "'?" : "");
}

static pm_status refuse_all(pm_call *c, const pm_library *lib, const column_want *w)
{
    const char *near = nearest_name(lib, w->attr);
    return c->host->fail(c, PM_E_ARG, "no expert of %zu has an attribute %s%s%s%s", lib->n, w->attr,
                         near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* The attribute as a number, NaN where it is absent. */
static pm_status read_one(pm_call *c, const pm_expert *e, const column_want *w, double *out)
{
    const pm_attr *a = pm_attr_find(e, w->attr);
    *out = (double)NAN;
    if (!a) return PM_OK;
    if (a->kind == PM_ATTR_TEXT || (w->kind && a->kind != w->kind))
        return c->host->fail(c, PM_E_ARG, "expert \"%s\": attribute %s is a %s; want a %s", e->id,
                             w->attr, a->kind == PM_ATTR_TEXT ? "text" : "value of another kind",
                             w->form);
    double v = a->number;
    if (!isfinite(v) || v < w->least || (w->is_positive && v <= 0))
        return c->host->fail(c, PM_E_ARG, "expert \"%s\": %s = %g; want a number %s %g", e->id,
                             w->attr, v, w->is_positive ? "above" : "from",
                             w->is_positive ? 0 : w->least);
    *out = v * w->unit;
    return PM_OK;
}

void column_fill(double *v, size_t m, const column_want *w)
{
    double sum = 0, worst = 0;
    size_t known = 0;
    for (size_t j = 0; j < m; j++) {
        if (v[j] != v[j]) continue;
        sum += w->is_log ? log(v[j]) : v[j];
        if (!known++ || (w->more ? v[j] < worst : v[j] > worst)) worst = v[j];
    }
    double mean = known ? sum / (double)known : 0;
    if (w->is_log && known) mean = exp(mean);
    for (size_t j = 0; j < m; j++)
        if (v[j] != v[j]) v[j] = w->missing == COLUMN_MEAN ? mean : worst;
}

pm_status column_read(pm_call *c, const pm_library *lib, const column_want *w, column *out)
{
    size_t lacking = lib->n;
    *out = (column){.v = c->host->scratch(c, lib->n, sizeof(double))};
    if (!out->v) return PM_E_MEMORY;
    for (size_t j = 0; j < lib->n; j++) {
        pm_status st = read_one(c, lib->expert[j], w, &out->v[j]);
        if (st != PM_OK) return st;
        double v = out->v[j];
        if (v != v) {
            if (lacking == lib->n) lacking = j;
            continue;
        }
        out->low = !out->known || v < out->low ? v : out->low;
        out->high = !out->known || v > out->high ? v : out->high;
        out->known++;
    }
    if (!out->known && lib->n) return refuse_all(c, lib, w);
    if (lacking < lib->n && w->missing == COLUMN_ERROR) return refuse_missing(c, lib, w, lacking);
    column_fill(out->v, lib->n, w);
    return PM_OK;
}

static double share(double v, double low, double high)
{
    double s = high > low ? (v - low) / (high - low) : 0;
    return s < 0 ? 0 : s > 1 ? 1 : s;
}

double column_scaled(int64_t scale, double v, double low, double high)
{
    switch (scale) {
    case COLUMN_MAX:
        return high > 0 ? v / high : 0;
    case COLUMN_RANGE:
        return share(v, low, high);
    case COLUMN_LOG:
        return share(log10(v), log10(low), log10(high));
    default:
        return v;
    }
}

pm_status column_put(pm_call *c, const pm_library *lib, const char *what, const double *v,
                     pm_mat out)
{
    for (size_t j = 0; j < lib->n; j++) {
        if (!(fabs(v[j]) <= (double)FLT_MAX))
            return c->host->fail(c, PM_E_ARG, "expert \"%s\": %s is %g, more than %g",
                                 lib->expert[j]->id, what, v[j], (double)FLT_MAX);
        pm_row(out, 0)[j] = (float)v[j];
    }
    return PM_OK;
}
