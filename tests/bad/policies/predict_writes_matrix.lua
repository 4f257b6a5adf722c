-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.router_fn {
  name = "learner",
  train = function() return { seen = pm.matrix(2, 2) } end,
  predict = function(state) state.seen:set(1, 1, 1) end,
}
-- expect: router "learner".predict: predict_writes_matrix.lua:6: this matrix is read-only; want one made by pm.matrix(rows, cols)
