-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.router_fn { name = "mixed", train = function() return { 1, a = 2 } end, predict = function() end }
-- expect: router "mixed".train: train_mixed.lua:3: train: a table of the state mixes names and other keys; want a list or a record
