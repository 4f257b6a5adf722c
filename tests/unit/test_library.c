/* SPDX-License-Identifier: MIT
 *
 * Libraries: attributes, dates, hashes, JSON both ways, differences, choice.
 */
#include "data_files.h"

#include <math.h>

#include "base/io.h"
#include "data/library.h"

static files f;

static void setup(void)
{
    files_open(&f);
}

static void teardown(void)
{
    files_close(&f);
}

static pm_status from_text(const char *text, library *out)
{
    const json *j;
    err_clear(&f.err);
    ck_assert_int_eq(json_parse(text, strlen(text), f.a, &j, &f.err), PM_OK);
    return library_from_json(j, "test", f.a, out, &f.err);
}

static library library_of(const char *text)
{
    library l;
    pm_status s = from_text(text, &l);
    ck_assert_msg(s == PM_OK, "%s", err_text(&f.err));
    return l;
}

START_TEST(build)
{
    library_builder *b = library_begin(f.a, "mine");
    library l;
    ck_assert_int_eq(library_attr_number(b, "params", 1, &f.err), PM_E_ARG);
    files_must_say(&f, "comes before any expert");
    ck_assert_int_eq(library_add(b, "x/y 1.0", &f.err), PM_OK);
    ck_assert_int_eq(library_attr_number(b, "price_out", 2, &f.err), PM_OK);
    ck_assert_int_eq(library_attr_date(b, "released", "2024-05", &f.err), PM_OK);
    ck_assert_int_eq(library_attr_text(b, "licence", "MIT", &f.err), PM_OK);
    ck_assert_int_eq(library_attr_flag(b, "tools", true, &f.err), PM_OK);
    ck_assert_int_eq(library_attr_number(b, "my_own", -7, &f.err), PM_OK);
    ck_assert_int_eq(library_add(b, "z", &f.err), PM_OK);
    ck_assert_int_eq(library_finish(b, &l, &f.err), PM_OK);
    ck_assert_uint_eq(l.view.n, 2);
    const pm_expert *e = l.view.expert[0];
    ck_assert_str_eq(e->id, "x/y 1.0");
    ck_assert_uint_eq(e->n_attr, 5);
    for (size_t k = 1; k < e->n_attr; k++)
        ck_assert_int_lt(strcmp(e->attr[k - 1].name, e->attr[k].name), 0);
    ck_assert_double_eq(pm_attr_number(e, "price_out", -1), 2);
    ck_assert_double_eq(pm_attr_number(e, "released", -1), 19844);
    ck_assert_str_eq(pm_attr_find(e, "licence")->text, "MIT");
    ck_assert_uint_eq(library_find(&l.view, "z"), 1);
    ck_assert_uint_eq(library_find(&l.view, "zz"), SIZE_MAX);
    ck_assert_uint_eq(l.view.expert[1]->n_attr, 0);
}
END_TEST

START_TEST(refused_ids)
{
    library_builder *b = library_begin(f.a, "mine");
    char longest[202];
    memset(longest, 'x', 201);
    longest[201] = '\0';
    ck_assert_int_eq(library_add(b, longest, &f.err), PM_E_ARG);
    files_must_say(&f, "found a name of 201 bytes, wanted at most 200");
    ck_assert_int_eq(library_add(b, longest + 1, &f.err), PM_OK);
    ck_assert_int_eq(library_add(b, longest + 1, &f.err), PM_E_ARG);
    files_must_say(&f, "is named twice");
    ck_assert_int_eq(library_add(b, "", &f.err), PM_E_ARG);
    files_must_say(&f, "expert 2 has an empty name");
    ck_assert_int_eq(library_add(b, "a\tb", &f.err), PM_E_ARG);
    files_must_say(&f, "byte 0x09");
    ck_assert_int_eq(library_add(b, "a\xff", &f.err), PM_E_ARG);
    files_must_say(&f, "not UTF-8");
}
END_TEST

