-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
pm.router = nil
return 1
-- expect: forbidden_change.lua:3: pm.router cannot be assigned: pm is read-only
