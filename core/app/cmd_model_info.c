/* SPDX-License-Identifier: MIT
 *
 * pointsman model info NAME|PATH: what a model's files hold, and what is made of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmd_model.h"
#include "app/model_tokens.h"
#include "lm/catalogue.h"
#include "nn/engine.h"

static const arg_row rows[] = {
    {"json", 0, ARG_FLAG, NULL, "print one JSON object instead"},
    {"tensors", 't', ARG_FLAG, NULL, "list every tensor with its type and shape"},
    ARG_END};
static int info_main(int argc, char **argv);

const verb model_info = {
    "model info",
    "NAME|PATH",
    1,
    1,
    "show what a model's files hold",
    "Its configuration, parameters, tensors by type, bytes on disk and packed for "
    "computing, tokeniser and\n"
    "context length.  PATH is a folder (config.json, model.safetensors, tokenizer.json or "
    "vocab.txt), a\n"
    ".gguf file, or a .safetensors file alone.\n\n"
    "  pointsman model info all-MiniLM-L6-v2\n"
    "  pointsman model info mine/checkpoint --tensors",
    rows,
    info_main};

#define TYPES ((size_t)NN_Q6_K + 1)

typedef struct by_type {
    size_t tensors, elements, bytes;
} by_type;

typedef struct facts {
    const char *name, *path;
    const nn_source *source;
    const nn_config *config; /* NULL: tensors alone */
    by_type type[TYPES], all;
    size_t parameters; /* of the layout; 0: unknown */
    model_tokens tokens;
    size_t packed; /* bytes; 0: it cannot be computed with, `why` says why */
    const char *why;
} facts;

static size_t elements_of(const nn_tensor *t)
{
    size_t n = 1;
    for (size_t d = 0; d < t->n_dims; d++) n *= t->dim[d];
    return n;
}

static void count(facts *f)
{
    for (size_t i = 0; i < nn_source_count(f->source); i++) {
        const nn_tensor *t = nn_source_at(f->source, i);
        by_type *const to[] = {&f->type[(size_t)t->type < TYPES ? t->type : 0], &f->all};
        for (size_t k = 0; k < 2; k++) {
            to[k]->tensors++;
            to[k]->elements += elements_of(t);
            to[k]->bytes += t->bytes;
        }
    }
}

/* What cannot be built is said, not an error: the files are what is asked about. */
static pm_status build(facts *f, const compute *c, arena *a, pm_err *err)
{
    pm_err why = PM_ERR_INIT;
    nn_weights weights;
    nn_engine *engine = NULL;
    f->why = "there is no configuration beside the tensors";
    if (!f->config) return PM_OK;
    pm_status s = nn_source_weights(f->source, a, &weights, &why);
    if (s == PM_OK) f->parameters = weights.layout->n_parameters;
    if (s == PM_OK) s = nn_engine_build(c, a, &weights, NN_FAST, &engine, &why);
    if (s == PM_OK) f->packed = nn_engine_bytes(engine);
    if (s == PM_OK) s = model_tokens_of(f->path, f->source, a, &f->tokens, &why);
    if (s == PM_OK) return PM_OK;
    f->packed = 0;
    f->why = arena_strdup(a, err_text(&why));
    return f->why ? PM_OK : err_set(err, PM_E_MEMORY, "no memory for the model");
}

/* ---- as text ---- */

static const char *family_name(nn_family f)
{
    static const char *const names[] = {"?",    "bert",  "distilbert", "roberta",
                                        "gpt2", "llama", "qwen2"};
    return f >= NN_BERT && f <= NN_QWEN2 ? names[f] : names[0];
}

static const char *head_name(const nn_config *c)
{
    static const char *const names[] = {"none", "tied to the token embedding", "its own matrix",
                                        "masked words"};
    return c->lm_head >= NN_LM_NONE && c->lm_head <= NN_LM_MASKED ? names[c->lm_head] : "?";
}

static void print_config(const facts *f)
{
    const nn_config *c = f->config;
    printf("family           %s, %s\n", family_name(c->family), c->causal ? "decoder" : "encoder");
    printf("layers           %zu of width %zu; %zu heads of %zu", c->n_layers, c->width, c->n_heads,
           c->head_dim);
    if (c->n_kv_heads != c->n_heads) printf(", %zu of keys and values", c->n_kv_heads);
    printf("; inner %zu%s\n", c->inner, c->gated ? ", gated" : "");
    printf("positions        %s, at most %zu tokens\n", c->rotary ? "rotary" : "learned",
           c->n_positions);
    printf("norm             %s %s, eps %g\n", c->rms_norm ? "RMSNorm" : "LayerNorm",
           c->norm_first ? "before" : "after", c->norm_eps);
    printf("vocabulary       %zu\n", c->n_vocab);
    printf("language head    %s\n", head_name(c));
    if (c->n_outputs) printf("outputs          %zu\n", c->n_outputs);
    if (f->parameters) printf("parameters       %.1f million\n", (double)f->parameters / 1e6);
}

