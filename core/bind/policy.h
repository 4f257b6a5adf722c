/* SPDX-License-Identifier: MIT
 *
 * Policies made of Lua functions (pm.router_fn, pm.objective_fn, pm.constraint_fn) as plugins in memory:
 * full descriptors whose slots call the functions, one at a time, in the script's restricted state.
 */
#ifndef PM_BIND_POLICY_H
#define PM_BIND_POLICY_H

#include <lua.h>

#include "bind/node.h"
#include "plug/registry.h"

typedef struct script script;

typedef struct policy_function {
    int ref;           /* in the Lua registry; 0: not given */
    const char *where; /* "file:line" of its `function` */
} policy_function;

typedef struct lua_policy {
    script *s;
    plugin_kind kind;
    const char *name, *where, *doc;
    const void *identity;      /* of the Lua table that defines it */
    const plugin_entry *entry; /* in the registry; NULL: the definition is wrong */
    pm_param *rows;            /* [n_params + 1] */
    bool *is_whole;            /* [n_params] its default was written without a fraction */
    size_t n_params;
    const char *const *reads; /* NULL-terminated attributes that it declares, or NULL */
    policy_function train, predict, score, value;
    char span[65]; /* SHA-256 of declarations, functions' text and what they hold from outside */
    union {
        pm_router_type router;
        pm_objective_type objective;
        pm_constraint_type constraint;
    } type;
} lua_policy;

/* Reads the policies that the script defined; what is wrong goes to the complaints.  Call it protected. */
void policies_read(lua_State *L, script *s);
/* Adds them to the registry / takes them out again. */
void policies_register(script *s);
void policies_forget(script *s);

/* The policy that a node (router_fn ...) defines, or NULL. */
const lua_policy *policy_of_node(const script *s, const node *v);

/* Whether the script defines a policy of this name, with mistakes that were told. */
bool policy_is_broken(const script *s, plugin_kind kind, const char *name);

/* Hash of a definition: what it declares (without name and doc), the source lines of its functions and, in
 * turn, the values they refer to. */
void policy_hash(lua_State *L, const script *s, const node *v, char hex[65]);

/* ---- kinds: what the definition may hold, and the slots ---- */

void policy_router_define(lua_policy *p, const node *v);
void policy_objective_define(lua_policy *p, const node *v);
void policy_constraint_define(lua_policy *p, const node *v);

/* ---- calls ---- */

/* Runs body(job) in the script's state, alone; `cells` adds to the instruction limit.  A failure is
 * recorded with c->host->fail. */
PM_MUST_USE pm_status policy_run(const lua_policy *p, pm_call *c, lua_CFunction body, void *job,
                                 size_t cells);
/* In a body: raises "file:line: NAME ..." with this status. */
int policy_refuse(lua_State *L, pm_status st, const policy_function *f, const char *fmt, ...);
const lua_policy *policy_of_call(const pm_call *c);

void policy_push(lua_State *L, const policy_function *f);
void policy_push_params(lua_State *L, const lua_policy *p, const void *params);
/* List of { id = ..., attributes that p declares to read }; messages call one of them `what`. */
void policy_push_experts(lua_State *L, const lua_policy *p, const pm_library *lib,
                         const char *what);
/* What of them the bits PM_NEEDS_... declare. */
void policy_push_prompts(lua_State *L, const pm_prompts *x, uint32_t needs);
const char *policy_kind_word(pm_value_kind kind); /* "quality" ... */
uint32_t policy_kind_bit(const char *word);       /* 0: unknown */
const char *const *policy_kind_words(void);

/* pm.uniform(stream, i): of the call that runs now. */
int policy_uniform(lua_State *L);

#endif
