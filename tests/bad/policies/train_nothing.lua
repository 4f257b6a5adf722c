-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.router_fn { name = "lazy", train = function() end, predict = function() end }
-- expect: router "lazy".train: train_nothing.lua:3: train returned nil; want a table (the state)
