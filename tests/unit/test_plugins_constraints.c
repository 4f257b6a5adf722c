/* SPDX-License-Identifier: MIT
 *
 * Constraints that learn little or nothing: security, licence, residency, latency, context, modality, tools,
 * attribute, recency.  Values worked out by hand, policies for what is missing, refusals, 1,000 experts.
 */
#include "config.h"

#include "plugins_bed.h"

#include "plug/constraint.h"

static bed b;

static void setup(void)
{
    bed_open(&b);
}
static void teardown(void)
{
    bed_close(&b);
}

static void text(pm_library *lib, size_t j, const char *name, const char *value)
{
    bed_attr(lib, j, name, PM_ATTR_TEXT, 0);
    pm_expert *e = (pm_expert *)(uintptr_t)lib->expert[j];
    ((pm_attr *)(uintptr_t)e->attr)[e->n_attr - 1].text = value;
}

/* A library of as many experts as there are texts; NULL: without the attribute. */
static pm_library *of_texts(const char *name, const char *const *value, size_t m)
{
    pm_library *lib = bed_library(&b, m);
    for (size_t j = 0; j < m; j++)
        if (value[j]) text(lib, j, name, value[j]);
    return lib;
}

static pm_library *of_numbers(const char *name, pm_attr_kind kind, const double *value, size_t m)
{
    pm_library *lib = bed_library(&b, m);
    for (size_t j = 0; j < m; j++)
        if (!isnan(value[j])) bed_attr(lib, j, name, kind, value[j]);
    return lib;
}

static constraint *made(const char *name, const char *params, const pm_fit *fit)
{
    const plugin_entry *e = bed_plugin(&b, PLUGIN_CONSTRAINT, name);
    constraint_spec spec = {e, bed_params(&b, e, params), 7};
    pm_fit bare = {.size = sizeof bare,
                   .lib = bed_library(&b, 3),
                   .x = bed_prompts(&b, 1, 0, 0),
                   .y = bed_outcomes(&b, 1, 3, 0, false)};
    constraint *k = NULL;
    bed_ok(&b, constraint_build(b.call, &spec, fit ? fit : &bare, &k, &b.err));
    return k;
}

typedef struct ask {
    const char *name, *params;
    const pm_library *lib;
    const pm_prompts *x; /* NULL: one bare prompt */
    const pm_scores *s;
    const pm_fit *fit;
} ask;

static pm_status answer(const ask *q, float *out)
{
    const pm_prompts *x = q->x ? q->x : bed_prompts(&b, 1, 0, 0);
    constraint *k = made(q->name, q->params, q->fit);
    size_t rows = constraint_is_per_prompt(k) ? x->n : 1;
    pm_status st = constraint_eval(k, b.call, q->lib, x, q->s,
                                   (pm_mat){out, rows, q->lib->n, q->lib->n}, &b.err);
    constraint_close(k);
    return st;
}

static void gives(ask q, const double *want, size_t n)
{
    float out[64];
    bed_ok(&b, answer(&q, out));
    bed_near(out, want, n, 1e-5, q.params);
}

static void refuses(ask q, const char *says)
{
    float out[64];
    bed_fails(&b, answer(&q, out), PM_E_ARG, says);
}

/* ---- attribute ---- */

START_TEST(any_attribute)
{
    static const double v[] = {1, 10, 100, NAN};
    pm_library *lib = of_numbers("carbon_g_per_ktok", PM_ATTR_NUMBER, v, 4);
    refuses((ask){"attribute", "", lib, 0, 0, 0}, "\"e3\" has no attribute carbon_g_per_ktok");
    gives((ask){"attribute", "missing=worst", lib, 0, 0, 0}, (double[]){.01, .1, 1, 1}, 4);
    gives((ask){"attribute", "missing=mean scale=raw", lib, 0, 0, 0}, (double[]){1, 10, 100, 37},
          4);
    gives((ask){"attribute", "missing=mean scale=log_range", lib, 0, 0, 0},
          (double[]){0, .5, 1, .5}, 4);
    gives((ask){"attribute", "missing=worst better=more scale=raw", lib, 0, 0, 0},
          (double[]){99, 90, 0, 99}, 4);
    gives((ask){"attribute", "missing=worst better=more scale=raw target=20", lib, 0, 0, 0},
          (double[]){19, 10, 0, 19}, 4);
    gives((ask){"attribute", "missing=worst better=more scale=log_range", lib, 0, 0, 0},
          (double[]){1, .5, 0, 1}, 4);
    gives((ask){"attribute", "missing=worst better=more", lib, 0, 0, 0},
          (double[]){.99, .9, 0, .99}, 4);
    refuses((ask){"attribute", "name=carbon_g_per_ktk", lib, 0, 0, 0},
            "did you mean 'carbon_g_per_ktok'?");
    refuses((ask){"attribute", "name=", lib, 0, 0, 0}, "name is empty");
}
END_TEST

