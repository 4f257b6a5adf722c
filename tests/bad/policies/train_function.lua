-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.router_fn {
  name = "closure",
  train = function(fit) return { ask = function() return fit end } end,
  predict = function() end,
}
-- expect: router "closure".train: train_function.lua:5: train: the state holds a function; want numbers, texts, true, false, tables and matrices
