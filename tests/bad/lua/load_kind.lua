-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.load "/etc/passwd"
-- expect: load_kind.lua:3: pm.load "/etc/passwd": want a file that ends in .lua
