-- SPDX-License-Identifier: MIT
-- Quality for recorded dollars: the hulls of every curve between the cheapest and the dearest expert, and what each is worth.
-- All of it are rows at point "cost:LABEL" (docs/metrics.md, "Cost and quality"); nothing is computed here.
local html <const> = require "pointsman.report.html"
local svg <const> = require "pointsman.report.svg"
local place <const> = require "pointsman.report.place"

local section <const> = {}

function section.wants(f)
  return #f.costs > 0
end

--- Corners {USD per 1,000 calls, value} of a curve's hull, as of all seeds where they were measured together.
local function corners(f, p)
  local out <const> = {}
  for k = 0, 99 do
    local usd <const> = f.get(p.role, p.label, p.point, string.format("corner_usd:%02d", k))
    local value <const> = usd and f.get(p.role, p.label, p.point, string.format("corner_value:%02d", k))
    if not value then break end
    out[#out + 1] = { 1000 * usd.value, value.value }
  end
  return out
end

--- Curves and single points of one sweep.
local function gather(f, point)
  local g <const> = { point = point, curves = {}, experts = {} }
  for _, p in ipairs(f.costs) do
    if p.point == point then
      local aiq <const>, usd <const> = f.get(p.role, p.label, point, "aiq"), f.get(p.role, p.label, point, "cost_usd")
      if p.role == "expert" and usd then
        g.experts[#g.experts + 1] = { 1000 * usd.value, f.get(p.role, p.label, point, f.kind).value, p.label }
      elseif p.role ~= "expert" and aiq then
        g.curves[#g.curves + 1] = { role = p.role, label = p.label, point = point, aiq = aiq, line = corners(f, p) }
      end
    end
  end
  return g
end

--- Drawn: routers, zero router, domain label; the ceilings of each router would only cover them.
local function is_drawn(curve)
  return curve.role == "router" or curve.label == "zero router" or curve.label == "domain, shrunk n0=10"
end

local function draw(f, g)
  return function(w, label)
    local x1, x2, y1, y2 = math.huge, 0, math.huge, -math.huge
    local function see(p)
      x1, x2, y1, y2 = math.min(x1, p[1]), math.max(x2, p[1]), math.min(y1, p[2]), math.max(y2, p[2])
    end
    for _, e in ipairs(g.experts) do see(e) end
    for _, curve in ipairs(g.curves) do
      if is_drawn(curve) then for _, p in ipairs(curve.line) do see(p) end end
    end
    local small <const> = w < 500
    local c <const> = svg.canvas(w, small and 320 or 390)
    local box <const> = { left = 50, top = 26, right = w - 12, bottom = c.h - 44 }
    local is_log <const> = x1 > 0 and x2 / x1 > 30
    local x <const> = is_log and svg.log(x1 / 1.25, x2 * 1.25, box.left, box.right, small and 5 or 8) or
      svg.linear(x1, x2, box.left, box.right, small and 4 or 7, true)
    local y <const> = svg.linear(y1, y2, box.bottom, box.top, 6)
    svg.axes(c, box, x, y, "mean recorded cost, USD per 1,000 prompts" .. (is_log and ", log scale" or ""), "mean " .. f.axis .. ", " .. f.better)
    local k, seen, named = 0, {}, {}
    for _, curve in ipairs(g.curves) do
      if is_drawn(curve) and #curve.line > 0 then
        local at <const> = {}
        for i, p in ipairs(curve.line) do at[i] = { x.map(p[1]), y.map(p[2]) } end
        if curve.role == "router" then
          k = k + 1
          local s <const> = svg.series(k)
          svg.polyline(c, at, s.stroke)
          for _, p in ipairs(at) do svg.mark(c, s.shape, p[1], p[2], 3.5, s.fill) end
        else
          svg.polyline(c, at, curve.label == "zero router" and "hull" or "refline")
          local middle <const> = at[#at // 2 + 1]
          named[#named + 1] = { x = middle[1], y = middle[2], text = curve.label }
        end
        for _, p in ipairs(at) do seen[#seen + 1] = p end
      end
    end
    for _, e in ipairs(g.experts) do
      local px <const>, py <const> = x.map(e[1]), y.map(e[2])
      svg.mark(c, 1, px, py, 4, "open")
      seen[#seen + 1], named[#named + 1] = { px, py }, { x = px, y = py, text = e[3] }
    end
    place.labels(c, named, place.boxes(seen, 3), box, { size = small and 9.5 or 11, class = "halo small" })
    return svg.finish(c, label)
  end
end

local function takeaway(f, g)
  local best, placebo
  for _, curve in ipairs(g.curves) do
    if curve.role == "router" and (not best or f.beats(curve.aiq.value, best.aiq.value)) then best = curve end
    if curve.label == "placebo" then placebo = f.get(curve.role, curve.label, g.point, "diff_zero_aiq") end
  end
  if not best then return "No router of this run has a curve in recorded dollars." end
  local gain <const> = f.get(best.role, best.label, g.point, "diff_zero_aiq")
  local saved <const> = f.get(best.role, best.label, g.point, "cost_saving")
  return string.format("%s has the best AIQ, %s: %s over mixing models blindly%s. It reaches the outcome of the best single model at %s less cost.",
    best.label, html.interval(best.aiq, 4), html.interval(gain, 4, { signed = true }),
    placebo and placebo.hi and string.format(" (predictions given to the wrong prompts: up to %s)", html.signed(placebo.hi, 4)) or "",
    html.interval(saved, 0, { percent = true }))
end

local function table_of(f, g)
  local rows <const> = {}
  for _, curve in ipairs(g.curves) do
    local function cell(metric, places, o)
      local v <const> = f.get(curve.role, curve.label, g.point, metric)
      if not v or not v.value or (curve.aiq.is_paired_mean and not v.is_paired_mean) then
        return "" -- what all seeds together do not have is not made up from those that do
      end
      return html.interval(v, places, o)
    end
    rows[#rows + 1] = { curve.label .. (curve.role == "ceiling" and " (ceiling)" or ""), cell("aiq", 4), cell("diff_zero_aiq", 4, { signed = true }),
      cell("qnc", 3), cell("cost_saving", 0, { percent = true }), cell("deferral_area_50", 4), cell("cost_hypervolume", 4), cell("arena_score", 3) }
  end
  return html.table({ "curve", "AIQ", "over the zero router", "QNC", "saved at equal " .. f.kind, "area 50 %", "hypervolume", "RouterArena" }, rows,
    { align = "lrrrrrrr", caption = "AIQ: mean height of the hull between the mean cost of the cheapest and the dearest expert (docs/metrics.md, Cost and quality). Brackets: " ..
      f.interval_words .. "; of the placebo the middle 95 % of its shuffles." })
end

function section.draw(f)
  local out <const>, done <const> = {}, {}
  for _, p in ipairs(f.costs) do
    if not done[p.point] then
      done[p.point] = true
      local g <const> = gather(f, p.point)
      local series <const>, rows <const> = {}, {}
      for _, curve in ipairs(g.curves) do
        if curve.role == "router" then series[#series + 1] = { #series + 1, curve.label } end
        for _, corner in ipairs(curve.line) do
          rows[#rows + 1] = { curve.label, html.amount(corner[1]), html.number(corner[2], 4) }
        end
      end
      for _, e in ipairs(g.experts) do rows[#rows + 1] = { e[3], html.amount(e[1]), html.number(e[2], 4) } end
      out[#out + 1] = html.figure {
        id = "costs-" .. #out + 1, title = "What " .. f.kind .. " costs: " .. p.point:gsub("^cost:", "weights of "),
        takeaway = takeaway(f, g),
        draw = draw(f, g),
        extra = place.key(series) .. table_of(f, g),
        note = "Lines: hulls of each curve's points, the cheapest expert included; what mixing by coin reaches. Rings: single experts. Means, drawn without intervals.",
        head = { "curve", "USD per 1,000", "mean " .. f.kind }, rows = rows, align = "lrr",
      }
    end
  end
  return table.concat(out, "\n")
end

return section
