/* SPDX-License-Identifier: MIT
 *
 * Parts of plugins that must be refused: each .c file beside this one is wrong in one place.  The
 * functions are never called.
 */
#ifndef PART_H
#define PART_H

#include <pointsman/plugin.h>

struct pm_router {
    float mean;
};
struct part_params {
    double shrink;
};

static inline pm_status part_train(struct pm_router *r, pm_call *c, const pm_fit *fit)
{
    (void)r;
    (void)c;
    (void)fit;
    return PM_OK;
}

static inline pm_status part_predict(const struct pm_router *r, pm_call *c, const pm_library *lib,
                                     const pm_prompts *x, pm_scores *out)
{
    (void)r;
    (void)c;
    (void)lib;
    (void)x;
    (void)out;
    return PM_OK;
}

static inline pm_status part_save(const struct pm_router *r, pm_call *c, pm_store *s)
{
    (void)r;
    (void)c;
    (void)s;
    return PM_OK;
}

static inline pm_status part_load(struct pm_router *r, pm_call *c, pm_store *s)
{
    (void)r;
    (void)c;
    (void)s;
    return PM_OK;
}

/* A router descriptor; what a file gets wrong follows as further designators, which win. */
#define PART_ROUTER                                                                                \
    .size = sizeof(pm_router_type), .name = "part", .doc = "Never built.", .source = "none",       \
    .params_bytes = sizeof(struct part_params), .value_kinds = PM_VALUE_BIT(PM_VALUE_QUALITY),     \
    .state_bytes = sizeof(struct pm_router), .train = part_train, .predict = part_predict,         \
    .save = part_save, .load = part_load

/* A plugin with the list `routers` of the file. */
#define PART_PLUGIN                                                                                \
    .magic = PM_MAGIC, .abi = PM_ABI, .size = sizeof(pm_plugin), .real_bytes = sizeof(float),      \
    .name = "part", .version = "1.0", .license = "MIT", .routers = routers

#define PART_ENTRY                                                                                 \
    const pm_plugin *pm_plugin_entry(uint32_t host_abi)                                            \
    {                                                                                              \
        (void)host_abi;                                                                            \
        return &self;                                                                              \
    }

#endif
