/* SPDX-License-Identifier: MIT
 *
 * corpus.json: where the files of a folder come from, and how each domain is cleaned.  Keys and kinds that are not known
 * are mistakes with a suggestion; up to 20 are told at once.
 */
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/io.h"
#include "data/corpus_private.h"
#include "data/dataset_private.h"
#include "data/show.h"

#define MOST 1e12 /* of a size in bytes */

typedef struct parse {
    const char *path;
    arena *a;
    mistakes wrong;
    bool no_memory;
} parse;

static const char *kind_name(const json *j)
{
    static const char *const name[] = {"null",   "true or false", "a number",
                                       "a text", "an array",      "an object"};
    return name[j->kind];
}

static void wrong_kind(parse *p, const char *where, const json *j, const char *wanted)
{
    mistakes_add(&p->wrong, "%s: %s: found %s, wanted %s", p->path, where, kind_name(j), wanted);
}

static void unknown(parse *p, const char *where, const char *found, const char *const *known,
                    size_t n)
{
    const char *near = str_suggest(found, known, n);
    if (near)
        mistakes_add(&p->wrong, "%s: %s: unknown %s; did you mean \"%s\"?", p->path, where,
                     show_text(pm_str_of(found)).text, near);
    else {
        str list = STR_INIT;
        for (size_t k = 0; k < n; k++) str_printf(&list, "%s%s", k ? ", " : "", known[k]);
        mistakes_add(&p->wrong, "%s: %s: unknown %s, wanted one of: %s", p->path, where,
                     show_text(pm_str_of(found)).text, str_text(&list));
        str_close(&list);
    }
}

static const char *place(parse *p, const char *before, const char *key)
{
    str s = STR_INIT;
    str_printf(&s, "%s.%.60s", before, key);
    const char *copy = arena_strdup(p->a, str_text(&s));
    str_close(&s);
    if (!copy) p->no_memory = true;
    return copy ? copy : before;
}

static const char *keep(parse *p, const char *text)
{
    const char *copy = arena_strdup(p->a, text);
    if (!copy) p->no_memory = true;
    return copy;
}

/* ---- a domain's rule ---- */

static void take_patterns(parse *p, const char *where, const json *j, corpus_patterns *out)
{
    if (j->kind != JSON_ARRAY) {
        wrong_kind(p, where, j, "an array of patterns such as \"*.h\"");
        return;
    }
    out->at = arena_alloc(p->a, j->n, sizeof *out->at);
    if (!out->at) p->no_memory = true;
    for (const json *each = j->child; out->at && each; each = each->next) {
        if (each->kind != JSON_STRING || !*each->text)
            wrong_kind(p, where, each, "a pattern such as \"*.h\"");
        else if ((out->at[out->n] = keep(p, each->text)) != NULL)
            out->n++;
    }
}

static bool take_size(parse *p, const char *where, const json *j, size_t *out)
{
    if (j->kind != JSON_NUMBER || j->number < 0 || j->number > MOST ||
        floor(j->number) != j->number) {
        if (j->kind == JSON_NUMBER)
            mistakes_add(&p->wrong, "%s: %s: found %g, wanted a whole number from 0 (none) on",
                         p->path, where, j->number);
        else
            wrong_kind(p, where, j, "a whole number from 0 (none) on");
        return false;
    }
    *out = (size_t)j->number;
    return true;
}

static void take_kind(parse *p, const char *where, const json *j, corpus_rule *rule)
{
    const char *const *name = text_kind_names();
    if (j->kind != JSON_STRING) {
        wrong_kind(p, where, j, "the name of a kind such as \"code\"");
        return;
    }
    for (size_t k = 0; k < TEXT_KINDS; k++)
        if (strcmp(name[k], j->text) == 0) {
            rule->kind = (text_kind)k;
            rule->has_kind = true;
            return;
        }
    unknown(p, where, j->text, name, TEXT_KINDS);
}

static void take_setting(parse *p, const char *domain, const json *j, corpus_rule *rule)
{
    static const char *const known[] = {
        "clean", "include", "skip", "section", "file_cap", "mean_line", "dedup_paragraphs"};
    const char *where = place(p, domain, j->key);
    size_t k = 0, n = sizeof known / sizeof *known;
    while (k < n && strcmp(known[k], j->key) != 0) k++;
    switch (k) {
    case 0:
        take_kind(p, where, j, rule);
        break;
    case 1:
        take_patterns(p, where, j, &rule->include);
        break;
    case 2:
        take_patterns(p, where, j, &rule->skip);
        break;
    case 3:
        rule->has_section = take_size(p, where, j, &rule->section);
        if (rule->section && rule->section < 1000)
            mistakes_add(&p->wrong,
                         "%s: %s: found %zu, wanted 0 (none) or at least 1000 characters", p->path,
                         where, rule->section);
        break;
    case 4:
        rule->has_file_cap = take_size(p, where, j, &rule->file_cap);
        break;
    case 5:
        rule->has_mean_line = take_size(p, where, j, &rule->mean_line);
        break;
    case 6:
        rule->has_dedup = j->kind == JSON_BOOL;
        rule->dedup_paragraphs = j->number != 0;
        if (!rule->has_dedup) wrong_kind(p, where, j, "true or false");
        break;
    default:
        unknown(p, domain, j->key, known, n);
    }
}

