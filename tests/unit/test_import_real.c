/* SPDX-License-Identifier: MIT
 *
 * Recorded sets written out in their publishers' forms and imported again: every text and every cell comes back.
 * RouteLLM's MMLU files written so are as long as the published ones, to the character.  Needs the folder of the
 * sets in POINTSMAN_DATA; skipped without.
 */
#include "config.h"

#include "import_bed.h"

#include "data/names.h"

static bed b;
static dataset d; /* the recorded set */
static str text;

static void setup(void)
{
    bed_open(&b);
}

static void teardown(void)
{
    str_close(&text);
    bed_close(&b);
}

static void read_set(const char *name)
{
    char dir[512];
    snprintf(dir, sizeof dir, "%s/%s", getenv("POINTSMAN_DATA"), name);
    pm_status s = dataset_read(dir, NULL, b.f.a, &d, &b.f.err);
    ck_assert_msg(s == PM_OK, "%s", err_text(&b.f.err));
}

static const char *model_of(size_t j)
{
    return d.models.view.expert[j]->id;
}

/* The cell as pandas writes it: quoted only if it must be. */
static void put_cell(const char *at, size_t len)
{
    bool plain = true;
    for (size_t k = 0; k < len && plain; k++) plain = !strchr(",\"\n\r", at[k]) || !at[k];
    if (!plain) str_puts(&text, "\"");
    for (size_t k = 0; k < len; k++)
        str_put(&text, at[k] == '"' && !plain ? "\"\"" : at + k, at[k] == '"' && !plain ? 2 : 1);
    if (!plain) str_puts(&text, "\"");
}

static void put_json(const char *key, pm_str value)
{
    str_printf(&text, "\"%s\": ", key);
    str_json(&text, value.ptr, value.len);
}

static void save(const char *name)
{
    ck_assert(!text.failed);
    bed_put(&b, name, ""); /* its folders */
    files_put_bytes(&b.f, name, text.at, text.len);
    str_clear(&text);
}

static bool same(double x, double y)
{
    return x == y || (isnan(x) && isnan(y));
}

/* Row i of the recorded set is row k of the import: text and scores. */
static void must_be(size_t i, size_t k)
{
    pm_str x = d.text[i], y = b.d.text[k];
    ck_assert_msg(x.len == y.len && memcmp(x.ptr, y.ptr, x.len) == 0, "text of %s", d.id[i]);
    for (size_t j = 0; j < d.m; j++) {
        double want = (double)pm_crow(d.value, i)[j];
        double got = (double)pm_crow(b.d.value, k)[bed_column(&b, model_of(j))];
        ck_assert_msg(same(got, want), "%s of %s: %.9g, wanted %.9g", model_of(j), d.id[i], got,
                      want);
    }
}

/* ---- RouteLLM's MMLU ---- */

static const char *domain_of(size_t i)
{
    return d.domain[i] == UINT32_MAX ? "" : d.domains[d.domain[i]];
}

static void save_subject(const char *subject)
{
    char name[200];
    snprintf(name, sizeof name, "mmlu/mmlu_%s.csv", subject);
    /* the published ones plus what the weak model's full name is longer */
    static const struct {
        const char *subject;
        size_t characters;
    } published[] = {{"abstract_algebra", 19985},
                     {"anatomy", 33888},
                     {"high_school_european_history", 270869},
                     {"moral_scenarios", 379229},
                     {"professional_law", 1902178}};
    for (size_t k = 0; k < sizeof published / sizeof *published; k++)
        if (strcmp(published[k].subject, subject) == 0)
            ck_assert_uint_eq(utf8_count(text.at, text.len), published[k].characters);
    save(name);
}

