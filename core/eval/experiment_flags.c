/* SPDX-License-Identifier: MIT
 *
 * Flags in the prompts of the data: read and stripped before anything else sees a text; what they make of weights is kept
 * for the test part.  What they change is measured in experiment_flagged.c.
 */
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "eval/experiment_flags.h"

#define TOLD 5 /* prompts that are told one by one */

static pm_status starve(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "flags of the prompts");
}

static pm_status open_words(exp_run *r, prompt_flags *p, pm_err *err)
{
    size_t n = r->x->n_constraints;
    flag_term *term = arena_alloc(r->keep, n + 1, sizeof *term);
    if (!term) return starve(err);
    for (size_t k = 0; k < n; k++) {
        const constraint_choice *c = &r->x->constraint[k];
        term[k] = flag_term_of(c->at.label, c->at.plugin, c->sense, c->phrases);
    }
    return flags_open(term, n, &p->words, err);
}

/* ---- one prompt ---- */

typedef struct reading {
    exp_run *r;
    prompt_flags *p;
    dataset *d;
    flags_ctx *ctx;
    pm_str *text; /* [n] */
    uint64_t *group;
    pm_turn *turn; /* all turns, or NULL */
    sha256 sum;    /* of the texts */
} reading;

static void tell(const reading *w, size_t i, const flags_result *f)
{
    str text = STR_INIT;
    for (size_t k = 0; k < f->n_found && w->p->n_told < TOLD; k++) {
        flag_kind kind = f->found[k].kind;
        if (!flag_is_wrong(kind) && kind != FLAG_TEXT) continue;
        str_clear(&text);
        flags_say(w->p->words, &f->found[k], &text);
        log_line(LOG_WARN, "prompt \"%s\": flag %s", w->d->id[i], str_text(&text));
        w->p->n_told++;
    }
    str_close(&text);
}

static bool keep_text(reading *w, pm_str *text)
{
    const char *copy = arena_strndup(w->r->keep, text->ptr, text->len);
    text->ptr = copy;
    return copy != NULL;
}

/* The texts without flags.  A group that was made of the text is made of what is left: the same question with other flags
 * is the same question. */
static bool keep_texts(reading *w, size_t i, const flags_result *f)
{
    dataset *d = w->d;
    bool of_text = d->group && d->group[i] == fnv1a(d->text[i].ptr, d->text[i].len);
    w->text[i] = f->text;
    if (!keep_text(w, &w->text[i])) return false;
    if (of_text) w->group[i] = fnv1a(w->text[i].ptr, w->text[i].len);
    for (size_t k = 0; f->turn && k < f->n_turns; k++) {
        pm_turn *to = &w->turn[d->turn_start[i] + k];
        to->text = f->turn[k].text;
        if (!keep_text(w, &to->text)) return false;
    }
    return true;
}

static bool keep_weights(reading *w, size_t i, const flags_result *f)
{
    prompt_flags *p = w->p;
    size_t n = flags_terms(p->words);
    flagged_prompt *one = &p->prompt[p->n++];
    double *both = arena_alloc(w->r->keep, n + 1, 2 * sizeof *both);
    if (!both) return false;
    memcpy(both, f->set, n * sizeof *both);
    memcpy(both + n, f->add, n * sizeof *both);
    *one = (flagged_prompt){w->d->key[i], both, both + n};
    return true;
}

