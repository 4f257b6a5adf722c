-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
local t <const> = { resamples = 200 }
t.self = t
return pm.experiment { data = pm.dataset "datasets/toy", routers = { pm.router "prior" {} }, bootstrap = t }
-- expect: cycle.lua:5: bootstrap.self contains itself; want a tree
-- expect: cycle.lua:5: bootstrap: unknown field 'self'; did you mean 'seed'?
