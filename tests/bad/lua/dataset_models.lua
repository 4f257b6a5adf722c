-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy" { models = { "toy-mini", "toy-maxi", "toy-mini" } },
  routers = { pm.router "prior" {} },
}
-- expect: dataset_models.lua:4: data.models[2]: the data has no model "toy-maxi"; did you mean "toy-max"?
-- expect: dataset_models.lua:4: data.models[3]: expert "toy-mini" is named twice
