-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = { pm.router "prior" {} },
  size = "tyo", sizes = { toy = { seeds = { 1 } } },
}
-- expect: sizes_unknown.lua: size = "tyo": want "toy"; did you mean "toy"?
