/* SPDX-License-Identifier: MIT
 *
 * licence: whether an expert's licence may be used: 0 allowed, 1 not.  By SPDX identifier or family, with
 * AND, OR and WITH of SPDX expressions.  A filter on what is declared, no legal advice.
 */
#include <pointsman/plugin.h>

#include "attr_column.h"
#include "attr_words.h"

struct licence_params {
    const char *allow, *deny;
    int64_t unknown, missing;
};

enum { UNKNOWN_DENY, UNKNOWN_ALLOW, UNKNOWN_ERROR };
enum { MISSING_ERROR, MISSING_WORST, MISSING_ALLOW };
typedef enum verdict { ALLOWED, DENIED, UNKNOWN } verdict;

typedef struct policy { /* what is asked, and the host's table of licences */
    const struct licence_params *p;
    const pm_spdx_service *table;
} policy;

static int is_listed(const char *list, pm_str id, const char *family)
{
    return words_have(list, id) || words_have(list, (pm_str){family, strlen(family)});
}

static verdict judge_one(const policy *by, pm_str id)
{
    const struct licence_params *p = by->p;
    const char *family = by->table->family(id.ptr, id.len);
    if (!family) /* a text of one's own may be named as it stands */
        return words_have(p->deny, id) ? DENIED : words_have(p->allow, id) ? ALLOWED : UNKNOWN;
    if (is_listed(p->deny, id, family)) return DENIED;
    return !p->allow[0] || is_listed(p->allow, id, family) ? ALLOWED : DENIED;
}

/* Where `word` stands as a word of its own in text, or text.len. */
static size_t find_word(pm_str text, const char *word)
{
    size_t n = strlen(word);
    for (size_t b = 1; b + n < text.len; b++)
        if (memcmp(text.ptr + b, word, n) == 0 && text.ptr[b - 1] == ' ' && text.ptr[b + n] == ' ')
            return b;
    return text.len;
}

static pm_str trimmed(const char *ptr, size_t len)
{
    while (len && words_is_blank(*ptr)) ptr++, len--;
    while (len && words_is_blank(ptr[len - 1])) len--;
    return (pm_str){ptr, len};
}

/* The worse of two for AND, the better for OR; not knowing lies between. */
static int rank_of(verdict v)
{
    return v == ALLOWED ? 0 : v == UNKNOWN ? 1 : 2;
}

/* Terms joined by `word`: "AND" wants all of them, "OR" one. */
static verdict judge_joined(const policy *by, pm_str text, int is_or)
{
    const char *word = is_or ? "OR" : "AND";
    verdict sum = is_or ? DENIED : ALLOWED;
    for (;;) {
        size_t at = find_word(text, word);
        pm_str term = trimmed(text.ptr, at);
        verdict v;
        if (is_or) {
            v = judge_joined(by, term, 0);
        } else {
            size_t with = find_word(term, "WITH"); /* an exception only adds rights */
            v = judge_one(by, trimmed(term.ptr, with));
        }
        if (is_or ? rank_of(v) < rank_of(sum) : rank_of(v) > rank_of(sum)) sum = v;
        if (at == text.len) return sum;
        at += strlen(word);
        text = (pm_str){text.ptr + at, text.len - at};
    }
}

/* The identifier of the table that is nearest in spelling, or NULL. */
static const char *near_id(const policy *by, const char *text)
{
    const char *best = NULL;
    unsigned least = 4;
    for (const pm_spdx *r = by->table->rows(); r->id; r++) {
        unsigned d = column_distance(text, r->id);
        if (d < least && d < strlen(r->id)) least = d, best = r->id;
    }
    return best;
}

static pm_status check_list(pm_call *c, const policy *by, const char *name, const char *list)
{
    pm_str word;
    while (words_next(&list, &word)) {
        int known = by->table->family(word.ptr, word.len) != NULL;
        for (const char *const *f = by->table->families(); *f; f++)
            known |= words_equal(word, (pm_str){*f, strlen(*f)});
        if (known || by->p->unknown == UNKNOWN_ALLOW) continue;
        char text[64] = "";
        memcpy(text, word.ptr, word.len < 63 ? word.len : 63);
        const char *near = near_id(by, text);
        return c->host->fail(c, PM_E_ARG,
                             "%s: \"%s\" is no SPDX identifier that is known and no family "
                             "(permissive, weak-copyleft, copyleft, network-copyleft, content, "
                             "noncommercial, proprietary, custom)%s%s%s",
                             name, text, near ? "; did you mean \"" : "", near ? near : "",
                             near ? "\"?" : "");
    }
    return PM_OK;
}

