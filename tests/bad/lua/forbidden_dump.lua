-- SPDX-License-Identifier: MIT
return string.dump(function() end)
-- expect: forbidden_dump.lua:2: 'string.dump' is not available: functions are not data
