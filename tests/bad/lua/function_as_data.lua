-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = { pm.router "knn" { k = function() return 5 end } },
  delta = function() return 0 end,
}
-- expect: function_as_data.lua:3: delta = a function; want a number
-- expect: function_as_data.lua:5: routers[1] "knn".k = a function; want a number, a text, true or false, or pm.grid { ... } to try several
