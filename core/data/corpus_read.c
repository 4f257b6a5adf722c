/* SPDX-License-Identifier: MIT
 *
 * Reading a folder as a corpus: walk, read each file, leave out what is too small, sign the rest.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/io.h"
#include "base/log.h"
#include "data/corpus_private.h"
#include "data/show.h"

pm_status corpus_no_memory(const char *dir, pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "%s: no memory for the corpus", dir);
}

pm_status corpus_note(corpus_reader *r, pm_err *err, const char *fmt, ...)
{
    char text[ERR_TEXT];
    if (r->n_notes == CORPUS_NOTES) {
        r->n_unsaid++;
        return PM_OK;
    }
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    const char *copy = arena_strdup(r->a, text);
    if (!copy || !mem_grow(&r->note, &r->room_notes, r->n_notes + 2, sizeof *r->note))
        return corpus_no_memory(r->dir, err);
    r->note[r->n_notes++] = copy;
    return PM_OK;
}

pm_status corpus_skipped(corpus_reader *r, corpus_skip why, const char *name, const char *words,
                         pm_err *err)
{
    enum { NAMED = 6 };
    corpus_counts *c = &r->out->counts;
    size_t *const count[CORPUS_SKIPS] = {
        [SKIP_BINARY] = &c->files_skipped_binary,         [SKIP_EMPTY] = &c->files_skipped_empty,
        [SKIP_LARGE] = &c->files_skipped_large,           [SKIP_LINK] = &c->files_skipped_link,
        [SKIP_UNREADABLE] = &c->files_skipped_unreadable, [SKIP_RULE] = &c->files_skipped_rule,
    };
    ++*count[why];
    if (why == SKIP_RULE || r->noted[why]++ >= NAMED) return PM_OK;
    return corpus_note(r, err, "%s %s", show_text(pm_str_of(name)).text, words);
}

static pm_status out_of_range(pm_err *err, const char *what, const char *wanted)
{
    return err_set(err, PM_E_ARG, "corpus: %s: wanted %s", what, wanted);
}

pm_status corpus_check_spec(const corpus_spec *s, pm_err *err)
{
    if (s->size < sizeof *s) return out_of_range(err, "size", "sizeof(corpus_spec)");
    if (!(s->test > 0 && s->train > 0 && s->test + s->train < 1))
        return out_of_range(err, "test and train", "shares above 0 whose sum is below 1");
    if (!(s->big_document > 0 && s->big_document <= 1))
        return out_of_range(err, "big_document", "a share above 0, at most 1");
    if (!(s->overlap >= 0 && s->overlap <= 1))
        return out_of_range(err, "overlap", "a share from 0 to 1 (1: nothing is dropped)");
    if (!s->min_chars || s->min_chars >= s->max_chars || s->max_chars > (size_t)1 << 30)
        return out_of_range(err, "min_chars and max_chars", "1 <= min_chars < max_chars <= 2^30");
    if (!s->domain_bytes) return out_of_range(err, "domain_bytes", "at least 1");
    if (s->near_duplicate > 8)
        return out_of_range(err, "near_duplicate", "0 (nothing is dropped) to 8");
    return PM_OK;
}

/* ---- after the files ---- */

/* Domains that are too small go, with their documents. */
static pm_status leave_out_small(corpus_reader *r, pm_err *err)
{
    uint32_t *number = arena_alloc(r->scratch, r->n_domains, sizeof *number);
    size_t kept = 0, documents = 0;
    pm_status s = number ? PM_OK : corpus_no_memory(r->dir, err);
    for (size_t k = 0; s == PM_OK && k < r->n_domains; k++) {
        const corpus_domain *d = &r->domain[k];
        number[k] = UINT32_MAX;
        if (d->n_documents && d->bytes_clean >= r->spec->min_domain_bytes) {
            number[k] = (uint32_t)kept;
            r->domain[kept++] = *d;
            continue;
        }
        r->out->counts.domains_left_out++;
        s = corpus_note(
            r, err,
            "domain %s is left out: found %zu bytes of clean text in %zu documents, wanted at "
            "least %zu bytes",
            d->name, d->bytes_clean, d->n_documents, r->spec->min_domain_bytes);
    }
    if (s != PM_OK) return s;
    r->n_domains = kept;
    for (size_t k = 0; k < r->n_documents; k++) {
        uint32_t to = number[r->document[k].domain];
        if (to == UINT32_MAX) continue;
        r->document[documents] = r->document[k];
        r->seen[documents] = r->seen[k];
        r->document[documents++].domain = to;
    }
    r->n_documents = documents;
    for (size_t k = 0; k < r->n_files; k++) {
        uint32_t to = number[r->file[k].domain];
        r->file[k].is_kept = r->file[k].is_kept && to != UINT32_MAX;
        r->file[k].domain = to;
    }
    return PM_OK;
}

/* A rule for a domain that is not there is most often a slip of the pen. */
static pm_status note_unused_rules(corpus_reader *r, pm_err *err)
{
    pm_status s = PM_OK;
    for (size_t i = 0; s == PM_OK && i < r->config.n_rules; i++) {
        size_t k = 0;
        while (k < r->n_domains && strcmp(r->domain[k].name, r->config.rule[i].domain) != 0) k++;
        if (k == r->n_domains)
            s = corpus_note(r, err,
                            "corpus.json has a rule for domain %s, but there is no such folder",
                            show_text(pm_str_of(r->config.rule[i].domain)).text);
    }
    return s;
}

