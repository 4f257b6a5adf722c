/* SPDX-License-Identifier: MIT
 *
 * The backend transformer behind the real host: new models of both kinds, files, further training, adapters, answers and their
 * price, what it refuses.
 */
#include "config.h"

#include "plugins_models.h"

#include "plug/backend.h"
#include "plug/instance.h"

#define TINY  "layers=1 width=32 heads=2 vocab=400 max_steps=10 batch_tokens=512 tune_share=.1 "
#define SMALL TINY "max_tokens=48 "

static bed b;
static pm_str *text;
static size_t n;
enum { SOME = 20, PARTS = 3 };

static void setup(void)
{
    bed_open(&b);
    text = toy_texts(b.room, &n);
}

static void teardown(void)
{
    bed_close(&b);
}

static pm_status train_on(const pm_corpus *corpus, const char *params, backend **out)
{
    const plugin_entry *e = bed_plugin(&b, PLUGIN_BACKEND, "transformer");
    pm_backend_fit fit = {
        .size = sizeof fit, .expert = bed_library(&b, 1)->expert[0], .corpus = corpus};
    if (!corpus) { /* recorded outcomes in its place */
        fit.x = bed_prompts(&b, 4, 0, 0);
        fit.y = bed_outcomes(&b, 4, 1, 0, false);
    }
    err_clear(&b.err);
    return backend_train(b.call, &(backend_spec){e, bed_params(&b, e, params), 7}, &fit, out,
                         &b.err);
}

static pm_status train(const char *params, backend **out)
{
    const pm_corpus corpus = {sizeof corpus, text, n};
    return train_on(&corpus, params, out);
}

static backend *trained(const char *params)
{
    backend *out = NULL;
    bed_ok(&b, train(params, &out));
    return out;
}

typedef struct scores {
    double nats[SOME], pieces[SOME], chars[SOME], part[SOME * PARTS];
} scores;

static scores scored(const backend *m)
{
    scores s;
    pm_prompts *x = bed_prompts(&b, SOME, 0, 0);
    pm_measured out = {.size = sizeof out,
                       .value = s.nats,
                       .tokens = s.pieces,
                       .chars = s.chars,
                       .n_parts = PARTS,
                       .part = s.part};
    x->text = text + 3;
    memset(&s, 0, sizeof s);
    bed_ok(&b, backend_score(m, b.call, x, &out, &b.err));
    ck_assert_int_eq(out.kind, PM_VALUE_LOSS);
    for (size_t i = 0; i < SOME; i++) {
        double sum = 0;
        for (size_t p = 0; p < PARTS; p++) sum += s.part[i * PARTS + p];
        ck_assert(s.nats[i] > 0 && s.pieces[i] > 0 && s.chars[i] > 0);
        ck_assert_double_eq_tol(sum, s.nats[i], 1e-9 * s.nats[i]);
    }
    return s;
}

static void check_kept(backend *m, const scores *want)
{
    backend *again = NULL;
    char path[512];
    snprintf(path, sizeof path, "%.255s/backend.ckpt", b.folder);
    bed_ok(&b, backend_save(m, b.call, path, &b.err));
    bed_ok(&b, backend_load(b.call, path, &again, &b.err));
    const scores got = scored(again);
    ck_assert_int_eq(memcmp(&got, want, sizeof got), 0);
    backend_close(again);
}

START_TEST(new_models_learn_score_and_are_kept)
{
    static const char *const ways[] = {
        "kind=masked mask_draws=2 " SMALL, "kind=causal " SMALL, "kind=causal words=masked " SMALL,
        "kind=masked design=llama mask_pieces=in_turn learn_share=.4 " SMALL};
    for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
        const bool causal = strstr(ways[way], "causal");
        backend *m = trained(ways[way]), *twin = trained(ways[way]);
        ck_assert_uint_gt(models_curves(&b), 2);
        (void)told_take_cut(b.call);
        const scores got = scored(m);
        const told_cut cut = told_take_cut(b.call);
        ck_assert_uint_eq(cut.texts, SOME);
        ck_assert_uint_eq(cut.texts_cut, causal ? 0 : SOME);
        ck_assert((cut.tokens_cut > 0) == !causal);
        const scores equal = scored(twin);
        ck_assert_int_eq(memcmp(&got, &equal, sizeof got), 0);
        check_kept(m, &got);
        backend_close(twin);
        backend_close(m);
    }
}
END_TEST

