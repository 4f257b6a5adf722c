-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.router_fn {
  name = "hoard",
  train = function()
    local t <const> = {}
    while true do t[#t + 1] = pm.matrix(1000, 100) end
  end,
  predict = function() end,
}
-- expect: router "hoard".train: train_memory.lua:7: the script wants more than 16 MiB of memory; does a table or text grow without end?
