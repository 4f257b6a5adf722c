/* SPDX-License-Identifier: MIT
 *
 * Parameter rows: every message as a user reads it, ranges at their ends, canonical text in both
 * directions, rows that a loader must refuse.
 */
#include "plug_tools.h"

#include <math.h>
#include <string.h>

#include "base/io.h"
#include "plug/params.h"

typedef struct knobs {
    double rate;
    int64_t k, exact, metric;
    const char *note;
} knobs;

static const char *const k_words[] = {"auto", "all", NULL};
static const char *const metrics[] = {"cosine", "dot", NULL};
static const pm_param rows[] = {
    PM_PARAM(PM_P_F64, knobs, rate, 0.1, 0, 1, "step size"),
    PM_PARAM_WORDS(PM_P_I64, knobs, k, -1, 1, 4096, k_words, "neighbours"),
    PM_PARAM(PM_P_BOOL, knobs, exact, 1, 0, 1, "no shortcuts"),
    PM_PARAM_WORDS(PM_P_CHOICE, knobs, metric, 0, 0, 1, metrics, "similarity"),
    PM_PARAM_TEXT(knobs, note, "none", "a text"),
    PM_PARAM_END,
};

static arena *a;

static void setup(void)
{
    a = arena_open(0);
}

static void teardown(void)
{
    arena_close(a);
}

static pm_status build(const param_value *v, size_t n, knobs **out, pm_err *err)
{
    void *built = NULL;
    pm_status s = params_build(rows, sizeof(knobs), v, n, a, &built, NULL, NULL, err);
    if (out) *out = built;
    return s;
}

START_TEST(defaults)
{
    knobs *k;
    ck_assert_int_eq(build(NULL, 0, &k, NULL), PM_OK);
    ck_assert(k->rate == 0.1);
    ck_assert_int_eq(k->k, -1); /* "auto" */
    ck_assert_int_eq(k->exact, 1);
    ck_assert_int_eq(k->metric, 0);
    ck_assert_str_eq(k->note, "none");
}
END_TEST

START_TEST(given_values)
{
    const param_value v[] = {{"rate", PARAM_NUMBER, .number = 1},
                             {"k", PARAM_TEXT, .text = "all"},
                             {"exact", PARAM_FLAG, .flag = false},
                             {"metric", PARAM_TEXT, .text = "dot"},
                             {"note", PARAM_TEXT, .text = "hello"}};
    knobs *k;
    ck_assert_int_eq(build(v, 5, &k, NULL), PM_OK);
    ck_assert(k->rate == 1);
    ck_assert_int_eq(k->k, -2);
    ck_assert_int_eq(k->exact, 0);
    ck_assert_int_eq(k->metric, 1);
    ck_assert_str_eq(k->note, "hello");
    const param_value ends[] = {{"rate", PARAM_NUMBER, .number = 0},
                                {"k", PARAM_NUMBER, .number = 4096}};
    ck_assert_int_eq(build(ends, 2, &k, NULL), PM_OK);
    ck_assert_int_eq(k->k, 4096);
}
END_TEST

