-- SPDX-License-Identifier: MIT
return ("x"):rep(1 << 40)
-- expect: memory_at_once.lua:2: resulting string too large
