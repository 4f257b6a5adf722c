-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = { pm.router "random" {} },
  seeds = { 4, 9, 4 },
}
-- expect: seeds_repeated.lua:3: seeds[3] = 4 is seeds[1] already
