-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.corpus "datasets/toy_corpus" { test = 0.6, train = 0.5, cap_tests = 3, min_chars = 900.5 },
  split = pm.split { by = "group", test = 0.2 },
  backend = pm.backend "recorded" {},
  train_sizes = { 500, 200 },
  routers = { pm.router "prior" {} },
}
-- expect: corpus_fields.lua:4: data: unknown field 'cap_tests'; did you mean 'cap_test'?
-- expect: corpus_fields.lua:4: data.min_chars = 900.5; want a whole number
-- expect: corpus_fields.lua:5: split.by = "group": a corpus is split by its documents; want "given"
-- expect: corpus_fields.lua:5: split.test: shares of a corpus are its own: pm.corpus "name" { test = ... }; only tune and seed are free here
-- expect: corpus_fields.lua:3: library: a corpus has text and no experts; want library = pm.library { pm.expert { backend = pm.backend "name" { ... }, learns = pm.mix { ... } }, ... }
-- expect: corpus_fields.lua:6: backend: over a corpus every expert has its own: pm.expert { backend = pm.backend "name" { ... }, learns = pm.mix { ... } }
-- expect: corpus_fields.lua:3: train_sizes[2] = 200 is not above the size before it; "all" comes last
