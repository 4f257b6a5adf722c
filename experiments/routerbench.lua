-- SPDX-License-Identifier: MIT
-- RouterBench's question on any data with recorded costs: what quality does a router buy for what money, against the best
-- mixture of models that does not look at the prompt?
--   pointsman run experiments/routerbench.lua --set data=FOLDER [--set size=crossfit]    (folder format: docs/data-format.md)
-- Decisions: argmax of predicted quality - weight x price, the price over that of the dearest model.  RouterBench writes it
-- as willingness to pay, argmax of L x quality - price: the same choices with L = 1 / weight.
local pm <const> = require "pointsman"

local weights <const> = { 0 } -- quality alone; then 20 steps a power of ten; then price alone
for k = 0, 120 do weights[#weights + 1] = 10 ^ (k / 20 - 4) end
weights[#weights + 1] = 1e6

return pm.experiment {
  name = "routerbench",
  asks = "What quality do routers buy for recorded dollars, beyond mixing models blindly and beyond the domain label?",

  data      = pm.dataset "datasets/toy" { min_known = 0.98 },
  split     = pm.split { by = "given", tune = 0.25, seed = 1 },
  embedder  = pm.embedder "lsa" { dim = 256 },
  seeds     = { 1 },

  routers = {
    pm.router "knn" { k = "auto", label = "knn, dense" },
    pm.router "knn" { k = "auto", features = "sparse", label = "knn, words" },
    pm.router "loss_regression" { label = "regression, dense" },
    pm.router "loss_regression" { features = "sparse", label = "regression, words" },
    pm.router "best_expert" { label = "best expert, dense" },
    pm.router "matrix_factorization" { label = "mf" },
  },

  constraints = {
    pm.constraint "price" { weight = pm.grid(weights), missing = "worst" },
  },
  objective = pm.objective "penalty" {},

  rival     = { "knn, dense", "domain, shrunk n0=10" },
  bootstrap = { resamples = 2000, level = 0.95 },
  sizes = { -- every prompt is tested once, by routers that did not learn from it
    crossfit = { name = "routerbench_crossfit", seeds = { 1, 2, 3, 4, 5 }, split = pm.split { by = "fold", folds = 5, tune = 0.25 } },
  },
}
