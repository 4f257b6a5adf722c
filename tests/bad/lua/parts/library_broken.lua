-- SPDX-License-Identifier: MIT
-- Loaded by load_broken.lua.
local pm <const> = require "pointsman"

return pm.library {
  pm.expert { id = "toy-mini", price = { input = 0.1, output = -1 } },
  pm.expert { id = "toy-max", price = { input = 0.1 } },
}
