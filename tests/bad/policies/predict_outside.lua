-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.router_fn {
  name = "outside",
  train = function() return {} end,
  predict = function(_, _, out) out.value:set(1, 4, 0.5) end,
}
-- expect: router "outside".predict: predict_outside.lua:6: column 4 is outside [1, 3]
