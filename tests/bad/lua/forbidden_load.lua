-- SPDX-License-Identifier: MIT
return load("return 1")()
-- expect: forbidden_load.lua:2: 'load' is not available: code comes from files; use pm.load "path.lua"
