-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = {
    pm.router_fn {
      name = "elo", emits = "rank",
      train = function() return {} end,
      predict = function() end,
    },
  },
  reference = false,
  objective = pm.objective "penalty" {},
}
-- expect: objective_kind.lua:13: objective "penalty" needs BEST, LOSS, QUALITY or WINPROB; router "elo" emits RANK
