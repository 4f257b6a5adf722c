/* SPDX-License-Identifier: MIT
 *
 * tokenizer.json: reading its vocabulary and merges into parts, and writing a tokeniser as one.
 */
#include "text/tokenizer_build.h"

static pm_status no_memory(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "out of memory");
}

/* ---- vocabularies ---- */

/* {"piece": id}: every id once, without holes but for those that added tokens fill. */
static pm_status by_id(const json *vocab, const json *added, pm_str *piece, size_t n, pm_err *err)
{
    for (const json *c = vocab->child; c; c = c->next) {
        double id = c->kind == JSON_NUMBER ? c->number : -1;
        if (!(id >= 0 && id < 1e15 && id == (double)(uint64_t)id))
            return err_set(err, PM_E_FORMAT,
                           "vocabulary: the id of \"%.100s\" is not a whole number", c->key);
        if (id >= (double)n)
            return err_set(err, PM_E_FORMAT,
                           "vocabulary: \"%.100s\" has id %.0f, but there are %zu pieces: found "
                           "holes, wanted ids 0, 1, 2 ...",
                           c->key, id, n);
        pm_str *p = &piece[(size_t)id];
        if (p->ptr)
            return err_set(err, PM_E_FORMAT, "vocabulary: id %.0f is \"%.100s\" and \"%.100s\"", id,
                           p->ptr, c->key);
        *p = (pm_str){c->key, strlen(c->key)};
    }
    for (const json *c = added ? added->child : NULL; c; c = c->next) {
        const char *content = json_text(c, "content", NULL);
        double id = json_number(c, "id", -1);
        if (content && id >= 0 && id < (double)n && id == (double)(size_t)id &&
            !piece[(size_t)id].ptr)
            piece[(size_t)id] = (pm_str){content, strlen(content)};
    }
    return PM_OK;
}

static pm_status vocab_object(const json *vocab, const json *added, tokenizer_parts *p, arena *a,
                              pm_err *err)
{
    /* Added tokens may lie among the pieces of the model: then the model's ids go beyond its count. */
    size_t most = vocab->n + (added ? added->n : 0);
    pm_str *piece = arena_alloc(a, most, sizeof *piece);
    if (!piece) return no_memory(err);
    pm_status s = by_id(vocab, added, piece, most, err);
    if (s != PM_OK) return s;
    size_t n = 0;
    for (const json *c = vocab->child; c; c = c->next)
        if ((size_t)c->number >= n) n = (size_t)c->number + 1;
    for (size_t i = 0; i < n; i++)
        if (!piece[i].ptr)
            return err_set(err, PM_E_FORMAT, "vocabulary: id %zu of %zu is missing", i, n);
    p->piece = piece;
    p->n = n;
    return PM_OK;
}

/* [["piece", score], ...] */
static pm_status vocab_list(const json *vocab, tokenizer_parts *p, arena *a, pm_err *err)
{
    pm_str *piece = arena_alloc(a, vocab->n, sizeof *piece);
    double *score = arena_alloc(a, vocab->n, sizeof *score);
    if (!piece || !score) return no_memory(err);
    size_t i = 0;
    for (const json *c = vocab->child; c; c = c->next, i++) {
        const json *text = c->kind == JSON_ARRAY && c->n == 2 ? c->child : NULL;
        if (!text || text->kind != JSON_STRING || text->next->kind != JSON_NUMBER)
            return err_set(err, PM_E_FORMAT, "vocabulary: item %zu is not [piece, score]", i);
        piece[i] = (pm_str){text->text, strlen(text->text)};
        score[i] = text->next->number;
    }
    p->piece = piece;
    p->score = score;
    p->n = vocab->n;
    return PM_OK;
}

