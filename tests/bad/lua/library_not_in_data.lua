-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  library = pm.library {
    pm.expert { id = "toy-mini", params = 3e9 },
    pm.expert { id = "toy-mxa", params = 5e10 },
  },
  routers = { pm.router "prior" {} },
}
-- expect: library_not_in_data.lua:7: experts[2]: the data has no model "toy-mxa"; did you mean "toy-max"?
