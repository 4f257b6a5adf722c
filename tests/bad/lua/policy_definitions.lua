-- SPDX-License-Identifier: MIT
-- Functions that are none, words that are none, names that exist already.
local pm <const> = require "pointsman"
local function nothing() end
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = {
    pm.router_fn { name = "knn", train = nothing, predict = nothing },
    pm.router_fn { train = nothing, predict = nothing },
    pm.router_fn { name = "a", train = "nothing", predicts = nothing },
    pm.router_fn { name = "b", train = nothing, predict = nothing, needs = { "words" }, emits = "elo" },
    pm.router_fn { name = "Two Words", train = nothing, predict = nothing },
    pm.router_fn { name = "c", train = nothing, predict = nothing, params = { k = {} , [1] = 2 } },
    pm.router_fn { name = "d", train = nothing, predict = nothing, params = { k = { default = 9, max = 5 } } },
  },
  constraints = {
    pm.constraint_fn { name = "e", value = 3, senses = { "soft", "firm" } },
    pm.constraint_fn { name = "g", value = nothing, usual_bound = -1, phrases = { ["Small  model"] = 1, big = "2" } },
  },
  objective = pm.objective_fn { name = "f", score = nothing, accepts = { "quality", "speed" } },
}
-- expect: policy_definitions.lua:9: router_fn: name is missing (what results call it)
-- expect: policy_definitions.lua:10: router_fn "a": unknown field 'predicts'; did you mean 'predict'?
-- expect: policy_definitions.lua:10: router_fn "a".train = "nothing"; want a function
-- expect: policy_definitions.lua:10: router_fn "a": predict is missing (function(state, prompts, out, p) ... end)
-- expect: policy_definitions.lua:11: router_fn "b".emits = "elo"; want "quality", "loss", "winprob", "best" or "rank"
-- expect: policy_definitions.lua:11: router_fn "b": needs[1] = "words"; want "text", "embed" or "values"
-- expect: policy_definitions.lua:12: router_fn: name = "Two Words"; want up to 63 of a-z, 0-9 and _, beginning with a letter
-- expect: policy_definitions.lua:13: router_fn "c": params = a table; want up to 32 fields: { name = default, ... }
-- expect: policy_definitions.lua:14: router_fn "d".params.k: the default 9 is outside [-1e+300, 5]
-- expect: policy_definitions.lua:17: constraint_fn "e".value = 3; want a function
-- expect: policy_definitions.lua:17: constraint_fn "e": senses[2] = "firm"; want "soft", "hard" or "budget"
-- expect: policy_definitions.lua:18: constraint_fn "g".usual_bound = -1 is outside [0, 1e+300]
-- expect: policy_definitions.lua:18: constraint_fn "g": phrase "Small  model"; want 1 to 64 bytes, lower case, single blanks between words, no brackets, commas or =
-- expect: policy_definitions.lua:18: constraint_fn "g": phrase "big" = "2"; want a number >= 0: what it adds to the weight
-- expect: policy_definitions.lua:20: objective_fn "f": accepts[2] = "speed"; want "quality", "loss", "winprob", "best" or "rank"
-- expect: policy_definitions.lua:8: router_fn "knn": router 'knn' exists already (...)
