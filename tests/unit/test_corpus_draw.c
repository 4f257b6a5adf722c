/* SPDX-License-Identifier: MIT
 *
 * Drawing: documents are split, never prompts; shares, shapes, caps; what is planted to be found is found; the seed and
 * nothing else decides.
 */
#include "corpus_tools.h"

#include <math.h>

#include "base/hash.h"
#include "text/passages.h"

static files f;

static void setup(void)
{
    files_open(&f);
}

static void teardown(void)
{
    files_close(&f);
}

static void three_domains(corpus_text *t)
{
    corpus_put_domain(&f, "a", 40, 6000);
    corpus_put_domain(&f, "b", 30, 5000);
    corpus_put_domain(&f, "c", 50, 4000);
    corpus_must_read(&f, NULL, t);
}

static const corpus_document *document_of(const corpus *c, uint64_t group)
{
    for (size_t k = 0; k < c->text->n_documents; k++)
        if (c->text->document[k].group == group) return &c->text->document[k];
    return NULL;
}

static bool is_inside(pm_str part, pm_str whole)
{
    return part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len;
}

/* Every document is in one part only; pieces are those of the experts' documents, whole and in order. */
static void must_be_split_by_document(const corpus *c)
{
    const dataset *x = &c->prompts;
    for (size_t i = 0; i < x->n; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert(x->part[i] == x->part[j] || x->group[i] != x->group[j]);
    for (size_t k = 0; k < c->text->n_domains; k++) {
        size_t bytes = 0;
        for (size_t p = 0; p < c->n_pieces[k]; p++) {
            bytes += c->piece[k][p].len;
            if (p)
                ck_assert(c->piece[k][p].ptr >= c->piece[k][p - 1].ptr + c->piece[k][p - 1].len ||
                          c->piece[k][p].ptr < c->piece[k][p - 1].ptr);
            for (size_t i = 0; i < x->n; i++) ck_assert(!is_inside(x->text[i], c->piece[k][p]));
        }
        ck_assert_uint_eq(bytes, c->domain[k].expert_bytes);
        ck_assert_uint_eq(c->domain[k].documents_test + c->domain[k].documents_train +
                              c->domain[k].expert_documents,
                          c->domain[k].n_documents);
    }
}

START_TEST(split_by_document)
{
    corpus_text t;
    corpus c;
    three_domains(&t);
    for (uint64_t seed = 0; seed < 5; seed++) {
        corpus_must_draw(&f, &t, NULL, seed, &c);
        must_be_split_by_document(&c);
        for (size_t k = 0; k < 3; k++) {
            const corpus_domain *d = &c.domain[k];
            double all = (double)d->n_documents;
            ck_assert(fabs((double)d->documents_test / all - .1) < .04);
            ck_assert(fabs((double)d->documents_train / all - .2) < .04);
        }
    }
}
END_TEST

START_TEST(prompts_are_a_dataset)
{
    corpus_text t;
    corpus c;
    three_domains(&t);
    corpus_must_draw(&f, &t, NULL, 1, &c);
    const dataset *x = &c.prompts;
    size_t n[3][3] = {{0}};
    ck_assert_uint_gt(x->n, 100);
    ck_assert_uint_eq(x->m, 0);
    ck_assert_uint_eq(x->n_domains, 3);
    ck_assert_str_eq(x->domains[2], "c");
    for (size_t i = 0; i < x->n; i++) {
        const corpus_document *d = document_of(&c, x->group[i]);
        text_shape shape = text_shape_of(x->text[i]);
        ck_assert(d && is_inside(x->text[i], d->text));
        ck_assert_uint_eq(x->domain[i], d->domain);
        ck_assert(strncmp(x->id[i], d->name, strlen(d->name)) == 0 &&
                  x->id[i][strlen(d->name)] == '#');
        ck_assert(x->key[i] == fnv1a(x->id[i], strlen(x->id[i])));
        ck_assert(x->part[i] == DATASET_TEST || x->part[i] == DATASET_TRAIN);
        ck_assert(i == 0 || x->part[i - 1] == x->part[i] ||
                  x->part[i] == DATASET_TRAIN); /* test first */
        ck_assert_uint_ge(shape.chars, 300);
        ck_assert_uint_le(shape.chars, 800);
        n[x->domain[i]][x->part[i]]++;
        for (size_t j = 0; j < i; j++) ck_assert_str_ne(x->id[i], x->id[j]);
    }
    for (size_t k = 0; k < 3; k++) {
        ck_assert_uint_eq(n[k][DATASET_TEST], c.domain[k].n_test);
        ck_assert_uint_eq(n[k][DATASET_TRAIN], c.domain[k].n_train);
    }
    ck_assert_uint_eq(c.counts.prompts_cut, x->n + c.counts.dropped_shape +
                                                c.counts.dropped_overlap +
                                                c.counts.dropped_duplicate + c.counts.dropped_cap);
    ck_assert_uint_eq(c.counts.dropped_overlap + c.counts.dropped_duplicate,
                      0); /* nothing repeats */
}
END_TEST

static bool equal_draws(const corpus *a, const corpus *b)
{
    if (a->prompts.n != b->prompts.n || strcmp(a->hash, b->hash) != 0) return false;
    for (size_t i = 0; i < a->prompts.n; i++)
        if (strcmp(a->prompts.id[i], b->prompts.id[i]) != 0 ||
            a->prompts.part[i] != b->prompts.part[i] ||
            a->prompts.text[i].len != b->prompts.text[i].len ||
            memcmp(a->prompts.text[i].ptr, b->prompts.text[i].ptr, a->prompts.text[i].len) != 0)
            return false;
    return true;
}

START_TEST(the_seed_decides)
{
    corpus_text t, again;
    corpus a, b;
    three_domains(&t);
    corpus_must_draw(&f, &t, NULL, 7, &a);
    corpus_must_draw(&f, &t, NULL, 7, &b);
    ck_assert(equal_draws(&a, &b));
    corpus_must_read(&f, NULL, &again);
    corpus_must_draw(&f, &again, NULL, 7, &b);
    ck_assert(equal_draws(&a, &b));
    corpus_must_draw(&f, &t, NULL, 8, &b);
    ck_assert(!equal_draws(&a, &b));
    corpus_spec spec = CORPUS_SPEC_DEFAULT;
    spec.cap_test = 499; /* changes nothing that is drawn here, and yet it is another spec */
    corpus_must_draw(&f, &t, &spec, 7, &b);
    ck_assert_str_ne(a.hash, b.hash);
}
END_TEST

/* ---- filters ---- */

/* The words of a text, lower case, one blank between them and at both ends. */
static void spell(pm_str s, str *out)
{
    str_puts(out, " ");
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c >= 'a' && c <= 'z')
            str_put(out, &c, 1);
        else if (out->at[out->len - 1] != ' ')
            str_put(out, " ", 1);
    }
    if (out->at[out->len - 1] != ' ') str_put(out, " ", 1);
}

