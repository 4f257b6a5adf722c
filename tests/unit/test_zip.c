/* SPDX-License-Identifier: MIT
 *
 * Zip archives: what was put in comes out; names that lead out of the folder, bombs, overlaps, damage at every byte and
 * every cut are refused with a sentence, never followed.
 */
#include "config.h"

#include "suite.h"

#include "base/rng.h"
#include "base/zip.h"
#include "zip_tools.h"

static char folder[256];
static zip_made made;
static str text = STR_INIT, packed = STR_INIT;
static arena *a;

static void setup(void)
{
    temp_folder_open(folder);
    memset(&made, 0, sizeof made);
    str_clear(&text);
    str_clear(&packed);
    for (uint64_t k = 0; k < 30000; k++)
        str_printf(&text, "%u ", (unsigned)rng_below(1, 0, k, 5000));
    zip_deflate(folder, str_text(&text), text.len, &packed);
    a = arena_open(0);
}

static void teardown(void)
{
    arena_close(a);
    zip_made_close(&made);
    temp_folder_close(folder);
}

static pm_status parse(zip **z, pm_err *err)
{
    return zip_parse(str_text(&made.out), made.out.len, "a.zip", a, z, err);
}

static pm_status append(void *to, const void *bytes, size_t len, pm_err *err)
{
    (void)err;
    str_put(to, bytes, len);
    return PM_OK;
}

static void add_usual(void)
{
    zip_add(&made, &(zip_item){.name = "b/"});
    zip_add(&made, &(zip_item){.name = "b/stored", .bytes = str_text(&text), .len = 1000});
    zip_add(&made,
            &(zip_item){.name = "a", .bytes = str_text(&text), .len = text.len, .packed = &packed});
    zip_add(&made, &(zip_item){.name = "empty"});
}

START_TEST(what_was_put_in_comes_out)
{
    zip *z;
    str out = STR_INIT;
    pm_err err = PM_ERR_INIT;
    char path[300];
    add_usual();
    zip_end(&made);
    ck_assert_msg(parse(&z, &err) == PM_OK, "%s", err_text(&err));
    ck_assert_uint_eq(zip_count(z), 4);
    ck_assert_str_eq(zip_at(z, 0)->name, "a");
    ck_assert(zip_find(z, "b/")->is_dir && !zip_find(z, "a")->is_dir);
    ck_assert_ptr_null(zip_find(z, "b"));
    ck_assert_int_eq(zip_read(z, zip_find(z, "a"), append, &out, &err), PM_OK);
    ck_assert_uint_eq(out.len, text.len);
    ck_assert_mem_eq(str_text(&out), str_text(&text), text.len);
    str_clear(&out);
    ck_assert_int_eq(zip_read(z, zip_find(z, "empty"), append, &out, &err), PM_OK);
    ck_assert_uint_eq(out.len, 0);
    snprintf(path, sizeof path, "%s/out", folder);
    ck_assert_int_eq(zip_to_file(z, zip_find(z, "b/stored"), path, &err), PM_OK);
    ck_assert_int_eq(io_read(path, 1 << 20, &out, &err), PM_OK);
    ck_assert_uint_eq(out.len, 1000);
    snprintf(path, sizeof path, "%s/a.zip", folder);
    ck_assert_int_eq(io_write(path, str_text(&made.out), made.out.len, &err), PM_OK);
    ck_assert_int_eq(zip_open(path, a, &z, &err), PM_OK);
    ck_assert_uint_eq(zip_count(z), 4);
    str_close(&out);
}
END_TEST

static const char *const outside[] = {"../x", "/x",  "a/../../x", "a//b",
                                      "./a",  "c:x", "a\\b",      ".."};

START_TEST(names_that_lead_out)
{
    zip *z;
    pm_err err = PM_ERR_INIT;
    zip_add(&made, &(zip_item){.name = outside[_i], .bytes = "x", .len = 1});
    zip_end(&made);
    ck_assert_int_eq(parse(&z, &err), PM_E_FORMAT);
    ck_assert_msg(strstr(err_text(&err), "leads out of the folder") != NULL, "%s", err_text(&err));
}
END_TEST

