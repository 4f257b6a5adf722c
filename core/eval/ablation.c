/* SPDX-License-Identifier: MIT
 *
 * The canonical text of an ablation, for keys and specifications.
 */
#include "eval/ablation.h"

#include <string.h>

static void put_list(const char *key, const double *v, size_t n, str *out)
{
    str_printf(out, ",\"%s\":[", key);
    for (size_t k = 0; k < n; k++) {
        str_puts(out, k ? "," : "");
        str_number(out, v[k]);
    }
    str_puts(out, "]");
}

static void put_factor(const ablation_factor *f, str *out)
{
    const double range[] = {f->low, f->high};
    str_puts(out, "{\"label\":");
    str_json(out, f->label, strlen(f->label));
    str_printf(out, ",\"switch\":%s,\"log\":%s,\"nominal\":", f->is_switch ? "true" : "false",
               f->is_log ? "true" : "false");
    str_number(out, f->nominal);
    put_list("levels", f->level, f->level ? f->n_levels : 0, out);
    put_list("range", range, 2, out);
    str_puts(out, "}");
}

void ablation_json(const ablation_choice *c, str *out)
{
    const ablation_spec *s = &c->spec;
    str_printf(out,
               "{\"leave_one_out\":%d,\"one_at_a_time\":%d,\"interactions\":%d,\"shapley\":%d,"
               "\"design\":%d,\"points\":%zu,\"resolution\":%d,\"permutations\":%zu,\"seed\":%llu,"
               "\"factors\":[",
               s->leave_one_out, s->one_at_a_time, c->interactions, c->shapley, (int)s->grid,
               s->points, s->resolution, s->permutations, (unsigned long long)s->seed);
    for (size_t k = 0; k < s->n; k++) {
        str_puts(out, k ? "," : "");
        put_factor(&s->factor[k], out);
    }
    str_puts(out, "],\"fronts\":[");
    for (size_t f = 0; f < c->n_fronts; f++) {
        str_puts(out, f ? ",[" : "[");
        for (size_t k = 0; k < c->front[f].n; k++) {
            str_puts(out, k ? "," : "");
            str_json(out, c->front[f].axis[k], strlen(c->front[f].axis[k]));
        }
        str_puts(out, "]");
    }
    str_puts(out, "],\"routers\":[");
    for (size_t k = 0; k < c->n_routers; k++) {
        str_puts(out, k ? "," : "");
        str_json(out, c->router[k], strlen(c->router[k]));
    }
    str_puts(out, "]}");
}
