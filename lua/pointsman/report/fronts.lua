-- SPDX-License-Identifier: MIT
-- The numbers of the Pareto figure: mean term value (or cost) against mean outcome for routers at every weight point,
-- single experts, their mixtures, and the oracle under the same rule.
local stat <const> = require "pointsman.report.stat"

local fronts <const> = {}

--- Choices of an oracle that knows the outcomes and weighs them as the penalty objective does.
local function oracle_choice(c, weight)
  local out <const> = {}
  for i = 1, c.n do
    local row <const>, best, at = c.value:row(i), nil, 1
    for j = 1, c.m do
      local u = c.sign * row[j]
      for k, t in ipairs(c.terms) do u = u - (weight[k] or 0) * t.at(i, j) end
      if not best or u > best then best, at = u, j end
    end
    out[i] = at
  end
  return out
end

--- Weight of every term at a point, by the term's label.
local function weights_of(f, c, point)
  local by <const>, out <const> = {}, {}
  for _, w in ipairs(f.weights(point)) do by[w[1]] = w[2] end
  for k, t in ipairs(c.terms) do out[k] = by[t.label] or 0 end
  return out
end

local function is_penalty(f, c)
  local o <const> = f.run.spec and f.run.spec.objective
  for _, t in ipairs(c.terms) do
    if t.sense ~= "soft" then return false end
  end
  return o and o.plugin == "penalty"
end

local function single(c, j)
  local out <const> = {}
  for i = 1, c.n do out[i] = j end
  return out
end

--- From cells.  t: a term {label, at, unit}; {x label, unit, experts, routers, oracle = {..}, marks}
local function from_cells(f, c, t)
  local function at(choice, text)
    if not choice then return nil end
    local x <const>, y <const> = c.mean_term(t, choice), c.mean_value(choice)
    return x and y and { x, y, text } or nil
  end
  local out <const> = { experts = {}, routers = {}, oracle = {}, marks = {}, term = t }
  for j, e in ipairs(c.experts) do out.experts[j] = at(single(c, j), e.id) end
  for _, r in ipairs(c.routers) do
    local line <const> = { label = r.label }
    for k, choice in ipairs(r.choices) do line[#line + 1] = at(choice, c.points[k] or "") end
    if #line > 0 then out.routers[#out.routers + 1] = line end
  end
  if is_penalty(f, c) and #c.points <= 60 then
    for k, p in ipairs(c.points) do out.oracle[k] = at(oracle_choice(c, weights_of(f, c, p)), p) end
  else
    out.oracle[1] = at(c.best, "")
  end
  local d <const> = c.policy["domain majority"]
  if d then out.marks[1] = at(d.choice, "domain rule") end
  return out
end

--- From rows of recorded costs.
local function from_rows(f)
  local function at(role, label, point)
    local x <const>, y <const> = f.get(role, label, point, "cost_usd"), f.score(role, label, point)
    return x and y and x.value and { 1000 * x.value, y.value, point == "" and label or point } or nil
  end
  local out <const> = { experts = {}, routers = {}, oracle = {}, marks = {}, is_cost = true }
  for _, label in ipairs(f.expert) do
    local p <const> = at("expert", label, "")
    if p then
      p[3] = label
      out.experts[#out.experts + 1] = p
    end
  end
  for _, label in ipairs(f.router) do
    local line <const> = { label = label }
    for _, point in ipairs(f.points) do line[#line + 1] = at("router", label, point) end
    if #line > 0 then out.routers[#out.routers + 1] = line end
  end
  out.oracle[1] = at("ceiling", "oracle", "")
  local d <const> = at("baseline", "domain majority", "")
  if d then
    d[3] = "domain rule"
    out.marks[1] = d
  end
  return #out.experts > 0 and #out.routers > 0 and out or nil
end

--- All figures that can be drawn: one a term, or one of costs, or of sizes.
function fronts.all(f, c)
  local out <const> = {}
  if c then
    for _, t in ipairs(c.terms) do out[#out + 1] = from_cells(f, c, t) end
    if #out == 0 and c.cost then
      out[1] = from_cells(f, c, { label = "cost", at = function(i, j) return 1000 * c.cost:get(i, j) end })
      out[1].is_cost = true
    end
    local sizes = c.experts[1].params ~= nil
    for _, e in ipairs(c.experts) do sizes = sizes and type(e.params) == "number" end
    if #out == 0 and sizes then
      out[1] = from_cells(f, c, { label = "size", unit = "parameters", at = function(_, j) return c.experts[j].params end })
    end
  end
  if #out == 0 then out[1] = from_rows(f) end
  return out
end

--- Corner points that mixtures of single experts reach, in drawing order.
function fronts.mixtures(f, g)
  local p <const> = {}
  for i, e in ipairs(g.experts) do p[i] = { e[1], -f.sign * e[2] } end
  local h <const> = stat.lower_hull(p)
  for i, q in ipairs(h) do h[i] = { q[1], -f.sign * q[2] } end
  return h
end

return fronts
