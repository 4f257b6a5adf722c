-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy_battles",
  measure = "battels",
  routers = { pm.router "prior" {} },
}
-- expect: measure.lua:3: measure = "battels"; want "outcomes" or "battles"; did you mean "battles"?