START_TEST(any_attribute_that_is_none)
{
    static const double below[] = {-1, 1}, bad[] = {1, INFINITY}, high[] = {1, 1e300},
                        same[] = {4, 4}, zero[] = {0, 0};
    pm_library *lib = of_numbers("x", PM_ATTR_NUMBER, below, 2);
    refuses((ask){"attribute", "name=x", lib, 0, 0, 0}, "\"e0\": x = -1; want a number from 0");
    gives((ask){"attribute", "name=x scale=range", lib, 0, 0, 0}, (double[]){0, 1}, 2);
    refuses((ask){"attribute", "name=x scale=log_range", of_numbers("x", PM_ATTR_NUMBER, zero, 2),
                  0, 0, 0},
            "above 0");
    gives((ask){"attribute", "name=x", of_numbers("x", PM_ATTR_NUMBER, zero, 2), 0, 0, 0}, zero, 2);
    gives((ask){"attribute", "name=x scale=log_range", of_numbers("x", PM_ATTR_NUMBER, same, 2), 0,
                0, 0},
          zero, 2);
    gives(
        (ask){"attribute", "name=x better=more", of_numbers("x", PM_ATTR_NUMBER, same, 2), 0, 0, 0},
        zero, 2);
    refuses((ask){"attribute", "name=x", of_numbers("x", PM_ATTR_NUMBER, bad, 2), 0, 0, 0}, "inf");
    refuses(
        (ask){"attribute", "name=x scale=raw", of_numbers("x", PM_ATTR_NUMBER, high, 2), 0, 0, 0},
        "more than");
    refuses((ask){"attribute", "name=x", of_texts("x", (const char *[]){"a", "b"}, 2), 0, 0, 0},
            "is a text");
    const pm_constraint_type *t = bed_plugin(&b, PLUGIN_CONSTRAINT, "attribute")->type.constraint;
    ck_assert_int_ne(t->signed_weight, 0);
}
END_TEST

/* ---- security ---- */

START_TEST(security_by_trust_and_evidence)
{
    pm_library *lib = bed_library(&b, 4);
    bed_attr(lib, 0, "trust", PM_ATTR_NUMBER, .9);
    text(lib, 0, "trust_evidence", "a friend said so"); /* beside trust, free text */
    text(lib, 1, "trust_evidence", "safetensors, no_remote_code");
    text(lib, 2, "licence", "MIT");
    text(lib, 2, "trust_evidence", "Safetensors");
    refuses((ask){"security", "", lib, 0, 0, 0}, "\"e3\" has no attribute trust");
    gives((ask){"security", "missing=worst", lib, 0, 0, 0}, (double[]){.1, .5, .5, 1}, 4);
    gives((ask){"security", "missing=mean", lib, 0, 0, 0}, (double[]){.1, .5, .5, 1.1 / 3}, 4);
    gives((ask){"security", "missing=worst audited=4", lib, 0, 0, 0}, (double[]){.1, .75, .75, 1},
          4);
    gives((ask){"security", "missing=worst scale=range", lib, 0, 0, 0},
          (double[]){0, 4. / 9, 4. / 9, 1}, 4);
    refuses((ask){"security", "missing=worst basis=evidence", lib, 0, 0, 0},
            "trust_evidence holds \"a friend said so\"; want a list of licence");
    gives((ask){"security", "missing=worst basis=trust", lib, 0, 0, 0}, (double[]){.1, 1, 1, 1}, 4);
    refuses((ask){"security",
                  "missing=worst licence=0 safetensors=0 known_organisation=0 no_remote_code=0",
                  lib, 0, 0, 0},
            "0 points");
    refuses((ask){"security", "missing=mean", bed_library(&b, 2), 0, 0, 0}, "has no attribute");
    static const double bad[] = {2, .5};
    refuses((ask){"security", "", of_numbers("trust", PM_ATTR_NUMBER, bad, 2), 0, 0, 0},
            "must be a number of 0 to 1");
}
END_TEST

