-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/tyo" { min_know = 0.5, min_known = 1.5, models = "all", embed = true },
  routers = { pm.router "prior" {} },
}
-- expect: dataset.lua:4: data.embed: the experiment has it: embedder = pm.embedder "name" { ... }
-- expect: dataset.lua:4: data: unknown field 'min_know'; did you mean 'min_known'?
-- expect: dataset.lua:4: data.min_known = 1.5 is outside [0, 1]
-- expect: dataset.lua:4: data.models = "all"; want a list of texts
-- expect: dataset.lua:4: data "datasets/tyo": no such folder; looked in ...
