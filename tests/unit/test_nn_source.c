/* SPDX-License-Identifier: MIT
 *
 * Models of every family out of folders and GGUF: found under their names, written, read again; and folders that
 * lack something, or hold something else than their configuration says.
 */
#include "config.h"

#include <math.h>

#include "nn_files.h"
#include "suite.h"

static const struct {
    const char *folder, *gguf;
    nn_lm_head lm;
    bool pooler;
    size_t n_outputs;
} models[] = {{"models/bert", NULL, NN_LM_MASKED, true, 0},
              {"models/bert-classifier", NULL, NN_LM_NONE, true, 3},
              {"models/distilbert", NULL, NN_LM_MASKED, false, 0},
              {"models/distilbert-classifier", NULL, NN_LM_NONE, false, 3},
              {"models/roberta", NULL, NN_LM_MASKED, false, 0},
              {"models/roberta-classifier", NULL, NN_LM_NONE, false, 3},
              {"models/gpt2", "gguf/gpt2.gguf", NN_LM_TIED, false, 0},
              {"models/llama", "gguf/llama.gguf", NN_LM_OWN, false, 0},
              {"models/llama-scaled", NULL, NN_LM_TIED, false, 0},
              {"models/smollm2", NULL, NN_LM_TIED, false, 0},
              {"models/qwen2", "gguf/qwen2.gguf", NN_LM_TIED, false, 0}};
#define N_MODELS ((int)(sizeof models / sizeof *models))

START_TEST(every_family)
{
    char folder[256];
    arena *a = arena_open(0);
    pm_err err = PM_ERR_INIT;
    nn_weights w, again;
    nn_source *s = open_source(golden(a, models[_i].folder), a);
    const nn_config *c = nn_source_config(s);
    ck_assert_int_eq(c->lm_head, models[_i].lm);
    ck_assert_int_eq(c->pooler, models[_i].pooler);
    ck_assert_uint_eq(c->n_outputs, models[_i].n_outputs);
    float *slab = read_slab(s, a, &w);
    temp_folder_open(folder);
    ck_assert_msg(nn_weights_write(&w, folder, &err) == PM_OK, "%s", err_text(&err));
    float *back = read_slab(open_source(folder, a), a, &again);
    str one = STR_INIT, two = STR_INIT;
    nn_config_put(c, &one);
    nn_config_put(again.layout->config, &two);
    ck_assert_str_eq(one.at, two.at);
    str_close(&one);
    str_close(&two);
    ck_assert_mem_eq(slab, back, w.layout->floats * sizeof *slab);
    if (models[_i].gguf) { /* another writer, other names and orders of rows: the same numbers */
        s = open_source(golden(a, models[_i].gguf), a);
        ck_assert_str_eq(nn_source_kind(s), "gguf");
        back = read_slab(s, a, &again);
        ck_assert_uint_eq(again.layout->floats, w.layout->floats);
        ck_assert_mem_eq(slab, back, w.layout->floats * sizeof *slab);
    }
    for (size_t p = 0; p < w.layout->n; p++) { /* any rows, not all */
        const nn_param *q = &w.layout->param[p];
        size_t lo = q->rows / 3, hi = q->rows > 1 ? lo + (q->rows - lo) / 2 : 1;
        ck_assert_int_eq(nn_weights_rows(&w, p, lo, hi, back, &err), PM_OK);
        ck_assert_mem_eq(back, slab + q->at + lo * q->cols, (hi - lo) * q->cols * sizeof *slab);
    }
    arena_close(a);
    temp_folder_close(folder);
}
END_TEST

/* ---- folders made of a golden one ---------------------------------------------------------------------- */

typedef struct bed {
    char folder[256];
    arena *a;
    nn_tensor t[64];
    size_t n;
    pm_err err;
} bed;

