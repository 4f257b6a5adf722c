/* SPDX-License-Identifier: MIT
 *
 * pointsman corpus FOLDER: what a folder of texts gives, domain by domain; with --out, the drawn prompts, the experts'
 * text and the manifest as files.
 */
#include <stdio.h>
#include <string.h>

#include "app/cmds.h"
#include "base/io.h"
#include "data/corpus.h"

static const arg_row rows[] = {
    {"out", 'o', ARG_TEXT, "DIR",
     "write prompts.jsonl, manifest.json and experts/DOMAIN.txt there"},
    {"seed", 0, ARG_NUMBER, "N", "draw the split with this seed (default: 1)"},
    {"min-domains", 0, ARG_NUMBER, "N", "fail with fewer domains (default: 2)"},
    {"min-bytes", 0, ARG_NUMBER, "N", "leave out domains with less clean text (default: 20000)"},
    ARG_END};

static int corpus_main(int argc, char **argv);

const verb verb_corpus = {
    "corpus",
    "FOLDER",
    1,
    1,
    "read a folder of texts as a corpus and show what it gives",
    "FOLDER holds a folder of files for each domain.  They are cleaned by kind, split by document, "
    "cut into\n"
    "prompts; near-duplicates and prompts that experts have read are dropped.  What is skipped is "
    "counted.\n\n"
    "With --out the folder that is written can be read as a data set once outcomes are added, see\n"
    "docs/data-format.md; each file is written whole or not at all.",
    rows,
    corpus_main};

/* ---- the table ---- */

static void print_domains(const corpus *c)
{
    corpus_domain sum = {.name = "all"};
    printf("%-16s %6s %8s %6s %6s %7s %6s %6s %6s %6s %9s\n", "domain", "docs", "clean MB", "test",
           "train", "dropped", "shape", "known", "near", "cap", "expert MB");
    for (size_t k = 0; k <= c->text->n_domains; k++) {
        const corpus_domain *d = k < c->text->n_domains ? &c->domain[k] : &sum;
        printf("%-16.40s %6zu %8.2f %6zu %6zu %7zu %6zu %6zu %6zu %6zu %9.2f\n", d->name,
               d->n_documents, (double)d->bytes_clean / 1e6, d->n_test, d->n_train,
               d->dropped_shape + d->dropped_overlap + d->dropped_duplicate + d->dropped_cap,
               d->dropped_shape, d->dropped_overlap, d->dropped_duplicate, d->dropped_cap,
               (double)d->expert_bytes / 1e6);
        sum.n_documents += d->n_documents;
        sum.bytes_clean += d->bytes_clean;
        sum.n_test += d->n_test;
        sum.n_train += d->n_train;
        sum.dropped_shape += d->dropped_shape;
        sum.dropped_overlap += d->dropped_overlap;
        sum.dropped_duplicate += d->dropped_duplicate;
        sum.dropped_cap += d->dropped_cap;
        sum.expert_bytes += d->expert_bytes;
    }
}

static void print_counts(const corpus *c)
{
    const corpus_counts *n = &c->counts;
    const struct {
        const char *what;
        size_t n;
    } row[] = {
        {"no text", n->files_skipped_binary},        {"empty", n->files_skipped_empty},
        {"too large", n->files_skipped_large},       {"symbolic links", n->files_skipped_link},
        {"unreadable", n->files_skipped_unreadable}, {"by rule", n->files_skipped_rule}};
    printf("\nfiles read %zu; skipped:", n->files_read);
    for (size_t k = 0; k < sizeof row / sizeof *row; k++)
        printf("%s %zu %s", k ? "," : "", row[k].n, row[k].what);
    printf("\nfiles in Latin-1 %zu, cut at their cap %zu; characters repaired %zu; duplicate "
           "documents %zu, "
           "paragraphs %zu; domains left out %zu\n",
           n->files_latin1, n->files_cut, n->invalid_utf8_repaired, n->duplicate_documents,
           n->duplicate_paragraphs, n->domains_left_out);
    printf("pieces cut %zu; dropped: %zu by shape (length, letters, digits), %zu known to experts, "
           "%zu near-duplicates, "
           "%zu over the cap\n",
           n->prompts_cut, n->dropped_shape, n->dropped_overlap, n->dropped_duplicate,
           n->dropped_cap);
    printf("corpus %.12s, draw %.12s\n", c->text->hash, c->hash);
    for (size_t k = 0; k < c->text->n_notes; k++) printf("note: %s\n", c->text->note[k]);
    for (size_t k = 0; k < c->n_notes; k++) printf("note: %s\n", c->note[k]);
}

