-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.router_fn { name = "dice", train = function() return { pm.uniform(-1, 0) } end, predict = function() end }
-- expect: router "dice".train: uniform_stream.lua:3: pm.uniform(-1, 0): want a stream of 0 to 2^32 - 1 and a counter >= 0
