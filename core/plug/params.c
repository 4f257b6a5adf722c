/* SPDX-License-Identifier: MIT
 *
 * What a user gave -> the plugin's own struct, by its rows.  Every mistake is reported, not the first
 * alone.  The canonical text and the help page of the same rows are params_text.c.
 */
#include "plug/params.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define EXACT_MAX 9007199254740992.0 /* 2^53: integers beyond it do not survive a double */
#define MESSAGE   512
#define ROWS_MAX  256

typedef struct complaints {
    param_complain tell;
    void *arg;
    pm_err *err;
    size_t count;
} complaints;

static void complain(complaints *c, size_t index, const char *message)
{
    if (c->tell)
        c->tell(c->arg, index, message);
    else if (c->count == 0)
        err_set(c->err, PM_E_ARG, "%s", message);
    c->count++;
}

#define COMPLAIN(c, index, ...)                                                                    \
    do {                                                                                           \
        char message_[MESSAGE];                                                                    \
        snprintf(message_, sizeof message_, __VA_ARGS__);                                          \
        complain(c, index, message_);                                                              \
    } while (0)

/* The shortest text that reads back equal. */
static const char *number_text(double v, char out[32])
{
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(out, 32, "%.*g", digits, v);
        double back = 0;
        if (sscanf(out, "%lf", &back) == 1 && back == v) break;
    }
    return out;
}

/* ---- rows ------------------------------------------------------------------------------------------- */

static size_t count_words(const char *const *choices)
{
    size_t n = 0;
    while (choices && choices[n]) n++;
    return n;
}

static size_t count_rows(const pm_param *rows)
{
    size_t n = 0;
    while (rows[n].name) n++;
    return n;
}

static bool is_identifier(const char *name)
{
    if (name[0] < 'a' || name[0] > 'z') return false;
    size_t n = 0;
    for (; name[n]; n++) {
        char ch = name[n];
        if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '_')) return false;
    }
    return n < 64;
}

static bool is_whole(double v)
{
    return isfinite(v) && v == floor(v) && fabs(v) <= EXACT_MAX;
}

static pm_status check_fallback(const pm_param *p, const char *who, pm_err *err)
{
    char v[32], lo[32], hi[32];
    size_t words = count_words(p->choices);
    double low = p->min, high = p->max;
    if (params_is_text(p))
        return p->fallback_str ? PM_OK
                               : err_set(err, PM_E_CONTRACT, "%s.params '%s' has no fallback_str",
                                         who, p->name);
    if (p->type == PM_P_BOOL || p->type == PM_P_CHOICE) {
        low = 0;
        high = p->type == PM_P_BOOL ? 1 : (double)words - 1;
    }
    if (p->type == PM_P_CHOICE && words == 0)
        return err_set(err, PM_E_CONTRACT, "%s.params '%s' is a choice without words", who,
                       p->name);
    if (p->type == PM_P_I64 && words > 0 && low < 0)
        return err_set(
            err, PM_E_CONTRACT,
            "%s.params '%s' has words and a negative minimum; words are stored as negatives", who,
            p->name);
    if (!(low <= high))
        return err_set(err, PM_E_CONTRACT, "%s.params '%s' has the empty range [%s, %s]", who,
                       p->name, number_text(low, lo), number_text(high, hi));
    if (p->type != PM_P_F64 && !is_whole(p->fallback))
        return err_set(err, PM_E_CONTRACT, "%s.params '%s' has the default %s, not an integer", who,
                       p->name, number_text(p->fallback, v));
    bool word = p->type == PM_P_I64 && p->fallback < 0 && p->fallback >= -(double)words;
    if (!word && !(p->fallback >= low && p->fallback <= high))
        return err_set(err, PM_E_CONTRACT,
                       "%s.params '%s' has the default %s outside its own [%s, %s]", who, p->name,
                       number_text(p->fallback, v), number_text(low, lo), number_text(high, hi));
    return PM_OK;
}

static pm_status check_row(const pm_param *p, size_t bytes, const char *who, pm_err *err)
{
    if (!is_identifier(p->name))
        return err_set(err, PM_E_CONTRACT, "%s.params has the name '%.80s'; want [a-z][a-z0-9_]*",
                       who, p->name);
    if (p->type < PM_P_F64 || p->type > PM_P_MODEL)
        return err_set(err, PM_E_CONTRACT, "%s.params '%s' has the unknown type %d", who, p->name,
                       (int)p->type);
    size_t want = params_is_text(p) ? sizeof(char *) : 8; /* double or int64_t */
    if (p->bytes != want)
        return err_set(err, PM_E_CONTRACT,
                       "%s.params '%s' has a field of %u bytes; its type wants %zu", who, p->name,
                       p->bytes, want);
    if (p->offset % want != 0 || p->offset > bytes || bytes - p->offset < want)
        return err_set(err, PM_E_CONTRACT,
                       "%s.params '%s' lies at offset %u of a struct of %zu bytes", who, p->name,
                       p->offset, bytes);
    if (!p->doc || !p->doc[0])
        return err_set(err, PM_E_CONTRACT, "%s.params '%s' has no doc", who, p->name);
    for (size_t w = 0; p->choices && p->choices[w]; w++)
        if (!is_identifier(p->choices[w]))
            return err_set(err, PM_E_CONTRACT,
                           "%s.params '%s' has the word '%.80s'; want [a-z][a-z0-9_]*", who,
                           p->name, p->choices[w]);
    return check_fallback(p, who, err);
}

