-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy/models.json",
  routers = { pm.router "prior" {} },
}
-- expect: dataset_is_file.lua:4: data "datasets/toy/models.json": not a folder; looked in ...
