-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  asks = ("why "):rep(100000),
  data = pm.dataset "datasets/toy",
  routers = { pm.router "prior" {} },
}
-- expect: text_long.lua:3: asks is a text of 400000 bytes; want at most 65536
