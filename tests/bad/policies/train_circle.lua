-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.router_fn {
  name = "circle",
  train = function()
    local t <const> = {}
    t.t = t
    return t
  end,
  predict = function() end,
}
-- expect: router "circle".train: train_circle.lua:5: train: the state is nested more than 32 deep, or contains itself
