/* SPDX-License-Identifier: MIT
 *
 * Canonical JSON of a corpus' spec and of a mix.
 */
#include "data/corpus_json.h"

#include <string.h>

void corpus_spec_json(const corpus_spec *s, str *out)
{
    const struct {
        const char *name;
        double value;
    } all[] = {{"big_document", s->big_document},
               {"cap_test", (double)s->cap_test},
               {"cap_train", (double)s->cap_train},
               {"domain_bytes", (double)s->domain_bytes},
               {"max_chars", (double)s->max_chars},
               {"max_file_bytes", (double)s->max_file_bytes},
               {"min_chars", (double)s->min_chars},
               {"min_domain_bytes", (double)s->min_domain_bytes},
               {"min_domains", (double)s->min_domains},
               {"near_duplicate", (double)s->near_duplicate},
               {"overlap", s->overlap},
               {"test", s->test},
               {"train", s->train}};
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
        str_printf(out, "%s\"%s\":", k ? "," : "{", all[k].name);
        str_number(out, all[k].value);
    }
    str_puts(out, "}");
}

void corpus_mix_json(const corpus_mix *m, str *out)
{
    str_puts(out, "{\"base\":");
    str_number(out, m->base);
    str_puts(out, ",\"doses\":{");
    for (size_t k = 0; k < m->n_doses; k++) {
        str_puts(out, k ? "," : "");
        str_json(out, m->domain[k], strlen(m->domain[k]));
        str_puts(out, ":");
        str_number(out, m->dose[k]);
    }
    str_puts(out, "},\"without\":[");
    for (size_t k = 0; k < m->n_without; k++) {
        str_puts(out, k ? "," : "");
        str_json(out, m->without[k], strlen(m->without[k]));
    }
    str_puts(out, "]}");
}
