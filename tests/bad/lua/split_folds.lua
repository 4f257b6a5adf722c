-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  split = pm.split { folds = 1 },
  routers = { pm.router "prior" {} },
}
-- expect: split_folds.lua:5: split.folds = 1 is outside [2, 1000]
