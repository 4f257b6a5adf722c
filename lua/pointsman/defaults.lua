-- SPDX-License-Identifier: MIT
-- What an experiment gets when it does not say: the penalty objective, LSA vectors, and a tuned kNN router as
-- the rival of every table (on battles, Bradley-Terry is).  The one place where plugins are named outside of scripts.
local core <const> = require "pointsman.core"
local pm <const> = require "pointsman"

local reference <const> = "knn (reference)"

--- The label of the first kNN router of the list.
local function first_knn(routers)
  for _, router in ipairs(routers) do
    local noun, name = core.about(router)
    if noun == "router" and name == "knn" then
      return router.label or name
    end
  end
end

return function(x)
  if x.objective == nil then x.objective = pm.objective "penalty" {} end
  if x.embedder == nil then x.embedder = pm.embedder "lsa" {} end
  if type(x.routers) ~= "table" or #x.routers == 0 then return end

  if x.measure == "battles" and not x.reference then return end -- kNN learns from outcomes, which may not be there

  local rival = first_knn(x.routers)
  if not rival and x.reference ~= false then
    if x.embedder == false then
      error("embedder = false leaves the reference kNN without vectors; write reference = false too", 0)
    end
    local all <const> = {} -- the script's own list stays as it is
    local last = 0
    for key, router in pairs(x.routers) do
      all[key], last = router, last + 1
    end
    if last ~= #all then return end -- gaps or names: the reader says so
    all[last + 1] = pm.router "knn" { label = reference }
    x.routers, rival = all, reference
  end
  if x.rival == nil then x.rival = rival end
end
