-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.router_fn { name = "bytes", train = function() return { "\xff" } end, predict = function() end }
-- expect: router "bytes".train: train_text.lua:3: train: the state holds a text that is not UTF-8
