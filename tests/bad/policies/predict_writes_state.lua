-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.router_fn {
  name = "learner",
  train = function() return { calls = 0 } end,
  predict = function(state) state.calls = state.calls + 1 end,
}
-- expect: router "learner".predict: predict_writes_state.lua:6: the state is read-only in predict: what was trained is what is measured
