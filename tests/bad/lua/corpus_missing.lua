-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.corpus "no-such-corpus",
  library = pm.library { pm.expert "a" { backend = pm.backend "ngram" {}, learns = pm.mix { base = 1 } } },
  routers = { pm.router "prior" {} },
}
-- expect: corpus_missing.lua:4: data "no-such-corpus": no such corpus (a folder with a folder of texts for every domain); looked in ...
