-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = { pm.router "prior" {} },
  objective = pm.objective "penalti" {},
}
-- expect: objective.lua:6: objective "penalti": unknown objective 'penalti'; did you mean 'penalty'?  `pointsman plugins` lists what was found
