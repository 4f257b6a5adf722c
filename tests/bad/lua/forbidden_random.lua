-- SPDX-License-Identifier: MIT
local k <const> = math.random(20)
return k
-- expect: forbidden_random.lua:2: 'math.random' is not available: another result every run; in a policy use pm.uniform(stream, i)
