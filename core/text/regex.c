/* SPDX-License-Identifier: MIT
 *
 * PCRE2 in UTF mode with Unicode classes, compiled to machine code where the library can.
 */
#include "text/regex.h"

#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/str.h"

struct regex {
    pcre2_code *code;
};

struct regex_room {
    pcre2_match_data *match;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

enum { STACK_FIRST = 32 << 10, STACK_MOST = 16 << 20 };

static void *take(size_t bytes, void *unused)
{
    (void)unused;
    return mem_resize(NULL, bytes);
}

static void give(void *p, void *unused)
{
    (void)unused;
    if (p) (void)mem_resize(p, 0);
}

/* White_Space of Unicode; PCRE2's own \s has U+180E as well. */
static const char spaces[] = "\\x09-\\x0d\\x20\\x85\\xa0\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{"
                             "2029}\\x{202f}\\x{205f}\\x{3000}";
static const char words[] = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200c}\\x{200d}";

/* Puts what stands for \c; inside says that we are in a class. */
static bool put_escape(char c, bool inside, str *out)
{
    const char *set = c == 's' || c == 'S' ? spaces : c == 'w' || c == 'W' ? words : NULL;
    if (c == 'h' || c == 'H') set = "0-9a-fA-F";
    bool negative = c == 'S' || c == 'W' || c == 'H';
    if (!set) {
        str_printf(out, "\\%c", c);
        return true;
    }
    if (inside && negative) return false;
    if (!inside) str_puts(out, negative ? "[^" : "[");
    str_puts(out, set);
    if (!inside) str_puts(out, "]");
    return true;
}

/* True when s[i] closes "{n}", "{n,}" or "{n,m}" and '+' follows: possessive in PCRE2, repeated in Oniguruma. */
static bool repeats_interval(const char *s, size_t len, size_t i)
{
    if (s[i] != '}' || i + 1 >= len || s[i + 1] != '+') return false;
    size_t k = i;
    while (k > 0 && ((s[k - 1] >= '0' && s[k - 1] <= '9') || s[k - 1] == ',')) k--;
    return k > 0 && k < i && s[k - 1] == '{' && (k < 3 || (s[k - 2] != 'p' && s[k - 2] != 'P'));
}

static const char *translate(const char *s, size_t len, str *out)
{
    size_t depth = 0; /* of classes: "[a[^b]]" and "[a&&b]" are Oniguruma's */
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '\\' && i + 1 < len) {
            if ((s[i + 1] & 0x80) == 0) {
                if (!put_escape(s[++i], depth > 0, out))
                    return "\\S, \\W or \\H within [ ] is not supported";
                continue;
            }
        } else if (s[i] == '[') {
            bool posix = depth > 0 && i + 1 < len && s[i + 1] == ':';
            if (depth > 0 && !posix) return "a class within a class is not supported";
            if (posix) return "[: :] classes are not supported; write \\p{ }";
            depth = 1;
            size_t next = i + 1 + (i + 1 < len && s[i + 1] == '^');
            if (next < len && s[next] == ']') return "a class that begins with ] is not supported";
        } else if (s[i] == ']') {
            depth = 0;
        } else if (depth > 0 && s[i] == '&' && i + 1 < len && s[i + 1] == '&') {
            return "&& within [ ] is not supported";
        } else if (depth == 0 && repeats_interval(s, len, i)) {
            return "a + behind { } repeats in Oniguruma and is not supported";
        }
        str_put(out, s + i, 1);
    }
    return NULL;
}

static void free_code(void *arg)
{
    regex *r = arg;
    pcre2_code_free(r->code);
}

static pm_status compile(const str *pattern, regex *r, pm_err *err)
{
    pcre2_general_context *memory = pcre2_general_context_create(take, give, NULL);
    pcre2_compile_context *c = memory ? pcre2_compile_context_create(memory) : NULL;
    int code = 0;
    size_t at = 0;
    if (c) {
        pcre2_set_newline(c, PCRE2_NEWLINE_LF);
        pcre2_set_parens_nest_limit(c, 100);
        r->code = pcre2_compile((PCRE2_SPTR)str_text(pattern), pattern->len,
                                PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C,
                                &code, &at, c);
    }
    pcre2_compile_context_free(c);
    pcre2_general_context_free(memory);
    if (!c) return err_set(err, PM_E_MEMORY, "out of memory");
    if (r->code) {
        (void)pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE); /* without it: slower */
        return PM_OK;
    }
    PCRE2_UCHAR why[120];
    (void)pcre2_get_error_message(code, why, sizeof why);
    return err_set(err, PM_E_UNSUPPORTED, "regular expression \"%.200s\": at byte %zu: %s",
                   str_text(pattern), at, (const char *)why);
}

pm_status regex_compile(const char *pattern, size_t len, arena *a, const regex **out, pm_err *err)
{
    *out = NULL;
    if (len > 100000)
        return err_set(err, PM_E_UNSUPPORTED,
                       "a regular expression of %zu bytes - wanted at most "
                       "100000",
                       len);
    regex *r = arena_alloc(a, 1, sizeof *r);
    if (!r) return err_set(err, PM_E_MEMORY, "out of memory");
    str ours = STR_INIT;
    const char *why = translate(pattern, len, &ours);
    pm_status s = PM_OK;
    if (why)
        s = err_set(err, PM_E_UNSUPPORTED, "regular expression \"%.200s\": %s", pattern, why);
    else if (ours.failed)
        s = err_set(err, PM_E_MEMORY, "out of memory");
    else
        s = compile(&ours, r, err);
    str_close(&ours);
    if (s != PM_OK) return s;
    if (!arena_defer(a, free_code, r)) {
        free_code(r);
        return err_set(err, PM_E_MEMORY, "out of memory");
    }
    *out = r;
    return PM_OK;
}

regex_room *regex_room_open(void)
{
    regex_room *r = mem_alloc(1, sizeof *r);
    pcre2_general_context *memory = pcre2_general_context_create(take, give, NULL);
    if (r && memory) {
        r->match = pcre2_match_data_create(1, memory);
        r->context = pcre2_match_context_create(memory);
        r->stack = pcre2_jit_stack_create(STACK_FIRST, STACK_MOST, memory);
    }
    pcre2_general_context_free(memory);
    if (r && r->match && r->context) {
        if (r->stack) pcre2_jit_stack_assign(r->context, NULL, r->stack);
        return r;
    }
    regex_room_close(r);
    return NULL;
}

void regex_room_close(regex_room *r)
{
    if (!r) return;
    pcre2_match_data_free(r->match);
    pcre2_match_context_free(r->context);
    pcre2_jit_stack_free(r->stack);
    mem_free(r);
}

regex_found regex_next(const regex *r, regex_room *room, const char *text, size_t len, size_t at,
                       size_t *from, size_t *to)
{
    int n = pcre2_match(r->code, (PCRE2_SPTR)text, len, at, PCRE2_NO_UTF_CHECK, room->match,
                        room->context);
    if (n == PCRE2_ERROR_NOMATCH) return REGEX_NONE;
    if (n < 0) return REGEX_LIMIT;
    const size_t *v = pcre2_get_ovector_pointer(room->match);
    *from = v[0];
    *to = v[1] < v[0] ? v[0] : v[1]; /* \K may turn them round */
    return REGEX_MATCH;
}