/* "a b" or ["a", "b"] */
static pm_status read_merges(const json *list, tokenizer_parts *p, arena *a, pm_err *err)
{
    size_t n = list ? list->n : 0, k = 0;
    if (list && list->kind != JSON_ARRAY)
        return err_set(err, PM_E_FORMAT, "model: \"merges\" is not a list");
    pm_str(*merge)[2] = arena_alloc(a, n, sizeof *merge);
    if (!merge) return no_memory(err);
    for (const json *c = n ? list->child : NULL; c; c = c->next) {
        const char *blank = c->kind == JSON_STRING ? strchr(c->text, ' ') : NULL;
        if (c->kind == JSON_STRING && strncmp(c->text, "#version", 8) == 0) continue;
        if (c->kind == JSON_ARRAY && c->n == 2 && c->child->kind == JSON_STRING &&
            c->child->next->kind == JSON_STRING) {
            merge[k][0] = pm_str_of(c->child->text);
            merge[k][1] = pm_str_of(c->child->next->text);
        } else if (blank && !strchr(blank + 1, ' ')) {
            merge[k][0] = (pm_str){c->text, (size_t)(blank - c->text)};
            merge[k][1] = pm_str_of(blank + 1);
        } else {
            return err_set(err, PM_E_FORMAT,
                           "merges: item %zu is neither \"left right\" nor [left, right]", k);
        }
        k++;
    }
    p->merge = (const pm_str(*)[2])merge;
    p->n_merges = k;
    return PM_OK;
}

static model_kind kind_of(const json *m)
{
    const json *vocab = json_get(m, "vocab");
    const char *type = json_text(m, "type", json_get(m, "type") ? "" : NULL);
    if (!type) /* files of before the types were written */
        return json_get(m, "merges")                      ? MODEL_BPE
               : vocab && vocab->kind == JSON_ARRAY       ? MODEL_UNIGRAM
               : json_get(m, "continuing_subword_prefix") ? MODEL_WORDPIECE
                                                          : (model_kind)0;
    return strcmp(type, "WordPiece") == 0 ? MODEL_WORDPIECE
           : strcmp(type, "BPE") == 0     ? MODEL_BPE
           : strcmp(type, "Unigram") == 0 ? MODEL_UNIGRAM
                                          : (model_kind)0;
}

static pm_status from_json(const json *root, arena *temp, arena *a, tokenizer **out, pm_err *err)
{
    const json *m = json_get(root, "model"), *vocab = json_get(m, "vocab");
    tokenizer_parts p = {.n = 0};
    model_kind kind = kind_of(m);
    if (!m || m->kind != JSON_OBJECT) return err_set(err, PM_E_FORMAT, "\"model\" is missing");
    if (kind == 0)
        return err_set(err, PM_E_UNSUPPORTED,
                       "model: type \"%.100s\" is not supported - wanted WordPiece, BPE or Unigram",
                       json_text(m, "type", "(none)"));
    if (!vocab || vocab->kind != (kind == MODEL_UNIGRAM ? JSON_ARRAY : JSON_OBJECT))
        return err_set(err, PM_E_FORMAT, "model: \"vocab\" is missing or of the wrong kind");
    const json *added = json_get(root, "added_tokens");
    if (added && added->kind != JSON_ARRAY)
        return err_set(err, PM_E_FORMAT, "\"added_tokens\" is not a list");
    pm_status s = kind == MODEL_UNIGRAM ? vocab_list(vocab, &p, temp, err)
                                        : vocab_object(vocab, added, &p, temp, err);
    if (s == PM_OK && kind == MODEL_BPE) s = read_merges(json_get(m, "merges"), &p, temp, err);
    return s == PM_OK ? tokenizer_make(root, &p, kind, a, out, err) : s;
}

pm_status tokenizer_parse(const char *text, size_t len, const char *name, arena *a, tokenizer **out,
                          pm_err *err)
{
    *out = NULL;
    arena *temp = arena_open(0);
    const json *root = NULL;
    if (!temp) return no_memory(err);
    pm_status s = json_parse(text, len, temp, &root, err);
    if (s == PM_OK) s = from_json(root, temp, a, out, err);
    arena_close(temp);
    return s == PM_OK ? s : err_wrap(err, s, "%s", name);
}

pm_status tokenizer_build(const tokenizer_parts *p, const char *name, arena *a, tokenizer **out,
                          pm_err *err)
{
    *out = NULL;
    arena *temp = arena_open(0);
    const json *root = NULL;
    if (!temp) return no_memory(err);
    pm_status s = json_parse(p->frame, strlen(p->frame), temp, &root, err);
    model_kind kind = s == PM_OK ? kind_of(json_get(root, "model")) : 0;
    if (s == PM_OK && kind == 0) s = err_set(err, PM_E_ARG, "model: a type is missing");
    if (s == PM_OK) s = tokenizer_make(root, p, kind, a, out, err);
    arena_close(temp);
    return s == PM_OK ? s : err_wrap(err, s, "%s", name);
}

