-- SPDX-License-Identifier: MIT
local function f(s) return (s:gsub("a", f)) end
return f("a")
-- expect: recursion_callback.lua:2: stack overflow; does a function call itself without end?
