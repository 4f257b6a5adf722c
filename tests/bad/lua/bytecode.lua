-- SPDX-License-Identifier: MIT
return "\27Lua"
-- expect: bytecode.lua: returns "?Lua"; want pm.experiment { ... }