pm_status params_check_rows(const pm_param *rows, size_t bytes, const char *who, pm_err *err)
{
    size_t n = count_rows(rows);
    if (n > ROWS_MAX)
        return err_set(err, PM_E_CONTRACT, "%s.params has %zu rows; is PM_PARAM_END missing?", who,
                       n);
    for (size_t i = 0; i < n; i++) {
        pm_status s = check_row(&rows[i], bytes, who, err);
        if (s != PM_OK) return s;
        for (size_t k = 0; k < i; k++) {
            if (strcmp(rows[k].name, rows[i].name) == 0)
                return err_set(err, PM_E_CONTRACT, "%s.params names '%s' twice", who, rows[i].name);
            if (rows[k].offset == rows[i].offset)
                return err_set(err, PM_E_CONTRACT, "%s.params '%s' and '%s' fill the same field",
                               who, rows[k].name, rows[i].name);
        }
    }
    return PM_OK;
}

/* ---- storing one value -------------------------------------------------------------------------------- */

static void store_number(const pm_param *p, void *out, double v)
{
    if (p->type == PM_P_F64) {
        memcpy((char *)out + p->offset, &v, sizeof v);
    } else {
        int64_t whole = (int64_t)v;
        memcpy((char *)out + p->offset, &whole, sizeof whole);
    }
}

static pm_status store_text(const pm_param *p, void *out, const char *text, arena *a)
{
    const char *kept = arena_strdup(a, text);
    if (!kept) return PM_E_MEMORY;
    memcpy((char *)out + p->offset, &kept, sizeof kept);
    return PM_OK;
}

/* "'cosine', 'dot'" */
static const char *word_list(const char *const *words, char *out, size_t room)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t w = 0; words[w] && used < room; w++) {
        int n = snprintf(out + used, room - used, "%s'%s'", w ? ", " : "", words[w]);
        used += n > 0 ? (size_t)n : 0;
    }
    return out;
}

static void take_word(const pm_param *p, const char *text, void *out, complaints *c, size_t index)
{
    size_t n = count_words(p->choices);
    for (size_t w = 0; w < n; w++) {
        if (strcmp(p->choices[w], text) != 0) continue;
        store_number(p, out, p->type == PM_P_CHOICE ? (double)w : -1.0 - (double)w);
        return;
    }
    char list[256];
    const char *near = str_suggest(text, p->choices, n);
    COMPLAIN(c, index, ".%s = '%.80s' is %s %s%s%s%s", p->name, text,
             p->type == PM_P_CHOICE ? "not one of" : "neither an integer nor",
             word_list(p->choices, list, sizeof list), near ? "; did you mean '" : "",
             near ? near : "", near ? "'?" : "");
}

static void take_number(const pm_param *p, double v, void *out, complaints *c, size_t index)
{
    char text[32], lo[32], hi[32];
    if (!isfinite(v)) {
        COMPLAIN(c, index, ".%s = %s is not a finite number", p->name,
                 isnan(v) ? "nan" : (v > 0 ? "inf" : "-inf"));
    } else if (!(v >= p->min && v <= p->max)) {
        COMPLAIN(c, index, ".%s = %s is outside [%s, %s]", p->name, number_text(v, text),
                 number_text(p->min, lo), number_text(p->max, hi));
    } else if (p->type == PM_P_I64 && !is_whole(v)) {
        COMPLAIN(c, index, ".%s = %s is not an integer%s", p->name, number_text(v, text),
                 fabs(v) > EXACT_MAX ? " below 2^53" : "");
    } else {
        store_number(p, out, v);
    }
}

static const char *wanted(pm_ptype type)
{
    switch (type) {
    case PM_P_F64:
        return "a number";
    case PM_P_I64:
        return "an integer";
    case PM_P_BOOL:
        return "true or false";
    case PM_P_CHOICE:
        return "one of its words";
    default:
        return "a text";
    }
}

static void wrong_type(const pm_param *p, const param_value *v, complaints *c, size_t index)
{
    char number[32], list[256];
    const char *found =
        v->kind == PARAM_NUMBER
            ? number_text(v->number, number)
            : (v->kind == PARAM_FLAG ? (v->flag ? "true" : "false") : (v->text ? v->text : ""));
    const char *quote = v->kind == PARAM_TEXT ? "'" : "";
    if (p->type == PM_P_CHOICE)
        COMPLAIN(c, index, ".%s = %s%.80s%s is not one of %s", p->name, quote, found, quote,
                 word_list(p->choices, list, sizeof list));
    else
        COMPLAIN(c, index, ".%s = %s%.80s%s is not %s", p->name, quote, found, quote,
                 wanted(p->type));
}

