-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.objective_fn { name = "o", accepts = { "quality" }, params = { caution = 1 }, score = function(cell, p)
  return p.cautoin
end }
-- expect: objective "o".decide: typo_param.lua:4: p has no 'cautoin'; did you mean 'caution'?...
