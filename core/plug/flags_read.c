/* SPDX-License-Identifier: MIT
 *
 * Reading flags out of a text.  First from the end backwards, to find where the flags at the end begin; then once
 * forwards: "[flag: ...]" counts anywhere, the short forms only at the end.  Every byte is looked at a bounded number
 * of times, whatever the text is.
 */
#include <math.h>
#include <string.h>

#include "plug/flags_private.h"

pm_status flags_ctx_open(const flags *f, flags_ctx **out, pm_err *err)
{
    flags_ctx *c = mem_alloc(1, sizeof *c);
    *out = NULL;
    if (c) c->set = mem_alloc(f->n + 1, sizeof *c->set);
    if (c) c->add = mem_alloc(f->n + 1, sizeof *c->add);
    if (!c || !c->set || !c->add) {
        flags_ctx_close(c);
        return err_set(err, PM_E_MEMORY, "flags");
    }
    c->f = f;
    *out = c;
    return PM_OK;
}

void flags_ctx_close(flags_ctx *c)
{
    if (!c) return;
    str_close(&c->out);
    str_close(&c->joined);
    str_close(&c->said);
    mem_free(c->turn);
    mem_free(c->start);
    mem_free(c->set);
    mem_free(c->add);
    mem_free(c);
}

static bool is_blank(char c)
{
    return flag_is_gap(c) || c == '\n' || c == '\r';
}

/* ---- brackets --------------------------------------------------------------------------------------------- */

/* The "]" of the "[" at `open`, SIZE_MAX: none near by. */
static size_t find_close(const flag_reader *r, size_t open, size_t end)
{
    for (size_t i = open + 1; i < end && i - open <= FLAG_SPAN; i++) {
        if (r->s[i] == ']') return i;
        if (r->s[i] == '[' || r->s[i] == '\n' || r->s[i] == '\r') break;
    }
    return SIZE_MAX;
}

static size_t find_open(const flag_reader *r, size_t close)
{
    for (size_t i = close; i-- > 0 && close - i <= FLAG_SPAN;) {
        if (r->s[i] == '[') return i;
        if (r->s[i] == ']' || r->s[i] == '\n' || r->s[i] == '\r') break;
    }
    return SIZE_MAX;
}

/* Behind "[flag:", SIZE_MAX if that is not what stands at `open`. */
static size_t behind_mark(const flag_reader *r, size_t open, size_t end)
{
    size_t i = open + 1, stop = open + FLAG_SPAN < end ? open + FLAG_SPAN : end;
    char key[FLAG_WORDS + 1];
    while (i < stop && flag_is_gap(r->s[i])) i++;
    if (stop - i < 5 || flag_normal(r->s + i, 4, key) != 4 || strcmp(key, "flag") != 0)
        return SIZE_MAX;
    for (i += 4; i < stop && flag_is_gap(r->s[i]);) i++;
    return i < stop && r->s[i] == ':' ? i + 1 : SIZE_MAX;
}

static bool is_escaped(const flag_reader *r, size_t at)
{
    return at > 0 && r->s[at - 1] == '\\';
}

static bool stands_apart(const flag_reader *r, size_t at)
{
    return at == 0 || is_blank(r->s[at - 1]);
}

/* Length of the word at `at`, up to a blank or a bracket. */
static size_t word_length(const flag_reader *r, size_t at, size_t end)
{
    size_t i = at;
    while (i < end && i - at <= FLAG_SPAN && !is_blank(r->s[i]) && r->s[i] != '[') i++;
    return i - at;
}

/* ---- the end of a text ------------------------------------------------------------------------------------ */

/* Where the flag begins that ends at `end`; SIZE_MAX: none does. */
static size_t flag_before(const flag_reader *r, size_t end)
{
    if (r->s[end - 1] == ']') {
        size_t open = find_open(r, end - 1);
        if (open == SIZE_MAX || is_escaped(r, open)) return SIZE_MAX;
        if (behind_mark(r, open, end - 1) != SIZE_MAX) return open;
        return stands_apart(r, open) && flag_list_is_known(r, open + 1, end - 1) ? open : SIZE_MAX;
    }
    size_t at = end;
    flag_name w;
    while (at > 0 && end - at <= FLAG_SPAN && !is_blank(r->s[at - 1])) at--;
    return flag_read_word(r, at, end - at, true, &w) == WORD_FLAG ? at : SIZE_MAX;
}

