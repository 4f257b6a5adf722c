-- SPDX-License-Identifier: MIT
-- Braces forgotten, a name forgotten, a value without a name, a plain table, a text, no list.
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = {
    pm.router "knn",
    pm.router { k = 5 },
    pm.router "prior" { 5 },
    { "prior" },
    "prior",
    pm.objective "penalty" {},
  },
}
-- expect: router_shape.lua:4: routers[4] = a table; want pm.router or pm.router_fn
-- expect: router_shape.lua:4: routers[5] = "prior"; want pm.router or pm.router_fn
-- expect: router_shape.lua:12: routers[6] = a pm.objective; want pm.router or pm.router_fn
-- expect: router_shape.lua:7: routers[1] "knn": pm.router "knn" is not finished; write pm.router "knn" { ... }
-- expect: router_shape.lua:8: routers[2]: pm.router has no name; write pm.router "name" { ... }
-- expect: router_shape.lua:9: routers[3] "prior": 5 stands without a name; want parameter = value
