/* SPDX-License-Identifier: MIT
 *
 * The words of flags as flags*.c share them.
 */
#ifndef PM_PLUG_FLAGS_PRIVATE_H
#define PM_PLUG_FLAGS_PRIVATE_H

#include "plug/flags.h"

#define FLAG_WORDS 120 /* bytes of a phrase or name */
#define FLAG_SPAN  256 /* bytes between brackets, or of a word that begins with -- */

typedef struct flag_word { /* words with one meaning more than one constraint may give */
    const char *key;       /* normal form */
    size_t term;
    double weight; /* phrases */
} flag_word;

typedef struct flag_words { /* sorted by key, equal keys in the order of terms */
    flag_word *at;
    size_t n;
    const char **key; /* [n] for suggestions */
    size_t *slot;     /* [n_slots] first of its key + 1, 0: free; a power of two */
    size_t n_slots;
} flag_words;

struct flags {
    arena *a;
    flag_term *term;
    size_t n;
    flag_words phrases, names;
};

/* ASCII letters small, blanks single, none at the ends.  0: empty or longer than FLAG_WORDS. */
size_t flag_normal(const char *s, size_t len, char out[FLAG_WORDS + 1]);
/* The words' entries: how many of this key stand from *first on. */
size_t flag_lookup(const flag_words *w, const char *key, size_t len, const flag_word **first);
/* What --NAME alone adds. */
double flag_usual(const flags *f, size_t term);

struct flags_ctx {
    const flags *f;
    str out, joined, said; /* a text with something cut out of it; all turns; those of the user */
    pm_turn *turn;
    size_t turn_room;
    size_t *start; /* of each turn in `joined` */
    size_t start_room;
    double *set, *add;
    flag_found found[FLAGS_KEPT];
    flags_result r;
    bool has_wrong; /* among `found` */
};

typedef struct flag_reader {
    const flags *f;
    flags_ctx *c;
    const char *s;
    size_t end, last; /* of what is text; the same without blanks behind it */
    bool is_earlier;  /* a turn that does not count */
    size_t kept;      /* s up to here is in c->out, or cut */
    bool cuts, at_head;
} flag_reader;

typedef enum flag_word_kind { WORD_TEXT, WORD_NEAR, WORD_FLAG } flag_word_kind;

typedef struct flag_name { /* --name=number */
    size_t len;            /* of the whole word */
    const flag_word *word; /* [n_words] */
    size_t n_words;
    const char *meant;
    bool has_value, is_number;
    double number;
} flag_name;

static inline bool flag_is_gap(char c)
{
    return c == ' ' || c == '\t';
}

flag_found flag_make(flag_kind kind, size_t at, size_t len);
void flag_note(flag_reader *r, flag_found one);
/* Phrases between commas in [from, to). */
void flag_take_list(flag_reader *r, size_t from, size_t to);
bool flag_list_is_known(const flag_reader *r, size_t from, size_t to);
/* What the word at `at` is; at the end of a text, one nearly like a constraint's name, with a number, is a flag (a
 * wrong one). */
flag_word_kind flag_read_word(const flag_reader *r, size_t at, size_t len, bool at_end,
                              flag_name *out);
void flag_take_name(flag_reader *r, size_t at, const flag_name *w);

#endif