/* ---- licence, residency ---- */

START_TEST(licence_by_identifier_and_family)
{
    static const char *const t[] = {"Apache-2.0", "gpl-3.0-only", "proprietary API", "LicenseRef-x",
                                    "House Terms"};
    pm_library *lib = of_texts("licence", t, 5);
    gives((ask){"licence", "", lib, 0, 0, 0}, (double[]){0, 0, 0, 0, 1}, 5);
    gives((ask){"licence", "unknown=allow", lib, 0, 0, 0}, (double[]){0, 0, 0, 0, 0}, 5);
    gives((ask){"licence", "allow=permissive,custom", lib, 0, 0, 0}, (double[]){0, 1, 1, 0, 1}, 5);
    gives((ask){"licence", "allow=Permissive,GPL-3.0-only deny=apache-2.0", lib, 0, 0, 0},
          (double[]){1, 0, 1, 1, 1}, 5);
    gives((ask){"licence", "deny=proprietary,copyleft", lib, 0, 0, 0}, (double[]){0, 1, 1, 0, 1},
          5);
    refuses((ask){"licence", "unknown=error", lib, 0, 0, 0}, "\"House Terms\" is not known");
    refuses((ask){"licence", "allow=permisive", lib, 0, 0, 0},
            "\"permisive\" is no SPDX identifier");
    refuses((ask){"licence", "deny=Apache-2", lib, 0, 0, 0}, "did you mean \"Apache-2.0\"?");
    static const char *const weights[] = {"llama3.1", "Gemma Terms of Use", "bigcode-openrail-m"};
    gives((ask){"licence", "deny=custom", of_texts("licence", weights, 3), 0, 0, 0},
          (double[]){1, 1, 1}, 3);
    static const char *const some[] = {"MIT", NULL};
    pm_library *bare = of_texts("licence", some, 2);
    refuses((ask){"licence", "", bare, 0, 0, 0}, "\"e1\" has no attribute licence");
    gives((ask){"licence", "missing=worst", bare, 0, 0, 0}, (double[]){0, 1}, 2);
    gives((ask){"licence", "missing=allow", bare, 0, 0, 0}, (double[]){0, 0}, 2);
}
END_TEST

START_TEST(licence_expressions)
{
    static const char *const t[] = {"MIT OR GPL-3.0-only",
                                    "MIT AND GPL-3.0-only",
                                    "GPL-3.0-only WITH Classpath-exception-2.0",
                                    "GPL-2.0-only OR GPL-3.0-only AND MIT",
                                    "MIT AND Unheard-of",
                                    "(MIT OR Apache-2.0)"};
    pm_library *lib = of_texts("licence", t, 6);
    gives((ask){"licence", "allow=permissive", lib, 0, 0, 0}, (double[]){0, 1, 1, 1, 1, 1}, 6);
    gives((ask){"licence", "allow=permissive,copyleft", lib, 0, 0, 0}, (double[]){0, 0, 0, 0, 1, 1},
          6);
    gives((ask){"licence", "allow=permissive,GPL-2.0-only unknown=allow", lib, 0, 0, 0},
          (double[]){0, 1, 1, 0, 0, 0}, 6);
}
END_TEST

