-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = { pm.router "knn" { label = "near" } },
  rival = {},
}
-- expect: rivals_none.lua:3: rival: 0 of them; want 1 to 16
