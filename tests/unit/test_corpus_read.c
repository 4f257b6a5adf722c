/* SPDX-License-Identifier: MIT
 *
 * Reading folders: what becomes a document, what is skipped and counted, order, hash and manifest.
 */
#include "corpus_tools.h"

#include <sys/stat.h>

#include "base/gz.h"
#include "base/hash.h"
#include "base/json.h"

static files f;

static void setup(void)
{
    files_open(&f);
}

static void teardown(void)
{
    files_close(&f);
}

static const corpus_document *document(const corpus_text *t, const char *name)
{
    for (size_t k = 0; k < t->n_documents; k++)
        if (strcmp(t->document[k].name, name) == 0) return &t->document[k];
    return NULL;
}

static void must_hold(const corpus_text *t, const char *name, const char *text)
{
    const corpus_document *d = document(t, name);
    ck_assert_msg(d != NULL, "no document %s", name);
    ck_assert_msg(pm_str_equal(d->text, text), "%s: found \"%.*s\"", name, (int)d->text.len,
                  d->text.ptr);
}

static bool notes_say(const corpus_text *t, const char *part)
{
    for (size_t k = 0; k < t->n_notes; k++)
        if (strstr(t->note[k], part)) return true;
    return false;
}

START_TEST(folders_become_domains)
{
    corpus_spec spec = corpus_small_spec();
    corpus_text t;
    corpus_put(&f, "web/deep/er/a.html", "<p>caf&eacute;</p>");
    corpus_put(&f, "web/b.txt", "plain\r\n");
    corpus_put(&f, "code/x.c", "/* Copyright */\nint a;\n");
    files_put(&f, "beside.txt", "in no domain");
    corpus_must_read(&f, &spec, &t);
    ck_assert_uint_eq(t.n_domains, 2);
    ck_assert_str_eq(t.domain[0].name, "code");
    ck_assert_str_eq(t.domain[1].name, "web");
    ck_assert_uint_eq(t.domain[1].n_documents, 2);
    ck_assert_uint_eq(t.domain[1].bytes_raw, 25);
    ck_assert_uint_eq(t.domain[1].bytes_clean, 12);
    ck_assert_uint_eq(t.n_documents, 3);
    must_hold(&t, "code/x.c", "int a;\n");
    must_hold(&t, "web/b.txt", "plain\n");
    must_hold(&t, "web/deep/er/a.html", "caf\xc3\xa9\n");
    const corpus_document *d = document(&t, "web/deep/er/a.html");
    ck_assert_uint_eq(d->chars, 5);
    ck_assert_uint_eq(d->domain, 1);
    ck_assert(d->group == fnv1a(d->name, strlen(d->name)));
    ck_assert_uint_eq(t.counts.files_read, 3);
    ck_assert_uint_eq(t.counts.files_skipped_rule, 1);
}
END_TEST

START_TEST(gzip_and_encodings)
{
    corpus_spec spec = corpus_small_spec();
    corpus_text t;
    corpus_put(&f, "d/latin.txt", "d\xe9j\xe0 vu, encore une fois");
    corpus_put(&f, "d/broken.txt", "d\xc3\xa9j\xc3\xa0 \xff vu, encore");
    ck_assert_int_eq(gz_write_all(files_path(&f, "d/packed.txt.gz"), "packed\n", 7, NULL), PM_OK);
    corpus_must_read(&f, &spec, &t);
    must_hold(&t, "d/latin.txt", "d\xc3\xa9j\xc3\xa0 vu, encore une fois\n");
    must_hold(&t, "d/broken.txt", "d\xc3\xa9j\xc3\xa0 \xef\xbf\xbd vu, encore\n");
    must_hold(&t, "d/packed.txt.gz", "packed\n");
    ck_assert_uint_eq(t.counts.files_latin1, 1);
    ck_assert_uint_eq(t.counts.invalid_utf8_repaired, 1);
}
END_TEST

