-- SPDX-License-Identifier: MIT
-- RouteLLM's experiment (arXiv 2406.18665): a strong and a weak model, routers that learned from battles of many models
-- alone or with labels of the benchmark too, measured by PGR, APGR and CPT - beside prompt length and the subject label.
--   POINTSMAN_DATA=FOLDER pointsman run experiments/routellm.lua [--set size=gsm8k|mt_bench] [--set arena=FOLDER]
-- FOLDER holds routellm_pair and alpaca_battles (docs/data-format.md); Arena battles are made with `pointsman data convert`.
local pm <const> = require "pointsman"

local strong <const>, weak <const> = "gpt-4-1106-preview", "mistralai/Mixtral-8x7B-Instruct-v0.1"

-- The battles stand in for Chatbot Arena: GPT-4 judges 56 models against GPT-4-1106.  Their only Mixtral was asked to be concise.
local battles <const> = {
  alpaca = pm.dataset "alpaca_battles" {
    judges = { "weighted_alpaca_eval_gpt4_turbo" },
    names = { gpt4_1106_preview = strong, ["Mixtral-8x7B-Instruct-v0.1_concise"] = weak },
  },
  arena = pm.dataset "-" {}, -- skipped unless --set arena=FOLDER
}

local function routers()
  local all <const> = {
    pm.router "knn" { k = "auto", tune_on = "squared_error", learns = "labels", label = "knn" },
    pm.router "loss_regression" { learns = "labels", label = "regression" },
    pm.router "loss_regression" { head = "mlp", features = "both", learns = "labels", label = "regression, mlp" },
    pm.router "matrix_factorization" { learns = "labels", label = "mf, labels" },
  }
  for _, from in ipairs { "alpaca", "arena" } do
    for _, learns in ipairs { "battles", "both" } do
      local arm <const> = from .. (learns == "both" and " + labels" or "")
      local common <const> = { learns = learns, from = { from } }
      local function add(name, label, t)
        for k, v in pairs(common) do t[k] = v end
        t.label = label .. ", " .. arm
        all[#all + 1] = pm.router(name)(t)
      end
      add("sw_ranking", "sw RouteLLM", { tiers = 10, gamma = 10, compat = true, min_chars = 16 })
      add("sw_ranking", "sw", { tiers = 0, gamma = "auto" })
      add("matrix_factorization", "mf", {})
    end
  end
  return all
end

return pm.experiment {
  name  = "routellm_mmlu",
  asks  = "How much of GPT-4's quality is kept when a router sends only some prompts to it?",
  seeds = { 1, 2, 3, 4, 5 },

  data     = pm.dataset "routellm_pair" { domains = { "mmlu" }, without = { "contaminated.txt" } },
  also     = battles,
  split    = pm.split { by = "fold", folds = 5, tune = 0.2 },
  embedder = pm.embedder "lsa" { dim = 256 },
  pair     = { strong = strong, weak = weak },

  routers   = routers(),
  objective = pm.objective "threshold" { strong = strong, weak = weak, alpha = 0.5 },
  rival     = { "knn" },
  sizes = {
    mmlu_less_3 = { name = "routellm_mmlu_less_3",
      data = pm.dataset "routellm_pair" { without = { "contaminated.txt" },
        domains = { "mmlu", "-mmlu/high_school_mathematics", "-mmlu/moral_scenarios", "-mmlu/professional_law" } } },
    gsm8k = { name = "routellm_gsm8k",
      data = pm.dataset "routellm_pair" { domains = { "gsm8k" }, without = { "contaminated.txt" } } },
    mt_bench = { name = "routellm_mt_bench",
      data = pm.dataset "routellm_pair" { domains = { "mt_bench" }, without = { "contaminated.txt" }, join_turns = true } },
  },
}
