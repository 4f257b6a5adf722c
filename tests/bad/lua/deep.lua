-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
local t = {}
local root <const> = t
for _ = 1, 100 do
  t.next = {}
  t = t.next
end
return pm.experiment { data = pm.dataset "datasets/toy", routers = { pm.router "prior" {} }, bootstrap = root }
-- expect: deep.lua:9: bootstrap.next.next.next.next.next.next.next.next.next.next....: nested more than 16 deep
-- expect: deep.lua:9: bootstrap: unknown field 'next'
