-- SPDX-License-Identifier: MIT
-- Three ways to read the same text, about four to five million numbers each: n-grams, a causal transformer, a masked one.  Each is
-- trained from scratch, vocabulary included, on the same share of every domain (other pieces of it for each, as always).
-- Losses are nats per character; the masked model's are of masked words alone, which it guesses from both sides, so that
-- it is a neighbour of the other two rather than a rival.  Data only.
local pm <const> = require "pointsman"

local everything <const> = pm.mix { base = .15 }
local causal <const> = pm.backend "transformer" {
  kind = "causal", layers = 4, width = 256, heads = 4, vocab = 8000, max_tokens = 128,
  epochs = 1, rate = 1e-3, batch_tokens = 4096, mask_draws = 2,
}
-- Only the masked words of a text teach a masked model: it reads the text five times, in smaller steps, with half the layers.
local masked <const> = pm.backend "transformer" {
  kind = "masked", layers = 2, width = 256, heads = 4, vocab = 8000, max_tokens = 128,
  epochs = 5, rate = 1e-3, batch_tokens = 2048, mask_draws = 2,
}

return pm.library {
  name = "language_models", currency = "USD",
  pm.expert {
    id = "n-grams", backend = pm.backend "ngram" { order = 6 }, learns = everything,
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
