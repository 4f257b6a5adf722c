-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.router_fn { name = "r", needs = { "text" }, train = function(fit, p)
  return { x = fit.prompts.texts[1] }
end, predict = function() end }
-- expect: router "r".train: typo_prompts.lua:4: prompts has no 'texts'; did you mean 'text'?...
