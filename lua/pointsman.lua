-- SPDX-License-Identifier: MIT
-- The module of experiment scripts: `local pm <const> = require "pointsman"`.  One constructor per noun, two
-- call shapes: pm.noun { ... } and pm.noun "name" { ... }.  What they may hold: docs/write-an-experiment.md.
local core <const> = require "pointsman.core"

local pm <const> = {}

for _, noun in ipairs(core.nouns) do
  pm[noun] = core.constructor(noun)
end

pm.load    = core.load    -- pm.load "path.lua": the value of another file
pm.log     = core.log     -- a line for whoever watches
pm.matrix  = core.matrix  -- pm.matrix(rows, cols): zeros
pm.uniform = core.uniform -- pm.uniform(stream, i) in [0,1): the same for the same seed

--- Was it observed?  Cells that nobody measured are NaN.
function pm.known(x)
  return x == x
end

return core.seal(pm)
