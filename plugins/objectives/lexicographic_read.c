/* SPDX-License-Identifier: MIT
 *
 * Stages from text: "value, price, latency" and "0.02, 0", with a suggestion where a name is misspelt.
 */
#include "lexicographic.h"

enum { LONGEST = 64 };

/* The next part between commas, without blanks around it; *text moves behind it, NULL after the last. */
static pm_str next_part(const char **text)
{
    const char *begin = *text, *end = strchr(begin, ',');
    *text = end ? end + 1 : NULL;
    if (!end) end = begin + strlen(begin);
    while (begin < end && *begin == ' ') begin++;
    while (begin < end && end[-1] == ' ') end--;
    return (pm_str){begin, (size_t)(end - begin)};
}

static int is_name(pm_str part, const char *name)
{
    return name && strlen(name) == part.len && memcmp(part.ptr, name, part.len) == 0;
}

static const char *plugin_of(const pm_term *t)
{
    return PM_HAS(t, plugin) ? t->plugin : NULL;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Edits between two names; names beyond LONGEST are as far as can be. */
static unsigned distance(pm_str a, const char *b)
{
    unsigned row[LONGEST + 1];
    size_t n = strlen(b);
    if (a.len > LONGEST || n > LONGEST) return LONGEST;
    for (unsigned j = 0; j <= n; j++) row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        unsigned corner = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= n; j++) {
            unsigned swap = corner + (a.ptr[i - 1] != b[j - 1]);
            corner = row[j];
            row[j] = least(least(row[j], row[j - 1]) + 1, swap);
        }
    }
    return row[n];
}

/* The name nearest to `part` of those that may be a stage, or NULL if none is near. */
static const char *suggestion(const pm_question *q, pm_str part)
{
    const char *best = "value";
    unsigned nearest = distance(part, best);
    for (size_t k = 0; k < q->n_terms; k++) {
        const char *names[2] = {q->term[k]->name, plugin_of(q->term[k])};
        for (size_t n = 0; n < 2 && q->term[k]->sense == PM_SOFT; n++) {
            unsigned d = names[n] ? distance(part, names[n]) : LONGEST;
            if (d >= nearest) continue;
            nearest = d;
            best = names[n];
        }
    }
    return nearest <= 2 && nearest < part.len ? best : NULL;
}

/* The term of that label, or the only soft one of that plugin. */
static pm_status find_term(pm_call *c, const pm_question *q, pm_str part, size_t *out)
{
    size_t same = 0;
    int length = part.len > LONGEST ? LONGEST : (int)part.len;
    for (size_t k = 0; k < q->n_terms; k++) {
        if (!is_name(part, q->term[k]->name)) continue;
        *out = k;
        if (q->term[k]->sense == PM_SOFT) return PM_OK;
        return c->host->fail(c, PM_E_ARG,
                             "order: constraint \"%s\" is hard, which forbids and does not "
                             "compare; stages are \"value\" and soft constraints",
                             q->term[k]->name);
    }
    for (size_t k = 0; k < q->n_terms; k++) {
        if (q->term[k]->sense != PM_SOFT || !is_name(part, plugin_of(q->term[k]))) continue;
        *out = k;
        same++;
    }
    if (same == 1) return PM_OK;
    if (same > 1)
        return c->host->fail(c, PM_E_ARG,
                             "order: %zu soft constraints are \"%.*s\"; use their labels", same,
                             length, part.ptr);
    const char *near = suggestion(q, part);
    return c->host->fail(c, PM_E_ARG,
                         "order: found \"%.*s\", wanted \"value\" or the label of one of %zu soft "
                         "constraints%s%s%s",
                         length, part.ptr, terms_soft(q), near ? "; did you mean \"" : "",
                         near ? near : "", near ? "\"?" : "");
}

static pm_status read_order(pm_call *c, const pm_question *q, const char *text,
                            lexicographic_stage *stage, size_t *n)
{
    while (text) {
        pm_str part = next_part(&text);
        size_t term = STAGE_VALUE;
        pm_status st = is_name(part, "value") ? PM_OK : find_term(c, q, part, &term);
        if (st) return st;
        for (size_t s = 0; s < *n; s++)
            if (stage[s].term == term)
                return c->host->fail(c, PM_E_ARG, "order: \"%.*s\" stands twice", (int)part.len,
                                     part.ptr);
        stage[(*n)++] = (lexicographic_stage){term, 0};
    }
    return PM_OK;
}

static int is_digit(char d)
{
    return d >= '0' && d <= '9';
}

/* Plain decimals, whatever the locale says about points; correctly rounded up to 15 digits. */
static int read_number(pm_str part, double *out)
{
    double whole = 0, unit = 1;
    size_t digits = 0, points = 0;
    for (size_t i = 0; i < part.len; i++) {
        if (part.ptr[i] == '.' && points++ == 0) continue;
        if (!is_digit(part.ptr[i]) || digits++ == 15) return 0;
        whole = whole * 10 + (part.ptr[i] - '0');
        if (points) unit *= 10;
    }
    *out = whole / unit;
    return digits > 0;
}

static int is_blank(const char *text)
{
    return text[strspn(text, " ")] == 0;
}

static pm_status read_tolerance(pm_call *c, const char *text, lexicographic_stage *stage, size_t n)
{
    for (size_t s = 0; text; s++) {
        pm_str part = next_part(&text);
        double tolerance;
        int length = part.len > LONGEST ? LONGEST : (int)part.len;
        if (!read_number(part, &tolerance))
            return c->host->fail(c, PM_E_ARG,
                                 "tolerance: found \"%.*s\", wanted a decimal number such as 0.02",
                                 length, part.ptr);
        if (s + 1 < n)
            stage[s].tolerance = tolerance;
        else if (s + 1 > n || tolerance > 0)
            return c->host->fail(c, PM_E_ARG,
                                 "tolerance: number %zu is %g, but the last of %zu stages takes "
                                 "its best; want at most %zu numbers",
                                 s + 1, tolerance, n, n - 1);
    }
    return PM_OK;
}

pm_status lexicographic_read(pm_call *c, const pm_question *q, lexicographic_stage *stage,
                             size_t *n)
{
    const struct lexicographic_params *p = c->params;
    *n = 0;
    if (is_blank(p->order)) {
        stage[(*n)++] = (lexicographic_stage){STAGE_VALUE, 0};
        for (size_t k = 0; k < q->n_terms; k++)
            if (q->term[k]->sense == PM_SOFT) stage[(*n)++] = (lexicographic_stage){k, 0};
    } else {
        pm_status st = read_order(c, q, p->order, stage, n);
        if (st) return st;
    }
    return is_blank(p->tolerance) ? PM_OK : read_tolerance(c, p->tolerance, stage, *n);
}
