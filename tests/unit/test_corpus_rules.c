/* SPDX-License-Identifier: MIT
 *
 * corpus.json: each setting does what it says, and what is wrong with it is told.
 */
#include "corpus_tools.h"

static files f;

static void setup(void)
{
    files_open(&f);
}

static void teardown(void)
{
    files_close(&f);
}

static void read_with(const char *rule, corpus_text *t)
{
    corpus_spec spec = corpus_small_spec();
    str s = STR_INIT;
    spec.min_domains = 0;
    str_printf(&s, "{\"domains\": {\"d\": %s}}", rule);
    files_put(&f, "corpus.json", str_text(&s));
    str_close(&s);
    corpus_must_read(&f, &spec, t);
}

/* The names of all documents, without the domain. */
static const char *names_of_documents(const corpus_text *t)
{
    str s = STR_INIT;
    for (size_t k = 0; k < t->n_documents; k++)
        str_printf(&s, "%s%s", k ? " " : "", t->document[k].name + 2);
    const char *copy = arena_strdup(f.a, str_text(&s));
    str_close(&s);
    return copy;
}

static void takes(const char *rule, const char *want)
{
    corpus_text t;
    read_with(rule, &t);
    ck_assert_msg(strcmp(names_of_documents(&t), want) == 0, "%s: found %s, wanted %s", rule,
                  names_of_documents(&t), want);
}

START_TEST(patterns)
{
    corpus_put(&f, "d/a.h", "a\n");
    corpus_put(&f, "d/a.min.h", "b\n");
    corpus_put(&f, "d/p/q/b.h", "c\n");
    corpus_put(&f, "d/p/unicore/c.h", "d\n");
    corpus_put(&f, "d/p/r/t.txt.gz", "e\n");
    takes("{}", "a.h a.min.h p/q/b.h p/r/t.txt.gz p/unicore/c.h");
    takes("{\"include\": [\"*.h\"]}", "a.h a.min.h p/q/b.h p/unicore/c.h");
    takes("{\"include\": [\"*.h\"], \"skip\": [\"*.min.*\", \"unicore\"]}", "a.h p/q/b.h");
    takes("{\"include\": [\"*.txt\", \"?.min.h\"]}", "a.min.h p/r/t.txt.gz");
    takes("{\"include\": [\"p/*.h\"]}", "");
    takes("{\"include\": [\"p/*/*.h\"]}", "p/q/b.h p/unicore/c.h");
    takes("{\"include\": [\"**/*.h\"]}", "p/q/b.h p/unicore/c.h");
    takes("{\"include\": [\"p/**\"], \"skip\": [\"**/u*/**\"]}", "p/q/b.h p/r/t.txt.gz");
    takes("{\"skip\": [\"**\"]}", "");
}
END_TEST

START_TEST(kinds)
{
    corpus_text t;
    corpus_put(&f, "d/x", "<b>bold</b>\n%\nB<x>\n");
    read_with("{}", &t);
    ck_assert(pm_str_equal(t.document[0].text, "<b>bold</b>\n%\nB<x>\n"));
    read_with("{\"clean\": \"html\"}", &t);
    ck_assert(pm_str_equal(t.document[0].text, "bold % B\n"));
    read_with("{\"clean\": \"fortune\"}", &t);
    ck_assert(pm_str_equal(t.document[0].text, "<b>bold</b>\n\nB<x>\n"));
}
END_TEST

START_TEST(sections)
{
    corpus_text t;
    str s = STR_INIT;
    corpus_words(5, 10000, &s);
    corpus_put(&f, "d/x.txt", str_text(&s));
    corpus_put(&f, "d/y.txt", "short\n");
    read_with("{\"section\": 3000}", &t);
    ck_assert_str_eq(names_of_documents(&t), "x.txt#1 x.txt#2 x.txt#3 x.txt#4 y.txt");
    str all = STR_INIT;
    for (size_t k = 0; k < 4; k++) {
        ck_assert_uint_le(t.document[k].chars, 3000);
        str_put(&all, t.document[k].text.ptr, t.document[k].text.len);
        for (size_t i = 0; i < k; i++) ck_assert(t.document[k].group != t.document[i].group);
    }
    while (s.len && s.at[s.len - 1] == ' ') s.at[--s.len] = '\0';
    ck_assert_uint_ge(all.len, s.len - 600); /* but for blanks at line ends */
    str_close(&all);
    str_close(&s);
}
END_TEST

