-- SPDX-License-Identifier: MIT
-- Tryage's Pareto experiment: the weight of expert size swept from nothing to everything, each router's front of
-- mean loss over mean size against the best prompt-blind mixture and the oracle under the same rule.
--   pointsman run experiments/tryage_pareto.lua          (--set size=toy: seconds, on the corpus that comes along)
local pm <const> = require "pointsman"

local weights <const> = { 0 } -- and 40 from 1e-3 to 10, evenly in their logarithm
for i = 0, 39 do weights[i + 2] = 10 ^ (-3 + 4 * i / 39) end

return pm.experiment {
  name  = "tryage_pareto",
  asks  = "How much loss does a smaller expert cost when the router decides where it may be small?",
  seeds = { 1, 2, 3 },

  data     = pm.corpus "debian-text" {},
  library  = pm.load "lua/libraries/eleven.lua",
  embedder = pm.embedder "lsa" { dim = 256 },

  routers = {
    pm.router "prior" {},
    pm.router "knn" { k = 80 },
    pm.router "loss_regression" { head = "mlp", features = "both", label = "regression, kl" },
    pm.router "loss_regression" { head = "mlp", features = "both", divergence = "mae", targets = "standardised",
      label = "regression, mae" },
    pm.router "best_expert" { features = "sparse", label = "best expert, words" },
  },

  constraints = { pm.constraint "size" { weight = pm.grid(weights) } },
  objective   = pm.objective "penalty" {},

  rival = { "knn", "domain majority" },
  sizes = {
    toy = {
      data = pm.corpus "datasets/toy_corpus" { min_chars = 40, max_chars = 400, min_domains = 4, min_domain_bytes = 1000 },
      library = pm.load "lua/libraries/toy_ngrams.lua", seeds = { 1 },
    },
  },
}
