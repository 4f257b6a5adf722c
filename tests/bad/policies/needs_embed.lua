-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.router_fn { name = "r", needs = { "text" }, train = function(fit, p)
  return { x = fit.prompts.embed:rows() }
end, predict = function() end }
-- expect: router "r".train: needs_embed.lua:4: prompts.embed: needs lacks "embed"...
