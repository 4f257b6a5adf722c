/* SPDX-License-Identifier: MIT
 *
 * Parsing of option rows and the help text made from them.  Not getopt: rows know their help, and
 * mistakes get a suggestion.
 */
#include "app/args.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGS_MAX_ROWS 32

static size_t row_count(const arg_row *rows)
{
    size_t n = 0;
    while (rows[n].name) n++;
    return n;
}

static int mistake(const verb *v, const char *fmt, const char *a, const char *b)
{
    fprintf(stderr, "pointsman %s: ", v->name);
    fprintf(stderr, fmt, a, b);
    fprintf(stderr, "\n`pointsman %s --help` shows the options\n", v->name);
    return EXIT_USAGE;
}

static int unknown_option(const verb *v, const char *name)
{
    const char *names[ARGS_MAX_ROWS];
    size_t n = 0;
    for (; v->args[n].name && n < ARGS_MAX_ROWS; n++) names[n] = v->args[n].name;
    const char *near = str_suggest(name, names, n);
    if (near) return mistake(v, "unknown option '--%s'; did you mean '--%s'?", name, near);
    return mistake(v, "unknown option '--%s'%s", name, "");
}

static int store_value(const verb *v, const arg_row *row, arg_value *value, const char *text)
{
    if (value->n == ARG_MAX_REPEAT) return mistake(v, "--%s is given too often%s", row->name, "");
    if (row->kind == ARG_NUMBER) {
        char *end = NULL;
        errno = 0;
        value->number = strtoll(text, &end, 10);
        if (errno || *text < '0' || *text > '9' || *end)
            return mistake(v, "--%s wants a whole number from 0 on, found '%s'", row->name, text);
    }
    value->text[value->n++] = text;
    return ARGS_GO_ON;
}

static const arg_row *find_row(const verb *v, const char *name, size_t len, char letter)
{
    for (const arg_row *r = v->args; r->name; r++) {
        if (letter ? r->letter == letter : strlen(r->name) == len && !strncmp(r->name, name, len))
            return r;
    }
    return NULL;
}

/* One option at argv[*i]; advances *i over a separate value. */
static int take_option(const verb *v, int argc, char **argv, int *i, arg_value *value)
{
    const char *at = argv[*i];
    const char *eq = NULL;
    const arg_row *row;
    if (at[1] == '-') {
        eq = strchr(at, '=');
        size_t len = eq ? (size_t)(eq - at) - 2 : strlen(at) - 2;
        row = find_row(v, at + 2, len, 0);
        if (!row) return unknown_option(v, at + 2);
    } else {
        row = find_row(v, NULL, 0, at[1]);
        if (!row || (at[2] && row->kind == ARG_FLAG))
            return mistake(v, "unknown option '%s'%s", at, "");
        if (at[2]) eq = at + 1; /* -oDIR */
    }
    arg_value *slot = &value[row - v->args];
    if (row->kind == ARG_FLAG) {
        if (eq) return mistake(v, "--%s takes no value%s", row->name, "");
        slot->n = 1;
        return ARGS_GO_ON;
    }
    if (eq) return store_value(v, row, slot, eq + 1);
    if (*i + 1 >= argc) return mistake(v, "--%s wants %s", row->name, row->metavar);
    return store_value(v, row, slot, argv[++*i]);
}

int args_parse(const verb *v, int argc, char **argv, arg_value *value, const char **operand,
               size_t *n_operands)
{
    bool only_operands = false;
    *n_operands = 0;
    memset(value, 0, row_count(v->args) * sizeof *value);
    for (int i = 1; i < argc; i++) {
        const char *at = argv[i];
        if (!only_operands && !strcmp(at, "--")) {
            only_operands = true;
        } else if (!only_operands && (!strcmp(at, "--help") || !strcmp(at, "-h"))) {
            str text = STR_INIT;
            args_help(v, &text);
            fputs(str_text(&text), stdout);
            str_close(&text);
            return EXIT_FINE;
        } else if (!only_operands && at[0] == '-' && at[1]) {
            int status = take_option(v, argc, argv, &i, value);
            if (status != ARGS_GO_ON) return status;
        } else if (*n_operands == v->max_operands) {
            return mistake(v, "unexpected argument '%s'%s", at, "");
        } else {
            operand[(*n_operands)++] = at;
        }
    }
    if (*n_operands < v->min_operands)
        return mistake(v, "missing argument: pointsman %s %s", v->name, v->operands);
    return ARGS_GO_ON;
}

const arg_value *args_value(const verb *v, const arg_value *value, const char *name)
{
    const arg_row *row = find_row(v, name, strlen(name), 0);
    return row ? &value[row - v->args] : NULL;
}

const char *args_text(const verb *v, const arg_value *value, const char *name, const char *fallback)
{
    const arg_value *x = args_value(v, value, name);
    return x && x->n ? x->text[x->n - 1] : fallback;
}

bool args_given(const verb *v, const arg_value *value, const char *name)
{
    const arg_value *x = args_value(v, value, name);
    return x && x->n;
}

int64_t args_number(const verb *v, const arg_value *value, const char *name, int64_t fallback)
{
    const arg_value *x = args_value(v, value, name);
    return x && x->n ? x->number : fallback;
}

int args_int(const verb *v, const arg_value *value, const char *name, int fallback)
{
    int64_t n = args_number(v, value, name, fallback);
    return n > INT_MAX ? INT_MAX : (int)n;
}

const char *verb_part_name(const verb *part)
{
    const char *space = strrchr(part->name, ' ');
    return space ? space + 1 : part->name;
}

void args_help(const verb *v, str *out)
{
    str_printf(out, "pointsman %s - %s\n\nUsage: pointsman %s%s%s%s\n", v->name, v->summary,
               v->name, v->args[0].name ? " [OPTION ...]" : "", *v->operands ? " " : "",
               v->operands);
    if (v->details) str_printf(out, "\n%s\n", v->details);
    const verb *const *part = verb_parts(v);
    if (part) str_puts(out, "\nSub-verbs:\n");
    for (; part && *part; part++)
        str_printf(out, "  %-11s %s\n", verb_part_name(*part), (*part)->summary);
    str_puts(out, "\nOptions:\n");
    for (const arg_row *r = v->args; r->name; r++) {
        char left[64];
        snprintf(left, sizeof left, "%c%c%s--%s%s%s", r->letter ? '-' : ' ',
                 r->letter ? r->letter : ' ', r->letter ? ", " : "  ", r->name,
                 r->metavar ? " " : "", r->metavar ? r->metavar : "");
        str_printf(out, "  %-24s %s\n", left, r->doc);
    }
    str_printf(out, "  %-24s %s\n", "-h, --help", "this page");
}
