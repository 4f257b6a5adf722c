/* SPDX-License-Identifier: MIT
 *
 * The bed that plugin tests lie in; see plugins_bed.h.
 */
#include "config.h"

#include "plugins_bed.h"

void bed_open(bed *b)
{
    memset(b, 0, sizeof *b);
    ck_assert_int_eq(compute_open(2, &b->compute, &b->err), PM_OK);
    bed_ok(b, registry_open("plugins/routers:plugins/objectives:plugins/constraints:"
                            "plugins/embedders:plugins/backends",
                            &b->registry, &b->err));
    b->env = (plug_env){.compute = &b->compute, .registry = b->registry};
    bed_ok(b, call_ctx_open(&b->env, true, &b->call, &b->err));
    b->room = arena_open(0);
    ck_assert_ptr_nonnull(b->room);
    temp_folder_open(b->folder);
}

void bed_close(bed *b)
{
    temp_folder_close(b->folder);
    arena_close(b->room);
    call_ctx_close(b->call);
    registry_close(b->registry);
    compute_close(&b->compute);
}

const plugin_entry *bed_plugin(bed *b, plugin_kind kind, const char *name)
{
    const plugin_entry *e = registry_find(b->registry, kind, name);
    ck_assert_msg(e != NULL, "no plugin %s %s: run from the build folder", plugin_kind_name(kind),
                  name);
    return e;
}

const void *bed_params(bed *b, const plugin_entry *entry, const char *given)
{
    param_value value[24];
    size_t n = 0;
    void *out = NULL;
    for (char *word = strtok(arena_strdup(b->room, given), " "); word; word = strtok(NULL, " ")) {
        char *equals = strchr(word, '='), *end = NULL;
        ck_assert_ptr_nonnull(equals);
        *equals = 0;
        double number = strtod(equals + 1, &end);
        bool is_number = equals[1] && *end == 0;
        bool is_flag = strcmp(equals + 1, "true") == 0 || strcmp(equals + 1, "false") == 0;
        value[n++] = (param_value){.name = word,
                                   .kind = is_number ? PARAM_NUMBER
                                           : is_flag ? PARAM_FLAG
                                                     : PARAM_TEXT,
                                   .number = number,
                                   .flag = equals[1] == 't',
                                   .text = equals + 1};
    }
    bed_ok(b, params_build(entry->params, entry->params_bytes, value, n, b->room, &out, NULL, NULL,
                           &b->err));
    return out;
}

enum { MOST_ATTRS = 4 };

pm_library *bed_library(bed *b, size_t m)
{
    pm_library *lib = arena_alloc(b->room, 1, sizeof *lib);
    const pm_expert **list = arena_alloc(b->room, m, sizeof *list);
    for (size_t j = 0; j < m; j++) {
        pm_expert *e = arena_alloc(b->room, 1, sizeof *e);
        char id[32];
        snprintf(id, sizeof id, "e%zu", j);
        e->size = sizeof *e;
        e->id = arena_strdup(b->room, id);
        e->attr = arena_alloc(b->room, MOST_ATTRS, sizeof *e->attr);
        list[j] = e;
    }
    *lib = (pm_library){sizeof *lib, 1, m, list};
    return lib;
}

void bed_attr(pm_library *lib, size_t j, const char *name, pm_attr_kind kind, double number)
{
    pm_expert *e = (pm_expert *)(uintptr_t)lib->expert[j];
    pm_attr *a = (pm_attr *)(uintptr_t)&e->attr[e->n_attr++];
    ck_assert_uint_le(e->n_attr, MOST_ATTRS);
    *a = (pm_attr){name, kind, number, NULL};
}