static const struct {
    param_value given;
    const char *message;
} refused[] = {
    {{"kk", PARAM_NUMBER, .number = 1}, "unknown parameter 'kk'; did you mean 'k'?"},
    {{"zzzzzz", PARAM_NUMBER, .number = 1},
     "unknown parameter 'zzzzzz'; it takes rate, k, exact, metric, note"},
    {{"k", PARAM_NUMBER, .number = 0}, ".k = 0 is outside [1, 4096]"},
    {{"k", PARAM_NUMBER, .number = -1}, ".k = -1 is outside [1, 4096]"},
    {{"k", PARAM_NUMBER, .number = 4097}, ".k = 4097 is outside [1, 4096]"},
    {{"k", PARAM_NUMBER, .number = 2.5}, ".k = 2.5 is not an integer"},
    {{"k", PARAM_TEXT, .text = "aut"},
     ".k = 'aut' is neither an integer nor 'auto', 'all'; did you mean 'auto'?"},
    {{"k", PARAM_FLAG, .flag = true}, ".k = true is not an integer"},
    {{"rate", PARAM_NUMBER, .number = NAN}, ".rate = nan is not a finite number"},
    {{"rate", PARAM_NUMBER, .number = INFINITY}, ".rate = inf is not a finite number"},
    {{"rate", PARAM_NUMBER, .number = -INFINITY}, ".rate = -inf is not a finite number"},
    {{"rate", PARAM_NUMBER, .number = 1.0000001}, ".rate = 1.0000001 is outside [0, 1]"},
    {{"rate", PARAM_TEXT, .text = "fast"}, ".rate = 'fast' is not a number"},
    {{"exact", PARAM_NUMBER, .number = 1}, ".exact = 1 is not true or false"},
    {{"metric", PARAM_TEXT, .text = "cosin"},
     ".metric = 'cosin' is not one of 'cosine', 'dot'; did you mean 'cosine'?"},
    {{"metric", PARAM_NUMBER, .number = 0}, ".metric = 0 is not one of 'cosine', 'dot'"},
    {{"note", PARAM_NUMBER, .number = 3}, ".note = 3 is not a text"},
};

START_TEST(messages)
{
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(build(&refused[_i].given, 1, NULL, &err), PM_E_ARG);
    ck_assert_str_eq(err_text(&err), refused[_i].message);
}
END_TEST

static void collect(void *arg, size_t index, const char *message)
{
    str *all = arg;
    str_printf(all, "%zu %s\n", index, message);
}

START_TEST(every_complaint_is_reported)
{
    const param_value v[] = {{"k", PARAM_NUMBER, .number = 0},
                             {"rate", PARAM_NUMBER, .number = 0.5},
                             {"ratee", PARAM_NUMBER, .number = 0.5},
                             {"rate", PARAM_NUMBER, .number = 0.25}};
    str all = STR_INIT;
    void *out;
    ck_assert_int_eq(params_build(rows, sizeof(knobs), v, 4, a, &out, collect, &all, NULL),
                     PM_E_ARG);
    ck_assert_str_eq(str_text(&all), "0 .k = 0 is outside [1, 4096]\n"
                                     "2 unknown parameter 'ratee'; did you mean 'rate'?\n"
                                     "3 .rate is given twice\n");
    str_close(&all);
}
END_TEST

START_TEST(canonical_json_both_ways)
{
    static const char want[] =
        "{\"rate\":0.30000000000000004,\"k\":\"all\",\"exact\":false,\"metric\":\"dot\","
        "\"note\":\"a \\\"b\\\"\\n\"}";
    const knobs made = {0.1 + 0.2, -2, 0, 1, "a \"b\"\n"};
    str text = STR_INIT, again = STR_INIT;
    params_to_json(rows, &made, &text);
    ck_assert_str_eq(str_text(&text), want);
    const json *j;
    void *back;
    ck_assert_int_eq(json_parse(text.at, text.len, a, &j, NULL), PM_OK);
    ck_assert_int_eq(params_from_json(rows, sizeof(knobs), j, a, &back, NULL), PM_OK);
    params_to_json(rows, back, &again);
    ck_assert_str_eq(str_text(&again), want);
    ck_assert(((knobs *)back)->rate == 0.1 + 0.2);
    str_close(&text);
    str_close(&again);
}
END_TEST

/* ---- rows -------------------------------------------------------------------------------------------------- */

#define ONE(...)                                                                                   \
    {                                                                                              \
        __VA_ARGS__, PM_PARAM_END                                                                  \
    }

