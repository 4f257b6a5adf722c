-- SPDX-License-Identifier: MIT
return 1, 2
-- expect: returns_two.lua: returns several values; a file returns one value: `return pm.library { ... }`
