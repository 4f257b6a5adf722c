-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.library { pm.expert { id = "toy-mini" } }
-- expect: returns_other.lua:3: returns a pm.library; want pm.experiment { ... }