START_TEST(residency_by_place)
{
    static const char *const t[] = {"eu-west-1", "EU", "europe", "eu, us", "us-east-1", NULL};
    pm_library *lib = of_texts("region", t, 6);
    refuses((ask){"residency", "", lib, 0, 0, 0}, "\"e5\" has no attribute region");
    gives((ask){"residency", "missing=worst", lib, 0, 0, 0}, (double[]){0, 0, 0, 0, 0, 1}, 6);
    gives((ask){"residency", "missing=allow allow=eu", lib, 0, 0, 0}, (double[]){0, 0, 1, 1, 1, 0},
          6);
    gives((ask){"residency", "missing=worst allow=eu match=any", lib, 0, 0, 0},
          (double[]){0, 0, 1, 0, 1, 1}, 6);
    gives((ask){"residency", "missing=worst deny=us", lib, 0, 0, 0}, (double[]){0, 0, 0, 1, 1, 1},
          6);
    gives((ask){"residency", "missing=worst allow=eu deny=eu-west-1", lib, 0, 0, 0},
          (double[]){1, 0, 1, 1, 1, 1}, 6);
}
END_TEST

/* ---- latency ---- */

START_TEST(latency_from_attributes)
{
    pm_library *lib = bed_library(&b, 3);
    for (size_t j = 0; j < 2; j++) {
        bed_attr(lib, j, "latency_first_ms", PM_ATTR_NUMBER, j ? 400 : 100);
        bed_attr(lib, j, "latency_token_ms", PM_ATTR_NUMBER, j ? 20 : 10);
    }
    bed_attr(lib, 1, "output_tokens", PM_ATTR_NUMBER, 30);
    refuses((ask){"latency", "", lib, 0, 0, 0}, "\"e2\" has no attribute latency_first_ms");
    gives((ask){"latency", "missing=worst scale=raw tokens_out=100", lib, 0, 0, 0},
          (double[]){1100, 1000, 2400}, 3);
    gives((ask){"latency", "missing=mean scale=raw tokens_out=100", lib, 0, 0, 0},
          (double[]){1100, 1000, 1750}, 3);
    gives((ask){"latency", "missing=worst tokens_out=100", lib, 0, 0, 0},
          (double[]){1100. / 2400, 1000. / 2400, 1}, 3);
    float tokens[] = {10, 10, 10, 300, 300, NAN};
    pm_scores s = {.size = sizeof s, .kind = PM_VALUE_QUALITY, .tokens_out = {tokens, 2, 3, 3}};
    gives((ask){"latency", "missing=worst scale=raw tokens_out=100", lib, bed_prompts(&b, 2, 0, 0),
                &s, 0},
          (double[]){200, 600, 600, 3100, 6400, 2400}, 6);
}
END_TEST

START_TEST(latency_as_recorded)
{
    enum { N = 4, M = 3 };
    float ms[N * M] = {10, 100, NAN, 30, 300, NAN, NAN, 200, NAN, 20, 200, NAN};
    pm_extra extra = {"latency_ms", {ms, N, M, M}};
    pm_outcomes *y = bed_outcomes(&b, N, M, 0, false);
    y->extra = &extra, y->n_extra = 1;
    pm_library *lib = bed_library(&b, M);
    pm_fit fit = {.size = sizeof fit, .lib = lib, .x = bed_prompts(&b, N, 0, 0), .y = y};
    gives((ask){"latency", "missing=worst scale=raw", lib, 0, 0, &fit}, (double[]){20, 200, 200},
          3);
    gives((ask){"latency", "missing=mean", lib, 0, 0, &fit}, (double[]){.1, 1, .55}, 3);
    refuses((ask){"latency", "", lib, 0, 0, &fit}, "\"e2\" has no recorded latency_ms");
    constraint *k = made("latency", "missing=worst", &fit);
    float got[N * M];
    bed_ok(&b, constraint_realised(k, b.call, lib, fit.x, y, (pm_mat){got, N, M, M}, &b.err));
    for (size_t c = 0; c < N * M; c++)
        if (isnan(ms[c]))
            ck_assert(isnan(got[c]));
        else
            ck_assert_float_eq_tol(got[c], ms[c] / 200, 1e-6f);
    constraint_close(k);
    ms[0] = -1;
    const plugin_entry *e = bed_plugin(&b, PLUGIN_CONSTRAINT, "latency");
    constraint_spec spec = {e, bed_params(&b, e, ""), 7};
    bed_fails(&b, constraint_build(b.call, &spec, &fit, &k, &b.err), PM_E_ARG, "want >= 0");
    y->n_extra = 0;
    spec.params = bed_params(&b, e, "basis=recorded");
    bed_fails(&b, constraint_build(b.call, &spec, &fit, &k, &b.err), PM_E_ARG,
              "no table latency_ms");
}
END_TEST

