/* SPDX-License-Identifier: MIT
 *
 * Gathering rows and formatting numbers for table.c.
 */
#include "eval/table_lines.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Before the subset of what is said of all seeds: means prompt by prompt, or splits laid end to end. */
static const char *const joint[] = {"seeds:", "splits:"};

#define FEW_POINTS                                                                                 \
    6 /* weight points that each get a section of their own though they make a sweep */

/* The subset behind it, or NULL. */
static const char *joint_subset(const store_row *r)
{
    for (size_t k = 0; k < sizeof joint / sizeof joint[0]; k++)
        if (strncmp(r->subset, joint[k], strlen(joint[k])) == 0)
            return r->subset + strlen(joint[k]);
    return NULL;
}

static bool line_is(const table_line *l, const store_row *r)
{
    return strcmp(l->label, r->label) == 0 && strcmp(l->role, r->role) == 0 &&
           strcmp(l->point, r->point) == 0;
}

bool table_is_sweep(const char *point)
{
    return strncmp(point, "sweep:", 6) == 0;
}

bool table_is_cost(const char *point)
{
    return strncmp(point, "cost:", 5) == 0;
}

bool table_is_apart(const char *point)
{
    return table_is_sweep(point) || table_is_cost(point) || strcmp(point, TABLE_PAIR) == 0 ||
           strncmp(point, TABLE_ABLATION, strlen(TABLE_ABLATION)) == 0;
}

bool table_shows(const table_lines *t, const char *point)
{
    if (table_is_apart(point)) return false;
    if (!t->has_sweep || t->n_points <= FEW_POINTS || !point[0]) return true;
    size_t first = 0;
    while (!t->point[first][0]) first++;
    return strcmp(t->point[first], point) == 0;
}

static void note_point(table_lines *t, const char *point)
{
    if (table_is_sweep(point)) {
        t->has_sweep = true;
        return;
    }
    if (table_is_apart(point)) return;
    for (size_t k = 0; k < t->n_points; k++)
        if (strcmp(t->point[k], point) == 0) return;
    t->point[t->n_points++] = point;
}

static void add_row(table_lines *t, size_t r, table_line **last)
{
    const store_row *row = &t->row[r];
    if (!*last || !line_is(*last, row)) {
        *last = NULL;
        for (size_t k = 0; k < t->n && !*last; k++)
            if (line_is(&t->line[k], row)) *last = &t->line[k];
    }
    if (*last) {
        t->next[(*last)->tail] = r;
        (*last)->tail = r;
        return;
    }
    t->line[t->n] = (table_line){row->point, row->role, row->label, row->setting, r, r};
    *last = &t->line[t->n++];
    if (strcmp(row->role, "curve") != 0) note_point(t, row->point);
}

pm_status table_gather(const store_row *row, size_t n, arena *a, table_lines *out, pm_err *err)
{
    *out = (table_lines){.row = row, .n_rows = n};
    out->next = arena_alloc(a, n, sizeof *out->next);
    out->line = arena_alloc(a, n, sizeof *out->line);
    out->point = arena_alloc(a, n, sizeof *out->point);
    if (!out->next || !out->line || !out->point) return err_set(err, PM_E_MEMORY, "%zu rows", n);
    table_line *last = NULL;
    for (size_t r = 0; r < n; r++) {
        out->next[r] = SIZE_MAX;
        if (strcmp(row[r].role, "about") != 0) add_row(out, r, &last);
    }
    return PM_OK;
}

/* Sums of deviations from the first value: equal values have sd 0 exactly. */
typedef struct seed_sums {
    double first, sum, squares, lo, hi;
} seed_sums;

static void add_seed(seed_sums *s, const store_row *row, table_stat *out)
{
    if (out->seeds == 0) {
        *s = (seed_sums){row->value, 0, 0, row->lo, row->hi};
    } else {
        s->sum += row->value - s->first;
        s->squares += (row->value - s->first) * (row->value - s->first);
        s->lo += row->lo;
        s->hi += row->hi;
    }
    out->seeds++;
    out->n = row->n;
}

bool table_find(const table_lines *t, const table_line *l, const char *subset, const char *metric,
                table_stat *out)
{
    seed_sums s = {0};
    const store_row *mean = NULL;
    *out = (table_stat){.mean = NAN, .over = NAN, .sd = NAN, .lo = NAN, .hi = NAN};
    for (size_t r = l->head; r != SIZE_MAX; r = t->next[r]) {
        const store_row *row = &t->row[r];
        if (strcmp(row->metric, metric) != 0 || !isfinite(row->value)) continue;
        const char *of_all = joint_subset(row);
        if (strcmp(row->subset, subset) == 0)
            add_seed(&s, row, out);
        else if (of_all && strcmp(of_all, subset) == 0)
            mean = row;
    }
    if (out->seeds == 0) return false;
    double k = (double)out->seeds;
    if (out->seeds > 1) out->sd = sqrt(fmax(0, (s.squares - s.sum * s.sum / k) / (k - 1)));
    out->over = s.first + s.sum / k;
    out->mean = mean ? mean->value : out->over;
    out->lo = mean ? mean->lo : s.lo / k;
    out->hi = mean ? mean->hi : s.hi / k;
    if (mean) out->n = mean->n;
    out->is_marked = out->lo > 0 || out->hi < 0;
    return true;
}

