-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment { data = pm.dataset "datasets/toy", routers = pm.router "prior" {} }
-- expect: routers_no_list.lua:3: routers = a pm.router; want a list: { pm.router or pm.router_fn ... }
