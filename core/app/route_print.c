/* SPDX-License-Identifier: MIT
 *
 * A decision as text or JSON.  Why it is so: route_explain.c.
 */
#include "app/route_print.h"

#include <math.h>
#include <string.h>

#include "app/route_explain.h"
#include "app/route_flags.h"
#include "base/str.h"

static void print_json(const pipeline *p, const route_prompt *x, const pipeline_result *r,
                       const route_print_options *o, FILE *to)
{
    str s = STR_INIT;
    str_puts(&s, "{");
    if (x->id) {
        str_puts(&s, "\"id\":");
        str_json(&s, x->id, strlen(x->id));
        str_puts(&s, ",");
    }
    str_puts(&s, "\"expert\":");
    if (r->choice[0] == PM_NO_COL) {
        str_puts(&s, "null");
    } else {
        const char *id = p->lib->expert[r->choice[0]]->id;
        str_json(&s, id, strlen(id));
    }
    str_puts(&s, ",\"router\":");
    str_json(&s, o->label, strlen(o->label));
    if (o->model) {
        str_puts(&s, ",\"model\":");
        str_json(&s, o->model, strlen(o->model));
        str_puts(&s, ",\"alpha\":");
        str_number(&s, o->alpha);
    }
    str_printf(&s, ",\"value_kind\":\"%s\"", value_kind_name(r->kind));
    if (o->cut.texts)
        str_printf(&s, ",\"tokens\":%llu,\"tokens_cut\":%llu", (unsigned long long)o->cut.tokens,
                   (unsigned long long)o->cut.tokens_cut);
    if (o->words) route_flags_json(o->words, o->said, p, &s);
    if (o->explain) route_explain_json(p, r, &s);
    fprintf(to, "%s}\n", str_text(&s));
    str_close(&s);
}

void route_print(const pipeline *p, const route_prompt *x, const pipeline_result *r,
                 const route_print_options *o, FILE *to)
{
    if (o->json) {
        print_json(p, x, r, o, to);
        return;
    }
    if (r->choice[0] == PM_NO_COL)
        fputs("(abstains)\n", to);
    else
        fprintf(to, "%s\n", p->lib->expert[r->choice[0]]->id);
    if (o->explain) route_explain_table(p, r, o->label, to);
    if (o->explain && o->words) route_flags_explain(o->words, o->said, p, to);
}
