-- SPDX-License-Identifier: MIT
-- The baselines to fear, on any data set: best single expert, random, cheapest, length, domain labels, oracle
-- (in every table) and kNN with fixed k on LSA vectors.  The file's own split, nothing tuned.
--   pointsman run experiments/baselines.lua --set data=FOLDER
local pm <const> = require "pointsman"

local routers <const> = {}
for i, k in ipairs { 5, 10, 20, 40, 80, 131 } do
  routers[i] = pm.router "knn" { k = k, label = "knn k=" .. k }
end

return pm.experiment {
  name      = "baselines",
  asks      = "Does text help at all, or is one expert (or the domain label) all that can be had?",
  data      = pm.dataset "datasets/toy",
  split     = pm.split { by = "given", tune = 0 },
  embedder  = pm.embedder "lsa" { dim = 256 },
  routers   = routers,
  rival     = "knn k=80",
  objective = pm.objective "penalty" {},
}
