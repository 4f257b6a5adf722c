-- SPDX-License-Identifier: MIT
-- A small SVG writer: canvas, scales, axes, marks, direct labels that do not overlap.  Colours, fonts and
-- themes are classes of style.lua; nothing here knows of routers.
local svg <const> = {}

local escapes <const> = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

--- Text that is safe between tags and in attributes; control characters become blanks.
function svg.escape(text)
  return (tostring(text):gsub("[&<>\"]", escapes):gsub("[%z\1-\8\11-\31\127]", " "))
end

--- A coordinate: one decimal at most, no minus zero.
function svg.num(x)
  if x ~= x or x == math.huge or x == -math.huge then error("a coordinate is not finite", 2) end
  local text <const> = string.format("%.1f", x):gsub("%.0$", "")
  return text == "-0" and "0" or text
end
local num <const> = svg.num

-- ---- texts ----

local wide <const> = { m = .86, w = .76, M = .86, W = .98, ["%"] = .86, ["@"] = .95 }
local narrow <const> = { i = .26, l = .26, j = .26, t = .34, f = .32, r = .38, I = .3, ["."] = .3, [","] = .3,
  [" "] = .3, ["'"] = .25, [":"] = .3, ["("] = .36, [")"] = .36, ["-"] = .38, ["["] = .34, ["]"] = .34 }

--- About how wide a text is in a sans-serif font of `size`.
function svg.width(text, size)
  local sum = 0
  for ch in tostring(text):gmatch("[%z\1-\127\194-\253][\128-\191]*") do
    sum = sum + (wide[ch] or narrow[ch] or (ch:find("^%u") and .7) or .6)
  end
  return sum * size * 1.08
end

--- The text, cut with an ellipsis so that it fits.
function svg.fit(text, size, room)
  if svg.width(text, size) <= room then return text end
  local out = ""
  for ch in text:gmatch("[%z\1-\127\194-\253][\128-\191]*") do
    if svg.width(out .. ch .. "…", size) > room then break end
    out = out .. ch
  end
  return out .. "…"
end

-- ---- canvas ----

function svg.canvas(width, height)
  return { w = width, h = height, part = {}, size = 12 }
end

