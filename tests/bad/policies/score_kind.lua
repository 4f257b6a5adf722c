-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.objective_fn { name = "losses", accepts = { "loss" }, score = function(cell) return -cell.value end }
-- expect: objective "losses" needs LOSS; the router emits QUALITY
