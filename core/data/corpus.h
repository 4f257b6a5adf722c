/* SPDX-License-Identifier: MIT
 *
 * A corpus: a folder per domain -> cleaned documents -> prompts of bounded length with a domain label, and the text
 * that experts learn from.  Split by document; near-duplicates, and prompts that overlap expert text, are removed.
 * Reading and cleaning are done once (corpus_read); a seed draws one split of it (corpus_draw).
 */
#ifndef PM_DATA_CORPUS_H
#define PM_DATA_CORPUS_H

#include "data/dataset.h"

typedef struct corpus_spec {
    uint32_t size;
    double test,
        train; /* shares of a domain's characters for router-test and router-train; .10, .20 */
    double
        big_document; /* a document above this share of its domain (and above twice the mean of its
                            documents) goes to the experts; .07 */
    size_t min_chars, max_chars; /* of a prompt, code points; 300, 800 */
    size_t cap_test, cap_train;  /* prompts kept a domain; 500, 1500; 0 = no cap */
    size_t
        domain_bytes; /* clean text kept a domain; 6 MB (documents in shuffled order, the last one cut) */
    double
        overlap; /* drop a prompt with more than this share of its 8-word shingles in expert text; .30 */
    size_t near_duplicate;   /* drop on this many equal among 8 smallest 4-word shingle hashes; 3 */
    size_t min_domains;      /* fewer is an error; 2 */
    size_t min_domain_bytes; /* a smaller domain is left out and said; 20,000 */
    size_t max_file_bytes;   /* a larger file is skipped and said; 64 MiB */
} corpus_spec;
#define CORPUS_SPEC_DEFAULT                                                                        \
    {                                                                                              \
        sizeof(corpus_spec), .10, .20, .07, 300, 800, 500, 1500, 6000000, .30, 3, 2, 20000,        \
            (size_t)64 << 20                                                                       \
    }

/* What was skipped, repaired or dropped: reported, never silent. */
typedef struct corpus_counts {
    size_t files_read, files_skipped_binary, files_skipped_empty, files_skipped_large,
        files_skipped_link, files_skipped_unreadable,
        files_skipped_rule;       /* rule: corpus.json or the domain's cleaning says so */
    size_t invalid_utf8_repaired; /* characters that became U+FFFD */
    size_t files_latin1;          /* files decoded from Latin-1 or Windows-1252 */
    size_t files_cut;             /* files of which only the first file_cap bytes are kept */
    size_t duplicate_documents, duplicate_paragraphs;
    size_t domains_left_out;
    size_t prompts_cut, dropped_shape, dropped_overlap, dropped_duplicate, dropped_cap;
} corpus_counts;

typedef struct corpus_document {
    const char *name; /* DOMAIN/path/in/folder[#section], UTF-8 */
    uint32_t domain;
    pm_str text;    /* clean UTF-8 */
    size_t chars;   /* code points */
    uint64_t group; /* hash of the name */
} corpus_document;

typedef struct corpus_domain { /* one row of the report on a corpus */
    const char *name;
    size_t n_documents, bytes_raw, bytes_clean;              /* of corpus_read */
    size_t n_test, n_train, documents_test, documents_train; /* of corpus_draw; else 0 */
    size_t expert_bytes, expert_documents;
    size_t dropped_shape, dropped_overlap, dropped_duplicate, dropped_cap;
} corpus_domain;

typedef struct corpus_text { /* read and cleaned, not yet split */
    const char *name, *dir;
    const corpus_document *document;
    size_t n_documents;
    corpus_domain *domain; /* [n_domains] by name */
    size_t n_domains;
    corpus_counts counts;
    const char *const *note; /* what was left out, in words: at most 50, then a count */
    size_t n_notes;
    char hash
        [65]; /* of every kept source file's name and SHA-256, of corpus.json, and of the clean text */
    const char *
        manifest; /* JSON: sources with version (where corpus.json knows it), bytes, SHA-256; counts */
} corpus_text;

/* Reads DIR/DOMAIN/... (any depth; .gz is inflated; symbolic links are not followed) and cleans each file by its
 * kind (docs/corpora.md), or as DIR/corpus.json says.
 *
 * Errors  PM_E_IO: the folder cannot be read.  PM_E_FORMAT: corpus.json is malformed (place, found, wanted).
 *         PM_E_ARG: fewer than min_domains domains are left, with the reasons; a spec out of range.  PM_E_MEMORY.
 * Memory  the clean text once, and the largest file twice while it is read.   Progress goes to base/log.h.
 * Cost    one pass over the files.   Result  the same whatever the order of the directory. */
PM_MUST_USE pm_status corpus_read(const char *dir, const corpus_spec *spec, arena *a,
                                  corpus_text *out, pm_err *err);

typedef struct corpus {
    dataset
        prompts; /* m = 0: id, key, text, domain, part (TRAIN or TEST), group = document; test prompts first */
    const corpus_text *text;
    const corpus_domain *domain; /* [text->n_domains], with the counts of the draw */
    corpus_counts counts;
    const pm_str *const
        *piece; /* [n_domains] expert text in pieces of about 4,000 characters, in order */
    const size_t *n_pieces;  /* [n_domains] */
    const char *const *note; /* what the draw could not do, in words */
    size_t n_notes;
    char hash[65]; /* of text, spec, seed and the prompts drawn: what losses are cached by */
} corpus;

/* Splits by document, cuts prompts, removes duplicates and overlap.  A pure function of (text, spec, seed).  `out` points
 * into `text`, which must live as long.
 * Errors  PM_E_ARG: no prompt is left for train or for test; a spec out of range.  PM_E_MEMORY.
 * Cost    one pass over the kept text and a few over the prompts; scratch 16 bytes for each word of the prompts. */
PM_MUST_USE pm_status corpus_draw(const corpus_text *text, const corpus_spec *spec, uint64_t seed,
                                  arena *a, corpus *out, pm_err *err);

typedef struct corpus_mix {     /* how much of each domain's expert text an expert learns */
    double base;                /* of every domain not named below */
    const char *const *without; /* [n_without] of these nothing, unless a dose names them */
    size_t n_without;
    const char *const *domain; /* [n_doses] */
    const double *dose;        /* [n_doses] in (0, 1]: replaces base */
    size_t n_doses;
} corpus_mix;

/* The pieces of a mix, chosen at random by (seed, who, domain): equal seeds and names, equal pieces; domains in order,
 * pieces in order within a domain.
 * Errors  PM_E_ARG: a domain that the corpus lacks (with a suggestion), a mix that leaves nothing. */
PM_MUST_USE pm_status corpus_slice(const corpus *c, const corpus_mix *mix, const char *who,
                                   uint64_t seed, arena *a, pm_corpus *out, pm_err *err);

#endif
