-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.constraint_fn { name = "none", per_prompt = true, value = function(cell) if cell.i > 9 then return 0 end end }
-- expect: constraint "none".eval: value_nil.lua:3: value returned nil for prompt 1, expert "small"; want a number >= 0
