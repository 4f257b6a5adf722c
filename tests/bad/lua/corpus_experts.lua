-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.corpus "datasets/toy_corpus" { test = 0.6, train = 0.5 },
  library = pm.library {
    pm.expert "a" { backend = pm.backend "ngram" { ordr = 3 }, learns = pm.mix { doses = { kitchen = 1.5, 3 } } },
    pm.expert "b" { backend = "ngram", learns = 0.3 },
    pm.expert "c" { region = "local" },
    pm.expert "d" { backend = pm.backend "ngram" {}, learns = pm.mix { base = 0, without = { "kitchen" } } },
  },
  routers = { pm.router "prior" {} },
}
-- expect: corpus_experts.lua:4: data: test + train = 1.1 leaves no text for the experts; want less than 1
-- expect: corpus_experts.lua:6: experts[1] "a".backend: unknown parameter 'ordr'; did you mean 'order'?
-- expect: corpus_experts.lua:6: experts[1] "a".learns.doses: 3 stands without a name; want domain = dose
-- expect: corpus_experts.lua:6: experts[1] "a".learns.doses.kitchen = 1.5; want a share in (0, 1]
-- expect: corpus_experts.lua:7: experts[2] "b".backend = "ngram"; want pm.backend "name" { ... }
-- expect: corpus_experts.lua:7: experts[2] "b".learns = 0.3; want pm.mix { base = ..., doses = { ... } }
-- expect: corpus_experts.lua:8: experts[3] "c": backend is missing (what runs it: pm.backend "ngram" { order = 6 })
-- expect: corpus_experts.lua:8: experts[3] "c": learns is missing (its share of the corpus: pm.mix { base = .15 })
-- expect: corpus_experts.lua:9: experts[4] "d".learns: teaches nothing; want base > 0 or doses
