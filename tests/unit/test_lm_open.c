/* SPDX-License-Identifier: MIT
 *
 * Folders of models: what files beside the weights say, and a clear sentence for each thing that is wrong.
 */
#include "config.h"

#include "lm_bed.h"

static lm_bed b;
static char folder[256];

static void setup(void)
{
    lm_bed_open(&b);
    temp_folder_open(folder);
}

static void teardown(void)
{
    temp_folder_close(folder);
    lm_bed_close(&b);
}

static char *written(const char *name, lm *m)
{
    char *dir = io_join(b.a, folder, name);
    lm_bed_ok(&b, lm_write(m, dir, &b.err));
    return dir;
}

static void put(const char *dir, const char *name, const char *text)
{
    lm_bed_ok(&b, io_write(io_join(b.a, dir, name), text, strlen(text), &b.err));
}

static void drop(const char *dir, const char *name)
{
    ck_assert_int_eq(unlink(io_join(b.a, dir, name)), 0);
}

static lm *bert(void)
{
    return lm_bed_model(&b, lm_bed_bert(b.wordpiece), b.wordpiece, (lm_options){0});
}

static pm_status open_it(const char *path, lm_options o, lm **out)
{
    return lm_open(&b.c, path, &o, b.a, out, &b.err);
}

START_TEST(files_beside_the_weights_are_heard)
{
    lm *m = NULL;
    char *dir = written("tiny", bert());
    lm_bed_ok(&b, open_it(dir, (lm_options){0}, &m));
    ck_assert_uint_eq(lm_max_tokens(m), 64);
    ck_assert_int_eq(lm_pooling(m), NN_POOL_MEAN);
    ck_assert_ptr_null(lm_chat_template(m));
    put(dir, "tokenizer_config.json", "{\"model_max_length\": 40, \"chat_template\": \"{{ x }}\"}");
    lm_bed_ok(&b, open_it(dir, (lm_options){0}, &m));
    ck_assert_uint_eq(lm_max_tokens(m), 40);
    ck_assert_str_eq(lm_chat_template(m), "{{ x }}");
    put(dir, "sentence_bert_config.json", "{\"max_seq_length\": 20}");
    lm_bed_ok(&b, io_mkdir(io_join(b.a, dir, "1_Pooling"), &b.err));
    put(dir, "1_Pooling/config.json", "{\"pooling_mode_cls_token\": true}");
    lm_bed_ok(&b, open_it(dir, (lm_options){0}, &m));
    ck_assert_uint_eq(lm_max_tokens(m), 20);
    ck_assert_int_eq(lm_pooling(m), NN_POOL_FIRST);
    lm_bed_ok(&b, open_it(io_join(b.a, dir, ""), (lm_options){.max_tokens = 33}, &m));
    ck_assert_uint_eq(lm_max_tokens(m), 33);
    ck_assert_str_eq(lm_name(m), "tiny");
    put(dir, "1_Pooling/config.json", "{\"pooling_mode_lasttoken\": true}");
    put(dir, "sentence_bert_config.json", "{\"max_seq_length\": 1e30}");
    put(dir, "tokenizer_config.json", "{\"model_max_length\": 1000000000000000019884624838656}");
    put(dir, "chat_template.jinja", "<|im_start|>");
    lm_bed_ok(&b, open_it(dir, (lm_options){0}, &m));
    ck_assert_uint_eq(lm_max_tokens(m), 64);
    ck_assert_int_eq(lm_pooling(m), NN_POOL_LAST);
    ck_assert_str_eq(lm_chat_template(m), "<|im_start|>");
}
END_TEST

START_TEST(a_vocabulary_alone_will_do)
{
    lm *m = NULL, *again = NULL;
    char *dir = written("tiny", bert());
    str s = STR_INIT;
    lm_bed_ok(&b, open_it(dir, (lm_options){0}, &m));
    for (uint32_t id = 0; id < tokenizer_size(b.wordpiece); id++) {
        const pm_str p = tokenizer_piece(b.wordpiece, id);
        str_printf(&s, "%.*s\n", (int)p.len, p.ptr);
    }
    put(dir, "vocab.txt", str_text(&s));
    drop(dir, "tokenizer.json");
    str_close(&s);
    lm_bed_ok(&b, open_it(dir, (lm_options){0}, &again));
    pm_mat x = lm_bed_mat(&b, 8, 64), y = lm_bed_mat(&b, 8, 64);
    lm_bed_ok(&b, lm_embed(m, NULL, b.r, b.text, 8, NN_POOL_MEAN, true, x, NULL, &b.err));
    lm_bed_ok(&b, lm_embed(again, NULL, b.r, b.text, 8, NN_POOL_MEAN, true, y, NULL, &b.err));
    ck_assert(lm_bed_same(x, y));
    drop(dir, "vocab.txt");
    lm_bed_fails(&b, open_it(dir, (lm_options){0}, &m), PM_E_IO,
                 "found neither tokenizer.json nor vocab.txt");
}
END_TEST

