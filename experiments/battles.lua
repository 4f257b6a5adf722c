-- SPDX-License-Identifier: MIT
-- Who wins on a prompt that nobody battled on yet?  Held-out log-loss, accuracy and AUC of routers that learn from battles, cross-fitted by
-- prompt, against one global Bradley-Terry rating, ratings by domain, and the judge's base rate.
--   POINTSMAN_DATA=FOLDER pointsman run experiments/battles.lua [--set size=ae1|toy]
-- FOLDER holds alpaca_battles; its two judges are not on one scale and are measured apart (ae1: AlpacaEval 1).
local pm <const> = require "pointsman"

return pm.experiment {
  name    = "battles_ae2",
  asks    = "Do battles on similar prompts tell who wins better than one rating for all prompts does?",
  measure = "battles",
  seeds   = { 1, 2, 3, 4, 5 },

  data     = pm.dataset "alpaca_battles" { judges = { "weighted_alpaca_eval_gpt4_turbo" } },
  split    = pm.split { by = "fold", folds = 5, tune = 0 }, -- routers hold out groups of their own
  embedder = pm.embedder "lsa" { dim = 256 },

  routers = {
    pm.router "sw_ranking" { tiers = 10, gamma = 10, compat = true, label = "sw as RouteLLM (10 tiers)" },
    pm.router "sw_ranking" { tiers = 0, gamma = 10, label = "sw, gamma 10" },
    pm.router "sw_ranking" { tiers = 0, gamma = "auto", label = "sw" },
    pm.router "matrix_factorization" { rank = 128, members = 1, epochs = 10, folds = 0, slows = false, ties = "drop", labels = "hard",
      experts = "unit", weights = "learned", bias = "none", lr = 3e-4, l2 = 1e-5, noise = 0.1, label = "mf as RouteLLM" },
    pm.router "matrix_factorization" { label = "mf" },
  },
  rival = { "sw, gamma 10" },
  sizes = {
    ae1 = { name = "battles_ae1", data = pm.dataset "alpaca_battles" { judges = { "alpaca_eval_gpt4" } } },
    toy = { name = "battles_toy", data = pm.dataset "datasets/toy_battles" { judges = { "panel" } }, embedder = pm.embedder "lsa" { dim = 32 } },
  },
}
