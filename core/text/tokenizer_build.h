/* SPDX-License-Identifier: MIT
 *
 * The one way in which tokenisers are made; private to text/tokenizer_*.c.
 */
#ifndef PM_TEXT_TOKENIZER_BUILD_H
#define PM_TEXT_TOKENIZER_BUILD_H

#include "text/tokenizer_private.h"

PM_MUST_USE pm_status tokenizer_make(const json *frame, const tokenizer_parts *p, model_kind kind,
                                     arena *a, tokenizer **out, pm_err *err);

#endif
