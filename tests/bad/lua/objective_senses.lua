-- SPDX-License-Identifier: MIT
-- An objective that keeps no budget refuses a budget constraint before anything is computed, and says which ones keep it.
local pm <const> = require "pointsman"

return pm.experiment {
  data = pm.dataset "datasets/toy", embedder = false, reference = false,
  routers = { pm.router "prior" {} },
  constraints = { pm.constraint "price" { sense = "budget", bound = 0.4 } },
  objective = pm.objective "penalty" {},
}
-- expect: objective_senses.lua:8: constraint "price" has sense "budget", which objective "penalty" does not deal with; of the objectives found, "budget" does
