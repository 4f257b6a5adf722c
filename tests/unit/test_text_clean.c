/* SPDX-License-Identifier: MIT
 *
 * Cleaners of code, Perl, HTML, lists and Debian's two files: small samples by hand, the whole result compared.
 */
#include "text_tools.h"

#include "base/rng.h"

START_TEST(kinds_by_name)
{
    static const struct {
        const char *name, *text;
        text_kind kind;
    } row[] = {
        {"c/a/x.h", "", TEXT_CODE},
        {"x.PY", "", TEXT_CODE},
        {"x.el.gz", "", TEXT_CODE},
        {"x.pm", "", TEXT_PERL},
        {"x.pod", "", TEXT_POD},
        {"x.html", "", TEXT_HTML},
        {"x.htm.gz", "", TEXT_HTML},
        {"ls.1", ".TH LS 1\n", TEXT_ROFF},
        {"x.3pm.gz", "'\\\" t\n.\\\" made\n.TH X 3pm\n", TEXT_ROFF},
        {"ls.1", "release notes\n", TEXT_PLAIN},
        {"x.3pm", ".so man3/y.3pm\n", TEXT_ROFF},
        {"f.dict.dz", "", TEXT_DICTD},
        {"data.noun", "", TEXT_WORDNET},
        {"changelog.Debian.gz", "", TEXT_CHANGELOG},
        {"copyright", "", TEXT_COPYRIGHT},
        {"a.txt", "", TEXT_PLAIN},
        {"README", "", TEXT_PLAIN},
        {".h", "", TEXT_PLAIN},
        {"", "", TEXT_PLAIN},
    };
    for (size_t k = 0; k < sizeof row / sizeof *row; k++)
        ck_assert_msg(text_kind_of(row[k].name, pm_str_of(row[k].text)) == row[k].kind, "%s",
                      row[k].name);
    for (size_t k = 0; k < TEXT_KINDS; k++) ck_assert_ptr_nonnull(text_kind_names()[k]);
}
END_TEST

START_TEST(tidying)
{
    must_clean("a", TEXT_PLAIN, "", "");
    must_clean("a", TEXT_PLAIN, "\n\n \n", "");
    must_clean("a", TEXT_PLAIN, "one", "one\n");
    must_clean("a", TEXT_PLAIN, "\xef\xbb\xbfone \t\r\n\r\n\r\n\r\n  two\rthree\n\n",
               "one\n\n  two\nthree\n");
    must_clean("a", TEXT_PLAIN, "_\bu_\bp a\ba\x07 b\x1b[0m\f", "up a b[0m\n");
    must_clean("a", TEXT_PLAIN, "\b\bx\n\x01\x02\ny", "x\n\ny\n");
    must_clean("a", TEXT_PLAIN, "\tindented\n", "\tindented\n");
}
END_TEST

START_TEST(code_c)
{
    must_clean("x.c", TEXT_CODE, "/* Copyright 2001 A. */\nint a; /* copyright stays here */\n",
               "int a; /* copyright stays here */\n");
    must_clean("x.h", TEXT_CODE,
               "/* What this is. */\n\n// SPDX-License-Identifier: GPL-2.0\n/*\n * All rights "
               "RESERVED\n */ \n#ifndef X\n",
               "/* What this is. */\n\n#ifndef X\n");
    must_clean("x.js", TEXT_CODE, "// one\n// two, licensed\n\nvar a\n", "var a\n");
    must_clean("x.c", TEXT_CODE, "/* never closed, copyright\nint a;\n",
               "/* never closed, copyright\nint a;\n");
    must_clean("x.c", TEXT_CODE, "/* license */ int a;\n", " int a;\n");
    must_clean("x.c", TEXT_CODE, "/* copyright */", "");
}
END_TEST

