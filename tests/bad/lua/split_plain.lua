-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  split = { train = 0.6, tune = 0.2, test = 0.2 },
  routers = { pm.router "prior" {} },
}
-- expect: split_plain.lua:3: split = a table; want pm.split { ... }
