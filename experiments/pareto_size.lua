-- SPDX-License-Identifier: MIT
-- Tryage's front of loss over size, and what the scale of "size" does to it: the logarithm of the number of parameters
-- tells small experts apart, the number itself hardly does.  Then loss, size and price at once: a front of three.
--   pointsman run experiments/pareto_size.lua              (--set size=toy: seconds, on the corpus that comes along)
-- tryage_pareto.lua has the area under one such front, with intervals, for more routers.
local pm <const> = require "pointsman"

local levels <const> = { 0 } -- and 25 from 1e-3 to 1e2, evenly in their logarithm
for i = 0, 24 do levels[i + 2] = 10 ^ (-3 + 5 * i / 24) end

return pm.experiment {
  name  = "pareto_size",
  asks  = "What does a smaller expert cost in loss, does the scale of size matter, and what is left when price counts too?",
  seeds = { 1 },

  data     = pm.corpus "debian-text" {},
  library  = pm.load "lua/libraries/eleven.lua",
  embedder = pm.embedder "lsa" { dim = 256 },

  routers = {
    pm.router "prior" {},
    pm.router "knn" { k = 80 },
    pm.router "loss_regression" { head = "mlp", features = "both", label = "regression, kl" },
  },

  constraints = {
    pm.constraint "size"  { weight = 0.1 },
    pm.constraint "size"  { weight = 0.1, scale = "max", label = "size, linear" },
    pm.constraint "price" { weight = 0.1, basis = "list" },
  },
  objective = pm.objective "penalty" {},

  ablation = pm.ablation {
    "leave_one_out", "one_at_a_time",
    levels = { size = pm.grid(levels), ["size, linear"] = pm.grid(levels), price = pm.grid(levels) },
    design = "latin_hypercube", points = 2000, seed = 1,
    range  = {
      size = { 1e-3, 1e2, scale = "log" }, ["size, linear"] = { 1e-3, 1e2, scale = "log" }, price = { 1e-3, 1e2, scale = "log" },
    },
    fronts = { { "loss", "size" }, { "loss", "size, linear" }, { "loss", "size", "price" } },
  },

  sizes = {
    toy = {
      data = pm.corpus "datasets/toy_corpus" { min_chars = 40, max_chars = 400, min_domains = 4, min_domain_bytes = 1000 },
      library = pm.load "lua/libraries/toy_ngrams.lua",
    },
  },
}
