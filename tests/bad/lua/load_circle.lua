-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.load "load_circle.lua"
-- expect: load_circle.lua:3: load_circle.lua loads itself, in a circle
