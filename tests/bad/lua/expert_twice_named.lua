-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  library = pm.library { pm.expert "toy-mini" { id = "toy-max" }, pm.expert { id = 7 } },
  routers = { pm.router "prior" {} },
}
-- expect: expert_twice_named.lua:5: experts[1]: id is given twice: pm.expert "name" and id = "toy-max"
-- expect: expert_twice_named.lua:5: experts[2].id: want a text, found 7
