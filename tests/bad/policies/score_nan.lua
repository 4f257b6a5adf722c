-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.objective_fn { name = "nan", accepts = { "quality" }, score = function() return 0 / 0 end }
-- expect: objective "nan".decide: score_nan.lua:3: score returned NaN for prompt 1, expert "small"; want a number