START_TEST(code_others)
{
    must_clean("x.py", TEXT_CODE,
               "#!/usr/bin/python\n# Copyright me\n\n# explains\n\"\"\"doc\"\"\"\n",
               "# explains\n\"\"\"doc\"\"\"\n");
    must_clean("x.el", TEXT_CODE,
               ";;; x.el --- does x\n\n;; Copyright (C)\n;; more\n\n(setq a 1)\n",
               ";;; x.el --- does x\n\n(setq a 1)\n");
    must_clean("x.scm", TEXT_CODE, "#| license |#\n(a)\n", "(a)\n");
    must_clean("x.sty.gz", TEXT_CODE,
               "%% redistribution is free\n%% yes\n\\def\\a{b}\n% copyright\n",
               "\\def\\a{b}\n% copyright\n");
    must_clean("x.ml", TEXT_CODE, "(* ======\n   Copyright\n   ====== *)\nlet a = 1;;\n",
               "let a = 1;;\n");
    must_clean("x.lua", TEXT_CODE, "-- Licence: MIT\n-- by me\nlocal a\n", "local a\n");
    must_clean("x.sql", TEXT_CODE, "\n\nselect 1\n", "select 1\n");
}
END_TEST

static const char perl[] = "#!/usr/bin/perl\n# Copyright me\npackage X;\n\n=head1 NAME\n\nX - does "
                           "B<x> and C<< a > b >>, E<lt>E<eacute>E<0>E<163>E<verbar>\nsee "
                           "L<the page|Other::Page> or L<Y/\"z\">X<index>Z<>\n\n=over 4\n\n=item "
                           "I<one>\n\n  verbatim B<stays>\n\n=back\n\n=begin "
                           "html\n\n<b>no</b>\n\n=end html\n\n=for comment gone\n\n=cut\n\nsub x { "
                           "1 }\n__END__\n\n=head2 More\n\nEnd B<I<nested> text>.\n";

START_TEST(perl_code)
{
    must_clean("X.pm", TEXT_PERL, perl, "package X;\n\nsub x { 1 }\n");
    must_clean("X.pl", TEXT_PERL, "print 1;\n=pod\n\nx\n\n=cut\nprint 2;\n  __DATA__ \nx\n",
               "print 1;\nprint 2;\n");
    must_clean("X.pl", TEXT_PERL, "$a\n=b;\n$c", "$a\n");
}
END_TEST

START_TEST(perl_documentation)
{
    must_clean("X.pm", TEXT_POD, perl,
               "NAME\n\nX - does x and a > b, <\xc3\xa9"
               "0\xc2\xa3|\nsee the page or Y/\"z\"\n\none\n\n  verbatim B<stays>\n\nMore\n\nEnd "
               "nested text.\n");
    must_clean("X.pod", TEXT_POD, "=head1 A\nB\n\nx < y > z, B<open\n\n=cut\ncode\n=pod\n\nback",
               "A\nB\n\nx < y > z, open\n\nback\n");
    must_clean("X.pm", TEXT_POD, "no documentation\n", "");
    must_clean("X.pod", TEXT_POD, "=pod\n\nC<<x>> C<<< a << b >>> A E<nosuch>\n",
               "<x> a << b A nosuch\n");
}
END_TEST

START_TEST(html_blocks)
{
    must_clean(
        "x.html", TEXT_HTML,
        "<!DOCTYPE html><html><head><title>T</title><style>p {}</style></head>\n<body "
        "class=\"a>b\">"
        "<h1>One  &amp;\n two</h1><p>A <b>bold</b>word.<br/>Next<ul><li>first<li>second</ul>"
        "<script>if (a < b && c > d) document.write('</p>');</script>"
        "<table><tr><td>1<td>2</tr></table><!-- a <b> comment -->\n<pre>  keep\n    this "
        "&lt;</pre>end",
        "One & two\n\nA boldword.\nNext\n\nfirst\nsecond\n\n1 2\n\n  keep\n    this <\n\nend\n");
    must_clean("x.html", TEXT_HTML,
               "<div class=\"navheader\"><div>Prev</div><table "
               "class=x><tr><td>up</td></tr></table></div><p>text<nav>a</nav>",
               "text\n");
    must_clean("x.html", TEXT_HTML, "<head><title>left open<body><p>x", "left open\n\nx\n");
}
END_TEST

