-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  asks = "caf\xe9",
  name = "nul\0byte",
  data = pm.dataset "datasets/toy",
  routers = { pm.router "prior" {} },
}
-- expect: text_not_utf8.lua:3: asks is not UTF-8 (byte 4)
-- expect: text_not_utf8.lua:3: name holds a NUL byte
-- expect: text_not_utf8.lua:3: name = ""; want 1 to 64 letters, digits, '_', '-' and '.', beginning with a letter or digit