START_TEST(refused_attributes)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"{\"name\": \"a\", \"Price\": 1}", "found attribute \"Price\", wanted a name"},
        {"{\"name\": \"a\", \"2nd\": 1}", "found attribute \"2nd\", wanted a name"},
        {"{\"name\": \"a\", \"\": 1}", "found attribute \"\", wanted a name"},
        {"{\"name\": \"a\", \"prams\": 1}",
         "unknown attribute \"prams\": did you mean \"params\"?"},
        {"{\"name\": \"a\", \"knowlege_cutof\": 1}", "did you mean \"knowledge_cutoff\"?"},
        {"{\"name\": \"a\", \"params\": 0}", "params: found 0, wanted 1 to 1e+15"},
        {"{\"name\": \"a\", \"price_in\": -1}", "price_in: found -1, wanted 0 to 1e+06"},
        {"{\"name\": \"a\", \"trust\": 1.01}", "trust: found 1.01, wanted 0 to 1 (share)"},
        {"{\"name\": \"a\", \"tools\": 1}", "tools: found a number, wanted a flag"},
        {"{\"name\": \"a\", \"licence\": true}", "licence: found a flag, wanted a text"},
        {"{\"name\": \"a\", \"released\": \"2023-02-30\"}",
         "released: found \"2023-02-30\", wanted a date"},
        {"{\"name\": \"a\", \"released\": 2023}", "released: found a number, wanted a date"},
        {"{\"name\": \"a\", \"x\": {\"y\": 1}}", "x: wanted a number, a text"},
        {"{\"name\": \"a\", \"x\": [1]}", "x: wanted a number, a text"},
        {"{\"name\": \"a\", \"params\": 1, \"params_b\": 1}", "\"params\" is given twice"},
        {"{\"name\": \"a\", \"licence\": \"x\", \"license\": \"y\"}", "\"licence\" is given twice"},
        {"{\"name\": \"a\", \"id\": \"b\"}", "\"id\" is what it is called"},
        {"{\"params\": 1}", "model 1: wanted an object with \"name\""},
        {"7", "model 1: wanted an object with \"name\""},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        char text[256];
        library l;
        snprintf(text, sizeof text, "[%s]", bad[k].text);
        pm_status s = from_text(text, &l);
        ck_assert_msg(s == PM_E_ARG || s == PM_E_FORMAT, "%s", bad[k].text);
        files_must_say(&f, bad[k].says);
    }
}
END_TEST

START_TEST(dates)
{
    static const struct {
        const char *iso;
        double days;
    } good[] = {{"1970-01-01", 0},       {"1970", 0},
                {"1969-12-31", -1},      {"2000-02-29", 11016},
                {"2024-02-29", 19782},   {"2023-03", 19417},
                {"0001-01-01", -719162}, {"9999-12-31", 2932896}};
    static const char *const bad[] = {
        "",           "2023-02-30", "2023-02-29",  "1900-02-29",    "2023-13-01", "2023-00-01",
        "2023-01-00", "2023-1-1",   "23-01-01",    "2023-01-01T00", "2023/01/01", "0000-01-01",
        "2023-01-",   "20230101",   "12023-01-01", " 2023",         "2023-04-31"};
    double days;
    char text[16];
    for (size_t k = 0; k < sizeof good / sizeof *good; k++) {
        ck_assert_msg(library_parse_date(good[k].iso, &days), "%s", good[k].iso);
        ck_assert_double_eq(days, good[k].days);
        library_format_date(days, text);
        ck_assert_int_eq(strncmp(text, good[k].iso, strlen(good[k].iso)), 0);
    }
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        ck_assert_msg(!library_parse_date(bad[k], &days), "%s", bad[k]);
    for (double d = -720000; d < 2940000; d += 911) { /* both ways, over all years */
        library_format_date(d, text);
        bool inside = d >= -719162 && d <= 2932896;
        ck_assert_int_eq(library_parse_date(text, &days), inside);
        if (inside) ck_assert_double_eq(days, d);
    }
}
END_TEST

