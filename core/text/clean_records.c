/* SPDX-License-Identifier: MIT
 *
 * The two files that every Debian package has: its changelog and its copyright file.
 */
#include <string.h>

#include "text/clean_private.h"

/* " -- Name <mail>  date": who and when is noise, and somebody's address. */
void clean_changelog(const text_source *from, str *out)
{
    pm_str rest = from->text, line;
    while (text_line(&rest, &line)) {
        if (text_begins(line, " -- ") && memchr(line.ptr, '<', line.len)) continue;
        str_put(out, line.ptr, line.len);
        str_put(out, "\n", 1);
    }
}

static bool is_rule(pm_str line)
{
    return pm_str_equal(text_trim(line), "---");
}

/* A head in YAML: from a first line --- to the next. */
static pm_str without_head(pm_str text)
{
    pm_str rest = text, line;
    if (!text_line(&rest, &line) || !is_rule(line)) return text;
    while (text_line(&rest, &line))
        if (is_rule(line)) return rest;
    return text;
}

/* In a machine-readable file a line of one dot is an empty one, and text is indented by one blank. */
void clean_copyright(const text_source *from, str *out)
{
    pm_str rest = without_head(from->text), line;
    while (text_line(&rest, &line)) {
        if (!pm_str_equal(line, " .")) {
            size_t skip = line.len && line.ptr[0] == ' ';
            str_put(out, line.ptr + skip, line.len - skip);
        }
        str_put(out, "\n", 1);
    }
}
