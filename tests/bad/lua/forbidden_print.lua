-- SPDX-License-Identifier: MIT
print "hello"
-- expect: forbidden_print.lua:2: 'print' is not available: use pm.log(text)