START_TEST(html_references)
{
    must_clean(
        "x.html", TEXT_HTML,
        "a&nbsp;b &eacute;&#233;&#xE9;&#8217; &copy &bogus; &#0; & &#x110000; AT&T co&shy;op",
        "a b \xc3\xa9\xc3\xa9\xc3\xa9\xe2\x80\x99 &copy &bogus; &#0; & \xef\xbf\xbd AT&T coop\n");
    must_clean("x.html", TEXT_HTML, "1 < 2 <> 3 <3 <", "1 < 2 <> 3 <3 <\n");
}
END_TEST

START_TEST(html_broken)
{
    must_clean("x.html", TEXT_HTML, "a<b", "a\n");
    must_clean("x.html", TEXT_HTML, "a<!-- never closed", "a\n");
    must_clean("x.html", TEXT_HTML, "a<a href=\"never closed>text", "a\n");
    must_clean("x.html", TEXT_HTML, "a<script>never closed</scri", "a\n");
    must_clean("x.html", TEXT_HTML, "a<div class=\"nav\"><div>x</div>", "a\n");
    must_clean("x.html", TEXT_HTML, "</p></pre></div>x", "x\n");
}
END_TEST

START_TEST(fortunes)
{
    must_clean("f", TEXT_FORTUNE, "one\n  -- me\n%\ntwo\n%\n%\n% not a mark\n",
               "one\n  -- me\n\ntwo\n\n% not a mark\n");
}
END_TEST

START_TEST(wordnet)
{
    must_clean("data.noun", TEXT_WORDNET,
               "  1 This software and database is licensed\n00001740 03 n 01 entity 0 003 ~ 1 n 0 "
               "| that which is; \"a | b\"  \n",
               "entity: that which is; \"a | b\"\n");
    must_clean("data.adj", TEXT_WORDNET,
               "00002098 00 a 02 un_able(p) 0 in-capable 1 002 & 1 a 0 | not able\n0 bad line\n",
               "un able, in-capable: not able\n");
    /* The same order every time, and not that of the file. */
    str in = STR_INIT, once = STR_INIT, again = STR_INIT;
    for (int i = 0; i < 100; i++) str_printf(&in, "%08d 03 n 01 w%02d 0 000 | gloss\n", i, i);
    clean_into("data.noun", TEXT_WORDNET, str_text(&in), &once);
    clean_into("data.noun", TEXT_WORDNET, str_text(&in), &again);
    ck_assert_str_eq(str_text(&once), str_text(&again));
    ck_assert_uint_eq(once.len, 100 * strlen("w00: gloss\n"));
    ck_assert(strncmp(str_text(&once), "w00: gloss\nw01", 14) != 0);
    for (int i = 0; i < 100; i++) {
        char want[40];
        snprintf(want, sizeof want, "w%02d: gloss\n", i);
        ck_assert_ptr_nonnull(strstr(str_text(&once), want));
    }
    str_close(&in);
    str_close(&once);
    str_close(&again);
}
END_TEST

START_TEST(dictionaries)
{
    must_clean("f.dict", TEXT_DICTD,
               "00-database-info\n   The preface.\n\nabc\n\n   {Word}, a word.\n      "
               "deeper\nnext\n   two\n",
               "abc\n\nWord, a word.\ndeeper\n\nnext\ntwo\n");
}
END_TEST

START_TEST(changelogs)
{
    must_clean("changelog", TEXT_CHANGELOG,
               "x (1.0-1) unstable; urgency=low\n\n  * Fix -- it.\n\n -- Me <me@x.org>  Mon, 01 "
               "Jan 2001 00:00:00 +0000\n\n -- no mail\n",
               "x (1.0-1) unstable; urgency=low\n\n  * Fix -- it.\n\n -- no mail\n");
}
END_TEST