START_TEST(caps_and_lines)
{
    corpus_text t;
    str s = STR_INIT;
    for (int k = 0; k < 100; k++) str_printf(&s, "line %03d of the file\n", k);
    corpus_put(&f, "d/x.txt", str_text(&s));
    corpus_put(&f, "d/long.txt", "a line of some twenty six.\n");
    read_with("{\"file_cap\": 1000}", &t);
    ck_assert_uint_eq(t.document[1].text.len, 47 * 21); /* whole lines */
    ck_assert_uint_eq(t.counts.files_cut, 1);
    takes("{\"mean_line\": 20}", "x.txt");
    takes("{\"mean_line\": 19}", "");
    str_close(&s);
}
END_TEST

START_TEST(paragraphs)
{
    corpus_text t;
    corpus_put(&f, "d/a", "Permission to use and copy is granted to all.\n\nOne.\n");
    corpus_put(&f, "d/b", "Two.\n\npermission to use and\ncopy is granted to all\n");
    corpus_put(&f, "e/b", "Three.\n\nPermission to use and copy is granted to all.\n");
    read_with("{\"dedup_paragraphs\": true}", &t);
    ck_assert(pm_str_equal(t.document[1].text, "Two.\n"));
    ck_assert_uint_eq(t.counts.duplicate_paragraphs, 1);
    ck_assert(pm_str_equal(t.document[2].text,
                           "Three.\n\nPermission to use and copy is granted to all.\n"));
}
END_TEST

START_TEST(rules_without_a_folder_are_noted)
{
    corpus_text t;
    corpus_spec spec = corpus_small_spec();
    corpus_put(&f, "d/a", "text\n");
    files_put(&f, "corpus.json", "{\"domains\": {\"e\": {}}}");
    corpus_must_read(&f, &spec, &t);
    ck_assert_uint_eq(t.n_notes, 1);
    ck_assert_str_eq(t.note[0],
                     "corpus.json has a rule for domain \"e\", but there is no such folder");
}
END_TEST

START_TEST(mistakes)
{
    static const struct {
        const char *text, *says;
    } row[] = {
        {"", "corpus.json:1:1"},
        {"[]", "the file: found an array, wanted an object"},
        {"{\"domains\": {\"d\": {\"clean\": \"cod\"}}}",
         "domains.d.clean: unknown \"cod\"; did you mean \"code\"?"},
        {"{\"domains\": {\"d\": {\"clean\": \"zzzzzzzzz\"}}}", "wanted one of: text, code, perl"},
        {"{\"domains\": {\"d\": {\"clen\": \"code\"}}}",
         "domains.d: unknown \"clen\"; did you mean \"clean\"?"},
        {"{\"domain\": {}}", "the file: unknown \"domain\"; did you mean \"domains\"?"},
        {"{\"domains\": []}", "domains: found an array"},
        {"{\"domains\": {\"d\": 3}}", "domains.d: found a number"},
        {"{\"domains\": {\"d\": {\"clean\": 3}}}", "domains.d.clean: found a number"},
        {"{\"domains\": {\"d\": {\"include\": \"*.h\"}}}",
         "domains.d.include: found a text, wanted an array"},
        {"{\"domains\": {\"d\": {\"skip\": [3]}}}", "domains.d.skip: found a number"},
        {"{\"domains\": {\"d\": {\"section\": -1}}}", "domains.d.section: found -1"},
        {"{\"domains\": {\"d\": {\"section\": 10}}}", "found 10, wanted 0 (none) or at least 1000"},
        {"{\"domains\": {\"d\": {\"section\": 1e300}}}", "domains.d.section: found 1e+300"},
        {"{\"domains\": {\"d\": {\"file_cap\": 1.5}}}", "domains.d.file_cap: found 1.5"},
        {"{\"domains\": {\"d\": {\"mean_line\": null}}}", "domains.d.mean_line: found null"},
        {"{\"domains\": {\"d\": {\"dedup_paragraphs\": 1}}}",
         "domains.d.dedup_paragraphs: found a number, wanted true or false"},
        {"{\"sources\": {}}", "sources: found an object"},
        {"{\"sources\": [{\"pakage\": \"x\"}]}",
         "sources[1]: unknown \"pakage\"; did you mean \"package\"?"},
        {"{\"sources\": [{\"package\": 3}]}", "sources[1].package: found a number"},
        {"{\"sources\": [{}, 4]}", "sources[2]: found a number"},
        {"{\"sources\": [{}]}", "sources[1]: found neither \"package\" nor \"file\""},
        {"{\"name\": 4}", "name: found a number"},
        {"{\"name\": \"a\", \"name\": \"b\"}", "corpus.json:1:"},
        {"{\"domains\": {\"d\": {\"clean\": 1, \"skip\": 1, \"x\": 1}}}", "3 mistakes"},
    };
    corpus_text t;
    corpus_put(&f, "d/a", "text\n");
    for (size_t k = 0; k < sizeof row / sizeof *row; k++) {
        files_put(&f, "corpus.json", row[k].text);
        ck_assert_msg(corpus_try(&f, NULL, &t) == PM_E_FORMAT, "%s", row[k].text);
        files_must_say(&f, row[k].says);
        files_must_say(&f, "corpus.json");
    }
}
END_TEST

