-- SPDX-License-Identifier: MIT
-- Three ways to read the same text, small enough for datasets/toy_corpus: n-grams, a causal transformer, a masked one.  Each is
-- trained from scratch, vocabulary included, on the same share of every domain (other pieces of it for each, as always).
-- Losses are nats per character of the same masked words for all three (lua/libraries/language_models.lua).  Data only.
local pm <const> = require "pointsman"

local everything <const> = pm.mix { base = 1 }
local causal <const> = pm.backend "transformer" {
  kind = "causal", layers = 2, width = 64, heads = 2, vocab = 1200, max_tokens = 64,
  epochs = 6, rate = 2e-3, batch_tokens = 1024, words = "masked", mask_draws = 2,
}
local masked <const> = pm.backend "transformer" {
  kind = "masked", design = "llama", layers = 2, width = 64, heads = 2, vocab = 1200, max_tokens = 192,
  epochs = 6, rate = 2e-3, batch_tokens = 1024, mask_pieces = "in_turn", learn_share = .6, mask_draws = 2,
}

return pm.library {
  name = "toy_language_models", currency = "USD",
  pm.expert {
    id = "n-grams", backend = pm.backend "ngram" { order = 5, words = "masked", mask_draws = 2 }, learns = everything,
    licence = "LicenseRef-mixed", price = { input = 0.01, output = 0.02 }, tags = { "n-gram" },
  },
  pm.expert {
    id = "causal", backend = causal, learns = everything,
    licence = "LicenseRef-mixed", price = { input = 0.10, output = 0.20 }, tags = { "transformer" },
  },
  pm.expert {
    id = "masked", backend = masked, learns = everything,
    licence = "LicenseRef-mixed", price = { input = 0.10, output = 0.20 }, tags = { "transformer" },
  },
}
