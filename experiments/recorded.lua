-- SPDX-License-Identifier: MIT
-- The routers of the main job on recorded outcomes of any data set, beside the baselines to fear.
--   pointsman run experiments/recorded.lua --set data=FOLDER [--set size=crossfit]    (folder format: docs/data-format.md)
local pm <const> = require "pointsman"

return pm.experiment {
  name = "recorded",
  asks = "Does a learned router beat the best single expert and the domain label, and what does it cost?",

  data      = pm.dataset "datasets/toy" { min_known = 0.98 },
  split     = pm.split { by = "given", tune = 0.25, seed = 1 },
  embedder  = pm.embedder "lsa" { dim = 256 },
  seeds     = { 1 },

  routers = {
    pm.router "prior" {},
    pm.router "length" { bins = pm.grid { 5, 10, 20 } },
    pm.router "knn" { k = "auto", label = "knn, dense" },
    pm.router "knn" { k = "auto", features = "sparse", label = "knn, words" },
    pm.router "loss_regression" { label = "regression, dense" },
    pm.router "loss_regression" { features = "sparse", label = "regression, words" },
    pm.router "best_expert" { label = "best expert, dense" },
    pm.router "best_expert" { features = "sparse", label = "best expert, words" },
    pm.router "matrix_factorization" { label = "mf" },
  },

  constraints = {
    pm.constraint "price" { weight = pm.grid { 0, 0.05 }, missing = "worst" },
  },
  objective = pm.objective "penalty" {},

  rival     = { "knn, dense", "domain majority" },
  bootstrap = { resamples = 2000, level = 0.95 },
  sizes = { -- every prompt is tested once, by routers that did not learn from it
    crossfit = { name = "recorded_crossfit", seeds = { 1, 2, 3, 4, 5 }, split = pm.split { by = "fold", folds = 5, tune = 0.25 } },
  },
}
