-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
local function weigh(cell)
  return cell.value - cell.spread
end
return pm.objective_fn { name = "typo", accepts = { "quality" }, score = function(cell) return (weigh(cell)) end }
-- expect: objective "typo".decide: score_error.lua:4: attempt to perform arithmetic on a nil value (field 'spread'); called at score_error.lua:6