/* ---- writing ---- */

static void put_added(const tokenizer *t, str *out)
{
    static const char *const word[] = {"false", "true"};
    str_puts(out, "[");
    for (size_t i = 0; i < t->n_added; i++) {
        const added_token *x = &t->added[i];
        str_printf(out, "%s{\"id\":%u,\"content\":", i ? "," : "", x->id);
        str_json(out, x->content.ptr, x->content.len);
        str_printf(out,
                   ",\"single_word\":%s,\"lstrip\":%s,\"rstrip\":%s,\"normalized\":%s,"
                   "\"special\":%s}",
                   word[x->single_word], word[x->lstrip], word[x->rstrip], word[x->normalized],
                   word[x->special]);
    }
    str_puts(out, "]");
}

static void put_vocab(const tokenizer *t, str *out)
{
    bool list = t->model.kind == MODEL_UNIGRAM;
    str_puts(out, list ? "[" : "{");
    for (size_t i = 0; i < t->model.n; i++) {
        str_puts(out, i ? (list ? ",\n[" : ",\n") : (list ? "[" : ""));
        str_json(out, t->piece[i].ptr, t->piece[i].len);
        if (list) {
            str_puts(out, ",");
            str_number(out, t->model.score[i]);
            str_puts(out, "]");
        } else {
            str_printf(out, ":%zu", i);
        }
    }
    str_puts(out, list ? "]" : "}");
}

static void put_merges(const tokenizer *t, str *out)
{
    bool pairs = false; /* "a b" is what every version reads; with blanks in pieces it cannot be */
    for (size_t i = 0; i < t->model.n && !pairs; i++)
        pairs = t->piece[i].len > 0 && memchr(t->piece[i].ptr, ' ', t->piece[i].len) != NULL;
    str_puts(out, "[");
    for (size_t k = 0; k < t->model.n_merges; k++) {
        str both = STR_INIT;
        pm_str left = t->piece[t->model.merge[k][0]], right = t->piece[t->model.merge[k][1]];
        str_puts(out, k ? ",\n" : "");
        if (pairs) {
            str_puts(out, "[");
            str_json(out, left.ptr, left.len);
            str_puts(out, ",");
            str_json(out, right.ptr, right.len);
            str_puts(out, "]");
        } else {
            str_put(&both, left.ptr, left.len);
            str_put(&both, " ", 1);
            str_put(&both, right.ptr, right.len);
            if (both.failed) out->failed = true;
            str_json(out, str_text(&both), both.len);
        }
        str_close(&both);
    }
    str_puts(out, "]");
}

static void put_member(str *out, const char *key, pm_str value)
{
    str_printf(out, "\"%s\":", key);
    str_put(out, value.ptr, value.len);
    str_puts(out, ",\n");
}

void tokenizer_put(const tokenizer *t, str *out)
{
    static const char *const kind[] = {"", "WordPiece", "BPE", "Unigram"};
    str_puts(out, "{\"version\":\"1.0\",\n");
    put_member(out, "truncation", t->truncation_json);
    put_member(out, "padding", t->padding_json);
    str_puts(out, "\"added_tokens\":");
    put_added(t, out);
    str_puts(out, ",\n");
    put_member(out, "normalizer", t->normal_json);
    put_member(out, "pre_tokenizer", t->cut_json);
    put_member(out, "post_processor", t->post_json);
    put_member(out, "decoder", t->decode_json);
    str_printf(out, "\"model\":{\"type\":\"%s\",", kind[t->model.kind]);
    str_put(out, t->model_json.ptr, t->model_json.len);
    str_puts(out, "\"vocab\":");
    put_vocab(t, out);
    if (t->model.kind == MODEL_BPE) {
        str_puts(out, ",\n\"merges\":");
        put_merges(t, out);
    }
    str_puts(out, "}}\n");
}
