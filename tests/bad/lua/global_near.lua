-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment { data = pm.dataset(tostrin("datasets/toy")), routers = {} }
-- expect: global_near.lua:3: undefined global 'tostrin'; did you mean 'tostring'?
