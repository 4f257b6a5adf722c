-- SPDX-License-Identifier: MIT
-- RouterBench's question on any data with recorded costs: what quality does a router buy for what money, against the best
-- mixture of models that does not look at the prompt?
--   pointsman run experiments/routerbench.lua --set data=FOLDER [--set size=prompt_price|crossfit|crossfit_prompt_price]
--   (folder format: docs/data-format.md)
-- Decisions: argmax of predicted quality - weight x price, the price over that of the dearest model.  RouterBench writes it
-- as willingness to pay, argmax of L x quality - price: the same choices with L = 1 / weight.
local pm <const> = require "pointsman"

local weights <const> = { 0 } -- quality alone; then 20 steps a power of ten; then price alone
for k = 0, 120 do weights[#weights + 1] = 10 ^ (k / 20 - 4) end
weights[#weights + 1] = 1e6

local mean_price <const>   = pm.constraint "price" { weight = pm.grid(weights), missing = "worst" }
local prompt_price <const> = pm.constraint "price" { weight = pm.grid(weights), missing = "worst", predict = "prompt" }
local folds <const>        = pm.split { by = "fold", folds = 5, tune = 0.25 } -- every prompt is tested once

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
    -- squared error: with a price, differences must be calibrated, not just the order of models
    pm.router "loss_regression" { divergence = "mse", label = "regression, dense" },
    pm.router "loss_regression" { divergence = "mse", features = "sparse", label = "regression, words" },
    pm.router "loss_regression" { divergence = "mse", features = "both", head = "mlp", label = "mlp, both" },
    pm.router "matrix_factorization" { label = "mf" },
  },

  constraints = { mean_price },
  objective = pm.objective "penalty" {},

  rival     = { "knn, dense", "domain, shrunk n0=10" },
  bootstrap = { resamples = 2000, level = 0.95 },
  sizes = { -- what a prompt will cost is learned, too; and either of them cross-fitted
    prompt_price = { name = "routerbench_prompt_price", constraints = { prompt_price } },
    crossfit = { name = "routerbench_crossfit", seeds = { 1, 2, 3, 4, 5 }, split = folds },
    crossfit_prompt_price = {
      name = "routerbench_crossfit_prompt_price", seeds = { 1, 2, 3, 4, 5 }, split = folds, constraints = { prompt_price },
    },
  },
}
