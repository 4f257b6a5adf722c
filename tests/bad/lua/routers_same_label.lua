-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = {
    pm.router "knn" { k = 5 },
    pm.router "knn" { k = 20 },
    pm.router "prior" { label = "a/b" },
  },
}
-- expect: routers_same_label.lua:7: routers[2]: "knn" is routers[1] already; give one of them a label: label = "..."
-- expect: routers_same_label.lua:8: routers[3] "prior".label = "a/b"; want a text of 1 to 64 bytes without slashes
