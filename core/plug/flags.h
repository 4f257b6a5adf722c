/* SPDX-License-Identifier: MIT
 *
 * Flags in prompts: "[flag: smallest model]", "--size=0.3".  Reads them out of a text by the grammar of docs/flags.md,
 * gives the text without them and what they make of the weights of soft constraints.  Knows no plugin by name: words
 * are those that constraints bring along (pm_constraint_type.phrases) and the experiment adds.
 */
#ifndef PM_PLUG_FLAGS_H
#define PM_PLUG_FLAGS_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "plug/pipeline.h"

typedef enum flag_policy {              /* what to do with flags in prompts */
                           FLAGS_OFF,   /* prompts are not looked at */
                           FLAGS_ERROR, /* flags are read; one that is not understood is an error */
                           FLAGS_WARN   /* ... is told, stripped and counted */
} flag_policy;

/* "off", "error", "warn"; false: none of them. */
const char *flag_policy_name(flag_policy p);
PM_MUST_USE bool flag_policy_find(const char *name, flag_policy *out);

typedef struct flag_term { /* a constraint as flags see it; borrowed until flags_close */
    const char *label, *plugin;
    pm_sense sense;           /* flags weigh soft ones; naming another is refused */
    bool is_signed;           /* weights below 0 mean something */
    const pm_phrase *phrases; /* text == NULL ends; or NULL */
} flag_term;

/* A constraint in that sense, with phrases of its own or `given` ones. */
flag_term flag_term_of(const char *label, const plugin_entry *e, pm_sense sense,
                       const pm_phrase *given);

typedef struct flags flags;

/* Builds the words of n terms.  Read-only afterwards: shared by threads.
 * Errors  PM_E_ARG: a phrase that cannot be typed (empty, with a bracket, comma or line end, over 120 bytes) or whose
 *         weight is not finite, or below 0 where the constraint is not signed; PM_E_MEMORY. */
PM_MUST_USE pm_status flags_open(const flag_term *term, size_t n, flags **out, pm_err *err);
/* The same for the constraints of a pipeline: their own phrases, or those that the pipeline gives (pipeline.phrases). */
PM_MUST_USE pm_status flags_of(const pipeline *p, flags **out, pm_err *err);
void flags_close(flags *f);
size_t flags_terms(const flags *f);

typedef enum flag_kind {
    FLAG_PHRASE, /* read: words that add their weight */
    FLAG_NAME, /* read: --size, adds what the constraint's first phrase adds (1 without phrases) */
    FLAG_NUMBER,      /* read: --size=0.3, sets the weight */
    FLAG_UNKNOWN,     /* from here on wrong: no such words */
    FLAG_UNCLOSED,    /* "[flag:" without its "]"; stays in the text */
    FLAG_BAD_NUMBER,  /* --size=x, or a number that no float holds */
    FLAG_NEGATIVE,    /* below 0, where that means nothing */
    FLAG_BOUND,       /* the constraint is hard or a budget: it has no weight */
    FLAG_SEVERAL,     /* the name of several constraints */
    FLAG_CONTRADICTS, /* against an earlier one of the same prompt; the later one counts */
    FLAG_TEXT, /* looks like a flag and stays in the text: not at the end, or nearly a known one */
    FLAG_EARLIER /* of an earlier turn: stripped, does not count */
} flag_kind;

typedef struct flag_found {
    flag_kind kind;
    size_t at,
        len; /* bytes in the text as given: the words, without brackets; of the turn where there are turns */
    size_t term;       /* the (first) constraint meant; SIZE_MAX: none */
    double number;     /* weight set or added, NaN: none */
    const char *meant; /* nearest known word of a wrong one, or NULL; lives as long as the flags */
    char words[128];   /* the words again, cut to fit */
} flag_found;

#define FLAGS_KEPT 32 /* of these many the details are kept; all are counted */

typedef struct
    flags_result {       /* views into the context (and the text), valid until the next reading */
    pm_str text;         /* what router and expert see */
    const pm_turn *turn; /* [n_turns] the same of a conversation, or NULL */
    size_t n_turns;
    const flag_found
        *found; /* [n_found] in order of the text; with a wrong one always the first of them */
    size_t n_found;
    size_t n_read, n_wrong, n_text, n_earlier;
    const double *set; /* [n_terms] weight set by a number, NaN: none */
    const double *add; /* [n_terms] weight that phrases add */
} flags_result;

typedef struct flags_ctx flags_ctx; /* room of one thread */
PM_MUST_USE pm_status flags_ctx_open(const flags *f, flags_ctx **out, pm_err *err);
void flags_ctx_close(flags_ctx *c);

/* Reads one prompt.  A text in which nothing is stripped comes back as it is (the same bytes at the same place).  With
 * turns [n_turns] (else NULL) each turn of role "user" is read by itself, those of the last one count, and the text is made of
 * the user's turns as data sets have it.
 *
 * Errors  PM_E_ARG under FLAGS_ERROR: the first wrong flag, in words (`out` is complete all the same); PM_E_MEMORY.
 * Cost    linear in the text, whatever is in it; no allocation once the context has seen a text as long.  FLAGS_OFF and
 *         f == NULL give the text as it is. */
PM_MUST_USE pm_status flags_read(const flags *f, flags_ctx *c, flag_policy policy, pm_str text,
                                 const pm_turn *turn, size_t n_turns, flags_result *out,
                                 pm_err *err);

bool flag_is_wrong(flag_kind k);
bool flag_is_read(flag_kind k);

/* The weight of constraint k for this prompt, where it is `base` without flags: what a number sets, else base, plus what
 * phrases add. */
double flags_weight(const flags_result *r, size_t k, double base);
/* Whether any weight may differ from its base. */
bool flags_weigh(const flags *f, const flags_result *r);

/* One found flag in words: `--siez=0.3 at byte 12: unknown flag; did you mean --size?`. */
void flags_say(const flags *f, const flag_found *one, str *out);
/* A read flag as one would type it: "[flag: smallest model]", "--size=0.3"; read again it does the same. */
void flags_print(const flags *f, const flag_found *one, str *out);

#endif
