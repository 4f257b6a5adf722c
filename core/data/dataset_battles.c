/* SPDX-License-Identifier: MIT
 *
 * Reads battles.jsonl.  Battles of prompts or models that the dataset does not have are left out and
 * counted.
 */
#include "data/dataset_private.h"
#include "data/jsonl.h"
#include "data/show.h"

enum { MAX_JUDGES = 10000 };

typedef struct battle_pass {
    reader *r;
    jsonl *j;
    const char *path;
    names judges;
    pm_battle *battle;
    size_t n, room;
    const char *first_unknown;
    bool no_memory;
} battle_pass;

/* A text field that must be there; false is a mistake already told. */
static bool text_of(battle_pass *p, const jsonl_field *f, size_t n, const char *key, pm_str *out)
{
    const jsonl_field *at = jsonl_find(f, n, key);
    if (at && (at->kind == JSONL_STRING || at->kind == JSONL_NUMBER)) {
        *out = at->text;
        return true;
    }
    mistakes_add(&p->r->wrong, "%s:%zu: %s \"%s\", wanted a text", p->path, jsonl_line(p->j),
                 at ? "found no text in" : "found no", key);
    return false;
}

static bool number_of(battle_pass *p, const jsonl_field *at, double max, const char *wanted)
{
    if (at->kind == JSONL_NUMBER && at->number >= 0 && at->number <= max) return true;
    mistakes_add(&p->r->wrong, "%s:%zu: %s: found %s, wanted %s", p->path, jsonl_line(p->j),
                 show_text(at->key).text, show_text(at->text).text, wanted);
    return false;
}

/* 1 a wins, 0 b wins, .5 tie; a judge's probability for b, when given, says more. */
static bool outcome_of(battle_pass *p, const jsonl_field *f, size_t n, float *out)
{
    const jsonl_field *p_b = jsonl_find(f, n, "p_b");
    if (p_b && p_b->kind != JSONL_NULL) {
        *out = (float)(1 - p_b->number);
        return number_of(p, p_b, 1, "a probability");
    }
    pm_str winner;
    if (!text_of(p, f, n, "winner", &winner)) return false;
    *out = pm_str_equal(winner, "a") ? 1.0f : pm_str_equal(winner, "b") ? 0.0f : 0.5f;
    if (*out != 0.5f || pm_str_equal(winner, "tie")) return true;
    mistakes_add(&p->r->wrong, "%s:%zu: \"winner\": found %s, wanted \"a\", \"b\" or \"tie\"",
                 p->path, jsonl_line(p->j), show_text(winner).text);
    return false;
}

static bool weight_of(battle_pass *p, const jsonl_field *f, size_t n, float *out)
{
    const jsonl_field *w = jsonl_find(f, n, "weight");
    *out = 1;
    if (!w || w->kind == JSONL_NULL) return true;
    *out = (float)w->number;
    if (w->kind == JSONL_NUMBER && *out > 0 && w->number <= 1e9) return true;
    (void)number_of(p, w, -1, "a number above 0");
    return false;
}

static bool judge_of(battle_pass *p, const jsonl_field *f, size_t n, uint32_t *out)
{
    const jsonl_field *judge = jsonl_find(f, n, "judge");
    pm_str name = {"", 0};
    if (judge && judge->kind != JSONL_NULL && !text_of(p, f, n, "judge", &name)) return false;
    size_t k = names_find(&p->judges, name);
    if (k == SIZE_MAX) {
        if (p->judges.n == MAX_JUDGES) {
            mistakes_add(&p->r->wrong, "%s:%zu: more than %d judges", p->path, jsonl_line(p->j),
                         MAX_JUDGES);
            return false;
        }
        k = p->judges.n;
        name.ptr = arena_strndup(p->r->a, name.ptr, name.len);
        if (!name.ptr || !names_add(&p->judges, name)) p->no_memory = true;
    }
    *out = (uint32_t)k;
    return true;
}

static size_t known(battle_pass *p, const names *t, pm_str name, bool *all)
{
    size_t k = names_find(t, name);
    if (k != SIZE_MAX) return k;
    *all = false;
    if (!p->first_unknown) {
        p->first_unknown = arena_strdup(p->r->scratch, show_text(name).text);
        if (!p->first_unknown) p->no_memory = true;
    }
    return 0;
}

