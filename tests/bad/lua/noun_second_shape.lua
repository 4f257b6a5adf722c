-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment { data = pm.dataset "datasets/toy", routers = { pm.router "prior" "knn" } }
-- expect: noun_second_shape.lua:3: pm.router "prior" is followed by string; want { ... }