START_TEST(json_both_ways)
{
    library a = library_of(
        "[{\"name\": \"a\", \"params_b\": 46.7, \"license\": \"MIT\", \"tools\": false,\n"
        "  \"released\": \"2023-12-11\", \"first_seen\": {\"date\": \"2023-12-24\"},\n"
        "  \"tags\": [\"x\", \"y\"], \"note\": null, \"quote\": \"say \\\"\\u00e9\\\"\\n\",\n"
        "  \"price_in\": 0.1, \"price_unit\": \"USD per 1M tokens\"},\n"
        " {\"id\": \"b\"}]");
    const pm_expert *e = a.view.expert[0];
    ck_assert_double_eq(pm_attr_number(e, "params", 0), 46.7e9);
    ck_assert_str_eq(pm_attr_find(e, "licence")->text, "MIT");
    ck_assert_int_eq((int)pm_attr_find(e, "first_seen")->kind, (int)PM_ATTR_DATE);
    ck_assert_str_eq(pm_attr_find(e, "tags")->text, "x,y");
    ck_assert_ptr_null(pm_attr_find(e, "note"));
    str text = STR_INIT;
    library_to_json(&a, &text);
    library b = library_of(str_text(&text));
    ck_assert_str_eq(a.revision_hex, b.revision_hex);
    ck_assert_uint_eq(a.view.revision, b.view.revision);
    str again = STR_INIT;
    library_to_json(&b, &again);
    ck_assert_str_eq(str_text(&text), str_text(&again));
    str_close(&text);
    str_close(&again);
    library none = library_of("[]");
    ck_assert_uint_eq(none.view.n, 0);
    library l;
    ck_assert_int_eq(from_text("{\"name\": \"a\"}", &l), PM_E_FORMAT);
}
END_TEST

static void members_of(const char *text, const char *const *reads, char hex[65])
{
    library l = library_of(text);
    library_members(&l.view, reads, hex);
}

START_TEST(hashes)
{
    static const char *const reads[] = {"price_in", NULL};
    char base[65], other[65];
    members_of("[{\"name\": \"a\", \"price_in\": 1, \"price_out\": 1}, {\"name\": \"b\"}]", reads,
               base);
    members_of("[{\"name\": \"a\", \"price_out\": 9, \"price_in\": 1}, {\"name\": \"b\"}]", reads,
               other);
    ck_assert_str_eq(base, other); /* price_out is not read */
    members_of("[{\"name\": \"a\", \"price_in\": 2, \"price_out\": 1}, {\"name\": \"b\"}]", reads,
               other);
    ck_assert_str_ne(base, other);
    members_of("[{\"name\": \"b\"}, {\"name\": \"a\", \"price_in\": 1, \"price_out\": 1}]", reads,
               other);
    ck_assert_str_ne(base, other); /* order */
    members_of("[{\"name\": \"a\"}, {\"name\": \"b\"}]", NULL, base);
    members_of("[{\"name\": \"a\", \"price_in\": 2}, {\"name\": \"b\"}]", NULL, other);
    ck_assert_str_eq(base, other);
    members_of("[{\"name\": \"ab\"}]", NULL, other);
    ck_assert_str_ne(base, other);
    library p = library_of("[{\"name\": \"a\", \"x\": \"1\"}]"),
            q = library_of("[{\"name\": \"a\", \"x\": 1}]");
    ck_assert_str_ne(p.revision_hex, q.revision_hex);
    library z = library_of("[{\"name\": \"a\", \"x\": 0}]"),
            minus = library_of("[{\"name\": \"a\", \"x\": -0.0}]");
    ck_assert_str_eq(z.revision_hex, minus.revision_hex);
}
END_TEST