static void take_battle(battle_pass *p, const jsonl_field *f, size_t n)
{
    reader *r = p->r;
    pm_battle b;
    pm_str prompt, a_name, b_name;
    bool all = true;
    if (!text_of(p, f, n, "prompt_id", &prompt) || !text_of(p, f, n, "model_a", &a_name) ||
        !text_of(p, f, n, "model_b", &b_name) || !outcome_of(p, f, n, &b.outcome) ||
        !weight_of(p, f, n, &b.weight))
        return;
    b.prompt = (uint32_t)known(p, &r->ids, prompt, &all);
    b.a = (uint32_t)known(p, &r->experts, a_name, &all);
    b.b = (uint32_t)known(p, &r->experts, b_name, &all);
    if (!all) {
        r->out->counts.battles_skipped++;
        return;
    }
    if (b.a == b.b) {
        mistakes_add(&r->wrong, "%s:%zu: model %s battles itself", p->path, jsonl_line(p->j),
                     show_text(a_name).text);
        return;
    }
    if (!judge_of(p, f, n, &b.source)) return;
    if (!mem_grow(&p->battle, &p->room, p->n + 1, sizeof b))
        p->no_memory = true;
    else
        p->battle[p->n++] = b;
}

static pm_status read_rows(battle_pass *p, pm_err *err)
{
    reader *r = p->r;
    for (;;) {
        const jsonl_field *f;
        size_t n;
        pm_err why = PM_ERR_INIT;
        pm_status s = jsonl_next(p->j, &f, &n, &why);
        if (s != PM_OK) {
            if ((s = mistakes_take(&r->wrong, &why, err)) != PM_OK) return s;
            if (!jsonl_resumable(p->j)) return PM_OK;
            continue;
        }
        if (!f) return PM_OK;
        r->out->counts.battles_read++;
        if ((s = dataset_check_bytes(r, p->path, jsonl_bytes(p->j), err)) != PM_OK) return s;
        take_battle(p, f, n);
        if (p->no_memory) return dataset_no_memory(r, err);
    }
}

static pm_status keep(battle_pass *p, pm_err *err)
{
    reader *r = p->r;
    pm_battle *battle = arena_alloc(r->a, p->n, sizeof *battle);
    const char **judges = arena_alloc(r->a, p->judges.n, sizeof *judges);
    if (!battle || !judges) return dataset_no_memory(r, err);
    if (p->n) memcpy(battle, p->battle, p->n * sizeof *battle);
    for (size_t k = 0; k < p->judges.n; k++) judges[k] = p->judges.name[k].ptr;
    r->out->battle = battle;
    r->out->n_battles = p->n;
    r->out->judges = judges;
    r->out->n_judges = p->judges.n;
    r->out->counts.invalid_utf8_repaired += jsonl_repaired(p->j);
    if (!r->out->counts.battles_skipped) return PM_OK;
    return dataset_note(r, err,
                        "battles: %zu of %zu are left out, their prompt or model is not here "
                        "(the first: %s)",
                        r->out->counts.battles_skipped, r->out->counts.battles_read,
                        p->first_unknown);
}

pm_status dataset_read_battles(reader *r, pm_err *err)
{
    battle_pass p = {.r = r, .judges = names_of(r->scratch)};
    pm_err why = PM_ERR_INIT;
    pm_status s = dataset_path_of(r, "battles.jsonl", &p.path, err);
    if (s != PM_OK || !p.path) return s;
    r->has_outcomes = true;
    if (!r->o->battles || !r->experts.n) return PM_OK;
    if ((s = dataset_register(r, &p.path, err)) != PM_OK || !p.path) return s;
    if ((s = jsonl_open(p.path, 0, &p.j, &why)) != PM_OK)
        return mistakes_take(&r->wrong, &why, err);
    s = read_rows(&p, err);
    if (s == PM_OK) s = keep(&p, err);
    mem_free(p.battle);
    jsonl_close(p.j);
    return s;
}
