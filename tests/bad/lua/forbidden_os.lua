-- SPDX-License-Identifier: MIT
return os.time()
-- expect: forbidden_os.lua:2: 'os' is not available: a script gives the same result on every machine and every day, so it sees no clock, no environment and no programs
