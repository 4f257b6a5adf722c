/* SPDX-License-Identifier: MIT
 *
 * What a corpus was made of: its hash, and the manifest as JSON (packages with version and hash as corpus.json has
 * them, every file that was kept with its SHA-256, what was skipped).
 */
#include <string.h>

#include "base/hash.h"
#include "data/corpus_private.h"

static void put_text(str *s, const char *text)
{
    str_json(s, text, strlen(text));
}

/* A JSON value as it was read. */
static void put_value(str *s, const json *j)
{
    switch (j->kind) {
    case JSON_NULL:
        str_puts(s, "null");
        break;
    case JSON_BOOL:
        str_puts(s, j->number != 0 ? "true" : "false");
        break;
    case JSON_NUMBER:
        str_number(s, j->number);
        break;
    case JSON_STRING:
        put_text(s, j->text);
        break;
    default: /* at most 64 deep: json_parse has seen to it */
        str_puts(s, j->kind == JSON_ARRAY ? "[" : "{");
        for (const json *each = j->child; each; each = each->next) {
            if (each != j->child) str_puts(s, ", ");
            if (each->key) {
                put_text(s, each->key);
                str_puts(s, ": ");
            }
            put_value(s, each);
        }
        str_puts(s, j->kind == JSON_ARRAY ? "]" : "}");
    }
}

static void put_sources(const corpus_reader *r, str *s)
{
    str_puts(s, "  \"sources\": [");
    const char *between = "\n    ";
    for (const json *j = r->config.sources ? r->config.sources->child : NULL; j; j = j->next) {
        str_puts(s, between);
        put_value(s, j);
        between = ",\n    ";
    }
    str_puts(s, "],\n");
}

static void put_domains(const corpus_reader *r, str *s)
{
    str_puts(s, "  \"domains\": [");
    for (size_t k = 0; k < r->n_domains; k++) {
        const corpus_domain *d = &r->domain[k];
        str_puts(s, k ? ",\n    {\"name\": " : "\n    {\"name\": ");
        put_text(s, d->name);
        str_printf(s, ", \"documents\": %zu, \"bytes_raw\": %zu, \"bytes_clean\": %zu}",
                   d->n_documents, d->bytes_raw, d->bytes_clean);
    }
    str_puts(s, "],\n");
}

static void put_counts(const corpus_counts *c, str *s)
{
    const struct {
        const char *name;
        size_t n;
    } row[] = {{"files_read", c->files_read},
               {"files_skipped_binary", c->files_skipped_binary},
               {"files_skipped_empty", c->files_skipped_empty},
               {"files_skipped_large", c->files_skipped_large},
               {"files_skipped_link", c->files_skipped_link},
               {"files_skipped_unreadable", c->files_skipped_unreadable},
               {"files_skipped_rule", c->files_skipped_rule},
               {"files_latin1", c->files_latin1},
               {"files_cut", c->files_cut},
               {"invalid_utf8_repaired", c->invalid_utf8_repaired},
               {"duplicate_documents", c->duplicate_documents},
               {"duplicate_paragraphs", c->duplicate_paragraphs},
               {"domains_left_out", c->domains_left_out}};
    str_puts(s, "  \"counts\": {");
    for (size_t k = 0; k < sizeof row / sizeof *row; k++)
        str_printf(s, "%s\"%s\": %zu", k ? ", " : "", row[k].name, row[k].n);
    str_puts(s, "},\n");
}

static void put_notes(const corpus_reader *r, str *s)
{
    str_puts(s, "  \"notes\": [");
    for (size_t k = 0; k < r->n_notes; k++) {
        str_puts(s, k ? ",\n    " : "\n    ");
        put_text(s, r->note[k]);
    }
    str_puts(s, "],\n");
}

static void put_files(const corpus_reader *r, str *s)
{
    const char *between = "\n    {\"name\": ";
    str_puts(s, "  \"files\": [");
    for (size_t k = 0; k < r->n_files; k++) {
        const corpus_file *f = &r->file[k];
        if (!f->is_kept) continue;
        str_puts(s, between);
        put_text(s, f->name);
        str_printf(s, ", \"bytes\": %zu, \"sha256\": \"%s\"}", f->bytes, f->sha256);
        between = ",\n    {\"name\": ";
    }
    str_puts(s, "]\n}\n");
}

/* The clean text goes in by its hash, so that another way of cleaning is another corpus. */
static void hash_corpus(const corpus_reader *r, char hex[65])
{
    sha256 h;
    sha256_init(&h);
    sha256_add(&h, "corpus", 7);
    sha256_add(&h, r->config.sha256, strlen(r->config.sha256) + 1);
    for (size_t k = 0; k < r->n_files; k++) {
        if (!r->file[k].is_kept) continue;
        sha256_add(&h, r->file[k].name, strlen(r->file[k].name) + 1);
        sha256_add(&h, r->file[k].sha256, 64);
    }
    for (size_t k = 0; k < r->n_documents; k++) {
        const corpus_document *d = &r->document[k];
        sha256_add(&h, d->name, strlen(d->name) + 1);
        for (unsigned shift = 0; shift < 64; shift += 8) { /* the same on every machine */
            uint8_t byte = (uint8_t)(r->seen[k] >> shift);
            sha256_add(&h, &byte, 1);
        }
    }
    sha256_hex(&h, hex);
}

pm_status corpus_sign(corpus_reader *r, pm_err *err)
{
    str s = STR_INIT;
    hash_corpus(r, r->out->hash);
    str_puts(&s, "{\n  \"name\": ");
    put_text(&s, r->out->name);
    str_printf(&s, ",\n  \"hash\": \"%s\",\n  \"corpus_json_sha256\": \"%s\",\n", r->out->hash,
               r->config.sha256);
    put_sources(r, &s);
    put_domains(r, &s);
    put_counts(&r->out->counts, &s);
    put_notes(r, &s);
    put_files(r, &s);
    r->out->manifest = s.failed ? NULL : arena_strndup(r->a, str_text(&s), s.len);
    str_close(&s);
    return r->out->manifest ? PM_OK : corpus_no_memory(r->dir, err);
}