static pm_status judge(pm_call *c, const policy *by, const pm_expert *e, int *forbidden)
{
    const struct licence_params *p = by->p;
    const char *text = words_of(e, "licence");
    if (!text || !*text) {
        if (p->missing == MISSING_ERROR)
            return c->host->fail(c, PM_E_ARG,
                                 "expert \"%s\" has no attribute licence (an SPDX identifier); add "
                                 "it, or set missing = \"worst\" or \"allow\"",
                                 e->id);
        *forbidden = p->missing == MISSING_WORST;
        return PM_OK;
    }
    verdict v = judge_joined(by, (pm_str){text, strlen(text)}, 1);
    if (v == UNKNOWN && p->unknown == UNKNOWN_ERROR) {
        const char *near = near_id(by, text);
        return c->host->fail(
            c, PM_E_ARG,
            "expert \"%s\": licence \"%.80s\" is not known%s%s%s; name it in allow "
            "or deny, or set unknown = \"deny\" or \"allow\"",
            e->id, text, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
    *forbidden = v == DENIED || (v == UNKNOWN && p->unknown == UNKNOWN_DENY);
    return PM_OK;
}

static pm_status eval(const pm_constraint *k, pm_call *c, const pm_library *lib,
                      const pm_prompts *x, const pm_scores *s, pm_mat out)
{
    (void)k, (void)x, (void)s;
    policy by = {c->params, c->host->service(PM_SPDX_SERVICE)};
    if (!by.table)
        return c->host->fail(c, PM_E_UNSUPPORTED,
                             "this host knows no licences (" PM_SPDX_SERVICE ")");
    pm_status st = check_list(c, &by, "allow", by.p->allow);
    if (st == PM_OK) st = check_list(c, &by, "deny", by.p->deny);
    for (size_t j = 0; j < lib->n && st == PM_OK; j++) {
        int forbidden = 0;
        st = judge(c, &by, lib->expert[j], &forbidden);
        pm_row(out, 0)[j] = forbidden ? 1 : 0;
    }
    return st;
}

static const char *const unknown_words[] = {"deny", "allow", "error", NULL};
static const char *const missing_words[] = {"error", "worst", "allow", NULL};
static const pm_param params[] = {
    PM_PARAM_TEXT(struct licence_params, allow, "",
                  "identifiers and families that are allowed, by commas; \"\" = all that are known "
                  "and not denied"),
    PM_PARAM_TEXT(struct licence_params, deny, "",
                  "identifiers and families that are forbidden, by commas; stronger than allow"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct licence_params, unknown, UNKNOWN_DENY, 0, 2, unknown_words,
                   "a licence that is not in the table: \"deny\", \"allow\" (what is in deny stays "
                   "denied) or \"error\""),
    PM_PARAM_WORDS(PM_P_CHOICE, struct licence_params, missing, MISSING_ERROR, 0, 2, missing_words,
                   "an expert without licence: \"error\", \"worst\" = forbidden, \"allow\""),
    PM_PARAM_END,
};

static const pm_constraint_type licence = {
    .size = sizeof licence,
    .name = "licence",
    .doc = "0 where an expert's licence is allowed, 1 where not. Lists name SPDX identifiers "
           "(Apache-2.0) and families (permissive, weak-copyleft, copyleft, network-copyleft, "
           "content, noncommercial, proprietary, custom = LicenseRef-*); in an expression OR wants "
           "one licence allowed, AND all. Hard by nature, bound 0.5; as a soft term, a fee. Wins "
           "where policy is by licence; believes what the library says.",
    .source =
        "SPDX specification 2.3, annex D (expressions, without parentheses); tryage notes 1.3",
    .unit = "0 allowed, 1 not",
    .params = params,
    .params_bytes = sizeof(struct licence_params),
    .senses = PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD) | PM_SENSE_BIT(PM_BUDGET),
    .per_prompt = 0,
    .eval = eval,
    .usual_bound = 0.5,
};
PM_PLUGIN_CONSTRAINT(licence, "1.0", "MIT")
