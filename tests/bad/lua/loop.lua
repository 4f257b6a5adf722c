-- SPDX-License-Identifier: MIT
local n = 0
while true do n = n + 1 end
-- expect: loop.lua:3: stopped after 50 million instructions; is there a loop without end?
