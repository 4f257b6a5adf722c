/* SPDX-License-Identifier: MIT
 *
 * What a tokeniser is made of, for the files text/tokenizer_*.c and text/vocab_*.c only.
 *
 * A text runs through stages: added tokens are cut out, the rest is normalised by steps, cut into words by steps,
 * and each word is tokenised by the model.  All stages work on one buffer of text with, a byte, the range of
 * the (repaired) source that it came from, and on a list of spans of it.
 */
#ifndef PM_TEXT_TOKENIZER_PRIVATE_H
#define PM_TEXT_TOKENIZER_PRIVATE_H

#include "text/piece_map.h"
#include "text/regex.h"
#include "text/tokenizer.h"

/* ---- building one ---- */

/* A tokeniser as its pieces and a frame: the JSON text of a tokenizer.json whose "model" lacks "vocab" and "merges"
 * (added tokens, normaliser, pre-tokeniser, post-processor, decoder and the model's settings).  Whoever makes a
 * vocabulary fills this and calls tokenizer_build; tokenizer_put writes such a tokeniser as any other.  Added tokens
 * of the frame may be among the pieces (same id) or follow them.  All is copied. */
typedef struct tokenizer_parts {
    const char *frame;
    const pm_str *piece; /* [n]; id = index; in the model's spelling ("##ing", "\u0120the") */
    const double *score; /* [n] Unigram: log probability; else NULL */
    size_t n;
    const pm_str (*merge)[2]; /* [n_merges] BPE: left and right, by rank */
    size_t n_merges;
} tokenizer_parts;
PM_MUST_USE pm_status tokenizer_build(const tokenizer_parts *p, const char *name, arena *a,
                                      tokenizer **out, pm_err *err);

/* ---- its structure ---- */

typedef enum step_kind {
    /* normalisers */
    STEP_BERT = 1, /* flags: BERT_* */
    STEP_NFC,
    STEP_NFD,
    STEP_NFKC,
    STEP_NFKD,
    STEP_LOWERCASE,
    STEP_STRIP_ACCENTS,
    STEP_STRIP, /* flags: STRIP_* */
    STEP_PREPEND,
    STEP_REPLACE,
    STEP_NMT,
    /* both */
    STEP_BYTES, /* ByteLevel: bytes -> the 256 letters */
    /* pre-tokenisers */
    STEP_PREFIX_SPACE, /* ByteLevel's */
    STEP_CUT,          /* by `cut`, as `behaviour` says */
    STEP_METASPACE,    /* flags: META_* */
} step_kind;

enum { BERT_CLEAN = 1, BERT_CJK = 2, BERT_ACCENTS = 4, BERT_LOWER = 8 };
enum { STRIP_LEFT = 1, STRIP_RIGHT = 2 };
enum { META_ALWAYS = 1, META_FIRST = 2, META_SPLIT = 4 };

typedef enum cut_kind { /* what a match of STEP_CUT is */
                        CUT_REGEX = 1,
                        CUT_TEXT,
                        CUT_CLASS, /* one code point with any of the classes in `flags` */
                        CUT_WORDS, /* a run of letters, marks, digits, _; or of neither those nor blanks: [\w]+|[^\w\s]+ */
                        CUT_BERT, /* blanks removed, punctuation alone */
                        CUT_GPT2, /* known regular expressions with scanners of our own: tokenizer_scan.c */
                        CUT_LLAMA3,
                        CUT_QWEN2
} cut_kind;

typedef enum cut_behaviour {
    CUT_REMOVED = 1,
    CUT_ISOLATED,
    CUT_WITH_PREVIOUS,
    CUT_WITH_NEXT,
    CUT_CONTIGUOUS
} cut_behaviour;

typedef struct step {
    step_kind kind;
    unsigned flags;
    cut_kind cut;
    cut_behaviour behaviour;
    bool invert;
    pm_str text, with; /* REPLACE: pattern, content; PREPEND: text; METASPACE: the replacement */
    const regex *re;   /* CUT_REGEX, REPLACE by a regular expression */
} step;

typedef struct added_token {
    pm_str content;
    uint32_t id;
    bool special, single_word, lstrip, rstrip, normalized;
} added_token;

typedef struct template_item {
    enum { ITEM_SPECIAL = 1, ITEM_FIRST, ITEM_SECOND } kind;
    uint32_t id; /* of ITEM_SPECIAL */
    uint8_t type;
} template_item;

