/* SPDX-License-Identifier: MIT
 *
 * stream = { prefix = share, orders = number, seed = number }: how an objective that learns between decisions meets the
 * test prompts.
 */
#include "bind/script_private.h"

void build_stream(script *s, const node *v, experiment *x)
{
    static const schema_row rows[] = {
        {"prefix", WANT_NUMBER, 0, 0.9, NULL, false, NULL},
        {"orders", WANT_WHOLE, 1, 1000, NULL, false, NULL},
        {"seed", WANT_WHOLE, 0, 9007199254740992.0, NULL, false, NULL},
        SCHEMA_END};
    if (!v || v->kind != NODE_TABLE || !schema_check(&s->wrong, v, "stream", rows, false)) return;
    x->stream = (stream_choice){.is_given = true,
                                .prefix = schema_number(v, "prefix", 0.05),
                                .orders = (size_t)schema_number(v, "orders", 5),
                                .seed = (uint64_t)schema_number(v, "seed", 1)};
    const plugin_entry *o = x->objective.plugin;
    if (o && !o->type.objective->observe)
        complain(
            &s->wrong, v->where,
            "stream: objective \"%s\" does not learn between decisions, so the order of prompts "
            "means nothing to it; want an objective that does, such as \"budget\"",
            o->name);
}
