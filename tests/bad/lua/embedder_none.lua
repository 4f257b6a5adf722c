-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  embedder = false,
  routers = { pm.router "prior" {} },
}
-- expect: embedder_none.lua: embedder = false leaves the reference kNN without vectors; write reference = false too
