/* SPDX-License-Identifier: MIT
 *
 * The post-processor (special tokens around texts) and the decoder of a tokenizer.json.
 */
#include "text/tokenizer_private.h"

enum { ITEMS_MOST = 64, DECODERS_MOST = 32 };

typedef struct items {
    template_item at[ITEMS_MOST];
    size_t n;
} items;

static pm_status add_item(items *x, template_item item, pm_err *err)
{
    if (x->n == ITEMS_MOST)
        return err_set(err, PM_E_UNSUPPORTED, "post_processor: a template of more than %d items",
                       ITEMS_MOST);
    x->at[x->n++] = item;
    return PM_OK;
}

static pm_status known_id(const tokenizer *t, double id, const char *name, pm_err *err)
{
    if (id >= 0 && id < (double)t->n && id == (double)(uint32_t)id) return PM_OK;
    return err_set(err, PM_E_FORMAT,
                   "post_processor: \"%.100s\" has id %g - wanted one of the %zu of the vocabulary",
                   name, id, t->n);
}

static pm_status keep(tokenizer *t, arena *a, const items *single, const items *pair, pm_err *err)
{
    if (t->has_template)
        return err_set(err, PM_E_UNSUPPORTED,
                       "post_processor: two processors that add tokens are not supported");
    t->single = arena_alloc(a, single->n, sizeof *t->single);
    t->pair = arena_alloc(a, pair->n, sizeof *t->pair);
    if (!t->single || !t->pair) return err_set(err, PM_E_MEMORY, "out of memory");
    memcpy(t->single, single->at, single->n * sizeof *t->single);
    memcpy(t->pair, pair->at, pair->n * sizeof *t->pair);
    t->n_single = single->n;
    t->n_pair = pair->n;
    for (size_t i = 0; i < single->n; i++) t->special_single += single->at[i].kind == ITEM_SPECIAL;
    for (size_t i = 0; i < pair->n; i++) t->special_pair += pair->at[i].kind == ITEM_SPECIAL;
    t->has_template = true;
    return PM_OK;
}

/* ---- templates ---- */

static pm_status type_of(const json *from, uint8_t *type, pm_err *err)
{
    double x = json_number(from, "type_id", 0);
    *type = x == 1;
    if (x == 0 || x == 1) return PM_OK;
    return err_set(err, PM_E_UNSUPPORTED,
                   "post_processor: type_id %g is not supported - wanted 0 or 1", x);
}

static pm_status special_item(const tokenizer *t, const json *from, const json *known, items *x,
                              pm_err *err)
{
    const char *id = json_text(from, "id", "");
    const json *ids = json_get(json_get(known, id), "ids");
    uint8_t type = 0;
    if (!ids || ids->kind != JSON_ARRAY)
        return err_set(err, PM_E_FORMAT,
                       "post_processor: the template's \"%.100s\" is not among its special_tokens",
                       id);
    pm_status s = type_of(from, &type, err);
    if (s != PM_OK) return s;
    for (const json *c = ids->child; c; c = c->next) {
        s = known_id(t, c->kind == JSON_NUMBER ? c->number : -1, id, err);
        if (s != PM_OK) return s;
        s = add_item(x, (template_item){ITEM_SPECIAL, (uint32_t)c->number, type}, err);
        if (s != PM_OK) return s;
    }
    return PM_OK;
}

static pm_status template(const tokenizer *t, const json *from, const json *known, items *x,
                          pm_err *err)
{
    size_t firsts = 0, seconds = 0;
    for (const json *c = from ? from->child : NULL; c; c = c->next) {
        const json *special = json_get(c, "SpecialToken"), *sequence = json_get(c, "Sequence");
        const char *id = json_text(sequence, "id", "");
        bool first = strcmp(id, "A") == 0, second = strcmp(id, "B") == 0;
        pm_status s = PM_OK;
        if (special) {
            s = special_item(t, special, known, x, err);
        } else if (first || second) {
            firsts += first;
            seconds += second;
            uint8_t type = 0;
            s = type_of(sequence, &type, err);
            if (s == PM_OK)
                s = add_item(x, (template_item){first ? ITEM_FIRST : ITEM_SECOND, 0, type}, err);
        } else {
            s = err_set(err, PM_E_FORMAT,
                        "post_processor: an item of the template is neither SpecialToken nor "
                        "Sequence A or B");
        }
        if (s != PM_OK) return s;
    }
    if (firsts <= 1 && seconds <= 1) return PM_OK;
    return err_set(err, PM_E_UNSUPPORTED, "post_processor: a template that repeats a sequence");
}

