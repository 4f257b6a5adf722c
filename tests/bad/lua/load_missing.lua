-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.load "lua/libraries/tyo.lua"
-- expect: load_missing.lua:3: pm.load "lua/libraries/tyo.lua": no such file; looked in ...