static void bed_open(bed *b, const char *model)
{
    char path[300];
    str config = STR_INIT;
    *b = (bed){.a = arena_open(0), .err = PM_ERR_INIT};
    temp_folder_open(b->folder);
    const char *from = golden(b->a, model);
    nn_source *s = open_source(from, b->a);
    b->n = nn_source_count(s);
    ck_assert_uint_lt(b->n, 64);
    for (size_t i = 0; i < b->n; i++) b->t[i] = *nn_source_at(s, i);
    ck_assert_int_eq(io_read(io_join(b->a, from, "config.json"), 1 << 16, &config, &b->err), PM_OK);
    snprintf(path, sizeof path, "%s/config.json", b->folder);
    ck_assert_int_eq(io_write(path, config.at, config.len, &b->err), PM_OK);
    str_close(&config);
}

static nn_tensor *bed_find(bed *b, const char *name)
{
    for (size_t i = 0; i < b->n; i++)
        if (strcmp(b->t[i].name, name) == 0) return &b->t[i];
    ck_abort_msg("%s", name);
    return NULL;
}

static void bed_put(bed *b, const char *file, const char *text)
{
    const char *path = io_join(b->a, b->folder, file);
    pm_status st = text ? io_write(path, text, strlen(text), &b->err)
                        : safetensors_write(path, b->t, b->n, NULL, &b->err);
    ck_assert_msg(st == PM_OK, "%s", err_text(&b->err));
}

/* Opens the folder and reads all: the first that fails. */
static pm_status bed_read(bed *b)
{
    nn_source *s;
    nn_weights w;
    pm_status st = nn_source_open(b->folder, b->a, &s, &b->err);
    if (st == PM_OK) st = nn_source_weights(s, b->a, &w, &b->err);
    if (st != PM_OK) return st;
    float *slab = arena_alloc(b->a, w.layout->floats, sizeof *slab);
    return nn_weights_read(&w, slab, &b->err);
}

static void bed_close(bed *b)
{
    arena_close(b->a);
    temp_folder_close(b->folder);
}

START_TEST(other_names)
{
    bed b;
    nn_weights w, other;
    bed_open(&b, "models/bert");
    float *slab = read_slab(open_source(golden(b.a, "models/bert"), b.a), b.a, &w);
    for (size_t i = 0; i < b.n; i++) { /* without the prefix, and as TensorFlow's files say */
        char name[128];
        const char *from = b.t[i].name, *norm = strstr(from, "LayerNorm.");
        snprintf(name, sizeof name, "%s", strncmp(from, "bert.", 5) == 0 ? from + 5 : from);
        if (norm)
            snprintf(strstr(name, "LayerNorm.") + 10, 20, "%s",
                     strcmp(norm, "LayerNorm.bias") == 0 ? "beta" : "gamma");
        b.t[i].name = arena_strdup(b.a, name);
    }
    bed_put(&b, "model.safetensors", NULL);
    float *back = read_slab(open_source(b.folder, b.a), b.a, &other);
    ck_assert_mem_eq(slab, back, w.layout->floats * sizeof *slab);
    bed_close(&b);
}
END_TEST

static uint16_t bf16_of(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return (uint16_t)(bits >> 16);
}

START_TEST(half_the_bytes)
{
    bed b;
    nn_weights w, other;
    bed_open(&b, "models/gpt2");
    float *slab = read_slab(open_source(golden(b.a, "models/gpt2"), b.a), b.a, &w);
    for (size_t i = 0; i < b.n; i++) {
        size_t n = b.t[i].bytes / 4;
        uint16_t *to = arena_alloc(b.a, n, sizeof *to);
        for (size_t k = 0; k < n; k++) {
            float f;
            memcpy(&f, (const char *)b.t[i].at + 4 * k, sizeof f);
            to[k] = bf16_of(f);
        }
        b.t[i].at = to;
        b.t[i].type = NN_BF16;
        b.t[i].bytes = 2 * n;
    }
    bed_put(&b, "model.safetensors", NULL);
    float *back = read_slab(open_source(b.folder, b.a), b.a, &other);
    for (size_t i = 0; i < w.layout->floats; i++) {
        uint32_t bits = (uint32_t)bf16_of(slab[i]) << 16, found;
        memcpy(&found, &back[i], sizeof found);
        ck_assert_uint_eq(found, bits);
    }
    bed_close(&b);
}
END_TEST

