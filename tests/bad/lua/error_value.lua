-- SPDX-License-Identifier: MIT
error { code = 5 }
-- expect: error_value.lua:2: error with a table instead of a text