static const struct {
    pm_param rows[2];
    const char *message;
} bad_rows[] = {
    {ONE(PM_PARAM(PM_P_F64, knobs, rate, 2, 0, 1, "x")), "default 2 outside its own [0, 1]"},
    {ONE(PM_PARAM(PM_P_F64, knobs, rate, 0, 1, 0, "x")), "empty range"},
    {ONE(PM_PARAM(PM_P_F64, knobs, rate, NAN, 0, 1, "x")), "outside its own"},
    {ONE(PM_PARAM(PM_P_I64, knobs, k, 1.5, 0, 2, "x")), "not an integer"},
    {ONE({"Rate", PM_P_F64, 0, 8, 0, 0, 1, NULL, NULL, "x"}), "[a-z][a-z0-9_]*"},
    {ONE({"rate", (pm_ptype)9, 0, 8, 0, 0, 1, NULL, NULL, "x"}), "unknown type 9"},
    {ONE({"rate", PM_P_F64, 0, 4, 0, 0, 1, NULL, NULL, "x"}), "field of 4 bytes; its type wants 8"},
    {ONE({"rate", PM_P_F64, sizeof(knobs), 8, 0, 0, 1, NULL, NULL, "x"}), "lies at offset"},
    {ONE({"rate", PM_P_F64, 4, 8, 0, 0, 1, NULL, NULL, "x"}), "lies at offset 4"},
    {ONE({"rate", PM_P_F64, 0, 8, 0, 0, 1, NULL, NULL, NULL}), "no doc"},
    {ONE({"metric", PM_P_CHOICE, 0, 8, 0, 0, 0, NULL, NULL, "x"}), "choice without words"},
    {ONE({"metric", PM_P_CHOICE, 0, 8, 2, 0, 0, metrics, NULL, "x"}), "outside its own [0, 1]"},
    {ONE({"k", PM_P_I64, 0, 8, -3, 1, 9, k_words, NULL, "x"}), "outside its own"},
    {ONE({"k", PM_P_I64, 0, 8, 1, -5, 9, k_words, NULL, "x"}), "negative minimum"},
    {ONE({"note", PM_P_STR, 0, 8, 0, 0, 0, NULL, NULL, "x"}), "no fallback_str"},
};

START_TEST(rows_refused)
{
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(params_check_rows(bad_rows[_i].rows, sizeof(knobs), "pm_router_type", &err),
                     PM_E_CONTRACT);
    ck_says(err, bad_rows[_i].message);
    ck_says(err, "pm_router_type.params");
}
END_TEST

START_TEST(rows_that_collide)
{
    static const pm_param twice[] = {PM_PARAM(PM_P_F64, knobs, rate, 0, 0, 1, "x"),
                                     PM_PARAM(PM_P_F64, knobs, rate, 0, 0, 1, "x"), PM_PARAM_END};
    static const pm_param same[] = {PM_PARAM(PM_P_F64, knobs, rate, 0, 0, 1, "x"),
                                    {"other", PM_P_F64, 0, 8, 0, 0, 1, NULL, NULL, "x"},
                                    PM_PARAM_END};
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(params_check_rows(rows, sizeof(knobs), "T", &err), PM_OK);
    ck_assert_int_eq(params_check_rows(twice, sizeof(knobs), "T", &err), PM_E_CONTRACT);
    ck_says(err, "names 'rate' twice");
    ck_assert_int_eq(params_check_rows(same, sizeof(knobs), "T", &err), PM_E_CONTRACT);
    ck_says(err, "fill the same field");
}
END_TEST

