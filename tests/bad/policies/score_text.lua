-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.objective_fn { name = "text", accepts = { "quality" }, score = function() return "1" end }
-- expect: objective "text".decide: score_text.lua:3: score returned string for prompt 1, expert "small"; want a number
