-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment { data = pm.dataset "datasets/toy", routers = { pm.router("prior", {}) } }
-- expect: noun_two.lua:3: pm.router is given several values; write pm.router { ... } or pm.router "name" { ... }
