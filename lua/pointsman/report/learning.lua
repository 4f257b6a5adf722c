-- SPDX-License-Identifier: MIT
-- Learning curves (outcome against the number of training prompts) and training curves (loss against epochs).
local html <const> = require "pointsman.report.html"
local svg <const> = require "pointsman.report.svg"
local place <const> = require "pointsman.report.place"
local curves_of_models <const> = require "pointsman.report.curves"

--- Rows of role "curve" by router: {label, {n, value, lo, hi, seeds}...}, sorted by n; means over seeds.
local function curves(f)
  local by <const>, order <const> = {}, {}
  local fit <const>, tune <const> = f.about["seed:fit"], f.about["seed:tune"]
  local all <const> = fit and fit.value and fit.value + (tune and tune.value or 0) -- "train=all" counts what is held out too
  for _, r in ipairs(f.curve) do
    local n <const> = r.point == "train=all" and all or tonumber(r.point:match("train=([%d%.e+]+)"))
    if n and r.metric == f.kind and r.value and (r.subset == "all" or r.subset == "seeds:all" or r.subset == "splits:all") then
      if not by[r.label] then
        by[r.label] = { label = r.label, at = {} }
        order[#order + 1] = by[r.label]
      end
      local p = by[r.label].at[n] or { n, 0.0, 0.0, 0.0, 0, 0 }
      if r.subset ~= "all" then
        p = { n, r.value, r.lo or r.value, r.hi or r.value, 1, r.n, fixed = true }
      elseif not p.fixed then
        p[2], p[3], p[4], p[5], p[6] = p[2] + r.value, p[3] + (r.lo or r.value), p[4] + (r.hi or r.value), p[5] + 1, r.n
      end
      by[r.label].at[n] = p
    end
  end
  for _, line in ipairs(order) do
    for _, p in pairs(line.at) do
      line[#line + 1] = { p[1], p[2] / p[5], p[3] / p[5], p[4] / p[5], p[6], p.fixed and #f.seeds or p[5] }
    end
    table.sort(line, function(a, b) return a[1] < b[1] end)
  end
  return order
end

local function draw_curves(f, list)
  return function(w, label)
    local small <const> = w < 500
    local room, x1, x2, y1, y2 = 0, math.huge, 0, math.huge, -math.huge
    for _, line in ipairs(list) do
      room = math.max(room, svg.width(line.label, 11.5))
      for _, p in ipairs(line) do
        x1, x2, y1, y2 = math.min(x1, p[1]), math.max(x2, p[1]), math.min(y1, p[3]), math.max(y2, p[4])
      end
    end
    local h <const> = small and 290 or 380
    local c <const> = svg.canvas(w, h)
    local box <const> = { left = 50, top = 26, right = w - (small and 12 or math.min(240, room) + 26), bottom = h - 44 }
    local x <const>, y <const> = svg.log(x1 / 1.15, x2 * 1.15, box.left, box.right, small and 5 or 8), svg.linear(y1, y2, box.bottom, box.top, 6)
    svg.axes(c, box, x, y, "training prompts, log scale", "mean " .. f.axis .. ", " .. f.better)
    local ends <const> = {}
    for k, line in ipairs(list) do
      local s <const>, at <const> = svg.series(k), {}
      local shift <const> = (k - (#list + 1) / 2) * (#list > 8 and .8 or 2) -- intervals beside each other
      for i, p in ipairs(line) do
        at[i] = { x.map(p[1]) + shift, y.map(p[2]) }
        svg.line(c, at[i][1], y.map(p[3]), at[i][1], y.map(p[4]), "err s" .. (k - 1) % 7 + 1)
      end
      svg.polyline(c, at, s.stroke)
      for _, p in ipairs(at) do svg.mark(c, s.shape, p[1], p[2], 4, s.fill) end
      ends[k] = { at = at[#at][2], x = at[#at][1], text = line.label, k = k }
    end
    if not small then
      svg.spread(ends, 14, box.top + 4, box.bottom - 4)
      for _, e in ipairs(ends) do
        svg.path(c, string.format("M%s %sL%s %s", svg.num(e.x + 5), svg.num(e.at), svg.num(box.right + 10), svg.num(e.y)), "lead")
        svg.text(c, box.right + 13, e.y + 4, svg.fit(e.text, 11.5, c.w - box.right - 15), { size = 11.5 })
      end
    end
    return svg.finish(c, label)
  end
end

local function learning(f)
  local list <const> = curves(f)
  if #list == 0 then
    return html.missing("learning curves.", "The script may name sizes: train_sizes = { 500, 2000, 8000 } trains every router on so many prompts too.")
  end
  local rows <const>, series <const>, best, gain = {}, {}, nil, nil
  for k, line in ipairs(list) do
    series[k] = { k, line.label }
    for _, p in ipairs(line) do
      rows[#rows + 1] = { line.label, html.count(p[1]), html.interval({ value = p[2], lo = p[3], hi = p[4] }, 4), html.count(p[5]), tostring(p[6]) }
    end
    local last <const> = line[#line]
    if not best or f.beats(last[2], best[#best][2]) then best = line end
  end
  local text
  if #best > 1 then
    local a <const>, b <const> = best[#best - 1], best[#best]
    gain = f.sign * (b[2] - a[2])
    text = string.format("%s is best at %s training prompts; the step from %s to %s %s %s by %s.", best.label, html.count(b[1]), html.count(a[1]),
      html.count(b[1]), gain >= 0 and "improves" or "worsens", f.kind, html.number(math.abs(gain), 4))
  else
    text = string.format("One training size was measured; %s is best.", best.label)
  end
  return html.figure {
    id = "learning-1", title = "Mean " .. f.kind .. " against the number of training prompts", takeaway = text, draw = draw_curves(f, list),
    extra = '<div class="narrow">' .. place.key(series) .. "</div>",
    note = string.format("Vertical lines: %s; curves are moved sideways a little so that these can be seen. n = %s test prompts, %d seed%s. Prompts held out for tuning count as training prompts; the embedder has seen all training texts (never outcomes).",
      f.interval_words, html.count(list[1][1][5]), list[1][1][6], list[1][1][6] == 1 and "" or "s"),
    head = { "router", "training prompts", "mean " .. f.kind .. " [interval]", "n", "seeds" }, rows = rows, align = "lrrrr",
  }
end

-- ---- training ----

local function number_of(p, names)
  for _, name in ipairs(names) do
    if type(p[name]) == "number" then return p[name] end
  end
end

local function histories(c)
  local out <const> = {}
  for _, r in ipairs(c and c.routers or {}) do
    local line, has_tune = { label = r.label }, false
    for i, p in ipairs(r.history or {}) do -- a fit that begins again (with the held-out prompts, say) is another line
      local epoch <const>, train <const>, tune <const> = number_of(p, { "epoch", "step" }) or i, p.train, p.tune
      if #line > 0 and epoch <= line[#line][1] then
        if has_tune and not tune then break end
        line, has_tune = { label = r.label }, false
      end
      if type(train) == "number" or type(tune) == "number" then line[#line + 1] = { epoch, train, tune } end
      has_tune = has_tune or type(tune) == "number"
    end
    if #line > 1 then out[#out + 1] = line end
  end
  return out
end

local function best_of(line)
  local best
  for _, p in ipairs(line) do
    if p[3] and (not best or p[3] < best[3]) then best = p end
  end
  return best
end

local function draw_histories(list)
  return function(w, label)
    local across <const> = w < 500 and 1 or math.min(#list, 3)
    local side <const>, tall <const> = w / across, 212
    local c <const> = svg.canvas(w, math.ceil(#list / across) * tall)
    for k, line in ipairs(list) do
      local left <const>, top <const> = (k - 1) % across * side + 54, (k - 1) // across * tall + 26
      local box <const> = { left = left, top = top, right = left + side - 70, bottom = top + 138 }
      local y1, y2 = math.huge, -math.huge
      for _, p in ipairs(line) do
        for _, v in ipairs { p[2] or p[3], p[3] or p[2] } do y1, y2 = math.min(y1, v), math.max(y2, v) end
      end
      local x <const> = svg.linear(line[1][1], line[#line][1], box.left, box.right, 4, true)
      local y <const> = svg.linear(y1, y2, box.bottom, box.top, 4)
      svg.axes(c, box, x, y, "epoch", "|objective")
      svg.text(c, box.left, box.top - 8, svg.fit(line.label, 12, box.right - box.left), { class = "panel" })
      local last
      for col, class in ipairs { "l thin s7 d3", "l s1" } do
        local at <const> = {}
        for _, p in ipairs(line) do
          if p[col + 1] then at[#at + 1] = { x.map(p[1]), y.map(p[col + 1]) } end
        end
        svg.polyline(c, at, class)
        if #at > 0 then
          local word <const>, below <const> = col == 1 and "train" or "tune", at[#at][2] + 13
          local ty = col == 1 and below < box.bottom - 1 and below or at[#at][2] - 6
          if col == 2 and last and math.abs(ty - last) < 12 then ty = last - 12 end
          svg.text(c, at[#at][1] - 2, ty, word, { anchor = "end", class = "halo small" })
          last = ty
        end
      end
      local best <const> = best_of(line)
      if best then svg.mark(c, 4, x.map(best[1]), y.map(best[3]), 4.5, "m f1") end
    end
    return svg.finish(c, label)
  end
end

local function training(c, why)
  if not c then return html.missing("training curves: " .. why .. ".", "Routers that train in epochs leave them there.") end
  local list <const> = histories(c)
  if #list == 0 then return html.missing("training curves.", "No router of this run trains in epochs and reports them.") end
  local rows <const>, early = {}, 0
  for _, line in ipairs(list) do
    local best <const> = best_of(line)
    if best and best[1] < line[#line][1] then early = early + 1 end
    for _, p in ipairs(line) do rows[#rows + 1] = { line.label, html.number(p[1], 0), html.number(p[2], 5), html.number(p[3], 5) } end
  end
  return html.figure {
    id = "learning-2", title = "Training objective by epoch",
    takeaway = string.format("%d of %d routers have their least held-out value before the last epoch, where early stopping takes it.", early, #list),
    draw = draw_histories(list),
    note = string.format("Vertical axis: the router's own training objective (scales differ). Solid: tuning part, held out by group; dotted: fitting part; diamond: the least held-out value, which is kept. Seed %d, no intervals.", c.seed),
    head = { "router", "epoch", "train", "tune" }, rows = rows, align = "lrrr",
  }
end

return function(f, c, why)
  return learning(f) .. "\n" .. training(c, why) .. "\n" .. curves_of_models(c)
end
