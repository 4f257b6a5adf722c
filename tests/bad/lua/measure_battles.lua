-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy_battles",
  measure = "battles",
  backend = pm.backend "recorded" {},
  train_sizes = { 10 },
  pair = { strong = "pan-max", weak = "pan-mini" },
  routers = { pm.router "prior" {} },
  rival = { "Bradley-Tery", "domain majority" },
}
-- expect: measure_battles.lua:3: rival[1] = "Bradley-Tery": no router or baseline has this label; did you mean "Bradley-Terry"?
-- expect: measure_battles.lua:3: rival[2] = "domain majority": no router or baseline has this label
-- expect: measure_battles.lua:3: measure = "battles": battles are recorded, so there is nothing for a backend
-- expect: measure_battles.lua:3: measure = "battles": a pair is measured on outcomes; leave it out
-- expect: measure_battles.lua:3: measure = "battles": train_sizes is measured on outcomes; leave it out
