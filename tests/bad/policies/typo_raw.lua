-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.objective_fn { name = "weighed", accepts = { "quality" }, score = function(cell, p)
  return cell.raw.latency
end }
-- expect: objective "weighed".decide: typo_raw.lua:4: cell.raw has no 'latency': the experiment has no constraint of that label...
