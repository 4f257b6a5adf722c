-- SPDX-License-Identifier: MIT
-- As in docs/write-an-experiment.md: a branch without a value.
local pm <const> = require "pointsman"
return pm.objective_fn {
  name = "cautious", accepts = { "quality" },
  score = function(cell)
    if cell.expert.id ~= "large" or cell.i < 3 then return cell.value end
  end,
}
-- expect: objective "cautious".decide: score_nil.lua:6: score returned nil for prompt 3, expert "large"; want a number
