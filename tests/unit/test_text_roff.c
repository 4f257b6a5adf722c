/* SPDX-License-Identifier: MIT
 *
 * Manual pages: macros of man and mdoc, escapes, tables, aliases; the whole result compared.
 */
#include "text_tools.h"

static void page(const char *in, const char *want)
{
    must_clean("x.1", TEXT_ROFF, in, want);
}

START_TEST(man_page)
{
    page("'\\\" t\n.\\\" a comment\n.TH LS 1 \"May 2001\"\n.SH NAME\nls \\- list \\fBdirectory\\fP "
         "contents\n"
         ".SH SYNOPSIS\n.B ls\n[\\fIOPTION\\fR]... [\\fI\\,FILE\\/\\fR]\n.PP\nA \\(bu b \\(em c "
         "\\*(lqq\\*(rq \\e \\&.x\n"
         ".TP\n.BR \\-a \", \" \\-\\-all\ndo not \\\"hide\nignore\n.IP \"one two\" 4\ntext\\c\n.B "
         "joined\n.SS \"See also\"\n"
         ".BR grep (1),\n.I a b\n",
         "NAME\nls - list directory contents\n\nSYNOPSIS\nls\n[OPTION]... [FILE]\n\nA \xe2\x80\xa2 "
         "b \xe2\x80\x94 c "
         "\xe2\x80\x9cq\xe2\x80\x9d \\ .x\n\n-a, --all\ndo not\nignore\n\none "
         "two\ntextjoined\n\nSee also\ngrep(1),\na b\n");
}
END_TEST

START_TEST(escapes)
{
    page(".TH x\n\\[u00E9]\\[u0065_0301]\\(:u\\('e\\[ss]\\(co\\[char65]\\N'39'\\(zzsuch\n",
         "\xc3\xa9"
         "e\xcc\x81\xc3\xbc\xc3\xa9\xc3\x9f\xc2\xa9"
         "A'such\n");
    page(".TH x\n\\s+2big\\s0 \\s-1x\\s10y \\f(CWcode\\f[] "
         "\\n(xx\\w'abc'z\\h'1n'\\v'-1'\\|\\^\\%a\\:b\\~c\\ d\\0e\\tf\n",
         "big xy code zab c d e\tf\n"); /* \s1 takes 10: as groff does */
    page(".TH x\na\\\nb\\\\c\\zd\\o'ab'\\'\\`\n", "ab\\cdab\xc2\xb4`\n");
    page(".TH x\nend\\", "end\n");
    page(".TH x\n\\(\n\\[open\n\\*\n\\f\n\\w'open\nlast", "last\n");
}
END_TEST

START_TEST(what_is_dropped)
{
    page(".de Vb\n.ft CW\ntext in a macro\n..\n.de1 xx END\nmore\n.END\n.ig\nignored\n..\n.TH "
         "x\n.if n .ad l\n"
         ".ie n \\{\\\n.ds x\nhidden\n.\\}\n.el \\{\\\nhidden too\n.\\}\n.nh\n.EQ\nx sup "
         "2\n.EN\nkept\n.unknown words\n",
         "kept\n");
    page(".TH x\n.ig\nnever closed\n", "");
}
END_TEST

START_TEST(tables)
{
    page(".TH x\n.TS\ntab(@) allbox;\nlb l\nl l.\nName@\\fBValue\\fP\n_\none@T{\ntwo "
         "words\nT}\n.T&\nl.\n.B three@3\n.TE\nafter\n",
         "Name Value\none\ntwo words\n\nthree@3\n\nafter\n");
    page(".TH x\n.TS\nl l.\na\tb\n=\n.TE\n", "a b\n");
}
END_TEST

START_TEST(mdoc_page)
{
    page(".Dd May 1, 2001\n.Dt X 1\n.Os\n.Sh NAME\n.Nm xprog\n.Nd does things\n.Sh "
         "SYNOPSIS\n.Nm\n.Op Fl ab Ns Ar c\n.Op Ar file ...\n"
         ".Sh DESCRIPTION\nSee\n.Xr ls 1 ,\n.Dq quoted ,\n.Bl -tag\n.It Fl v\nBe "
         "loud\n.El\n.Pp\nThe end.\n",
         "NAME\nxprog\n- does things\n\nSYNOPSIS\nxprog\n-abc\nfile "
         "...\n\nDESCRIPTION\nSee\nls(1),\nquoted,\n\n-v\nBe loud\n\nThe end.\n");
}
END_TEST

START_TEST(aliases)
{
    str out = STR_INIT;
    text_source from = {"y.3", TEXT_ROFF, pm_str_of(".\\\" alias\n.so man3/x.3\n")};
    ck_assert_str_eq(text_clean(&from, &out), "an alias of another page");
    ck_assert_uint_eq(out.len, 0);
    str_close(&out);
    page(".TH x\n.so tmac.an\ntext\n", "text\n");
}
END_TEST

START_TEST(quotes_in_arguments)
{
    page(".TH x\n.B \"a \"\"b\"\" c\" d\"e\n.BI \"x \\(dq\" y\n.B\n.B \"open\n",
         "a \"b\" c d\"e\nx \"y\nopen\n");
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("roff");
    tcase_add_test(c, man_page);
    tcase_add_test(c, escapes);
    tcase_add_test(c, what_is_dropped);
    tcase_add_test(c, tables);
    tcase_add_test(c, mdoc_page);
    tcase_add_test(c, aliases);
    tcase_add_test(c, quotes_in_arguments);
    Suite *s = suite_create("text roff");
    suite_add_tcase(s, c);
    return suite_main(s);
}
