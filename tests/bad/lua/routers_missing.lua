-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  name = "nothing",
}
-- expect: routers_missing.lua:3: data is missing (pm.dataset "path" { ... })
-- expect: routers_missing.lua:3: routers is missing (a list of pm.router "name" { ... })
