-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.constraint_fn { name = "c", reads = { "regoin" }, value = function(cell)
  return 1
end }
-- expect: reads_typo.lua:3: constraint "c": expert "small" has no attribute regoin; did you mean 'region'?
