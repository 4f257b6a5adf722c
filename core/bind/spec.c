/* SPDX-License-Identifier: MIT
 *
 * The experiment as canonical JSON: keys sorted, every parameter with its value, no path of this machine.
 * Two scripts that mean the same give the same bytes.
 */
#include <string.h>

#include "bind/script_private.h"
#include "data/corpus_json.h"
#include "eval/ablation.h"

static void put_key(str *o, const char *key, bool first)
{
    str_printf(o, "%s\"%s\":", first ? "" : ",", key);
}

static void put_text(str *o, const char *key, const char *text, bool first)
{
    put_key(o, key, first);
    str_json(o, text, strlen(text));
}

static void put_number(str *o, const char *key, double v, bool first)
{
    put_key(o, key, first);
    str_number(o, v);
}

static void put_whole(str *o, const char *key, uint64_t v, bool first)
{
    put_key(o, key, first);
    str_printf(o, "%llu", (unsigned long long)v);
}

/* "code" names what the functions of a Lua policy say; objects are named by the bundle, not here. */
static void put_plugin(str *o, const plugin_choice *p)
{
    str_puts(o, "{");
    if (p->plugin->is_scripted)
        put_text(o, "code", p->plugin->span_sha256 ? p->plugin->span_sha256 : "", true);
    put_text(o, "label", p->label, !p->plugin->is_scripted);
    put_key(o, "params", false);
    str_puts(o, p->params_json);
    put_text(o, "plugin", p->plugin->name, false);
}

static void put_router(str *o, const router_choice *r)
{
    str_puts(o, "{\"candidates\":[");
    for (size_t k = 0; k < r->n_candidates; k++)
        str_printf(o, "%s%s", k ? "," : "", r->candidate[k].params_json);
    str_printf(o, "],\"is_rival\":%s,", r->is_rival ? "true" : "false");
    if (r->at.learns || r->at.from)
        str_printf(o, "\"learns\":{\"from\":%u,\"what\":%u},", r->at.from, r->at.learns);
    str_puts(o, "\"use\":");
    put_plugin(o, &r->at);
    str_puts(o, "}}");
}

static void put_constraint(str *o, const constraint_choice *k)
{
    static const char *const sense[] = {"", "soft", "hard", "budget"};
    str_puts(o, "{");
    put_number(o, "bound", k->bound, true);
    if (k->phrases) put_key(o, "phrases", false);
    for (const pm_phrase *p = k->phrases; p && p->text; p++) {
        str_puts(o, p == k->phrases ? "{" : ",");
        str_json(o, p->text, strlen(p->text));
        str_puts(o, ":");
        str_number(o, p->weight);
    }
    if (k->phrases) str_puts(o, k->phrases->text ? "}" : "{}");
    put_text(o, "sense", sense[k->sense], false);
    put_key(o, "use", false);
    put_plugin(o, &k->at);
    str_puts(o, "}");
    put_key(o, "weight", false);
    str_puts(o, "[");
    for (size_t i = 0; i < k->n_weights; i++) {
        if (i) str_puts(o, ",");
        str_number(o, k->weight[i]);
    }
    str_puts(o, "]}");
}

static void put_optional(str *o, const char *key, const plugin_choice *p)
{
    put_key(o, key, false);
    if (!p) {
        str_puts(o, "null");
        return;
    }
    put_plugin(o, p);
    str_puts(o, "}");
}

/* What each expert is run by and learns; in the order of the library. */
static void put_experts(str *o, const experiment *x)
{
    put_key(o, "experts", false);
    str_puts(o, "[");
    for (size_t j = 0; x->expert && j < x->lib->view.n; j++) {
        str_puts(o, j ? ",{\"backend\":" : "{\"backend\":");
        put_plugin(o, &x->expert[j].backend);
        str_puts(o, "}");
        put_text(o, "id", x->lib->view.expert[j]->id, false);
        put_key(o, "learns", false);
        corpus_mix_json(&x->expert[j].mix, o);
        str_puts(o, "}");
    }
    str_puts(o, "]");
}

static void put_train_sizes(str *o, const experiment *x)
{
    put_key(o, "train_sizes", false);
    str_puts(o, "[");
    for (size_t k = 0; k < x->n_train_sizes; k++)
        if (x->train_size[k] == SIZE_MAX)
            str_puts(o, k ? ",\"all\"" : "\"all\"");
        else
            str_printf(o, "%s%zu", k ? "," : "", x->train_size[k]);
    str_puts(o, "]");
}

static void put_narrowing(str *o, const dataset_narrowing *how)
{
    str text = STR_INIT;
    dataset_narrowing_json(how, &text);
    if (strcmp(str_text(&text), "{}") != 0) str_printf(o, ",\"part\":%s", str_text(&text));
    str_close(&text);
}

