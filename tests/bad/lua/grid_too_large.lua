-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
local many <const> = {}
for i = 1, 40 do many[i] = i end
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = { pm.router "length" { bins = pm.grid(many), shrink = pm.grid(many) } },
}
-- expect: grid_too_large.lua:7: routers[1] "length": its grids have 1600 points; want at most 1000