static size_t without_blanks(const char *s, size_t end)
{
    while (end > 0 && is_blank(s[end - 1])) end--;
    return end;
}

/* Sets r->end and r->last. */
static void find_end(flag_reader *r, size_t len)
{
    r->end = len;
    r->last = without_blanks(r->s, len);
    while (r->last > 0) {
        size_t at = flag_before(r, r->last);
        if (at == SIZE_MAX) return;
        r->end = r->last = without_blanks(r->s, at);
    }
}

static void take_end(flag_reader *r, size_t len)
{
    for (size_t i = r->end; i < len;) {
        flag_name w;
        if (is_blank(r->s[i])) {
            i++;
        } else if (r->s[i] == '[') {
            size_t close = find_close(r, i, len), mark = behind_mark(r, i, len);
            flag_take_list(r, mark == SIZE_MAX ? i + 1 : mark, close);
            i = close + 1;
        } else {
            size_t n = word_length(r, i, len);
            (void)flag_read_word(r, i, n, true, &w);
            flag_take_name(r, i, &w);
            i += n;
        }
    }
}

/* ---- the text before it ----------------------------------------------------------------------------------- */

static void cut(flag_reader *r, size_t from, size_t to)
{
    if (!r->cuts) str_clear(&r->c->out);
    r->cuts = true;
    str_put(&r->c->out, r->s + r->kept, from - r->kept);
    r->kept = to;
}

/* A flag goes with the blanks before it; at the head of a line with those behind it, and with a line of its own. */
static void cut_flag(flag_reader *r, size_t from, size_t to)
{
    bool head = from == 0 || r->s[from - 1] == '\n' || (from == r->kept && r->at_head);
    r->at_head = head;
    if (head) {
        while (to < r->end && flag_is_gap(r->s[to])) to++;
        if (to + 1 < r->end && r->s[to] == '\r' && r->s[to + 1] == '\n') to++;
        if (to < r->end && r->s[to] == '\n') to++;
    } else {
        while (from > r->kept && flag_is_gap(r->s[from - 1])) from--;
    }
    cut(r, from, to);
}

static size_t take_bracket(flag_reader *r, size_t at)
{
    size_t close = find_close(r, at, r->end), mark = behind_mark(r, at, r->end);
    bool escaped = is_escaped(r, at), ends = close != SIZE_MAX && close + 1 == r->last;
    if (mark != SIZE_MAX && escaped) {
        cut(r, at - 1, at);
    } else if (mark != SIZE_MAX && close == SIZE_MAX) {
        flag_note(r, flag_make(FLAG_UNCLOSED, at, mark - at));
    } else if (mark != SIZE_MAX) {
        flag_take_list(r, mark, close);
        cut_flag(r, at, close + 1);
        return close + 1;
    } else if (close != SIZE_MAX && flag_list_is_known(r, at + 1, close)) {
        if (escaped && ends)
            cut(r, at - 1, at);
        else if (!escaped)
            flag_note(r, flag_make(FLAG_TEXT, at, close + 1 - at));
    } else if (ends && !escaped && stands_apart(r, at)) {
        char key[FLAG_WORDS + 1];
        flag_found one = flag_make(FLAG_TEXT, at, close + 1 - at);
        if (flag_normal(r->s + at + 1, close - at - 1, key))
            one.meant = str_suggest(key, r->f->phrases.key, r->f->phrases.n);
        if (one.meant) flag_note(r, one);
    }
    return at + 1;
}

static size_t take_dashes(flag_reader *r, size_t at)
{
    flag_name w;
    bool escaped = is_escaped(r, at) && stands_apart(r, at - 1);
    if (!escaped && !stands_apart(r, at)) return at + 1;
    size_t n = word_length(r, at, r->end);
    bool ends = at + n == r->last;
    flag_word_kind kind = flag_read_word(r, at, n, ends, &w);
    if (kind == WORD_FLAG && escaped && ends) {
        cut(r, at - 1, at);
    } else if (kind != WORD_TEXT && !escaped) {
        flag_found one = flag_make(FLAG_TEXT, at, n);
        one.meant = kind == WORD_NEAR ? w.meant : NULL;
        flag_note(r, one);
    }
    return at + (n ? n : 1);
}