START_TEST(a_fresh_head_leaves_the_rest)
{
    lm *m = NULL, *with = NULL, *other = NULL;
    char *dir = written("tiny", bert());
    pm_mat x = lm_bed_mat(&b, 4, 64), y = lm_bed_mat(&b, 4, 64), o1 = lm_bed_mat(&b, 4, 5),
           o2 = lm_bed_mat(&b, 4, 5);
    lm_bed_ok(&b, open_it(dir, (lm_options){0}, &m));
    lm_bed_ok(&b, open_it(dir, (lm_options){.n_outputs = 5, .seed = 1}, &with));
    lm_bed_ok(&b, open_it(dir, (lm_options){.n_outputs = 5, .seed = 2}, &other));
    ck_assert_uint_eq(lm_config(with)->n_outputs, 5);
    lm_bed_ok(&b, lm_embed(m, NULL, b.r, b.text, 4, NN_POOL_MEAN, true, x, NULL, &b.err));
    lm_bed_ok(&b, lm_embed(with, NULL, b.r, b.text, 4, NN_POOL_MEAN, true, y, NULL, &b.err));
    ck_assert(lm_bed_same(x, y));
    lm_bed_ok(&b, lm_outputs(with, NULL, b.r, b.text, NULL, 4, NN_POOL_MEAN, o1, NULL, &b.err));
    lm_bed_ok(&b, lm_outputs(other, NULL, b.r, b.text, NULL, 4, NN_POOL_MEAN, o2, NULL, &b.err));
    ck_assert(!lm_bed_same(o1, o2));
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
    lm *m = NULL;
    char *dir = written("tiny", bert());
    lm_bed_fails(&b, open_it(dir, (lm_options){.max_tokens = 65}, &m), PM_E_ARG,
                 "tiny: max_tokens = 65; the model has 64 positions");
    lm_bed_fails(&b, open_it(dir, (lm_options){.max_tokens = 3}, &m), PM_E_ARG, "want 4 or more");
    lm_bed_fails(&b, open_it(io_join(b.a, dir, "model.safetensors"), (lm_options){0}, &m),
                 PM_E_FORMAT, "tensors without a configuration; name the folder");
    lm_bed_ok(&b, io_mkdir(io_join(b.a, dir, "1_Pooling"), &b.err));
    put(dir, "1_Pooling/config.json", "{\"pooling_mode_max_tokens\": true}");
    lm_bed_fails(&b, open_it(dir, (lm_options){0}, &m), PM_E_UNSUPPORTED,
                 "1_Pooling/config.json asks for max or sqrt-length pooling");
    put(dir, "1_Pooling/config.json", "{\"pooling_mode_");
    err_clear(&b.err);
    ck_assert(open_it(dir, (lm_options){0}, &m) != PM_OK);
    ck_assert_msg(strstr(err_text(&b.err), "1_Pooling/config.json"), "%s", err_text(&b.err));
    drop(dir, "1_Pooling/config.json");
    put(dir, "tokenizer.json", "{\"model\": {}}");
    err_clear(&b.err);
    ck_assert(open_it(dir, (lm_options){0}, &m) != PM_OK);
    ck_assert_msg(strstr(err_text(&b.err), "tokenizer.json"), "%s", err_text(&b.err));
    str s = STR_INIT;
    tokenizer_put(lm_bed_vocab(&b, VOCAB_WORDPIECE, 450, NULL), &s);
    put(dir, "tokenizer.json", str_text(&s));
    str_close(&s);
    lm_bed_fails(&b, open_it(dir, (lm_options){0}, &m), PM_E_FORMAT,
                 "the tokeniser has 450 pieces and the embedding 400 rows");
    drop(dir, "config.json");
    err_clear(&b.err);
    ck_assert(open_it(dir, (lm_options){0}, &m) != PM_OK);
    ck_assert_msg(strstr(err_text(&b.err), "config.json"), "%s", err_text(&b.err));
    lm_bed_fails(&b, open_it(io_join(b.a, dir, "absent"), (lm_options){0}, &m), PM_E_IO, "absent");
}
END_TEST

/* In matrices that are packed and in tables that are looked up. */
START_TEST(weights_that_are_no_numbers_are_named)
{
    static const nn_part part[] = {NN_TOKENS, NN_POSITIONS, NN_TYPES,  NN_EMBED_NORM,
                                   NN_V,      NN_DOWN,      NN_NORM_2, NN_LM_DENSE};
    for (size_t k = 0; k < sizeof part / sizeof *part; k++)
        for (size_t bias = 0; bias < 2; bias++) {
            nn_config c = lm_bed_bert(b.wordpiece);
            nn_layout l;
            lm *m = NULL;
            float *slab = lm_bed_slab(&b, &c, NULL);
            lm_bed_ok(&b, nn_layout_of(&c, b.a, &l, &b.err));
            const int layer =
                part[k] == NN_V || part[k] == NN_DOWN || part[k] == NN_NORM_2 ? 1 : NN_NO_LAYER;
            const size_t p = nn_layout_find(&l, part[k], layer, bias);
            if (p == NN_NONE) continue;
            slab[l.param[p].at + l.param[p].cols - 1] = k % 2 ? (float)NAN : (float)INFINITY;
            err_clear(&b.err);
            pm_status s = lm_of(&b.c, &c, slab, b.wordpiece, &(lm_options){0}, b.a, &m, &b.err);
            ck_assert_msg(s == PM_E_FORMAT, "%s: %s", l.param[p].name, err_text(&b.err));
            ck_assert_msg(strstr(err_text(&b.err), l.param[p].name), "%s: %s", l.param[p].name,
                          err_text(&b.err));
        }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lm_open");
    TCase *c = tcase_create("open");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 120);
    tcase_add_test(c, files_beside_the_weights_are_heard);
    tcase_add_test(c, a_vocabulary_alone_will_do);
    tcase_add_test(c, a_fresh_head_leaves_the_rest);
    tcase_add_test(c, what_is_wrong_is_said);
    tcase_add_test(c, weights_that_are_no_numbers_are_named);
    suite_add_tcase(s, c);
    return suite_main(s);
}
