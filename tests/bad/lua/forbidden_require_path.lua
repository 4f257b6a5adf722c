-- SPDX-License-Identifier: MIT
return require "pointsman.../../../etc"
-- expect: forbidden_require_path.lua:2: require "pointsman.../../../etc": only "pointsman" is known; use pm.load "path.lua" for files of your own
