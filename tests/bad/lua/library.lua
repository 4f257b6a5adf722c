-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
local pool <const> = pm.library {
  name = "pool", currency = "EUR",
  pm.expert { id = "toy-mini", price = { input = 0.15 } },
  pm.expert { id = "toy-max", price = 3 },
  pm.expert { params = 7e9 },
  pm.expert { id = "toy-mini" },
  pm.expert { id = "toy-code", prams = 7e9 },
  pm.expert { id = "toy-nano", released = "2024-02-30" },
  pm.expert { id = "toy-prose", trust = 2, tools = "yes" },
  pm.expert { id = "toy-clerk", answers = function() end, tags = { 1, 2 } },
  { id = "plain" },
}
return pm.experiment {
  data = pm.dataset "datasets/toy",
  library = pool,
  routers = { pm.router "prior" {} },
}
-- expect: library.lua:3: library.currency = "EUR"; want "USD"
-- expect: library.lua:5: experts[1] "toy-mini": price.output is missing (USD per million tokens)
-- expect: library.lua:6: experts[2] "toy-max".price = 3; want { input = ..., output = ... }, USD per million tokens
-- expect: library.lua:7: experts[3]: id is missing (the model's name in the data)
-- expect: library.lua:8: experts[4]: expert "toy-mini" is named twice
-- expect: library.lua:9: experts[5] "toy-code": unknown attribute "prams": did you mean "params"? (a name of one's own must differ more)
-- expect: library.lua:10: experts[6] "toy-nano": released: found "2024-02-30", wanted a date: YYYY-MM-DD, YYYY-MM or YYYY
-- expect: library.lua:11: experts[7] "toy-prose": tools: found a text, wanted a flag
-- expect: library.lua:11: experts[7] "toy-prose": trust: found 2, wanted 0 to 1 (share)
-- expect: library.lua:12: experts[8] "toy-clerk": answers is a function; a library is data only
-- expect: library.lua:12: experts[8] "toy-clerk": tags = a table; want a number, a text, true, false or a list of words without commas
-- expect: library.lua:3: experts[9] = a table; want pm.expert { id = "name", ... }
