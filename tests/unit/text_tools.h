/* SPDX-License-Identifier: MIT
 *
 * What the tests of the text floor share: cleaning a string and comparing all of it.
 */
#ifndef PM_TEST_TEXT_TOOLS_H
#define PM_TEST_TEXT_TOOLS_H

#include "config.h"

#include "suite.h"

#include <string.h>

#include "text/clean.h"

static inline void clean_into(const char *name, text_kind kind, const char *in, str *out)
{
    text_source from = {name, kind, pm_str_of(in)};
    ck_assert_ptr_null(text_clean(&from, out));
    ck_assert(!out->failed);
}

/* The whole of the result, to the byte. */
static inline void must_clean(const char *name, text_kind kind, const char *in, const char *want)
{
    str out = STR_INIT;
    clean_into(name, kind, in, &out);
    ck_assert_str_eq(str_text(&out), want);
    str_close(&out);
}

#endif
