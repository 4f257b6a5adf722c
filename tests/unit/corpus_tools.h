/* SPDX-License-Identifier: MIT
 *
 * What the tests of corpora share: folders of made-up text in made-up words, reading and drawing them.
 */
#ifndef PM_TEST_CORPUS_TOOLS_H
#define PM_TEST_CORPUS_TOOLS_H

#include "data_files.h"

#include "base/io.h"
#include "base/rng.h"
#include "data/corpus.h"

/* A file at DIR/NAME, its folders made. */
static inline const char *corpus_put_bytes(files *f, const char *name, const void *bytes,
                                           size_t len)
{
    char folder[512];
    snprintf(folder, sizeof folder, "%s/%s", f->dir, name);
    *strrchr(folder, '/') = '\0';
    ck_assert_int_eq(io_mkdir(folder, NULL), PM_OK);
    return files_put_bytes(f, name, bytes, len);
}

static inline const char *corpus_put(files *f, const char *name, const char *text)
{
    return corpus_put_bytes(f, name, text, strlen(text));
}

/* About `chars` characters of sentences in words that only this seed has; lines end after some sentences. */
static inline void corpus_words(uint64_t seed, size_t chars, str *out)
{
    size_t from = out->len;
    for (uint64_t i = 0; out->len - from < chars; i++) {
        uint64_t bits = rng_bits(seed, 7, i);
        for (uint64_t k = 0; k < 4 + bits % 5; k++) {
            char c = (char)('a' + (bits >> (8 + 5 * k) & 31) % 26);
            str_put(out, &c, 1);
        }
        str_puts(out, i % 37 == 36 ? ".\n" : i % 9 == 8 ? ". " : " ");
    }
}

/* n documents of `chars` characters each: DOMAIN/00.txt ... */
static inline void corpus_put_domain(files *f, const char *domain, size_t n, size_t chars)
{
    str s = STR_INIT;
    for (size_t k = 0; k < n; k++) {
        char name[100];
        str_clear(&s);
        corpus_words(rng_derive(k, domain), chars, &s);
        snprintf(name, sizeof name, "%s/%02zu.txt", domain, k);
        corpus_put(f, name, str_text(&s));
    }
    str_close(&s);
}

static inline pm_status corpus_try(files *f, const corpus_spec *spec, corpus_text *t)
{
    err_clear(&f->err);
    return corpus_read(f->dir, spec, f->a, t, &f->err);
}

static inline void corpus_must_read(files *f, const corpus_spec *spec, corpus_text *t)
{
    pm_status s = corpus_try(f, spec, t);
    ck_assert_msg(s == PM_OK, "%s", err_text(&f->err));
}

static inline void corpus_must_draw(files *f, const corpus_text *t, const corpus_spec *spec,
                                    uint64_t seed, corpus *c)
{
    err_clear(&f->err);
    pm_status s = corpus_draw(t, spec, seed, f->a, c, &f->err);
    ck_assert_msg(s == PM_OK, "%s", err_text(&f->err));
}

/* Small domains count too. */
static inline corpus_spec corpus_small_spec(void)
{
    corpus_spec s = CORPUS_SPEC_DEFAULT;
    s.min_domains = 1;
    s.min_domain_bytes = 1;
    return s;
}

#endif
