/* SPDX-License-Identifier: MIT
 *
 * Conversations as tokens.  Markers become special tokens by their names; what people wrote is never read as one, so
 * that a prompt cannot forge a turn.
 */
#include "lm/chat.h"

#include <stdio.h>
#include <string.h>

static const chat_row rows[] = {
    {"chatml", "<|im_start|>", "", "<|im_start|>", "\n", "<|im_end|>\n", "<|im_end|>", NULL, false,
     false},
    {"llama-3", "<|start_header_id|>", "<|begin_of_text|>", "<|start_header_id|>",
     "<|end_header_id|>\n\n", "<|eot_id|>", "<|eot_id|>", NULL, false, true},
    {"zephyr", "<|user|>", "", "<|", "|>\n", "</s>\n", "</s>", NULL, false, false},
    {"gemma", "<start_of_turn>", "<bos>", "<start_of_turn>", "\n", "<end_of_turn>\n",
     "<end_of_turn>", "model", true, true},
    {"plain", NULL, "", "", NULL, "\n", NULL, NULL, true, false},
};
enum { N_ROWS = sizeof rows / sizeof *rows, PLAIN = N_ROWS - 1 };

pm_status chat_find(const lm *m, const char *name, const chat_row **out, pm_err *err)
{
    const char *known[N_ROWS];
    for (size_t k = 0; k < N_ROWS; k++) {
        known[k] = rows[k].name;
        const bool is_meant = name ? strcmp(name, rows[k].name) == 0
                                   : rows[k].mark && m->chat &&
                                         strstr(m->chat, rows[k].mark) != NULL;
        if (!is_meant) continue;
        *out = &rows[k];
        return PM_OK;
    }
    *out = &rows[PLAIN];
    if (!name && !m->chat) return PM_OK;
    const char *near = name ? str_suggest(name, known, N_ROWS) : NULL;
    if (name)
        return err_set(err, PM_E_ARG,
                       "chat = \"%s\"%s%s%s; want chatml, llama-3, zephyr, gemma or plain", name,
                       near ? ": did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return err_set(
        err, PM_E_UNSUPPORTED,
        "%s: its chat template is none that we know; name one: chat = \"chatml\", \"llama-3\", "
        "\"zephyr\", \"gemma\" or \"plain\"",
        m->name);
}

/* The text after the first `open` in the template up to `close`, where no string of the template ends between them. */
static pm_str between(const char *chat, const char *open, const char *close)
{
    for (const char *at = strstr(chat, open); at; at = strstr(at + 1, open)) {
        const char *from = at + strlen(open), *to = strstr(from, close),
                   *quote = strchr(from, '\'');
        if (to && to > from && (!quote || quote > to)) return (pm_str){from, (size_t)(to - from)};
    }
    return (pm_str){"", 0};
}

pm_str chat_default_system(const lm *m, const chat_row *row)
{
    char open[64], close[32];
    if (!m->chat || !row->mark || row->joins_system || !row->after_role) return (pm_str){"", 0};
    snprintf(close, sizeof close, "%.*s", (int)strcspn(row->close, "\n"), row->close);
    snprintf(open, sizeof open, "%ssystem%s", row->open, row->after_role);
    const pm_str said = between(m->chat, open, close);
    if (said.len) return said;
    /* The line feed as Jinja writes it in a string: a backslash and an n. */
    snprintf(open, sizeof open, "%ssystem%.*s\\n", row->open, (int)strcspn(row->after_role, "\n"),
             row->after_role);
    return between(m->chat, open, close);
}

/* Tokens of `text`; special tokens are recognised only in what a template wrote. */
static pm_status put(const lm *m, lm_room *r, const str *text, bool is_marker, pm_err *err)
{
    const token_options o = {.no_special = true, .special_as_text = !is_marker};
    tokens t;
    if (text->failed) return err_set(err, PM_E_MEMORY, "out of memory for a conversation");
    if (text->len == 0) return PM_OK;
    pm_status s =
        tokenizer_encode(m->tok, r->tok, (pm_str){str_text(text), text->len}, NULL, &o, &t, err);
    return s ? s : lm_gather_more(r, t.id, t.n, err);
}

