-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  library = "from the data",
  routers = { pm.router "prior" {} },
}
-- expect: library_word.lua:3: library = "from the data"; want pm.library { ... } or "from data"