static pm_status template_processing(tokenizer *t, const json *from, arena *a, pm_err *err)
{
    items single = {.n = 0}, pair = {.n = 0};
    const json *known = json_get(from, "special_tokens");
    pm_status s = template(t, json_get(from, "single"), known, &single, err);
    if (s == PM_OK) s = template(t, json_get(from, "pair"), known, &pair, err);
    return s == PM_OK ? keep(t, a, &single, &pair, err) : s;
}

/* ["[SEP]", 102] */
static pm_status named(const tokenizer *t, const json *from, const char *key, uint32_t *id,
                       pm_err *err)
{
    const json *x = json_get(from, key);
    const json *number = x && x->kind == JSON_ARRAY && x->n == 2 ? x->child->next : NULL;
    pm_status s =
        known_id(t, number && number->kind == JSON_NUMBER ? number->number : -1, key, err);
    *id = s == PM_OK ? (uint32_t)number->number : 0;
    return s;
}

/* BERT: [CLS] A [SEP] B [SEP]; RoBERTa: <s> A </s> </s> B </s>, all of type 0. */
static pm_status bert_processing(tokenizer *t, const json *from, bool roberta, arena *a,
                                 pm_err *err)
{
    uint32_t cls, sep;
    pm_status s = named(t, from, "cls", &cls, err);
    if (s == PM_OK) s = named(t, from, "sep", &sep, err);
    if (s != PM_OK) return s;
    uint8_t second = !roberta;
    items single = {{{ITEM_SPECIAL, cls, 0}, {ITEM_FIRST, 0, 0}, {ITEM_SPECIAL, sep, 0}}, 3};
    items pair = single;
    if (roberta) pair.at[pair.n++] = (template_item){ITEM_SPECIAL, sep, 0};
    pair.at[pair.n++] = (template_item){ITEM_SECOND, 0, second};
    pair.at[pair.n++] = (template_item){ITEM_SPECIAL, sep, second};
    t->type_zero |= roberta;
    if (roberta && json_flag(from, "trim_offsets", true)) {
        t->trim = true;
        t->trim_prefix = json_flag(from, "add_prefix_space", true);
    }
    return keep(t, a, &single, &pair, err);
}

static pm_status post(tokenizer *t, const json *from, int depth, arena *a, pm_err *err)
{
    const char *kind = json_text(from, "type", NULL);
    if (!kind) return err_set(err, PM_E_FORMAT, "post_processor: \"type\" is missing");
    if (strcmp(kind, "Sequence") == 0 && depth < 16) {
        const json *c = NULL;
        pm_status s = tokenizer_list(from, "processors", "post_processor", &c, err);
        for (; c && s == PM_OK; c = c->next) s = post(t, c, depth + 1, a, err);
        return s;
    }
    if (strcmp(kind, "TemplateProcessing") == 0) return template_processing(t, from, a, err);
    if (strcmp(kind, "BertProcessing") == 0) return bert_processing(t, from, false, a, err);
    if (strcmp(kind, "RobertaProcessing") == 0) return bert_processing(t, from, true, a, err);
    if (strcmp(kind, "ByteLevel") == 0) {
        if (json_flag(from, "trim_offsets", true)) {
            t->trim = true;
            t->trim_prefix = json_flag(from, "add_prefix_space", true);
        }
        return PM_OK;
    }
    return err_set(err, PM_E_UNSUPPORTED, "post_processor: \"%.100s\" is not supported", kind);
}

pm_status tokenizer_read_post(tokenizer *t, const json *from, arena *a, pm_err *err)
{
    if (!from || from->kind == JSON_NULL) return PM_OK;
    return post(t, from, 0, a, err);
}

/* ---- decoders ---- */

typedef struct decoders {
    arena *a;
    pm_err *err;
    decode_step at[DECODERS_MOST];
    size_t n;
} decoders;

static pm_str copy(decoders *d, const char *text)
{
    return (pm_str){arena_strdup(d->a, text), strlen(text)};
}