START_TEST(what_is_skipped)
{
    corpus_spec spec = corpus_small_spec();
    corpus_text t;
    str big = STR_INIT;
    spec.max_file_bytes = 20000;
    corpus_words(1, 21000, &big);
    corpus_put(&f, "d/good.txt", "good text\n");
    corpus_put_bytes(&f, "d/binary",
                     "\x7f"
                     "ELF\0\0\1",
                     7);
    corpus_put(&f, "d/empty.txt", "");
    corpus_put(&f, "d/large.txt", str_text(&big));
    ck_assert_int_eq(gz_write_all(files_path(&f, "d/bomb.gz"), str_text(&big), big.len, NULL),
                     PM_OK);
    corpus_put_bytes(&f, "d/cut.gz", "\x1f\x8b\x08\0\0\0\0\0\0\x03+", 11);
    corpus_put(&f, "d/.hidden", "hidden");
    corpus_put(&f, "d/.git/config", "hidden too");
    corpus_put(&f, "d/blank.txt", " \n\n");
    ck_assert_int_eq(symlink(".", files_path(&f, "d/loop")), 0);
    ck_assert_int_eq(symlink("good.txt", files_path(&f, "d/link.txt")), 0);
    ck_assert_int_eq(symlink("d", files_path(&f, "linked")), 0);
    ck_assert_int_eq(symlink("nowhere", files_path(&f, "d/dangling")), 0);
    ck_assert_int_eq(mkfifo(files_path(&f, "d/pipe"), 0600), 0);
    corpus_must_read(&f, &spec, &t);
    ck_assert_uint_eq(t.n_documents, 1);
    must_hold(&t, "d/good.txt", "good text\n");
    ck_assert_uint_eq(t.counts.files_skipped_binary, 1);
    ck_assert_uint_eq(t.counts.files_skipped_empty, 1);
    ck_assert_uint_eq(t.counts.files_skipped_large, 2);
    ck_assert_uint_eq(t.counts.files_skipped_link, 4);
    ck_assert_uint_eq(t.counts.files_skipped_unreadable, 2); /* the pipe, and the cut gzip */
    ck_assert_uint_eq(t.counts.files_skipped_rule, 3);
    ck_assert(notes_say(&t, "\"d/loop\" is a symbolic link"));
    ck_assert(notes_say(&t, "\"d/pipe\" is neither a file nor a folder"));
    ck_assert(notes_say(&t, "\"d/cut.gz\" cannot be read"));
    ck_assert(notes_say(&t, "\"d/binary\" is no text"));
    str_close(&big);
}
END_TEST

START_TEST(files_that_may_not_be_read)
{
    if (geteuid() == 0) { /* root reads everything */
        printf("as root: without permissions\n");
        return;
    }
    corpus_spec spec = corpus_small_spec();
    corpus_text t;
    corpus_put(&f, "d/good.txt", "good\n");
    corpus_put(&f, "d/secret.txt", "x\n");
    corpus_put(&f, "d/closed/x.txt", "x\n");
    chmod(files_path(&f, "d/secret.txt"), 0);
    chmod(files_path(&f, "d/closed"), 0);
    corpus_must_read(&f, &spec, &t);
    chmod(files_path(&f, "d/closed"), 0700);
    ck_assert_uint_eq(t.counts.files_skipped_unreadable, 2);
    ck_assert_uint_eq(t.n_documents, 1);
}
END_TEST

START_TEST(one_line_of_megabytes)
{
    corpus_spec spec = corpus_small_spec();
    corpus_text t;
    size_t len = suite_is_quick("megabytes") ? 100000 : 3000000;
    char *line = malloc(len + 1);
    for (size_t i = 0; i < len; i++) line[i] = i % 7 == 6 ? ' ' : 'x';
    line[len] = '\0';
    corpus_put(&f, "text/one.txt", line);
    corpus_put(&f, "code/one.js", line);
    corpus_put(&f, "code/two.js", "var a = 1;\n");
    corpus_must_read(&f, &spec, &t);
    ck_assert_uint_eq(document(&t, "text/one.txt")->chars, len + (line[len - 1] != ' '));
    ck_assert_ptr_null(document(&t, "code/one.js")); /* made by a program */
    ck_assert_uint_eq(t.counts.files_skipped_rule, 1);
    free(line);
}
END_TEST

START_TEST(duplicates_are_kept_once)
{
    corpus_spec spec = corpus_small_spec();
    corpus_text t;
    corpus_put(&f, "a/1.txt", "the same\n");
    corpus_put(&f, "a/2.txt", "the same  \n\n");
    corpus_put(&f, "b/1.txt", "the same\n");
    corpus_put(&f, "b/2.txt", "another\n");
    corpus_must_read(&f, &spec, &t);
    ck_assert_uint_eq(t.n_documents, 2);
    must_hold(&t, "a/1.txt", "the same\n");
    ck_assert_uint_eq(t.counts.duplicate_documents, 2);
}
END_TEST

