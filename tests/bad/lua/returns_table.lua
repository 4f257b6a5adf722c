-- SPDX-License-Identifier: MIT
return { name = "plain" }
-- expect: returns_table.lua: returns a table; want pm.experiment { ... }