START_TEST(deep_and_damaged_json)
{
    corpus_text t;
    str s = STR_INIT;
    corpus_put(&f, "d/a", "text\n");
    for (int k = 0; k < 100000; k++) str_puts(&s, "[");
    files_put(&f, "corpus.json", str_text(&s));
    ck_assert_int_eq(corpus_try(&f, NULL, &t), PM_E_FORMAT);
    str_close(&s);
    static const char whole[] = "{\"name\": \"a\", \"domains\": {\"d\": {\"clean\": \"text\"}}}";
    for (size_t len = 0; len + 1 < sizeof whole - 1; len++) {
        files_put_bytes(&f, "corpus.json", whole, len);
        ck_assert_int_eq(corpus_try(&f, NULL, &t), PM_E_FORMAT);
    }
    ck_assert_int_eq(remove(files_path(&f, "corpus.json")), 0);
    ck_assert_int_eq(io_mkdir(files_path(&f, "corpus.json"), NULL), PM_OK);
    ck_assert_int_ne(corpus_try(&f, NULL, &t), PM_OK);
}
END_TEST

START_TEST(specs_out_of_range)
{
    corpus_text t;
    for (int k = 0; k < 12; k++) {
        corpus_spec s = corpus_small_spec();
        switch (k) {
        case 0:
            s.size = 4;
            break;
        case 1:
            s.test = 0;
            break;
        case 2:
            s.train = -1;
            break;
        case 3:
            s.test = s.train = .5;
            break;
        case 4:
            s.big_document = 0;
            break;
        case 5:
            s.overlap = 1.5;
            break;
        case 6:
            s.overlap = 0.0 / 0.0;
            break;
        case 7:
            s.min_chars = 0;
            break;
        case 8:
            s.max_chars = s.min_chars;
            break;
        case 9:
            s.domain_bytes = 0;
            break;
        case 10:
            s.near_duplicate = 9;
            break;
        default:
            s.max_chars = (size_t)1 << 40;
            break;
        }
        ck_assert_msg(corpus_try(&f, &s, &t) == PM_E_ARG, "%d", k);
        files_must_say(&f, "wanted");
    }
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("rules");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, patterns);
    tcase_add_test(c, kinds);
    tcase_add_test(c, sections);
    tcase_add_test(c, caps_and_lines);
    tcase_add_test(c, paragraphs);
    tcase_add_test(c, rules_without_a_folder_are_noted);
    tcase_add_test(c, mistakes);
    tcase_add_test(c, deep_and_damaged_json);
    tcase_add_test(c, specs_out_of_range);
    Suite *s = suite_create("corpus rules");
    suite_add_tcase(s, c);
    return suite_main(s);
}
