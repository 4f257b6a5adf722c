-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy"
  routers = {},
}
-- expect: syntax.lua:5: '}' expected (to close '{' at line 3) near 'routers'
