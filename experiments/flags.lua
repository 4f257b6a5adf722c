-- SPDX-License-Identifier: MIT
-- Prompts that say themselves how constraints weigh: what flags like [flag: smallest model] and --price=0.5 do to choices.
--   pointsman run experiments/flags.lua
local pm <const> = require "pointsman"

return pm.experiment {
  name  = "flags",
  asks  = "Do prompts that ask for a smaller or a cheaper model get one, and what does it cost them?",
  seeds = { 1 },

  data     = pm.dataset "datasets/toy_flags" {},
  embedder = pm.embedder "lsa" { dim = 64 },
  routers  = { pm.router "knn" { k = 20 }, pm.router "prior" {} },

  flags       = "error", -- a flag that is not understood stops the run; "warn" tells and strips it
  constraints = {
    pm.constraint "size" { weight = 0, phrases = { ["smallest model"] = 10, ["small model"] = 0.1 } },
    pm.constraint "price" { weight = 0 },
  },
  objective = pm.objective "penalty" {},
}