START_TEST(shards)
{
    bed b;
    str index = STR_INIT;
    bed_open(&b, "models/qwen2");
    size_t half = b.n / 2, all = b.n;
    str_puts(&index, "{\"metadata\":{},\"weight_map\":{");
    for (size_t i = 0; i < all; i++)
        str_printf(&index, "%s\"%s\":\"model-%d.safetensors\"", i ? "," : "", b.t[i].name,
                   i < half ? 1 : 2);
    str_puts(&index, "}}");
    bed_put(&b, "model.safetensors.index.json", index.at);
    b.n = half;
    bed_put(&b, "model-1.safetensors", NULL);
    ck_assert_int_eq(bed_read(&b), PM_E_IO); /* the other is not there */
    says(&b.err, "model-2.safetensors");
    memmove(b.t, b.t + half, (all - half) * sizeof *b.t);
    b.n = all - half;
    bed_put(&b, "model-2.safetensors", NULL);
    ck_assert_msg(bed_read(&b) == PM_OK, "%s", err_text(&b.err));
    b.t[0].name = "model.embed_tokens.weight"; /* in the first as well */
    bed_put(&b, "model-2.safetensors", NULL);
    ck_assert_int_eq(bed_read(&b), PM_E_FORMAT);
    bed_put(&b, "model.safetensors.index.json", "{\"weight_map\":{\"a\":\"../x\"}}");
    ck_assert_int_eq(bed_read(&b), PM_E_FORMAT);
    says(&b.err, "'../x'");
    bed_put(&b, "model.safetensors.index.json", "{\"weight_map\":{\"a\":\"model-1.safetensors\"}}");
    ck_assert_int_eq(bed_read(&b), PM_E_FORMAT);
    says(&b.err, "'a' should lie in model-1.safetensors");
    bed_put(&b, "model.safetensors.index.json", "{\"weight_map\":[]}");
    ck_assert_int_eq(bed_read(&b), PM_E_FORMAT);
    str_close(&index);
    bed_close(&b);
}
END_TEST

START_TEST(lacking)
{
    bed b;
    bed_open(&b, "models/llama");
    ck_assert_int_eq(bed_read(&b), PM_E_IO);
    says(&b.err, "neither model.safetensors nor");
    nn_tensor *t = bed_find(&b, "model.layers.1.mlp.up_proj.weight");
    const char *name = t->name;
    t->name = "model.layers.1.mlp.up_prj.weight"; /* misspelt */
    bed_put(&b, "model.safetensors", NULL);
    ck_assert_int_eq(bed_read(&b), PM_E_FORMAT);
    says(&b.err, "holds no tensor 'model.layers.1.mlp.up_proj.weight' of shape [40, 24]");
    says(&b.err, "is it 'model.layers.1.mlp.up_prj.weight'?");
    t->name = name;
    t->dim[0] = 24, t->dim[1] = 40;
    bed_put(&b, "model.safetensors", NULL);
    ck_assert_int_eq(bed_read(&b), PM_E_FORMAT);
    says(&b.err, "'model.layers.1.mlp.up_proj.weight' has shape [24, 40]; want [40, 24]");
    t->dim[0] = 40, t->dim[1] = 24, t->type = NN_I32;
    bed_put(&b, "model.safetensors", NULL);
    ck_assert_int_eq(bed_read(&b), PM_E_FORMAT);
    says(&b.err, "holds I32");
    t->type = NN_F32;
    bed_find(&b, "lm_head.weight")->name = "unrelated"; /* a base model alone */
    bed_put(&b, "model.safetensors", NULL);
    ck_assert_msg(bed_read(&b) == PM_OK, "%s", err_text(&b.err));
    ck_assert_int_eq(nn_source_config(open_source(b.folder, b.a))->lm_head, NN_LM_NONE);
    bed_close(&b);
}
END_TEST

