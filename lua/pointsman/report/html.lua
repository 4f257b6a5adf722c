-- SPDX-License-Identifier: MIT
-- Pieces of the page: sections, figures in a wide and a narrow drawing, tables that scroll in their own box,
-- notes on what is missing; and numbers as they are printed.
local svg <const> = require "pointsman.report.svg"

local html <const> = {}
html.escape = svg.escape
local escape <const> = svg.escape

-- ---- numbers ----

--- x with `places` decimals and a true minus; "–" for what is not there.
function html.number(x, places)
  if not x or x ~= x then return "–" end
  if x == math.huge or x == -math.huge then return "–" end
  local text <const> = string.format("%." .. (places or 3) .. "f", x)
  if text:find("^%-0%.?0*$") then return text:sub(2) end
  return (text:gsub("^%-", "−"))
end

function html.signed(x, places)
  local text <const> = html.number(x, places)
  return x and x > 0 and text:find("[1-9]") and "+" .. text or text
end

--- "0.751 [0.701, 0.798]", in percent or signed.
function html.interval(v, places, o)
  if not v or not v.value then return "–" end
  o = o or {}
  local k <const> = o.percent and 100 or 1
  local show <const> = o.signed and html.signed or html.number
  local text = show(v.value * k, places)
  if v.lo and v.hi and (v.lo ~= v.value or v.hi ~= v.value) then
    text = text .. " [" .. show(v.lo * k, places) .. ", " .. show(v.hi * k, places) .. "]"
  end
  return o.percent and text .. " %" or text
end

function html.percent(x, places)
  return x and html.number(100 * x, places or 1) .. " %" or "–"
end

--- 10094 -> 10,094
function html.count(n)
  local text = string.format("%d", math.floor(n + .5))
  repeat
    local k
    text, k = text:gsub("^(%-?%d+)(%d%d%d)", "%1,%2")
  until k == 0
  return text
end

--- A size or price in few characters: 4.2M, 0.02.
function html.amount(x)
  if not x then return "–" end
  if x ~= 0 and math.abs(x) < 1e-3 then return (string.format("%.1e", x):gsub("e%-0?", "e−")) end
  return x < 0 and "−" .. svg.short(-x) or svg.short(x)
end

-- ---- pieces ----

--- head: list of texts; rows: lists of texts, or {html = ..., class = ..., sort = ...}; o: caption, align (string of
--- "l" and "r"), class, row_class (list).
function html.table(head, rows, o)
  o = o or {}
  local function cell(tag, v, k)
    local align <const> = (o.align or ""):sub(k, k) == "r" and "r" or nil
    local class, text = align, nil
    if type(v) == "table" then
      class = v.class and (align and align .. " " .. v.class or v.class) or align
      text = v.html
    else
      text = escape(v == nil and "–" or v)
      if align == "r" then text = text:gsub("^(%S+) (%[.*)$", '%1 <span class="iv">%2</span>') end
    end
    local name <const> = class and ' class="' .. class .. '"' or ""
    if tag == "th" then return '<th scope="col"' .. name .. ">" .. text .. "</th>" end
    if k == 1 and type(v) ~= "table" then text = text:gsub("[_/]%f[%w]", "%0<wbr/>") end -- names break there on phones
    if k == 1 then return '<th scope="row"' .. name .. ">" .. text .. "</th>" end
    return "<td" .. name .. ">" .. text .. "</td>"
  end
  local out <const> = { '<div class="scroll" tabindex="0"><table' .. (o.class and ' class="' .. o.class .. '"' or "") .. ">" }
  local cells <const> = {}
  for k, v in ipairs(head) do cells[k] = cell("th", v, k) end
  out[#out + 1] = "<thead><tr>" .. table.concat(cells) .. "</tr></thead><tbody>"
  for i, row in ipairs(rows) do
    local line <const> = {}
    if row.group then
      line[1] = '<th scope="colgroup" colspan="' .. #head .. '">' .. escape(row.group) .. "</th>"
    else
      for k = 1, #head do line[k] = cell("td", row[k], k) end
    end
    local class <const> = o.row_class and o.row_class[i]
    out[#out + 1] = (class and '<tr class="' .. class .. '">' or "<tr>") .. table.concat(line) .. "</tr>"
  end
  out[#out + 1] = "</tbody></table></div>"
  if o.caption then out[#out + 1] = html.paragraph(o.caption, "note") end
  return table.concat(out, "\n")
end

function html.details(summary, body)
  return "<details><summary>" .. escape(summary) .. "</summary>\n" .. body .. "\n</details>"
end

function html.paragraph(text, class)
  return (class and '<p class="' .. class .. '">' or "<p>") .. escape(text) .. "</p>"
end

--- What is missing on this page and how to get it.
function html.missing(what, how)
  return '<p class="missing"><strong>Not in this run:</strong> ' .. escape(what) .. " " .. escape(how) .. "</p>"
end

--- A figure.  f: id, title, takeaway, note, draw(width) -> svg text, head and rows of its data table, extra (html).
function html.figure(f)
  local label <const> = f.title .. ". " .. (f.takeaway or "")
  local out <const> = { '<figure id="' .. f.id .. '"><figcaption><h3>' .. escape(f.title) .. "</h3>" }
  if f.takeaway then out[#out + 1] = html.paragraph(f.takeaway, "takeaway") end
  out[#out + 1] = "</figcaption>"
  out[#out + 1] = '<div class="wide">' .. f.draw(720, label) .. "</div>"
  out[#out + 1] = '<div class="narrow">' .. f.draw(340, label) .. "</div>"
  if f.extra then out[#out + 1] = f.extra end
  if f.note then out[#out + 1] = html.paragraph(f.note, "note") end
  if f.rows then
    out[#out + 1] = html.details("Data of this figure (" .. html.count(#f.rows) .. " rows)",
      html.table(f.head, f.rows, { align = f.align }))
  end
  out[#out + 1] = "</figure>"
  return table.concat(out, "\n")
end

--- A small drawing of an interval for a table cell, on the scale [lo, hi] shared by the column; `at` marks lines.
function html.bar(v, lo, hi, lines, class)
  local w <const>, h <const> = 120, 16
  if not v or not v.value or hi <= lo then return { html = "" } end
  local function x(value) return 4 + math.min(1, math.max(0, (value - lo) / (hi - lo))) * (w - 8) end
  if v.value < lo or v.value > hi then
    local at <const>, to <const> = v.value < lo and 8 or w - 8, v.value < lo and 1 or w - 1
    return { class = "bar", html = string.format('<svg class="mini" viewBox="0 0 %d %d" aria-hidden="true"><path class="dot" d="M%d 4L%d 8L%d 12z"/></svg>',
      w, h, at, to, at) }
  end
  local part <const> = {}
  for _, at in ipairs(lines) do
    part[#part + 1] = string.format('<path class="ref" d="M%s 0V%d"/>', svg.num(x(at)), h)
  end
  if v.lo and v.hi then
    part[#part + 1] = string.format('<path class="whisker" d="M%s 8H%s"/>', svg.num(x(v.lo)), svg.num(x(v.hi)))
  end
  part[#part + 1] = string.format('<path class="%s" d="%s"/>', class or "dot",
    svg.mark_path(class == "dot router" and 4 or 1, x(v.value), 8, class == "dot router" and 4 or 3.5))
  return { class = "bar", html = string.format('<svg class="mini" viewBox="0 0 %d %d" aria-hidden="true">%s</svg>', w, h,
    table.concat(part)) }
end

return html
