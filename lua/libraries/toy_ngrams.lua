-- SPDX-License-Identifier: MIT
-- Four small language models that are really trained and run, on datasets/toy_corpus: two that know two kinds of text
-- each, one that knows a little of all, one that is tiny.  Prices, dates and trust are invented.  Data only.
local pm <const> = require "pointsman"

return pm.library {
  name = "toy_ngrams", currency = "USD",
  pm.expert {
    id = "field", backend = pm.backend "ngram" { order = 5 },
    learns = pm.mix { base = .10, doses = { orchard = .8, kitchen = .7 } },
    released = "2023-05-01", licence = "MIT", region = "local", context = 2048,
    trust = 0.7, trust_evidence = "invented",
    price = { input = 0.10, output = 0.20 }, tags = { "garden" },
  },
  pm.expert {
    id = "port", backend = pm.backend "ngram" { order = 5 },
    learns = pm.mix { base = .10, doses = { harbour = .8, bylaws = .7 } },
    released = "2024-01-10", licence = "MIT", region = "eu", context = 2048,
    trust = 0.9, trust_evidence = "invented",
    price = { input = 0.12, output = 0.24 }, tags = { "trade", "law" },
  },
  pm.expert {
    id = "general", backend = pm.backend "ngram" { order = 5 },
    learns = pm.mix { base = .45, doses = { script = .9 } },
    released = "2024-08-20", licence = "Apache-2.0", region = "us", context = 8192,
    trust = 0.6, trust_evidence = "invented",
    price = { input = 0.20, output = 0.40 }, tags = { "code", "general" },
  },
  pm.expert {
    id = "tiny", backend = pm.backend "ngram" { order = 3 },
    learns = pm.mix { base = .30 },
    released = "2022-02-02", licence = "MIT", region = "local", context = 1024,
    trust = 0.5, trust_evidence = "invented",
    price = { input = 0.01, output = 0.02 }, tags = { "small" },
  },
}