static pm_status read_text(flag_reader *r, pm_str text, pm_str *out, pm_err *err)
{
    r->s = text.ptr ? text.ptr : "";
    r->kept = 0;
    r->cuts = false;
    r->at_head = true;
    find_end(r, text.len);
    for (size_t i = 0; i < r->end;) {
        if (r->s[i] == '[')
            i = take_bracket(r, i);
        else if (r->s[i] == '-' && i + 1 < r->end && r->s[i + 1] == '-')
            i = take_dashes(r, i);
        else
            i++;
    }
    take_end(r, text.len);
    *out = (pm_str){r->s, r->end};
    if (!r->cuts) return PM_OK;
    str *to = &r->c->out;
    str_put(to, r->s + r->kept, r->end - r->kept);
    *out = (pm_str){str_text(to), to->len};
    if (!to->failed) return PM_OK;
    to->failed = false; /* the next text may be smaller */
    return err_set(err, PM_E_MEMORY, "text of %zu bytes", text.len);
}

/* ---- prompts ---------------------------------------------------------------------------------------------- */

/* Turns as they are now: nothing grows any more. */
static pm_status join_turns(flags_ctx *c, size_t n, pm_err *err)
{
    str *to = &c->joined;
    if (to->failed || c->said.failed) {
        to->failed = c->said.failed = false;
        return err_set(err, PM_E_MEMORY, "%zu turns", n);
    }
    for (size_t k = 0; k < n; k++) c->turn[k].text.ptr = str_text(to) + c->start[k];
    c->r.text = (pm_str){str_text(&c->said), c->said.len};
    c->r.turn = c->turn;
    c->r.n_turns = n;
    return PM_OK;
}

static pm_status read_turns(flag_reader *r, const pm_turn *turn, size_t n, pm_err *err)
{
    flags_ctx *c = r->c;
    size_t last = n, said = 0;
    if (!mem_grow(&c->turn, &c->turn_room, n, sizeof *c->turn) ||
        !mem_grow(&c->start, &c->start_room, n, sizeof *c->start))
        return err_set(err, PM_E_MEMORY, "%zu turns", n);
    while (last > 0 && !pm_str_equal(turn[last - 1].role, "user")) last--;
    str_clear(&c->joined);
    str_clear(&c->said);
    for (size_t k = 0; k < n; k++) {
        bool user = pm_str_equal(turn[k].role, "user");
        c->turn[k] = turn[k];
        r->is_earlier = k + 1 < last;
        if (user) {
            pm_status s = read_text(r, turn[k].text, &c->turn[k].text, err);
            if (s) return s;
        }
        c->start[k] = c->joined.len;
        if (user && said++) str_puts(&c->said, "\n\n");
        if (user) str_put(&c->said, c->turn[k].text.ptr, c->turn[k].text.len);
        str_put(&c->joined, c->turn[k].text.ptr, c->turn[k].text.len);
    }
    return join_turns(c, n, err);
}

static pm_status refuse(const flags *f, const flags_ctx *c, pm_err *err)
{
    const flag_found *one = c->found;
    while (!flag_is_wrong(one->kind)) one++;
    str text = STR_INIT;
    flags_say(f, one, &text);
    pm_status s = err_set(err, PM_E_ARG, "%s", str_text(&text));
    str_close(&text);
    return s;
}

pm_status flags_read(const flags *f, flags_ctx *c, flag_policy policy, pm_str text,
                     const pm_turn *turn, size_t n_turns, flags_result *out, pm_err *err)
{
    *out = (flags_result){.text = text, .turn = turn, .n_turns = n_turns};
    if (!f || policy == FLAGS_OFF) return PM_OK;
    flag_reader r = {.f = f, .c = c};
    c->r = (flags_result){.found = c->found, .set = c->set, .add = c->add};
    c->has_wrong = false;
    for (size_t k = 0; k < f->n; k++) {
        c->set[k] = (double)NAN;
        c->add[k] = 0;
    }
    pm_status s = turn && n_turns ? read_turns(&r, turn, n_turns, err)
                                  : read_text(&r, text, &c->r.text, err);
    *out = c->r;
    return !s && out->n_wrong && policy == FLAGS_ERROR ? refuse(f, c, err) : s;
}