static pm_status take(const pm_param *p, const param_value *v, void *out, arena *a, complaints *c,
                      size_t index)
{
    bool number = p->type == PM_P_F64 || p->type == PM_P_I64;
    bool words = p->type == PM_P_CHOICE || (p->type == PM_P_I64 && p->choices);
    if (v->kind == PARAM_NUMBER && number)
        take_number(p, v->number, out, c, index);
    else if (v->kind == PARAM_FLAG && p->type == PM_P_BOOL)
        store_number(p, out, v->flag ? 1 : 0);
    else if (v->kind == PARAM_TEXT && v->text && words)
        take_word(p, v->text, out, c, index);
    else if (v->kind == PARAM_TEXT && v->text && params_is_text(p))
        return store_text(p, out, v->text, a);
    else
        wrong_type(p, v, c, index);
    return PM_OK;
}

/* ---- the whole struct ----------------------------------------------------------------------------------- */

static pm_status fill_defaults(const pm_param *rows, void *out, arena *a)
{
    for (const pm_param *p = rows; p->name; p++) {
        if (!params_is_text(p))
            store_number(p, out, p->fallback);
        else if (store_text(p, out, p->fallback_str, a) != PM_OK)
            return PM_E_MEMORY;
    }
    return PM_OK;
}

void params_unknown(const pm_param *rows, const char *const *also, const char *name, char *out,
                    size_t bytes)
{
    const char *names[ROWS_MAX];
    size_t n = 0;
    for (size_t i = 0; n < ROWS_MAX && rows[i].name; i++) names[n++] = rows[i].name;
    for (; n < ROWS_MAX && also && *also; also++) names[n++] = *also;
    const char *near = str_suggest(name, names, n);
    if (near) {
        snprintf(out, bytes, "unknown parameter '%.80s'; did you mean '%s'?", name, near);
        return;
    }
    int k = snprintf(out, bytes, "unknown parameter '%.80s'; it takes %s", name, n ? "" : "none");
    size_t used = k > 0 ? (size_t)k : 0;
    for (size_t i = 0; i < n && used < bytes; i++) {
        k = snprintf(out + used, bytes - used, "%s%s", i ? ", " : "", names[i]);
        used += k > 0 ? (size_t)k : 0;
    }
}

static void unknown(const pm_param *rows, const char *name, complaints *c, size_t index)
{
    char message[400];
    params_unknown(rows, NULL, name, message, sizeof message);
    COMPLAIN(c, index, "%s", message);
}

pm_status params_build(const pm_param *rows, size_t bytes, const param_value *given, size_t n,
                       arena *a, void **out, param_complain tell, void *arg, pm_err *err)
{
    complaints c = {tell, arg, err, 0};
    *out = arena_alloc(a, 1, bytes ? bytes : 1);
    if (!*out || fill_defaults(rows, *out, a) != PM_OK)
        return err_set(err, PM_E_MEMORY, "out of memory for parameters");
    for (size_t i = 0; i < n; i++) {
        bool twice = false;
        for (size_t k = 0; k < i && !twice; k++) twice = strcmp(given[k].name, given[i].name) == 0;
        const pm_param *p = rows;
        while (p->name && strcmp(p->name, given[i].name) != 0) p++;
        if (twice)
            COMPLAIN(&c, i, ".%.80s is given twice", given[i].name);
        else if (!p->name)
            unknown(rows, given[i].name, &c, i);
        else if (take(p, &given[i], *out, a, &c, i) != PM_OK)
            return err_set(err, PM_E_MEMORY, "out of memory for parameters");
    }
    if (c.count == 0) return PM_OK;
    if (tell)
        err_set(err, PM_E_ARG, "%zu parameter%s refused", c.count, c.count == 1 ? " is" : "s are");
    return PM_E_ARG;
}

pm_status params_from_json(const pm_param *rows, size_t bytes, const json *j, arena *a, void **out,
                           pm_err *err)
{
    if (!j || j->kind != JSON_OBJECT)
        return err_set(err, PM_E_FORMAT, "parameters are not a JSON object");
    param_value *v = arena_alloc(a, j->n, sizeof *v);
    if (!v) return err_set(err, PM_E_MEMORY, "out of memory for parameters");
    size_t n = 0;
    for (const json *m = j->child; m; m = m->next, n++) {
        v[n].name = m->key;
        v[n].number = m->number;
        v[n].flag = m->number != 0;
        v[n].text = m->text;
        if (m->kind == JSON_NUMBER)
            v[n].kind = PARAM_NUMBER;
        else if (m->kind == JSON_BOOL)
            v[n].kind = PARAM_FLAG;
        else if (m->kind == JSON_STRING)
            v[n].kind = PARAM_TEXT;
        else
            return err_set(err, PM_E_ARG, ".%.80s is neither number, text, true nor false", m->key);
    }
    return params_build(rows, bytes, v, n, a, out, NULL, NULL, err);
}
