-- SPDX-License-Identifier: MIT
return math.flor(2.5)
-- expect: math_typo.lua:2: math has no 'flor'; did you mean 'floor'?
