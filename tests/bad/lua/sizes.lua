-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = { pm.router "prior" {} },
  sizes = { toy = { seds = { 1 } }, whole = 3 },
}
-- expect: sizes.lua:3: sizes.toy: unknown field 'seds'; did you mean 'seeds'?
-- expect: sizes.lua:3: sizes.whole = 3; want a table { seeds = ..., data = ... }
