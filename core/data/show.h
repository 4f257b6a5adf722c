/* SPDX-License-Identifier: MIT
 *
 * Foreign text inside error messages: quoted, clipped, and safe to print on a terminal.
 */
#ifndef PM_DATA_SHOW_H
#define PM_DATA_SHOW_H

#include "base/str.h"

typedef struct shown {
    char text[80];
} shown;

/* "text" in double quotes, at most 48 bytes of it (then "..."), control characters and bytes that are
 * not UTF-8 as '?'.  Use: show_text(s).text inside one call. */
shown show_text(pm_str s);

#endif
