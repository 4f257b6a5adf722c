/* SPDX-License-Identifier: MIT
 *
 * Manual pages (man(7), mdoc(7), groff(7)): what a reader reads, line by line as the source has it.  Definitions of
 * macros, conditions with blocks, tables' formats and equations are dropped; nothing is computed.
 */
#include "config.h"

#include <string.h>

#include "text/roff.h"

/* ---- lines of macros ---- */

/* The macro's name and its arguments; quotes keep blanks together, "" inside them is one quote. */
static pm_str split_line(pm_str line, roff_args *args)
{
    size_t i = 1;
    args->n = 0;
    while (i < line.len && (line.ptr[i] == ' ' || line.ptr[i] == '\t')) i++;
    pm_str macro = {line.ptr + i, 0};
    while (i < line.len && line.ptr[i] != ' ' && line.ptr[i] != '\t') i++;
    macro.len = (size_t)(line.ptr + i - macro.ptr);
    while (args->n < ROFF_ARGS) {
        while (i < line.len && (line.ptr[i] == ' ' || line.ptr[i] == '\t')) i++;
        if (i >= line.len) break;
        if (line.ptr[i] == '\\' && i + 1 < line.len && line.ptr[i + 1] == '"') break;
        bool quoted = line.ptr[i] == '"';
        size_t start = i += quoted;
        for (; i < line.len; i++) {
            char c = line.ptr[i];
            if (c == '\\' && i + 1 < line.len)
                i++;
            else if (quoted ? c == '"' && (i + 1 == line.len || line.ptr[i + 1] != '"')
                            : c == ' ' || c == '\t')
                break;
            else if (quoted && c == '"')
                i++;
        }
        size_t end = i < line.len ? i : line.len;
        args->at[args->n] = (pm_str){line.ptr + start, end - start};
        args->quoted[args->n++] = quoted;
        i += quoted;
    }
    return macro;
}

static bool is_macro(pm_str macro, const char *list)
{
    for (const char *at = list; *at;) {
        size_t len = strcspn(at, " ");
        if (len == macro.len && memcmp(at, macro.ptr, len) == 0) return true;
        at += len + (at[len] == ' ');
    }
    return false;
}

/* "" inside a quoted argument is one ". */
static bool put_arg(const roff_args *args, size_t k, str *out)
{
    pm_str s = args->at[k];
    bool joined = false;
    while (s.len) {
        const char *twice = args->quoted[k] ? memmem(s.ptr, s.len, "\"\"", 2) : NULL;
        size_t len = twice ? (size_t)(twice - s.ptr) + 1 : s.len;
        joined = roff_put((pm_str){s.ptr, len}, out);
        len += twice != NULL;
        s.ptr += len;
        s.len -= len;
    }
    return joined;
}

static void put_args(roff *r, const roff_args *args, const char *between)
{
    bool joined = false;
    for (size_t k = 0; k < args->n; k++) {
        if (k) str_puts(r->out, between);
        joined = put_arg(args, k, r->out);
    }
    r->joined = joined;
    if (args->n && !joined) str_put(r->out, "\n", 1);
}

/* Goes behind the line that is `end`. */
static void skip_to(roff *r, const char *end)
{
    pm_str line;
    size_t len = strlen(end);
    while (text_line(&r->rest, &line))
        if (text_begins(line, end) && (line.len == len || line.ptr[len] == ' ')) return;
}

/* Braces \{ and \} of a line. */
static int depth_of(pm_str line)
{
    int depth = 0;
    for (size_t i = 0; i + 1 < line.len; i++) {
        if (line.ptr[i] != '\\') continue;
        i++;
        depth += (line.ptr[i] == '{') - (line.ptr[i] == '}');
    }
    return depth;
}

static void skip_condition(roff *r, pm_str line)
{
    int depth = depth_of(line);
    while (depth > 0 && text_line(&r->rest, &line)) depth += depth_of(line);
}

/* ---- macros ---- */

/* Macros that have their text in the arguments. */
static bool take_font(roff *r, pm_str macro, const roff_args *args)
{
    if (is_macro(macro, "B I SM SB R CW"))
        put_args(r, args, " ");
    else if (is_macro(macro, "BR BI IR IB RB RI"))
        put_args(r, args, "");
    else
        return false;
    return true;
}

static bool take_section(roff *r, pm_str macro, const roff_args *args)
{
    if (is_macro(macro, "SH SS")) {
        str_put(r->out, "\n", 1);
        put_args(r, args, " ");
    } else if (is_macro(macro, "IP")) {
        str_put(r->out, "\n", 1);
        roff_args head = *args;
        head.n = args->n > 0; /* the second is an indentation */
        put_args(r, &head, " ");
    } else if (is_macro(macro, "PP P LP TP HP sp TQ")) {
        str_put(r->out, "\n", 1);
    } else if (is_macro(macro, "UR MT")) {
        put_args(r, args, " ");
    } else if (is_macro(macro, "SY")) {
        str_put(r->out, "\n", 1);
        put_args(r, args, " ");
    } else if (is_macro(macro, "OP")) {
        str_puts(r->out, "[");
        for (size_t k = 0; k < args->n; k++) {
            if (k) str_puts(r->out, " ");
            (void)put_arg(args, k, r->out);
        }
        str_puts(r->out, "]\n");
    } else {
        return false;
    }
    return true;
}

