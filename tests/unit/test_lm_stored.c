/* SPDX-License-Identifier: MIT
 *
 * Models as settings, tokeniser and slab, and as folders: what is read back computes the same bits; damage is refused.
 */
#include "config.h"

#include "base/rng.h"
#include "lm/model.h"
#include "lm/stored.h"
#include "lm_bed.h"

static lm_bed b;

static void setup(void)
{
    lm_bed_open(&b);
}

static void teardown(void)
{
    lm_bed_close(&b);
}

enum { SOME = 12 };

static pm_mat vectors(const lm *m)
{
    pm_mat out = lm_bed_mat(&b, SOME, lm_config(m)->width);
    lm_bed_ok(&b, lm_embed(m, NULL, b.r, b.text, SOME, lm_pooling(m), true, out, NULL, &b.err));
    return out;
}

static void same_model(const lm *x, const lm *y)
{
    double nats[2][SOME];
    const lm_masking k = {.share = .3, .draws = 2, .seed = 5};
    const lm *const m[] = {x, y};
    ck_assert_uint_eq(lm_max_tokens(x), lm_max_tokens(y));
    ck_assert(lm_bed_same(vectors(x), vectors(y)));
    for (size_t i = 0; i < 2; i++) {
        lm_scored out = {.nats = nats[i]};
        lm_bed_ok(&b, lm_score(m[i], NULL, b.r, b.text, NULL, SOME,
                               lm_config(x)->causal ? NULL : &k, &out, NULL, &b.err));
    }
    ck_assert_int_eq(memcmp(nats[0], nats[1], sizeof nats[0]), 0);
}

/* Two kinds, three precisions. */
static lm *some_model(size_t k)
{
    const tokenizer *t = k % 2 ? b.bpe : b.wordpiece;
    return lm_bed_model(&b, k % 2 ? lm_bed_llama(t) : lm_bed_bert(t), t,
                        (lm_options){.precision = (nn_precision)(1 + k / 2), .max_tokens = 30 + k});
}

static pm_str text_of(const str *s)
{
    return (pm_str){arena_strndup(b.a, str_text(s), s->len), s->len};
}

static pm_str settings_of(const lm *m)
{
    str s = STR_INIT;
    lm_put_settings(m, &s);
    const pm_str out = text_of(&s);
    str_close(&s);
    return out;
}

static pm_str tokenizer_of(const lm *m)
{
    str s = STR_INIT;
    tokenizer_put(lm_tokenizer(m), &s);
    const pm_str out = text_of(&s);
    str_close(&s);
    return out;
}

static pm_status read_back(pm_str settings, const lm *m, lm **out)
{
    const nn_weights *w = lm_weights(m);
    return lm_of_settings(&b.c, settings, tokenizer_of(m), w->slab, w->layout->floats, b.a, out,
                          &b.err);
}

START_TEST(parts_give_the_same_bits)
{
    for (size_t k = 0; k < 6; k++) {
        lm *m = some_model(k), *other = NULL, *manners = some_model(k);
        lm_bed_ok(&b, read_back(settings_of(m), m, &other));
        same_model(m, other);
        ck_assert_int_eq(lm_precision(other), (int)(1 + k / 2));
        ck_assert_str_eq(lm_name(other), "trained model");
        ck_assert_ptr_null(lm_chat_template(other));
        const pm_str first = settings_of(m), second = settings_of(other);
        ck_assert_str_eq(first.ptr, second.ptr);
        lm_take_manners(manners, other);
        ck_assert_str_eq(lm_name(manners), lm_name(other));
    }
}
END_TEST

/* `from` in the settings becomes `to`. */
static pm_str changed(pm_str settings, const char *from, const char *to)
{
    const char *at = strstr(settings.ptr, from);
    str s = STR_INIT;
    ck_assert_msg(at != NULL, "no %s in %s", from, settings.ptr);
    str_put(&s, settings.ptr, (size_t)(at - settings.ptr));
    str_puts(&s, to);
    str_puts(&s, at + strlen(from));
    const pm_str out = text_of(&s);
    str_close(&s);
    return out;
}

