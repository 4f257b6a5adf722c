-- SPDX-License-Identifier: MIT
-- Language models trained from scratch, side by side: n-grams, a causal and a masked transformer of similar size on the same
-- text; their losses on the same masked words of unseen documents, the curves of their training, and a router between them.
--   pointsman run experiments/language_models.lua      (most of an hour on two cores; --set size=toy: seconds)
local pm <const> = require "pointsman"

return pm.experiment {
  name  = "language_models",
  asks  = "How much of the masked words of unseen text do n-grams, a causal and a masked transformer of similar size foresee?",
  seeds = { 1 },

  data     = pm.corpus "debian-text" { min_domains = 12, min_domain_bytes = 1000000, cap_test = 100, cap_train = 150 },
  split    = pm.split { by = "given", tune = 0.15 },
  library  = pm.load "lua/libraries/language_models.lua",
  embedder = pm.embedder "lsa" { dim = 128 },

  routers = { pm.router "prior" {}, pm.router "knn" { k = "auto" } },
  constraints = { pm.constraint "price" { weight = pm.grid { 0, .1, .3 } } },
  objective   = pm.objective "penalty" {},
  bootstrap   = { resamples = 2000, level = 0.95 },
  sizes = {
    toy = {
      data = pm.corpus "datasets/toy_corpus" { min_chars = 40, max_chars = 400, min_domains = 4, min_domain_bytes = 1000 },
      library = pm.load "lua/libraries/toy_language_models.lua",
    },
  },
}
