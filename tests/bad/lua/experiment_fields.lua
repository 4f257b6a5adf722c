-- SPDX-License-Identifier: MIT
-- Unknown fields, wrong kinds, numbers out of their range.
local pm <const> = require "pointsman"
return pm.experiment {
  name = "no spaces, please",
  ask = "?",
  data = "datasets/toy",
  seed = 1,
  seeds = { 1, -2, 1.5, 1 },
  routers = { pm.router "prior" {} },
  delta = 7,
  rival = "pior",
  reference = "no",
  objective = pm.router "prior" {},
  backend = "recorded",
  bootstrap = { resamples = 10, level = 95, by = "prompt" },
}
-- expect: experiment_fields.lua:4: unknown field 'ask'; did you mean 'asks'?
-- expect: experiment_fields.lua:4: backend = "recorded"; want pm.backend
-- expect: experiment_fields.lua:4: delta = 7 is outside [0, 1]
-- expect: experiment_fields.lua:14: objective = a pm.router; want pm.objective or pm.objective_fn
-- expect: experiment_fields.lua:4: reference = "no"; want true or false
-- expect: experiment_fields.lua:4: unknown field 'seed'; did you mean 'seeds'?
-- expect: experiment_fields.lua:4: seeds[2] = -2 is outside [0, 9007199254740992]
-- expect: experiment_fields.lua:4: seeds[3] = 1.5; want a whole number
-- expect: experiment_fields.lua:4: name = "no spaces, please"; want 1 to 64 letters, digits, '_', '-' and '.', beginning with a letter or digit
-- expect: experiment_fields.lua:4: data = "datasets/toy"; want pm.dataset "path" { ... } or pm.corpus "name" { ... }
-- expect: experiment_fields.lua:4: rival = "pior": no router or baseline has this label; did you mean "prior"?
-- expect: experiment_fields.lua:4: bootstrap: unknown field 'by'
-- expect: experiment_fields.lua:4: bootstrap.level = 95 is outside [0.5, 0.9999]
-- expect: experiment_fields.lua:4: bootstrap.resamples = 10 is outside [100, 1000000]
