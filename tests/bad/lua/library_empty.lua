-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy" { models = { "toy-mini" } },
  library = pm.library {},
  routers = { pm.router "prior" {} },
}
-- expect: library_empty.lua:4: data.models and library both choose the experts; want one of them
-- expect: library_empty.lua:5: library: has no experts; want pm.expert { id = "name", ... }
