-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment { data = pm.dataset "datasets/toy", routers = {} }
-- expect: routers_empty.lua:3: routers: 0 of them; want 1 to 256