/* The share of the 8-word shingles of a prompt that stand in `known`: by searching. */
static double share_known(pm_str prompt, const char *known)
{
    str words = STR_INIT;
    size_t n = 0, hits = 0;
    spell(prompt, &words);
    for (char *from = words.at;; from = strchr(from + 1, ' ')) {
        char *to = from;
        for (int k = 0; k < 8 && to; k++) to = strchr(to + 1, ' ');
        if (!to) break;
        char kept = to[1];
        to[1] = '\0';
        hits += strstr(known, from) != NULL;
        to[1] = kept;
        n++;
    }
    str_close(&words);
    return n ? (double)hits / (double)n : 0;
}

/* Documents half of which are sentences that other documents have too. */
static void put_sharing_domain(const char *domain, size_t n)
{
    str s = STR_INIT;
    for (uint64_t k = 0; k < n; k++) {
        char name[100];
        str_clear(&s);
        for (uint64_t i = 0; i < 10; i++) {
            corpus_words(rng_derive(k * 100 + i, domain), 300, &s);
            str_puts(&s, ". ");
            corpus_words(rng_below(5, 0, k * 100 + i, 12), 100 + 40 * i, &s);
            str_puts(&s, ".\n");
        }
        snprintf(name, sizeof name, "%s/%02u.txt", domain, (unsigned)k);
        corpus_put(&f, name, str_text(&s));
    }
    str_close(&s);
}