bool table_has_seeds(const table_lines *t, const char **joined)
{
    bool many = false;
    *joined = "";
    const store_row *first = NULL;
    for (size_t r = 0; r < t->n_rows; r++) {
        const store_row *row = &t->row[r];
        if (strcmp(row->role, "about") == 0) continue;
        if (joint_subset(row)) {
            *joined = strncmp(row->subset, joint[0], strlen(joint[0])) == 0 ? "seeds" : "splits";
        } else {
            if (!first) first = row;
            many = many || row->seed != first->seed;
        }
    }
    return many;
}

const table_line *table_line_of(const table_lines *t, const char *point, const char *role,
                                const char *label)
{
    for (size_t k = 0; k < t->n; k++)
        if (strcmp(t->line[k].label, label) == 0 && strcmp(t->line[k].role, role) == 0 &&
            strcmp(t->line[k].point, point) == 0)
            return &t->line[k];
    return NULL;
}

const char *table_settings(const table_lines *t, const table_line *l, arena *a)
{
    const char *last = l->setting;
    str text = STR_INIT;
    str_puts(&text, last);
    for (size_t r = l->head; r != SIZE_MAX; r = t->next[r]) {
        const store_row *row = &t->row[r];
        if (strcmp(row->metric, "experts_used") != 0 || strcmp(row->setting, last) == 0) continue;
        last = row->setting;
        str_printf(&text, " / %s", last);
    }
    const char *kept = text.failed ? NULL : arena_strdup(a, str_text(&text));
    str_close(&text);
    return kept ? kept : "";
}

bool table_is_loss(const table_lines *t)
{
    for (size_t r = 0; r < t->n_rows; r++)
        if (strcmp(t->row[r].metric, "loss") == 0) return true;
    return false;
}

const char *table_number(arena *a, double v, int digits, bool sign)
{
    char text[64];
    if (isnan(v)) return "";
    snprintf(text, sizeof text, sign ? "%+.*f" : "%.*f", digits, v);
    /* -.0000 and +.0000 are both 0 (of no sign), and a leading zero is left out: .8028 */
    if (strspn(text, "+-0.") == strlen(text))
        snprintf(text, sizeof text, "%.*f", sign ? 0 : digits, 0.0);
    char *zero = text[0] == '+' || text[0] == '-' ? text + 1 : text;
    if (zero[0] == '0' && zero[1] == '.') memmove(zero, zero + 1, strlen(zero));
    const char *kept = arena_strdup(a, text);
    return kept ? kept : "";
}

static const char *joined(arena *a, const char *value, const char *lo, const char *hi,
                          const char *mark)
{
    char text[256];
    snprintf(text, sizeof text, "%s [%s, %s]%s", value, lo, hi, mark);
    const char *kept = arena_strdup(a, text);
    return kept ? kept : "";
}

const char *table_value(arena *a, const table_stat *s)
{
    const char *value = table_number(a, s->mean, 4, false);
    if (isfinite(s->lo) && isfinite(s->hi))
        return joined(a, value, table_number(a, s->lo, 3, false), table_number(a, s->hi, 3, false),
                      "");
    return value;
}

int table_digits(double most)
{
    if (!(most > 0) || !isfinite(most)) return 4;
    double digits = 3 - floor(log10(most));
    return digits < 0 ? 0 : digits > 9 ? 9 : (int)digits;
}

const char *table_difference_to(arena *a, const table_stat *s, int digits)
{
    if (s->mean == 0 && s->lo == 0 && s->hi == 0) return "0";
    int ends = digits > 0 ? digits - 1 : 0;
    const char *value = s->mean == 0 ? "0" : table_number(a, s->mean, digits, true);
    if (!isfinite(s->lo) || !isfinite(s->hi)) return value;
    const char *lo = table_number(a, s->lo, ends, true), *hi = table_number(a, s->hi, ends, true);
    /* float32 predictions of equal routers differ by rounding: no finding */
    bool is_nothing = strcmp(value, "0") == 0 && strcmp(lo, "0") == 0 && strcmp(hi, "0") == 0;
    return joined(a, value, lo, hi, s->is_marked && !is_nothing ? "*" : "");
}

const char *table_difference(arena *a, const table_stat *s)
{
    return table_difference_to(a, s, 4);
}
