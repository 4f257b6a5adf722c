/* SPDX-License-Identifier: MIT
 *
 * Parameters as text: the canonical JSON that is hashed and stored, and the help page of a plugin, made
 * from the same rows that parse.
 */
#include <stdio.h>
#include <string.h>

#include "plug/objective.h"
#include "plug/params.h"

static double read_f64(const pm_param *p, const void *built)
{
    double v;
    memcpy(&v, (const char *)built + p->offset, sizeof v);
    return v;
}

static int64_t read_i64(const pm_param *p, const void *built)
{
    int64_t v;
    memcpy(&v, (const char *)built + p->offset, sizeof v);
    return v;
}

static void put_value(const pm_param *p, const void *built, str *out)
{
    const char *text = NULL;
    if (p->type == PM_P_F64) {
        str_number(out, read_f64(p, built));
        return;
    }
    if (params_is_text(p)) {
        memcpy(&text, (const char *)built + p->offset, sizeof text);
        str_json(out, text, strlen(text));
        return;
    }
    int64_t v = read_i64(p, built);
    if (p->type == PM_P_BOOL) {
        str_puts(out, v ? "true" : "false");
        return;
    }
    if (p->type == PM_P_CHOICE) text = p->choices[v];
    if (p->type == PM_P_I64 && p->choices && v < 0) text = p->choices[-1 - v];
    if (text)
        str_json(out, text, strlen(text));
    else
        str_printf(out, "%lld", (long long)v);
}

void params_to_json(const pm_param *rows, const void *built, str *out)
{
    str_puts(out, "{");
    for (const pm_param *p = rows; p->name; p++) {
        str_printf(out, "%s\"%s\":", p == rows ? "" : ",", p->name);
        put_value(p, built, out);
    }
    str_puts(out, "}");
}

/* ---- the page of `pointsman plugins KIND/NAME` -------------------------------------------------------- */

static void put_number(str *out, double v)
{
    if (v == v && v > -1e300 && v < 1e300)
        str_number(out, v);
    else
        str_puts(out, v > 0 ? "inf" : "-inf");
}

static void put_words(str *out, const char *const *words)
{
    for (size_t w = 0; words && words[w]; w++) str_printf(out, "%s%s", w ? " | " : "", words[w]);
}

static void put_default(str *out, const pm_param *p)
{
    if (params_is_text(p))
        str_printf(out, "\"%s\"", p->fallback_str);
    else if (p->type == PM_P_BOOL)
        str_puts(out, p->fallback != 0 ? "true" : "false");
    else if (p->type == PM_P_CHOICE)
        str_puts(out, p->choices[(size_t)p->fallback]);
    else if (p->type == PM_P_I64 && p->choices && p->fallback < 0)
        str_puts(out, p->choices[(size_t)(-1 - p->fallback)]);
    else
        put_number(out, p->fallback);
}

static void put_domain(str *out, const pm_param *p)
{
    if (p->type == PM_P_CHOICE) {
        put_words(out, p->choices);
    } else if (p->type == PM_P_BOOL) {
        str_puts(out, "true | false");
    } else if (p->type == PM_P_MODEL) {
        str_puts(out, "a name of `pointsman model list`, or a path");
    } else if (params_is_text(p)) {
        str_puts(out, "any");
    } else {
        str_puts(out, "[");
        put_number(out, p->min);
        str_puts(out, ", ");
        put_number(out, p->max);
        str_puts(out, "]");
        if (p->choices) {
            str_puts(out, " | ");
            put_words(out, p->choices);
        }
    }
}

/* Pads the text that began at `start` to `width` columns. */
static void pad(str *out, size_t start, size_t width)
{
    size_t used = out->len - start;
    str_printf(out, "%*s", used < width ? (int)(width - used) : 1, "");
}

/* Words of `text` in lines of at most 88 bytes, from `column` on; later lines are indented. */
static void put_wrapped(str *out, const char *text, size_t column, int indent)
{
    bool is_first = true;
    while (*(text += strspn(text, " "))) {
        size_t word = strcspn(text, " ");
        if (!is_first && column + 1 + word > 88) {
            str_printf(out, "\n%*s", indent, "");
            column = (size_t)indent;
        } else if (!is_first) {
            str_puts(out, " ");
            column++;
        }
        str_put(out, text, word);
        column += word;
        text += word;
        is_first = false;
    }
}

static const char *type_name(pm_ptype t)
{
    static const char *const names[] = {"?", "number", "integer", "flag", "word", "text", "model"};
    return t >= PM_P_F64 && t <= PM_P_MODEL ? names[t] : names[0];
}

static void put_table(str *out, const plugin_entry *e)
{
    if (!e->params[0].name) {
        str_puts(out, "\nIt takes no parameters.\n");
        return;
    }
    str_puts(out, "\nParameters\n  name              type      default     range or words\n");
    for (const pm_param *p = e->params; p->name; p++) {
        size_t start = out->len;
        str_printf(out, "  %s", p->name);
        pad(out, start, 20);
        str_puts(out, type_name(p->type));
        pad(out, start, 30);
        put_default(out, p);
        pad(out, start, 42);
        put_domain(out, p);
        str_printf(out, "\n      %s\n", p->doc);
    }
}

