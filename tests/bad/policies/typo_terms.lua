-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.objective_fn { name = "weighed", accepts = { "quality" }, score = function(cell, p)
  return cell.value - (cell.terms.pirce or 0)
end }
-- expect: objective "weighed".decide: typo_terms.lua:4: cell.terms has no 'pirce'; did you mean 'price'?...
