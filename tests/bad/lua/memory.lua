-- SPDX-License-Identifier: MIT
local t <const> = {}
local i = 0
while true do
  i = i + 1
  t[i] = ("x"):rep(1e6) .. i
end
-- expect: memory.lua:6: the script wants more than 64 MiB of memory; does a table or text grow without end?