START_TEST(small_domains_are_left_out)
{
    corpus_spec spec = CORPUS_SPEC_DEFAULT;
    corpus_text t;
    corpus_put(&f, "small/a.txt", "too little\n");
    ck_assert_int_eq(mkdir(files_path(&f, "none"), 0700), 0);
    corpus_put_domain(&f, "enough", 3, 10000);
    spec.min_domains = 1;
    corpus_must_read(&f, &spec, &t);
    ck_assert_uint_eq(t.n_domains, 1);
    ck_assert_uint_eq(t.counts.domains_left_out, 2);
    for (size_t k = 0; k < t.n_documents; k++) ck_assert_uint_eq(t.document[k].domain, 0);
    ck_assert(notes_say(&t, "domain none is left out: found 0 bytes"));
    ck_assert_ptr_null(strstr(t.manifest, "small/a.txt"));
    spec.min_domains = 2;
    ck_assert_int_eq(corpus_try(&f, &spec, &t), PM_E_ARG);
    files_must_say(&f, "found 1 domains with text, wanted at least 2");
    files_must_say(&f, "domain small is left out");
    ck_assert_ptr_null(strstr(err_text(&f.err), "beside the folders"));
    corpus_put(&f, "letter.txt", "lies in no folder\n");
    corpus_put(&f, "other.txt", "neither\n");
    ck_assert_int_eq(corpus_try(&f, &spec, &t), PM_E_ARG);
    files_must_say(&f, "2 files lie beside the folders: a domain is a folder");
}
END_TEST

START_TEST(folders_that_are_none)
{
    corpus_text t;
    pm_err e = PM_ERR_INIT;
    ck_assert_int_eq(corpus_read(files_path(&f, "absent"), NULL, f.a, &t, &e), PM_E_IO);
    ck_assert_ptr_nonnull(strstr(e.text, "is not a folder; a corpus is"));
    ck_assert_int_eq(corpus_read(files_put(&f, "file", "x"), NULL, f.a, &t, &e), PM_E_IO);
    ck_assert_int_eq(corpus_try(&f, NULL, &t), PM_E_ARG);
}
END_TEST

START_TEST(strange_names)
{
    corpus_spec spec = corpus_small_spec();
    corpus_text t;
    char name[600] = "d/";
    corpus_put(&f, "d/a\xff.txt", "one\n");
    corpus_put(&f, "d/a\xfe.txt", "two\n");
    corpus_put(&f, "d/a\nb.txt", "three\n");
    for (int k = 0; k < 4; k++) {
        memset(name + strlen(name), 'x', 120);
        strcat(name, "/");
    }
    strcat(name, "end.txt");
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", f.dir, name);
    *strrchr(path, '/') = '\0';
    ck_assert_int_eq(io_mkdir(path, NULL), PM_OK);
    strcat(path, "/end.txt");
    ck_assert_int_eq(io_write(path, "deep\n", 5, NULL), PM_OK);
    corpus_put(&f, "\xff/a.txt", "no domain\n");
    corpus_must_read(&f, &spec, &t);
    ck_assert_uint_eq(t.n_documents, 4);
    ck_assert_uint_eq(t.counts.domains_left_out, 1);
    for (size_t k = 0; k < t.n_documents; k++) {
        const char *n = t.document[k].name;
        ck_assert(utf8_valid(n, strlen(n), NULL));
        ck_assert_ptr_null(strchr(n, '\n'));
        ck_assert_uint_lt(strlen(n), 960);
        for (size_t i = 0; i < k; i++) ck_assert_str_ne(n, t.document[i].name);
    }
}
END_TEST

START_TEST(depth_ends)
{
    corpus_spec spec = corpus_small_spec();
    corpus_text t;
    char path[1024];
    snprintf(path, sizeof path, "%s/d", f.dir);
    for (int k = 0; k < 80; k++) {
        strcat(path, "/x");
        ck_assert_int_eq(io_mkdir(path, NULL), PM_OK);
        if (k != 10 && k != 75) continue;
        char file[1100];
        snprintf(file, sizeof file, "%s/%d.txt", path, k);
        ck_assert_int_eq(io_write(file, file + strlen(path), 5, NULL), PM_OK);
    }
    corpus_must_read(&f, &spec, &t);
    ck_assert_uint_eq(t.n_documents, 1);
    ck_assert_uint_eq(t.counts.files_skipped_unreadable, 1);
    ck_assert(notes_say(&t, "more than 64 folders deep"));
}
END_TEST

/* The same files made in another order, in another folder. */
START_TEST(order_of_the_folder_does_not_matter)
{
    corpus_spec spec = corpus_small_spec();
    files other;
    corpus_text a, b;
    char name[40], text[40];
    files_open(&other);
    for (int k = 0; k < 40; k++) {
        snprintf(name, sizeof name, "d%d/%02d.txt", k % 3, k);
        snprintf(text, sizeof text, "text %d\n", k);
        corpus_put(&f, name, text);
        snprintf(name, sizeof name, "d%d/%02d.txt", (39 - k) % 3, 39 - k);
        snprintf(text, sizeof text, "text %d\n", 39 - k);
        corpus_put(&other, name, text);
    }
    corpus_must_read(&f, &spec, &a);
    corpus_must_read(&other, &spec, &b);
    ck_assert_str_eq(a.hash, b.hash);
    for (size_t k = 0; k < a.n_documents; k++)
        ck_assert_str_eq(a.document[k].name, b.document[k].name);
    corpus_put(&other, "d0/00.txt", "text 0!\n");
    corpus_must_read(&other, &spec, &b);
    ck_assert_str_ne(a.hash, b.hash);
    files_close(&other);
}
END_TEST

