-- SPDX-License-Identifier: MIT
-- The reliability plot: what was said in probability against what was seen, in bins of equal weight, a panel each.
-- Whose probabilities they are, and of what, is the caller's to say.
local svg <const> = require "pointsman.report.svg"

local reliability <const> = {}
reliability.MOST = 9 -- panels

local function panel(c, box, p, o)
  local sx <const> = svg.linear(0, 1, box.left, box.right, 4, true)
  local sy <const> = svg.linear(0, 1, box.bottom, box.top, 4, true)
  svg.axes(c, box, sx, sy, o.said, "|" .. o.seen)
  svg.text(c, box.left, box.top - 8, svg.fit(p.label, 12, box.right - box.left), { class = "panel" })
  svg.line(c, box.left, box.bottom, box.right, box.top, "refline")
  local at <const> = {}
  for k, b in ipairs(p.bins) do
    at[k] = { sx.map(b.said), sy.map(b.seen) }
    if b.lo and b.hi then svg.line(c, at[k][1], sy.map(b.lo), at[k][1], sy.map(b.hi), "spread") end
  end
  svg.polyline(c, at, "calib")
  for _, q in ipairs(at) do svg.mark(c, 1, q[1], q[2], 3, "open") end
end

--- list: {label, bins = {{said, seen, lo, hi, n} ...}} each; o: said and seen, the titles of the axes.
function reliability.draw(list, o)
  return function(w, label)
    local n <const> = math.min(#list, reliability.MOST)
    local across <const> = w < 500 and 1 or math.min(n, 3)
    local side <const> = w / across
    local plot <const> = math.min(side, 320) - 62
    local tall <const> = plot + 78
    local c <const> = svg.canvas(w, math.ceil(n / across) * tall)
    for k = 1, n do
      local left <const>, top <const> = (k - 1) % across * side + 52, (k - 1) // across * tall + 26
      panel(c, { left = left, top = top, right = left + plot, bottom = top + plot }, list[k], o)
    end
    return svg.finish(c, label)
  end
end

return reliability
