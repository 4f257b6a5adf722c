-- SPDX-License-Identifier: MIT
local function f(n) return 1 + f(n + 1) end
return f(0)
-- expect: recursion.lua:2: stack overflow; does a function call itself without end?