typedef enum decode_kind {
    DECODE_WORDPIECE = 1,
    DECODE_BYTES,
    DECODE_METASPACE,
    DECODE_BYTE_FALLBACK,
    DECODE_FUSE,
    DECODE_STRIP,
    DECODE_REPLACE,
    DECODE_BPE
} decode_kind;

typedef struct decode_step {
    decode_kind kind;
    bool flag;          /* WORDPIECE: clean up; METASPACE: a blank was put in front */
    size_t start, stop; /* STRIP */
    pm_str text, with;  /* prefix, pattern, replacement or suffix */
    const regex *re;
} decode_step;

typedef enum model_kind { MODEL_WORDPIECE = 1, MODEL_BPE, MODEL_UNIGRAM } model_kind;

typedef struct merge_slot { /* empty: right == PIECE_NONE */
    uint32_t left, right, rank, made;
} merge_slot;

typedef struct model {
    model_kind kind;
    uint32_t unknown;    /* PIECE_NONE: none */
    pm_str unknown_text; /* as the file names it, also where it is no piece; ptr NULL: none */
    pm_str prefix;       /* of pieces that continue a word; ptr NULL: none */
    pm_str suffix;       /* of pieces that end one; BPE */
    size_t most_chars;   /* WordPiece */
    bool byte_fallback, fuse_unknown, ignore_merges;
    uint32_t byte_id[256]; /* "<0x0A>"; PIECE_NONE where there is none */
    bool has_bytes;        /* all 256 */
    size_t n;              /* pieces of the model itself */
    const double *score;   /* Unigram */
    double unknown_score;
    piece_tree tree;      /* WordPiece, Unigram */
    uint32_t rest;        /* node of the tree behind the prefix; PIECE_NONE */
    uint32_t (*merge)[2]; /* [n_merges] ids, by rank */
    size_t n_merges;
    merge_slot *pair;
    size_t pair_mask;
    uint64_t
        *pair_bits; /* 8 bits a slot: a pair whose bit is 0 has no merge, which is most of them */
    uint32_t letter[256]; /* raw: byte -> id of its letter */
    bool raw;             /* BPE on bytes: the last pre-tokeniser is ByteLevel, and is left out */
} model;

struct tokenizer {
    uint64_t print; /* of everything: rooms ask whether their words are of this tokeniser */
    pm_str *piece;  /* [n] highest id + 1; ptr NULL: a hole */
    size_t n;
    pm_str *shown;    /* [n] as decoding gives them: added tokens as they were normalised */
    uint8_t *special; /* [n] 1: a special added token */
    piece_map find;   /* model's pieces */
    model model;
    added_token *added;
    size_t n_added;
    piece_tree added_raw, added_normal;     /* values: index in added */
    bool raw_first[256], normal_first[256]; /* a byte that begins one */
    bool has_raw, has_normal;
    step *normal, *cut;
    size_t n_normal, n_cut;
    bool has_template, type_zero; /* RoBERTa: all types 0 */
    template_item *single, *pair;
    size_t n_single, n_pair, special_single, special_pair;
    bool trim, trim_prefix; /* offsets without blanks; of texts with a blank put in front */
    decode_step *decode;
    size_t n_decode;
    bool has_decoder;
    size_t most; /* truncation */
    /* what tokenizer_put writes back: JSON of these members, "null" where there is none */
    pm_str normal_json, cut_json, post_json, decode_json, truncation_json, padding_json, model_json;
};

/* Of tokenizer_steps.c: from the JSON of the frame. */
struct json;
/* The first item of the list `key` of an object; PM_E_FORMAT where it is missing or something else. */
PM_MUST_USE pm_status tokenizer_list(const json *of, const char *key, const char *where,
                                     const json **first, pm_err *err);
PM_MUST_USE pm_status tokenizer_read_normalizer(tokenizer *t, const json *from, arena *a,
                                                pm_err *err);
PM_MUST_USE pm_status tokenizer_read_cutter(tokenizer *t, const json *from, arena *a, pm_err *err);
PM_MUST_USE pm_status tokenizer_read_post(tokenizer *t, const json *from, arena *a, pm_err *err);
PM_MUST_USE pm_status tokenizer_read_decoder(tokenizer *t, const json *from, arena *a, pm_err *err);
PM_MUST_USE pm_status tokenizer_read_model(tokenizer *t, const json *from, arena *a, pm_err *err);

/* The letter (code point) of a byte in byte-level vocabularies, and back (-1). */
uint32_t byte_letter(unsigned char byte);
int letter_byte(uint32_t c);

/* ---- working memory ---- */

