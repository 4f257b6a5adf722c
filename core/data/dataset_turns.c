/* SPDX-License-Identifier: MIT
 *
 * Conversations: the "turns" of a prompt.
 */
#include <string.h>

#include "data/dataset_private.h"
#include "data/jsonl.h"
#include "data/show.h"

typedef struct turn_state {
    const row_part *from;
    prompt_rows *rows;
    bool no_memory;
} turn_state;

static bool is_role(pm_str role)
{
    static const char *const roles[] = {"user", "assistant", "system", "developer", "tool"};
    for (size_t k = 0; k < sizeof roles / sizeof *roles; k++)
        if (pm_str_equal(role, roles[k])) return true;
    return false;
}

static bool keep(arena *a, pm_str *s)
{
    const char *copy = arena_strndup(a, s->ptr, s->len);
    s->ptr = copy;
    return copy != NULL;
}

static bool each_turn(void *arg, const jsonl_field *f, size_t n, pm_err *err)
{
    turn_state *t = arg;
    size_t number = t->rows->n_turns - t->rows->row[t->rows->n].turn_start + 1;
    const jsonl_field *role = jsonl_find(f, n, "role"), *content = jsonl_find(f, n, "content");
    if (!role || role->kind != JSONL_STRING || !content || content->kind != JSONL_STRING) {
        (void)err_set(err, PM_E_FORMAT, "turn %zu: wanted the texts \"role\" and \"content\"",
                      number);
        return false;
    }
    if (!is_role(role->text)) {
        (void)err_set(err, PM_E_FORMAT,
                      "turn %zu: found role %s, wanted user, assistant, system, developer or tool",
                      number, show_text(role->text).text);
        return false;
    }
    pm_turn turn = {role->text, content->text};
    if (!keep(t->from->a, &turn.role) || !keep(t->from->a, &turn.text) ||
        !mem_grow(&t->rows->turn, &t->rows->room_turns, t->rows->n_turns + 1, sizeof turn)) {
        t->no_memory = true;
        return false;
    }
    t->rows->turn[t->rows->n_turns++] = turn;
    return true;
}

/* The user's turns from `first` on, joined by blank lines. */
static bool join_user(const prompt_rows *rows, size_t first, arena *a, pm_str *out)
{
    size_t len = 0;
    for (size_t k = first; k < rows->n_turns; k++)
        if (pm_str_equal(rows->turn[k].role, "user")) len += rows->turn[k].text.len + 2;
    char *text = arena_alloc(a, len + 1, 1), *p = text;
    if (!text) return false;
    for (size_t k = first; k < rows->n_turns; k++) {
        pm_str t = rows->turn[k].text;
        if (!pm_str_equal(rows->turn[k].role, "user")) continue;
        if (p != text) {
            memcpy(p, "\n\n", 2);
            p += 2;
        }
        memcpy(p, t.ptr, t.len);
        p += t.len;
    }
    *out = (pm_str){text, (size_t)(p - text)};
    return true;
}

pm_status dataset_read_turns(const row_part *from, prompt_rows *rows, pm_str *user_text,
                             pm_err *err)
{
    turn_state state = {from, rows, false};
    size_t first = rows->n_turns;
    pm_status s = jsonl_objects(from->j, from->raw, each_turn, &state, err);
    if (state.no_memory || (s == PM_OK && !join_user(rows, first, from->a, user_text)))
        s = err_set(err, PM_E_MEMORY, "no memory for the turns of a prompt");
    else if (s == PM_OK && rows->n_turns == first)
        s = err_set(err, PM_E_FORMAT, "found no turn, wanted at least one");
    if (s != PM_OK) rows->n_turns = first;
    return s;
}
