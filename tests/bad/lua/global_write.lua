-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
answer = 42
return pm.experiment { data = pm.dataset "datasets/toy", routers = { pm.router "prior" {} } }
-- expect: global_write.lua:3: global 'answer' cannot be assigned; write `local answer = ...`
