-- SPDX-License-Identifier: MIT
return dofile("router_shape.lua")
-- expect: forbidden_dofile.lua:2: 'dofile' is not available: use pm.load "path.lua"
