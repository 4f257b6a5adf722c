/* SPDX-License-Identifier: MIT
 *
 * A corpus' spec and a mix as canonical JSON (sorted keys, every field): what specs and keys of jobs hold.
 */
#ifndef PM_DATA_CORPUS_JSON_H
#define PM_DATA_CORPUS_JSON_H

#include "base/str.h"
#include "data/corpus.h"

/* {"big_document":..,"cap_test":.., ...} and {"base":..,"doses":{..},"without":[..]}, as the fields stand. */
void corpus_spec_json(const corpus_spec *s, str *out);
void corpus_mix_json(const corpus_mix *m, str *out);

#endif
