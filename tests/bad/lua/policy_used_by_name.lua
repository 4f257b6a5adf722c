-- SPDX-License-Identifier: MIT
-- A mistake in a definition is told once: its use by name is not "unknown" besides.
local pm <const> = require "pointsman"
local keyword <const> = pm.router_fn {
  name = "keyword", params = { words = { default = 9, max = 5 } },
  train = function() return {} end, predict = function() end,
}
local thrifty <const> = pm.objective_fn { name = "thrifty", accepts = { "speed" }, score = function() return 0 end }
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = { pm.router "keyword" {}, keyword { words = 2 } },
  objective = pm.objective "thrifty" {},
}
-- expect: policy_used_by_name.lua:4: router_fn "keyword".params.words: the default 9 is outside [-1e+300, 5]
-- expect: policy_used_by_name.lua:8: objective_fn "thrifty": accepts[1] = "speed"; want "quality", "loss", "winprob", "best" or "rank"
