-- SPDX-License-Identifier: MIT
-- Weights of an ablation that are none of the constraint's; fronts that say nothing new.
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = { pm.router "prior" {} },
  constraints = { pm.constraint "size" { weight = 0.1 }, pm.constraint "attribute" { name = "trust", weight = -1 } },
  ablation = pm.ablation {
    at = { size = -1, attribute = -2 },
    levels = { size = { 0, -0.1, 1e300 }, attribute = { -1, 1 } },
    design = "random", points = 5,
    range = { size = { -1, 1 }, attribute = { -1, 1 } },
    fronts = { { "quality", "cost" }, { "quality", "cost" }, { "size", "size" }, { "quality", "prize" } },
  },
}
-- expect: ablation_weights.lua:8: ablation.at.size = -1; a weight below 0 has no meaning for constraint 'size' (less is better); want a number >= 0
-- expect: ablation_weights.lua:8: ablation.levels.size[2] = -0.1; a weight below 0 has no meaning for constraint 'size' (less is better); want a number >= 0
-- expect: ablation_weights.lua:8: ablation.levels.size[3] = 1e+300; want a weight of at most 3.4e+38
-- expect: ablation_weights.lua:8: ablation.range.size = -1; a weight below 0 has no meaning for constraint 'size' (less is better); want a number >= 0
-- expect: ablation_weights.lua:8: ablation.fronts[2] is ablation.fronts[1] again
-- expect: ablation_weights.lua:8: ablation.fronts[3]: "size" stands twice
-- expect: ablation_weights.lua:8: ablation.fronts[4]: "prize" is none of "quality", "loss", "utility", "cost" and the labels of constraints