static void refused(const zip_item *item, pm_status want, const char *says)
{
    zip *z;
    pm_err err = PM_ERR_INIT;
    str out = STR_INIT;
    zip_add(&made, item);
    zip_end(&made);
    pm_status s = parse(&z, &err);
    if (s == PM_OK) s = zip_read(z, zip_at(z, 0), append, &out, &err);
    ck_assert_msg(s == want && strstr(err_text(&err), says), "%d: %s", (int)s, err_text(&err));
    ck_assert_uint_le(out.len, item->says ? item->says : item->len);
    str_close(&out);
}

START_TEST(links_and_secrets)
{
    refused(&(zip_item){.name = "a", .bytes = "/etc", .len = 4, .unix_mode = 0xa1ff}, PM_E_FORMAT,
            "symbolic link");
    zip_made_close(&made);
    memset(&made, 0, sizeof made);
    refused(&(zip_item){.name = "a", .bytes = "x", .len = 1, .flags = 1}, PM_E_UNSUPPORTED,
            "encrypted");
}
END_TEST

START_TEST(bombs)
{
    /* says little and unpacks to much; says more than deflate can make; stored bytes that multiply */
    refused(
        &(zip_item){
            .name = "a", .bytes = str_text(&text), .len = text.len, .packed = &packed, .says = 10},
        PM_E_FORMAT, "unpacks to more than its directory says");
    zip_made_close(&made);
    memset(&made, 0, sizeof made);
    str few = STR_INIT;
    str_put(&few, "\x03\x00", 2);
    refused(&(zip_item){.name = "a", .bytes = "", .len = 0, .packed = &few, .says = 100000},
            PM_E_FORMAT, "say"); /* "says that 2 bytes unpack to 100000" */
    str_close(&few);
    zip_made_close(&made);
    memset(&made, 0, sizeof made);
    refused(&(zip_item){.name = "a", .bytes = "x", .len = 1, .says = 5}, PM_E_FORMAT,
            "says that 1 bytes unpack to 5");
}
END_TEST

START_TEST(twice_and_overlapping)
{
    zip *z;
    pm_err err = PM_ERR_INIT;
    zip_add(&made, &(zip_item){.name = "a", .bytes = "x", .len = 1});
    zip_add(&made, &(zip_item){.name = "a", .bytes = "y", .len = 1});
    zip_end(&made);
    ck_assert_int_eq(parse(&z, &err), PM_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "twice"));
    zip_made_close(&made);
    memset(&made, 0, sizeof made);
    zip_add(&made, &(zip_item){.name = "a", .bytes = "xxxx", .len = 4});
    zip_add(&made, &(zip_item){.name = "b", .bytes = "yyyy", .len = 4});
    memset(made.directory.at + made.directory.len - 5, 0, 4); /* b lies where a does */
    zip_end(&made);
    ck_assert_int_eq(parse(&z, &err), PM_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "overlap"));
}
END_TEST

/* Every cut is refused; every flipped bit is refused or gives the very bytes (fields that nobody reads). */
START_TEST(cuts_and_flips)
{
    zip_add(&made, &(zip_item){.name = "a", .bytes = str_text(&text), .len = 300});
    zip_add(&made, &(zip_item){
                       .name = "bb", .bytes = str_text(&text), .len = text.len, .packed = &packed});
    zip_end(&made);
    str out = STR_INIT;
    zip *z;
    pm_err err = PM_ERR_INIT;
    const size_t all = made.out.len;
    for (made.out.len = 0; made.out.len < all; made.out.len += made.out.len + 2000 < all ? 97 : 1)
        ck_assert_int_ne(parse(&z, &err), PM_OK);
    made.out.len = all;
    for (size_t bit = 0;
         bit<8 * all; bit += bit / 8> 600 && bit / 8 + 300 < all ? 8 * 211 + 1 : 1) {
        arena_mark m = arena_save(a);
        made.out.at[bit / 8] = (char)(made.out.at[bit / 8] ^ 1 << bit % 8);
        if (parse(&z, &err) == PM_OK && zip_count(z) == 2) {
            for (size_t i = 0; i < 2; i++) {
                str_clear(&out);
                if (zip_read(z, zip_at(z, i), append, &out, &err) != PM_OK) continue;
                ck_assert_uint_eq(out.len,
                                  strcmp(zip_at(z, i)->name, "a") == 0 ? (size_t)300 : text.len);
                ck_assert_mem_eq(str_text(&out), str_text(&text), out.len);
            }
        }
        made.out.at[bit / 8] = (char)(made.out.at[bit / 8] ^ 1 << bit % 8);
        arena_release(a, m);
    }
    str_close(&out);
}
END_TEST

