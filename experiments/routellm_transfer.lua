-- SPDX-License-Identifier: MIT
-- What a router keeps when it is moved: trained on the labels of other benchmarks, or for another pair of models, or on battles alone, and
-- then asked about this one.  "here" learned from this benchmark itself (cross-fitted) and is what moving costs.
--   POINTSMAN_DATA=FOLDER pointsman run experiments/routellm_transfer.lua [--set size=gsm8k|mt_bench|same_pair|other_pair|toy]
-- mmlu, gsm8k, mt_bench: one benchmark of routellm_pair, trained on the other two.  same_pair, other_pair: RouterBench's GPT-4 and Mixtral,
-- or Yi-34B and Llama-2-70B, trained for GPT-4 and Mixtral on routellm_pair.
local pm <const> = require "pointsman"

local strong <const>, weak <const> = "gpt-4-1106-preview", "mistralai/Mixtral-8x7B-Instruct-v0.1"
local judge <const>, concise <const> = "weighted_alpaca_eval_gpt4_turbo", "Mixtral-8x7B-Instruct-v0.1_concise"

local function pair_data(domains, more)
  local part <const> = { domains = domains, without = { "contaminated.txt" } }
  for k, v in pairs(more or {}) do part[k] = v end
  return pm.dataset "routellm_pair" (part)
end

local function battles(s, w)
  return pm.dataset "alpaca_battles" { judges = { judge }, names = { gpt4_1106_preview = s, [concise] = w } }
end

local function both(s, w, rest)
  return { rest = rest, alpaca = battles(s, w) }
end

local routers <const> = {}
for _, from in ipairs { "here", "rest" } do
  local function add(label, router)
    router.learns = from == "here" and "labels" or "others"
    if from == "rest" then router.from = "rest" end
    router.label = label .. ", " .. (from == "here" and "here" or "moved")
    routers[#routers + 1] = router
  end
  add("knn", pm.router "knn" { k = "auto", tune_on = "squared_error" })
  add("regression", pm.router "loss_regression" {})
  add("mf", pm.router "matrix_factorization" { form = "bilinear" })
  add("sw", pm.router "sw_ranking" { tiers = 0, gamma = "auto" })
end
routers[#routers + 1] = pm.router "sw_ranking" { tiers = 0, gamma = "auto", learns = "battles", from = "alpaca", label = "sw, battles" }
routers[#routers + 1] = pm.router "matrix_factorization" { learns = "battles", from = "alpaca", label = "mf, battles" }

-- A pair of RouterBench, asked of a router for GPT-4 and Mixtral on routellm_pair: strong is taken for strong.
local function moved(name, s, w)
  return {
    name = "transfer_" .. name, data = pm.dataset "routerbench_3" { models = { s, w } }, pair = { strong = s, weak = w },
    also = both(s, w, pm.dataset "routellm_pair" { without = { "contaminated.txt" }, labels = true, names = { [strong] = s, [weak] = w } }),
    objective = pm.objective "threshold" { strong = s, weak = w, alpha = 0.5 },
  }
end

return pm.experiment {
  name  = "transfer_mmlu",
  asks  = "What is left of a router that was trained on other benchmarks, for another pair, or on battles alone?",
  seeds = { 1, 2, 3, 4, 5 },

  data     = pair_data { "mmlu" },
  also     = both(strong, weak, pair_data({ "gsm8k", "mt_bench" }, { labels = true })),
  split    = pm.split { by = "fold", folds = 5, tune = 0.2 },
  embedder = pm.embedder "lsa" { dim = 256 },
  pair     = { strong = strong, weak = weak },

  routers   = routers,
  objective = pm.objective "threshold" { strong = strong, weak = weak, alpha = 0.5 },
  rival     = { "knn, here" },
  sizes = {
    gsm8k = { name = "transfer_gsm8k", data = pair_data { "gsm8k" },
      also = both(strong, weak, pair_data({ "mmlu", "mt_bench" }, { labels = true })) },
    mt_bench = { name = "transfer_mt_bench", data = pair_data({ "mt_bench" }, { join_turns = true }),
      also = both(strong, weak, pair_data({ "mmlu", "gsm8k" }, { labels = true })) },
    same_pair  = moved("same_pair", "gpt-4-1106-preview", "mistralai/mixtral-8x7b-chat"),
    other_pair = moved("other_pair", "zero-one-ai/Yi-34B-Chat", "meta/llama-2-70b-chat"),
    toy = {
      name = "transfer_toy", data = pm.dataset "datasets/toy" { domains = { "arithmetic", "code", "contracts" } },
      also = {
        rest = pm.dataset "datasets/toy" { domains = { "-arithmetic", "-code", "-contracts" }, labels = true },
        alpaca = pm.dataset "datasets/toy_battles" { names = { ["pan-max"] = "toy-max", ["pan-mini"] = "toy-mini" } },
      },
      embedder = pm.embedder "lsa" { dim = 32 }, pair = { strong = "toy-max", weak = "toy-mini" },
      objective = pm.objective "threshold" { strong = "toy-max", weak = "toy-mini", alpha = 0.5 },
    },
  },
}