static void put_kinds(str *out, const char *label, uint32_t mask)
{
    size_t n = 0;
    str_printf(out, "  %-11s", label);
    for (int k = PM_VALUE_QUALITY; k <= PM_VALUE_RANK; k++)
        if (mask & PM_VALUE_BIT(k))
            str_printf(out, "%s%s", n++ ? ", " : "", value_kind_name((pm_value_kind)k));
    str_puts(out, "\n");
}

static void put_needs(str *out, uint32_t needs)
{
    static const char *const names[] = {"prompt text",
                                        "an embedding",
                                        "sparse word features",
                                        "outcome values",
                                        "battles",
                                        "expert profiles",
                                        "an embedding or sparse word features"};
    size_t n = 0;
    str_puts(out, "  needs      ");
    for (unsigned b = 0; b < sizeof names / sizeof names[0]; b++)
        if (needs & (1u << b)) str_printf(out, "%s%s", n++ ? ", " : "", names[b]);
    str_puts(out, n ? "\n" : "nothing\n");
}

static void put_reads(str *out, const char *const *reads)
{
    if (!reads || !reads[0]) return;
    str_puts(out, "  reads      ");
    for (size_t i = 0; reads[i]; i++) str_printf(out, "%s%s", i ? ", " : "", reads[i]);
    str_puts(out, " (of each expert)\n");
}

static void put_router(str *out, const pm_router_type *d)
{
    put_kinds(out, "emits", d->value_kinds);
    put_needs(out, d->needs);
    put_reads(out, d->reads);
    str_printf(out, "  can        train, predict, save, load%s%s%s%s\n",
               PM_HAS(d, update) && d->update ? ", update" : "",
               PM_HAS(d, latent) && d->latent ? ", latent" : "",
               d->spread_kind == PM_SPREAD_STDDEV ? ", spread" : "",
               d->emits_tokens_out ? ", tokens_out" : "");
    if (!(PM_HAS(d, update) && d->update))
        str_puts(out, "             no update: a changed library means training again\n");
}

static void put_senses(str *out, uint32_t mask)
{
    static const char *const names[] = {"", "soft", "hard", "budget"};
    size_t n = 0;
    str_puts(out, "  senses     ");
    for (unsigned s = PM_SOFT; s <= PM_BUDGET; s++)
        if (mask & PM_SENSE_BIT(s)) str_printf(out, "%s%s", n++ ? ", " : "", names[s]);
    str_puts(out, "\n");
}

static void put_objective(str *out, const pm_objective_type *d)
{
    put_kinds(out, "accepts", d->accepts);
    if (PM_HAS(d, needs_spread) && d->needs_spread)
        str_puts(out, "  needs      spread: routers without it are refused\n");
    if (PM_HAS(d, senses) && d->senses) put_senses(out, d->senses);
    str_printf(
        out, "  offers     choice%s%s%s%s\n", d->offers & PM_OFFERS_UTILITY ? ", utility" : "",
        d->offers & PM_OFFERS_SHARE ? ", share" : "", d->offers & PM_OFFERS_FRONT ? ", front" : "",
        d->offers & PM_OFFERS_PARTS ? ", parts" : "");
    str_printf(out, "  state      %s%s\n",
               d->state_bytes ? "built from a prefix of the stream" : "none",
               d->observe ? ", learns between decisions" : "");
}

static void put_constraint(str *out, const pm_constraint_type *d)
{
    put_senses(out, d->senses);
    str_printf(out, "  unit       %s\n", d->unit[0] ? d->unit : "none");
    str_printf(out, "  value      %s\n", d->per_prompt ? "per prompt and expert" : "per expert");
    put_needs(out, d->needs);
    put_reads(out, d->reads);
    if (d->train) str_puts(out, "  can        train, save, load\n");
}

static void put_embedder(str *out, const pm_embedder_type *d)
{
    str_printf(out, "  can        train, save, load, embed%s\n",
               PM_HAS(d, sparse) && d->sparse ? ", sparse" : "");
}

static void put_backend(str *out, const pm_backend_type *d)
{
    str_printf(out, "  can        %s%s%s%s\n", d->score ? "score" : "",
               d->score && d->ask ? ", " : "", d->ask ? "ask" : "",
               d->train ? ", train, save, load" : "");
}

void params_help(const plugin_entry *e, str *out)
{
    str_printf(out, "%s/%s", plugin_kind_folder(e->kind), e->name);
    if (e->version && e->version[0]) str_printf(out, "  version %s", e->version);
    if (e->license && e->license[0]) str_printf(out, ", %s", e->license);
    str_puts(out, "\n\n");
    put_wrapped(out, e->doc, 0, 0);
    str_puts(out, "\n\n");
    if (e->source[0]) {
        str_puts(out, "  source     ");
        put_wrapped(out, e->source, 13, 13);
        str_puts(out, "\n");
    }
    switch (e->kind) {
    case PLUGIN_ROUTER:
        put_router(out, e->type.router);
        break;
    case PLUGIN_OBJECTIVE:
        put_objective(out, e->type.objective);
        break;
    case PLUGIN_CONSTRAINT:
        put_constraint(out, e->type.constraint);
        break;
    case PLUGIN_EMBEDDER:
        put_embedder(out, e->type.embedder);
        break;
    default:
        put_backend(out, e->type.backend);
    }
    if (e->file) str_printf(out, "  file       %s\n", e->file);
    put_table(out, e);
}
