/* SPDX-License-Identifier: MIT
 *
 * The normalisers and pre-tokenisers of a tokenizer.json as steps.  What we do not have is refused by name.
 */
#include "text/tokenizer_private.h"

#include "text/tokenizer_scan.h"
#include "text/unicode.h"

enum { STEPS_MOST = 64 };

typedef struct reader {
    tokenizer *t;
    arena *a;
    pm_err *err;
    step step[STEPS_MOST];
    size_t n;
    const char *where; /* "normalizer" */
} reader;

static pm_status add(reader *r, step s)
{
    if (r->n == STEPS_MOST)
        return err_set(r->err, PM_E_UNSUPPORTED, "%s: more than %d steps", r->where, STEPS_MOST);
    r->step[r->n++] = s;
    return PM_OK;
}

static pm_status keep(reader *r, step **out, size_t *n)
{
    *n = r->n;
    *out = arena_alloc(r->a, r->n, sizeof **out);
    if (!*out) return err_set(r->err, PM_E_MEMORY, "out of memory");
    memcpy(*out, r->step, r->n * sizeof **out);
    return PM_OK;
}

static pm_str copy(reader *r, const char *text)
{
    pm_str s = {arena_strdup(r->a, text), strlen(text)};
    return s;
}

static pm_status refuse(reader *r, const char *kind)
{
    return err_set(r->err, PM_E_UNSUPPORTED, "%s: \"%s\" is not supported", r->where, kind);
}

/* {"String": "x"} or {"Regex": "x"}. */
static pm_status pattern(reader *r, const json *from, step *s, bool *is_regex)
{
    const json *p = json_get(from, "pattern");
    const char *text = p && p->kind == JSON_STRING ? p->text : json_text(p, "String", NULL);
    const char *re = json_text(p, "Regex", NULL);
    *is_regex = re != NULL;
    if (!text && !re)
        return err_set(r->err, PM_E_FORMAT,
                       "%s: a pattern is missing - wanted \"pattern\": {\"String\": ...} or "
                       "{\"Regex\": ...}",
                       r->where);
    s->text = copy(r, text ? text : re);
    if (!s->text.ptr) return err_set(r->err, PM_E_MEMORY, "out of memory");
    if (!re) return PM_OK;
    return regex_compile(s->text.ptr, s->text.len, r->a, &s->re, r->err);
}

static pm_status replace(reader *r, const json *from)
{
    step s = {.kind = STEP_REPLACE};
    bool is_regex;
    s.with = copy(r, json_text(from, "content", ""));
    pm_status status = pattern(r, from, &s, &is_regex);
    if (status != PM_OK) return status;
    return s.text.len == 0 ? refuse(r, "Replace of an empty pattern") : add(r, s);
}

static pm_status bert(reader *r, const json *from)
{
    step s = {.kind = STEP_BERT};
    bool lower = json_flag(from, "lowercase", true);
    if (json_flag(from, "clean_text", true)) s.flags |= BERT_CLEAN;
    if (json_flag(from, "handle_chinese_chars", true)) s.flags |= BERT_CJK;
    if (json_flag(from, "strip_accents", lower)) s.flags |= BERT_ACCENTS;
    if (lower) s.flags |= BERT_LOWER;
    return add(r, s);
}