START_TEST(differences)
{
    library a = library_of(
        "[{\"name\": \"a\"}, {\"name\": \"b\", \"x\": 1}, {\"name\": \"c\"}, {\"name\": \"d\"}]");
    library b = library_of(
        "[{\"name\": \"d\"}, {\"name\": \"b\", \"x\": 2}, {\"name\": \"e\"}, {\"name\": \"a\"}]");
    static const pm_change want[] = {
        {PM_REMOVED, 2, PM_NO_COL}, {PM_CHANGED, 1, 1}, {PM_ADDED, PM_NO_COL, 2}};
    pm_change *change;
    size_t n;
    ck_assert_int_eq(library_diff(&a, &b, f.a, &change, &n, &f.err), PM_OK);
    ck_assert_uint_eq(n, 3);
    for (size_t k = 0; k < n; k++) {
        ck_assert_int_eq((int)change[k].kind, (int)want[k].kind);
        ck_assert_uint_eq(change[k].old_col, want[k].old_col);
        ck_assert_uint_eq(change[k].new_col, want[k].new_col);
    }
    ck_assert_int_eq(library_diff(&a, &a, f.a, &change, &n, &f.err), PM_OK);
    ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(choice)
{
    library a = library_of("[{\"name\": \"a\"}, {\"name\": \"b\", \"x\": 1}, {\"name\": \"c\"}]");
    library b = library_of("[{\"name\": \"c\"}, {\"name\": \"b\", \"x\": 1}]"), got;
    ck_assert_int_eq(library_select(&a, (const uint32_t[]){2, 1}, 2, f.a, &got, &f.err), PM_OK);
    ck_assert_str_eq(got.revision_hex, b.revision_hex);
    ck_assert_int_eq(library_select(&a, (const uint32_t[]){2, 3}, 2, f.a, &got, &f.err), PM_E_ARG);
    ck_assert_int_eq(library_select(&a, (const uint32_t[]){2, 2}, 2, f.a, &got, &f.err), PM_E_ARG);
}
END_TEST

/* The rows are what docs/libraries.md lists; near-misses of each are refused. */
START_TEST(well_known)
{
    size_t n = 0;
    for (const library_attr_row *r = library_attr_rows(); r->name; r++, n++) {
        char slip[64];
        ck_assert_ptr_nonnull(r->doc);
        snprintf(slip, sizeof slip, "%sx", r->name);
        library_builder *b = library_begin(f.a, "mine");
        ck_assert_int_eq(library_add(b, "a", &f.err), PM_OK);
        ck_assert_int_eq(library_attr_number(b, slip, 1, &f.err), PM_E_ARG);
        files_must_say(&f, "did you mean");
    }
    ck_assert_uint_eq(n, 20);
}
END_TEST

static void gather(void *arg, const char *text)
{
    str_puts(arg, text);
    str_puts(arg, "\n");
}

/* What is odd is told and stays as it is; what is usual is not. */
START_TEST(notes)
{
    static const struct {
        const char *attrs, *says; /* says "": nothing */
    } seen[] = {
        {"\"licence\": \"Apache-2.0\"", ""},
        {"\"licence\": \"proprietary API\"", ""},
        {"\"licence\": \"Llama 3.1 Community\"", ""},
        {"\"licence\": \"LicenseRef-Gemma\"", ""},
        {"\"licence\": \"GFDL-1.1-or-later\"", ""},
        {"\"licence\": \"bigcode-openrail-m\"", ""},
        {"\"licence\": \"GPL-4.0-only\"", ""}, /* another version is no slip */
        {"\"licence\": \"GPL-3.0+\"", "identifier is \"GPL-3.0-or-later\""},
        {"\"licence\": \"Apache 2.0\"",
         "expert \"a\": licence: found \"Apache 2.0\"; the SPDX identifier is \"Apache-2.0\""},
        {"\"licence\": \"apache-2.0\"", "identifier is \"Apache-2.0\""},
        {"\"licence\": \"Apache License v2.0\"", "identifier is \"Apache-2.0\""},
        {"\"licence\": \"the MIT licence\"", "identifier is \"MIT\""},
        {"\"licence\": \"GPL-3.0\"", "identifier is \"GPL-3.0-only\""},
        {"\"licence\": \"Apach-2.0\"", "identifier is \"Apache-2.0\""},
        {"\"modalities\": \"text, image\"", ""},
        {"\"modalities\": [\"text\", \"smell\"]", "modalities: found \"smell\"; known are"},
        {"\"released\": \"2024-05-01\", \"knowledge_cutoff\": \"2024-05-01\"", ""},
        {"\"released\": \"2024-05-02\"", "released: 2024-05-02 is in the future"},
        {"\"released\": \"2024-01-01\", \"knowledge_cutoff\": \"2024-02-01\"",
         "knowledge_cutoff: 2024-02-01 is after its release on 2024-01-01"},
    };
    for (size_t k = 0; k < sizeof seen / sizeof *seen; k++) {
        char text[256];
        str told = STR_INIT;
        snprintf(text, sizeof text, "[{\"name\": \"a\", %s}]", seen[k].attrs);
        library l = library_of(text);
        library_notes(&l.view, 19844, gather, &told); /* 2024-05-01 */
        ck_assert_msg(*seen[k].says ? strstr(str_text(&told), seen[k].says) != NULL : told.len == 0,
                      "%s: %s", seen[k].attrs, str_text(&told));
        str_close(&told);
    }
    ck_assert_double_ge(library_today(), 20000);
}
END_TEST

START_TEST(notes_are_counted_beyond_twenty)
{
    str text = STR_INIT, told = STR_INIT;
    for (int j = 0; j < 1000; j++)
        str_printf(&text, "%c{\"name\": \"e%d\", \"licence\": \"apache 2.0\"}", j ? ',' : '[', j);
    str_puts(&text, "]");
    library l = library_of(str_text(&text));
    library_notes(&l.view, (double)NAN, gather, &told);
    ck_assert_ptr_nonnull(strstr(str_text(&told), "expert \"e19\""));
    ck_assert_ptr_null(strstr(str_text(&told), "expert \"e20\""));
    ck_assert_ptr_nonnull(strstr(str_text(&told), "and 980 more notes"));
    str_close(&text);
    str_close(&told);
}
END_TEST

START_TEST(not_finite)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    library_builder *b = library_begin(f.a, "mine");
    ck_assert_int_eq(library_add(b, "a", &f.err), PM_OK);
    for (size_t k = 0; k < 3; k++) {
        ck_assert_int_eq(library_attr_number(b, "my_own", bad[k], &f.err), PM_E_ARG);
        files_must_say(&f, "wanted a finite number");
        ck_assert_int_eq(library_attr_number(b, "carbon_g_per_ktok", bad[k], &f.err), PM_E_ARG);
        files_must_say(&f, "wanted a finite number");
    }
}
END_TEST