typedef struct text_room { /* text with its source; grows */
    char *own;
    const char *at; /* own, or the source itself */
    size_t n, capacity;
    uint32_t *from, *to; /* [n] source range of each byte; unused while `same` */
    size_t from_capacity, to_capacity;
    bool same; /* at[i] came from byte i of the source, code point for code point */
} text_room;

typedef struct text_span {
    uint32_t from, to; /* of the text_room */
    uint32_t id;       /* an added token, or PIECE_NONE: text */
    bool done;         /* kept for a span that later steps leave alone */
} text_span;

typedef struct span_room {
    text_span *at;
    size_t n, capacity;
} span_room;

typedef struct token_list {
    uint32_t *id, *from, *to, *word;
    uint8_t *type, *special;
    size_t n, capacity, room[6];
} token_list;

enum { WORD_BYTES = 23, WORD_TOKENS = 6, WORD_SLOTS = 1 << 13 };
typedef struct word_slot { /* 64 bytes */
    uint8_t len, n;        /* n 0: empty */
    char byte[WORD_BYTES + 1];
    uint8_t end[WORD_TOKENS]; /* of each token in the word */
    uint32_t id[WORD_TOKENS];
    uint32_t pad[2];
} word_slot;

typedef struct symbol { /* BPE, Unigram */
    uint32_t id, len;
    int32_t prev, next;
} symbol;

typedef struct heap_entry {
    uint32_t rank, at, made;
} heap_entry;

typedef struct piece_out { /* what the model made of one word: id and end within it */
    uint32_t id, end;
} piece_out;

typedef struct path_node { /* Unigram's best path */
    double score;
    uint32_t id, from; /* from PIECE_NONE: not reached */
} path_node;

struct token_room {
    regex_room *regex;
    str repaired, repaired_pair;
    text_room text, other;
    span_room span, spare;
    token_list list, second, whole;
    word_slot *words;
    uint64_t print; /* whose words */
    piece_out *piece;
    size_t n_piece, piece_capacity;
    symbol *symbol;
    size_t symbol_capacity;
    heap_entry *heap;
    size_t heap_capacity;
    path_node *path;
    size_t path_capacity;
    str letters;
    uint32_t *code; /* normalisation: code points of a part, */
    uint32_t *rank; /* ... and combining classes */
    size_t code_capacity, rank_capacity;
    bool failed; /* memory */
    bool limit;  /* a regular expression gave up */
};

void text_begin(text_room *t); /* empty, to be written */
/* Of tokenizer_text.c: appends bytes that came from source [from, to). */
void text_put(token_room *r, text_room *t, const char *bytes, size_t n, uint32_t from, uint32_t to);
/* Appends in's bytes [from, to) with where they came from. */
void text_copy(token_room *r, text_room *t, const text_room *in, size_t from, size_t to);

/* Of byte i, with its whole code point. */
static inline uint32_t text_from(const text_room *t, size_t i)
{
    if (!t->same) return t->from[i];
    while (i > 0 && ((unsigned char)t->at[i] & 0xC0u) == 0x80u) i--;
    return (uint32_t)i;
}

static inline uint32_t text_to(const text_room *t, size_t i)
{
    if (!t->same) return t->to[i];
    do i++;
    while (i < t->n && ((unsigned char)t->at[i] & 0xC0u) == 0x80u);
    return (uint32_t)i;
}

void span_put(token_room *r, span_room *s, text_span x);

/* Stages: each reads r->text and r->span and leaves its result there. */
void tokenizer_find_added(const tokenizer *t, token_room *r, bool normalized, bool special_as_text);
void tokenizer_normalize(const tokenizer *t, token_room *r);
void tokenizer_cut(const tokenizer *t, token_room *r);
/* One text through the normaliser alone, for added tokens; appended to out. */
bool tokenizer_normalize_text(const tokenizer *t, token_room *r, pm_str text, str *out);
/* Rewrites every text span by one step of normalisation. */
void tokenizer_rewrite(const step *s, token_room *r);

/* The model: pieces of one word into r->piece. */
void tokenizer_wordpiece(const tokenizer *t, token_room *r, const char *s, size_t len);
void tokenizer_bpe(const tokenizer *t, token_room *r, const char *s, size_t len);
void tokenizer_unigram(const tokenizer *t, token_room *r, const char *s, size_t len);
bool tokenizer_index_merges(model *m, const uint32_t *made, arena *a); /* made: [n_merges] */
void piece_put(token_room *r, uint32_t id, uint32_t end);

#endif