static void put_also(str *o, const experiment *x)
{
    put_key(o, "also", false);
    str_puts(o, "[");
    for (size_t k = 0; k < x->n_also; k++) {
        const also_choice *c = &x->also[k];
        const char *base = strrchr(c->dir, '/');
        str_puts(o, k ? ",{" : "{");
        put_text(o, "label", c->label, true);
        put_text(o, "name", base ? base + 1 : c->dir, false);
        put_narrowing(o, &c->narrow);
        put_key(o, "names", false);
        str_puts(o, "{");
        for (size_t e = 0; e < c->n_names; e++)
            put_text(o, c->name[e].theirs, c->name[e].ours, e == 0);
        str_puts(o, "}}");
    }
    str_puts(o, "]");
}

static void put_data(str *o, const experiment *x)
{
    static const char *const by[] = {"given", "prompt", "group", "fold"};
    const char *base = strrchr(x->data_dir, '/');
    put_key(o, "data", false);
    str_puts(o, "{");
    if (x->corpus) {
        str_puts(o, "\"corpus\":");
        corpus_spec_json(x->corpus, o);
    } else {
        put_number(o, "min_known", x->min_known, true);
    }
    put_text(o, "name", base ? base + 1 : x->data_dir, false);
    put_narrowing(o, &x->narrow);
    str_puts(o, "}");
    if (x->decontaminate > 0) put_number(o, "decontaminate", x->decontaminate, false);
    put_number(o, "delta", x->delta, false);
    put_optional(o, "embed", x->embed);
    if (x->flags != FLAGS_OFF) put_text(o, "flags", flag_policy_name(x->flags), false);
    if (x->n_also) put_also(o, x);
    if (x->given_vectors) put_text(o, "vectors", "given", false);
    if (x->corpus) put_experts(o, x);
    if (x->of_battles) put_text(o, "measure", "battles", false);
    put_key(o, "library", false);
    if (x->lib)
        str_printf(o, "\"%s\"", x->lib->revision_hex);
    else
        str_puts(o, "null");
    put_text(o, "name", x->name, false);
    put_optional(o, "objective", &x->objective);
    if (x->strong && x->weak) {
        put_key(o, "pair", false);
        str_puts(o, "{");
        put_text(o, "strong", x->strong, true);
        put_text(o, "weak", x->weak, false);
        str_puts(o, "}");
    }
    put_key(o, "rivals", false);
    str_puts(o, "[");
    for (size_t i = 0; i < x->n_rivals; i++) {
        if (i) str_puts(o, ",");
        str_json(o, x->rival[i], strlen(x->rival[i]));
    }
    str_puts(o, "]");
    put_key(o, "routers", false);
    str_puts(o, "[");
    for (size_t i = 0; i < x->n_routers; i++) {
        if (i) str_puts(o, ",");
        put_router(o, &x->router[i]);
    }
    str_puts(o, "]");
    put_key(o, "seeds", false);
    str_puts(o, "[");
    for (size_t i = 0; i < x->n_seeds; i++)
        str_printf(o, "%s%llu", i ? "," : "", (unsigned long long)x->seed[i]);
    str_puts(o, "]");
    put_key(o, "split", false);
    str_puts(o, "{");
    put_text(o, "by", by[x->split.by], true);
    if (x->split.by == SPLIT_FOLD) put_whole(o, "folds", x->split.folds, false);
    put_whole(o, "seed", x->split.seed, false);
    put_number(o, "test", x->split.test, false);
    put_number(o, "train", x->split.train, false);
    put_number(o, "tune", x->split.tune, false);
    str_puts(o, "}");
    if (x->n_train_sizes) put_train_sizes(o, x);
}

const char *spec_text(script *s, const experiment *x)
{
    str o = STR_INIT;
    str_puts(&o, "{");
    if (x->ablation) {
        str_puts(&o, "\"ablation\":");
        ablation_json(x->ablation, &o);
    }
    put_text(&o, "asks", x->asks, !x->ablation);
    put_optional(&o, "backend", x->backend);
    put_key(&o, "bootstrap", false);
    str_printf(&o, "{\"clustered\":%s", x->bootstrap.clustered ? "true" : "false");
    put_number(&o, "level", x->bootstrap.level, false);
    put_whole(&o, "resamples", x->bootstrap.resamples, false);
    put_whole(&o, "seed", x->bootstrap.seed, false);
    str_puts(&o, "}");
    put_key(&o, "constraints", false);
    str_puts(&o, "[");
    for (size_t i = 0; i < x->n_constraints; i++) {
        if (i) str_puts(&o, ",");
        put_constraint(&o, &x->constraint[i]);
    }
    str_puts(&o, "]");
    put_data(&o, x);
    str_puts(&o, "}");
    const char *text = o.failed ? NULL : arena_strdup(s->a, str_text(&o));
    str_close(&o);
    return text;
}