/* docs/libraries.md has a row for each, with its kind and unit. */
START_TEST(documented)
{
    static const char *const kinds[] = {"", "number", "text", "date", "flag"};
    const char *src = getenv("srcdir");
    char path[512];
    str text = STR_INIT;
    snprintf(path, sizeof path, "%s/docs/libraries.md", src ? src : ".");
    ck_assert_int_eq(io_read(path, 1 << 20, &text, &f.err), PM_OK);
    for (const library_attr_row *r = library_attr_rows(); r->name; r++) {
        char row[128];
        bool number = r->kind == PM_ATTR_NUMBER;
        snprintf(row, sizeof row, "| `%s` | %s | %s", r->name, kinds[r->kind],
                 number ? r->unit : "");
        ck_assert_msg(strstr(str_text(&text), row) != NULL, "not in docs/libraries.md: %s", row);
    }
    str_close(&text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("library");
    TCase *cases = tcase_create("library");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, build);
    tcase_add_test(cases, refused_ids);
    tcase_add_test(cases, refused_attributes);
    tcase_add_test(cases, notes);
    tcase_add_test(cases, notes_are_counted_beyond_twenty);
    tcase_add_test(cases, not_finite);
    tcase_add_test(cases, dates);
    tcase_add_test(cases, json_both_ways);
    tcase_add_test(cases, hashes);
    tcase_add_test(cases, differences);
    tcase_add_test(cases, choice);
    tcase_add_test(cases, well_known);
    tcase_add_test(cases, documented);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
