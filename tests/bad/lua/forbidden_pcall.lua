-- SPDX-License-Identifier: MIT
return pcall(error, "x")
-- expect: forbidden_pcall.lua:2: 'pcall' is not available: a mistake stops the script, so that it cannot be overlooked
