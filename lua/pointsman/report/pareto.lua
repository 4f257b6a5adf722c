-- SPDX-License-Identifier: MIT
-- Mean size or price against mean outcome: routers' curves over the weights, single experts, mixtures of them that look at
-- no prompt, and the oracle.
local html <const> = require "pointsman.report.html"
local svg <const> = require "pointsman.report.svg"
local place <const> = require "pointsman.report.place"
local fronts <const> = require "pointsman.report.fronts"

--- Smallest and largest x and y of what is drawn; `inside` leaves points out.
local function extent(g, inside)
  local x1, x2, y1, y2 = math.huge, -math.huge, math.huge, -math.huge
  local function see(list)
    for _, p in ipairs(list) do
      if not inside or inside(p) then x1, x2, y1, y2 = math.min(x1, p[1]), math.max(x2, p[1]), math.min(y1, p[2]), math.max(y2, p[2]) end
    end
  end
  see(g.experts)
  see(g.oracle)
  see(g.marks)
  for _, line in ipairs(g.routers) do see(line) end
  return x1, x2, y1, y2
end

--- The same figure with the points of a window alone.
local function windowed(g, inside)
  local function kept(list)
    local out <const> = { label = list.label }
    for _, p in ipairs(list) do
      if inside(p) then out[#out + 1] = p end
    end
    return out
  end
  local w <const> = { experts = kept(g.experts), oracle = kept(g.oracle), marks = kept(g.marks), routers = {}, is_cost = g.is_cost, term = g.term,
    is_detail = true }
  for k, line in ipairs(g.routers) do w.routers[k] = kept(line) end
  return w
end

--- Points that matter when the outcome counts most: not worse than the best single expert by more than the oracle is
--- better.  nil when that is most of the figure anyway.
local function detail(f, g)
  local best, oracle
  for _, e in ipairs(g.experts) do
    if not best or f.beats(e[2], best) then best = e[2] end
  end
  for _, p in ipairs(g.oracle) do
    if not oracle or f.beats(p[2], oracle) then oracle = p[2] end
  end
  if not best or not oracle then return nil end
  local _, _, y1, y2 = extent(g)
  local reach <const> = math.abs(oracle - best) * 2.2
  local function inside(p) return f.sign * (oracle - p[2]) <= reach end
  if reach > .45 * (y2 - y1) or reach <= 0 then return nil end
  return windowed(g, inside)
end

--- Mixtures are straight on a linear axis: on a logarithmic one the segments are walked.
local function walked(h, x, y)
  local out <const> = {}
  for i, p in ipairs(h) do
    if i > 1 then
      local q <const> = h[i - 1]
      for k = 1, 11 do
        local t <const> = k / 12
        out[#out + 1] = { x.map(q[1] + t * (p[1] - q[1])), y.map(q[2] + t * (p[2] - q[2])) }
      end
    end
    out[#out + 1] = { x.map(p[1]), y.map(p[2]) }
  end
  return out
end

local function curve(c, line, k, x, y)
  local style <const>, at <const> = svg.series(k), {}
  for i, p in ipairs(line) do at[i] = { x.map(p[1]), y.map(p[2]) } end
  svg.polyline(c, at, style.stroke)
  local last
  for i, p in ipairs(at) do -- marks that would lie on each other are left out
    if not last or i == #at or (p[1] - last[1]) ^ 2 + (p[2] - last[2]) ^ 2 > 64 then
      svg.mark(c, style.shape, p[1], p[2], 4, style.fill)
      last = p
    end
  end
  return at
end

local function end_labels(c, ends, right, box)
  svg.spread(ends, 14, box.top + 6, box.bottom - 4)
  for _, e in ipairs(ends) do
    svg.path(c, string.format("M%s %sL%s %s", svg.num(e.x + 5), svg.num(e.at), svg.num(right - 4), svg.num(e.y)), "lead")
    local s <const> = svg.series(e.k)
    svg.mark(c, s.shape, right + 3, e.y, 4, s.fill)
    svg.text(c, right + 11, e.y + 4, svg.fit(e.text, 11.5, c.w - right - 13), { size = 11.5 })
  end
end

local function draw(f, g, xlabel)
  return function(w, label)
    local small <const> = w < 500
    local room = 0
    for _, line in ipairs(g.routers) do room = math.max(room, svg.width(line.label, 11.5)) end
    local direct <const> = not small and #g.routers <= 24
    local h <const> = small and 320 or math.max(g.is_detail and 340 or 370, direct and #g.routers * 14 + 80 or 0)
    local c <const> = svg.canvas(w, h)
    local box <const> = { left = 50, top = 26, right = w - (direct and math.min(240, room) + 28 or 10), bottom = h - (small and 58 or 44) }
    local x1, x2, y1, y2 = extent(g)
    local is_log <const> = x1 > 0 and x2 / x1 > 30
    local pad <const> = (x2 - x1) * .04
    local x <const> = is_log and svg.log(x1 / 1.25, x2 * 1.25, box.left, box.right, small and 5 or 8) or
      svg.linear(x1 - pad, x2 + pad, box.left, box.right, small and 4 or 7, true)
    local y <const> = svg.linear(y1, y2, box.bottom, box.top, 6)
    svg.axes(c, box, x, y, xlabel .. (is_log and ", log scale" or ""), "mean " .. f.axis .. ", " .. f.better)
    if not g.is_detail then svg.polyline(c, walked(fronts.mixtures(f, g), x, y), "hull") end
    local seen <const>, ends <const>, singles <const> = {}, {}, {}
    for _, e in ipairs(g.experts) do
      local px <const>, py <const> = x.map(e[1]), y.map(e[2])
      svg.mark(c, 1, px, py, 4, "open")
      seen[#seen + 1], singles[#singles + 1] = { px, py }, { x = px, y = py, text = e[3] }
    end
    local o <const> = {}
    for i, p in ipairs(g.oracle) do o[i] = { x.map(p[1]), y.map(p[2]) } end
    svg.polyline(c, o, "refline")
    for i, p in ipairs(o) do
      if i == 1 or i == #o then svg.mark(c, 4, p[1], p[2], 5, "solid") end
      seen[#seen + 1] = p
    end
    if #o > 0 then table.insert(singles, 1, { x = o[1][1], y = o[1][2], text = "oracle" }) end
    for _, p in ipairs(g.marks) do
      svg.mark(c, 2, x.map(p[1]), y.map(p[2]), 4.5, "solid")
      seen[#seen + 1] = { x.map(p[1]), y.map(p[2]) }
      table.insert(singles, 1, { x = seen[#seen][1], y = seen[#seen][2], text = p[3] })
    end
    for k, line in ipairs(g.routers) do
      local at <const> = curve(c, line, k, x, y)
      for _, p in ipairs(at) do seen[#seen + 1] = p end
      local right = at[1]
      for _, p in ipairs(at) do if p[1] > right[1] then right = p end end
      if right then ends[#ends + 1] = { x = right[1], at = right[2], text = line.label, k = k } end
    end
    if direct then end_labels(c, ends, box.right + 14, box) end
    place.labels(c, singles, place.boxes(seen, 4), box, { size = small and 9.5 or 11, class = "halo small" })
    return svg.finish(c, label)
  end
end

--- What the run measured of a sweep: area_share of every router at point "sweep:LABEL".
local function shares(f, name)
  local out <const>, zero, oracle = {}, nil, nil
  for _, point in ipairs(f.sweeps) do
    if point == "sweep:" .. name or point:sub(1, #name + 7) == "sweep:" .. name .. "," then
      for _, label in ipairs(f.router) do
        local area <const> = f.get("router", label, point, "area")
        if area then
          out[#out + 1] = { label = label, point = point, area = area, share = f.get("router", label, point, "area_share"),
            volume = f.get("router", label, point, "hypervolume") }
        end
      end
      zero, oracle = zero or f.get("baseline", "zero router", point, "area"), oracle or f.get("ceiling", "oracle", point, "area")
    end
  end
  table.sort(out, function(a, b)
    if a.area.value ~= b.area.value then return f.beats(a.area.value, b.area.value) end
    return a.label < b.label
  end)
  return out, zero, oracle
end

local function takeaway(f, g, list)
  local best <const> = list[1]
  if best and best.share then
    local verdict <const> = best.share.lo and (best.share.lo > 0 and "its interval is above 0" or "its interval includes 0, so no gain is shown")
    return string.format("Over the whole range of weights, %s covers %s of the way from fixed mixtures of experts, which look at no prompt, to the oracle%s.",
      best.label, html.interval(best.share, 0, { percent = true }), verdict and "; " .. verdict or "")
  end
  local label <const> = f.main_router()
  for _, line in ipairs(g.routers) do
    if line.label == label and #line > 1 then
      local a <const>, b <const> = line[1], line[#line]
      return string.format("From %s to %s, the mean %s of the choices of %s goes from %s to %s, and their mean %s from %s to %s.",
        a[3] ~= "" and a[3] or "the first point", b[3] ~= "" and b[3] or "the last", g.is_cost and "cost" or g.term.label, label,
        html.amount(a[1]), html.amount(b[1]), f.kind, html.number(a[2], f.places), html.number(b[2], f.places))
    end
  end
  return "Every router is one point here: one weight point was measured."
end

local function rows_of(f, g)
  local rows <const> = {}
  local function put(who, p, what)
    rows[#rows + 1] = { who, what or "", html.amount(p[1]), html.number(p[2], 4) }
  end
  for _, line in ipairs(g.routers) do
    for _, p in ipairs(line) do put(line.label, p, p[3]) end
  end
  for _, p in ipairs(g.experts) do put(p[3], p, "single expert") end
  for _, p in ipairs(g.oracle) do put("oracle", p, p[3]) end
  for _, p in ipairs(g.marks) do put(p[3], p, "") end
  return rows
end

--- Areas, shares and hypervolumes with their intervals, as the run measured them.
local function areas(f, list, zero, oracle)
  if #list == 0 then return "" end
  local rows <const> = {}
  for _, p in ipairs(list) do
    rows[#rows + 1] = { p.label, html.interval(p.area, 4), html.interval(p.share, 1, { percent = true }), html.interval(p.volume, 4) }
  end
  if zero then rows[#rows + 1] = { "zero router (mixtures)", html.interval(zero, 4), "0 %", "–" } end
  if oracle then rows[#rows + 1] = { "oracle", html.interval(oracle, 4), "100 %", "–" } end
  return html.table({ "policy", "area, " .. f.better, "share of the way to the oracle", "hypervolume, higher is better" }, rows, { align = "lrrr",
    caption = "Area: mean " .. f.kind .. " under the falling hull over all demands on the constraint (docs/metrics.md, Sweeps). Brackets: " .. f.interval_words .. "." })
end

--- How the constraint's values were made: the unit where they are raw, else the scale they were put on.
local function unit_of(f, term)
  for _, k in ipairs(f.run.spec and f.run.spec.constraints or {}) do
    if k.use and k.use.label == term.label and k.use.params and k.use.params.scale and k.use.params.scale ~= "raw" then
      return string.format(" (as penalised, scale %s, at most 1)", k.use.params.scale)
    end
  end
  return (term.unit or "") ~= "" and " (" .. term.unit .. ")" or ""
end

local function figure(f, c, g, k)
  local name <const> = g.is_cost and "cost" or g.term.label
  local xlabel <const> = g.is_cost and "mean cost, USD per 1,000 prompts" or
    "mean " .. name .. " of the chosen experts" .. unit_of(f, g.term)
  local n_points = 0
  for _, line in ipairs(g.routers) do n_points = math.max(n_points, #line) end
  local series <const> = {}
  for i, line in ipairs(g.routers) do series[i] = { i, line.label } end
  local list, zero, oracle = shares(f, name)
  local zoom <const> = detail(f, g)
  local whole <const>, part = draw(f, g, xlabel), zoom and draw(f, zoom, xlabel)
  return html.figure {
    id = "pareto-" .. k, title = "Mean " .. f.kind .. " against mean " .. name,
    takeaway = takeaway(f, g, list),
    draw = function(w, label)
      return whole(w, label) .. (part and '\n<p class="note">The same near the best outcomes:</p>\n' .. part(w, "Detail. " .. label) or "")
    end,
    extra = '<div class="narrow">' .. place.key(series) .. "</div>" .. areas(f, list, zero, oracle),
    note = string.format("Curves: routers over %d weight point%s. Rings: single experts, named where there is room. Dotted: what fixed mixtures of single experts reach without looking at prompts. %s. Square: the domain rule. n = %s test prompts%s; means, drawn without intervals (those of the first point stand in the table of scores).",
      n_points, n_points == 1 and "" or "s", #g.oracle > 1 and "Diamonds and dashes: the oracle under the same weights" or "Diamond: the oracle, without weights", html.count(c and c.n or f.score("router", f.router[1], f.free).n),
      c and ", seed " .. c.seed or ""),
    head = { "policy", "point", name, "mean " .. f.kind }, rows = rows_of(f, g), align = "llrr",
  }
end

return function(f, c, why)
  if #f.router == 0 then return html.missing("a router.", "Add routers to the script.") end
  local out <const> = {}
  if #f.points < 2 then
    out[1] = html.missing("a sweep.", 'The run has one weight point, so every router is one point and no curve. Give a constraint a list of weights, e.g. pm.constraint "size" { weight = pm.grid { 0, 0.1, 0.3, 1 } }.')
  end
  local all <const> = fronts.all(f, c)
  if #all == 0 then
    out[#out + 1] = html.missing("costs or sizes.", "Neither recorded costs nor a constraint nor cells are stored" .. (why and " (" .. why .. ")" or "") .. ".")
  end
  for k, g in ipairs(all) do
    local x1, x2 = extent { experts = g.experts, oracle = {}, marks = {}, routers = {} }
    if x2 - x1 > 1e-12 * math.max(1, math.abs(x2)) then
      out[#out + 1] = figure(f, c, g, k)
    else
      out[#out + 1] = html.paragraph(string.format("All experts have the same %s (%s): there is nothing to trade, and no figure.",
        g.is_cost and "cost" or g.term.label, html.amount(x1)), "takeaway")
    end
  end
  return table.concat(out, "\n")
end
