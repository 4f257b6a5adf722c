/* SPDX-License-Identifier: MIT
 *
 * Foreign text inside error messages.
 */
#include "data/show.h"

enum { SHOWN_BYTES = 48 };

shown show_text(pm_str s)
{
    shown out;
    size_t used = 0;
    out.text[used++] = '"';
    size_t i = 0;
    while (i < s.len && used < SHOWN_BYTES) {
        size_t from = i;
        uint32_t c = utf8_next(s.ptr, s.len, &i);
        if (c < 0x20 || (c >= 0x7f && c < 0xa0) || (c == 0xfffd && i - from == 1)) {
            out.text[used++] = '?';
        } else {
            memcpy(out.text + used, s.ptr + from, i - from);
            used += i - from;
        }
    }
    if (i < s.len) {
        memcpy(out.text + used, "...", 3);
        used += 3;
    }
    out.text[used++] = '"';
    out.text[used] = '\0';
    return out;
}