START_TEST(overlap_is_removed)
{
    corpus_spec spec = CORPUS_SPEC_DEFAULT, off = CORPUS_SPEC_DEFAULT;
    corpus_text t;
    corpus c, all;
    str known = STR_INIT;
    put_sharing_domain("a", 40);
    put_sharing_domain("b", 40);
    corpus_must_read(&f, NULL, &t);
    spec.near_duplicate = off.near_duplicate = 0;
    off.overlap = 1;
    corpus_must_draw(&f, &t, &spec, 3, &c);
    corpus_must_draw(&f, &t, &off, 3, &all);
    ck_assert_uint_eq(all.counts.dropped_overlap, 0);
    for (size_t k = 0; k < 2; k++) {
        for (size_t p = 0; p < c.n_pieces[k]; p++) spell(c.piece[k][p], &known);
    }
    size_t kept = 0;
    for (size_t i = 0; i < all.prompts.n; i++) { /* the draws differ in the filter alone */
        double share = share_known(all.prompts.text[i], str_text(&known));
        bool is_kept = kept < c.prompts.n && strcmp(c.prompts.id[kept], all.prompts.id[i]) == 0;
        ck_assert_msg(is_kept == (share <= .30) || fabs(share - .30) < .03, "%s: %g",
                      all.prompts.id[i], share);
        kept += is_kept;
    }
    ck_assert_uint_eq(kept, c.prompts.n);
    ck_assert_uint_gt(c.counts.dropped_overlap, 20);
    ck_assert_uint_gt(c.prompts.n, 20);
    ck_assert_uint_eq(c.counts.dropped_overlap, all.prompts.n - c.prompts.n);
    ck_assert_uint_eq(c.domain[0].dropped_overlap + c.domain[1].dropped_overlap,
                      c.counts.dropped_overlap);
    str_close(&known);
}
END_TEST

/* Documents of one prompt each, every one there three times with one word changed. */
START_TEST(near_duplicates_are_removed)
{
    corpus_spec spec = corpus_small_spec();
    corpus_text t;
    corpus c;
    str s = STR_INIT;
    for (uint64_t k = 0; k < 40; k++)
        for (int copy = 0; copy < 3; copy++) {
            char name[40];
            str_clear(&s);
            corpus_words(k, 330, &s);
            memcpy(s.at + 100 + 50 * copy, " zz ", 4);
            snprintf(name, sizeof name, "d/%02u-%d.txt", (unsigned)k, copy);
            corpus_put(&f, name, str_text(&s));
        }
    spec.overlap = 1;
    spec.test = .4;
    spec.train = .5;
    corpus_must_read(&f, &spec, &t);
    corpus_must_draw(&f, &t, &spec, 1, &c);
    bool seen[40] = {false};
    for (size_t i = 0; i < c.prompts.n; i++) {
        int k = atoi(c.prompts.id[i] + 2);
        ck_assert_msg(!seen[k], "%s is there twice", c.prompts.id[i]);
        seen[k] = true;
    }
    ck_assert_uint_gt(c.prompts.n, 30);
    ck_assert_uint_gt(c.counts.dropped_duplicate, 40);
    ck_assert_uint_eq(c.prompts.n + c.counts.dropped_duplicate, c.counts.prompts_cut);
    spec.near_duplicate = 0;
    corpus all;
    corpus_must_draw(&f, &t, &spec, 1, &all);
    ck_assert_uint_eq(all.prompts.n, c.counts.prompts_cut);
    /* Of those alike, the one in test is kept. */
    for (size_t i = 0; i < all.prompts.n; i++) {
        if (all.prompts.part[i] != DATASET_TEST) continue;
        bool found = false;
        for (size_t j = 0; j < c.prompts.n; j++)
            found |= atoi(c.prompts.id[j] + 2) == atoi(all.prompts.id[i] + 2) &&
                     c.prompts.part[j] == DATASET_TEST;
        ck_assert(found);
    }
    str_close(&s);
}
END_TEST

