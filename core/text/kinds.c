/* SPDX-License-Identifier: MIT
 *
 * Kinds by name: of corpus.json, and of a file.
 */
#include <string.h>
#include <strings.h>

#include "text/clean_private.h"

const char *const *text_kind_names(void)
{
    static const char *const name[TEXT_KINDS] = {"text",  "code",      "perl",     "pod",
                                                 "roff",  "html",      "fortune",  "wordnet",
                                                 "dictd", "changelog", "copyright"};
    return name;
}

/* The end of a name without the dot; "" if there is none. */
static pm_str end_of(pm_str name)
{
    for (size_t i = name.len; i > 1; i--)
        if (name.ptr[i - 1] == '.') return (pm_str){name.ptr + i, name.len - i};
    return (pm_str){"", 0};
}

static bool is_one_of(pm_str end, const char *list)
{
    for (const char *at = list; *at;) {
        size_t len = strcspn(at, " ");
        if (len == end.len && strncasecmp(at, end.ptr, len) == 0) return true;
        at += len + (at[len] == ' ');
    }
    return false;
}

/* "3", "3pm", "1ssl", "8postfix". */
static bool is_section(pm_str end)
{
    if (!end.len || end.len > 9 || end.ptr[0] < '1' || end.ptr[0] > '9') return false;
    for (size_t i = 1; i < end.len; i++)
        if ((end.ptr[i] < 'a' || end.ptr[i] > 'z') && (end.ptr[i] < 'A' || end.ptr[i] > 'Z'))
            return false;
    return true;
}

static bool looks_like_roff(pm_str text)
{
    pm_str line;
    for (size_t n = 0; n < 400 && text_line(&text, &line); n++)
        if (text_begins(line, ".TH") || text_begins(line, ".Dd") || text_begins(line, ".so "))
            return true;
    return false;
}

text_kind text_kind_of(const char *file_name, pm_str text)
{
    static const struct {
        const char *ends;
        text_kind kind;
    } by_end[] = {
        {"html htm xhtml xml", TEXT_HTML},
        {"pod", TEXT_POD},
        {"pm pl t", TEXT_PERL},
        {"dict", TEXT_DICTD},
        {"c h cc cpp cxx hh hpp hxx ipp inl js mjs jsx ts tsx css java go rs cs php swift kt scala "
         "m",
         TEXT_CODE},
        {"py pyi rb sh bash awk tcl r mk am ac cmake jl", TEXT_CODE},
        {"el lisp lsp cl scm rkt clj", TEXT_CODE},
        {"sty tex ltx def cls ldf dtx bst", TEXT_CODE},
        {"ml mli hl thy v lua hs sql ads adb f90 f95", TEXT_CODE},
    };
    const char *slash = strrchr(file_name, '/');
    pm_str name = pm_str_of(slash ? slash + 1 : file_name);
    if (is_one_of(end_of(name), "gz dz")) name.len -= 3;
    if (text_begins_fold(name, "changelog")) return TEXT_CHANGELOG;
    if (pm_str_equal(name, "copyright")) return TEXT_COPYRIGHT;
    if (is_one_of(name, "data.noun data.verb data.adj data.adv")) return TEXT_WORDNET;
    pm_str end = end_of(name);
    if (is_section(end)) return looks_like_roff(text) ? TEXT_ROFF : TEXT_PLAIN;
    for (size_t k = 0; k < sizeof by_end / sizeof *by_end; k++)
        if (is_one_of(end, by_end[k].ends)) return by_end[k].kind;
    return TEXT_PLAIN;
}
