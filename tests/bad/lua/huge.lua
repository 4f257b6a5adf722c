-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
local t <const> = {}
for i = 1, 300000 do t[i] = i end
return pm.experiment { data = pm.dataset "datasets/toy", routers = { pm.router "prior" {} }, seeds = t }
-- expect: huge.lua:5: seeds: more than 200000 values; large data belongs into a data set
-- expect: huge.lua:5: seeds: 0 of them; want 1 to 1000
