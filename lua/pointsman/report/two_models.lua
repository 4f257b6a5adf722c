-- SPDX-License-Identifier: MIT
-- Two models: quality over the share of strong calls for every router, random, length, the optimal line; and whether
-- chances of winning mean what they say.  Scores are rows at point "pair", reliability comes from the cells.
local html <const> = require "pointsman.report.html"
local svg <const> = require "pointsman.report.svg"
local place <const> = require "pointsman.report.place"

local section <const> = {}

function section.wants(f)
  return #f.pair > 0
end

local function score(f, p, metric)
  return f.get(p.role, p.label, "pair", metric)
end

--- {label, role, {share %, value, lo, hi}...} of every policy that has a curve.
local function lines_of(f)
  local out <const> = {}
  for _, p in ipairs(f.pair) do
    local line <const> = { label = p.label, role = p.role }
    for share = 0, 100, 10 do
      local v <const> = score(f, p, f.kind .. "_at:" .. share)
      if v then line[#line + 1] = { share, v.value, v.lo, v.hi } end
    end
    if #line > 1 then out[#out + 1] = line end
  end
  return out
end

local function draw(f, lines)
  return function(w, label)
    local y1, y2 = math.huge, -math.huge
    for _, line in ipairs(lines) do
      for _, p in ipairs(line) do y1, y2 = math.min(y1, p[2]), math.max(y2, p[2]) end
    end
    local small <const> = w < 500
    local c <const> = svg.canvas(w, small and 300 or 390)
    local box <const> = { left = 50, top = 26, right = w - 12, bottom = c.h - 44 }
    local x <const> = svg.linear(0, 100, box.left, box.right, small and 5 or 10, true)
    local y <const> = svg.linear(y1, y2, box.bottom, box.top, 6)
    svg.axes(c, box, x, y, "calls of the strong model, %", "mean " .. f.axis .. ", " .. f.better)
    local k, named, seen = 0, {}, {}
    for _, line in ipairs(lines) do
      local at <const> = {}
      for i, p in ipairs(line) do at[i] = { x.map(p[1]), y.map(p[2]) } end
      if line.role == "router" then
        k = k + 1
        local s <const> = svg.series(k)
        svg.polyline(c, at, s.stroke)
        for _, p in ipairs(at) do svg.mark(c, s.shape, p[1], p[2], 3.5, s.fill) end
      else
        svg.polyline(c, at, line.role == "ceiling" and "hull" or "refline")
        local middle <const> = at[line.role == "ceiling" and 3 or 6]
        if middle then named[#named + 1] = { x = middle[1], y = middle[2], text = line.label } end
      end
      for _, p in ipairs(at) do seen[#seen + 1] = p end
    end
    place.labels(c, named, place.boxes(seen, 3), box, { size = small and 9.5 or 11, class = "halo small" })
    return svg.finish(c, label)
  end
end

local function takeaway(f)
  local best, value, length
  for _, p in ipairs(f.pair) do
    local v <const> = score(f, p, "apgr")
    if p.role == "router" and v and (not value or v.value > value.value) then best, value = p, v end
    if p.label:find("^length") and p.role == "baseline" then length = v end
  end
  if not best then return "No router of this run ranks prompts by how much they need the strong model." end
  local gain <const> = score(f, best, "diff_length_apgr")
  local verdict <const> = gain and gain.lo and (gain.lo > 0 and "above prompt length" or gain.hi < 0 and "below prompt length" or
    "no difference to prompt length is shown")
  return string.format("%s has the highest APGR: %s (random .5%s)%s.", best.label, html.interval(value, 3),
    length and ", length " .. html.number(length.value, 3) or "", verdict and "; " .. verdict .. ", difference " .. html.interval(gain, 3, { signed = true }) or "")
end

local function table_of(f)
  local rows <const> = {}
  local function cell(p, metric, places, o)
    return html.interval(score(f, p, metric), places, o)
  end
  for _, role in ipairs { "baseline", "router", "ceiling", "published" } do
    for _, p in ipairs(f.pair) do
      if p.role == role and score(f, p, "apgr") then
        local sd <const> = score(f, p, "apgr_sd")
        rows[#rows + 1] = { p.label .. (role == "published" and " (published)" or ""), cell(p, "apgr", 4) .. (sd and " (sd " .. html.number(sd.value, 4) .. ")" or ""),
          cell(p, "diff_length_apgr", 4, { signed = true }), cell(p, "cpt50", 2), cell(p, "cpt80", 2), cell(p, "first_cpt50", 2), cell(p, "first_cpt80", 2) }
      end
    end
  end
  if #rows == 0 then return html.paragraph("APGR and CPT are not defined: strong and weak score the same on the test part.", "missing") end
  return html.table({ "policy", "APGR", "minus length", "CPT50, % of calls", "CPT80", "first crossing 50", "80" }, rows, { align = "lrrrrrr",
    caption = "APGR: mean share of the way from weak to strong over shares of strong calls. CPT50: calls of the strong model that go half the way, as RouteLLM's evaluator finds them; first crossing: where the curve gets there first. Random: mean (sd of one draw) of 200 orders. Brackets: " .. f.interval_words .. "." })
end

local function curves(f)
  local lines <const>, series, rows = lines_of(f), {}, {}
  if #lines == 0 then return "" end
  for _, line in ipairs(lines) do
    if line.role == "router" then series[#series + 1] = { #series + 1, line.label } end
    for _, p in ipairs(line) do
      rows[#rows + 1] = { line.label, tostring(p[1]), html.number(p[2], 4), html.number(p[3], 4), html.number(p[4], 4) }
    end
  end
  local strong <const>, weak <const> = f.about["pair:strong"], f.about["pair:weak"]
  return html.figure {
    id = "two-models-1", title = "Quality over the share of strong calls", takeaway = takeaway(f), draw = draw(f, lines),
    extra = place.key(series) .. table_of(f),
    note = string.format("Strong: %s; weak: %s. Dashed: baselines; dotted: oracle ranking and optimal line (the best for a share of calls). Shares in steps of 10 %%, linear between thresholds that share prompts.",
      strong and strong.text or "?", weak and weak.text or "?"),
    head = { "policy", "strong calls, %", "mean " .. f.kind, "from", "to" }, rows = rows, align = "lrrrr",
  }
end

-- ---- chances of winning ----

local function panel(c, box, p)
  local x <const>, y <const> = svg.linear(0, 1, box.left, box.right, 4, true), svg.linear(0, 1, box.bottom, box.top, 4, true)
  svg.axes(c, box, x, y, "predicted chance", "|share won")
  svg.text(c, box.left, box.top - 8, svg.fit(p.label, 12, box.right - box.left), { class = "panel" })
  svg.line(c, box.left, box.bottom, box.right, box.top, "refline")
  local at <const> = {}
  for i, b in ipairs(p.reliability) do at[i] = { x.map(b[1]), y.map(b[2]) } end
  svg.polyline(c, at, "calib")
  for _, q in ipairs(at) do svg.mark(c, 1, q[1], q[2], 3, "open") end
end

local function reliability(f, c)
  local list <const>, rows <const>, scores <const> = {}, {}, {}
  for _, p in ipairs(c and c.pair and c.pair.rows or {}) do
    if p.reliability and #p.reliability > 0 then
      list[#list + 1] = p
      for _, b in ipairs(p.reliability) do rows[#rows + 1] = { p.label, html.number(b[1], 4), html.number(b[2], 4), html.count(b[3]) } end
    end
  end
  if #list == 0 then return "" end
  for _, p in ipairs(list) do
    local row <const> = { p.label }
    for _, metric in ipairs { "ece", "brier", "log_loss" } do row[#row + 1] = html.interval(score(f, p, metric), 4) end
    scores[#scores + 1] = row
  end
  local shown <const> = table.move(list, 1, math.min(#list, 9), 1, {})
  return html.figure {
    id = "two-models-2", title = "Chance that the strong model wins: predicted and measured",
    takeaway = "On the dashed line a chance can be taken at its word, and a threshold on it means what it says.",
    draw = function(w, label)
      local across <const> = w < 500 and 1 or math.min(#shown, 3)
      local side <const> = w / across
      local plot <const> = math.min(side, 320) - 62
      local tall <const> = plot + 78
      local canvas <const> = svg.canvas(w, math.ceil(#shown / across) * tall)
      for k, p in ipairs(shown) do
        local left <const>, top <const> = (k - 1) % across * side + 52, (k - 1) // across * tall + 26
        panel(canvas, { left = left, top = top, right = left + plot, bottom = top + plot }, p)
      end
      return svg.finish(canvas, label)
    end,
    extra = html.table({ "router", "ECE", "Brier", "log-loss" }, scores, { align = "lrrr" }),
    note = string.format("Rings: means of 15 groups of equal numbers of test prompts by prediction; a tie counts as half a win. Seed %d.%s", c.seed,
      #list > 9 and " The first 9 of " .. #list .. " routers are drawn." or ""),
    head = { "router", "mean chance", "share won", "prompts" }, rows = rows, align = "lrrr",
  }
end

function section.draw(f, c)
  return curves(f) .. "\n" .. reliability(f, c)
end

return section
