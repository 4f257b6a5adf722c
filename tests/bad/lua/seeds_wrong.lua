-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = { pm.router "random" {} },
  seeds = { 1, "two", 2 ^ 60, 0 / 0 },
}
-- expect: seeds_wrong.lua:3: seeds[2] = "two"; want a whole number
-- expect: seeds_wrong.lua:3: seeds[3] = 1152921504606846976 is outside [0, 9007199254740992]
-- expect: seeds_wrong.lua:3: seeds[4] = NaN; want a whole number
