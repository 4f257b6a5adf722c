-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.constraint_fn { name = "huge", value = function() return 1e300 end }
-- expect: constraint "huge".eval: value_infinite.lua:3: value returned 1e+300 for expert "small"; want a number >= 0