/* One text, one choice of words: what differs is how they are guessed. */
START_TEST(the_same_words_are_asked_of_all)
{
    static const char *const ways[] = {"kind=causal words=masked " SMALL,
                                       "kind=masked max_tokens=4000 " TINY,
                                       "kind=masked max_tokens=4000 mask_pieces=in_turn " TINY};
    scores got[3];
    for (size_t way = 0; way < 3; way++) {
        backend *m = trained(ways[way]);
        got[way] = scored(m);
        backend_close(m);
    }
    ck_assert_int_eq(memcmp(got[0].chars, got[1].chars, sizeof got[0].chars), 0);
    ck_assert_int_eq(memcmp(got[1].chars, got[2].chars, sizeof got[0].chars), 0);
    ck_assert_int_eq(memcmp(got[1].pieces, got[2].pieces, sizeof got[0].pieces), 0);
    ck_assert_int_ne(memcmp(got[1].nats, got[2].nats, sizeof got[0].nats), 0);
}
END_TEST

START_TEST(files_score_and_learn_further)
{
    for (size_t causal = 0; causal < 2; causal++) {
        const char *path = models_folder(&b, causal ? "causal" : "masked", causal,
                                         causal ? NN_LM_TIED : NN_LM_MASKED, text, n);
        backend *m = NULL;
        bed_ok(&b, train(models_params(&b, path, ""), &m));
        ck_assert_uint_eq(models_curves(&b), 0);
        const scores as_is = scored(m);
        check_kept(m, &as_is);
        backend_close(m);
        static const char *const ways[] = {
            "epochs=1 max_steps=4 batch_tokens=512 rate=.003",
            "epochs=1 max_steps=4 batch_tokens=512 rate=.003 lora_rank=2"};
        scores got[2];
        for (size_t k = 0; k < 2; k++) {
            m = trained(models_params(&b, path, ways[k]));
            ck_assert_uint_gt(models_curves(&b), 2);
            got[k] = scored(m);
            check_kept(m, &got[k]);
            ck_assert_int_ne(memcmp(&got[k], &as_is, sizeof as_is), 0);
            ck_assert_int_eq(memcmp(got[k].pieces, as_is.pieces, sizeof as_is.pieces), 0);
            backend_close(m);
        }
        ck_assert_int_ne(memcmp(&got[0], &got[1], sizeof got[0]), 0);
        static const char *const word[] = {"precision=exact", "precision=bytes"};
        for (size_t k = 0; k < 2; k++) {
            bed_ok(&b, train(models_params(&b, path, word[k]), &m));
            got[k] = scored(m);
            backend_close(m);
        }
        ck_assert_int_ne(memcmp(&got[0], &got[1], sizeof got[0]), 0);
        for (size_t i = 0; i < SOME; i++)
            ck_assert_double_eq_tol(got[0].nats[i], got[1].nats[i], .05 * got[0].nats[i]);
    }
}
END_TEST

static pm_status ask(const backend *m, const pm_expert *e, const char *prompt, pm_reply *reply,
                     char *said, size_t room)
{
    const instance *in = (const instance *)(const void *)m; /* a backend is its instance */
    const pm_turn turn = {.role = pm_str_of("user"), .text = pm_str_of(prompt)};
    *reply = (pm_reply){.size = sizeof *reply};
    pm_call *c = instance_begin(in, b.call, "ask");
    const pm_status s = call_verdict(
        b.call, in->plugin->type.backend->ask(in->state, c, e, &turn, 1, reply), &b.err);
    if (s == PM_OK) snprintf(said, room, "%.*s", (int)reply->text.len, reply->text.ptr);
    call_end(b.call);
    return s;
}

