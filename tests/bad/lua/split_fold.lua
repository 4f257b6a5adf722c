-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  split = pm.split { by = "fold", folds = 5, train = 0.6, test = 0.2, tune = 1 },
  seeds = { 1, 0 },
  routers = { pm.router "prior" {} },
}
-- expect: split_fold.lua:5: split.train: by = "fold" tests one fold of the prompts and trains on the others; only folds and tune are free
-- expect: split_fold.lua:5: split.test: by = "fold" tests one fold of the prompts and trains on the others; only folds and tune are free
-- expect: split_fold.lua:5: split.by = "fold": seed s tests fold (s - 1) mod 5, and seeds[2] = 0 names none; want seeds = { 1, 2, ... 5 }
-- expect: split_fold.lua:5: split.tune = 1 leaves nothing to train on; want a share below 1
