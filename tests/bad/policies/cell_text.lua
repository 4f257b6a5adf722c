-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.constraint_fn { name = "c", value = function(cell)
  return #cell.text
end }
-- expect: constraint "c".eval: cell_text.lua:4: cell.text: this constraint lacks per_prompt = true...
