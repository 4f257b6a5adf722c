-- SPDX-License-Identifier: MIT
-- RouteLLM's experiment (arXiv 2406.18665): a strong and a weak model; routers that learned from battles of other models alone, or from
-- labels of the benchmark too; PGR, APGR and CPT beside prompt length and the subject's label.  Cross-fitted in five folds.
--   POINTSMAN_DATA=FOLDER pointsman run experiments/routellm.lua [--set size=gsm8k|mt_bench|mmlu_less_3|few|toy] [--set arena=FILE]
-- FOLDER holds routellm_pair and alpaca_battles (docs/data-format.md); FILE: Chatbot Arena battles as published (CSV or JSON).
local pm <const> = require "pointsman"

local strong <const>, weak <const> = "gpt-4-1106-preview", "mistralai/Mixtral-8x7B-Instruct-v0.1"

-- Battles that can be had: GPT-4 judges 56 models against GPT-4-1106.  Their only Mixtral 8x7B was asked to be concise.
local battles <const> = {
  alpaca = pm.dataset "alpaca_battles" {
    judges = { "weighted_alpaca_eval_gpt4_turbo" },
    names = { gpt4_1106_preview = strong, ["Mixtral-8x7B-Instruct-v0.1_concise"] = weak },
  },
  arena = pm.dataset "-" { format = "arena", names = { ["mixtral-8x7b-instruct-v0.1"] = weak } }, -- skipped unless it is given
}

local routers <const> = {
  pm.router "length" { learns = "labels" },
  pm.router "knn" { k = "auto", tune_on = "squared_error", learns = "labels" },
  pm.router "loss_regression" { learns = "labels", label = "regression" },
  pm.router "loss_regression" { head = "mlp", features = "both", learns = "labels", label = "regression, mlp, words" },
  pm.router "matrix_factorization" { learns = "labels", label = "mf, labels alone" },
  pm.router "sw_ranking" { tiers = 0, gamma = "auto", learns = "labels", label = "sw, labels alone" },
}
for _, from in ipairs { "alpaca", "arena" } do
  for _, learns in ipairs { "battles", "both" } do
    local arm <const> = ", " .. from .. (learns == "both" and " and labels" or " alone")
    local function add(label, router) routers[#routers + 1] = router; router.learns, router.from, router.label = learns, from, label .. arm end
    add("sw as RouteLLM", pm.router "sw_ranking" { tiers = 10, gamma = 10, compat = true, min_chars = 16 })
    add("sw", pm.router "sw_ranking" { tiers = 0, gamma = "auto" })
    add("mf as RouteLLM", pm.router "matrix_factorization" { rank = 128, members = 1, epochs = 10, folds = 0, slows = false,
      ties = "drop", labels = "hard", experts = "unit", weights = "learned", bias = "none", lr = 3e-4, l2 = 1e-5, noise = 0.1 })
    add("mf", pm.router "matrix_factorization" {})
  end
end

local of_labels <const> = {} -- those that the number of labels means something to
for _, router in ipairs(routers) do
  if router.learns ~= "battles" then of_labels[#of_labels + 1] = router end
end

-- Printed in the paper (tables 1 to 3, v4); "arena": 65,000 battles of Chatbot Arena, "judge": with 109,000 of a GPT-4 judge, "gold": with
-- MMLU's validation labels.  Embeddings and battles are others than ours, prompts and outcomes the same.
local function rows(all)
  for i, r in ipairs(all) do all[i] = { label = r[1], cpt50 = r[2], cpt80 = r[3], apgr = r[4] } end
  return { strong = strong, weak = weak, published = all, published_by = "RouteLLM, arXiv 2406.18665 v4, tables 1 to 3" }
end
local printed <const> = {
  mmlu = rows {
    { "random", 50.07, 79.93, .500 }, { "BERT, arena", 49.43, 77.80, .502 }, { "causal LLM, arena", 48.88, 77.93, .499 },
    { "MF, arena", 45.00, 76.86, .524 }, { "SW, arena", 55.82, 80.25, .473 }, { "BERT, arena and gold", 41.30, 72.20, .572 },
    { "causal LLM, arena and gold", 35.49, 70.31, .600 }, { "MF, arena and gold", 35.46, 71.40, .597 }, { "SW, arena and gold", 35.40, 71.55, .603 },
  },
  gsm8k = rows {
    { "random", 50.00, 80.08, .497 }, { "BERT, arena", 58.78, 83.84, .438 }, { "causal LLM, arena", 56.09, 83.56, .461 },
    { "MF, arena", 53.59, 85.24, .4746 }, { "SW, arena", 54.43, 82.11, .4753 }, { "BERT, arena and judge", 44.76, 79.09, .531 },
    { "causal LLM, arena and judge", 33.64, 63.26, .622 }, { "MF, arena and judge", 38.82, 72.62, .565 }, { "SW, arena and judge", 41.21, 72.20, .568 },
  },
  mt_bench = rows {
    { "random", 49.03, 78.08, .500 }, { "BERT, arena", 78.09, 87.64, .391 }, { "causal LLM, arena", 28.82, 77.53, .573 },
    { "MF, arena", 25.32, 74.26, .580 }, { "SW, arena", 37.85, 58.99, .610 }, { "BERT, arena and judge", 19.58, 34.02, .751 },
    { "causal LLM, arena and judge", 31.50, 48.75, .679 }, { "MF, arena and judge", 13.40, 31.31, .802 }, { "SW, arena and judge", 23.21, 36.04, .759 },
  },
}

local function benchmark(domains, more)
  local part <const> = { domains = domains, without = { "contaminated.txt" } }
  for k, v in pairs(more or {}) do part[k] = v end
  return pm.dataset "routellm_pair" (part)
end

return pm.experiment {
  name  = "routellm_mmlu",
  asks  = "How much of the strong model's lead is kept when a router sends it only some of the prompts?",
  seeds = { 1, 2, 3, 4, 5 },

  data     = benchmark { "mmlu" },
  also     = battles,
  split    = pm.split { by = "fold", folds = 5, tune = 0.2 },
  embedder = pm.embedder "lsa" { dim = 256 },
  pair     = printed.mmlu,

  routers   = routers,
  objective = pm.objective "threshold" { strong = strong, weak = weak, alpha = 0.5 },
  rival     = { "knn" },
  sizes = {
    few      = { name = "routellm_mmlu_few", routers = of_labels, train_sizes = { 500, 1500 } }, -- the paper had some 1,500
    mmlu_less_3 = { name = "routellm_mmlu_less_3", pair = { strong = strong, weak = weak }, -- without the three odd subjects
      data = benchmark { "mmlu", "-mmlu/high_school_mathematics", "-mmlu/moral_scenarios", "-mmlu/professional_law" } },
    gsm8k    = { name = "routellm_gsm8k", data = benchmark { "gsm8k" }, pair = printed.gsm8k },
    mt_bench = { name = "routellm_mt_bench", data = benchmark({ "mt_bench" }, { join_turns = true }), pair = printed.mt_bench },
    toy = {
      name = "routellm_toy", data = pm.dataset "datasets/toy" {}, pair = { strong = "toy-max", weak = "toy-mini" },
      also = {
        alpaca = pm.dataset "datasets/toy_battles" { names = { ["pan-max"] = "toy-max", ["pan-mini"] = "toy-mini" } },
        arena  = pm.dataset "-" {},
      },
      embedder = pm.embedder "lsa" { dim = 32 },
      objective = pm.objective "threshold" { strong = "toy-max", weak = "toy-mini", alpha = 0.5 },
    },
  },
}
