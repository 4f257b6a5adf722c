-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
local weight <const> = pm.sweep { from = 0, to = 1, steps = 101 }
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = { pm.router "prior" {} },
  constraints = {
    pm.constraint "price" { weight = weight },
    pm.constraint "size" { weight = weight },
  },
}
-- expect: sweep_product.lua:4: constraints: the sweeps have 10201 points together; want at most 10000
