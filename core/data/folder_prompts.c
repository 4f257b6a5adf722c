/* SPDX-License-Identifier: MIT
 *
 * Writing prompts.jsonl, row by row; what the reader would refuse is refused here.
 */
#include <string.h>

#include "data/dataset_private.h"
#include "data/folder_private.h"
#include "data/show.h"

/* The id as it will be read: bytes that are not UTF-8 become U+FFFD in both. */
static pm_status clean(folder *f, pm_str s, str *out, pm_str *id, pm_err *err)
{
    *id = s;
    if (utf8_valid(s.ptr, s.len, NULL)) return PM_OK;
    str_clear(out);
    (void)utf8_repair(s.ptr, s.len, out);
    *id = (pm_str){str_text(out), out->len};
    return out->failed ? folder_no_memory(f, err) : PM_OK;
}

uint32_t folder_find_prompt(const folder *f, pm_str id)
{
    size_t k = SIZE_MAX;
    if (utf8_valid(id.ptr, id.len, NULL)) {
        k = ids_find(&f->prompts, id);
    } else {
        str repaired = STR_INIT;
        (void)utf8_repair(id.ptr, id.len, &repaired);
        k = ids_find(&f->prompts, (pm_str){str_text(&repaired), repaired.len});
        str_close(&repaired);
    }
    return k == SIZE_MAX ? FOLDER_NONE : (uint32_t)k;
}

/* ---- checks ---- */

static pm_status check_turns(const folder_prompt *p, pm_err *err)
{
    static const char *const roles[] = {"user", "assistant", "system", "developer", "tool"};
    for (size_t k = 0; k < p->n_turns; k++) {
        size_t i = 0, n = sizeof roles / sizeof *roles;
        while (i < n && !pm_str_equal(p->turn[k].role, roles[i])) i++;
        if (i == n)
            return err_set(
                err, PM_E_ARG,
                "prompt %s: turn %zu: found role %s, wanted user, assistant, system, developer or "
                "tool",
                show_text(p->id).text, k + 1, show_text(p->turn[k].role).text);
    }
    return PM_OK;
}

static pm_status check_fields(folder *f, const folder_prompt *p, pm_err *err)
{
    static const char *const ours[] = {"id",    "prompt", "turns",     "domain",
                                       "split", "group",  "tokens_in", NULL};
    if (dataset_has_control(p->domain))
        return err_set(err, PM_E_ARG, "prompt %s: domain: found %s, wanted no control character",
                       show_text(p->id).text, show_text(p->domain).text);
    if (p->split.len && !pm_str_equal(p->split, "train") && !pm_str_equal(p->split, "test"))
        return err_set(err, PM_E_ARG, "prompt %s: split: found %s, wanted \"train\" or \"test\"",
                       show_text(p->id).text, show_text(p->split).text);
    if (p->tokens_in > (int64_t)UINT32_MAX)
        return err_set(err, PM_E_ARG, "prompt %s: tokens_in: found %lld, wanted less than 2^32",
                       show_text(p->id).text, (long long)p->tokens_in);
    pm_status s = check_turns(p, err);
    if (s != PM_OK || !p->more.len) return s;
    char where[120];
    snprintf(where, sizeof where, "prompt %s", show_text(p->id).text);
    return folder_check_more(f, p->more, ours, where, err);
}

static pm_status check_id(const folder *f, pm_str id, pm_err *err)
{
    const char *wanted = dataset_id_wanted(id);
    if (wanted)
        return err_set(err, PM_E_ARG, "prompt: id: found %s, wanted %s", show_text(id).text,
                       wanted);
    size_t other = ids_find(&f->prompts, id);
    if (other == SIZE_MAX) return PM_OK;
    return err_set(err, PM_E_ARG, "prompt %s: its id is that of prompt %zu too: ids are unique",
                   show_text(id).text, other + 1);
}

/* ---- the line ---- */

static void put_text(str *line, const char *key, pm_str value)
{
    if (!value.len) return;
    str_printf(line, ", \"%s\": ", key);
    str_json(line, value.ptr, value.len);
}

/* The prompt that the reader makes of the turns alone. */
static bool is_joined(const folder_prompt *p)
{
    pm_str rest = p->text;
    bool first = true;
    for (size_t k = 0; k < p->n_turns; k++) {
        pm_str t = p->turn[k].text;
        if (!pm_str_equal(p->turn[k].role, "user")) continue;
        /* an empty text has nothing before it, as the reader joins */
        size_t gap = !first ? 2 : 0;
        if (rest.len < gap + t.len || memcmp(rest.ptr, "\n\n", gap) != 0 ||
            (t.len && memcmp(rest.ptr + gap, t.ptr, t.len) != 0))
            return false;
        rest.ptr += gap + t.len;
        rest.len -= gap + t.len;
        first = first && !t.len;
    }
    return !rest.len;
}

static void put_turns(str *line, const folder_prompt *p)
{
    str_puts(line, ", \"turns\": [");
    for (size_t k = 0; k < p->n_turns; k++) {
        str_puts(line, k ? ", {\"role\": " : "{\"role\": ");
        str_json(line, p->turn[k].role.ptr, p->turn[k].role.len);
        str_puts(line, ", \"content\": ");
        str_json(line, p->turn[k].text.ptr, p->turn[k].text.len);
        str_puts(line, "}");
    }
    str_puts(line, "]");
}

static pm_status put_line(folder *f, const folder_prompt *p, pm_str id, pm_err *err)
{
    str *line = &f->line;
    str_clear(line);
    str_puts(line, "{\"id\": ");
    str_json(line, id.ptr, id.len);
    if (!p->n_turns || (p->text.ptr && !is_joined(p))) {
        str_puts(line, ", \"prompt\": ");
        str_json(line, p->text.ptr ? p->text.ptr : "", p->text.ptr ? p->text.len : 0);
    }
    if (p->n_turns) put_turns(line, p);
    put_text(line, "domain", p->domain);
    put_text(line, "split", p->split);
    put_text(line, "group", p->group);
    if (p->tokens_in >= 0) str_printf(line, ", \"tokens_in\": %lld", (long long)p->tokens_in);
    if (p->more.len) {
        str_puts(line, ", ");
        str_put(line, p->more.ptr, p->more.len);
    }
    str_puts(line, "}\n");
    if (line->failed) return folder_no_memory(f, err);
    if (line->len > FOLDER_ROW_BYTES)
        return err_set(err, PM_E_ARG, "prompt %s: its row has %zu bytes, wanted at most %zu",
                       show_text(id).text, line->len, FOLDER_ROW_BYTES);
    return gz_out_put(f->prompt_file, line->at, line->len, err);
}

pm_status folder_add_prompt(folder *f, const folder_prompt *p, uint32_t *row, pm_err *err)
{
    pm_str id;
    str repaired = STR_INIT;
    pm_status s = clean(f, p->id, &repaired, &id, err);
    if (s == PM_OK) s = check_id(f, id, err);
    if (s == PM_OK) s = check_fields(f, p, err);
    if (s == PM_OK && f->prompts.n >= UINT32_MAX / 2 - 1)
        s = err_set(err, PM_E_ARG, "%s: more than 2^31 prompts", f->dir);
    if (s == PM_OK) s = put_line(f, p, id, err);
    if (s == PM_OK && !ids_add(&f->prompts, id)) s = folder_no_memory(f, err);
    if (s == PM_OK && row) *row = (uint32_t)(f->prompts.n - 1);
    str_close(&repaired);
    return s;
}
