/* SPDX-License-Identifier: MIT
 *
 * tools: whether an expert can call tools where the prompt wants them called: 0 it can or need not, 1 it
 * cannot.  Hard by nature.
 */
#include <pointsman/plugin.h>

struct tools_params {
    const char *from;
    int64_t needed, missing;
};

enum { NEEDED_ALWAYS, NEEDED_BY_PROMPT };
enum { MISSING_ERROR, MISSING_WORST, MISSING_ALLOW };

static pm_status is_needed(pm_call *c, const pm_prompts *x, size_t i, int *needed)
{
    const struct tools_params *p = c->params;
    *needed = p->needed == NEEDED_ALWAYS;
    for (uint32_t a = 0; !*needed && x->attr && x->n_attr && a < x->n_attr[i]; a++) {
        if (strcmp(x->attr[i][a].name, p->from) != 0) continue;
        if (x->attr[i][a].kind != PM_ATTR_FLAG)
            return c->host->fail(c, PM_E_ARG, "prompt %zu: its attribute %s must be true or false",
                                 i, p->from);
        *needed = x->attr[i][a].number != 0;
        break;
    }
    return PM_OK;
}

static pm_status eval(const pm_constraint *k, pm_call *c, const pm_library *lib,
                      const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    (void)k, (void)s;
    const struct tools_params *p = c->params;
    float *lacks = c->host->scratch(c, lib->n, sizeof *lacks);
    if (!lacks) return PM_E_MEMORY;
    for (size_t j = 0; j < lib->n; j++) {
        const pm_attr *a = pm_attr_find(lib->expert[j], "tools");
        if (a && a->kind != PM_ATTR_FLAG)
            return c->host->fail(c, PM_E_ARG, "expert \"%s\": tools must be true or false",
                                 lib->expert[j]->id);
        if (!a && p->missing == MISSING_ERROR)
            return c->host->fail(c, PM_E_ARG,
                                 "expert \"%s\" has no attribute tools (true or false); add it, or "
                                 "set missing = \"worst\" or \"allow\"",
                                 lib->expert[j]->id);
        lacks[j] = (a ? a->number != 0 : p->missing == MISSING_ALLOW) ? 0 : 1;
    }
    for (size_t i = 0; i < x->n; i++) {
        int needed;
        pm_status st = is_needed(c, x, i, &needed);
        if (st) return st;
        for (size_t j = 0; j < lib->n; j++) pm_row(out, i)[j] = needed ? lacks[j] : 0;
    }
    return PM_OK;
}

static const char *const needed_words[] = {"always", "by_prompt", NULL};
static const char *const missing_words[] = {"error", "worst", "allow", NULL};
static const pm_param params[] = {
    PM_PARAM_TEXT(struct tools_params, from, "tools",
                  "attribute (a flag) of a prompt that wants tools, needed = \"by_prompt\""),
    PM_PARAM_WORDS(PM_P_CHOICE, struct tools_params, needed, NEEDED_ALWAYS, 0, 1, needed_words,
                   "\"always\", or \"by_prompt\" = where the prompt's attribute is true"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct tools_params, missing, MISSING_ERROR, 0, 2, missing_words,
                   "an expert without the attribute: \"error\", \"worst\" = it cannot, \"allow\""),
    PM_PARAM_END,
};

static const pm_constraint_type tools = {
    .size = sizeof tools,
    .name = "tools",
    .doc = "1 where the prompt wants tools called and the expert's attribute tools is false, else "
           "0. Hard by nature, bound 0.5.",
    .source = "ours",
    .unit = "0 can, 1 cannot",
    .params = params,
    .params_bytes = sizeof(struct tools_params),
    .senses = PM_SENSE_BIT(PM_HARD) | PM_SENSE_BIT(PM_SOFT),
    .per_prompt = 1,
    .eval = eval,
    .usual_bound = 0.5,
};
PM_PLUGIN_CONSTRAINT(tools, "1.0", "MIT")
