-- SPDX-License-Identifier: MIT
-- A spending limit over a stream of prompts: what is left is priced again before every decision, a hard stop, and what
-- could have been.  --set size=dual: PORT's prices, learned once on the first prompts; size=adaptive: dual averaging.
--   pointsman run experiments/budget_stream.lua --set data=FOLDER [--set size=dual]
--   (recorded outcomes of any data set; folder format: docs/data-format.md.  The bound is on the price of a call in
--   units of the dearest expert's mean: 0.1 is a tenth of what always calling that one costs.)
local pm <const> = require "pointsman"

return pm.experiment {
  name = "budget_stream",
  asks = "How much of what a known future would allow does a router reach that must keep a budget as prompts come?",

  data      = pm.dataset "datasets/toy" { min_known = 0.98 },
  split     = pm.split { by = "given", tune = 0.25, seed = 1 },
  embedder  = pm.embedder "lsa" { dim = 256 },
  seeds     = { 1 },

  routers = {
    pm.router "prior" {},
    pm.router "knn" { k = "auto" },
    pm.router "loss_regression" { label = "regression" },
    pm.router "matrix_factorization" { label = "mf" },
  },

  constraints = {
    pm.constraint "price" { sense = "budget", bound = 0.1, missing = "worst" },
  },
  objective = pm.objective "budget" {},
  stream    = { prefix = 0.05, orders = 5, seed = 1 },

  bootstrap = { resamples = 2000, level = 0.95 },
  sizes = {
    dual     = { objective = pm.objective "budget" { pace = "dual" } },
    adaptive = { objective = pm.objective "budget" { pace = "adaptive" } },
  },
}