static pm_status normalizer(reader *r, const json *from, int depth)
{
    static const struct {
        const char *name;
        step_kind kind;
    } plain[] = {{"NFC", STEP_NFC},
                 {"NFD", STEP_NFD},
                 {"NFKC", STEP_NFKC},
                 {"NFKD", STEP_NFKD},
                 {"Lowercase", STEP_LOWERCASE},
                 {"StripAccents", STEP_STRIP_ACCENTS},
                 {"Nmt", STEP_NMT},
                 {"ByteLevel", STEP_BYTES}};
    const char *kind = json_text(from, "type", NULL);
    if (!kind) return err_set(r->err, PM_E_FORMAT, "%s: \"type\" is missing", r->where);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strcmp(kind, plain[i].name) == 0) return add(r, (step){.kind = plain[i].kind});
    if (strcmp(kind, "Sequence") == 0) {
        const json *c = NULL;
        if (depth > 16) return refuse(r, "Sequence more than 16 deep");
        pm_status s = tokenizer_list(from, "normalizers", r->where, &c, r->err);
        for (; c && s == PM_OK; c = c->next) s = normalizer(r, c, depth + 1);
        return s;
    }
    if (strcmp(kind, "BertNormalizer") == 0) return bert(r, from);
    if (strcmp(kind, "Replace") == 0) return replace(r, from);
    if (strcmp(kind, "Strip") == 0)
        return add(r, (step){.kind = STEP_STRIP,
                             .flags = (json_flag(from, "strip_left", true) ? STRIP_LEFT : 0u) |
                                      (json_flag(from, "strip_right", true) ? STRIP_RIGHT : 0u)});
    if (strcmp(kind, "Prepend") == 0)
        return add(r,
                   (step){.kind = STEP_PREPEND, .text = copy(r, json_text(from, "prepend", ""))});
    return refuse(r, kind);
}

pm_status tokenizer_read_normalizer(tokenizer *t, const json *from, arena *a, pm_err *err)
{
    reader r = {.t = t, .a = a, .err = err, .where = "normalizer"};
    if (!from || from->kind == JSON_NULL) return PM_OK;
    pm_status s = normalizer(&r, from, 0);
    return s == PM_OK ? keep(&r, &t->normal, &t->n_normal) : s;
}

/* ---- pre-tokenisers ---- */

static pm_status behaviour(reader *r, const json *from, cut_behaviour fallback, cut_behaviour *out)
{
    static const char *const name[] = {"Removed", "Isolated", "MergedWithPrevious",
                                       "MergedWithNext", "Contiguous"};
    const char *found = json_text(from, "behavior", NULL);
    *out = fallback;
    if (!found) return PM_OK;
    for (unsigned i = 0; i < 5; i++) {
        if (strcmp(found, name[i]) != 0) continue;
        *out = (cut_behaviour)(CUT_REMOVED + i);
        return PM_OK;
    }
    return refuse(r, found);
}

static pm_status split(reader *r, const json *from)
{
    step s = {.kind = STEP_CUT, .cut = CUT_TEXT, .invert = json_flag(from, "invert", false)};
    bool is_regex;
    pm_status status = behaviour(r, from, CUT_ISOLATED, &s.behaviour);
    if (status == PM_OK) status = pattern(r, from, &s, &is_regex);
    if (status != PM_OK) return status;
    if (is_regex) s.cut = scan_known(s.text);
    return s.text.len == 0 ? refuse(r, "Split at an empty pattern") : add(r, s);
}

static pm_status byte_level(reader *r, const json *from)
{
    pm_status s = PM_OK;
    if (json_flag(from, "add_prefix_space", true)) s = add(r, (step){.kind = STEP_PREFIX_SPACE});
    if (s == PM_OK && json_flag(from, "use_regex", true)) {
        step cut = {.kind = STEP_CUT, .behaviour = CUT_ISOLATED, .text = pm_str_of(scan_gpt2)};
        cut.cut = scan_known(cut.text);
        s = regex_compile(cut.text.ptr, cut.text.len, r->a, &cut.re, r->err);
        if (s == PM_OK) s = add(r, cut);
    }
    return s == PM_OK ? add(r, (step){.kind = STEP_BYTES}) : s;
}

