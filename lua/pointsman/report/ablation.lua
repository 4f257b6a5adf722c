-- SPDX-License-Identifier: MIT
-- What each constraint does: effects of leaving it out with intervals, Shapley values, interactions, and the points of
-- the ablation between two objectives with the knee of their front.  Numbers: docs/ablation.md.
local html <const> = require "pointsman.report.html"
local place <const> = require "pointsman.report.place"
local svg <const> = require "pointsman.report.svg"

local ablation <const> = {}

function ablation.wants(f)
  return #f.ablation > 0
end

local function routers(f)
  local out <const> = {}
  for _, l in ipairs(f.ablation) do
    if l.point == "ablation:nominal" and l.label ~= "all routers" then out[#out + 1] = l.label end
  end
  return out
end

--- Lines of a router whose point begins with the words: { name = what stands behind them, get(metric) }.
local function lines_of(f, router, words)
  local out <const>, head <const> = {}, "ablation:" .. words
  for _, l in ipairs(f.ablation) do
    if l.label == router and l.point:sub(1, #head) == head then
      out[#out + 1] = {
        name = l.point:sub(#head + 1), point = l.point:sub(10),
        get = function(metric) return f.get("router", router, l.point, metric) end,
      }
    end
  end
  return out
end

local function short(x)
  return (string.format("%.4g", x):gsub("^%-", "−"))
end

-- Dollars are told for 1,000 calls, as in the table of scores.
local function unit_of(axis) return axis == "cost_usd" and 1000 or 1 end
local function name_of(axis) return axis == "cost_usd" and "USD per 1,000 calls" or axis end

--- "+0.012 [+0.003, +0.02] *", the star where the interval excludes 0; 0 where nothing changes at all.
local function effect(v, unit)
  if not v or not v.value then return nil end
  if v.value == 0 and v.lo == 0 and v.hi == 0 then return "0" end
  local function signed(x) return (x > 0 and "+" or "") .. short(x * (unit or 1)) end
  if not v.lo then return signed(v.value) end
  local star <const> = (v.lo > 0 or v.hi < 0) and " *" or ""
  return signed(v.value) .. " [" .. signed(v.lo) .. ", " .. signed(v.hi) .. "]" .. star
end

--- One row a constraint: the effect as a dot, its interval as a line, zero as a rule.
local function forest(lines, metric, label_of_axis)
  return function(w, label)
    local x1, x2 = 0, 0
    for _, l in ipairs(lines) do
      local v <const> = l.get(metric)
      if v then x1, x2 = math.min(x1, v.lo or v.value), math.max(x2, v.hi or v.value) end
    end
    local c <const> = svg.canvas(w, 70 + 26 * #lines)
    local box <const> = { left = w < 500 and 96 or 150, top = 16, right = w - 14, bottom = 24 + 26 * #lines }
    local x <const> = svg.linear(x1, x2, box.left, box.right, w < 500 and 3 or 6)
    svg.axes(c, box, x, { ticks = {} }, label_of_axis)
    svg.line(c, x.map(0), box.top, x.map(0), box.bottom, "refline")
    for k, l in ipairs(lines) do
      local v <const>, y <const> = l.get(metric), box.top + 26 * (k - .5)
      svg.text(c, box.left - 8, y + 4, svg.fit(l.name, 12, box.left - 14), { anchor = "end", class = "tick" })
      if v then
        local s <const> = svg.series(1)
        if v.lo then svg.line(c, x.map(v.lo), y, x.map(v.hi), y, s.stroke) end
        svg.mark(c, s.shape, x.map(v.value), y, 4, s.fill)
      end
    end
    return svg.finish(c, label)
  end
end

local function effects_figure(f, k, router)
  local lines <const>, rows <const> = lines_of(f, router, "without "), {}
  if #lines == 0 then return "" end
  local idle <const>, moved <const> = {}, {}
  for i, l in ipairs(lines) do
    local changed <const> = l.get "changed"
    if changed and changed.value == 0 then idle[#idle + 1] = l.name end
    moved[i] = l.name .. " " .. html.percent(changed and changed.value, 1)
    rows[i] = { l.name, effect(l.get("effect:" .. f.kind)), effect(l.get "effect:utility"), effect(l.get "effect:cost_usd", 1000),
      effect(l.get("effect:" .. l.name)), changed and html.percent(changed.value, 1) }
  end
  return html.figure {
    id = "ablation-" .. k,
    title = router .. ": what leaving out each constraint does to the " .. f.kind,
    takeaway = #idle > 0 and "Leaving out " .. table.concat(idle, ", ") .. " changes no choice." or
      "Leaving out any of them changes choices: " .. table.concat(moved, ", ") .. " of prompts.",
    note = "All other constraints at their weights. * the paired interval excludes 0. Utility is the outcome minus the soft "
      .. "constraints, always at the nominal weights.",
    draw = forest(lines, "effect:" .. f.kind, "change of mean " .. f.kind),
    head = { "left out", f.kind, "utility", "USD per 1,000 calls", "its own value", "changed" },
    rows = rows, align = "lrrrrr",
  }
end

local function shapley_table(f, router)
  local rows <const> = {}
  for i, l in ipairs(lines_of(f, router, "shapley ")) do
    rows[i] = { l.name, effect(l.get "shapley:utility"), effect(l.get("shapley:" .. f.kind)), effect(l.get "shapley:cost_usd", 1000) }
  end
  if #rows == 0 then return "" end
  return html.table({ "Shapley value", "utility", f.kind, "USD per 1,000 calls" }, rows,
    { align = "lrrr", caption = "What each constraint adds on average over all orders of joining; values sum to all minus none." })
end

local function pair_table(f, router)
  local rows <const> = {}
  for i, l in ipairs(lines_of(f, router, "pair ")) do
    rows[i] = { l.name, effect(l.get "interaction:utility"), effect(l.get("interaction:" .. f.kind)),
      effect(l.get "shapley_interaction:utility") }
  end
  if #rows == 0 then return "" end
  return html.table({ "interaction", "utility", f.kind, "Shapley index, utility" }, rows, { align = "lrrr" })
end

local CLOUD <const> = 400 -- points off the front that are drawn, at most

--- All points of the design: { x, y, third objective or nil, on the front }; those off the front thinned out evenly.
local function cloud_of(f, l, axes)
  local n_axes <const> = #axes
  local v <const>, out <const> = l.get "points of the design", {}
  local m <const> = v and v.setting and f.run.matrix(v.setting)
  if not m or m:cols() ~= n_axes + 1 then return out end
  local step <const> = math.max(1, math.ceil(m:rows() / CLOUD))
  for i = 1, m:rows() do
    local row <const> = m:row(i)
    local is_on <const> = row[n_axes + 1] == 1
    if (is_on or i % step == 0) and row[1] == row[1] and row[2] == row[2] then
      out[#out + 1] = { unit_of(axes[2]) * row[2], unit_of(axes[1]) * row[1], n_axes > 2 and row[3] or nil, is_on }
    end
  end
  return out
end

--- Small and pale off the front; on it the larger, the larger the third objective.
local function draw_cloud(c, cloud, x, y)
  local z1, z2 = math.huge, -math.huge
  for _, p in ipairs(cloud) do
    if p[3] and p[3] == p[3] then z1, z2 = math.min(z1, p[3]), math.max(z2, p[3]) end
  end
  for _, is_on in ipairs { false, true } do
    for _, p in ipairs(cloud) do
      if p[4] == is_on then
        local size <const> = p[3] and z2 > z1 and 1.5 + 4 * (p[3] - z1) / (z2 - z1) or 2.5
        svg.path(c, svg.mark_path(1, x.map(p[1]), y.map(p[2]), size), is_on and "m f3" or "dot",
          is_on and 'fill-opacity=".6"' or 'fill-opacity=".3"')
      end
    end
  end
end

--- Points with rows of their own, between two objectives, over all points; the knee of the whole front marked.
local function scatter(points, knee, cloud, xlabel, ylabel)
  return function(w, label)
    local x1, x2, y1, y2 = math.huge, -math.huge, math.huge, -math.huge
    local all <const> = { table.unpack(points) }
    all[#all + 1] = knee
    for _, list in ipairs { all, cloud } do
      for _, p in ipairs(list) do
        x1, x2, y1, y2 = math.min(x1, p[1]), math.max(x2, p[1]), math.min(y1, p[2]), math.max(y2, p[2])
      end
    end
    local small <const> = w < 500
    local c <const> = svg.canvas(w, small and 300 or 360)
    local box <const> = { left = 50, top = 26, right = w - 12, bottom = c.h - 44 }
    local x <const> = svg.linear(x1, x2, box.left, box.right, small and 4 or 7)
    local y <const> = svg.linear(y1, y2, box.bottom, box.top, 6)
    svg.axes(c, box, x, y, xlabel, ylabel)
    draw_cloud(c, cloud, x, y)
    local named <const>, seen <const> = {}, {}
    for i, p in ipairs(all) do
      local s <const> = svg.series(p == knee and 2 or 1)
      local at <const> = { x.map(p[1]), y.map(p[2]) }
      svg.mark(c, s.shape, at[1], at[2], p == knee and 6 or 4, s.fill)
      named[i], seen[i] = { x = at[1], y = at[2], text = p[3] }, at
    end
    place.labels(c, named, place.boxes(seen, 4), box, { size = small and 9.5 or 11, class = "halo small" })
    return svg.finish(c, label)
  end
end

local function front_figure(f, k, router)
  local out <const> = {}
  for _, l in ipairs(lines_of(f, router, "front ")) do
    local axes <const> = {}
    for a in l.name:gmatch "[^,]+" do axes[#axes + 1] = (a:gsub("^ ", "")) end
    local points <const>, rows <const> = {}, {}
    for _, name in ipairs { "nominal", "none", "without ", "only " } do
      for _, p in ipairs(lines_of(f, router, name)) do
        local x <const>, y <const> = p.get("mean:" .. axes[2]), p.get("mean:" .. axes[1])
        if x and y then
          local at <const>, up <const> = unit_of(axes[2]) * x.value, unit_of(axes[1]) * y.value
          points[#points + 1] = { at, up, p.point }
          rows[#rows + 1] = { p.point, short(up), short(at) }
        end
      end
    end
    local kx <const>, ky <const> = l.get("knee:" .. axes[2]), l.get("knee:" .. axes[1])
    local volume <const> = l.get "hypervolume"
    if #points > 1 then
      local across <const>, up <const> = name_of(axes[2]), name_of(axes[1])
      local knee <const> = kx and ky and { unit_of(axes[2]) * kx.value, unit_of(axes[1]) * ky.value, "knee" } or nil
      out[#out + 1] = html.figure {
        id = "ablation-front-" .. k .. "-" .. #out + 1,
        title = router .. ": " .. up .. " against " .. across .. (axes[3] and " and " .. name_of(axes[3]) or ""),
        takeaway = knee and string.format("The knee of the front: %s (%s %s, %s %s).", kx.setting or "", up, short(knee[2]), across, short(knee[1])) or "The front has no knee.",
        note = (volume and "Hypervolume within the worst point of the design: " .. short(volume.value) .. (across ~= axes[2] and
          " (in USD of one call). " or ". ") or "")
          .. "nominal: all constraints at their weights; none: no constraint. Pale: points that another betters; coloured: on the front"
          .. (axes[3] and ", the larger the more of " .. name_of(axes[3]) or "") .. ". Named points have numbers below; all are in the run's CSV.",
        draw = scatter(points, knee, cloud_of(f, l, axes), across, up),
        head = { "point", up, across }, rows = rows, align = "lrr",
      }
    end
  end
  return table.concat(out, "\n")
end

function ablation.draw(f)
  local out <const> = {}
  for k, router in ipairs(routers(f)) do
    for _, part in ipairs { effects_figure(f, k, router), shapley_table(f, router), pair_table(f, router), front_figure(f, k, router) } do
      if part ~= "" then out[#out + 1] = part end
    end
  end
  return table.concat(out, "\n")
end

return ablation