START_TEST(mmlu)
{
    char subject[128] = "";
    size_t n_mmlu = 0;
    read_set("routellm_pair");
    for (size_t i = 0; i < d.n; i++) {
        if (strncmp(domain_of(i), "mmlu/", 5) != 0) continue;
        n_mmlu++;
        if (strcmp(subject, domain_of(i) + 5) != 0) {
            if (*subject) save_subject(subject);
            snprintf(subject, sizeof subject, "%s", domain_of(i) + 5);
            str_printf(&text, "prompt,%s,%s\n", model_of(1), model_of(0));
        }
        put_cell(d.text[i].ptr, d.text[i].len);
        for (size_t j = 2; j-- > 0;)
            str_puts(&text, pm_crow(d.value, i)[j] > 0 ? ",True" : ",False");
        str_puts(&text, "\n");
    }
    save_subject(subject);
    const char *const inputs[] = {"mmlu", NULL};
    char option[600];
    snprintf(option, sizeof option, "order=%s/routellm_pair/mmlu_order.txt",
             getenv("POINTSMAN_DATA"));
    const char *const options[] = {option, NULL};
    bed_must_import(&b, "routellm", inputs, options);
    ck_assert_uint_eq(b.d.n, n_mmlu);
    ck_assert_uint_eq(import_skipped(&b.counts), 0);
    ck_assert_uint_eq(b.counts.n_notes, 0); /* the order named every file */
    ck_assert_str_eq(b.d.id[0], "mmlu/high_school_european_history/0");
    names ids = names_of(b.f.a);
    for (size_t k = 0; k < b.d.n; k++) ck_assert(names_add(&ids, pm_str_of(b.d.id[k])));
    for (size_t i = 0; i < d.n; i++)
        if (strncmp(domain_of(i), "mmlu/", 5) == 0) {
            size_t k = names_find(&ids, pm_str_of(d.id[i]));
            ck_assert_uint_ne(k, SIZE_MAX);
            must_be(i, k);
        }
}
END_TEST

/* ---- RouterBench ---- */

/* Python's repr of a list of that text, as a cell. */
static void put_repr(pm_str t)
{
    bool apostrophe = memchr(t.ptr, '\'', t.len) != NULL, quote = memchr(t.ptr, '"', t.len) != NULL;
    char q = apostrophe && !quote ? '"' : '\'';
    str r = STR_INIT;
    str_printf(&r, "[%c", q);
    for (size_t k = 0; k < t.len; k++) {
        char c = t.ptr[k];
        if (c == '\n')
            str_puts(&r, "\\n");
        else if (c == '\t')
            str_puts(&r, "\\t");
        else if (c == '\\' || c == q)
            str_printf(&r, "\\%c", c);
        else
            str_put(&r, &c, 1);
    }
    str_printf(&r, "%c]", q);
    put_cell(r.at, r.len);
    str_close(&r);
}

START_TEST(routerbench)
{
    read_set("routerbench_3");
    str_puts(&text, ",sample_id,prompt,eval_name");
    for (size_t j = 0; j < d.m; j++) str_printf(&text, ",%s", model_of(j));
    for (size_t j = 0; j < d.m; j++) str_printf(&text, ",%s|total_cost", model_of(j));
    str_puts(&text, ",oracle_model_to_route_to\n");
    for (size_t i = 0; i < d.n; i++) {
        str_printf(&text, "%zu,%s,", i, d.id[i]);
        put_repr(d.text[i]);
        str_printf(&text, ",%s", domain_of(i));
        for (int cost = 0; cost < 2; cost++)
            for (size_t j = 0; j < d.m; j++) {
                float v = pm_crow(cost ? d.cost_usd : d.value, i)[j];
                str_puts(&text, ",");
                if (!isnan(v)) str_float(&text, v);
            }
        str_puts(&text, ",x\n");
    }
    save("wide.csv");
    const char *const inputs[] = {"wide.csv", NULL};
    bed_must_import(&b, "routerbench", inputs, NULL);
    ck_assert_uint_eq(b.d.n, d.n);
    for (size_t i = 0; i < d.n; i++) {
        ck_assert_str_eq(b.d.id[i], d.id[i]);
        must_be(i, i);
        for (size_t j = 0; j < d.m; j++)
            ck_assert(same((double)pm_crow(b.d.cost_usd, i)[bed_column(&b, model_of(j))],
                           (double)pm_crow(d.cost_usd, i)[j]));
    }
}
END_TEST

/* ---- LLMRouter ---- */

