-- SPDX-License-Identifier: MIT
-- Ablations of constraints that are not there, levels and ranges that are none, parts of no design.
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = { pm.router "prior" {} },
  constraints = { pm.constraint "size" { weight = 0 }, pm.constraint "price" { sense = "hard", bound = 1 } },
  ablation = pm.ablation {
    "leave_one", "shapley",
    levels = { sise = { 0, 1 }, price = { 0, 1 }, size = {} },
    at = { size = 0 },
    points = 5,
    range = { size = { 1, 0 } },
    fronts = { { "quality" }, { "quality", "prize" } },
    routers = { "priors" },
  },
}
-- expect: ablation.lua:8: ablation[1] = "leave_one"; want "leave_one_out", "one_at_a_time", "shapley" or "interactions"; did you mean "leave_one_out"?
-- expect: ablation.lua:8: ablation.points is for design = "random" or "latin_hypercube"
-- expect: ablation.lua:8: ablation.range is for design = "fractional", "random" or "latin_hypercube"; a full grid has levels
-- expect: ablation.lua:8: ablation.levels.price: not a soft constraint; it is in or out
-- expect: ablation.lua:8: ablation.levels.sise: the experiment has no such constraint; did you mean "size"?
-- expect: ablation.lua:8: ablation.levels.size = a table; want a list of weights, pm.grid { ... } or pm.sweep { ... }
-- expect: ablation.lua:8: ablation.range.size = {1, 0}; want low <= high
-- expect: ablation.lua:8: ablation.fronts[1] = a table; want two or three of "quality" (or "loss"), "utility", "cost" and labels of constraints
-- expect: ablation.lua:8: ablation.fronts[2]: "prize" is none of "quality", "loss", "utility", "cost" and the labels of constraints
-- expect: ablation.lua:8: ablation.routers: no router "priors"; did you mean "prior"?
