-- SPDX-License-Identifier: MIT
-- Bounds that are a constraint's own, weights below 0, budgets of width 0.
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = { pm.router "prior" {} },
  constraints = {
    pm.constraint "licence" {},
    pm.constraint "licence" { weight = 1, label = "fee" },
    pm.constraint "attribute" { name = "context", weight = -1, label = "a" },
    pm.constraint "attribute" { name = "context", weight = pm.sweep { from = -1, to = 1, steps = 3 }, label = "b" },
    pm.constraint "attribute" { name = "context", weight = pm.sweep { from = -1, to = 1, steps = 3, scale = "log" }, label = "c" },
    pm.constraint "size" { weight = pm.sweep { from = -1, to = 1, steps = 3 }, label = "d" },
    pm.constraint "size" { weight = pm.grid { 1, -1 }, label = "e" },
    pm.constraint "price" { sense = "budget", bound = 0, label = "f" },
    pm.constraint "price" { sense = "budget", label = "g" },
    pm.constraint "licence" { sense = "budget", label = "h" },
    pm.constraint "licence" { bound = 0, weight = 1, label = "i" },
    pm.constraint "tools" { sense = "budget", bound = 1, label = "j" },
  },
  objective = pm.objective "budget" {},
}
-- expect: constraint_bounds.lua:12: constraints[5] "attribute".weight: weights below 0 want scale = "linear"
-- expect: constraint_bounds.lua:13: constraints[6] "size".weight.from = -1; a weight below 0 has no meaning for constraint 'size' (less is better); want a number >= 0
-- expect: constraint_bounds.lua:14: constraints[7] "size".weight[2] = -1; a weight below 0 has no meaning for constraint 'size' (less is better); want a number >= 0
-- expect: constraint_bounds.lua:15: constraints[8] "price".bound = 0: a budget of 0 leaves only experts whose value is 0 on every prompt; want a bound above 0, or sense = "hard" with bound = 0, which says so
-- expect: constraint_bounds.lua:16: constraints[9] "price".bound is missing (largest mean that is allowed, in USD per 1,000 calls)
-- expect: constraint_bounds.lua:17: constraints[10] "licence".bound is missing (largest mean that is allowed, in 0 allowed, 1 not)
-- expect: constraint_bounds.lua:18: constraints[11] "licence".weight is for sense = "soft"; a hard one has a bound
-- expect: constraint_bounds.lua:19: constraints[12] "tools".sense = "budget"; constraint 'tools' offers "soft" or "hard"
