-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment "named" {
  data = pm.dataset "datasets/toy",
  routers = { pm.router "prior" {} },
}
-- expect: experiment_name.lua:3: experiment: pm.experiment takes no name, found "named"; write pm.experiment { ... }
