/* SPDX-License-Identifier: MIT
 *
 * The words of a corpus and their counts: in rounds of a bounded number of bytes, each worker with a bag of its own,
 * poured into one after the round.  Counts are sums, so that neither threads nor their order matter; rare words are
 * forgotten after a round only, by count, so that this does not depend on them either.
 */
#include "base/mem.h"
#include "base/threads.h"
#include "text/tokenizer_private.h"
#include "text/vocab_private.h"

enum {
    ROUND_BYTES = 32 << 20,
    MOST_WORDS = 4 << 20, /* in the bag after a round */
    LONGEST = 1000 /* bytes: longer words are counted in parts, so that a merge stays cheap */
};

typedef struct worker {
    vocab_bag bag;
    token_room *room;
} worker;
typedef struct count_run {
    const tokenizer *t;
    const pm_str *text; /* of the round */
    worker *worker;
} count_run;

static bool take_word(vocab_bag *bag, const char *word, size_t len)
{
    while (len) {
        size_t some = len < LONGEST ? len : LONGEST;
        while (some < len && some > 1 && ((unsigned char)word[some] & 0xC0) == 0x80) some--;
        if (!vocab_bag_add(bag, word, some, 1, NULL)) return false;
        word += some;
        len -= some;
    }
    return true;
}

/* The stages of encoding but the last: what is text in the end are words. */
static pm_status take_text(const tokenizer *t, token_room *r, pm_str text, vocab_bag *bag)
{
    if (!utf8_valid(text.ptr, text.len, NULL)) {
        str_clear(&r->repaired);
        (void)utf8_repair(text.ptr, text.len, &r->repaired);
        if (r->repaired.failed) return PM_E_MEMORY;
        text = (pm_str){r->repaired.at, r->repaired.len};
    }
    if (text.len >= UINT32_MAX) return PM_E_MEMORY;
    r->text.at = text.ptr;
    r->text.n = text.len;
    r->text.same = true;
    r->span.n = 0;
    span_put(r, &r->span, (text_span){0, (uint32_t)text.len, PIECE_NONE, false});
    if (!r->failed) tokenizer_normalize(t, r);
    if (!r->failed) tokenizer_cut(t, r);
    for (size_t i = 0; !r->failed && i < r->span.n; i++) {
        const text_span *w = r->span.at + i;
        if (!take_word(bag, r->text.at + w->from, w->to - w->from)) r->failed = true;
    }
    return r->failed ? PM_E_MEMORY : PM_OK;
}

static pm_status count_texts(int number, size_t lo, size_t hi, void *arg)
{
    const count_run *r = arg;
    worker *me = r->worker + number;
    if (!me->room) me->room = token_room_open();
    if (!me->room) return PM_E_MEMORY;
    for (size_t i = lo; i < hi; i++) {
        const pm_status s = take_text(r->t, me->room, r->text[i], &me->bag);
        if (s) return s;
    }
    return PM_OK;
}

static bool pour(vocab_bag *from, vocab_bag *into)
{
    for (size_t i = 0; i < from->n; i++)
        if (!vocab_bag_add(into, from->bytes + from->word[i].at, from->word[i].len,
                           from->word[i].count, NULL))
            return false;
    vocab_bag_clear(from);
    return true;
}

static pm_status one_round(count_run *r, threads *pool, size_t n, vocab_bag *out)
{
    pm_status s = threads_for(pool, n, n / 256 + 1, count_texts, r);
    for (int k = 0; !s && k < threads_count(pool); k++)
        if (!pour(&r->worker[k].bag, out)) s = PM_E_MEMORY;
    uint64_t least = 0;
    while (!s && out->n > MOST_WORDS) vocab_bag_prune(out, ++least);
    return s;
}

pm_status vocab_count(const tokenizer *t, threads *pool, const pm_str *text, size_t n,
                      const vocab_told *told, vocab_bag *out, pm_err *err)
{
    const int workers = threads_count(pool);
    count_run r = {t, text, mem_alloc((size_t)workers, sizeof *r.worker)};
    size_t bytes = 0, done = 0;
    pm_status s = r.worker ? PM_OK : PM_E_MEMORY;
    for (size_t i = 0; i < n; i++) bytes += text[i].len;
    for (size_t lo = 0, hi = 0; !s && lo < n; lo = hi) {
        size_t some = 0;
        while (hi < n && (hi == lo || some + text[hi].len <= ROUND_BYTES)) some += text[hi++].len;
        r.text = text + lo;
        s = one_round(&r, pool, hi - lo, out);
        done += some;
        if (!s) s = vocab_tell(told, (double)done / (double)(bytes ? bytes : 1), err);
    }
    for (int k = 0; r.worker && k < workers; k++) {
        vocab_bag_close(&r.worker[k].bag);
        token_room_close(r.worker[k].room);
    }
    mem_free(r.worker);
    return s == PM_E_MEMORY ? err_set(err, s,
                                      "vocabulary - the words of %zu texts do not fit into "
                                      "memory - learn from fewer",
                                      n)
                            : s;
}
