-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = { pm.router "prior" {}, pm.router "knn" { k = 7, label = "seven" } },
  rival = "sevne",
}
-- expect: rival.lua:3: rival = "sevne": no router or baseline has this label; did you mean "seven"?