static void print_tensors(const facts *f, bool each)
{
    printf("tensors          %zu in %.1f MB\n", f->all.tensors, (double)f->all.bytes / 1e6);
    for (size_t t = 0; t < TYPES; t++)
        if (f->type[t].tensors)
            printf("  %-14s %zu, %.1f million elements, %.1f MB\n", nn_type_name((nn_type)t),
                   f->type[t].tensors, (double)f->type[t].elements / 1e6,
                   (double)f->type[t].bytes / 1e6);
    for (size_t i = 0; each && i < nn_source_count(f->source); i++) {
        const nn_tensor *t = nn_source_at(f->source, i);
        printf("  %-60s %-5s", t->name, nn_type_name(t->type));
        for (size_t d = 0; d < t->n_dims; d++) printf("%s%zu", d ? " x " : " ", t->dim[d]);
        printf("\n");
    }
}

static void print_facts(const facts *f, bool each)
{
    printf("model            %s\npath             %s\nformat           %s\n", f->name, f->path,
           nn_source_kind(f->source));
    if (f->config) print_config(f);
    print_tensors(f, each);
    if (f->tokens.kind && f->tokens.kind[0])
        printf("tokeniser        %s, %zu pieces\n", f->tokens.kind, f->tokens.pieces);
    if (f->packed)
        printf("packed           %.1f MB\n", (double)f->packed / 1e6);
    else
        printf("computed with    no: %s\n", f->why);
}

/* ---- as JSON ---- */

static void put_text(str *out, const char *key, const char *text)
{
    str_printf(out, ", \"%s\": ", key);
    str_json(out, text, strlen(text));
}

static void put_tensors(const facts *f, bool each, str *out)
{
    bool first = true;
    str_printf(out, ", \"tensors\": %zu, \"bytes\": %zu, \"types\": {", f->all.tensors,
               f->all.bytes);
    for (size_t t = 0; t < TYPES; t++) {
        const by_type *b = &f->type[t];
        if (!b->tensors) continue;
        str_printf(out, "%s\"%s\": {\"tensors\": %zu, \"elements\": %zu, \"bytes\": %zu}",
                   first ? "" : ", ", nn_type_name((nn_type)t), b->tensors, b->elements, b->bytes);
        first = false;
    }
    str_puts(out, "}");
    if (each) str_puts(out, ", \"tensor\": [");
    for (size_t i = 0; each && i < nn_source_count(f->source); i++) {
        const nn_tensor *t = nn_source_at(f->source, i);
        str_puts(out, i ? ", {\"name\": " : "{\"name\": ");
        str_json(out, t->name, strlen(t->name));
        str_printf(out, ", \"type\": \"%s\", \"shape\": [", nn_type_name(t->type));
        for (size_t d = 0; d < t->n_dims; d++) str_printf(out, "%s%zu", d ? ", " : "", t->dim[d]);
        str_puts(out, "]}");
    }
    if (each) str_puts(out, "]");
}

static bool print_json(const facts *f, bool each)
{
    str out = STR_INIT;
    str_puts(&out, "{\"model\": ");
    str_json(&out, f->name, strlen(f->name));
    put_text(&out, "path", f->path);
    put_text(&out, "format", nn_source_kind(f->source));
    if (f->config) {
        put_text(&out, "kind", f->config->causal ? "decoder" : "encoder");
        put_text(&out, "family", family_name(f->config->family));
        str_puts(&out, ", \"config\": ");
        nn_config_put(f->config, &out);
        str_printf(&out, ", \"context\": %zu, \"parameters\": %zu", f->config->n_positions,
                   f->parameters);
    }
    put_tensors(f, each, &out);
    if (f->tokens.kind && f->tokens.kind[0]) {
        put_text(&out, "tokenizer", f->tokens.kind);
        str_printf(&out, ", \"pieces\": %zu", f->tokens.pieces);
    }
    if (f->packed)
        str_printf(&out, ", \"packed_bytes\": %zu", f->packed);
    else
        put_text(&out, "not_computed_with", f->why);
    const bool ok = !out.failed;
    if (ok) printf("%s}\n", str_text(&out));
    str_close(&out);
    return ok;
}

static pm_status gather(const char *name, const compute *c, arena *a, facts *f, pm_err *err)
{
    nn_source *source = NULL;
    *f = (facts){.name = name};
    const model_row *row = catalogue_find(name);
    if (row) f->name = row->name;
    pm_status s = catalogue_path(name, a, &f->path, err);
    if (s == PM_OK) s = nn_source_open(f->path, a, &source, err);
    if (s != PM_OK) return s;
    f->source = source;
    f->config = nn_source_config(source);
    count(f);
    return build(f, c, a, err);
}

static int info_main(int argc, char **argv)
{
    arg_value value[sizeof rows / sizeof *rows];
    const char *operand[1];
    size_t n;
    int status = args_parse(&model_info, argc, argv, value, operand, &n);
    if (status != ARGS_GO_ON) return status;
    pm_err err = PM_ERR_INIT;
    facts f;
    compute c;
    arena *a = arena_open(0);
    pm_status s = a ? compute_open(0, &c, &err)
                    : err_set(&err, PM_E_MEMORY, "no memory for the model");
    if (s == PM_OK) {
        const bool each = args_given(&model_info, value, "tensors");
        s = gather(operand[0], &c, a, &f, &err);
        if (s == PM_OK && !args_given(&model_info, value, "json"))
            print_facts(&f, each);
        else if (s == PM_OK && !print_json(&f, each))
            s = err_set(&err, PM_E_MEMORY, "no memory for the page");
        compute_close(&c);
    }
    arena_close(a);
    return s == PM_OK ? EXIT_FINE : app_failed("model info", &err);
}