START_TEST(copyright_files)
{
    must_clean("copyright", TEXT_COPYRIGHT, "---\ntitle: MIT\n---\n\nText\n", "Text\n");
    must_clean("copyright", TEXT_COPYRIGHT, "Files: *\nLicense: X\n First.\n .\n Second.\n",
               "Files: *\nLicense: X\nFirst.\n\nSecond.\n");
    must_clean("copyright", TEXT_COPYRIGHT, "---\nnever closed\n", "---\nnever closed\n");
}
END_TEST

/* Bytes of no meaning, marks of every language among them: never a crash, always tidy text. */
START_TEST(noise)
{
    static const char alphabet[] = "<>&;/!-\"'=#x0 \n.\\{}[]()fBTH%|_*:@\t=ABCEXZ?\b\rpdiv";
    str in = STR_INIT, out = STR_INIT;
    size_t rounds = suite_repeats(400, "most of the noise");
    for (uint64_t round = 0; round < rounds; round++) {
        str_clear(&in);
        if (round % 3 == 0) str_puts(&in, "=pod\n\n.TH x\n.TS\n");
        for (uint64_t i = 0; i < 700; i++)
            str_put(&in, &alphabet[rng_below(round, 0, i, sizeof alphabet - 1)], 1);
        for (size_t k = 0; k < TEXT_KINDS; k++) {
            text_source from = {"x.c", (text_kind)k, {str_text(&in), in.len}};
            (void)text_clean(&from, &out);
            ck_assert(!out.failed && utf8_valid(str_text(&out), out.len, NULL));
            ck_assert_ptr_null(strstr(str_text(&out), "\n\n\n"));
            ck_assert_ptr_null(strstr(str_text(&out), " \n"));
            ck_assert(out.len == 0 || out.at[out.len - 1] == '\n');
        }
    }
    str_close(&in);
    str_close(&out);
}
END_TEST

/* One mark a hundred thousand times: linear, or this does not end. */
START_TEST(repeated_marks)
{
    static const char *const mark[] = {
        "<div>", "<a \"", "<!--",    "<script>", "<head>", "&#",        "B<",
        "C<<  ", "   ",   ".de x\n", "\\[",      "\\o'",   ".ie \\{\n", ".TS\n",
        "\\\n",  "/*",    "(* ",     "=pod\n\n", "{",      "%\n",       "\xe2\x80\x9c"};
    size_t times = suite_repeats(100000, "most repetitions");
    str in = STR_INIT, out = STR_INIT;
    for (size_t m = 0; m < sizeof mark / sizeof *mark; m++) {
        str_clear(&in);
        str_puts(&in, "=pod\n\n");
        for (size_t i = 0; i < times; i++) str_puts(&in, mark[m]);
        for (size_t k = 0; k < TEXT_KINDS; k++) {
            text_source from = {"x.ml", (text_kind)k, {str_text(&in), in.len}};
            (void)text_clean(&from, &out);
            ck_assert(!out.failed);
        }
    }
    str_close(&in);
    str_close(&out);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("clean");
    tcase_add_test(c, kinds_by_name);
    tcase_add_test(c, tidying);
    tcase_add_test(c, code_c);
    tcase_add_test(c, code_others);
    tcase_add_test(c, perl_code);
    tcase_add_test(c, perl_documentation);
    tcase_add_test(c, html_blocks);
    tcase_add_test(c, html_references);
    tcase_add_test(c, html_broken);
    tcase_add_test(c, fortunes);
    tcase_add_test(c, wordnet);
    tcase_add_test(c, dictionaries);
    tcase_add_test(c, changelogs);
    tcase_add_test(c, copyright_files);
    tcase_add_test(c, noise);
    tcase_add_test(c, repeated_marks);
    tcase_set_timeout(c, 120);
    Suite *s = suite_create("text clean");
    suite_add_tcase(s, c);
    return suite_main(s);
}
