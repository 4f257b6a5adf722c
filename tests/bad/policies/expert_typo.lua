-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.objective_fn { name = "o", accepts = { "quality" }, reads = { "region" }, score = function(cell, p)
  return cell.expert.regoin == "eu" and 1 or 0
end }
-- expect: objective "o".decide: expert_typo.lua:4: cell.expert has no 'regoin'; did you mean 'region'?...
