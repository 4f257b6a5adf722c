-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.objective_fn { name = "o", accepts = { "quality" }, score = function(cell, p)
  return cell.valeu
end }
-- expect: objective "o".decide: typo_cell.lua:4: cell has no 'valeu'; did you mean 'value'?...