/* Sizes and the place in zip64 fields, as archives beyond 4 GiB have them. */
START_TEST(zip64_fields)
{
    zip *z;
    str out = STR_INIT;
    pm_err err = PM_ERR_INIT;
    zip_add(&made, &(zip_item){.name = "a", .bytes = "hello", .len = 5});
    const uint64_t directory = made.out.len;
    str d = STR_INIT;
    str_put(&d, str_text(&made.directory), made.directory.len);
    memset(d.at + 20, 0xff, 8); /* packed and unpacked */
    memset(d.at + 42, 0xff, 4); /* place */
    d.at[30] = 28;              /* bytes of the extra field */
    zip_put(&d, 1, 2);
    zip_put(&d, 24, 2);
    zip_put(&d, 5, 8);
    zip_put(&d, 5, 8);
    zip_put(&d, 0, 8);
    str_put(&made.out, str_text(&d), d.len);
    const uint64_t end64 = made.out.len;
    zip_put(&made.out, 0x06064b50u, 4);
    zip_put(&made.out, 44, 8);
    zip_put(&made.out, 0x002d002d, 4);
    zip_put(&made.out, 0, 8);
    zip_put(&made.out, 1, 8);
    zip_put(&made.out, 1, 8);
    zip_put(&made.out, d.len, 8);
    zip_put(&made.out, directory, 8);
    zip_put(&made.out, 0x07064b50u, 4);
    zip_put(&made.out, 0, 4);
    zip_put(&made.out, end64, 8);
    zip_put(&made.out, 1, 4);
    zip_put(&made.out, 0x06054b50u, 4);
    zip_put(&made.out, 0, 4);
    for (int k = 0; k < 12; k++) zip_put(&made.out, 0xff, 1);
    zip_put(&made.out, 0, 2);
    ck_assert_msg(parse(&z, &err) == PM_OK, "%s", err_text(&err));
    ck_assert_int_eq(zip_read(z, zip_find(z, "a"), append, &out, &err), PM_OK);
    ck_assert_str_eq(str_text(&out), "hello");
    str_close(&out);
    str_close(&d);
}
END_TEST

static pm_status refuse_all(void *unused, const void *bytes, size_t len, pm_err *err)
{
    (void)unused;
    (void)bytes;
    (void)len;
    return err_set(err, PM_E_CANCELED, "enough");
}

START_TEST(sinks_may_end_it)
{
    zip *z;
    pm_err err = PM_ERR_INIT;
    add_usual();
    zip_end(&made);
    ck_assert_int_eq(parse(&z, &err), PM_OK);
    ck_assert_int_eq(zip_read(z, zip_find(z, "a"), refuse_all, NULL, &err), PM_E_CANCELED);
    ck_assert_int_eq(zip_read(z, zip_find(z, "b/stored"), refuse_all, NULL, &err), PM_E_CANCELED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("zip");
    TCase *tc = tcase_create("zip");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, what_was_put_in_comes_out);
    tcase_add_loop_test(tc, names_that_lead_out, 0, (int)(sizeof outside / sizeof *outside));
    tcase_add_test(tc, links_and_secrets);
    tcase_add_test(tc, bombs);
    tcase_add_test(tc, twice_and_overlapping);
    tcase_add_test(tc, cuts_and_flips);
    tcase_add_test(tc, zip64_fields);
    tcase_add_test(tc, sinks_may_end_it);
    suite_add_tcase(suite, tc);
    return suite_main(suite);
}
