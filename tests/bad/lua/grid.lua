-- SPDX-License-Identifier: MIT
-- Grids: empty, with a name, of tables, of values out of range, too many points, for an unknown parameter.
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = {
    pm.router "knn" { k = pm.grid {}, label = "a" },
    pm.router "knn" { k = pm.grid { from = 1 }, label = "b" },
    pm.router "knn" { k = pm.grid { 5, {} }, label = "c" },
    pm.router "knn" { k = pm.grid { 5, 0, 20 }, label = "d" },
    pm.router "knn" { kk = pm.grid { 5, 20 }, label = "e" },
    pm.router "knn" { k = pm.grid "sizes" { 5 }, label = "f" },
    pm.router "knn" { k = pm.sweep { from = 1, to = 9, steps = 3 }, label = "g" },
  },
}
-- expect: grid.lua:7: routers[1] "knn".k: pm.grid is empty; want values to try
-- expect: grid.lua:8: routers[2] "knn".k: pm.grid is a list, found field 'from'
-- expect: grid.lua:9: routers[3] "knn".k[2] = a table; want a number, a text, true or false, or pm.grid { ... } to try several
-- expect: grid.lua:10: routers[4] "knn".k = 0 is outside [1, 4096]
-- expect: grid.lua:11: routers[5] "knn": unknown parameter 'kk'; did you mean 'k'?
-- expect: grid.lua:12: routers[6] "knn".k: pm.grid takes no name, found "sizes"; write pm.grid { ... }
-- expect: grid.lua:13: routers[7] "knn".k = a pm.sweep; want a number, a text, true or false, or pm.grid { ... } to try several
