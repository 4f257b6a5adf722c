-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
local routers <const> = { pm.router "prior" {} }
return pm.experiment { data = pm.dataset "datasets/toy", routers = rotuers }
-- expect: global_read.lua:4: undefined global 'rotuers'; a text wants quotes, a variable `local rotuers = ...`
