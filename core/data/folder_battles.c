/* SPDX-License-Identifier: MIT
 *
 * Writing battles.jsonl as the battles come.
 */
#include <math.h>
#include <string.h>

#include "data/dataset_private.h"
#include "data/folder_private.h"
#include "data/show.h"

static pm_status check_battle(const folder *f, const folder_battle *b, pm_err *err)
{
    if (b->prompt >= f->prompts.n || b->a >= f->models.n || b->b >= f->models.n)
        return err_set(err, PM_E_ARG,
                       "battle: prompt %u, models %u and %u; there are %zu prompts and %zu models",
                       b->prompt, b->a, b->b, f->prompts.n, f->models.n);
    pm_str prompt = pm_str_of(ids_at(&f->prompts, b->prompt));
    if (b->a == b->b)
        return err_set(err, PM_E_ARG, "battle of prompt %s: model %s battles itself",
                       show_text(prompt).text, show_text(f->models.name[b->a]).text);
    if (!(b->outcome >= 0 && b->outcome <= 1))
        return err_set(err, PM_E_ARG,
                       "battle of prompt %s: outcome: found %g, wanted a number from 0 to 1",
                       show_text(prompt).text, (double)b->outcome);
    if (!(b->weight > 0 && (double)b->weight <= 1e9))
        return err_set(err, PM_E_ARG,
                       "battle of prompt %s: weight: found %g, wanted a number above 0",
                       show_text(prompt).text, (double)b->weight);
    return PM_OK;
}

static void put_text(str *line, const char *key, pm_str value)
{
    str_printf(line, "\"%s\": ", key);
    str_json(line, value.ptr, value.len);
}

/* The shortest p whose 1 - p, as the reader computes it, is the outcome. */
static double probability_of_b(float outcome)
{
    double exact = 1 - (double)outcome, ten = 1;
    for (int k = 0; k < 12; k++, ten *= 10) {
        double p = rint(exact * ten) / ten;
        if ((float)(1 - p) == outcome) return p;
    }
    return exact;
}

static void put_outcome(str *line, float outcome)
{
    str_printf(line, ", \"winner\": \"%s\"", outcome > 0.5f ? "a" : outcome < 0.5f ? "b" : "tie");
    if (outcome == 1 || outcome == 0 || outcome == 0.5f) return;
    str_puts(line, ", \"p_b\": ");
    str_number(line, probability_of_b(outcome));
}

static pm_status put_battle(folder *f, const folder_battle *b, pm_err *err)
{
    str *line = &f->line;
    str_clear(line);
    str_puts(line, "{");
    if (b->id.len) {
        put_text(line, "id", b->id);
        str_puts(line, ", ");
    }
    put_text(line, "prompt_id", pm_str_of(ids_at(&f->prompts, b->prompt)));
    str_puts(line, ", ");
    put_text(line, "model_a", f->models.name[b->a]);
    str_puts(line, ", ");
    put_text(line, "model_b", f->models.name[b->b]);
    put_outcome(line, b->outcome);
    if (b->judge.len) {
        str_puts(line, ", ");
        put_text(line, "judge", b->judge);
    }
    if (b->weight != 1) {
        str_puts(line, ", \"weight\": ");
        str_float(line, b->weight);
    }
    if (b->more.len) {
        str_puts(line, ", ");
        str_put(line, b->more.ptr, b->more.len);
    }
    str_puts(line, "}\n");
    if (line->failed) return folder_no_memory(f, err);
    if (line->len > FOLDER_ROW_BYTES)
        return err_set(err, PM_E_ARG, "battle: its row has %zu bytes, wanted at most %zu",
                       line->len, FOLDER_ROW_BYTES);
    return gz_out_put(f->battle_file, line->at, line->len, err);
}

pm_status folder_add_battle(folder *f, const folder_battle *b, pm_err *err)
{
    static const char *const ours[] = {"id",  "prompt_id", "model_a", "model_b", "winner",
                                       "p_b", "judge",     "weight",  NULL};
    pm_status s = check_battle(f, b, err);
    if (s == PM_OK && b->more.len) s = folder_check_more(f, b->more, ours, "battle", err);
    if (s == PM_OK && !f->battle_file) s = folder_create(f, "battles.jsonl", &f->battle_file, err);
    if (s == PM_OK) s = put_battle(f, b, err);
    f->n_battles += s == PM_OK;
    return s;
}
