-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
local t = {}
t.t = t
return pm.objective_fn { name = "circle", accepts = { "quality" }, score = function() return t and 1 end }
-- expect: policy_upvalue_cycle_is_fine.lua:5: returns a pm.objective_fn; want pm.experiment { ... }
