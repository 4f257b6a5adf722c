-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.objective_fn {
  name = "forever", accepts = { "quality" },
  score = function()
    while true do end
  end,
}
-- expect: objective "forever".decide: score_loop.lua:6: stopped after 5 million instructions; is there a loop without end?