START_TEST(help_page)
{
    const pm_router_type d = {.size = sizeof d,
                              .value_kinds = PM_VALUE_BIT(PM_VALUE_QUALITY) |
                                             PM_VALUE_BIT(PM_VALUE_LOSS),
                              .needs = PM_NEEDS_EMBED | PM_NEEDS_VALUES,
                              .spread_kind = PM_SPREAD_STDDEV};
    const plugin_entry e = {.kind = PLUGIN_ROUTER,
                            .name = "near",
                            .doc = "Looks at neighbours.",
                            .source = "Fix and Hodges 1951",
                            .params = rows,
                            .version = "1.2",
                            .license = "MIT",
                            .file = "/x/near.so",
                            .type.router = &d};
    static const char *const parts[] = {
        "routers/near  version 1.2, MIT\n",
        "Looks at neighbours.",
        "source     Fix and Hodges 1951",
        "emits      QUALITY, LOSS",
        "needs      an embedding, outcome values",
        "can        train, predict, save, load, spread\n",
        "no update: a changed library means training again",
        "k                 integer   auto        [1, 4096] | auto | all\n      neighbours\n",
        "metric            word      cosine      cosine | dot\n",
        "note              text      \"none\"      any\n",
    };
    str page = STR_INIT;
    params_help(&e, &page);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        ck_assert_msg(strstr(str_text(&page), parts[i]) != NULL, "'%s' is not in:\n%s", parts[i],
                      str_text(&page));
    str_close(&page);
}
END_TEST

/* ---- models ---- */

typedef struct thinker {
    const char *model, *second;
    int64_t k;
} thinker;

static const pm_param thinks[] = {
    PM_PARAM_MODEL(thinker, model, "", "what is computed with"),
    PM_PARAM_MODEL(thinker, second, "", "and another"),
    PM_PARAM(PM_P_I64, thinker, k, 3, 1, 9, "a number"),
    PM_PARAM_END,
};

static pm_status key_of(const char *model, const char **key, const pm_param **bad, pm_err *err)
{
    const thinker t = {model, "", 4};
    return params_key(thinks, sizeof t, &t, a, key, bad, err);
}

/* A key says what the bytes are: moved files keep it, changed ones do not, and who has none is called as he was. */
START_TEST(models_in_keys)
{
    char folder[256], path[300], moved[300];
    const char *key, *again, *none = "{\"model\":\"\",\"second\":\"\",\"k\":4}";
    const pm_param *bad;
    pm_err err = PM_ERR_INIT;
    temp_folder_open(folder);
    setenv("POINTSMAN_MODELS", folder, 1);
    snprintf(path, sizeof path, "%s/a.gguf", folder);
    snprintf(moved, sizeof moved, "%s/b.gguf", folder);
    ck_assert_int_eq(key_of("", &key, &bad, &err), PM_OK);
    ck_assert_str_eq(key, none);
    ck_assert_int_eq(io_write(path, "abc", 3, NULL), PM_OK);
    ck_assert_int_eq(key_of(path, &key, &bad, &err), PM_OK);
    ck_assert_str_eq(
        key,
        "{\"model\":\"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\","
        "\"second\":\"\",\"k\":4}");
    ck_assert_int_eq(rename(path, moved), 0);
    ck_assert_int_eq(key_of(moved, &again, &bad, &err), PM_OK);
    ck_assert_str_eq(key, again);
    ck_assert_int_eq(io_write(moved, "abd", 3, NULL), PM_OK);
    ck_assert_int_eq(key_of(moved, &again, &bad, &err), PM_OK);
    ck_assert_str_ne(key, again);
    ck_assert_int_eq(key_of("all-minilm-l6-v2", &again, &bad, &err), PM_E_IO);
    ck_assert_ptr_eq(bad, &thinks[0]);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "`pointsman model fetch all-MiniLM-L6-v2`"));
    temp_folder_close(folder);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("params");
    TCase *t = tcase_create("params");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, defaults);
    tcase_add_test(t, given_values);
    tcase_add_loop_test(t, messages, 0, (int)(sizeof refused / sizeof refused[0]));
    tcase_add_test(t, every_complaint_is_reported);
    tcase_add_test(t, canonical_json_both_ways);
    tcase_add_loop_test(t, rows_refused, 0, (int)(sizeof bad_rows / sizeof bad_rows[0]));
    tcase_add_test(t, rows_that_collide);
    tcase_add_test(t, help_page);
    tcase_add_test(t, models_in_keys);
    suite_add_tcase(s, t);
    return suite_main(s);
}
