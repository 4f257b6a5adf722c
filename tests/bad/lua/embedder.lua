-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  embedder = pm.embedder "lsa" { dim = 0, dims = 3 },
  routers = { pm.router "prior" {} },
}
-- expect: embedder.lua:5: embedder "lsa": unknown parameter 'dims'; did you mean 'dim'?
-- expect: embedder.lua:5: embedder "lsa".dim = 0 is outside [1, 4096]
