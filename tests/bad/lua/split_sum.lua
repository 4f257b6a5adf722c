-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  split = pm.split { train = 0.6, test = 0.6, by = "prompt" },
  routers = { pm.router "prior" {} },
}
-- expect: split_sum.lua:5: split: train + tune + test = 1.2; want 1
