-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  split = pm.split { by = "given", train = 0.6, tune = 1 },
  routers = { pm.router "prior" {} },
}
-- expect: split_given.lua:5: split.train: by = "given" takes the parts from the data; only tune is free
-- expect: split_given.lua:5: split.tune = 1 leaves nothing to train on; want a share below 1
