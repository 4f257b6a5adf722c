/* SPDX-License-Identifier: MIT
 *
 * JSON documents: one strict pass of our own over the text (RFC 8259: grammar, UTF-8, depth,
 * places of mistakes), then cJSON builds the values, which are copied into the arena.  cJSON alone
 * is too kind: it takes "01", control characters, cut strings at \u0000 and duplicate keys.
 */
#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/io.h"

#define DEPTH_MAX 64
#define BYTES_MAX ((size_t)64 << 20)
#define VALUES_MAX                                                                                 \
    ((size_t)8 << 20) /* each takes some 130 bytes: 64 MiB of "1,1," would take 4 GB */
#define NUMBER_MAX 63 /* characters that cJSON reads of one number */

/* ---- the strict pass ---- */

typedef struct scan {
    const char *name; /* of the document, for messages */
    const char *text;
    size_t len, at;
    size_t values;            /* met so far */
    size_t keys, stop_at_key; /* members met so far; the one to stop at, counted from 1 */
    pm_err *err;
} scan;

static pm_status refuse_at(const scan *s, size_t at, const char *what)
{
    size_t line = 1, start = 0;
    for (size_t i = 0; i < at && i < s->len; i++) {
        if (s->text[i] != '\n') continue;
        line++;
        start = i + 1;
    }
    size_t column = 1 + utf8_count(s->text + start, at - start);
    return err_set(s->err, PM_E_FORMAT, "%s:%zu:%zu: %s", s->name, line, column, what);
}

static int peek(const scan *s)
{
    return s->at < s->len ? (unsigned char)s->text[s->at] : -1;
}

static int peek_past_space(scan *s)
{
    while (s->at < s->len && memchr(" \t\n\r", s->text[s->at], 4)) s->at++;
    return peek(s);
}

static size_t take_digits(scan *s)
{
    size_t start = s->at;
    while (peek(s) >= '0' && peek(s) <= '9') s->at++;
    return s->at - start;
}

static pm_status scan_number(scan *s)
{
    size_t start = s->at;
    if (peek(s) == '-') s->at++;
    bool zero = peek(s) == '0';
    size_t whole = take_digits(s);
    if (whole == 0) return refuse_at(s, s->at, "a digit is missing in a number");
    if (zero && whole > 1) return refuse_at(s, start, "a number begins with a needless 0");
    if (peek(s) == '.') {
        s->at++;
        if (take_digits(s) == 0) return refuse_at(s, s->at, "a digit is missing after the point");
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        s->at++;
        if (peek(s) == '+' || peek(s) == '-') s->at++;
        if (take_digits(s) == 0) return refuse_at(s, s->at, "a digit is missing in the exponent");
    }
    if (s->at - start > NUMBER_MAX)
        return refuse_at(s, start, "a number longer than 63 characters");
    char copy[NUMBER_MAX + 1] = "";
    memcpy(copy, s->text + start, s->at - start);
    char *point = strchr(copy, '.');
    if (point)
        *point = '\0'; /* the whole part and the exponent decide; strtod's sign is the locale's */
    char *exponent = point ? strpbrk(point + 1, "eE") : NULL;
    if (exponent) memmove(point, exponent, strlen(exponent) + 1);
    if (!isfinite(strtod(copy, NULL)))
        return refuse_at(s, start, "a number too large for a double");
    return PM_OK;
}

