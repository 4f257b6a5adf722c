/* SPDX-License-Identifier: MIT
 *
 * What a domain's rule means for a file: patterns of names, and the settings that a kind brings along.
 */
#include <string.h>

#include "data/corpus_private.h"

/* Defaults that are right for most files of a kind; docs/corpora.md says why. */
enum { SECTION = 48000, CHANGELOG_CAP = 400000, CODE_LINE = 250 };

corpus_rule corpus_rule_for(const corpus_rule *given, text_kind kind)
{
    corpus_rule r = *given;
    bool is_list = kind == TEXT_FORTUNE || kind == TEXT_WORDNET || kind == TEXT_DICTD;
    bool is_code = kind == TEXT_CODE || kind == TEXT_PERL;
    r.kind = kind;
    if (!r.has_section) r.section = is_list ? SECTION : 0;
    if (!r.has_file_cap) r.file_cap = kind == TEXT_CHANGELOG ? CHANGELOG_CAP : 0;
    if (!r.has_mean_line) r.mean_line = is_code ? CODE_LINE : 0;
    if (!r.has_dedup) r.dedup_paragraphs = kind == TEXT_COPYRIGHT;
    return r;
}

/* Wildcards: ? one byte, * any but /, ** any.  A failed try goes back to the last star only, or to the last ** if that fails
 * too: at most length x length steps for each of the two. */
static bool matches(const char *pattern, const char *s)
{
    const char *star = NULL, *star_at = NULL, *wide = NULL, *wide_at = NULL;
    for (;;) {
        if (pattern[0] == '*') {
            bool is_wide = pattern[1] == '*';
            while (*pattern == '*') pattern++;
            if (is_wide) {
                wide = pattern;
                wide_at = s;
                star = NULL;
            } else {
                star = pattern;
                star_at = s;
            }
        } else if (*pattern && *s && (*pattern == *s || (*pattern == '?' && *s != '/'))) {
            pattern++;
            s++;
        } else if (!*pattern && !*s) {
            return true;
        } else if (star && *star_at && *star_at != '/') {
            pattern = star;
            s = ++star_at;
        } else if (wide && *wide_at) {
            star = NULL;
            pattern = wide;
            s = ++wide_at;
        } else {
            return false;
        }
    }
}

/* A pattern against a path, or a name alone; `len` bytes of it count. */
static bool matches_part(const char *pattern, const char *path, size_t len)
{
    char part[4096];
    if (len >= sizeof part) return false;
    memcpy(part, path, len);
    part[len] = '\0';
    return matches(pattern, part);
}

static bool matches_path(const char *pattern, const char *path, bool folders)
{
    size_t len = strlen(path);
    bool packed = len > 3 && strcmp(path + len - 3, ".gz") == 0;
    if (strchr(pattern, '/'))
        return matches_part(pattern, path, len) || (packed && matches_part(pattern, path, len - 3));
    for (const char *at = path;;) {
        const char *slash = strchr(at, '/');
        size_t part = slash ? (size_t)(slash - at) : strlen(at);
        if (!slash || folders) {
            if (matches_part(pattern, at, part)) return true;
            if (!slash && packed && matches_part(pattern, at, part - 3)) return true;
        }
        if (!slash) return false;
        at = slash + 1;
    }
}

bool corpus_takes(const corpus_rule *rule, const char *path)
{
    for (size_t k = 0; k < rule->skip.n; k++)
        if (matches_path(rule->skip.at[k], path, true)) return false;
    for (size_t k = 0; k < rule->include.n; k++)
        if (matches_path(rule->include.at[k], path, false)) return true;
    return rule->include.n == 0;
}