START_TEST(llmrouter)
{
    read_set("llmrouter_9");
    str_puts(&text, "[");
    for (size_t i = 0; i < d.n; i++) {
        str_puts(&text, i ? ",\n  {\n    " : "\n  {\n    ");
        put_json("question", d.text[i]);
        str_puts(&text, ",\n    \"scores\": {");
        for (size_t j = 0; j < d.m; j++) {
            str_printf(&text, "%s\n      \"%s\": ", j ? "," : "", model_of(j));
            str_float(&text, pm_crow(d.value, i)[j]);
        }
        str_puts(&text, "\n    }\n  }");
    }
    str_puts(&text, "\n]");
    save("all.json");
    const char *const inputs[] = {"all.json", NULL}, *const options[] = {"duplicates=first", NULL};
    bed_must_import(&b, "llmrouter", inputs, options);
    ck_assert_uint_eq(b.d.n,
                      d.n - bed_skipped(&b, "a second row of the same prompt and model") / d.m);
    for (size_t i = 0, k = 0; i < d.n && k < b.d.n; i++) {
        if (d.text[i].len != b.d.text[k].len ||
            memcmp(d.text[i].ptr, b.d.text[k].ptr, d.text[i].len) != 0)
            continue; /* a question that occurred */
        must_be(i, k++);
        if (i + 1 == d.n) ck_assert_uint_eq(k, b.d.n);
    }
}
END_TEST

/* ---- AlpacaEval ---- */

START_TEST(alpacaeval)
{
    read_set("alpaca_battles");
    str_puts(&text, "[");
    for (size_t k = 0; k < d.n_battles; k++) {
        const pm_battle *w = &d.battle[k];
        str_puts(&text, k ? ",\n{" : "\n{");
        put_json("instruction", d.text[w->prompt]);
        str_puts(&text, ", ");
        put_json("dataset", pm_str_of(domain_of(w->prompt)));
        str_puts(&text, ", ");
        put_json("generator_1", pm_str_of(model_of(w->a)));
        str_puts(&text, ", ");
        put_json("generator_2", pm_str_of(model_of(w->b)));
        str_puts(&text, ", ");
        put_json("annotator", pm_str_of(d.judges[w->source]));
        str_puts(&text, ", \"preference\": ");
        str_number(&text, 2 - (double)w->outcome);
        str_puts(&text, "}");
    }
    str_puts(&text, "\n]\n");
    save("annotations.json");
    const char *const inputs[] = {"annotations.json", NULL};
    bed_must_import(&b, "alpacaeval", inputs, NULL);
    ck_assert_uint_eq(b.d.n_battles, d.n_battles);
    for (size_t k = 0; k < d.n_battles; k++) {
        const pm_battle *x = &d.battle[k], *y = &b.d.battle[k];
        ck_assert_str_eq(model_of(x->a), b.d.models.view.expert[y->a]->id);
        ck_assert_str_eq(model_of(x->b), b.d.models.view.expert[y->b]->id);
        ck_assert_float_eq_tol(x->outcome, y->outcome, 1e-7f);
        pm_str s = d.text[x->prompt], t = b.d.text[y->prompt];
        ck_assert(s.len == t.len && memcmp(s.ptr, t.ptr, s.len) == 0);
    }
    for (size_t k = 0; k < d.n_battles;
         k++) { /* the first judge's word is the score, as recorded */
        const pm_battle *x = &d.battle[k], *y = &b.d.battle[k];
        if (x->source != d.battle[0].source) continue;
        ck_assert_float_eq_tol(pm_crow(b.d.value, y->prompt)[y->b],
                               pm_crow(d.value, x->prompt)[x->b], 1e-6f);
        ck_assert_float_eq(pm_crow(b.d.value, y->prompt)[y->a], pm_crow(d.value, x->prompt)[x->a]);
    }
}
END_TEST

int main(void)
{
    const char *root = getenv("POINTSMAN_DATA");
    if (!root || !*root) {
        puts("skipped: POINTSMAN_DATA names no folder of recorded sets");
        return 77;
    }
    Suite *suite = suite_create("import_real");
    TCase *cases = tcase_create("all");
    tcase_set_timeout(cases, 240);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, mmlu);
    tcase_add_test(cases, routerbench);
    tcase_add_test(cases, llmrouter);
    tcase_add_test(cases, alpacaeval);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