START_TEST(too_much)
{
    bed b;
    bed_open(&b, "models/llama");
    nn_tensor extra = *bed_find(&b, "model.layers.1.mlp.up_proj.weight");
    extra.name = "model.layers.1.self_attn.q_norm.weight";
    b.t[b.n++] = extra;
    bed_put(&b, "model.safetensors", NULL);
    ck_assert_int_eq(bed_read(&b), PM_E_UNSUPPORTED);
    says(&b.err, "q_norm.weight");
    b.t[b.n - 1].name = "model.layers.2.mlp.up_proj.weight";
    bed_put(&b, "model.safetensors", NULL);
    ck_assert_int_eq(bed_read(&b), PM_E_FORMAT);
    says(&b.err, "has 2 layers");
    b.t[b.n - 1].name =
        "model.layers.1.self_attn.rotary_emb.inv_freq"; /* of old files: not needed */
    bed_put(&b, "model.safetensors", NULL);
    ck_assert_msg(bed_read(&b) == PM_OK, "%s", err_text(&b.err));
    bed_close(&b);
}
END_TEST

static void count_finding(void *arg, nn_finding f)
{
    ck_assert_str_eq(f.tensor->name, arg);
    ck_assert_uint_eq(f.n_bad, 2);
    ck_assert_uint_eq(f.first, 24 + 5);
}

START_TEST(no_numbers)
{
    static const char *const model[] = {"models/bert", "models/gpt2"};
    static char name[2][64] = {"bert.encoder.layer.1.attention.self.key.weight",
                               "transformer.h.1.attn.c_proj.weight"};
    bed b;
    size_t bad = 0;
    bed_open(&b, model[_i]);
    nn_tensor *t = bed_find(&b, name[_i]);
    float *f = arena_alloc(b.a, t->bytes, 1);
    memcpy(f, t->at, t->bytes);
    f[24 + 5] = _i ? -INFINITY : NAN;
    f[100] = NAN;
    t->at = f;
    bed_put(&b, "model.safetensors", NULL);
    ck_assert_int_eq(bed_read(&b), PM_E_FORMAT);
    says(&b.err, name[_i]);
    says(&b.err, "row 1, column 5");
    nn_source *s = open_source(b.folder, b.a);
    ck_assert_int_eq(nn_source_verify(s, count_finding, name[_i], &bad, &b.err), PM_OK);
    ck_assert_uint_eq(bad, 1);
    bed_close(&b);
}
END_TEST

START_TEST(no_source)
{
    arena *a = arena_open(0);
    nn_source *s;
    pm_err err = PM_ERR_INIT;
    char folder[256], path[300];
    temp_folder_open(folder);
    ck_assert_int_eq(nn_source_open(folder, a, &s, &err), PM_E_IO);
    says(&err, "config.json");
    snprintf(path, sizeof path, "%s/a.bin", folder);
    ck_assert_int_eq(nn_source_open(path, a, &s, &err), PM_E_IO);
    ck_assert_int_eq(io_write(path, "x", 1, &err), PM_OK);
    ck_assert_int_eq(nn_source_open(path, a, &s, &err), PM_E_UNSUPPORTED);
    snprintf(path, sizeof path, "%s/empty.gguf", folder);
    ck_assert_int_eq(io_write(path, "", 0, &err), PM_OK);
    ck_assert_int_eq(nn_source_open(path, a, &s, &err), PM_E_FORMAT);
    snprintf(path, sizeof path, "%s/empty.safetensors", folder);
    ck_assert_int_eq(io_write(path, "", 0, &err), PM_OK);
    ck_assert_int_eq(nn_source_open(path, a, &s, &err), PM_E_FORMAT);
    arena_close(a);
    temp_folder_close(folder);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nn_source");
    TCase *t = tcase_create("all");
    suite_add_tcase(s, t);
    tcase_add_loop_test(t, every_family, 0, N_MODELS);
    tcase_add_test(t, other_names);
    tcase_add_test(t, half_the_bytes);
    tcase_add_test(t, shards);
    tcase_add_test(t, lacking);
    tcase_add_test(t, too_much);
    tcase_add_loop_test(t, no_numbers, 0, 2);
    tcase_add_test(t, no_source);
    return suite_main(s);
}
