-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.constraint_fn { name = "gift", value = function() return -1 end }
-- expect: constraint "gift".eval: value_negative.lua:3: value returned -1.0 for expert "small"; want a number >= 0
