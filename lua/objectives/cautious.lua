-- SPDX-License-Identifier: MIT
-- A policy as a function: quality minus a share of its spread minus the weighted constraints.  Use it by
-- objective = pm.load "lua/objectives/cautious.lua".
local pm <const> = require "pointsman"

return pm.objective_fn {
  name    = "cautious",
  doc     = "Predicted quality, less caution times its spread, less the weighted constraints.",
  accepts = { "quality" },
  params  = { caution = 1.0 },
  score   = function(cell, p) -- once per (prompt, expert); higher is better
    local penalty = 0
    for _, term in pairs(cell.terms) do penalty = penalty + term end
    return cell.value - p.caution * (cell.spread or 0) - penalty
  end,
}
