-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.router_fn { name = "r", needs = { "text" }, train = function(fit, p)
  return { x = fit.value:rows() }
end, predict = function() end }
-- expect: router "r".train: needs_values.lua:4: fit.value: needs lacks "values"...