local function add(c, text)
  c.part[#c.part + 1] = text
end

function svg.line(c, x1, y1, x2, y2, class)
  add(c, string.format('<path class="%s" d="M%s %sL%s %s"/>', class, num(x1), num(y1), num(x2), num(y2)))
end

--- at: list of {x, y}
function svg.polyline(c, at, class)
  if #at < 2 then return end
  local d <const> = {}
  for i, p in ipairs(at) do
    d[i] = (i == 1 and "M" or "L") .. num(p[1]) .. " " .. num(p[2])
  end
  add(c, string.format('<path class="%s" d="%s"/>', class, table.concat(d)))
end

function svg.path(c, d, class, extra)
  add(c, string.format('<path class="%s"%s d="%s"/>', class, extra and " " .. extra or "", d))
end

function svg.rect(c, x, y, w, h, class, extra)
  add(c, string.format('<rect class="%s" x="%s" y="%s" width="%s" height="%s"%s/>', class, num(x), num(y),
    num(math.max(0, w)), num(math.max(0, h)), extra and " " .. extra or ""))
end

--- o: anchor "start" "middle" "end", class, turn (degrees), size
function svg.text(c, x, y, text, o)
  o = o or {}
  local extra = ""
  if o.anchor and o.anchor ~= "start" then extra = extra .. ' text-anchor="' .. o.anchor .. '"' end
  if o.class then extra = extra .. ' class="' .. o.class .. '"' end
  if o.size then extra = extra .. ' font-size="' .. num(o.size) .. '"' end
  if o.turn then extra = extra .. string.format(' transform="rotate(%s %s %s)"', num(o.turn), num(x), num(y)) end
  add(c, string.format('<text x="%s" y="%s"%s>%s</text>', num(x), num(y), extra, svg.escape(text)))
end

function svg.finish(c, label)
  return string.format('<svg viewBox="0 0 %s %s" role="img" aria-label="%s" font-size="%s">\n%s\n</svg>', num(c.w),
    num(c.h), svg.escape(label), num(c.size), table.concat(c.part, "\n"))
end

-- ---- marks: seven shapes, told apart without colour ----

local shapes <const> = {
  function(r) return string.format("m%s 0a%s %s 0 1 0 %s 0a%s %s 0 1 0 %s 0z", num(-r), num(r), num(r), num(2 * r),
    num(r), num(r), num(-2 * r)) end,
  function(r) local s <const> = .9 * r return string.format("m%s %sh%sv%sh%sz", num(-s), num(-s), num(2 * s),
    num(2 * s), num(-2 * s)) end,
  function(r) local s <const> = 1.2 * r return string.format("m0 %sl%s %sh%sz", num(-s), num(s), num(1.8 * s),
    num(-2 * s)) end,
  function(r) local s <const> = 1.3 * r return string.format("m0 %sl%s %sl%s %sl%s %sz", num(-s), num(s), num(s),
    num(-s), num(s), num(-s), num(-s)) end,
  function(r) local s <const> = 1.2 * r return string.format("m0 %sl%s %sh%sz", num(s), num(s), num(-1.8 * s),
    num(-2 * s)) end,
  function(r) local s, t = 1.2 * r, .4 * r return string.format(
    "m%s %sh%sv%sh%sv%sh%sv%sh%sv%sh%sv%sh%sz", num(-t), num(-s), num(2 * t), num(s - t), num(s - t), num(2 * t),
    num(t - s), num(s - t), num(-2 * t), num(t - s), num(t - s), num(-2 * t), num(s - t)) end,
  function(r) local s <const> = r return string.format("m%s %sl%s %sh%sl%s %sz", num(-s), num(-s), num(2 * s),
    num(2 * s), num(-2 * s), num(2 * s), num(-2 * s)) end,
}
svg.n_shapes = #shapes

--- The path of mark `k` around (x, y); several may be joined into one path.
function svg.mark_path(k, x, y, r)
  return "M" .. num(x) .. " " .. num(y) .. shapes[(k - 1) % #shapes + 1](r)
end

function svg.mark(c, k, x, y, r, class)
  svg.path(c, svg.mark_path(k, x, y, r), class)
end

--- Classes and mark of series k: colours repeat after seven, then with other marks and dashes.
function svg.series(k)
  local turn <const> = (k - 1) // 7
  return {
    stroke = "l s" .. (k - 1) % 7 + 1 .. " d" .. (k - 1 + 2 * turn) % 5 + 1,
    fill = "m f" .. (k - 1) % 7 + 1,
    shape = (k - 1 + 3 * turn) % #shapes + 1,
  }
end

-- ---- scales ----

local function nice(step)
  local base <const> = 10.0 ^ math.floor(math.log(step, 10))
  local part <const> = step / base
  return base * (part <= 1.0001 and 1 or part <= 2.0001 and 2 or part <= 5.0001 and 5 or 10)
end

local function decimals(step)
  return math.max(0, math.ceil(-math.log(step, 10) - 1e-9))
end

--- Maps [lo, hi] on [from, to] with about n round ticks {at, text}.  `tight` keeps lo and hi as they are.
function svg.linear(lo, hi, from, to, n, tight)
  if hi - lo < 1e-12 * math.max(1, math.abs(hi)) then
    local pad <const> = math.max(math.abs(hi) * .05, 1e-3)
    lo, hi = lo - pad, hi + pad
  end
  local step <const> = nice((hi - lo) / math.max(1, n or 5))
  if not tight then
    lo, hi = step * math.floor(lo / step + 1e-9), step * math.ceil(hi / step - 1e-9)
  end
  local s <const> = { lo = lo, hi = hi, ticks = {} }
  function s.map(v) return from + (v - lo) / (hi - lo) * (to - from) end
  local places <const> = "%." .. decimals(step) .. "f"
  local first <const> = math.ceil(lo / step - 1e-9)
  for k = first, math.floor(hi / step + 1e-9) do
    local text <const> = string.format(places, k * step)
    s.ticks[#s.ticks + 1] = { k * step, text:find("^%-0%.?0*$") and text:sub(2) or (text:gsub("^%-", "−")) }
  end
  return s
end

local function short(v)
  for _, u in ipairs { { 1e9, "G" }, { 1e6, "M" }, { 1e3, "k" } } do
    if v >= u[1] * .9995 then return string.format("%.3g", v / u[1]) .. u[2] end
  end
  return string.format("%.3g", v)
end
svg.short = short

--- The same for a logarithmic axis; lo > 0.
function svg.log(lo, hi, from, to, n)
  if hi <= lo * 1.0001 then lo, hi = lo / 2, hi * 2 end
  local a, b = math.log(lo), math.log(hi)
  local s <const> = { lo = lo, hi = hi, ticks = {} }
  function s.map(v) return from + (math.log(v) - a) / (b - a) * (to - from) end
  for _, steps in ipairs { { 1, 2, 5 }, { 1, 3 }, { 1 } } do
    s.ticks = {}
    for e = math.floor(math.log(lo, 10)) - 1, math.ceil(math.log(hi, 10)) do
      for _, k in ipairs(steps) do
        local v <const> = k * 10.0 ^ e
        if v >= lo * .9999 and v <= hi * 1.0001 then s.ticks[#s.ticks + 1] = { v, short(v) } end
      end
    end
    if #s.ticks <= (n or 6) then break end
  end
  return s
end

--- Centred text in as many lines as it needs; x is moved so that every line stays on the canvas.
function svg.wrapped(c, x, y, text, size, class)
  local lines <const> = { "" }
  for word in text:gmatch("%S+") do
    local longer <const> = lines[#lines] == "" and word or lines[#lines] .. " " .. word
    if lines[#lines] ~= "" and svg.width(longer, size) > c.w - 8 then
      lines[#lines + 1] = word
    else
      lines[#lines] = longer
    end
  end
  for k, line in ipairs(lines) do
    local half <const> = svg.width(line, size) / 2 + 3
    svg.text(c, math.min(math.max(x, half), c.w - half), y + (k - 1) * (size + 2), line, { anchor = "middle", class = class })
  end
end

--- A frame with light grid lines.  box: left, top, right, bottom; x, y: scales; xlabel, ylabel with units
--- (above the frame; with a leading "|" turned, along the axis).
function svg.axes(c, box, x, y, xlabel, ylabel)
  for _, t in ipairs(y.ticks) do
    local at <const> = y.map(t[1])
    svg.line(c, box.left, at, box.right, at, "grid")
    svg.text(c, box.left - 6, at + 4, t[2], { anchor = "end", class = "tick" })
  end
  local last = -1e9
  for _, t in ipairs(x.ticks) do
    local at <const>, half <const> = x.map(t[1]), svg.width(t[2], 11) / 2
    svg.line(c, at, box.top, at, box.bottom, "grid")
    if at - half > last + 4 then
      svg.text(c, at, box.bottom + 16, t[2], { anchor = "middle", class = "tick" })
      last = at + half
    end
  end
  svg.line(c, box.left, box.bottom, box.right, box.bottom, "axis")
  svg.wrapped(c, (box.left + box.right) / 2, box.bottom + 34, xlabel, 12, "label")
  if ylabel and ylabel:sub(1, 1) == "|" then -- turned, along the axis
    svg.text(c, box.left - 38, (box.top + box.bottom) / 2, ylabel:sub(2), { anchor = "middle", class = "label", turn = -90 })
  elseif ylabel then
    svg.text(c, math.max(2, box.left - 40), box.top - 10, ylabel, { class = "label" })
  end
end

--- Moves wanted positions {at = y} apart until neighbours are `gap` away, inside [lo, hi]; sets .y of each.
function svg.spread(labels, gap, lo, hi)
  table.sort(labels, function(a, b)
    if a.at ~= b.at then return a.at < b.at end
    return tostring(a.text) < tostring(b.text)
  end)
  local n <const> = #labels
  gap = n > 1 and math.min(gap, (hi - lo) / (n - 1)) or gap
  for _, l in ipairs(labels) do l.y = math.min(math.max(l.at, lo), hi) end
  for _ = 1, 200 do
    local moved = false
    for i = 2, n do
      local lack <const> = gap - (labels[i].y - labels[i - 1].y)
      if lack > .01 then
        moved = true
        labels[i - 1].y = math.max(lo + (i - 2) * gap, labels[i - 1].y - lack / 2)
        labels[i].y = math.min(hi - (n - i) * gap, labels[i - 1].y + gap)
        if labels[i].y - labels[i - 1].y < gap then labels[i].y = labels[i - 1].y + gap end
      end
    end
    if not moved then break end
  end
  return labels
end

return svg
