-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  split = pm.split { train = 0.8, tune = 0.2, test = 0, by = "group" },
  routers = { pm.router "prior" {} },
}
-- expect: split_no_test.lua:5: split: test = 0; want more