/* ---- files ---- */

static pm_status put_prompts(const corpus *c, FILE *to, pm_err *err)
{
    const dataset *x = &c->prompts;
    str line = STR_INIT;
    bool failed = false;
    for (size_t i = 0; i < x->n && !failed; i++) {
        str_clear(&line);
        str_puts(&line, "{\"id\": ");
        str_json(&line, x->id[i], strlen(x->id[i]));
        str_puts(&line, ", \"prompt\": ");
        str_json(&line, x->text[i].ptr, x->text[i].len);
        str_puts(&line, ", \"domain\": ");
        str_json(&line, x->domains[x->domain[i]], strlen(x->domains[x->domain[i]]));
        str_printf(&line, ", \"split\": \"%s\", \"group\": \"%016llx\"}\n",
                   x->part[i] == DATASET_TEST ? "test" : "train", (unsigned long long)x->group[i]);
        failed = line.failed;
        if (!failed) fputs(str_text(&line), to);
    }
    str_close(&line);
    return failed ? err_set(err, PM_E_MEMORY, "no memory for a prompt") : PM_OK;
}

static pm_status write_prompts(const corpus *c, const char *path, pm_err *err)
{
    io_out *o;
    pm_status s = io_out_open(path, &o, err);
    if (s != PM_OK) return s;
    s = put_prompts(c, io_out_file(o), err);
    if (s == PM_OK) return io_out_commit(o, err);
    io_out_abandon(o);
    return s;
}

static pm_status write_experts(const corpus *c, size_t k, const char *path, pm_err *err)
{
    io_out *o;
    pm_status s = io_out_open(path, &o, err);
    if (s != PM_OK) return s;
    for (size_t i = 0; i < c->n_pieces[k]; i++)
        fwrite(c->piece[k][i].ptr, 1, c->piece[k][i].len, io_out_file(o));
    return io_out_commit(o, err);
}

static pm_status write_all(const corpus *c, const char *dir, arena *a, pm_err *err)
{
    const char *prompts = io_join(a, dir, "prompts.jsonl"),
               *manifest = io_join(a, dir, "manifest.json"), *experts = io_join(a, dir, "experts");
    if (!prompts || !manifest || !experts) return err_set(err, PM_E_MEMORY, "%s: no memory", dir);
    pm_status s = io_mkdir(experts, err);
    for (size_t k = 0; s == PM_OK && k < c->text->n_domains; k++) {
        char *name = arena_alloc(a, strlen(c->domain[k].name) + 5, 1);
        if (!name) return err_set(err, PM_E_MEMORY, "%s: no memory", dir);
        strcat(strcpy(name, c->domain[k].name), ".txt");
        const char *path = io_join(a, experts, name);
        s = path ? write_experts(c, k, path, err) : err_set(err, PM_E_MEMORY, "%s: no memory", dir);
    }
    if (s == PM_OK) s = io_write(manifest, c->text->manifest, strlen(c->text->manifest), err);
    if (s == PM_OK) s = write_prompts(c, prompts, err);
    return s;
}

static int corpus_main(int argc, char **argv)
{
    arg_value value[sizeof rows / sizeof *rows];
    const char *operand[1];
    size_t n;
    int status = args_parse(&verb_corpus, argc, argv, value, operand, &n);
    if (status != ARGS_GO_ON) return status;
    pm_err err = PM_ERR_INIT;
    corpus_spec spec = CORPUS_SPEC_DEFAULT;
    corpus_text text;
    corpus c;
    spec.min_domains = (size_t)args_number(&verb_corpus, value, "min-domains", 2);
    spec.min_domain_bytes = (size_t)args_number(&verb_corpus, value, "min-bytes", 20000);
    uint64_t seed = (uint64_t)args_number(&verb_corpus, value, "seed", 1);
    const char *out = args_text(&verb_corpus, value, "out", NULL);
    arena *a = arena_open(0);
    pm_status s = a ? corpus_read(operand[0], &spec, a, &text, &err)
                    : err_set(&err, PM_E_MEMORY, "no memory for the corpus");
    if (s == PM_OK) s = corpus_draw(&text, &spec, seed, a, &c, &err);
    if (s == PM_OK) {
        print_domains(&c);
        print_counts(&c);
    }
    if (s == PM_OK && out) s = write_all(&c, out, a, &err);
    arena_close(a);
    return s == PM_OK ? EXIT_FINE : app_failed("corpus", &err);
}