START_TEST(answers_have_tokens_and_a_price)
{
    backend *m = trained("kind=causal max_new=9 temperature=1 " SMALL);
    pm_library *lib = bed_library(&b, 2);
    pm_reply reply;
    char said[2][500];
    bed_attr(lib, 0, "price_in", PM_ATTR_NUMBER, 3);
    bed_attr(lib, 0, "price_out", PM_ATTR_NUMBER, 15);
    (void)told_take_cut(b.call);
    bed_ok(&b, ask(m, lib->expert[0], "Where is the ferry?", &reply, said[0], 500));
    ck_assert(reply.tokens_in > 3 && reply.tokens_in < 39);
    ck_assert(reply.tokens_out >= 1 && reply.tokens_out <= 9);
    ck_assert_double_eq_tol(reply.cost_usd, 1e-6 * (3. * reply.tokens_in + 15. * reply.tokens_out),
                            1e-15);
    ck_assert(reply.latency_ms >= 0);
    const told_cut cut = told_take_cut(b.call);
    ck_assert_uint_eq(cut.texts, 1);
    ck_assert_uint_eq(cut.tokens, reply.tokens_in);
    bed_ok(&b, ask(m, lib->expert[1], "Where is the ferry?", &reply, said[1], 500));
    ck_assert(reply.cost_usd == 0);
    bed_ok(&b, ask(m, lib->expert[0], "Where is the ferry?", &reply, said[1], 500));
    ck_assert_str_eq(said[0], said[1]);
    char *essay = arena_strndup(b.room, text[0].ptr, 600);
    bed_fails(&b, ask(m, lib->expert[0], essay, &reply, said[1], 500), PM_E_ARG,
              "the last turn alone");
    backend_close(m);
    m = trained("kind=masked " SMALL);
    bed_fails(&b, ask(m, lib->expert[0], "x", &reply, said[1], 500), PM_E_UNSUPPORTED,
              "does not write text");
    backend_close(m);
}
END_TEST

START_TEST(what_it_cannot_do_is_said)
{
    backend *m = NULL;
    const pm_corpus empty = {sizeof empty, text, 0};
    bed_fails(&b, train_on(NULL, SMALL, &m), PM_E_UNSUPPORTED, "cannot replay recorded outcomes");
    err_clear(&b.err);
    ck_assert(train_on(&empty, SMALL, &m) != PM_OK);
    ck_assert(err_text(&b.err)[0]);
    const char *path = models_folder(&b, "vectors", false, NN_LM_NONE, text, n);
    bed_fails(&b, train(models_params(&b, path, ""), &m), PM_E_UNSUPPORTED,
              "no language-model head");
    bed_fails(&b, train_on(NULL, models_params(&b, path, "epochs=1"), &m), PM_E_UNSUPPORTED,
              "cannot replay");
    bed_fails(&b, train("model=SmolLM-135M-Instruct", &m), PM_E_ARG, "did you mean");
    setenv("POINTSMAN_MODELS", b.folder, 1);
    bed_fails(&b, train("model=SmolLM2-135M-Instruct", &m), PM_E_IO,
              "pointsman model fetch SmolLM2-135M-Instruct");
    bed_fails(&b, train("kind=causal design=bert " SMALL, &m), PM_E_UNSUPPORTED,
              "want the Llama design");
    bed_fails(&b, train("kind=causal lower_case=true " SMALL, &m), PM_E_UNSUPPORTED, "keeps bytes");
    bed_fails(&b, train(SMALL " lora_rank=2", &m), PM_E_ARG, "adapts a model from files");
    err_clear(&b.err);
    ck_assert(train("width=33 heads=2 "
                    "layers=1 vocab=400 max_steps=1",
                    &m) != PM_OK);
    ck_assert_msg(strstr(err_text(&b.err), "head"), "%s", err_text(&b.err));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("backend transformer");
    TCase *c = tcase_create("transformer");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 120);
    tcase_add_test(c, new_models_learn_score_and_are_kept);
    tcase_add_test(c, the_same_words_are_asked_of_all);
    tcase_add_test(c, files_score_and_learn_further);
    tcase_add_test(c, answers_have_tokens_and_a_price);
    tcase_add_test(c, what_it_cannot_do_is_said);
    suite_add_tcase(s, c);
    return suite_main(s);
}
