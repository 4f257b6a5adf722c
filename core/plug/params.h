/* SPDX-License-Identifier: MIT
 *
 * Parameter rows -> a plugin's own struct: parsing, ranges, defaults, help, suggestions and the canonical
 * JSON text that is hashed and stored.  All of it comes from the rows.
 */
#ifndef PM_PLUG_PARAMS_H
#define PM_PLUG_PARAMS_H

#include "base/json.h"
#include "plug/registry.h"

typedef enum param_kind { PARAM_NUMBER, PARAM_FLAG, PARAM_TEXT } param_kind;
typedef struct param_value { /* as the user gave it */
    const char *name;
    param_kind kind;
    double number;    /* NUMBER */
    bool flag;        /* FLAG */
    const char *text; /* TEXT */
} param_value;

/* Called once for every complaint: "unknown parameter 'kk'; did you mean 'k'?" or
 * ".k = 0 is outside [1, 4096]". `index` is the given value's, or n for a missing one. */
typedef void (*param_complain)(void *arg, size_t index, const char *message);

/* Fills a fresh struct of `bytes` in the arena.  Every complaint is reported; the status is PM_E_ARG
 * if there was any.  Without `complain` the first complaint goes to err. */
PM_MUST_USE pm_status params_build(const pm_param *rows, size_t bytes, const param_value *given,
                                   size_t n, arena *a, void **out, param_complain complain,
                                   void *arg, pm_err *err);

/* The value is text: PM_P_STR, PM_P_MODEL. */
static inline bool params_is_text(const pm_param *p)
{
    return p->type == PM_P_STR || p->type == PM_P_MODEL;
}

/* The complaint about a name that is no row: "unknown parameter 'kk'; did you mean 'k'?", or what there is.
 * `also`: names that the host takes at the same place ("weight", "label"; NULL-terminated, or NULL). */
void params_unknown(const pm_param *rows, const char *const *also, const char *name, char *out,
                    size_t bytes);

/* Rows themselves are sane: names, bytes match types, defaults inside ranges (used by the loader). */
PM_MUST_USE pm_status params_check_rows(const pm_param *rows, size_t bytes, const char *who,
                                        pm_err *err);

/* Canonical JSON object, rows in order, every value present. */
void params_to_json(const pm_param *rows, const void *built, str *out);
/* The same object for content keys: a model (PM_P_MODEL, other than "") stands there as the SHA-256 of what is
 * computed from, wherever it lies and whatever it is called.  *bad names the row of a model that is not on this machine, with
 * what to do about it in err; else NULL.  Costs a read of the files unless the model is a named one. */
PM_MUST_USE pm_status params_key(const pm_param *rows, size_t bytes, const void *built, arena *a,
                                 const char **out, const pm_param **bad, pm_err *err);
PM_MUST_USE pm_status params_from_json(const pm_param *rows, size_t bytes, const json *j, arena *a,
                                       void **out, pm_err *err);

/* The page of `pointsman plugins KIND/NAME`: doc, source, value kinds, capabilities, parameter table. */
void params_help(const plugin_entry *e, str *out);

#endif
