/* SPDX-License-Identifier: MIT
 *
 * Causal language modelling as a score: every token given those before it.  Texts longer than the model can read are read in
 * windows that overlap by half; nothing is cut.  With masks every token is read, and those of masked words alone count.
 */
#include "lm/score.h"

/* Tokens [lo, hi) of the text in a sequence that begins with `begin` tokens of context (and the bos token where there
 * is nothing before). */
typedef struct window {
    size_t from, lo, hi;
    bool has_bos;
} window;

typedef struct walker { /* counts code points along the pieces of a text */
    pm_str text;
    size_t chars, byte, code;
} walker;

static uint32_t span_at(walker *w, size_t byte, size_t n_parts)
{
    if (n_parts < 2) return 0;
    if (byte > w->byte) w->code += utf8_count(w->text.ptr + w->byte, byte - w->byte);
    if (byte > w->byte) w->byte = byte;
    return score_span(w->code, w->chars, n_parts);
}

/* What token p counts: 1, or the share of draws that mask its word. */
static double weight_of(const score_job *j, lm_words *words, const tokens *t, size_t p)
{
    if (!j->masking) return 1;
    return score_word_of(words, t, p) == LM_NO_WORD ? 0 : j->r->weight[words->from];
}

static pm_status gather_window(const score_job *j, const tokens *t, const window *v, walker *w,
                               lm_words *words, size_t i, pm_err *err)
{
    lm_room *r = j->r;
    const uint32_t bos = (uint32_t)j->m->config.bos_id;
    pm_status s = PM_OK;
    if (v->has_bos)
        s = lm_gather(r, &bos, NULL, 1, (uint32_t)i, err);
    else
        s = lm_gather(r, t->id + v->from, NULL, 0, (uint32_t)i, err);
    /* The sequence grows by the tokens: gather() began it, the rest follows at its end. */
    if (!s) s = lm_gather_more(r, t->id + v->from, v->hi - v->from, err);
    for (size_t p = v->lo; p < v->hi && !s; p++) {
        const size_t row = p - v->from +
                           v->has_bos; /* of the token itself; the one before predicts it */
        const double weight = weight_of(j, words, t, p);
        if (row == 0 || !(weight > 0)) continue;
        const uint32_t span = span_at(w, t->from[p], j->out->part ? j->out->n_parts : 0);
        s = lm_gather_ask(r, &(lm_ask){(uint32_t)(row - 1), t->id[p], span, weight}, err);
        if (j->out->pieces) j->out->pieces[i] += weight;
    }
    return s;
}

/* Characters of a first token that nothing predicts do not count. */
static size_t unscored_bytes(const tokens *t, bool has_bos)
{
    return has_bos || t->n == 0 ? 0 : t->to[0];
}

static void count_text(const score_job *j, pm_str text, size_t skipped, size_t i)
{
    double words = 0, chars = 0;
    size_t at = skipped, from;
    while (lm_next_word(text, &at, &from)) {
        const double weight = j->masking ? j->r->weight[from] : 1;
        words += weight;
        chars += weight * (double)utf8_count(text.ptr + from, at - from);
    }
    if (!j->masking) chars = (double)utf8_count(text.ptr + skipped, text.len - skipped);
    if (j->out->words) j->out->words[i] = words;
    if (j->out->chars) j->out->chars[i] = chars;
}

static pm_status weigh(const score_job *j, pm_str text, uint64_t id, pm_err *err)
{
    lm_room *r = j->r;
    if (!mem_grow(&r->weight, &r->cap_weight, text.len + 1, sizeof *r->weight))
        return err_set(err, PM_E_MEMORY, "out of memory for the words of a text");
    lm_mask_weigh(j->masking, id, text, r->weight);
    return PM_OK;
}

pm_status score_gather_causal(const score_job *j, pm_str text, uint64_t id, size_t i, pm_err *err)
{
    const token_options o = {.no_special = true, .special_as_text = true};
    const bool has_bos = j->m->config.bos_id >= 0;
    const size_t most = j->m->max_tokens;
    tokens t;
    pm_status s = j->masking ? weigh(j, text, id, err) : PM_OK;
    if (!s) s = tokenizer_encode(j->m->tok, j->r->tok, text, NULL, &o, &t, err);
    if (s) return s;
    if (j->cut) {
        j->cut->texts++;
        j->cut->tokens += t.n;
    }
    lm_words words = {.text = text};
    walker w = {text, j->out->part ? utf8_count(text.ptr, text.len) : 0, 0, 0};
    count_text(j, text, unscored_bytes(&t, has_bos), i);
    size_t done = 0, from = 0;
    while (done < t.n && !s) {
        const bool first = from == 0;
        const size_t room = most - (first && has_bos);
        const size_t hi = from + room < t.n ? from + room : t.n;
        s = gather_window(j, &t, &(window){from, done, hi, first && has_bos}, &w, &words, i, err);
        done = hi;
        from = hi > most / 2 ? hi - most / 2 : 0;
    }
    return s;
}