static pm_status metaspace(reader *r, const json *from)
{
    step s = {.kind = STEP_METASPACE, .text = copy(r, json_text(from, "replacement", "\u2581"))};
    const char *scheme = json_text(from, "prepend_scheme", NULL);
    bool prefix = json_flag(from, "add_prefix_space", true);
    if (!s.text.ptr) return err_set(r->err, PM_E_MEMORY, "out of memory");
    if (utf8_count(s.text.ptr, s.text.len) != 1)
        return err_set(r->err, PM_E_FORMAT,
                       "%s: Metaspace: replacement \"%.40s\" - wanted one character", r->where,
                       s.text.ptr);
    if (!scheme) scheme = prefix ? "always" : "never";
    if (strcmp(scheme, "always") == 0)
        s.flags |= META_ALWAYS;
    else if (strcmp(scheme, "first") == 0)
        s.flags |= META_FIRST;
    else if (strcmp(scheme, "never") != 0)
        return refuse(r, scheme);
    if (json_flag(from, "split", true)) s.flags |= META_SPLIT;
    return add(r, s);
}

static pm_status class_cut(reader *r, const json *from, unsigned class, cut_behaviour fallback)
{
    step s = {.kind = STEP_CUT, .cut = CUT_CLASS, .flags = class};
    pm_status status = behaviour(r, from, fallback, &s.behaviour);
    return status == PM_OK ? add(r, s) : status;
}

static pm_status cutter(reader *r, const json *from, int depth);

static pm_status other_cutter(reader *r, const json *from, const char *kind)
{
    if (strcmp(kind, "WhitespaceSplit") == 0) return class_cut(r, NULL, UNI_SPACE, CUT_REMOVED);
    if (strcmp(kind, "Digits") == 0)
        return class_cut(r, NULL, UNI_NUMBER,
                         json_flag(from, "individual_digits", false) ? CUT_ISOLATED
                                                                     : CUT_CONTIGUOUS);
    if (strcmp(kind, "Punctuation") == 0) return class_cut(r, from, UNI_PUNCT, CUT_ISOLATED);
    if (strcmp(kind, "Whitespace") == 0) {
        step s = {.kind = STEP_CUT, .cut = CUT_WORDS, .behaviour = CUT_REMOVED, .invert = true};
        static const char words[] =
            "[^\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200c}\\x{200d}\\s]+|\\w+";
        s.text = pm_str_of(words);
        pm_status status = regex_compile(words, sizeof words - 1, r->a, &s.re, r->err);
        return status == PM_OK ? add(r, s) : status;
    }
    if (strcmp(kind, "CharDelimiterSplit") == 0) {
        step s = {.kind = STEP_CUT, .cut = CUT_TEXT, .behaviour = CUT_REMOVED};
        s.text = copy(r, json_text(from, "delimiter", ""));
        return s.text.len == 0 ? refuse(r, "CharDelimiterSplit without a delimiter") : add(r, s);
    }
    return refuse(r, kind);
}

static pm_status cutter(reader *r, const json *from, int depth)
{
    const char *kind = json_text(from, "type", NULL);
    if (!kind) return err_set(r->err, PM_E_FORMAT, "%s: \"type\" is missing", r->where);
    if (strcmp(kind, "Sequence") == 0) {
        const json *c = NULL;
        if (depth > 16) return refuse(r, "Sequence more than 16 deep");
        pm_status s = tokenizer_list(from, "pretokenizers", r->where, &c, r->err);
        for (; c && s == PM_OK; c = c->next) s = cutter(r, c, depth + 1);
        return s;
    }
    if (strcmp(kind, "BertPreTokenizer") == 0) {
        return add(r, (step){.kind = STEP_CUT, .cut = CUT_BERT, .behaviour = CUT_ISOLATED});
    }
    if (strcmp(kind, "ByteLevel") == 0) return byte_level(r, from);
    if (strcmp(kind, "Split") == 0) return split(r, from);
    if (strcmp(kind, "Metaspace") == 0) return metaspace(r, from);
    return other_cutter(r, from, kind);
}

pm_status tokenizer_read_cutter(tokenizer *t, const json *from, arena *a, pm_err *err)
{
    reader r = {.t = t, .a = a, .err = err, .where = "pre_tokenizer"};
    if (!from || from->kind == JSON_NULL) return PM_OK;
    pm_status s = cutter(&r, from, 0);
    return s == PM_OK ? keep(&r, &t->cut, &t->n_cut) : s;
}
