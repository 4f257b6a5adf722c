-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.router_fn {
  name = "text",
  train = function() return {} end,
  predict = function(_, _, out) out.value:set(1, 1, "0.5") end,
}
-- expect: router "text".predict: predict_text.lua:6: matrix cell (1, 1) is given string; want a number
