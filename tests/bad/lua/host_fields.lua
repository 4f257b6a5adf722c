-- SPDX-License-Identifier: MIT
-- Misspelt fields that the host takes beside the plugin's own parameters.
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = {
    pm.router "prior" { lable = "p" },
    pm.router "prior" { zzzzzz = 1, label = "q" },
  },
  constraints = {
    pm.constraint "price" { wieght = 0.05 },
    pm.constraint "price" { sens = "hard", label = "b" },
    pm.constraint "price" { bond = 3, label = "c" },
    pm.constraint "price" { zzzzzz = 3, label = "d" },
  },
}
-- expect: host_fields.lua:7: routers[1] "prior": unknown parameter 'lable'; did you mean 'label'?
-- expect: host_fields.lua:8: routers[2] "prior": unknown parameter 'zzzzzz'; it takes shrink, label, learns, from
-- expect: host_fields.lua:11: constraints[1] "price": unknown parameter 'wieght'; did you mean 'weight'?
-- expect: host_fields.lua:12: constraints[2] "price": unknown parameter 'sens'; did you mean 'sense'?
-- expect: host_fields.lua:13: constraints[3] "price": unknown parameter 'bond'; did you mean 'bound'?
-- expect: host_fields.lua:14: constraints[4] "price": unknown parameter 'zzzzzz'; it takes predict, basis, scale, missing, answers, tokens_in, tokens_out, weight, sense, bound, label, phrases
