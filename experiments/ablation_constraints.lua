-- SPDX-License-Identifier: MIT
-- Tryage's third experiment, made thorough: seven constraints on language models that are really trained and run; what
-- does each of them do to the losses, the prices and the experts that are chosen, alone and together?
--   pointsman run experiments/ablation_constraints.lua     (--set size=toy: seconds, on the corpus that comes along)
--   --set size=conflict: hard constraints that leave nobody for some prompts, and what giving way costs
--   --set size=recorded --set data=FOLDER: real dollars of a recorded data set
local pm <const> = require "pointsman"

local levels <const> = { 0, .01, .03, .1, .3, 1, 3 }

return pm.experiment {
  name  = "ablation_constraints",
  asks  = "What does each constraint cost in loss, what does it buy, and which of them pull against one another?",
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
    pm.constraint "size"      { weight = 0.10 },
    pm.constraint "price"     { weight = 0.10, basis = "list" },
    pm.constraint "recency"   { weight = 0.05 },
    pm.constraint "security"  { weight = 0.10 },
    pm.constraint "licence"   { sense = "soft", weight = 0.05, deny = "copyleft, network-copyleft", unknown = "allow" },
    pm.constraint "residency" { sense = "soft", weight = 0.05, allow = "eu, local" },
    pm.constraint "context"   { reserve = 3500 },
  },
  objective     = pm.objective "penalty" {},
  on_infeasible = "error",

  ablation = pm.ablation {
    "leave_one_out", "one_at_a_time", "shapley", "interactions",
    levels = { size = pm.grid(levels), price = pm.grid(levels), recency = pm.grid(levels), security = pm.grid(levels) },
    design = "latin_hypercube", points = 1000, seed = 1,
    range  = { size = { 0, .5 }, price = { 0, .5 }, recency = { 0, .5 }, security = { 0, .5 }, licence = { 0, .2 }, residency = { 0, .2 } },
    fronts = { { "loss", "size" }, { "loss", "price" }, { "loss", "size", "security" } },
  },

  sizes = {
    toy = {
      data = pm.corpus "datasets/toy_corpus" { min_chars = 40, max_chars = 400, min_domains = 4, min_domain_bytes = 1000 },
      library = pm.load "lua/libraries/toy_ngrams.lua",
      constraints = {
        pm.constraint "size"      { weight = 0.10 },
        pm.constraint "price"     { weight = 0.10, basis = "list" },
        pm.constraint "recency"   { weight = 0.05 },
        pm.constraint "security"  { weight = 0.10 },
        pm.constraint "licence"   { sense = "soft", weight = 0.05, deny = "Apache-2.0" },
        pm.constraint "residency" { sense = "soft", weight = 0.05, allow = "eu, local" },
        pm.constraint "context"   { reserve = 1500 },
      },
    },
    -- Of the experts that are served locally only sys-code, script-code and two pocket ones have a usual window, and prompts of
    -- more than 142 tokens do not fit theirs when 8,050 are kept for the answer: nobody is left for those.
    conflict = {
      name = "ablation_conflict",
      asks = "Which hard constraints exclude everyone, for how many prompts, and what does giving way cost?",
      constraints = {
        pm.constraint "licence"   { deny = "copyleft, network-copyleft", unknown = "allow" },
        pm.constraint "residency" { allow = "local" },
        pm.constraint "context"   { reserve = 8050 },
      },
      on_infeasible = "relax", -- in the order above: licence first
      ablation = pm.ablation { "leave_one_out", "interactions", "shapley" },
    },
    recorded = {
      name     = "ablation_recorded",
      asks     = "What does each constraint cost in quality on recorded outcomes, and what does it buy in dollars and tokens?",
      data     = pm.dataset "datasets/toy" {},
      library  = "from data",
      split    = pm.split { by = "given", tune = 0.25, seed = 1 },
      routers  = {
        pm.router "prior" {},
        pm.router "knn" { k = "auto" },
        pm.router "matrix_factorization" { label = "mf" },
      },
      constraints = {
        pm.constraint "price"     { weight = 0.10, predict = "prompt", missing = "worst" },
        pm.constraint "verbosity" { weight = 0.05 },
        pm.constraint "licence"   { sense = "soft", weight = 0.02, deny = "proprietary", unknown = "deny", missing = "allow" },
      },
      ablation = pm.ablation {
        "leave_one_out", "one_at_a_time", "shapley", "interactions",
        levels = { price = pm.grid(levels), verbosity = pm.grid(levels), licence = pm.grid(levels) },
        design = "latin_hypercube", points = 1000, seed = 1,
        range  = { price = { 0, 1 }, verbosity = { 0, 1 }, licence = { 0, 1 } },
        fronts = { { "quality", "cost" }, { "quality", "cost", "verbosity" } },
      },
    },
  },
}