static int hex_value(int c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Behind "\u": four digits. */
static pm_status scan_unit(scan *s, unsigned *unit)
{
    *unit = 0;
    for (int k = 0; k < 4; k++, s->at++) {
        int v = hex_value(peek(s));
        if (v < 0) return refuse_at(s, s->at, "\\u wants four hexadecimal digits");
        *unit = *unit << 4 | (unsigned)v;
    }
    return PM_OK;
}

static pm_status scan_escape(scan *s)
{
    size_t start = s->at++;
    int c = peek(s);
    if (c < 0 || !memchr("\"\\/bfnrtu", c, 9))
        return refuse_at(s, start, "an unknown escape in a string");
    s->at++;
    if (c != 'u') return PM_OK;
    unsigned unit = 0, low = 0;
    pm_status status = scan_unit(s, &unit);
    if (status != PM_OK) return status;
    if (unit == 0) return refuse_at(s, start, "\\u0000 is not allowed: texts end at NUL");
    if (unit >= 0xDC00 && unit <= 0xDFFF) return refuse_at(s, start, "half of a surrogate pair");
    if (unit < 0xD800 || unit > 0xDBFF) return PM_OK;
    if (s->len - s->at < 6 || memcmp(s->text + s->at, "\\u", 2) != 0) {
        return refuse_at(s, start, "half of a surrogate pair");
    }
    s->at += 2;
    status = scan_unit(s, &low);
    if (status != PM_OK) return status;
    return low >= 0xDC00 && low <= 0xDFFF ? PM_OK : refuse_at(s, start, "half of a surrogate pair");
}

static pm_status scan_string(scan *s)
{
    size_t start = s->at++;
    for (;;) {
        int c = peek(s);
        if (c < 0) return refuse_at(s, start, "a string without its closing quote");
        if (c == '"') break;
        if (c < 0x20)
            return refuse_at(s, s->at, "a control character in a string: write it as an escape");
        if (c == '\\') {
            pm_status status = scan_escape(s);
            if (status != PM_OK) return status;
        } else {
            s->at++;
        }
    }
    s->at++;
    return PM_OK;
}

static pm_status scan_value(scan *s, int depth);

static pm_status scan_members(scan *s, int depth, bool object)
{
    char close = object ? '}' : ']';
    s->at++;
    if (peek_past_space(s) == close) {
        s->at++;
        return PM_OK;
    }
    for (;;) {
        pm_status status = PM_OK;
        if (object) {
            if (peek_past_space(s) != '"') return refuse_at(s, s->at, "a key in quotes is missing");
            if (++s->keys == s->stop_at_key)
                return refuse_at(s, s->at, "this key was given before in the same object");
            if ((status = scan_string(s)) != PM_OK) return status;
            if (peek_past_space(s) != ':') return refuse_at(s, s->at, "':' is missing after a key");
            s->at++;
        }
        if ((status = scan_value(s, depth + 1)) != PM_OK) return status;
        int c = peek_past_space(s);
        if (c != ',' && c != close) {
            return refuse_at(s, s->at, object ? "',' or '}' is missing" : "',' or ']' is missing");
        }
        s->at++;
        if (c == close) return PM_OK;
    }
}

static pm_status scan_value(scan *s, int depth)
{
    static const char *const word[] = {"true", "false", "null"};
    int c = peek_past_space(s);
    if (depth > DEPTH_MAX) return refuse_at(s, s->at, "nested more than 64 deep");
    if (++s->values > VALUES_MAX) return refuse_at(s, s->at, "more than 8388608 values");
    if (c == '{' || c == '[') return scan_members(s, depth, c == '{');
    if (c == '"') return scan_string(s);
    if (c == '-' || (c >= '0' && c <= '9')) return scan_number(s);
    for (size_t k = 0; k < sizeof word / sizeof word[0]; k++) {
        size_t len = strlen(word[k]);
        if (s->len - s->at < len || memcmp(s->text + s->at, word[k], len) != 0) continue;
        s->at += len;
        return PM_OK;
    }
    return refuse_at(s, s->at,
                     c < 0 ? "the document ends where a value is expected"
                           : "no JSON value begins like this");
}

static pm_status scan_document(scan *s)
{
    if (s->len > BYTES_MAX) return err_set(s->err, PM_E_FORMAT, "%s: larger than 64 MiB", s->name);
    size_t bad = 0;
    if (!utf8_valid(s->text, s->len, &bad)) return refuse_at(s, bad, "a byte that is not UTF-8");
    pm_status status = scan_value(s, 1);
    if (status != PM_OK) return status;
    return peek_past_space(s) < 0
               ? PM_OK
               : refuse_at(s, s->at, "something follows the end of the document");
}

/* ---- from cJSON's nodes to ours ---- */

typedef struct build {
    arena *a;
    size_t keys;      /* members of objects met so far, in the order of the text */
    size_t duplicate; /* the number of the member that repeats a key, 0: none */
} build;

typedef struct name_at {
    const char *name;
    size_t index;
} name_at;

static int by_name_then_index(const void *x, const void *y)
{
    const name_at *a = x, *b = y;
    int order = strcmp(a->name, b->name);
    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

/* The index of the first member that repeats an earlier key, or n. */
static pm_status find_repeat(build *b, const cJSON *object, size_t n, size_t *repeat)
{
    *repeat = n;
    if (n < 2) return PM_OK;
    arena_mark mark = arena_save(b->a);
    name_at *names = arena_alloc(b->a, n, sizeof *names);
    if (!names) return PM_E_MEMORY;
    size_t i = 0;
    for (const cJSON *c = object->child; c; c = c->next, i++) names[i] = (name_at){c->string, i};
    qsort(names, n, sizeof *names, by_name_then_index);
    for (i = 1; i < n; i++) {
        if (strcmp(names[i - 1].name, names[i].name) == 0 && names[i].index < *repeat)
            *repeat = names[i].index;
    }
    arena_release(b->a, mark);
    return PM_OK;
}

static pm_status copy_value(build *b, const cJSON *from, json *to);

static pm_status copy_children(build *b, const cJSON *from, json *to)
{
    bool object = cJSON_IsObject(from);
    size_t n = 0, repeat = 0;
    for (const cJSON *c = from->child; c; c = c->next) n++;
    if (n == 0) return PM_OK;
    pm_status s = object ? find_repeat(b, from, n, &repeat) : PM_OK;
    if (s != PM_OK) return s;
    json *at = arena_alloc(b->a, n, sizeof *at);
    if (!at) return PM_E_MEMORY;
    to->child = at;
    to->n = n;
    size_t i = 0;
    for (const cJSON *c = from->child; c; c = c->next, i++) {
        if (object) {
            b->keys++;
            if (repeat < n && i == repeat) {
                b->duplicate = b->keys;
                return PM_E_FORMAT;
            }
            if (!(at[i].key = arena_strdup(b->a, c->string))) return PM_E_MEMORY;
        }
        if ((s = copy_value(b, c, &at[i])) != PM_OK) return s;
        at[i].next = c->next ? &at[i + 1] : NULL;
    }
    return PM_OK;
}

static pm_status copy_value(build *b, const cJSON *from, json *to)
{
    if (cJSON_IsNumber(from)) {
        to->kind = JSON_NUMBER;
        to->number = from->valuedouble;
    } else if (cJSON_IsString(from)) {
        to->kind = JSON_STRING;
        to->text = arena_strdup(b->a, from->valuestring);
        return to->text ? PM_OK : PM_E_MEMORY;
    } else if (cJSON_IsBool(from)) {
        to->kind = JSON_BOOL;
        to->number = cJSON_IsTrue(from) ? 1 : 0;
    } else if (cJSON_IsArray(from) || cJSON_IsObject(from)) {
        to->kind = cJSON_IsArray(from) ? JSON_ARRAY : JSON_OBJECT;
        return copy_children(b, from, to);
    }
    return PM_OK;
}

static void *hook_alloc(size_t bytes)
{
    return mem_resize(NULL, bytes); /* cJSON clears what it wants clear */
}

static pm_status parse(const char *name, const char *text, size_t len, arena *a, const json **out,
                       pm_err *err)
{
    *out = NULL;
    scan s = {.name = name, .text = text, .len = len, .err = err};
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) s.at = 3; /* a byte order mark */
    size_t first = s.at;
    pm_status status = scan_document(&s);
    if (status != PM_OK) return status;
    cJSON_Hooks hooks = {hook_alloc, mem_free};
    cJSON_InitHooks(&hooks);
    cJSON *root = cJSON_ParseWithLengthOpts(text + first, len - first, NULL, false);
    if (!root) return err_set(err, PM_E_MEMORY, "%s: out of memory", name);
    build b = {a, 0, 0};
    json *top = arena_alloc(a, 1, sizeof *top);
    status = top ? copy_value(&b, root, top) : PM_E_MEMORY;
    cJSON_Delete(root);
    if (status == PM_E_MEMORY) return err_set(err, status, "%s: out of memory", name);
    if (status != PM_OK) { /* a repeated key: the strict pass knows where its n-th key stands */
        s.at = first;
        s.keys = 0;
        s.stop_at_key = b.duplicate;
        return scan_value(&s, 1);
    }
    *out = top;
    return PM_OK;
}

pm_status json_parse(const char *text, size_t len, arena *a, const json **out, pm_err *err)
{
    return parse("json", text, len, a, out, err);
}

pm_status json_read(const char *path, arena *a, const json **out, pm_err *err)
{
    *out = NULL;
    str text = STR_INIT;
    pm_status s = io_read(path, BYTES_MAX, &text, err);
    if (s == PM_OK) s = parse(path, str_text(&text), text.len, a, out, err);
    str_close(&text);
    return s;
}

/* ---- reading values ---- */

const json *json_get(const json *object, const char *key)
{
    if (!object || object->kind != JSON_OBJECT) return NULL;
    for (const json *c = object->child; c; c = c->next) {
        if (strcmp(c->key, key) == 0) return c;
    }
    return NULL;
}

double json_number(const json *object, const char *key, double fallback)
{
    const json *v = json_get(object, key);
    return v && v->kind == JSON_NUMBER ? v->number : fallback;
}

const char *json_text(const json *object, const char *key, const char *fallback)
{
    const json *v = json_get(object, key);
    return v && v->kind == JSON_STRING ? v->text : fallback;
}

bool json_flag(const json *object, const char *key, bool fallback)
{
    const json *v = json_get(object, key);
    return v && v->kind == JSON_BOOL ? v->number != 0 : fallback;
}

/* ---- writing ---- */

void json_put(const json *value, str *out)
{
    bool object = value->kind == JSON_OBJECT;
    switch (value->kind) {
    case JSON_NULL:
        str_puts(out, "null");
        return;
    case JSON_BOOL:
        str_puts(out, value->number != 0 ? "true" : "false");
        return;
    case JSON_NUMBER:
        str_number(out, value->number);
        return;
    case JSON_STRING:
        str_json(out, value->text, strlen(value->text));
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
        str_puts(out, object ? "{" : "[");
        for (const json *c = value->child; c; c = c->next) {
            if (c != value->child) str_puts(out, ", ");
            if (object) {
                str_json(out, c->key, strlen(c->key));
                str_puts(out, ": ");
            }
            json_put(c, out); /* at most 64 deep, as it was parsed */
        }
        str_puts(out, object ? "}" : "]");
    }
}
