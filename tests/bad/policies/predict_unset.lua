-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.router_fn {
  name = "half",
  train = function() return {} end,
  predict = function(_, prompts, out)
    for i = 1, prompts.n do
      for j = 1, 2 do out.value:set(i, j, 0.5) end
    end
  end,
}
-- expect: router "half".predict: predict_unset.lua:6: predict left the value of prompt 1, expert "large" unset or not finite; want a number
