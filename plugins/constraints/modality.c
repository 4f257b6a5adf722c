/* SPDX-License-Identifier: MIT
 *
 * modality: whether an expert takes what the prompt brings: text, image, audio, video, file.  Hard by nature.
 * The prompt is not looked at: what it needs is said by a parameter or by an attribute of the prompt.
 */
#include <pointsman/plugin.h>

#include "attr_column.h"
#include "attr_words.h"

struct modality_params {
    const char *needs, *from;
    int64_t scale, missing;
};

enum { SCALE_ANY, SCALE_RAW };
enum { MISSING_ERROR, MISSING_WORST, MISSING_TEXT };

static const char *const known[] = {"text", "image", "audio", "video", "file", NULL};

static int is_known(pm_str word)
{
    for (const char *const *k = known; *k; k++)
        if (words_equal(word, (pm_str){*k, strlen(*k)})) return 1;
    return 0;
}

/* An unknown word would be lacking everywhere: it is refused. */
static pm_status check_list(pm_call *c, const char *what, const char *list)
{
    pm_str word;
    while (words_next(&list, &word))
        if (!is_known(word))
            return c->host->fail(c, PM_E_ARG,
                                 "%s: \"%.*s\" is no modality; want text, image, audio, video, "
                                 "file, by commas",
                                 what, (int)(word.len < 64 ? word.len : 64), word.ptr);
    return PM_OK;
}

/* What prompt i needs: its own word, or the parameter's. */
static pm_status needs_of(pm_call *c, const pm_prompts *x, size_t i, const char **needs)
{
    const struct modality_params *p = c->params;
    *needs = p->needs;
    for (uint32_t a = 0; p->from[0] && x->attr && x->n_attr && a < x->n_attr[i]; a++) {
        if (strcmp(x->attr[i][a].name, p->from) != 0) continue;
        if (x->attr[i][a].kind != PM_ATTR_TEXT)
            return c->host->fail(c, PM_E_ARG, "prompt %zu: its attribute %s must be a text", i,
                                 p->from);
        *needs = x->attr[i][a].text;
        return check_list(c, p->from, *needs);
    }
    return PM_OK;
}

static double lacking(const char *needs, const char *has)
{
    double n = 0;
    pm_str word;
    while (words_next(&needs, &word)) n += !words_have(has, word);
    return n;
}

static pm_status find_all(pm_call *c, const pm_library *lib, const char **has)
{
    const struct modality_params *p = c->params;
    for (size_t j = 0; j < lib->n; j++) {
        has[j] = words_of(lib->expert[j], "modalities");
        if (!has[j] && p->missing == MISSING_ERROR)
            return c->host->fail(c, PM_E_ARG,
                                 "expert \"%s\" has no attribute modalities (text,image ...); add "
                                 "it, or set missing = \"text\" or \"worst\"",
                                 lib->expert[j]->id);
        if (!has[j]) has[j] = p->missing == MISSING_TEXT ? "text" : "";
    }
    return PM_OK;
}

static pm_status eval(const pm_constraint *k, pm_call *c, const pm_library *lib,
                      const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    (void)k, (void)s;
    const struct modality_params *p = c->params;
    const char **has = c->host->scratch(c, lib->n, sizeof *has), *before = NULL;
    if (!has) return PM_E_MEMORY;
    pm_status st = check_list(c, "needs", p->needs);
    if (st == PM_OK) st = find_all(c, lib, has);
    for (size_t i = 0; i < x->n && st == PM_OK; i++) {
        const char *needs;
        st = needs_of(c, x, i, &needs);
        if (i && needs == before) {
            memcpy(pm_row(out, i), pm_row(out, i - 1), lib->n * sizeof(float));
            continue;
        }
        for (size_t j = 0; j < lib->n && st == PM_OK; j++) {
            double n = lacking(needs, has[j]);
            pm_row(out, i)[j] = (float)(p->scale == SCALE_ANY && n > 1 ? 1 : n);
        }
        before = needs;
    }
    return st;
}

static const char *const scale_words[] = {"any", "raw", NULL};
static const char *const missing_words[] = {"error", "worst", "text", NULL};
static const pm_param params[] = {
    PM_PARAM_TEXT(struct modality_params, needs, "text",
                  "what prompts bring, by commas: text, image, audio, video, file"),
    PM_PARAM_TEXT(struct modality_params, from, "modalities",
                  "attribute of a prompt that says so for that prompt; \"\" = none is asked"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct modality_params, scale, SCALE_ANY, 0, 1, scale_words,
                   "\"any\" 0 or 1, \"raw\" how many modalities are lacking"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct modality_params, missing, MISSING_TEXT, 0, 2, missing_words,
                   "an expert without modalities: \"text\" = takes text alone, \"worst\" = takes "
                   "nothing, \"error\""),
    PM_PARAM_END,
};

static const pm_constraint_type modality = {
    .size = sizeof modality,
    .name = "modality",
    .doc = "Whether an expert lacks a modality that the prompt brings, or how many it lacks. The "
           "expert's are its attribute modalities; the prompt's are the parameter needs, or the "
           "prompt's own attribute. Hard by nature, bound 0.5.",
    .source = "ours",
    .unit = "modalities that are lacking",
    .params = params,
    .params_bytes = sizeof(struct modality_params),
    .senses = PM_SENSE_BIT(PM_HARD) | PM_SENSE_BIT(PM_SOFT),
    .per_prompt = 1,
    .eval = eval,
    .usual_bound = 0.5,
};
PM_PLUGIN_CONSTRAINT(modality, "1.0", "MIT")
