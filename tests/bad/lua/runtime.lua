-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
local function label(i) return "k = " .. i.k end
return pm.experiment { data = pm.dataset "datasets/toy", routers = { pm.router "knn" { label = label(5) } } }
-- expect: runtime.lua:3: attempt to index a number value (local 'i'); called at runtime.lua:4
