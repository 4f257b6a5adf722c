-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
local f <const> = io.open("/etc/passwd")
return pm.experiment { data = pm.dataset(f:read()), routers = {} }
-- expect: forbidden_io.lua:3: 'io' is not available: scripts read no files; pm.dataset and pm.load name them
