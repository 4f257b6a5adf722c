-- SPDX-License-Identifier: MIT
-- An objective that needs the spread of predictions refuses routers without before anything is computed.
local pm <const> = require "pointsman"

local wary <const> = pm.objective_fn {
  name = "wary", accepts = { "quality" }, needs_spread = true,
  score = function(cell) return cell.value - cell.spread end,
}

return pm.experiment {
  data = pm.dataset "datasets/toy", embedder = pm.embedder "lsa" { dim = 8 },
  routers = { pm.router "prior" {}, pm.router "knn" {} },
  objective = wary,
}
-- expect: objective_spread.lua:5: objective "wary" needs the spread of every prediction; router "prior" gives none; use one with spread, such as knn
