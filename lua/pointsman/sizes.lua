-- SPDX-License-Identifier: MIT
-- One experiment in several sizes: `sizes = { toy = { data = ..., seeds = { 1 } } }` and `--set size=toy` (or
-- size = "toy" in the script).  The fields of the chosen size replace the script's own, before any other
-- --set.  Returns a function of the experiment's table.
local core <const> = require "pointsman.core"

return function(x)
  if x.size == nil then return end
  if type(x.size) ~= "string" or (x.sizes ~= nil and type(x.sizes) ~= "table") then return end -- told by the reader
  local names <const> = {}
  for name in pairs(x.sizes or {}) do
    if type(name) == "string" then names[#names + 1] = name end
  end
  local chosen <const> = x.sizes and x.sizes[x.size]
  if chosen == nil then
    local near <const> = core.suggest(x.size, names)
    error(('size = "%s": %s%s'):format(x.size,
      #names == 0 and "the script has no sizes" or "want " .. '"' .. table.concat(names, '", "') .. '"',
      near and ('; did you mean "%s"?'):format(near) or ""), 0)
  end
  if type(chosen) ~= "table" then return end
  for field, value in pairs(chosen) do
    if field ~= "size" and field ~= "sizes" then x[field] = value end
  end
end
