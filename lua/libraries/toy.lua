-- SPDX-License-Identifier: MIT
-- The experts of datasets/toy: invented models with invented attributes (datasets/toy/SOURCE.md), the same as
-- its models.json.  Data only; a function in here is an error.  Attributes: docs/libraries.md.
local pm <const> = require "pointsman"

return pm.library {
  name = "toy", currency = "USD",
  pm.expert {
    id = "toy-nano", params = 5e8, context = 8192, tools = false,
    price = { input = 0.02, output = 0.04, cached = 0.01 },
    released = "2024-09-01", knowledge_cutoff = "2024-03",
    licence = "Apache-2.0", region = "local", modalities = "text",
    trust = 0.5, trust_evidence = "invented",
    latency_first_ms = 20, latency_token_ms = 3,
    tags = { "small", "local" },
  },
  pm.expert {
    id = "toy-mini", params = 3e9, context = 32768, tools = false,
    price = { input = 0.08, output = 0.16, cached = 0.04 },
    released = "2024-06-15", knowledge_cutoff = "2023-12",
    licence = "MIT", region = "local", modalities = "text",
    trust = 0.6, trust_evidence = "invented",
    latency_first_ms = 35, latency_token_ms = 6,
    tags = { "small" },
  },
  pm.expert {
    id = "toy-code", params = 7e9, context = 65536, tools = true,
    price = { input = 0.2, output = 0.4, cached = 0.1 },
    released = "2024-11-20", knowledge_cutoff = "2024-06",
    licence = "Apache-2.0", region = "eu", modalities = "text",
    trust = 0.7, trust_evidence = "invented",
    latency_first_ms = 60, latency_token_ms = 9,
    tags = { "code", "reasoning" },
  },
  pm.expert {
    id = "toy-prose", params = 1.3e10, context = 16384, tools = false,
    price = { input = 0.4, output = 0.8, cached = 0.2 },
    released = "2023-12-05", knowledge_cutoff = "2023-06",
    licence = "CC-BY-4.0", region = "eu", modalities = "text",
    trust = 0.7, trust_evidence = "invented",
    latency_first_ms = 90, latency_token_ms = 14,
    tags = { "writing" },
  },
  pm.expert {
    id = "toy-clerk", params = 3.2e10, context = 131072, tools = true,
    price = { input = 1, output = 3, cached = 0.5 },
    released = "2025-02-10", knowledge_cutoff = "2024-10",
    licence = "MIT", region = "us", modalities = "text,image",
    trust = 0.9, trust_evidence = "invented",
    latency_first_ms = 180, latency_token_ms = 22,
    tags = { "law", "long" },
  },
  pm.expert {
    id = "toy-max", params = 5e10, context = 200000, tools = true,
    price = { input = 2.5, output = 10, cached = 1.25 },
    released = "2025-05-01", knowledge_cutoff = "2025-01",
    licence = "LicenseRef-toy", region = "us", modalities = "text,image,audio",
    trust = 0.8, trust_evidence = "invented",
    latency_first_ms = 350, latency_token_ms = 30,
    tags = { "large" },
  },
}