static pm_status add(decoders *d, decode_step s)
{
    if (d->n == DECODERS_MOST)
        return err_set(d->err, PM_E_UNSUPPORTED, "decoder: more than %d steps", DECODERS_MOST);
    d->at[d->n++] = s;
    return PM_OK;
}

static pm_status decode_replace(decoders *d, const json *from)
{
    const json *p = json_get(from, "pattern");
    const char *text = json_text(p, "String", NULL), *re = json_text(p, "Regex", NULL);
    decode_step s = {.kind = DECODE_REPLACE, .with = copy(d, json_text(from, "content", ""))};
    if ((!text || !*text) && (!re || !*re))
        return err_set(d->err, PM_E_FORMAT, "decoder: Replace without a pattern");
    s.text = copy(d, text ? text : re);
    if (!s.text.ptr || !s.with.ptr) return err_set(d->err, PM_E_MEMORY, "out of memory");
    pm_status status = text ? PM_OK : regex_compile(re, strlen(re), d->a, &s.re, d->err);
    return status == PM_OK ? add(d, s) : status;
}

static pm_status decode_strip(decoders *d, const json *from)
{
    double start = json_number(from, "start", 0), stop = json_number(from, "stop", 0);
    if (!(start >= 0 && start < 1e6 && stop >= 0 && stop < 1e6))
        return err_set(d->err, PM_E_FORMAT, "decoder: Strip: start %g, stop %g - wanted 0 or more",
                       start, stop);
    return add(d, (decode_step){.kind = DECODE_STRIP,
                                .text = copy(d, json_text(from, "content", " ")),
                                .start = (size_t)start,
                                .stop = (size_t)stop});
}

static pm_status decoder(decoders *d, const json *from, int depth)
{
    const char *kind = json_text(from, "type", NULL);
    if (!kind) return err_set(d->err, PM_E_FORMAT, "decoder: \"type\" is missing");
    if (strcmp(kind, "Sequence") == 0 && depth < 16) {
        const json *c = NULL;
        pm_status s = tokenizer_list(from, "decoders", "decoder", &c, d->err);
        for (; c && s == PM_OK; c = c->next) s = decoder(d, c, depth + 1);
        return s;
    }
    if (strcmp(kind, "WordPiece") == 0)
        return add(d, (decode_step){.kind = DECODE_WORDPIECE,
                                    .flag = json_flag(from, "cleanup", true),
                                    .text = copy(d, json_text(from, "prefix", "##"))});
    if (strcmp(kind, "ByteLevel") == 0) return add(d, (decode_step){.kind = DECODE_BYTES});
    if (strcmp(kind, "ByteFallback") == 0)
        return add(d, (decode_step){.kind = DECODE_BYTE_FALLBACK});
    if (strcmp(kind, "Fuse") == 0) return add(d, (decode_step){.kind = DECODE_FUSE});
    if (strcmp(kind, "Metaspace") == 0) {
        const char *scheme = json_text(from, "prepend_scheme", NULL);
        bool prefix = scheme ? strcmp(scheme, "never") != 0
                             : json_flag(from, "add_prefix_space", true);
        return add(d, (decode_step){.kind = DECODE_METASPACE,
                                    .flag = prefix,
                                    .text = copy(d, json_text(from, "replacement", "\u2581"))});
    }
    if (strcmp(kind, "BPEDecoder") == 0)
        return add(d, (decode_step){.kind = DECODE_BPE,
                                    .text = copy(d, json_text(from, "suffix", "</w>"))});
    if (strcmp(kind, "Strip") == 0) return decode_strip(d, from);
    if (strcmp(kind, "Replace") == 0) return decode_replace(d, from);
    return err_set(d->err, PM_E_UNSUPPORTED, "decoder: \"%.100s\" is not supported", kind);
}

pm_status tokenizer_read_decoder(tokenizer *t, const json *from, arena *a, pm_err *err)
{
    decoders d = {.a = a, .err = err};
    if (!from || from->kind == JSON_NULL) return PM_OK;
    pm_status s = decoder(&d, from, 0);
    if (s != PM_OK) return s;
    t->has_decoder = true;
    t->n_decode = d.n;
    t->decode = arena_alloc(a, d.n, sizeof *t->decode);
    if (!t->decode) return err_set(err, PM_E_MEMORY, "out of memory");
    memcpy(t->decode, d.at, d.n * sizeof *t->decode);
    return PM_OK;
}
