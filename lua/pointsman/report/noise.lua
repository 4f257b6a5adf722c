-- SPDX-License-Identifier: MIT
-- How often labels agree with themselves: what a router could reach that knows everything but the luck of one
-- measurement, beside what the best router reaches.
local html <const> = require "pointsman.report.html"
local svg <const> = require "pointsman.report.svg"

--- Policies that the run measured against a second draw of the labels.
local function ceilings(f)
  local out <const> = {}
  for _, role in ipairs { "ceiling", "baseline" } do
    for _, label in ipairs(f[role]) do
      local halves <const> = f.get(role, label, f.free, "split_half_agreement")
      if halves then
        out[#out + 1] = { label = label, role = role, accuracy = f.get(role, label, f.free, "selection_accuracy"),
          gap = f.get(role, label, f.free, "gap_recovered"), score = f.score(role, label, f.free), halves = halves }
      end
    end
  end
  return out
end

local function others(f)
  local out <const>, best <const> = {}, (f.main_router())
  for _, p in ipairs { { "router", best }, { "ceiling", "domain oracle" }, { "baseline", "domain majority" }, { "baseline", "best single (train)" } } do
    local v <const> = p[2] and f.get(p[1], p[2], f.free, "selection_accuracy")
    if v then
      out[#out + 1] = { label = p[2], role = p[1], accuracy = v, gap = f.get(p[1], p[2], f.free, "gap_recovered"),
        score = f.score(p[1], p[2], f.free) }
    end
  end
  return out
end

local function draw(list)
  return function(w, label)
    local small <const>, tall <const>, left = w < 500, 26, 0
    for _, p in ipairs(list) do left = math.max(left, svg.width(p.label, 11.5)) end
    left = math.min(left + 12, w * .42)
    local h <const> = #list * tall + 74
    local c <const> = svg.canvas(w, h)
    local box <const> = { left = left, top = 12, right = w - 16, bottom = h - 58 }
    local x <const> = svg.linear(0, 100, box.left, box.right, small and 4 or 10, true)
    svg.axes(c, box, x, { ticks = {} }, "prompts for which a best expert is chosen, %", nil)
    for k, p in ipairs(list) do
      local y <const> = box.top + (k - .5) * tall
      svg.text(c, left - 8, y + 4, svg.fit(p.label, 11.5, left - 10), { anchor = "end", size = 11.5 })
      local v <const> = p.accuracy
      if v.lo and v.hi then svg.line(c, x.map(100 * v.lo), y, x.map(100 * v.hi), y, "whisker") end
      local is_router <const> = p.role == "router"
      svg.mark(c, is_router and 4 or p.halves and 2 or 1, x.map(100 * v.value), y, 4.5, is_router and "m f1" or "solid")
      local at <const> = x.map(100 * (v.hi or v.value)) + 9
      local text <const> = html.number(100 * v.value, 1)
      if at + svg.width(text, 11) < w then svg.text(c, at, y + 4, text, { class = "small" }) end
    end
    return svg.finish(c, label)
  end
end

local function figure(f, found)
  local list <const>, rows <const> = {}, {}
  for _, p in ipairs(found) do
    if p.accuracy then list[#list + 1] = p end
  end
  for _, p in ipairs(others(f)) do list[#list + 1] = p end
  if #list == 0 then return "" end
  table.sort(list, function(a, b)
    if a.accuracy.value ~= b.accuracy.value then return a.accuracy.value > b.accuracy.value end
    return a.label < b.label
  end)
  for k, p in ipairs(list) do
    rows[k] = { p.label, html.interval(p.accuracy, 1, { percent = true }), html.interval(p.gap, 0, { percent = true }), html.interval(p.score, f.places),
      p.halves and html.interval(p.halves, 1, { percent = true }) or "–" }
  end
  local top <const>, best <const> = found[1], f.main_router()
  local own <const> = best and f.get("router", best, f.free, "selection_accuracy")
  return html.figure {
    id = "noise-1", title = "How often a best expert is chosen, beside labels measured twice",
    takeaway = own and top.accuracy and string.format("%s picks a best expert for %s of the prompts; a second measurement of the labels (%s) for %s.", best,
      html.interval(own, 1, { percent = true }), top.label, html.interval(top.accuracy, 1, { percent = true })) or "Labels were measured twice.",
    draw = draw(list),
    note = string.format("Squares: choices made from re-drawn labels, judged by the measured ones; diamond: the best router; dots: baselines and ceilings. Bars: %s. n = %s test prompts. The last column of the data: how often the two halves of a prompt's text name the same best expert.",
      f.interval_words, html.count(top.halves.n)),
    head = { "policy", "best expert chosen", "gap recovered", "mean " .. f.kind, "halves agree" }, rows = rows, align = "lrrrr",
  }
end

--- Numbers of a nested table as lines "a, b: value".
local function flatten(t, before, out)
  for key, v in pairs(t) do
    local name <const> = (before ~= "" and before .. ", " or "") .. tostring(key):gsub("_", " ")
    if type(v) == "table" then
      flatten(v, name, out)
    else
      out[#out + 1] = { name, type(v) == "number" and (html.number(v, 4):gsub("%.?0+$", "")) or tostring(v) }
    end
  end
  return out
end

return function(f, c)
  local found <const>, out <const> = ceilings(f), {}
  if #found > 0 then out[1] = figure(f, found) end
  if c and type(c.noise) == "table" then
    out[#out + 1] = html.table({ "quantity", "value" }, flatten(c.noise, "", {}), { align = "lr", caption = "Noise of the labels, seed " .. c.seed .. "." })
  end
  if #out == 0 then
    return html.missing("labels measured twice.", "They exist for experts that are run on a corpus, where a prompt's loss can be measured on parts of its text; recorded outcomes hold one draw each, so what a perfect router could reach is not known here.")
  end
  return html.paragraph("Labels are measured on finite texts: which expert is best on a prompt is partly luck, and no router can foresee luck.", "takeaway") ..
    table.concat(out, "\n")
end
