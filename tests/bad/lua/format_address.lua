-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment { name = string.format("x%p", {}), data = pm.dataset "datasets/toy", routers = {} }
-- expect: format_address.lua:3: string.format: %p shows an address; want a value
