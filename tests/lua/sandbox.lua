-- SPDX-License-Identifier: MIT
-- Run inside the restricted state by tests/lua/run: the environment is small, sealed and the same every time.
local pm <const> = require "pointsman"

-- pairs visits keys in sorted order, numbers before texts, whatever the order of writing
local function keys(t)
  local out <const> = {}
  for k in pairs(t) do out[#out + 1] = tostring(k) end
  return table.concat(out, " ")
end
assert(keys { b = 1, a = 2, c = 3 } == "a b c")
assert(keys { z = 1, 10, 20, [-1] = 0, [2.5] = 0 } == "-1 1 2 2.5 z")
assert(keys { c = 1, b = 2, a = 3 } == keys { a = 3, b = 2, c = 1 })
assert(keys {} == "")

-- a loop may remove what it visits
local t <const> = { a = 1, b = 2, c = 3 }
for k in pairs(t) do t[k], t.c = nil, nil end
assert(t.a == nil and t.b == nil and t.c == nil)

-- no addresses
assert(tostring {} == "table" and tostring(keys) == "function")
assert(tostring(1.5) == "1.5" and tostring(nil) == "nil" and tostring "x" == "x")
assert(string.format("%5.2f%%%s", 1, "a") == " 1.00%a")

-- the functions that there are
local count = 0
for _, v in ipairs { 1, 2, nil, 4 } do count = count + v end
assert(count == 3)
assert(select("#", 1, 2, 3) == 3 and tonumber "0x10" == 16)
assert(math.floor(2.5) == 2 and math.type(3) == "integer" and math.max(1, 2) == 2)
assert(("abc"):upper() == "ABC" and utf8.len "é" == 1)
assert(table.concat({ 1, 2 }, ",") == "1,2" and #table.pack(table.unpack { 1, 2 }) == 2)

-- modules are loaded once
assert(require "pointsman" == pm)

return 1
