-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
local function price(label, sweep)
  return pm.constraint "price" { label = label, weight = sweep }
end
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = { pm.router "prior" {} },
  constraints = {
    price("a", pm.sweep { from = 0, to = 50, steps = 21, scale = "log" }),
    price("b", pm.sweep { from = 5, to = 5, steps = 3 }),
    price("c", pm.sweep { from = 0, steps = 1, scale = "logp" }),
    price("d", pm.sweep { 0, 1, 2 }),
    price("e", pm.sweep { from = 0, to = 1, steps = 1e9 }),
  },
}
-- expect: sweep.lua:10: constraints[1] "price".weight: scale = "log" wants from > 0; "log1p" may begin at 0
-- expect: sweep.lua:11: constraints[2] "price".weight: from = 5 is not below to = 5
-- expect: sweep.lua:12: constraints[3] "price".weight.scale = "logp"; want "linear", "log1p" or "log"; did you mean "log1p"?
-- expect: sweep.lua:12: constraints[3] "price".weight.steps = 1 is outside [2, 1001]
-- expect: sweep.lua:12: constraints[3] "price".weight: to is missing (last weight)
-- expect: sweep.lua:13: constraints[4] "price".weight: 0 stands without a name; want name = value
-- expect: sweep.lua:13: constraints[4] "price".weight: from is missing (first weight)
-- expect: sweep.lua:13: constraints[4] "price".weight: to is missing (last weight)
-- expect: sweep.lua:13: constraints[4] "price".weight: steps is missing (how many weights, both ends included)
-- expect: sweep.lua:14: constraints[5] "price".weight.steps = 1000000000 is outside [2, 1001]