static pm_status too_few(const corpus_reader *r, pm_err *err)
{
    str why = STR_INIT;
    if (r->n_beside)
        str_printf(&why,
                   "\n  %zu files lie beside the folders: a domain is a folder, also of one file",
                   r->n_beside);
    for (size_t k = 0; k < r->n_notes && k < 12; k++) str_printf(&why, "\n  %s", r->note[k]);
    pm_status s =
        err_set(err, PM_E_ARG,
                "%s: found %zu domains with text, wanted at least %zu (a folder of texts for each "
                "domain: docs/corpora.md)%s",
                r->dir, r->n_domains, r->spec->min_domains, str_text(&why));
    str_close(&why);
    return s;
}

static pm_status read_files(corpus_reader *r, pm_err *err)
{
    size_t total = 0, done = 0, domain = SIZE_MAX;
    pm_status s = PM_OK;
    for (size_t k = 0; k < r->n_files; k++) total += r->file[k].bytes;
    for (size_t k = 0; s == PM_OK && k < r->n_files; k++) {
        corpus_file *f = &r->file[k];
        if (f->domain != domain) {
            paragraph_set_close(&r->paragraphs);
            domain = f->domain;
        }
        done += f->bytes;
        s = corpus_read_file(r, f, err);
        progress_show(r->domain[domain].name, total ? (double)done / (double)total : 1);
    }
    progress_end();
    return s;
}

static const char *base_name(const corpus_reader *r)
{
    size_t len = strlen(r->dir);
    while (len > 1 && r->dir[len - 1] == '/') len--;
    size_t from = len;
    while (from && r->dir[from - 1] != '/') from--;
    return arena_strndup(r->a, r->dir + from, len - from);
}

static pm_status finish(corpus_reader *r, pm_err *err)
{
    corpus_text *out = r->out;
    if (r->n_unsaid) {
        char more[64];
        snprintf(more, sizeof more, "and %zu more notes", r->n_unsaid);
        const char *copy = arena_strdup(r->a, more);
        if (!copy) return corpus_no_memory(r->dir, err);
        r->note[r->n_notes++] = copy; /* corpus_note keeps room for it */
    }
    corpus_document *document = arena_alloc(r->a, r->n_documents, sizeof *document);
    corpus_domain *domain = arena_alloc(r->a, r->n_domains, sizeof *domain);
    const char **note = arena_alloc(r->a, r->n_notes, sizeof *note);
    out->name = r->config.name ? r->config.name : base_name(r);
    out->dir = arena_strdup(r->a, r->dir);
    if (!document || !domain || !note || !out->name || !out->dir)
        return corpus_no_memory(r->dir, err);
    if (r->n_documents) memcpy(document, r->document, r->n_documents * sizeof *document);
    if (r->n_domains) memcpy(domain, r->domain, r->n_domains * sizeof *domain);
    if (r->n_notes) memcpy(note, r->note, r->n_notes * sizeof *note);
    out->document = document;
    out->n_documents = r->n_documents;
    out->domain = domain;
    out->n_domains = r->n_domains;
    out->note = note;
    out->n_notes = r->n_notes;
    return corpus_sign(r, err);
}

static void close_reader(corpus_reader *r)
{
    mem_free(r->file);
    mem_free(r->domain);
    mem_free(r->document);
    mem_free(r->seen);
    mem_free(r->note);
    keyset_close(&r->texts);
    paragraph_set_close(&r->paragraphs);
    str_close(&r->raw);
    str_close(&r->decoded);
    str_close(&r->clean);
    str_close(&r->unique);
    arena_close(r->scratch);
}

pm_status corpus_read(const char *dir, const corpus_spec *spec, arena *a, corpus_text *out,
                      pm_err *err)
{
    static const corpus_spec defaults = CORPUS_SPEC_DEFAULT;
    corpus_reader r = {.dir = dir, .spec = spec ? spec : &defaults, .a = a, .out = out};
    memset(out, 0, sizeof *out);
    pm_status s = corpus_check_spec(r.spec, err);
    if (s != PM_OK) return s;
    r.scratch = arena_open(0);
    if (!r.scratch) return corpus_no_memory(dir, err);
    if (io_is_dir(dir)) s = corpus_config_read(dir, r.scratch, &r.config, err);
    if (s == PM_OK) s = corpus_walk(&r, err);
    if (s == PM_OK) s = note_unused_rules(&r, err);
    if (s == PM_OK) s = read_files(&r, err);
    if (s == PM_OK) s = leave_out_small(&r, err);
    if (s == PM_OK && r.n_domains < r.spec->min_domains) s = too_few(&r, err);
    if (s == PM_OK && r.config.name && !(r.config.name = arena_strdup(a, r.config.name)))
        s = corpus_no_memory(dir, err);
    if (s == PM_OK) s = finish(&r, err);
    close_reader(&r);
    return s;
}