/* ---- context, modality, tools ---- */

START_TEST(context_must_hold_the_prompt)
{
    static const double window[] = {1000, 4000, NAN};
    static const uint32_t tokens[] = {500, 4000};
    pm_library *lib = of_numbers("context", PM_ATTR_NUMBER, window, 3);
    pm_prompts *x = bed_prompts(&b, 2, 0, 0);
    refuses((ask){"context", "missing=worst", lib, x, 0, 0}, "neither text nor a count of tokens");
    x->tokens_in = tokens;
    refuses((ask){"context", "", lib, x, 0, 0}, "\"e2\" has no attribute context");
    gives((ask){"context", "missing=worst", lib, x, 0, 0}, (double[]){1, .25, 1, 4.5, 1.125, 4.5},
          6);
    gives((ask){"context", "missing=mean scale=raw reserve=0", lib, x, 0, 0},
          (double[]){0, 0, 0, 3000, 0, 1500}, 6);
    pm_str texts[] = {{"12345678", 8}, {"", 0}};
    x->tokens_in = NULL, x->text = texts;
    gives((ask){"context", "missing=worst reserve=0 bytes_per_token=2", lib, x, 0, 0},
          (double[]){.004, .001, .004, 0, 0, 0}, 6);
}
END_TEST

START_TEST(modality_must_be_taken)
{
    static const char *const t[] = {"text", "text,image", NULL};
    static const pm_attr wants = {"modalities", PM_ATTR_TEXT, 0, "image, audio"},
                         odd = {"modalities", PM_ATTR_TEXT, 0, "smell"};
    static const pm_attr odd_kind = {"modalities", PM_ATTR_FLAG, 1, NULL};
    const pm_attr *attr[] = {NULL, &wants};
    const uint32_t n_attr[] = {0, 1};
    pm_library *lib = of_texts("modalities", t, 3);
    pm_prompts *x = bed_prompts(&b, 2, 0, 0);
    gives((ask){"modality", "needs=image", lib, x, 0, 0}, (double[]){1, 0, 1, 1, 0, 1}, 6);
    x->attr = attr, x->n_attr = n_attr;
    gives((ask){"modality", "", lib, x, 0, 0}, (double[]){0, 0, 0, 1, 1, 1}, 6);
    gives((ask){"modality", "scale=raw missing=worst", lib, x, 0, 0}, (double[]){0, 0, 1, 2, 1, 2},
          6);
    refuses((ask){"modality", "missing=error", lib, x, 0, 0}, "\"e2\" has no attribute modalities");
    refuses((ask){"modality", "needs=text,smell", lib, x, 0, 0}, "needs: \"smell\" is no modality");
    attr[1] = &odd;
    refuses((ask){"modality", "", lib, x, 0, 0}, "modalities: \"smell\" is no modality");
    attr[1] = &odd_kind;
    refuses((ask){"modality", "", lib, x, 0, 0}, "its attribute modalities must be a text");
}
END_TEST

