-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  routers = { pm.router "prior" {}, nil, pm.router "length" {} },
  seeds = { 1, [1.5] = 2, [true] = 3, [0] = 4 },
}
-- expect: keys.lua:3: routers[3] stands alone; a list has items 1, 2, 3 ... without gaps
-- expect: keys.lua:3: seeds[0] stands alone; a list has items 1, 2, 3 ... without gaps
-- expect: keys.lua:3: seeds has a key that is a boolean; want names or 1, 2, 3 ...
-- expect: keys.lua:3: seeds has a key that is a fraction; want names or 1, 2, 3 ...
