-- SPDX-License-Identifier: MIT
-- Tryage's first experiment: how well are the experts' losses on unseen documents predicted, under each divergence
-- between predicted and realised loss, from 500 labelled prompts to all - and does the choice get better with the error?
--   pointsman run experiments/tryage_losses.lua      (--set size=toy: seconds, on the corpus that comes along)
local pm <const> = require "pointsman"

local routers <const> = { pm.router "prior" {}, pm.router "knn" { k = "auto" } }
for _, divergence in ipairs { "mae", "mse", "huber", "kl" } do
  local targets <const> = divergence == "kl" and "centred" or "standardised"
  routers[#routers + 1] = pm.router "loss_regression" {
    divergence = divergence, targets = targets, head = "mlp", features = "embed", label = divergence .. ", mlp",
  }
  routers[#routers + 1] = pm.router "loss_regression" {
    divergence = divergence, targets = targets, head = "mlp", features = "both", label = divergence .. ", words",
  }
end

return pm.experiment {
  name  = "tryage_losses",
  asks  = "How well can the losses of experts on unseen documents be predicted, and does a smaller error choose better?",
  seeds = { 1, 2, 3 },

  data     = pm.corpus "debian-text" { min_domains = 12, min_domain_bytes = 1000000 },
  split    = pm.split { by = "given", tune = 0.15 },
  library  = pm.load "lua/libraries/eleven.lua",
  embedder = pm.embedder "lsa" { dim = 256 },

  routers     = routers,
  objective   = pm.objective "penalty" {},
  train_sizes = { 500, 2000, 8000, "all" },
  rival       = { "knn", "domain majority" },
  sizes = {
    toy = {
      data = pm.corpus "datasets/toy_corpus" { min_chars = 40, max_chars = 400, min_domains = 4, min_domain_bytes = 1000 },
      library = pm.load "lua/libraries/toy_ngrams.lua", train_sizes = { 50, "all" }, seeds = { 1 },
    },
  },
}