START_TEST(damaged_settings_are_refused)
{
    static const struct {
        const char *from, *to, *says;
    } damage[] = {
        {"\"width\":64", "\"width\":96", "config"},
        {"\"width\":64", "\"width\":\"64\"", "config.width is absent, or no number"},
        {"\"width\":64", "\"breadth\":64", "config.width is absent"},
        {"\"width\":64", "\"width\":64.5", "config.width = 64.5"},
        {"\"width\":64", "\"width\":-64", "config.width = -64"},
        {"\"width\":64", "\"width\":1e300", "config.width"},
        {"\"n_layers\":2", "\"n_layers\":3", "floats of weights"},
        {"\"n_layers\":2", "\"n_layers\":4000000000000", "layers"},
        {"\"causal\":0", "\"causal\":2", "config.causal = 2"},
        {"\"family\":1", "\"family\":99", "config.family = 99"},
        {"\"mask_id\":4", "\"mask_id\":4000", "mask_token_id"},
        {"\"mask_id\":4", "\"mask_id\":-2", "config.mask_id = -2"},
        {"\"max_tokens\":30", "\"max_tokens\":65", "max_tokens 65"},
        {"\"max_tokens\":30", "\"max_tokens\":null", "max_tokens 0"},
        {"\"pooling\":1", "\"pooling\":5", "pooling 5"},
        {"\"precision\":1", "\"precision\":0", "precision 0"},
        {"\"config\"", "\"konfig\"", "absent"},
        {"{\"config\"", "[\"config\"", ""},
    };
    lm *m = some_model(0), *out = NULL;
    const pm_str good = settings_of(m);
    for (size_t k = 0; k < sizeof damage / sizeof *damage; k++) {
        err_clear(&b.err);
        const pm_status s = read_back(changed(good, damage[k].from, damage[k].to), m, &out);
        ck_assert_msg(s != PM_OK, "%s was taken", damage[k].to);
        ck_assert_msg(strstr(err_text(&b.err), damage[k].says) != NULL, "%s: %s", damage[k].to,
                      err_text(&b.err));
    }
    const nn_weights *w = lm_weights(m);
    lm_bed_fails(&b,
                 lm_of_settings(&b.c, good, tokenizer_of(m), w->slab, w->layout->floats - 16, b.a,
                                &out, &b.err),
                 PM_E_FORMAT, "floats of weights; its configuration wants");
    ck_assert(lm_of_settings(&b.c, good, (pm_str){"{}", 2}, w->slab, w->layout->floats, b.a, &out,
                             &b.err) != PM_OK);
    ck_assert(lm_of_settings(&b.c, good, tokenizer_of(some_model(1)), w->slab, w->layout->floats,
                             b.a, &out,
                             &b.err) == PM_OK); /* as large: another language, no damage */
    float *nan = arena_alloc(b.a, w->layout->floats, sizeof *nan);
    memcpy(nan, w->slab, w->layout->floats * sizeof *nan);
    nan[nn_layout_find(w->layout, NN_Q, 1, false) == NN_NONE
            ? 0
            : w->layout->param[nn_layout_find(w->layout, NN_Q, 1, false)].at + 5] = NAN;
    lm_bed_fails(
        &b, lm_of_settings(&b.c, good, tokenizer_of(m), nan, w->layout->floats, b.a, &out, &b.err),
        PM_E_FORMAT, "layer.1");
}
END_TEST

/* Any byte turned: refused or read, never worse. */
START_TEST(turned_bytes_do_no_harm)
{
    lm *m = some_model(0), *out = NULL;
    const pm_str good = settings_of(m);
    for (size_t k = 0; k < 300; k++) {
        char *at = arena_strndup(b.a, good.ptr, good.len);
        at[rng_below(1, 0, k, good.len)] = (char)rng_below(1, 1, k, 128);
        err_clear(&b.err);
        if (read_back((pm_str){at, good.len}, m, &out) == PM_OK)
            (void)vectors(out);
        else
            ck_assert(err_text(&b.err)[0] != 0);
    }
}
END_TEST

START_TEST(folders_open_again)
{
    char folder[256];
    temp_folder_open(folder);
    for (size_t k = 0; k < 6; k++) {
        lm *m = some_model(k), *again = NULL;
        char *dir = io_join(b.a, folder, arena_strndup(b.a, &"abcdef"[k], 1));
        const lm_options o = {.precision = lm_precision(m)};
        m->pooling = k < 3 ? NN_POOL_MEAN + (nn_pool_kind)k : NN_POOL_MEAN;
        m->chat = k == 3 ? "{{ '<|im_start|>' }}" : NULL;
        lm_bed_ok(&b, lm_write(m, dir, &b.err));
        lm_bed_ok(&b, lm_open(&b.c, dir, &o, b.a, &again, &b.err));
        same_model(m, again);
        ck_assert_int_eq(lm_pooling(again), lm_pooling(m));
        ck_assert_pstr_eq(lm_chat_template(again), lm_chat_template(m));
        ck_assert_str_eq(lm_name(again), strrchr(dir, '/') + 1);
        lm_bed_ok(&b, lm_write(again, dir, &b.err)); /* over itself */
        lm_bed_ok(&b, lm_open(&b.c, dir, &o, b.a, &again, &b.err));
        same_model(m, again);
    }
    lm_bed_fails(&b, lm_write(some_model(0), "/proc/no/such", &b.err), PM_E_IO, "/proc");
    lm *both = lm_bed_model(&b, lm_bed_two_sided(b.wordpiece), b.wordpiece, (lm_options){0});
    lm_bed_fails(&b, lm_write(both, folder, &b.err), PM_E_UNSUPPORTED, "sees both sides");
    temp_folder_close(folder);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lm_stored");
    TCase *c = tcase_create("stored");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 120);
    tcase_add_test(c, parts_give_the_same_bits);
    tcase_add_test(c, damaged_settings_are_refused);
    tcase_add_test(c, turned_bytes_do_no_harm);
    tcase_add_test(c, folders_open_again);
    suite_add_tcase(s, c);
    return suite_main(s);
}
