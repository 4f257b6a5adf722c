/* SPDX-License-Identifier: MIT
 *
 * The embedder encoder behind the real host: new models, models from files, what it tells beside its vectors, what it
 * refuses.
 */
#include "config.h"

#include "plugins_models.h"

#include "plug/embedder.h"

#define SMALL "layers=1 width=32 heads=2 vocab=300 max_steps=10 batch_tokens=512 max_tokens=48 "

static bed b;
static pm_str *text;
static size_t n;
enum { SOME = 30 };

static void setup(void)
{
    bed_open(&b);
    text = toy_texts(b.room, &n);
}

static void teardown(void)
{
    bed_close(&b);
}

static pm_status train(const char *params, uint64_t seed, embedder **out)
{
    const plugin_entry *e = bed_plugin(&b, PLUGIN_EMBEDDER, "encoder");
    pm_prompts *x = bed_prompts(&b, n, 0, 0);
    x->text = text;
    err_clear(&b.err);
    return embedder_train(b.call, &(embedder_spec){e, bed_params(&b, e, params), seed}, x, out,
                          &b.err);
}

static float *vectors(const embedder *e, const pm_str *of)
{
    const size_t d = embedder_dim(e);
    pm_mat out = {arena_alloc(b.room, SOME * d, sizeof(float)), SOME, d, d};
    bed_ok(&b, embedder_embed(e, b.call, of, SOME, out, &b.err));
    return out.at;
}

/* Trained, used and closed. */
static float *trained(const char *params, uint64_t seed, size_t want_dim)
{
    embedder *e = NULL;
    bed_ok(&b, train(params, seed, &e));
    ck_assert_uint_eq(embedder_dim(e), want_dim);
    float *out = vectors(e, text);
    embedder_close(e);
    return out;
}

static bool same(const float *x, const float *y, size_t d)
{
    return memcmp(x, y, SOME * d * sizeof(float)) == 0;
}

START_TEST(a_new_model_learns_and_is_kept)
{
    embedder *e = NULL, *again = NULL;
    char path[512];
    snprintf(path, sizeof path, "%.255s/encoder.ckpt", b.folder);
    bed_ok(&b, train("model= " SMALL, 7, &e));
    ck_assert_uint_gt(models_curves(&b), 2);
    (void)told_take_cut(b.call);
    const float *first = vectors(e, text);
    const told_cut cut = told_take_cut(b.call);
    ck_assert_uint_eq(cut.texts, SOME);
    ck_assert_uint_eq(cut.texts_cut, SOME); /* documents are far longer than 48 tokens */
    ck_assert_uint_eq(cut.tokens - cut.tokens_cut, 48 * SOME);
    bed_ok(&b, embedder_save(e, b.call, path, &b.err));
    bed_ok(&b, embedder_load(b.call, path, &again, &b.err));
    ck_assert_uint_eq(embedder_dim(again), 32);
    ck_assert(same(first, vectors(again, text), 32));
    embedder_close(again);
    for (size_t i = 0; i < SOME; i++) {
        double square = 0;
        for (size_t k = 0; k < 32; k++)
            square += (double)first[i * 32 + k] * (double)first[i * 32 + k];
        ck_assert_double_eq_tol(square, 1, 1e-4);
    }
    ck_assert(same(first, trained("model= " SMALL, 7, 32), 32));
    ck_assert(!same(first, trained("model= " SMALL, 8, 32), 32));
    ck_assert(!same(first, trained("model= " SMALL "normalise=false", 7, 32), 32));
    ck_assert(!same(first, trained("model= " SMALL "pool=cls", 7, 32), 32));
    const pm_str odd[SOME] = {{"", 0}, {" \n", 2}, {"\xff\xfe", 2}};
    (void)told_take_cut(b.call);
    (void)vectors(e, odd);
    ck_assert_uint_eq(told_take_cut(b.call).texts_cut, 0);
    embedder_close(e);
}
END_TEST

START_TEST(files_give_their_own_vectors)
{
    char *path = models_folder(&b, "tiny", false, NN_LM_MASKED, text, n);
    static const char *const word[] = {"precision=exact", "precision=fast", "precision=bytes"};
    float *of[3];
    lm_room *room = lm_room_open();
    for (size_t p = 0; p < 3; p++) {
        lm *m = NULL;
        float *want = arena_alloc(b.room, SOME * 64, sizeof *want);
        const lm_options o = {.precision = (nn_precision)(p + 1)};
        bed_ok(&b, lm_open(&b.compute, path, &o, b.room, &m, &b.err));
        bed_ok(&b, lm_embed(m, NULL, room, text, SOME, NN_POOL_MEAN, true,
                            (pm_mat){want, SOME, 64, 64}, NULL, &b.err));
        of[p] = trained(models_params(&b, path, word[p]), 1, 64);
        ck_assert(same(want, of[p], 64));
        ck_assert_uint_eq(models_curves(&b), 0);
    }
    ck_assert(!same(of[0], of[2], 64));
    lm_room_close(room);
    const char *more =
        models_params(&b, path, "precision=exact epochs=1 max_steps=3 batch_tokens=256");
    ck_assert(!same(of[0], trained(more, 1, 64), 64));
    ck_assert_uint_gt(models_curves(&b), 2);
}
END_TEST

START_TEST(what_is_not_there_is_said)
{
    embedder *e = NULL;
    bed_fails(&b, train("model=all-MiniLM-L6-v3", 1, &e), PM_E_ARG, "did you mean");
    bed_fails(&b, train(models_params(&b, io_join(b.room, b.folder, "absent"), ""), 1, &e), PM_E_IO,
              "absent");
    setenv("POINTSMAN_MODELS", b.folder, 1);
    bed_fails(&b, train("", 1, &e), PM_E_IO, "pointsman model fetch all-MiniLM-L6-v2");
    char *path = models_folder(&b, "tiny", false, NN_LM_NONE, text, n);
    bed_fails(&b, train(models_params(&b, path, "max_tokens=100"), 1, &e), PM_E_ARG,
              "max_tokens = 100; the model has 64 positions");
    err_clear(&b.err);
    ck_assert(train(models_params(&b, path, "epochs=1"), 1, &e) != PM_OK);
    ck_assert_msg(strstr(err_text(&b.err), "head"), "%s", err_text(&b.err));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("embedder encoder");
    TCase *c = tcase_create("encoder");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 120);
    tcase_add_test(c, a_new_model_learns_and_is_kept);
    tcase_add_test(c, files_give_their_own_vectors);
    tcase_add_test(c, what_is_not_there_is_said);
    suite_add_tcase(s, c);
    return suite_main(s);
}