static void take_domains(parse *p, const json *j, corpus_config *out)
{
    if (j->kind != JSON_OBJECT) {
        wrong_kind(p, "domains", j, "an object: {\"c\": {\"clean\": \"code\"}, ...}");
        return;
    }
    corpus_rule *rule = arena_alloc(p->a, j->n, sizeof *rule);
    if (!rule) p->no_memory = true;
    for (const json *each = j->child; rule && each; each = each->next) {
        const char *where = place(p, "domains", each->key);
        if (each->kind != JSON_OBJECT) {
            wrong_kind(p, where, each, "an object: {\"clean\": \"code\", ...}");
            continue;
        }
        corpus_rule *to = &rule[out->n_rules++];
        to->domain = keep(p, each->key);
        for (const json *setting = each->child; setting; setting = setting->next)
            take_setting(p, where, setting, to);
    }
    out->rule = rule;
}

/* ---- sources: kept for the manifest, only checked here ---- */

static void check_source(parse *p, const char *where, const json *source)
{
    static const char *const known[] = {"package", "version", "sha256",  "file", "domains",
                                        "bytes",   "url",     "licence", "note"};
    enum { DOMAINS = 4, BYTES = 5 };
    if (source->kind != JSON_OBJECT) {
        wrong_kind(p, where, source,
                   "an object: {\"package\", \"version\", \"sha256\", \"file\", \"domains\"}");
        return;
    }
    for (const json *j = source->child; j; j = j->next) {
        size_t k = 0, n = sizeof known / sizeof *known;
        while (k < n && strcmp(known[k], j->key) != 0) k++;
        if (k == n)
            unknown(p, where, j->key, known, n);
        else if (k == DOMAINS && j->kind != JSON_ARRAY)
            wrong_kind(p, place(p, where, j->key), j, "an array of texts");
        else if (k == BYTES && j->kind != JSON_NUMBER)
            wrong_kind(p, place(p, where, j->key), j, "a number");
        else if (k != DOMAINS && k != BYTES && j->kind != JSON_STRING && j->kind != JSON_NULL)
            wrong_kind(p, place(p, where, j->key), j, "a text");
    }
    if (!json_text(source, "package", NULL) && !json_text(source, "file", NULL))
        mistakes_add(&p->wrong, "%s: %s: found neither \"package\" nor \"file\"", p->path, where);
}

static void take_sources(parse *p, const json *j, corpus_config *out)
{
    if (j->kind != JSON_ARRAY) {
        wrong_kind(p, "sources", j, "an array of objects");
        return;
    }
    size_t k = 0;
    for (const json *each = j->child; each; each = each->next) {
        char where[40];
        snprintf(where, sizeof where, "sources[%zu]", ++k);
        check_source(p, where, each);
    }
    out->sources = j;
}

static void take_root(parse *p, const json *root, corpus_config *out)
{
    static const char *const known[] = {"name", "sources", "domains"};
    if (root->kind != JSON_OBJECT) {
        wrong_kind(p, "the file", root, "an object");
        return;
    }
    for (const json *j = root->child; j; j = j->next) {
        if (strcmp(j->key, "name") == 0) {
            if (j->kind != JSON_STRING)
                wrong_kind(p, "name", j, "a text");
            else
                out->name = keep(p, j->text);
        } else if (strcmp(j->key, "sources") == 0) {
            take_sources(p, j, out);
        } else if (strcmp(j->key, "domains") == 0) {
            take_domains(p, j, out);
        } else {
            unknown(p, "the file", j->key, known, sizeof known / sizeof *known);
        }
    }
}

pm_status corpus_config_read(const char *dir, arena *a, corpus_config *out, pm_err *err)
{
    memset(out, 0, sizeof *out);
    parse p = {.path = io_join(a, dir, CORPUS_CONFIG_FILE), .a = a, .wrong = {.dir = dir}};
    if (!p.path) return corpus_no_memory(dir, err);
    if (!io_exists(p.path)) return PM_OK;
    const json *root;
    pm_status s = sha256_file(p.path, out->sha256, err);
    if (s == PM_OK) s = json_read(p.path, a, &root, err);
    if (s != PM_OK) return s;
    take_root(&p, root, out);
    s = mistakes_finish(&p.wrong, err);
    str_close(&p.wrong.text);
    if (s == PM_OK && p.no_memory) s = corpus_no_memory(dir, err);
    return s;
}

const corpus_rule *corpus_rule_of(const corpus_config *c, const char *domain)
{
    static const corpus_rule none = {0};
    for (size_t k = 0; k < c->n_rules; k++)
        if (strcmp(c->rule[k].domain, domain) == 0) return &c->rule[k];
    return &none;
}
