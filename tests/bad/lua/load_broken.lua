-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  library = pm.load "parts/library_broken.lua",
  routers = { pm.router "prior" {} },
}
-- expect: parts/library_broken.lua:6: experts[1] "toy-mini".price.output = -1 is outside [0, 1000000]
-- expect: parts/library_broken.lua:7: experts[2] "toy-max": price.output is missing (USD per million tokens)
