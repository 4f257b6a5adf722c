-- SPDX-License-Identifier: MIT
-- The experts of eleven.lua and the one that came later: it alone has learnt javascript and lisp, so a router that was
-- trained before it came has to find out where it is best.
local pm <const> = require "pointsman"

local experts <const> = { name = "twelve", currency = "USD" }
for _, expert in ipairs(pm.load "libraries/eleven.lua") do
  experts[#experts + 1] = expert
end
experts[#experts + 1] = pm.expert {
  id = "newcomer", backend = pm.backend "ngram" { order = 6 },
  learns = pm.mix { base = .15, doses = { javascript = .5, lisp = .7 } },
  released = "2025-09-15", licence = "LicenseRef-mixed", region = "us", context = 16384,
  trust = 0.5, trust_evidence = "assigned: new, not yet reviewed",
  price = { input = 0.32, output = 0.64 }, tags = { "code", "new" },
}
return pm.library(experts)