START_TEST(tools_where_they_are_wanted)
{
    static const double can[] = {1, 0, NAN};
    static const pm_attr wants = {"tools", PM_ATTR_FLAG, 1, NULL},
                         odd = {"tools", PM_ATTR_TEXT, 0, "yes"};
    const pm_attr *attr[] = {NULL, &wants};
    const uint32_t n_attr[] = {0, 1};
    pm_library *lib = of_numbers("tools", PM_ATTR_FLAG, can, 3);
    pm_prompts *x = bed_prompts(&b, 2, 0, 0);
    x->attr = attr, x->n_attr = n_attr;
    refuses((ask){"tools", "", lib, x, 0, 0}, "\"e2\" has no attribute tools");
    gives((ask){"tools", "missing=worst", lib, x, 0, 0}, (double[]){0, 1, 1, 0, 1, 1}, 6);
    gives((ask){"tools", "missing=allow needed=by_prompt", lib, x, 0, 0},
          (double[]){0, 0, 0, 0, 1, 0}, 6);
    attr[1] = &odd;
    refuses((ask){"tools", "missing=allow needed=by_prompt", lib, x, 0, 0},
            "its attribute tools must be true or false");
}
END_TEST

/* ---- recency ---- */

START_TEST(recency_by_date_and_future)
{
    static const double day[] = {19723, 19623, NAN}; /* 2024-01-01, 100 days before */
    pm_library *lib = of_numbers("released", PM_ATTR_DATE, day, 3);
    gives((ask){"recency", "missing=mean scale=raw", lib, 0, 0, 0}, (double[]){0, 100, 50}, 3);
    gives((ask){"recency", "missing=worst scale=raw as_of=2023-12-01", lib, 0, 0, 0},
          (double[]){0, 69, 69}, 3);
    refuses((ask){"recency", "missing=worst future=error as_of=2023-12-01", lib, 0, 0, 0},
            "\"e0\": released is 31 days after as_of = \"2023-12-01\"");
    refuses((ask){"recency", "by=knowledge_cutoff", lib, 0, 0, 0},
            "no expert of 3 has an attribute knowledge_cutoff");
}
END_TEST

/* ---- all of them ---- */

START_TEST(a_thousand_experts)
{
    enum { M = 1000 };
    static const char *const name[] = {"attribute", "latency", "context", "residency"};
    static const char *const params[] = {"name=latency_first_ms", "", "", "missing=allow"};
    static float out[2 * M];
    static const uint32_t tokens[] = {10, 20};
    pm_library *lib = bed_library(&b, M);
    for (size_t j = 0; j < M; j++) {
        bed_attr(lib, j, "context", PM_ATTR_NUMBER, 100 + (double)j);
        bed_attr(lib, j, "latency_first_ms", PM_ATTR_NUMBER, (double)j);
        bed_attr(lib, j, "latency_token_ms", PM_ATTR_NUMBER, 1);
    }
    pm_prompts *x = bed_prompts(&b, 2, 0, 0);
    x->tokens_in = tokens;
    for (size_t k = 0; k < sizeof name / sizeof *name; k++) {
        ask q = {name[k], params[k], lib, x, NULL, NULL};
        bed_ok(&b, answer(&q, out));
        for (size_t j = 0; j < M; j++) ck_assert(out[j] >= 0 && isfinite(out[j]));
    }
}
END_TEST

START_TEST(no_experts_is_no_crash)
{
    static const char *const name[] = {"attribute", "security", "licence",  "residency", "size",
                                       "recency",   "latency",  "modality", "tools"};
    float out[1];
    pm_library *lib = bed_library(&b, 0);
    for (size_t k = 0; k < sizeof name / sizeof *name; k++) {
        ask q = {name[k], "", lib, NULL, NULL, NULL};
        (void)!answer(&q, out);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plugins: constraints");
    TCase *cases = tcase_create("constraints");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, any_attribute);
    tcase_add_test(cases, any_attribute_that_is_none);
    tcase_add_test(cases, security_by_trust_and_evidence);
    tcase_add_test(cases, licence_by_identifier_and_family);
    tcase_add_test(cases, licence_expressions);
    tcase_add_test(cases, residency_by_place);
    tcase_add_test(cases, latency_from_attributes);
    tcase_add_test(cases, latency_as_recorded);
    tcase_add_test(cases, context_must_hold_the_prompt);
    tcase_add_test(cases, modality_must_be_taken);
    tcase_add_test(cases, tools_where_they_are_wanted);
    tcase_add_test(cases, recency_by_date_and_future);
    tcase_add_test(cases, a_thousand_experts);
    tcase_add_test(cases, no_experts_is_no_crash);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