/* A marker that is one special token of this vocabulary, else plain text. */
static pm_status put_marker(const lm *m, lm_room *r, const char *marker, str *text, pm_err *err)
{
    uint32_t id;
    const size_t len = strcspn(marker, "\n");
    if (len == 0 || !tokenizer_find(m->tok, (pm_str){marker, len}, &id) ||
        !tokenizer_is_special(m->tok, id)) {
        str_puts(text, marker);
        return PM_OK;
    }
    pm_status s = put(m, r, text, false, err);
    str_clear(text);
    if (!s) s = lm_gather_more(r, &id, 1, err);
    str_puts(text, marker + len);
    return s;
}

/* OPEN role AFTER_ROLE, where OPEN and parts of AFTER_ROLE may be special tokens. */
static pm_status put_header(const lm *m, lm_room *r, const chat_row *row, const char *role,
                            size_t len, str *text, pm_err *err)
{
    const bool is_word = row->open[0] == '<' &&
                         row->open[strlen(row->open) - 1] == '|'; /* zephyr: "<|" role "|>" */
    if (is_word) {
        str_printf(text, "%s%.*s%s", row->open, (int)len, role, row->after_role);
        return PM_OK;
    }
    pm_status s = put_marker(m, r, row->open, text, err);
    if (s) return s;
    str_put(text, role, len);
    return put_marker(m, r, row->after_role, text, err);
}

static pm_status put_turn(const lm *m, lm_room *r, const chat_row *row, pm_str role, pm_str body,
                          str *text, pm_err *err)
{
    pm_status s = PM_OK;
    if (row->assistant && pm_str_equal(role, "assistant")) role = pm_str_of(row->assistant);
    if (row->after_role) s = put_header(m, r, row, role.ptr, role.len, text, err);
    if (s) return s;
    str_put(text, body.ptr, body.len);
    return put_marker(m, r, row->close, text, err);
}

static pm_status put_reply(const lm *m, lm_room *r, const chat_row *row, str *text, pm_err *err)
{
    if (!row->after_role) return put(m, r, text, false, err);
    const char *role = row->assistant ? row->assistant : "assistant";
    pm_status s = put_header(m, r, row, role, strlen(role), text, err);
    return s ? s : put(m, r, text, false, err);
}

static pm_str trimmed(pm_str t)
{
    static const char blanks[] = " \t\n\v\f\r";
    while (t.len && memchr(blanks, t.ptr[0], sizeof blanks - 1)) t = (pm_str){t.ptr + 1, t.len - 1};
    while (t.len && memchr(blanks, t.ptr[t.len - 1], sizeof blanks - 1)) t.len--;
    return t;
}

/* Turns one after the other; a system's text waits for the next turn where there is no such role. */
static pm_status put_turns(const lm *m, lm_room *r, const chat_row *row, const pm_turn *turn,
                           size_t n, str *text, pm_err *err)
{
    str joined = STR_INIT;
    pm_status s = PM_OK;
    for (size_t k = 0; k < n && !s; k++) {
        const bool waits = pm_str_equal(turn[k].role, "system") && row->joins_system &&
                           row->after_role;
        const pm_str body = row->trims && !waits ? trimmed(turn[k].text) : turn[k].text;
        str_put(&joined, body.ptr, body.len);
        if (waits) str_puts(&joined, "\n\n");
        if (joined.failed) s = err_set(err, PM_E_MEMORY, "out of memory for a conversation");
        if (s || (waits && k + 1 < n)) continue;
        s = put_turn(m, r, row, waits ? pm_str_of("user") : turn[k].role,
                     (pm_str){str_text(&joined), joined.len}, text, err);
        str_clear(&joined);
    }
    str_close(&joined);
    return s;
}

pm_status chat_encode(const lm *m, lm_room *r, const chat_row *row, const pm_turn *turn, size_t n,
                      pm_err *err)
{
    str text = STR_INIT;
    const pm_str system = chat_default_system(m, row);
    pm_status s = row->begin[0] ? put_marker(m, r, row->begin, &text, err) : PM_OK;
    const bool has_system = n > 0 && pm_str_equal(turn[0].role, "system");
    if (!s && system.len && !has_system)
        s = put_turn(m, r, row, pm_str_of("system"), system, &text, err);
    if (!s) s = put_turns(m, r, row, turn, n, &text, err);
    if (!s) s = put_reply(m, r, row, &text, err);
    str_close(&text);
    return s;
}
