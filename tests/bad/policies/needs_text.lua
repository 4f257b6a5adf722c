-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.router_fn { name = "r", train = function(fit, p)
  return { x = #fit.prompts.text[1] }
end, predict = function() end }
-- expect: router "r".train: needs_text.lua:4: prompts.text: needs lacks "text"...
