-- SPDX-License-Identifier: MIT
-- Policies made of Lua functions, held to the same suite as C plugins: one healthy of each kind.
local pm = require "pointsman"

local router = pm.router_fn {
  name = "lua_mean", doc = "Mean observed outcome of each expert, whatever the prompt.",
  params = { shrink = 1 },
  train = function(fit, p)
    local state = { mean = {} }
    for j = 1, fit.m do
      local sum, count = 0.5 * p.shrink, p.shrink
      for i = 1, fit.n do
        local v = fit.value:get(i, j)
        if pm.known(v) then sum, count = sum + v, count + 1 end
      end
      state.mean[j] = sum / count
    end
    return state
  end,
  predict = function(state, prompts, out)
    for i = 1, prompts.n do
      for j = 1, #state.mean do out.value:set(i, j, state.mean[j]) end
    end
  end,
}

local objective = pm.objective_fn {
  name = "lua_best", doc = "Value minus soft terms.", accepts = { "quality", "loss" },
  score = function(cell)
    local u = cell.kind == "loss" and -cell.value or cell.value
    for _, term in pairs(cell.terms) do u = u - term end
    return u
  end,
}

local constraint = pm.constraint_fn {
  name = "lua_price", doc = "List price of output tokens.", reads = { "price_out" },
  value = function(cell) return cell.expert.price_out / 100 end,
}

return { router = router, objective = objective, constraint = constraint }
