-- SPDX-License-Identifier: MIT
-- Sense, weight and bound do not go together; words and numbers that are none.
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = { pm.router "prior" {} },
  constraints = {
    pm.constraint "price" { weight = -1, label = "a" },
    pm.constraint "price" { weight = "much", label = "b" },
    pm.constraint "price" { bound = 3, label = "c" },
    pm.constraint "price" { sense = "hard", label = "d" },
    pm.constraint "price" { sense = "hard", bound = 1, weight = 2, label = "e" },
    pm.constraint "price" { sense = "firm", label = "f" },
    pm.constraint "prize" {},
    pm.constraint "size" { scale = "cubic", label = "g" },
    pm.constraint "price" { weight = 0 / 0, label = "h" },
    pm.constraint "price" { sense = "hard", bound = 1 / 0, label = "i" },
  },
}
-- expect: constraint.lua:8: constraints[1] "price".weight = -1; a weight below 0 has no meaning for constraint 'price' (less is better); want a number >= 0
-- expect: constraint.lua:9: constraints[2] "price".weight = "much"; want a number >= 0, pm.grid { ... } or pm.sweep { ... }
-- expect: constraint.lua:10: constraints[3] "price".bound is for sense = "hard" or "budget"; a soft one has a weight
-- expect: constraint.lua:11: constraints[4] "price".bound is missing (largest value that is allowed, in USD per 1,000 calls)
-- expect: constraint.lua:12: constraints[5] "price".weight is for sense = "soft"; a hard one has a bound
-- expect: constraint.lua:13: constraints[6] "price".sense = "firm"; want "soft", "hard" or "budget"
-- expect: constraint.lua:14: constraints[7] "prize": unknown constraint 'prize'; did you mean 'price'?  `pointsman plugins` lists what was found
-- expect: constraint.lua:15: constraints[8] "size".scale = 'cubic' is not one of 'log', 'max', 'raw'
-- expect: constraint.lua:16: constraints[9] "price".weight = NaN; want a number >= 0, pm.grid { ... } or pm.sweep { ... }
-- expect: constraint.lua:17: constraints[10] "price".bound = infinity is outside [0, 1e+300]
