-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.router_fn {
  name = "nan",
  train = function() return {} end,
  predict = function(_, prompts, out)
    for i = 1, prompts.n do
      for j = 1, 3 do out.value:set(i, j, 0 / (i - 1)) end
    end
  end,
}
-- expect: router "nan".predict: predict_nan.lua:6: predict left the value of prompt 1, expert "small" unset or not finite; want a number