START_TEST(tables_are_no_prompts)
{
    corpus_spec spec = corpus_small_spec();
    corpus_text t;
    corpus c;
    str s = STR_INIT;
    for (int k = 0; k < 20; k++) {
        char name[40];
        str_clear(&s);
        for (int i = 0; i < 1500; i++)
            str_printf(&s, k % 2 ? "%d abcd%s" : "%d%s", i * 7919 % 90000 + k,
                       i % 8 == 7 ? "\n" : " ");
        snprintf(name, sizeof name, "d/%02d.txt", k);
        corpus_put(&f, name, str_text(&s));
    }
    corpus_put_domain(&f, "e", 20, 3000);
    corpus_must_read(&f, &spec, &t);
    corpus_must_draw(&f, &t, &spec, 1, &c);
    ck_assert_uint_eq(c.domain[0].n_test + c.domain[0].n_train, 0);
    ck_assert_uint_gt(c.domain[0].dropped_shape, 20);
    ck_assert_uint_eq(c.domain[1].dropped_shape + c.domain[0].dropped_shape,
                      c.counts.dropped_shape);
    ck_assert_uint_eq(c.n_notes, 1);
    ck_assert_ptr_nonnull(strstr(c.note[0], "domain d: 0 test prompts, 0 train prompts"));
    str_close(&s);
}
END_TEST

START_TEST(caps)
{
    corpus_spec spec = CORPUS_SPEC_DEFAULT;
    corpus_text t;
    corpus c, all;
    three_domains(&t);
    spec.cap_test = 10;
    spec.cap_train = 15;
    corpus_must_draw(&f, &t, &spec, 1, &c);
    corpus_must_draw(&f, &t, NULL, 1, &all);
    ck_assert_uint_eq(c.prompts.n, 75);
    for (size_t k = 0; k < 3; k++) {
        ck_assert_uint_eq(c.domain[k].n_test, 10);
        ck_assert_uint_eq(c.domain[k].n_train, 15);
        ck_assert_uint_eq(c.domain[k].dropped_cap,
                          all.domain[k].n_test + all.domain[k].n_train - 25);
    }
    bool in_order = true, are_first = true;
    for (size_t i = 1; i < 10; i++) in_order &= strcmp(c.prompts.id[i - 1], c.prompts.id[i]) != 0;
    for (size_t i = 0; i < 10; i++) are_first &= strcmp(c.prompts.id[i], all.prompts.id[i]) == 0;
    ck_assert(in_order && !are_first); /* drawn, not cut off */
}
END_TEST

/* ---- documents that are odd ---- */

START_TEST(big_documents_go_to_experts)
{
    corpus_text t;
    corpus c;
    str s = STR_INIT;
    corpus_put_domain(&f, "a", 40, 4000);
    corpus_words(99, 20000, &s); /* 11 % of the domain */
    corpus_put(&f, "a/big.txt", str_text(&s));
    corpus_spec spec = corpus_small_spec();
    corpus_must_read(&f, &spec, &t);
    for (uint64_t seed = 0; seed < 20; seed++) {
        corpus_must_draw(&f, &t, &spec, seed, &c);
        for (size_t i = 0; i < c.prompts.n; i++)
            ck_assert(strncmp(c.prompts.id[i], "a/big", 5) != 0);
    }
    str_close(&s);
}
END_TEST

START_TEST(single_documents)
{
    corpus_spec spec = corpus_small_spec();
    corpus_text t;
    corpus c;
    corpus_put_domain(&f, "one", 1, 30000);
    corpus_must_read(&f, &spec, &t);
    err_clear(&f.err);
    ck_assert_int_eq(corpus_draw(&t, &spec, 1, f.a, &c, &f.err), PM_E_ARG);
    files_must_say(&f, "no prompts are left of 0 pieces");
    corpus_put_domain(&f, "two", 2, 5000);
    corpus_put_domain(&f, "three", 3, 5000);
    corpus_must_read(&f, &spec, &t);
    corpus_must_draw(&f, &t, &spec, 1, &c);
    ck_assert_str_eq(c.domain[0].name, "one");
    ck_assert_uint_eq(c.domain[0].n_test + c.domain[0].n_train, 0);
    ck_assert_uint_gt(c.domain[1].n_test, 0); /* three: one each */
    ck_assert_uint_gt(c.domain[1].n_train, 0);
    ck_assert_uint_gt(c.domain[1].expert_bytes, 0);
    ck_assert_uint_gt(c.domain[2].n_test, 0); /* two: none for experts */
    ck_assert_uint_gt(c.domain[2].n_train, 0);
    ck_assert_uint_eq(c.domain[2].expert_bytes, 0);
    ck_assert_uint_eq(c.n_notes, 2);
}
END_TEST

