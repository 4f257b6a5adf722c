LuaS
-- SPDX-License-Identifier: MIT
-- A loader must not run bytecode.
-- expect: bytecode_file.lua: attempt to load a binary chunk (mode is 't')