/* What is dropped together with lines after it. */
static bool take_block(roff *r, pm_str macro, pm_str line, const roff_args *args)
{
    char end[ROFF_NAME] = "..";
    if (is_macro(macro, "de de1 am am1 dei ami ig")) {
        size_t k = is_macro(macro, "ig") ? 0 : 1;
        if (args->n > k && args->at[k].len + 2 < sizeof end) {
            end[0] = '.';
            memcpy(end + 1, args->at[k].ptr, args->at[k].len);
            end[1 + args->at[k].len] = '\0';
        }
        skip_to(r, end);
    } else if (is_macro(macro, "if ie el while")) {
        skip_condition(r, line);
    } else if (is_macro(macro, "EQ")) {
        skip_to(r, ".EN");
    } else if (is_macro(macro, "PS")) {
        skip_to(r, ".PE");
    } else if (is_macro(macro, "TS T&")) {
        if (macro.ptr[1] == 'S') r->table_tab = '\t';
        r->in_table = r->in_format = true;
        str_put(r->out, "\n", 1);
    } else if (is_macro(macro, "TE")) {
        r->in_table = r->in_format = false;
        str_put(r->out, "\n", 1);
    } else {
        return false;
    }
    return true;
}

static void take_macro(roff *r, pm_str line)
{
    roff_args args;
    pm_str macro = split_line(line, &args);
    if (is_macro(macro, "TH Dd")) r->mentions_page = true;
    if (text_begins(macro, "\\\"")) return;
    if (take_block(r, macro, line, &args) || take_font(r, macro, &args) ||
        take_section(r, macro, &args))
        return;
    (void)roff_mdoc(r, macro, &args);
}

/* ---- tables (tbl(1)) and text ---- */

static void take_format(roff *r, pm_str line)
{
    const char *tab = memmem(line.ptr, line.len, "tab", 3);
    size_t at = tab ? (size_t)(tab - line.ptr) + 3 : 0;
    while (tab && at < line.len && line.ptr[at] == ' ') at++;
    if (tab && at + 1 < line.len && line.ptr[at] == '(') r->table_tab = line.ptr[at + 1];
    pm_str bare = text_trim(line);
    if (bare.len && bare.ptr[bare.len - 1] == '.') r->in_format = false;
}

static void take_row(roff *r, pm_str line)
{
    pm_str bare = text_trim(line);
    if (pm_str_equal(bare, "_") || pm_str_equal(bare, "=")) return;
    for (size_t from = 0, i = 0; i <= line.len; i++) {
        if (i < line.len && line.ptr[i] != r->table_tab) continue;
        pm_str cell = text_trim((pm_str){line.ptr + from, i - from});
        from = i + 1;
        if (pm_str_equal(cell, "T{") || pm_str_equal(cell, "T}") || pm_str_equal(cell, "\\^"))
            continue;
        (void)roff_put(cell, r->out);
        if (i < line.len) str_put(r->out, " ", 1);
    }
    str_put(r->out, "\n", 1);
}

static void take_line(roff *r, pm_str line)
{
    if (line.len && (line.ptr[0] == '.' || line.ptr[0] == '\'')) {
        if (line.len > 1) take_macro(r, line);
    } else if (r->in_table && r->in_format) {
        take_format(r, line);
    } else if (r->in_table) {
        take_row(r, line);
    } else {
        r->joined = roff_put(line, r->out);
        if (!r->joined) str_put(r->out, "\n", 1);
    }
}

/* The line with those that \ at its end joins to it: the backslash and the line end are two bytes in the middle. */
static bool next_line(roff *r, pm_str *line)
{
    if (!text_line(&r->rest, line)) return false;
    for (;;) {
        size_t slashes = 0;
        while (slashes < line->len && line->ptr[line->len - 1 - slashes] == '\\') slashes++;
        pm_str more;
        if (slashes % 2 == 0 || !text_line(&r->rest, &more)) return true;
        line->len = (size_t)(more.ptr + more.len - line->ptr);
    }
}

const char *clean_roff(const text_source *from, str *out)
{
    roff r = {.rest = from->text, .out = out, .table_tab = '\t'};
    pm_str line;
    bool is_alias = false;
    while (next_line(&r, &line) && !out->failed) {
        if (text_begins(line, ".so ")) is_alias = true;
        take_line(&r, line);
    }
    if (is_alias && !r.mentions_page) return "an alias of another page";
    return NULL;
}
