-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.router_fn {
  name = "spread", spread = true,
  train = function() return {} end,
  predict = function(_, prompts, out)
    for i = 1, prompts.n do
      for j = 1, 3 do
        out.value:set(i, j, 0.5)
        out.spread:set(i, j, -1)
      end
    end
  end,
}
-- expect: router "spread".predict: predict_spread.lua:6: predict left the spread of prompt 1, expert "small" below 0; want a number >= 0
