-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
local x <const> = pm.experiment { data = pm.dataset "datasets/toy", routers = { pm.router "prior" {} } }
assert(x)
-- expect: returns_nothing.lua: returns nothing; a file returns one value: `return pm.library { ... }`
