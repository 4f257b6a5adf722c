-- SPDX-License-Identifier: MIT
-- Loss curves of language models that were trained on the way: experts of a corpus, the embedder.
local html <const> = require "pointsman.report.html"
local svg <const> = require "pointsman.report.svg"

local SHOWN <const> = { { "train_loss", "train", "l thin s7 d3" }, { "tune_loss", "held out", "l s1" } }

--- {label, train = {{step, loss}...}, tune = ...} of each model that told points.
local function models(c)
  local out <const> = {}
  for _, t in ipairs(c and c.training or {}) do
    local one, points <const> = { label = t.who }, {}
    for _, k in ipairs(t.curves or {}) do points[k.curve] = k.at end
    for _, s in ipairs(SHOWN) do one[s[1]] = points[s[1]] or {} end
    if #one.train_loss + #one.tune_loss > 1 then out[#out + 1] = one end
  end
  return out
end

local function least(at)
  local best
  for _, p in ipairs(at) do
    if p[2] and (not best or p[2] < best[2]) then best = p end
  end
  return best
end

local function extent(one)
  local x2, y1, y2 = 1, math.huge, -math.huge
  for _, s in ipairs(SHOWN) do
    for _, p in ipairs(one[s[1]]) do
      if p[2] then x2, y1, y2 = math.max(x2, p[1]), math.min(y1, p[2]), math.max(y2, p[2]) end
    end
  end
  return x2, y1, y2
end

local function panel(c, box, one)
  local x2 <const>, y1 <const>, y2 <const> = extent(one)
  local x <const>, y <const> = svg.linear(0, x2, box.left, box.right, 4, true), svg.linear(y1, y2, box.bottom, box.top, 4)
  svg.axes(c, box, x, y, "step", "|nats a token")
  svg.text(c, box.left, box.top - 8, svg.fit(one.label, 12, box.right - box.left), { class = "panel" })
  for _, s in ipairs(SHOWN) do
    local at <const> = {}
    for _, p in ipairs(one[s[1]]) do
      if p[2] then at[#at + 1] = { x.map(p[1]), y.map(p[2]) } end
    end
    svg.polyline(c, at, s[3])
  end
  local best <const> = least(one.tune_loss)
  if best then svg.mark(c, 4, x.map(best[1]), y.map(best[2]), 4.5, "m f1") end
end

local function draw(list)
  return function(w, label)
    local across <const> = w < 500 and 1 or math.min(#list, 3)
    local side <const>, tall <const> = w / across, 212
    local c <const> = svg.canvas(w, math.ceil(#list / across) * tall)
    for k, one in ipairs(list) do
      local left <const>, top <const> = (k - 1) % across * side + 54, (k - 1) // across * tall + 26
      panel(c, { left = left, top = top, right = left + side - 70, bottom = top + 138 }, one)
    end
    return svg.finish(c, label)
  end
end

return function(c)
  local list <const> = models(c)
  if #list == 0 then return "" end
  local rows <const> = {}
  for _, one in ipairs(list) do
    for _, s in ipairs(SHOWN) do
      for _, p in ipairs(one[s[1]]) do rows[#rows + 1] = { one.label, s[2], html.number(p[1], 0), html.number(p[2], 4) } end
    end
  end
  local first <const>, best <const> = list[1], least(list[1].tune_loss) or least(list[1].train_loss)
  return html.figure {
    id = "learning-3", title = "Loss of language models while they were trained",
    takeaway = string.format("%d model%s %s trained here; the least loss of %s is %s nats a token, at step %s.", #list, #list == 1 and "" or "s",
      #list == 1 and "was" or "were", first.label, html.number(best[2], 3), html.count(best[1])),
    draw = draw(list),
    note = string.format("Solid: documents held out of training; dotted: mean over the training steps since the point before; diamond: the least held-out loss, whose weights are kept. Models with other vocabularies compare per character, not per token: see the losses of the experts. Seed %d, no intervals.", c.seed),
    head = { "model", "part", "step", "nats a token" }, rows = rows, align = "llrr",
  }
end
