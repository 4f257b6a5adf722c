-- SPDX-License-Identifier: MIT
-- For tests: the toy of recorded outcomes, three routers, two weights of price.
local pm <const> = require "pointsman"

return pm.experiment {
  name = "recorded_toy",
  asks = "Does a learned router beat the best single expert, and what does it cost?",

  data      = pm.dataset "datasets/toy" { min_known = 0.98 },
  split     = pm.split { by = "given", tune = 0.25, seed = 1 },
  embedder  = pm.embedder "lsa" { dim = 128 },
  seeds     = { 1 },

  routers = {
    pm.router "prior" {},
    pm.router "length" { bins = pm.grid { 5, 10, 20 } },
    pm.router "knn" { k = "auto" },
  },

  constraints = {
    pm.constraint "price" { weight = pm.grid { 0, 0.05 }, missing = "worst" },
  },
  objective = pm.objective "penalty" {},

  rival     = "knn",
  bootstrap = { resamples = 2000, level = 0.95 },
}
