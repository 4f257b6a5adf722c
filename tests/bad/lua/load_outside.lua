-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.load "../../../../../../../../../../usr/share/pointsman-outside.lua"
-- expect: load_outside.lua:3: pm.load "../../../../../../../../../../usr/share/pointsman-outside.lua": no such file; looked in ...
