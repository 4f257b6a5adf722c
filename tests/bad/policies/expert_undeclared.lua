-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.objective_fn { name = "o", accepts = { "quality" }, score = function(cell, p)
  return cell.expert.tools and 1 or 0
end }
-- expect: objective "o".decide: expert_undeclared.lua:4: cell.expert.tools: the definition does not declare that it reads this attribute; add it to reads...
