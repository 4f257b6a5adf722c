/* SPDX-License-Identifier: MIT
 *
 * Sentences, words, syllables and the grades made of them, against counts by hand and published examples.
 */
#include "text_tools.h"

#include <math.h>

#include "text/grade.h"

static void counts(const char *text, size_t sentences, size_t words, size_t syllables)
{
    text_counts n = text_count((pm_str){text, strlen(text)});
    ck_assert_msg(n.sentences == sentences && n.words == words && n.syllables == syllables,
                  "\"%s\": found %zu, %zu, %zu", text, n.sentences, n.words, n.syllables);
}

START_TEST(syllables_by_rule)
{
    static const struct {
        const char *word;
        size_t n;
    } known[] = {
        {"a", 1},       {"the", 1},         {"be", 1},         {"table", 2},  {"whole", 1},
        {"people", 2},  {"make", 1},        {"makes", 1},      {"boxes", 2},  {"changes", 2},
        {"walked", 1},  {"wanted", 2},      {"needed", 2},     {"rhythm", 1}, {"syllable", 3},
        {"reading", 2}, {"family", 3},      {"Australian", 3}, {"don't", 1},  {"TABLE", 2},
        {"hmm", 1},     {"caf\xc3\xa9", 2}, {"1984", 1},       {"mp3", 1},    {"e", 1}};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        counts(known[k].word, 1, 1, known[k].n);
}
END_TEST

START_TEST(sentences_by_rule)
{
    counts("", 0, 0, 0);
    counts(" ... !? -- ''", 0, 0, 0);
    counts("One", 1, 1, 1);
    counts("One. Two", 2, 2, 2);
    counts("What?! Yes.", 2, 2, 2);
    counts("He said \"go.\" Then he went.", 2, 6, 6);
    counts("It costs 3.14 today.", 1, 5, 6);
    counts("a heading\n\nthe text", 2, 4, 5);
    counts("one line\nthe next", 1, 4, 4);
    counts("see e.g. this", 2, 4, 4); /* the dot of an abbreviation ends one: no dictionary */
    counts("\n\n\n", 0, 0, 0);
}
END_TEST

/* Reading ease 116.145 and 37.455 are what is published of these. */
START_TEST(published_examples)
{
    static const char cat[] = "The cat sat on the mat.";
    static const char beast[] =
        "The Australian platypus is seemingly a hybrid of a mammal and reptilian creature.";
    counts(cat, 1, 6, 6);
    counts(beast, 1, 13, 24);
    text_counts n = text_count((pm_str){cat, strlen(cat)});
    ck_assert_double_eq_tol(text_ease(n), 116.145, 1e-9);
    ck_assert_double_eq_tol(text_grade(n), -1.45, 1e-9);
    n = text_count((pm_str){beast, strlen(beast)});
    ck_assert_double_eq_tol(text_ease(n), 37.4553846153846, 1e-9);
    ck_assert_double_eq_tol(text_grade(n), 11.2646153846154, 1e-9);
    ck_assert(isnan(text_grade((text_counts){0, 0, 0})) &&
              isnan(text_ease((text_counts){0, 0, 0})));
}
END_TEST

/* Bytes of any kind, NULs among them: counted, never read beyond. */
START_TEST(any_bytes)
{
    char bytes[512];
    for (unsigned seed = 1; seed < 200; seed++) {
        unsigned h = seed;
        size_t len = seed * 2;
        for (size_t i = 0; i < len; i++) bytes[i] = (char)((h = h * 1103515245u + 12345u) >> 16);
        text_counts n = text_count((pm_str){bytes, len});
        ck_assert(n.sentences <= n.words && n.words <= n.syllables && n.syllables <= len);
        ck_assert(!n.words || (n.sentences && isfinite(text_grade(n))));
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("reading grade");
    TCase *t = tcase_create("grade");
    tcase_add_test(t, syllables_by_rule);
    tcase_add_test(t, sentences_by_rule);
    tcase_add_test(t, published_examples);
    tcase_add_test(t, any_bytes);
    suite_add_tcase(s, t);
    return suite_main(s);
}
