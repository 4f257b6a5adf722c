-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = { pm.router "knn" { label = "near" } },
  rival = {
    "near", "domain majorty", 7,
    "near",
  },
}
-- expect: rivals.lua:3: rival[2] = "domain majorty": no router or baseline has this label; did you mean "domain majority"?
-- expect: rivals.lua:3: rival[3] = 7; want a text
-- expect: rivals.lua:3: rival[4]: "near" is a rival already
