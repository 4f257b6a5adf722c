-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment { data = pm.datset "datasets/toy", routers = { pm.router "prior" {} } }
-- expect: noun_unknown.lua:3: pm has no 'datset'; did you mean 'dataset'?
