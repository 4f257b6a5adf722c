/* SPDX-License-Identifier: MIT
 *
 * From pieces, merges and a frame to a tokeniser: added tokens, tables, and what later calls ask of it.
 */
#include "text/tokenizer_private.h"

#include "text/tokenizer_build.h"
#include "text/unicode.h"

enum { ADDED_MOST = 1 << 20 };

static pm_status no_memory(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "out of memory");
}

uint32_t byte_letter(unsigned char b)
{
    if ((b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE) return b;
    /* the others, in their order, from 256 on: 0..32, 127..160, 173 */
    return 256u + (b <= 32 ? b : b <= 0xA0 ? b - 127u + 33u : 67u);
}

int letter_byte(uint32_t c)
{
    if (c < 256) return byte_letter((unsigned char)c) == c ? (int)c : -1;
    if (c < 256 + 33) return (int)(c - 256);
    if (c < 256 + 67) return (int)(c - 256 - 33 + 127);
    return c == 256 + 67 ? 0xAD : -1;
}

/* ---- pieces ---- */

static pm_status copy_piece(tokenizer *t, uint32_t id, pm_str from, arena *a, pm_err *err)
{
    char *own = arena_strndup(a, from.ptr ? from.ptr : "", from.len);
    if (!own) return no_memory(err);
    t->piece[id] = (pm_str){own, from.len};
    return PM_OK;
}

static pm_status take_pieces(tokenizer *t, const tokenizer_parts *p, size_t n_added, arena *a,
                             pm_err *err)
{
    t->piece = arena_alloc(a, p->n + n_added, sizeof *t->piece);
    if (!t->piece || !piece_map_open(&t->find, a, t->piece, p->n + n_added)) return no_memory(err);
    for (size_t i = 0; i < p->n; i++) {
        pm_status s = copy_piece(t, (uint32_t)i, p->piece[i], a, err);
        if (s != PM_OK) return s;
        uint32_t other = piece_map_add(&t->find, (uint32_t)i);
        if (other != PIECE_NONE)
            return err_set(err, PM_E_FORMAT, "vocabulary: \"%.100s\" is id %u and id %zu",
                           t->piece[i].ptr, other, i);
    }
    t->n = t->model.n = p->n;
    if (!p->score) return PM_OK;
    double *score = arena_alloc(a, p->n, sizeof *score);
    if (!score) return no_memory(err);
    memcpy(score, p->score, p->n * sizeof *score);
    t->model.score = score;
    return PM_OK;
}

static pm_status take_merges(tokenizer *t, const tokenizer_parts *p, arena *a, pm_err *err)
{
    model *m = &t->model;
    m->n_merges = p->n_merges;
    m->merge = arena_alloc(a, p->n_merges, sizeof *m->merge);
    if (!m->merge) return no_memory(err);
    for (size_t k = 0; k < p->n_merges; k++) {
        for (int side = 0; side < 2; side++) {
            pm_str s = p->merge[k][side];
            m->merge[k][side] = piece_map_find(&t->find, s.ptr, s.len);
            if (m->merge[k][side] == PIECE_NONE)
                return err_set(err, PM_E_FORMAT,
                               "merge %zu is of \"%.*s\", which is not in the vocabulary", k,
                               (int)(s.len < 100 ? s.len : 100), s.ptr);
        }
    }
    return PM_OK;
}

/* ---- added tokens ---- */

static pm_status read_added(tokenizer *t, const json *from, added_token *x, arena *a, pm_err *err)
{
    const char *content = json_text(from, "content", NULL);
    double id = json_number(from, "id", -1);
    if (!content) return err_set(err, PM_E_FORMAT, "added_tokens: \"content\" is missing");
    if (!(id >= 0 && id < (double)PIECE_NONE && id == (double)(uint32_t)id))
        return err_set(err, PM_E_FORMAT, "added_tokens: \"%.100s\" has id %g", content, id);
    x->content = (pm_str){arena_strdup(a, content), strlen(content)};
    if (!x->content.ptr) return no_memory(err);
    x->id = (uint32_t)id;
    x->special = json_flag(from, "special", false);
    x->single_word = json_flag(from, "single_word", false);
    x->lstrip = json_flag(from, "lstrip", false);
    x->rstrip = json_flag(from, "rstrip", false);
    x->normalized = json_flag(from, "normalized", !x->special);
    uint32_t known = piece_map_find(&t->find, x->content.ptr, x->content.len);
    if (known != PIECE_NONE && known != x->id)
        return err_set(err, PM_E_FORMAT,
                       "added_tokens: \"%.100s\" has id %u, the vocabulary says %u", content, x->id,
                       known);
    return PM_OK;
}

/* The ids of added tokens that are no pieces of the model follow those of the model without holes. */
static pm_status place_added(tokenizer *t, const added_token *x, size_t most, pm_err *err)
{
    uint32_t known = piece_map_find(&t->find, x->content.ptr, x->content.len);
    if (known == x->id) return PM_OK;
    if (known != PIECE_NONE)
        return err_set(err, PM_E_FORMAT, "added_tokens: \"%.100s\" has id %u and id %u",
                       x->content.ptr, known, x->id);
    if (x->id < most && t->piece[x->id].ptr)
        return err_set(err, PM_E_FORMAT, "added_tokens: \"%.100s\" has id %u, which is \"%.100s\"",
                       x->content.ptr, x->id, t->piece[x->id].ptr);
    if (x->id >= most)
        return err_set(err, PM_E_FORMAT,
                       "added_tokens: \"%.100s\" has id %u, but there are only %zu pieces: the "
                       "vocabulary has holes",
                       x->content.ptr, x->id, most);
    t->piece[x->id] = x->content;
    (void)piece_map_add(&t->find, x->id);
    if (x->id >= t->n) t->n = x->id + 1u;
    return PM_OK;
}

static pm_status take_added(tokenizer *t, const json *list, arena *a, pm_err *err)
{
    size_t n = list ? list->n : 0, fresh = 0;
    t->added = arena_alloc(a, n, sizeof *t->added);
    if (!t->added) return no_memory(err);
    pm_status s = PM_OK;
    for (const json *c = list ? list->child : NULL; c && s == PM_OK; c = c->next) {
        added_token *x = &t->added[t->n_added++];
        s = read_added(t, c, x, a, err);
        if (s == PM_OK && x->content.len > 0)
            fresh += piece_map_find(&t->find, x->content.ptr, x->content.len) == PIECE_NONE;
    }
    size_t most = t->model.n + fresh;
    for (size_t i = 0; i < t->n_added && s == PM_OK; i++)
        if (t->added[i].content.len > 0) s = place_added(t, &t->added[i], most, err);
    if (s != PM_OK) return s;
    t->special = arena_alloc(a, t->n, 1);
    if (!t->special) return no_memory(err);
    for (size_t i = 0; i < t->n_added; i++)
        if (t->added[i].content.len > 0 && t->added[i].special) t->special[t->added[i].id] = 1;
    for (size_t i = 0; i < t->n; i++)
        if (!t->piece[i].ptr)
            return err_set(err, PM_E_FORMAT, "vocabulary: id %zu of %zu is missing", i, t->n);
    return PM_OK;
}

/* The content of added token i as the text that is searched has it. */
static bool searched(const tokenizer *t, token_room *r, size_t i, str *out)
{
    str_clear(out);
    if (t->added[i].normalized) return tokenizer_normalize_text(t, r, t->added[i].content, out);
    str_put(out, t->added[i].content.ptr, t->added[i].content.len);
    return !out->failed;
}

static pm_status index_added(tokenizer *t, arena *a, pm_err *err)
{
    token_room *r = token_room_open();
    str text = STR_INIT;
    size_t bytes[2] = {0, 0};
    t->shown = arena_alloc(a, t->n, sizeof *t->shown);
    bool done = r != NULL && t->shown != NULL;
    if (done) memcpy(t->shown, t->piece, t->n * sizeof *t->shown);
    for (size_t i = 0; i < t->n_added && done; i++) {
        done = searched(t, r, i, &text);
        bytes[t->added[i].normalized] += text.len;
    }
    done = done && piece_tree_open(&t->added_raw, a, bytes[0]) &&
           piece_tree_open(&t->added_normal, a, bytes[1]);
    for (size_t i = 0; i < t->n_added && done; i++) {
        bool normal = t->added[i].normalized;
        done = done && searched(t, r, i, &text);
        if (normal && t->added[i].content.len > 0)
            t->shown[t->added[i].id] =
                (pm_str){arena_strndup(a, str_text(&text), text.len), text.len};
        if (text.len == 0 || t->added[i].content.len == 0) continue;
        done = done && piece_tree_add(normal ? &t->added_normal : &t->added_raw, text.at, text.len,
                                      (uint32_t)i);
        (normal ? t->normal_first : t->raw_first)[(unsigned char)text.at[0]] = true;
        *(normal ? &t->has_normal : &t->has_raw) = true;
    }
    str_close(&text);
    token_room_close(r);
    return done && !arena_has_refused(a) ? PM_OK : no_memory(err);
}

/* ---- everything ---- */

static pm_str text_of(const json *from, arena *a)
{
    str s = STR_INIT;
    if (from) json_put(from, &s);
    pm_str out = {s.failed ? NULL
                           : arena_strndup(a, from ? str_text(&s) : "null", from ? s.len : 4),
                  from ? s.len : 4};
    str_close(&s);
    return out;
}

static pm_status keep_json(tokenizer *t, const json *frame, arena *a, pm_err *err)
{
    t->normal_json = text_of(json_get(frame, "normalizer"), a);
    t->cut_json = text_of(json_get(frame, "pre_tokenizer"), a);
    t->post_json = text_of(json_get(frame, "post_processor"), a);
    t->decode_json = text_of(json_get(frame, "decoder"), a);
    t->truncation_json = text_of(json_get(frame, "truncation"), a);
    t->padding_json = text_of(json_get(frame, "padding"), a);
    str s = STR_INIT; /* the model without its tables */
    const json *m = json_get(frame, "model");
    for (const json *c = m ? m->child : NULL; c; c = c->next) {
        if (strcmp(c->key, "vocab") == 0 || strcmp(c->key, "merges") == 0 ||
            strcmp(c->key, "type") == 0)
            continue;
        str_json(&s, c->key, strlen(c->key));
        str_puts(&s, ":");
        json_put(c, &s);
        str_puts(&s, ",");
    }
    t->model_json = (pm_str){s.failed ? NULL : arena_strndup(a, str_text(&s), s.len), s.len};
    str_close(&s);
    return t->normal_json.ptr && t->cut_json.ptr && t->post_json.ptr && t->decode_json.ptr &&
                   t->truncation_json.ptr && t->padding_json.ptr && t->model_json.ptr
               ? PM_OK
               : no_memory(err);
}

static void print_of(tokenizer *t)
{
    uint64_t h = t->n;
    for (size_t i = 0; i < t->n; i++)
        h = piece_mix(h, piece_hash(t->piece[i].ptr, t->piece[i].len));
    for (size_t k = 0; k < t->model.n_merges; k++)
        h = piece_mix(h, (uint64_t)t->model.merge[k][0] << 32 | t->model.merge[k][1]);
    for (size_t i = 0; t->model.score && i < t->model.n; i++) {
        uint64_t bits;
        memcpy(&bits, &t->model.score[i], 8);
        h = piece_mix(h, bits);
    }
    h = piece_mix(h, piece_hash(t->model_json.ptr, t->model_json.len));
    h = piece_mix(h, piece_hash(t->cut_json.ptr, t->cut_json.len));
    t->print = h | 1;
}

pm_status tokenizer_list(const json *of, const char *key, const char *where, const json **first,
                         pm_err *err)
{
    const json *list = json_get(of, key);
    *first = list ? list->child : NULL;
    if (list && list->kind == JSON_ARRAY) return PM_OK;
    return err_set(err, PM_E_FORMAT, "%s: \"%s\" is %s, wanted a list", where, key,
                   list ? "something else" : "missing");
}

static pm_status read_truncation(tokenizer *t, const json *from, pm_err *err)
{
    double most = json_number(from, "max_length", 0);
    const char *direction = json_text(from, "direction", "Right");
    const char *strategy = json_text(from, "strategy", "LongestFirst");
    if (!from || from->kind == JSON_NULL) return PM_OK;
    if (from->kind != JSON_OBJECT)
        return err_set(err, PM_E_FORMAT, "truncation: found no settings, wanted an object");
    if (!(most >= 0)) return err_set(err, PM_E_FORMAT, "truncation: max_length is %g", most);
    if (strcmp(direction, "Right") != 0)
        return err_set(err, PM_E_UNSUPPORTED, "truncation: direction \"%.40s\" is not supported",
                       direction);
    if (strcmp(strategy, "LongestFirst") != 0)
        return err_set(err, PM_E_UNSUPPORTED, "truncation: strategy \"%.40s\" is not supported",
                       strategy);
    t->most = most < 1e9 ? (size_t)most : 0; /* "unlimited" is written as 1e30 */
    return PM_OK;
}

pm_status tokenizer_make(const json *frame, const tokenizer_parts *p, model_kind kind, arena *a,
                         tokenizer **out, pm_err *err)
{
    tokenizer *t = arena_alloc(a, 1, sizeof *t);
    const json *added = json_get(frame, "added_tokens");
    *out = NULL;
    if (!t) return no_memory(err);
    t->model.kind = kind;
    size_t n_added = added ? added->n : 0;
    if (p->n > ADDED_MOST * (size_t)8 || n_added > ADDED_MOST)
        return err_set(err, PM_E_UNSUPPORTED, "a vocabulary of %zu pieces and %zu added tokens",
                       p->n, n_added);
    pm_status s = take_pieces(t, p, n_added, a, err);
    if (s == PM_OK) s = take_merges(t, p, a, err);
    if (s == PM_OK) s = take_added(t, added, a, err);
    if (s == PM_OK) s = tokenizer_read_normalizer(t, json_get(frame, "normalizer"), a, err);
    if (s == PM_OK) s = tokenizer_read_cutter(t, json_get(frame, "pre_tokenizer"), a, err);
    if (s == PM_OK) s = tokenizer_read_post(t, json_get(frame, "post_processor"), a, err);
    if (s == PM_OK) s = tokenizer_read_decoder(t, json_get(frame, "decoder"), a, err);
    if (s == PM_OK) s = tokenizer_read_model(t, json_get(frame, "model"), a, err);
    if (s == PM_OK) s = read_truncation(t, json_get(frame, "truncation"), err);
    if (s == PM_OK) s = index_added(t, a, err);
    if (s == PM_OK) s = keep_json(t, frame, a, err);
    if (s != PM_OK) return s;
    print_of(t);
    *out = t;
    return PM_OK;
}

/* ---- asking ---- */

size_t tokenizer_size(const tokenizer *t)
{
    return t->n;
}

pm_str tokenizer_piece(const tokenizer *t, uint32_t id)
{
    return id < t->n ? t->piece[id] : (pm_str){NULL, 0};
}

bool tokenizer_find(const tokenizer *t, pm_str piece, uint32_t *id)
{
    uint32_t found = piece_map_find(&t->find, piece.ptr, piece.len);
    if (found == PIECE_NONE) return false;
    *id = found;
    return true;
}

bool tokenizer_is_special(const tokenizer *t, uint32_t id)
{
    return id < t->n && t->special[id];
}

size_t tokenizer_max(const tokenizer *t)
{
    return t->most;
}

static bool begins_with(pm_str s, const char *with, size_t len)
{
    return s.len >= len && memcmp(s.ptr, with, len) == 0;
}

bool tokenizer_is_continuation(const tokenizer *t, uint32_t id)
{
    pm_str s = tokenizer_piece(t, id);
    if (!s.ptr || s.len == 0 || tokenizer_is_special(t, id)) return false;
    if (t->model.prefix.ptr) return begins_with(s, t->model.prefix.ptr, t->model.prefix.len);
    return !begins_with(s, "\u0120", 2) && !begins_with(s, "\u2581", 3) && s.ptr[0] != ' ';
}