START_TEST(domains_are_cut_at_their_bytes)
{
    corpus_spec spec = corpus_small_spec();
    corpus_text t;
    corpus c;
    corpus_put_domain(&f, "a", 40, 5000);
    corpus_must_read(&f, &spec, &t);
    spec.domain_bytes = 52000;
    corpus_must_draw(&f, &t, &spec, 1, &c);
    const corpus_domain *d = &c.domain[0];
    ck_assert_uint_eq(d->documents_test + d->documents_train + d->expert_documents, 11);
    ck_assert_uint_le(d->expert_bytes, 45000);
    ck_assert_uint_ge(d->expert_bytes, 36000);
    ck_assert_uint_eq(d->documents_test, 1);
    ck_assert_uint_eq(d->documents_train, 2);
}
END_TEST

/* Neither line nor sentence ends: cut where the length says. */
START_TEST(ten_million_characters)
{
    size_t chars = suite_is_quick("ten million characters") ? 300000 : 10000000;
    corpus_spec spec = corpus_small_spec();
    corpus_text t;
    corpus c;
    char *text = malloc(chars + 1), name[20];
    for (int k = 0; k < 6; k++) {
        for (size_t i = 0; i < chars; i++)
            text[i] = (char)('a' + rng_bits((uint64_t)k, 0, i / 64) % 26);
        for (size_t i = 0; i < chars; i += 11 + (size_t)k) text[i] = ' ';
        text[0] = 'x';
        text[chars - 1] = 'x';
        text[chars] = '\0';
        snprintf(name, sizeof name, "a/%d.txt", k);
        corpus_put(&f, name, text);
    }
    free(text);
    spec.domain_bytes = (size_t)1 << 30;
    corpus_must_read(&f, &spec, &t);
    corpus_must_draw(&f, &t, &spec, 1, &c);
    for (size_t i = 0; i < c.prompts.n; i++) ck_assert_uint_le(c.prompts.text[i].len, 800);
    ck_assert_uint_gt(c.prompts.n, 100);
    spec.max_chars = chars + 24;
    spec.min_chars = chars - 1; /* lengths are drawn from chars + 3 on: whole documents */
    corpus_must_draw(&f, &t, &spec, 1, &c);
    ck_assert_uint_eq(c.prompts.n, c.domain[0].documents_test + c.domain[0].documents_train);
    for (size_t i = 0; i < c.prompts.n; i++) ck_assert_uint_eq(c.prompts.text[i].len, chars);
}
END_TEST

START_TEST(every_failing_allocation_is_reported)
{
    corpus_text t;
    pm_status s = PM_E_MEMORY;
    corpus_put_domain(&f, "a", 12, 3000);
    corpus_put_domain(&f, "b", 12, 3000);
    corpus_must_read(&f, NULL, &t);
    for (size_t n = 1; s == PM_E_MEMORY && n < 1000; n++) {
        corpus c;
        pm_corpus slice;
        corpus_mix mix = {.base = .5};
        arena *a = arena_open(0);
        mem_fail_after(n);
        s = corpus_draw(&t, NULL, 1, a, &c, &f.err);
        if (s == PM_OK) s = corpus_slice(&c, &mix, "x", 1, a, &slice, &f.err);
        mem_fail_after(0);
        arena_close(a);
        ck_assert_msg(s == PM_OK || s == PM_E_MEMORY, "%zu: %s", n, err_text(&f.err));
    }
    ck_assert_int_eq(s, PM_OK);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("draw");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, split_by_document);
    tcase_add_test(c, prompts_are_a_dataset);
    tcase_add_test(c, the_seed_decides);
    tcase_add_test(c, overlap_is_removed);
    tcase_add_test(c, near_duplicates_are_removed);
    tcase_add_test(c, tables_are_no_prompts);
    tcase_add_test(c, caps);
    tcase_add_test(c, big_documents_go_to_experts);
    tcase_add_test(c, single_documents);
    tcase_add_test(c, domains_are_cut_at_their_bytes);
    tcase_add_test(c, ten_million_characters);
    tcase_add_test(c, every_failing_allocation_is_reported);
    tcase_set_timeout(c, 120);
    Suite *s = suite_create("corpus draw");
    suite_add_tcase(s, c);
    return suite_main(s);
}
