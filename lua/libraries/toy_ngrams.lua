-- SPDX-License-Identifier: MIT
-- Four small language models that are really trained and run, on datasets/toy_corpus: two with some kinds of text
-- more than others, one that knows half of everything, one that is tiny.  They overlap, so that the label rule "best
-- expert of the domain" is right on three prompts of four.  Prices, dates and trust are invented.  Data only.
local pm <const> = require "pointsman"

return pm.library {
  name = "toy_ngrams", currency = "USD",
  pm.expert {
    id = "field", backend = pm.backend "ngram" { order = 5 },
    learns = pm.mix { base = .30, doses = { orchard = .6, kitchen = .5, bylaws = .5 } },
    released = "2023-05-01", licence = "MIT", region = "local", context = 2048,
    trust = 0.7, trust_evidence = "invented",
    price = { input = 0.10, output = 0.20 }, tags = { "garden" },
  },
  pm.expert {
    id = "port", backend = pm.backend "ngram" { order = 5 },
    learns = pm.mix { base = .30, doses = { harbour = .6, bylaws = .5, script = .5 } },
    released = "2024-01-10", licence = "MIT", region = "eu", context = 2048,
    trust = 0.9, trust_evidence = "invented",
    price = { input = 0.12, output = 0.24 }, tags = { "trade", "law" },
  },
  pm.expert {
    id = "general", backend = pm.backend "ngram" { order = 5 },
    learns = pm.mix { base = .50 },
    released = "2024-08-20", licence = "Apache-2.0", region = "us", context = 8192,
    trust = 0.6, trust_evidence = "invented",
    price = { input = 0.20, output = 0.40 }, tags = { "general" },
  },
  pm.expert {
    id = "tiny", backend = pm.backend "ngram" { order = 3 },
    learns = pm.mix { base = .30 },
    released = "2022-02-02", licence = "MIT", region = "local", context = 1024,
    trust = 0.5, trust_evidence = "invented",
    price = { input = 0.01, output = 0.02 }, tags = { "small" },
  },
}
