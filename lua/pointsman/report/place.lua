-- SPDX-License-Identifier: MIT
-- Labels beside points without overlap: each tries a few places around its point and is left out when all are taken
-- (its value stands in the figure's table).
local svg <const> = require "pointsman.report.svg"

local place <const> = {}

local function overlaps(a, b)
  return a[1] < b[3] and b[1] < a[3] and a[2] < b[4] and b[2] < a[4]
end

--- Boxes of marks, so that labels keep off them.
function place.boxes(points, r)
  local out <const> = {}
  for i, p in ipairs(points) do out[i] = { p[1] - r, p[2] - r, p[1] + r, p[2] + r } end
  return out
end

--- items: {x, y, text}; taken: boxes (grows); box: left, top, right, bottom.  o: size, class, gap
function place.labels(c, items, taken, box, o)
  local size <const>, gap <const> = o.size or 11, o.gap or 6
  local left_out = 0
  for _, p in ipairs(items) do
    local w <const>, h <const> = svg.width(p.text, size), size
    local spots <const> = { { gap, size * .35, "start" }, { -gap, size * .35, "end" }, { 0, -gap - 1, "middle" },
      { 0, gap + size - 1, "middle" }, { gap, -gap, "start" }, { gap, gap + size * .7, "start" }, { -gap, -gap, "end" },
      { -gap, gap + size * .7, "end" } }
    local done = false
    for _, s in ipairs(spots) do
      local x <const>, y <const> = p.x + s[1], p.y + s[2]
      local x1 <const> = s[3] == "start" and x or s[3] == "end" and x - w or x - w / 2
      local mine <const> = { x1 - 1, y - h * .85, x1 + w + 1, y + h * .25 }
      local free = mine[1] >= box.left and mine[3] <= box.right and mine[2] >= box.top and mine[4] <= box.bottom
      for _, t in ipairs(taken) do
        if not free then break end
        free = not overlaps(mine, t)
      end
      if free then
        svg.text(c, x, y, p.text, { anchor = s[3], class = o.class, size = size })
        taken[#taken + 1] = mine
        done = true
        break
      end
    end
    if not done then left_out = left_out + 1 end
  end
  return left_out
end

--- A key in HTML: {k, text} with the mark and dash of series k.
function place.key(series)
  local out <const> = {}
  for _, s in ipairs(series) do
    local style <const> = svg.series(s[1])
    out[#out + 1] = '<li><svg viewBox="0 0 30 14" aria-hidden="true"><path class="' .. style.stroke .. '" d="M0 7H30"/><path class="' ..
      style.fill .. '" d="' .. svg.mark_path(style.shape, 15, 7, 4.5) .. '"/></svg>' .. svg.escape(s[2]) .. "</li>"
  end
  return '<ul class="key">' .. table.concat(out) .. "</ul>"
end

return place
