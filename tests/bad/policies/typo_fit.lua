-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.router_fn { name = "r", train = function(fit, p)
  return { x = fit.vlaue:rows() }
end, predict = function() end }
-- expect: router "r".train: typo_fit.lua:4: fit has no 'vlaue'; did you mean 'value'?...
