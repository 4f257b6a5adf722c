-- SPDX-License-Identifier: MIT
-- Three ways to read the same text, about four to five million numbers each: n-grams, a causal transformer, a masked one.  Each is
-- trained from scratch, vocabulary included, on the same share of every domain (other pieces of it for each, as always).
-- Losses are nats per character of the same words for all three: those that the shared masks choose.  N-grams and the causal
-- model know what stands before a byte or piece, the masked one all words that are not masked and, like them, the pieces
-- before in the word itself.  Data only.
local pm <const> = require "pointsman"

local everything <const> = pm.mix { base = .15 }
local causal <const> = pm.backend "transformer" {
  kind = "causal", layers = 4, width = 256, heads = 4, vocab = 8000, max_tokens = 128,
  epochs = 1, rate = 1e-3, batch_tokens = 4096, words = "masked", mask_draws = 2,
}
-- Only the masked words of a text teach a masked model: it reads the text often, with many masks, in small steps.
local masked <const> = pm.backend "transformer" {
  kind = "masked", design = "llama", layers = 2, width = 256, heads = 4, vocab = 8000, max_tokens = 256,
  epochs = 20, rate = 1e-3, batch_tokens = 2048, mask_pieces = "in_turn", learn_share = .6, mask_draws = 2,
}

return pm.library {
  name = "language_models", currency = "USD",
  pm.expert {
    id = "n-grams", backend = pm.backend "ngram" { order = 6, words = "masked", mask_draws = 2 }, learns = everything,
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
