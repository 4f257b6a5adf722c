-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
local routers <const> = {}
for i = 1, 30 do routers[i] = pm.router("nearest" .. i) {} end
return pm.experiment { data = pm.dataset "datasets/toy", routers = routers }
-- expect: many.lua:4: routers[1] "nearest1": unknown router 'nearest1'; `pointsman plugins` lists what was found; if it is yours, set POINTSMAN_PLUGINS to its folder, or `make install` it
-- expect: many.lua:4: routers[2] "nearest2": unknown router 'nearest2'; `pointsman plugins` lists what was found; if it is yours, set POINTSMAN_PLUGINS to its folder, or `make install` it
-- expect: many.lua:4: routers[3] "nearest3": unknown router 'nearest3'; `pointsman plugins` lists what was found; if it is yours, set POINTSMAN_PLUGINS to its folder, or `make install` it
-- expect: many.lua:4: routers[4] "nearest4": unknown router 'nearest4'; `pointsman plugins` lists what was found; if it is yours, set POINTSMAN_PLUGINS to its folder, or `make install` it
-- expect: many.lua:4: routers[5] "nearest5": unknown router 'nearest5'; `pointsman plugins` lists what was found; if it is yours, set POINTSMAN_PLUGINS to its folder, or `make install` it
-- expect: many.lua:4: routers[6] "nearest6": unknown router 'nearest6'; `pointsman plugins` lists what was found; if it is yours, set POINTSMAN_PLUGINS to its folder, or `make install` it
-- expect: many.lua:4: routers[7] "nearest7": unknown router 'nearest7'; `pointsman plugins` lists what was found; if it is yours, set POINTSMAN_PLUGINS to its folder, or `make install` it
-- expect: many.lua:4: routers[8] "nearest8": unknown router 'nearest8'; `pointsman plugins` lists what was found; if it is yours, set POINTSMAN_PLUGINS to its folder, or `make install` it
-- expect: many.lua:4: routers[9] "nearest9": unknown router 'nearest9'; `pointsman plugins` lists what was found; if it is yours, set POINTSMAN_PLUGINS to its folder, or `make install` it
-- expect: many.lua:4: routers[10] "nearest10": unknown router 'nearest10'; `pointsman plugins` lists what was found; if it is yours, set POINTSMAN_PLUGINS to its folder, or `make install` it
-- expect: many.lua:4: routers[11] "nearest11": unknown router 'nearest11'; `pointsman plugins` lists what was found; if it is yours, set POINTSMAN_PLUGINS to its folder, or `make install` it
-- expect: many.lua:4: routers[12] "nearest12": unknown router 'nearest12'; `pointsman plugins` lists what was found; if it is yours, set POINTSMAN_PLUGINS to its folder, or `make install` it
-- expect: many.lua:4: routers[13] "nearest13": unknown router 'nearest13'; `pointsman plugins` lists what was found; if it is yours, set POINTSMAN_PLUGINS to its folder, or `make install` it
-- expect: many.lua:4: routers[14] "nearest14": unknown router 'nearest14'; `pointsman plugins` lists what was found; if it is yours, set POINTSMAN_PLUGINS to its folder, or `make install` it
-- expect: many.lua:4: routers[15] "nearest15": unknown router 'nearest15'; `pointsman plugins` lists what was found; if it is yours, set POINTSMAN_PLUGINS to its folder, or `make install` it
-- expect: many.lua:4: routers[16] "nearest16": unknown router 'nearest16'; `pointsman plugins` lists what was found; if it is yours, set POINTSMAN_PLUGINS to its folder, or `make install` it
-- expect: many.lua:4: routers[17] "nearest17": unknown router 'nearest17'; `pointsman plugins` lists what was found; if it is yours, set POINTSMAN_PLUGINS to its folder, or `make install` it
-- expect: many.lua:4: routers[18] "nearest18": unknown router 'nearest18'; `pointsman plugins` lists what was found; if it is yours, set POINTSMAN_PLUGINS to its folder, or `make install` it
-- expect: many.lua:4: routers[19] "nearest19": unknown router 'nearest19'; `pointsman plugins` lists what was found; if it is yours, set POINTSMAN_PLUGINS to its folder, or `make install` it
-- expect: many.lua:4: routers[20] "nearest20": unknown router 'nearest20'; `pointsman plugins` lists what was found; if it is yours, set POINTSMAN_PLUGINS to its folder, or `make install` it
-- expect: ... and 10 more
