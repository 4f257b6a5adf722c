-- SPDX-License-Identifier: MIT
return getmetatable("").__index
-- expect: forbidden_metatable.lua:2: 'getmetatable' is not available: tables are plain data
