-- SPDX-License-Identifier: MIT
-- Predicted against measured outcomes of every router that predicts them: cells binned into hexagons, and the mean
-- measured value of ten groups of equal size, which shows whether predictions can be taken at their word.
local html <const> = require "pointsman.report.html"
local svg <const> = require "pointsman.report.svg"
local stat <const> = require "pointsman.report.stat"

local SHADES <const> = 5
local GROUPS <const> = 10
local CELLS_MAX <const> = 60000

--- Pairs of all cells, or every k-th prompt of very many.
local function pairs_of(c, r)
  local x <const>, y <const> = {}, {}
  local step <const> = math.max(1, math.ceil(c.n * c.m / CELLS_MAX))
  for i = 1, c.n, step do
    local p <const>, v <const> = r.predicted:row(i), c.value:row(i)
    for j = 1, c.m do
      if p[j] == p[j] and v[j] == v[j] then x[#x + 1], y[#y + 1] = p[j], v[j] end
    end
  end
  return x, y, step
end

--- Ten groups of equal size by prediction: mean predicted, mean measured, 10 and 90 % quantiles.
local function groups(x, y, is_binary)
  local order <const> = {}
  for i = 1, #x do order[i] = i end
  table.sort(order, function(a, b)
    if x[a] ~= x[b] then return x[a] < x[b] end
    return a < b
  end)
  local out <const> = {}
  local lo = 1
  for g = 1, GROUPS do
    local hi = math.floor(#order * g / GROUPS)
    while hi < #order and hi >= lo and x[order[hi + 1]] == x[order[hi]] do hi = hi + 1 end
    if hi >= lo then
      local px, py <const> = 0.0, {}
      for k = lo, hi do px, py[#py + 1] = px + x[order[k]], y[order[k]] end
      table.sort(py)
      local mean <const> = stat.mean(py)
      local a, b = stat.quantile(py, .1), stat.quantile(py, .9)
      if is_binary then -- quantiles of 0 and 1 say nothing
        local half <const> = 1.96 * math.sqrt(math.max(0, mean * (1 - mean)) / #py)
        a, b = math.max(0, mean - half), math.min(1, mean + half)
      end
      out[#out + 1] = { px / #py, mean, a, b, #py }
      lo = hi + 1
    end
  end
  return out
end

--- Are most outcomes 0 or 1?
local function mostly_binary(y)
  local n = 0
  for _, v in ipairs(y) do
    if v == 0 or v == 1 then n = n + 1 end
  end
  return n > .8 * #y
end

--- Correlation of prediction and outcome within prompts: what routing uses, the level of a prompt taken out.
local function within(c, r)
  local x <const>, y <const> = {}, {}
  for i = 1, c.n do
    local p <const>, v <const> = r.predicted:row(i), c.value:row(i)
    local mp <const>, mv <const> = stat.mean(p), stat.mean(v)
    if mp == mp and mv == mv then
      for j = 1, c.m do x[#x + 1], y[#y + 1] = p[j] - mp, v[j] - mv end
    end
  end
  local _, _, corr = stat.line(x, y)
  return corr
end

local function inner(values) -- the range without the outermost half percent
  local s <const> = table.move(values, 1, #values, 1, {})
  table.sort(s)
  return stat.quantile(s, .005), stat.quantile(s, .995)
end

--- One path a shade: relative hexagons, so that thousands of cells stay a small file.
local function hexes(c, box, x, y, sx, sy, size)
  local count <const>, dx <const>, dy <const> = {}, size * math.sqrt(3), size * 1.5
  local keys <const>, most = {}, 0
  for i = 1, #x do
    local px <const>, py <const> = sx.map(x[i]), sy.map(y[i])
    if px >= box.left and px <= box.right and py >= box.top and py <= box.bottom then
      local row <const> = math.floor((py - box.top) / dy + .5)
      local col <const> = math.floor((px - box.left) / dx - (row % 2) / 2 + .5)
      local key <const> = row * 4096 + col
      if not count[key] then
        count[key] = 0
        keys[#keys + 1] = key
      end
      count[key] = count[key] + 1
      most = math.max(most, count[key])
    end
  end
  table.sort(keys)
  local a <const>, b <const> = svg.num(dx / 2), svg.num(size / 2)
  local shape <const> = "l" .. a .. " " .. b .. "v" .. svg.num(size) .. "l-" .. a .. " " .. b .. "l-" .. a .. " -" .. b .. "v-" .. svg.num(size) .. "z"
  local d <const> = {}
  for _, key in ipairs(keys) do
    local shade <const> = most <= 1 and SHADES or 1 + math.floor((SHADES - 1e-9) * math.log(count[key]) / math.log(most + 1e-9))
    local row <const>, col <const> = key // 4096, key % 4096
    local px <const>, py <const> = box.left + (col + (row % 2) / 2) * dx, box.top + row * dy
    d[shade] = (d[shade] or "") .. "M" .. svg.num(px) .. " " .. svg.num(py - size) .. shape
  end
  for s = 1, SHADES do
    if d[s] then svg.path(c, d[s], "heat", string.format('fill-opacity="%.2f"', .1 + .17 * s)) end
  end
  return most
end

local function panel(c, box, f, p)
  local sx <const> = svg.linear(p.lo, p.hi, box.left, box.right, 4, true)
  local sy <const> = svg.linear(p.lo, p.hi, box.bottom, box.top, 4, true)
  svg.axes(c, box, sx, sy, "predicted " .. f.kind, "|measured " .. f.kind)
  svg.text(c, box.left, box.top - 8, svg.fit(p.label, 12, box.right - box.left), { class = "panel" })
  hexes(c, box, p.x, p.y, sx, sy, (box.right - box.left) / 46)
  svg.line(c, box.left, box.bottom, box.right, box.top, "refline")
  local at <const> = {}
  for _, g in ipairs(p.groups) do
    local px <const> = sx.map(g[1])
    if px >= box.left and px <= box.right then
      local function y(v) return math.min(box.bottom, math.max(box.top, sy.map(v))) end
      svg.line(c, px, y(g[3]), px, y(g[4]), "spread")
      at[#at + 1] = { px, y(g[2]) }
    end
  end
  svg.polyline(c, at, "calib")
  for _, q in ipairs(at) do svg.mark(c, 1, q[1], q[2], 3, "open") end
end

local function draw(f, list)
  return function(w, label)
    local across <const> = w < 500 and 1 or math.min(#list, 3)
    local side <const> = w / across
    local plot <const> = math.min(side, 320) - 62
    local tall <const> = plot + 78
    local c <const> = svg.canvas(w, math.ceil(#list / across) * tall)
    for k, p in ipairs(list) do
      local left <const>, top <const> = (k - 1) % across * side + 52, (k - 1) // across * tall + 26
      panel(c, { left = left, top = top, right = left + plot, bottom = top + plot }, f, p)
    end
    return svg.finish(c, label)
  end
end

local function takeaway(f, list)
  local best, value
  for _, p in ipairs(list) do
    if p.within and (not value or p.within > value) then best, value = p, p.within end
  end
  if not best then return "Predictions are constant within every prompt: they cannot tell experts apart." end
  local closest
  for _, p in ipairs(list) do
    if p.slope and (not closest or math.abs(p.slope - 1) < math.abs(closest.slope - 1)) then closest = p end
  end
  return string.format("Within prompts, %s follows the measured differences between experts best (correlation %s); a measured %s rises by %s per unit that %s predicts (1 is right).",
    best.label, html.number(best.within, 2), f.kind, html.number(closest and closest.slope, 2), closest and closest.label or "–")
end

return function(f, c, why)
  if not c then return html.missing("predictions cell by cell: " .. why .. ".", "Their mean errors stand below the table of scores.") end
  local list <const>, none <const> = {}, {}
  for _, r in ipairs(c.routers) do
    local fits <const> = r.predicted and r.predicted:rows() == c.n and r.predicted:cols() == c.m
    if fits and (r.kind == nil or r.kind == c.kind) then
      local x, y, step = pairs_of(c, r)
      if #x > 1 then
        local slope, _, corr = stat.line(x, y)
        list[#list + 1] = { label = r.label, x = x, y = y, groups = groups(x, y, mostly_binary(y)), slope = slope, corr = corr, step = step,
          within = within(c, r) }
      end
    else
      none[#none + 1] = r.label .. (r.kind and " (" .. r.kind .. ")" or "")
    end
  end
  if #list == 0 then return html.missing("predicted outcomes.", "No router of this run predicts the outcomes themselves.") end
  local shown <const> = table.move(list, 1, math.min(#list, 9), 1, {})
  local lo, hi = math.huge, -math.huge
  for _, p in ipairs(shown) do
    local a, b = inner(p.y)
    local a2, b2 = inner(p.x)
    lo, hi = math.min(lo, a, a2), math.max(hi, b, b2)
  end
  local pad <const> = .04 * (hi - lo)
  for _, p in ipairs(shown) do p.lo, p.hi = lo - pad, hi + pad end
  local rows <const>, fit <const> = {}, {}
  for _, p in ipairs(list) do
    fit[#fit + 1] = { p.label, html.number(p.slope, 3), html.number(p.corr, 3), html.number(p.within, 3) }
    for k, g in ipairs(p.groups) do
      rows[#rows + 1] = { p.label, tostring(k), html.number(g[1], 4), html.number(g[2], 4), html.number(g[3], 4), html.number(g[4], 4), html.count(g[5]) }
    end
  end
  return html.figure {
    id = "calibration-1", title = "Predicted against measured " .. f.kind .. (f.unit and ", " .. f.unit or ""),
    takeaway = takeaway(f, list), draw = draw(f, shown),
    extra = html.table({ "router", "slope (1 is right)", "correlation, all cells", "correlation within prompts" }, fit, { align = "lrrr" }),
    note = string.format("Hexagons: prompt x expert pairs, darker for more (logarithmic). Rings: mean measured value of ten equal groups by prediction; whiskers: %s. Dashed: measured = predicted. n = %s pairs%s, seed %d; the outermost 0.5 %% are outside the frame.%s%s",
      mostly_binary(list[1].y) and "its 95 % interval by the normal approximation, as if pairs were independent (outcomes are mostly 0 or 1)" or
      "their 10 and 90 % quantiles (spread of outcomes, not an interval of the mean)", html.count(#list[1].x), list[1].step > 1 and ", every " .. list[1].step .. "th prompt" or "", c.seed,
      #none > 0 and " Not drawn, since they emit something else: " .. table.concat(none, ", ") .. "." or "",
      #list > 9 and " The first 9 of " .. #list .. " routers are drawn." or ""),
    head = { "router", "group", "mean predicted", "mean measured", "whisker from", "to", "pairs" }, rows = rows, align = "lrrrrrr",
  }
end
