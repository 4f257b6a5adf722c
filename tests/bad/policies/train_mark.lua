-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.router_fn { name = "mark", train = function() return { ["#"] = 1 } end, predict = function() end }
-- expect: router "mark".train: train_mark.lua:3: train: names in the state do not begin with '#', found '#'
