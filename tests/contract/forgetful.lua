-- SPDX-License-Identifier: MIT
-- A router that keeps what it learnt outside of its state: two instances share it, and a loaded one has lost
-- it.  The suite must say so.
local pm = require "pointsman"

local mean = {}

return pm.router_fn {
  name = "forgetful", doc = "Mean observed outcome, kept in the wrong place.",
  train = function(fit)
    for j = 1, fit.m do
      local sum, count = 0.5, 1
      for i = 1, fit.n do
        local v = fit.value:get(i, j)
        if pm.known(v) then sum, count = sum + v, count + 1 end
      end
      mean[j] = sum / count
    end
    return {}
  end,
  predict = function(_, prompts, out)
    for i = 1, prompts.n do
      for j = 1, out.value:cols() do out.value:set(i, j, mean[j]) end
    end
  end,
}
