-- SPDX-License-Identifier: MIT
local socket <const> = require "socket"
return socket
-- expect: forbidden_require.lua:2: require "socket": only "pointsman" is known; use pm.load "path.lua" for files of your own
