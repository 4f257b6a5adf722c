-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment { data = pm.dataset(3), routers = { pm.router "prior" {} } }
-- expect: noun_shape.lua:3: pm.dataset is given number; write pm.dataset { ... } or pm.dataset "name" { ... }
