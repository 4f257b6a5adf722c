-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
local function f(x) return 1 + f(x) end
return pm.router_fn { name = "deep", train = function() return {} end, predict = function() f(1) end }
-- expect: router "deep".predict: predict_recursion.lua:3: the script wants more than 16 MiB of memory; does a table or text grow without end?