static pm_status read_one(reading *w, size_t i, pm_err *err)
{
    const dataset *d = w->d;
    prompt_flags *p = w->p;
    size_t from = d->turn ? d->turn_start[i] : 0, turns = d->turn ? d->turn_start[i + 1] - from : 0;
    flags_result f;
    pm_status s = flags_read(p->words, w->ctx, w->r->x->flags, d->text[i],
                             turns ? d->turn + from : NULL, turns, &f, err);
    if (s) return err_wrap(err, s, "%s: prompt \"%s\": flag", d->name, d->id[i]);
    p->n_read += f.n_read;
    p->n_wrong += f.n_wrong;
    p->n_text += f.n_text;
    p->n_earlier += f.n_earlier;
    p->n_with += f.n_read + f.n_wrong + f.n_earlier > 0;
    tell(w, i, &f);
    bool same = f.text.ptr == d->text[i].ptr && f.text.len == d->text[i].len;
    if (!same && turns) /* put together anew: the same unless something was cut */
        same = f.n_read + f.n_wrong + f.n_earlier == 0 && f.text.len == d->text[i].len;
    if (!same && !keep_texts(w, i, &f)) return starve(err);
    if (flags_weigh(p->words, &f) && !keep_weights(w, i, &f)) return starve(err);
    sha256_add(&w->sum, &w->text[i].len, sizeof w->text[i].len);
    sha256_add(&w->sum, w->text[i].ptr, w->text[i].len);
    return PM_OK;
}

/* ---- all of them ---- */

static pm_status read_all(reading *w, pm_err *err)
{
    dataset *d = w->d;
    size_t n = d->n, turns = d->turn ? d->turn_start[n] : 0;
    arena *a = w->r->keep;
    w->text = arena_alloc(a, n, sizeof *w->text);
    w->group = arena_alloc(a, n, sizeof *w->group);
    w->turn = turns ? arena_alloc(a, turns, sizeof *w->turn) : NULL;
    w->p->prompt = arena_alloc(a, n, sizeof *w->p->prompt);
    if (!w->text || !w->group || (turns && !w->turn) || !w->p->prompt) return starve(err);
    memcpy(w->text, d->text, n * sizeof *w->text);
    if (d->group) memcpy(w->group, d->group, n * sizeof *w->group);
    if (turns) memcpy(w->turn, d->turn, turns * sizeof *w->turn);
    sha256_init(&w->sum);
    pm_status s = flags_ctx_open(w->p->words, &w->ctx, err);
    for (size_t i = 0; i < n && !s; i++) s = read_one(w, i, err);
    flags_ctx_close(w->ctx);
    if (s) return s;
    sha256_hex(&w->sum, w->p->text_hash);
    d->text = w->text;
    if (d->group) d->group = w->group;
    if (turns) d->turn = w->turn;
    return PM_OK;
}

pm_status exp_read_flags(exp_run *r, dataset *d, pm_err *err)
{
    if (r->x->flags == FLAGS_OFF) return PM_OK;
    prompt_flags *p = arena_alloc(r->keep, 1, sizeof *p);
    if (!p) return starve(err);
    r->flags = p;
    pm_status s = open_words(r, p, err);
    reading w = {.r = r, .p = p, .d = d};
    if (!s) s = read_all(&w, err);
    if (!s && p->n_wrong)
        log_line(LOG_WARN, "%s: %zu flags were not understood: left out, and they weigh nothing",
                 d->name, p->n_wrong);
    return s;
}

void exp_flags_close(exp_run *r)
{
    if (r->flags) flags_close(r->flags->words);
    r->flags = NULL;
}

void exp_flags_key(const exp_run *r, str *out)
{
    if (r->flags) str_printf(out, ",\"texts\":\"%s\"", r->flags->text_hash);
}

pm_status exp_about_flags(exp_run *r, pm_err *err)
{
    const prompt_flags *p = r->flags;
    if (!p) return PM_OK;
    const struct {
        const char *name;
        size_t value;
    } all[] = {{"prompts with flags", p->n_with},
               {"flags read", p->n_read},
               {"flags not understood", p->n_wrong},
               {"flags of earlier turns", p->n_earlier},
               {"left in the text though they look like flags", p->n_text}};
    pm_status s = PM_OK;
    for (size_t k = 0; k < sizeof all / sizeof *all && !s; k++)
        s = exp_fact(r, "flags", all[k].name, (double)all[k].value, "", err);
    return s;
}