START_TEST(the_manifest_tells_all)
{
    corpus_spec spec = corpus_small_spec();
    corpus_text t;
    const json *m;
    char hex[65];
    files_put(&f, "corpus.json",
              "{\"name\": \"mine\", \"sources\": [{\"package\": \"p\", \"version\": \"1:2-3\", "
              "\"sha256\": \"ab\", \"domains\": [\"d\"], "
              "\"bytes\": 7}]}");
    corpus_put(&f, "d/a.txt", "some \"text\"\n");
    corpus_put(&f, "d/b.bin", "\x01\x02\x03");
    corpus_must_read(&f, &spec, &t);
    ck_assert_str_eq(t.name, "mine");
    ck_assert_int_eq(json_parse(t.manifest, strlen(t.manifest), f.a, &m, &f.err), PM_OK);
    ck_assert_str_eq(json_text(m, "name", ""), "mine");
    ck_assert_str_eq(json_text(m, "hash", ""), t.hash);
    const json *source = json_get(m, "sources")->child, *file = json_get(m, "files")->child;
    ck_assert_str_eq(json_text(source, "version", ""), "1:2-3");
    ck_assert(json_number(source, "bytes", 0) == 7);
    ck_assert_str_eq(json_get(source, "domains")->child->text, "d");
    ck_assert_uint_eq(json_get(m, "files")->n, 1);
    ck_assert_str_eq(json_text(file, "name", ""), "d/a.txt");
    sha256_of("some \"text\"\n", 12, hex);
    ck_assert_str_eq(json_text(file, "sha256", ""), hex);
    ck_assert(json_number(json_get(m, "counts"), "files_skipped_binary", 0) == 1);
    ck_assert_uint_eq(json_get(m, "notes")->n, 1);
}
END_TEST

START_TEST(many_notes_are_counted)
{
    corpus_spec spec = corpus_small_spec();
    corpus_text t;
    char name[40];
    corpus_put(&f, "good/a.txt", "text\n");
    spec.min_domain_bytes = 3;
    for (int k = 0; k < 70; k++) {
        snprintf(name, sizeof name, "d%02d/a.txt", k);
        corpus_put(&f, name, k % 2 ? "x" : "");
    }
    corpus_must_read(&f, &spec, &t);
    ck_assert_uint_eq(t.n_notes, 51);
    ck_assert_str_eq(t.note[50], "and 26 more notes"); /* 70 domains, 6 empty files named */
    ck_assert_uint_eq(t.counts.files_skipped_empty, 35);
}
END_TEST

START_TEST(every_failing_allocation_is_reported)
{
    corpus_spec spec = corpus_small_spec();
    pm_status s = PM_E_MEMORY;
    files_put(&f, "corpus.json",
              "{\"domains\": {\"d\": {\"dedup_paragraphs\": true, \"include\": [\"*.txt\"]}}}");
    corpus_put(&f, "d/a.txt", "one two three four five six seven eight\n\nthen d\xe9j\xe0 vu\n");
    corpus_put(&f, "e/a.html", "<p>text</p>\n");
    for (size_t n = 1; s == PM_E_MEMORY && n < 1000; n++) {
        corpus_text t;
        arena *a = arena_open(0);
        mem_fail_after(n);
        s = corpus_read(f.dir, &spec, a, &t, &f.err);
        mem_fail_after(0);
        arena_close(a);
        ck_assert_msg(s == PM_OK || s == PM_E_MEMORY, "%zu: %s", n, err_text(&f.err));
    }
    ck_assert_int_eq(s, PM_OK);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("read");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, folders_become_domains);
    tcase_add_test(c, gzip_and_encodings);
    tcase_add_test(c, what_is_skipped);
    tcase_add_test(c, files_that_may_not_be_read);
    tcase_add_test(c, one_line_of_megabytes);
    tcase_add_test(c, duplicates_are_kept_once);
    tcase_add_test(c, small_domains_are_left_out);
    tcase_add_test(c, folders_that_are_none);
    tcase_add_test(c, strange_names);
    tcase_add_test(c, depth_ends);
    tcase_add_test(c, order_of_the_folder_does_not_matter);
    tcase_add_test(c, the_manifest_tells_all);
    tcase_add_test(c, many_notes_are_counted);
    tcase_add_test(c, every_failing_allocation_is_reported);
    tcase_set_timeout(c, 120);
    Suite *s = suite_create("corpus read");
    suite_add_tcase(s, c);
    return suite_main(s);
}
