-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = { pm.router "prior" {} },
  constraints = { pm.constraint "price" {}, pm.constraint "price" { weight = 2 } },
}
-- expect: constraint_twice.lua:6: constraints[2]: "price" is constraints[1] already; give one of them a label
