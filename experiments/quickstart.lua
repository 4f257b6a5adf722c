-- SPDX-License-Identifier: MIT
-- The main job: train small language models on text of many kinds, measure their losses on unseen prompts, train
-- routers to predict them, route held-out prompts under a growing weight of size, compare with the baselines to fear.
--   pointsman run experiments/quickstart.lua      (--set size=toy: seconds, on the corpus that comes along;
--                                                  --set size=published: three splits, as in docs/results)
local pm <const> = require "pointsman"

return pm.experiment {
  name  = "quickstart",
  asks  = "Which of these language models should read a prompt, and what does it cost to prefer a small one?",
  seeds = { 1 },

  data     = pm.corpus "debian-text" { min_domains = 12, min_domain_bytes = 1000000 },
  split    = pm.split { by = "given", tune = 0.15 },
  library  = pm.load "lua/libraries/eleven.lua",
  embedder = pm.embedder "lsa" { dim = 256 },

  routers = {
    pm.router "prior" {},
    pm.router "length" {},
    pm.router "knn" { k = "auto" },
    pm.router "knn" { k = "auto", features = "sparse", label = "knn, words" },
    pm.router "loss_regression" { divergence = "mse", targets = "standardised", label = "regression, mse" },
    pm.router "loss_regression" { head = "mlp", features = "both", label = "regression, kl" },
    pm.router "best_expert" { features = "sparse", label = "best expert, words" },
    pm.router "best_expert" { head = "mlp", features = "both", bytes = 6, refit = false, label = "best expert, bytes" },
  },

  constraints = { pm.constraint "size" { weight = pm.grid { 0, .05, .1, .2, .3, .5, 1, 2 } } },
  objective   = pm.objective "penalty" {},

  train_sizes = { 500, 2000, 8000, "all" },
  rival       = { "knn", "domain majority" },
  bootstrap   = { resamples = 2000, level = 0.95 },
  sizes = {
    published = { seeds = { 1, 2, 3 } },
    toy = {
      data = pm.corpus "datasets/toy_corpus" { min_chars = 40, max_chars = 400, min_domains = 4, min_domain_bytes = 1000 },
      library = pm.load "lua/libraries/toy_ngrams.lua", train_sizes = { 50, "all" },
    },
  },
}