pm_prompts *bed_prompts(bed *b, size_t n, size_t d, size_t seed)
{
    pm_prompts *x = arena_alloc(b->room, 1, sizeof *x);
    uint64_t *id = arena_alloc(b->room, n, sizeof *id);
    float *at = arena_alloc(b->room, n * d, sizeof *at);
    for (size_t i = 0; i < n; i++) {
        id[i] = seed * 1000 + i;
        for (size_t t = 0; t < d; t++) {
            size_t v = (i * 37 + t * 101 + 11 * i * t * t + seed * 7919 + i * i * 3) % 97;
            at[i * d + t] = (float)v / 97.0f - 0.5f;
        }
    }
    *x = (pm_prompts){.size = sizeof *x, .n = n, .id = id};
    if (d > 0) x->embed = (pm_cmat){at, n, d, d};
    return x;
}

pm_str *bed_texts(bed *b, size_t *n)
{
    char path[512], line[1024];
    const char *folder = getenv("srcdir");
    snprintf(path, sizeof path, "%s/tests/unit/lsa_texts.txt", folder ? folder : ".");
    FILE *f = fopen(path, "r");
    ck_assert_msg(f != NULL, "%s cannot be read; is srcdir set?", path);
    pm_str *text = arena_alloc(b->room, 1000, sizeof *text);
    for (*n = 0; fgets(line, sizeof line, f); ++*n) {
        size_t end = 0;
        line[strcspn(line, "\n")] = 0;
        for (const char *at = line; *at; at++) {
            bool escaped = at[0] == '\\' && (at[1] == 'n' || at[1] == 't');
            line[end++] = !escaped ? *at : *++at == 'n' ? '\n' : '\t';
        }
        ck_assert_uint_lt(*n, 1000);
        text[*n] = (pm_str){arena_strndup(b->room, line, end), end};
    }
    fclose(f);
    return text;
}

pm_outcomes *bed_outcomes_of(bed *b, pm_value_kind kind, size_t n, size_t m, const float *value)
{
    pm_outcomes *y = arena_alloc(b->room, 1, sizeof *y);
    *y = (pm_outcomes){.size = sizeof *y, .kind = kind, .value = {value, n, m, m}};
    return y;
}

pm_outcomes *bed_outcomes(bed *b, size_t n, size_t m, size_t seed, bool holes)
{
    float *value = arena_alloc(b->room, n * m, sizeof *value);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++) {
            value[i * m + j] = (float)((i * 13 + j * 29 + i * j * 7 + i * i * 5 + seed * 31) % 11) /
                               10.0f;
            if (holes && (i * 5 + j * 3 + seed) % 17 == 0) value[i * m + j] = NAN;
        }
    return bed_outcomes_of(b, PM_VALUE_QUALITY, n, m, value);
}

router *bed_router(bed *b, const char *name, const char *params, const pm_fit *fit)
{
    const plugin_entry *e = bed_plugin(b, PLUGIN_ROUTER, name);
    router_spec spec = {e, bed_params(b, e, params), 7};
    router *r = NULL;
    bed_ok(b, router_train(b->call, &spec, fit, &r, &b->err));
    return r;
}

pm_scores bed_predict(bed *b, const router *r, const pm_library *lib, const pm_prompts *x,
                      bool spread)
{
    pm_scores s = {.size = sizeof s, .reference_col = PM_NO_COL};
    s.value = (pm_mat){arena_alloc(b->room, x->n * lib->n, sizeof(float)), x->n, lib->n, lib->n};
    if (spread)
        s.spread =
            (pm_mat){arena_alloc(b->room, x->n * lib->n, sizeof(float)), x->n, lib->n, lib->n};
    bed_ok(b, router_predict(r, b->call, lib, x, &s, &b->err));
    return s;
}

router *bed_reload(bed *b, router *r)
{
    char path[300];
    router *again = NULL;
    snprintf(path, sizeof path, "%s/router", b->folder);
    bed_ok(b, router_save(r, b->call, path, &b->err));
    bed_ok(b, router_load(b->call, path, &again, &b->err));
    router_close(r);
    return again;
}

void bed_near(const float *got, const double *want, size_t n, double within, const char *what)
{
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(fabs((double)got[i] - want[i]) <= within, "%s: cell %zu is %.9g, not %.9g",
                      what, i, (double)got[i], want[i]);
}
