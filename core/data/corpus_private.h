/* SPDX-License-Identifier: MIT
 *
 * What the files that make a corpus share.  Reading: the settings of corpus.json, the files that were found, the
 * reader.  Drawing: roles of documents, candidates for prompts.
 */
#ifndef PM_DATA_CORPUS_PRIVATE_H
#define PM_DATA_CORPUS_PRIVATE_H

#include "base/json.h"
#include "data/corpus.h"
#include "text/clean.h"
#include "text/paragraphs.h"

#define CORPUS_CONFIG_FILE "corpus.json"

enum { CORPUS_NOTES = 50, CORPUS_DEEPEST = 64, CORPUS_NAME_BYTES = 900 };

/* ---- corpus.json ---- */

typedef struct corpus_patterns {
    const char **at;
    size_t n;
} corpus_patterns;

typedef struct corpus_rule { /* of one domain */
    const char *domain;
    corpus_patterns include, skip;
    text_kind kind;
    size_t section, file_cap, mean_line; /* 0 = none */
    bool dedup_paragraphs;
    bool has_kind, has_section, has_file_cap, has_mean_line,
        has_dedup; /* else as the kind has it */
} corpus_rule;

typedef struct corpus_config {
    const char *name; /* or NULL */
    const corpus_rule *rule;
    size_t n_rules;
    const json *sources; /* or NULL */
    char sha256[65];     /* "" without a file */
} corpus_config;

/* DIR/corpus.json, if there is one.  PM_E_FORMAT with up to 20 mistakes. */
PM_MUST_USE pm_status corpus_config_read(const char *dir, arena *a, corpus_config *out,
                                         pm_err *err);
const corpus_rule *corpus_rule_of(const corpus_config *c, const char *domain); /* never NULL */

/* The rule for a file of that kind: what corpus.json says, else what the kind has. */
corpus_rule corpus_rule_for(const corpus_rule *given, text_kind kind);

/* Whether a path within a domain is taken; `*`, `?` and `**` (over /); a pattern without / is for the file's name, and
 * among the skipped for the name of any folder above it too; .gz is not part of a name. */
bool corpus_takes(const corpus_rule *rule, const char *path);

/* ---- files ---- */

typedef struct corpus_file {
    const char *path; /* to open */
    const char *name; /* DOMAIN/path, as the folder has it */
    size_t domain;
    size_t bytes; /* on disk */
    char sha256[65];
    bool is_kept;
} corpus_file;

typedef enum corpus_skip {
    SKIP_NONE,
    SKIP_BINARY,
    SKIP_EMPTY,
    SKIP_LARGE,
    SKIP_LINK,
    SKIP_UNREADABLE,
    SKIP_RULE,
    CORPUS_SKIPS
} corpus_skip;

typedef struct corpus_reader {
    const char *dir;
    const corpus_spec *spec;
    arena *a;       /* what the corpus keeps */
    arena *scratch; /* gone when it is read */
    corpus_text *out;
    corpus_config config;
    corpus_file *file;
    size_t n_files, room_files;
    corpus_domain *domain;
    size_t n_domains, room_domains;
    size_t n_beside; /* files in the corpus folder itself */
    corpus_document *document;
    size_t n_documents, room_documents;
    uint64_t *seen; /* [n_documents] hash of the text, for the table of duplicates */
    size_t room_seen;
    keyset texts;
    paragraph_set paragraphs; /* of the domain at hand */
    size_t noted[CORPUS_SKIPS];
    const char **note;
    size_t n_notes, room_notes, n_unsaid;
    str raw, decoded, clean, unique;
} corpus_reader;

pm_status corpus_no_memory(const char *dir, pm_err *err);
PM_MUST_USE pm_status corpus_check_spec(const corpus_spec *s, pm_err *err);
PM_MUST_USE pm_status corpus_note(corpus_reader *r, pm_err *err, const char *fmt, ...)
    PM_PRINTF(3, 4);
/* Counts a file that is left out; the first ten of a reason are named in a note. */
PM_MUST_USE pm_status corpus_skipped(corpus_reader *r, corpus_skip why, const char *name,
                                     const char *words, pm_err *err);

/* The domains of the folder, and their files in order of domain and path. */
PM_MUST_USE pm_status corpus_walk(corpus_reader *r, pm_err *err);
/* One file: its documents are added to the reader. */
PM_MUST_USE pm_status corpus_read_file(corpus_reader *r, corpus_file *f, pm_err *err);
/* hash and manifest of what was read. */
PM_MUST_USE pm_status corpus_sign(corpus_reader *r, pm_err *err);

/* ---- drawing ---- */

typedef enum corpus_role { ROLE_UNUSED, ROLE_TEST, ROLE_TRAIN, ROLE_EXPERT } corpus_role;

typedef struct corpus_candidate {
    pm_str text;
    uint32_t document, number; /* the number-th piece of its document */
    uint8_t part;              /* dataset_part */
    bool is_dropped;
} corpus_candidate;

typedef struct corpus_drawing {
    const corpus_text *text;
    const corpus_spec *spec;
    uint64_t seed;
    arena *a, *scratch;
    corpus *out;
    corpus_domain *domain;
    uint8_t *role;               /* [n_documents] */
    pm_str *body;                /* [n_documents] what of the document is used */
    corpus_candidate *candidate; /* test documents first; heap */
    size_t n_candidates, room_candidates;
    const char **note; /* heap */
    size_t n_notes, room_notes;
} corpus_drawing;

PM_MUST_USE pm_status corpus_split_documents(corpus_drawing *d, pm_err *err);
PM_MUST_USE pm_status corpus_cut_prompts(corpus_drawing *d, pm_err *err);
PM_MUST_USE pm_status corpus_drop_overlap(corpus_drawing *d, pm_err *err);
PM_MUST_USE pm_status corpus_drop_near(corpus_drawing *d, pm_err *err);
PM_MUST_USE pm_status corpus_cap_prompts(corpus_drawing *d, pm_err *err);
/* Candidates that are left become the dataset; expert text becomes pieces. */
PM_MUST_USE pm_status corpus_make_prompts(corpus_drawing *d, pm_err *err);
PM_MUST_USE pm_status corpus_make_pieces(corpus_drawing *d, pm_err *err);

#endif
