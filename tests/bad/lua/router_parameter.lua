-- SPDX-License-Identifier: MIT
-- An unknown parameter, a value out of range, an unknown plugin, a wrong word: all told at once.
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = {
    pm.router "prior" {},
    pm.router "knn" { kk = 5 },
    pm.router "knn" { k = 0, label = "zero" },
    pm.router "kn" { k = 5 },
    pm.router "knn" { k = 5, weights = "unifrom", label = "word" },
    pm.router "knn" { k = 2.5, label = "half" },
    pm.router "knn" { k = true, label = "flag" },
    pm.router "knn" { k = { 5, 20 }, label = "list" },
  },
}
-- expect: router_parameter.lua:8: routers[2] "knn": unknown parameter 'kk'; did you mean 'k'?
-- expect: router_parameter.lua:9: routers[3] "knn".k = 0 is outside [1, 4096]
-- expect: router_parameter.lua:10: routers[4] "kn": unknown router 'kn'; did you mean 'knn'?  `pointsman plugins` lists what was found
-- expect: router_parameter.lua:11: routers[5] "knn".weights = 'unifrom' is not one of 'uniform', 'similarity'; did you mean 'uniform'?
-- expect: router_parameter.lua:12: routers[6] "knn".k = 2.5 is not an integer
-- expect: router_parameter.lua:13: routers[7] "knn".k = true is not an integer
-- expect: router_parameter.lua:14: routers[8] "knn".k = a table; want a number, a text, true or false, or pm.grid { ... } to try several
