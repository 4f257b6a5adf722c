-- SPDX-License-Identifier: MIT
-- Three ways to read the same text, small enough for datasets/toy_corpus: n-grams, a causal transformer, a masked one.  Each is
-- trained from scratch, vocabulary included, on the same share of every domain (other pieces of it for each, as always).
-- Losses are nats per character; the masked model's are of masked words alone, which it guesses from both sides, so that
-- it is a neighbour of the other two rather than a rival.  Data only.
local pm <const> = require "pointsman"

local everything <const> = pm.mix { base = 1 }
local function transformer(kind)
  return pm.backend "transformer" {
    kind = kind, layers = 2, width = 64, heads = 2, vocab = 1200, max_tokens = 64,
    epochs = 6, rate = 2e-3, batch_tokens = 1024, mask_draws = 2,
  }
end

return pm.library {
  name = "toy_language_models", currency = "USD",
  pm.expert {
    id = "n-grams", backend = pm.backend "ngram" { order = 5 }, learns = everything,
    licence = "LicenseRef-mixed", price = { input = 0.01, output = 0.02 }, tags = { "n-gram" },
  },
  pm.expert {
    id = "causal", backend = transformer "causal", learns = everything,
    licence = "LicenseRef-mixed", price = { input = 0.10, output = 0.20 }, tags = { "transformer" },
  },
  pm.expert {
    id = "masked", backend = transformer "masked", learns = everything,
    licence = "LicenseRef-mixed", price = { input = 0.10, output = 0.20 }, tags = { "transformer" },
  },
}
