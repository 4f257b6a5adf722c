-- SPDX-License-Identifier: MIT
-- The space in which a router (or its embedder) sees prompts, drawn on a plane, with the labels that it never saw: colour
-- and shape by domain, the domain's code at its middle, so that the map reads without colour.
local html <const> = require "pointsman.report.html"
local svg <const> = require "pointsman.report.svg"
local stat <const> = require "pointsman.report.stat"

--- Points by domain: {d, name, code, {x, y}...}; and how many lie outside any domain.
local function points_of(run, c, latent)
  local map, why = run.matrix(latent.map or "")
  local sample, why2 = run.matrix(latent.sample or "")
  if not map or not sample then return nil, why or why2 end
  if map:cols() ~= 2 or map:rows() ~= sample:rows() then return nil, "map and sample have other shapes than wanted" end
  local by <const>, order <const>, n = {}, {}, 0
  for k = 1, map:rows() do
    local i <const> = math.floor(sample:get(k, 1) + 1.5)
    local x <const>, y <const> = map:get(k, 1), map:get(k, 2)
    if x == x and y == y and i >= 1 and i <= c.n then
      local d <const> = c.domain and c.domain[i] or 0
      if not by[d] then
        by[d] = { d = d, name = d == 0 and "no domain" or c.domains[d] }
        order[#order + 1] = by[d]
      end
      by[d][#by[d] + 1] = { x, y }
      n = n + 1
    end
  end
  table.sort(order, function(a, b) return a.name < b.name end)
  for k, g in ipairs(order) do g.code = k <= 26 and string.char(64 + k) or string.char(64 + (k - 1) // 26, 65 + (k - 1) % 26) end
  return order, n
end

--- Where the points of a domain are densest: the point with most neighbours of its own near by.
local function middle(g, r)
  local best, most = g[1], -1
  for i = 1, #g, math.max(1, #g // 60) do
    local k = 0
    for j = 1, #g do
      if (g[i][1] - g[j][1]) ^ 2 + (g[i][2] - g[j][2]) ^ 2 < r * r then k = k + 1 end
    end
    if k > most then best, most = g[i], k end
  end
  return best
end

local function bounds(order)
  local xs <const>, ys <const> = {}, {}
  for _, g in ipairs(order) do
    for _, p in ipairs(g) do xs[#xs + 1], ys[#ys + 1] = p[1], p[2] end
  end
  table.sort(xs)
  table.sort(ys)
  return xs[1], xs[#xs], ys[1], ys[#ys]
end

local function draw(order)
  local x1, x2, y1, y2 = bounds(order)
  local wide <const>, high <const> = math.max(x2 - x1, 1e-9), math.max(y2 - y1, 1e-9)
  return function(w, label)
    local small <const> = w < 500
    local scale <const> = math.min((w - 24) / wide, (small and 330 or 560) / high)
    local h <const> = high * scale + 24
    local left <const> = (w - wide * scale) / 2
    local c <const> = svg.canvas(w, h)
    local function px(p) return left + (p[1] - x1) * scale end
    local function py(p) return h - 12 - (p[2] - y1) * scale end
    svg.rect(c, .5, .5, w - 1, h - 1, "cellbox")
    local labels <const> = {}
    for k, g in ipairs(order) do
      local s <const>, d <const> = svg.series(k), {}
      for i, p in ipairs(g) do d[i] = svg.mark_path(s.shape, px(p), py(p), small and 1.7 or 2.6) end
      svg.path(c, table.concat(d), "pt " .. s.fill:match("f%d"))
      local at <const> = middle(g, .06 * math.max(wide, high))
      labels[k] = { x = px(at), at = py(at), text = small and g.code or g.name }
    end
    local size <const> = small and 11 or 12
    local taken <const> = {}
    for _, l in ipairs(labels) do -- nudged up or down until free
      local half <const> = svg.width(l.text, size) / 2
      local x <const> = math.min(math.max(l.x, half + 3), w - half - 3)
      for step = 0, 16 do
        local y <const> = math.min(math.max(l.at + (step % 2 == 0 and 1 or -1) * ((step + 1) // 2) * size * .8, size), h - 4)
        local free = true
        for _, t in ipairs(taken) do
          if math.abs(x - t[1]) < half + t[3] + 2 and math.abs(y - t[2]) < size then free = false break end
        end
        if free or step == 16 then
          svg.text(c, x, y + size * .35, l.text, { anchor = "middle", class = "halo strong", size = size })
          taken[#taken + 1] = { x, y, half }
          break
        end
      end
    end
    return svg.finish(c, label)
  end
end

local function key(order)
  local out <const> = {}
  for k, g in ipairs(order) do
    local s <const> = svg.series(k)
    out[k] = '<li><svg class="dotkey" viewBox="0 0 14 14" aria-hidden="true"><path class="' .. s.fill .. '" d="' ..
      svg.mark_path(s.shape, 7, 7, 4.5) .. '"/></svg>' .. g.code .. " " .. svg.escape(g.name) .. " (" .. #g .. ")</li>"
  end
  return '<ul class="key">' .. table.concat(out) .. "</ul>"
end

local function words(l, n_domains)
  local out <const> = {}
  if l.knn_accuracy then
    out[#out + 1] = string.format("the %s nearest neighbours name the domain of %s of the prompts (%s)", tostring(l.k or "k"),
      html.percent(l.knn_accuracy, 0), l.majority and "always the commonest domain: " .. html.percent(l.majority, 0) or
      "chance: about " .. html.percent(1 / math.max(1, n_domains), 0))
  end
  if l.silhouette then
    out[#out + 1] = string.format("silhouette %s (1: domains far apart, 0: they touch, below 0: mixed)", html.number(l.silhouette, 2))
  end
  return #out > 0 and "In the full space, " .. table.concat(out, "; ") .. "." or nil
end

local function figure(f, c, r, k, title)
  local l <const> = r.latent
  local order, n = points_of(f.run, c, l)
  if not order then return html.missing("the map of " .. title .. ": " .. tostring(n) .. ".", "") end
  if n < 3 then return html.missing("a map of " .. title .. ".", "Its sample has fewer than 3 prompts.") end
  local rows <const> = {}
  for _, g in ipairs(order) do
    local xs <const>, ys <const> = {}, {}
    for i, p in ipairs(g) do xs[i], ys[i] = p[1], p[2] end
    rows[#rows + 1] = { g.code, g.name, html.count(#g), html.number(stat.median(xs), 2), html.number(stat.median(ys), 2) }
  end
  return html.figure {
    id = "latent-" .. k, title = "Map of the test prompts as " .. title .. " sees them" .. (l.dim and ", " .. l.dim .. " dimensions on a plane" or ""),
    takeaway = words(l, #order) or "The run did not measure how far domains are apart.",
    draw = draw(order), extra = key(order),
    note = string.format("Colour, shape and name: domain (the router never saw it). n = %s prompts, a fixed sample; seed %d. Only neighbourhoods mean something: axes, distances between clusters and cluster sizes do not (t-SNE). The numbers are computed in the full space, not on the plane, without intervals.",
      html.count(n), c.seed),
    head = { "code", "domain", "prompts", "median x", "median y" }, rows = rows, align = "llrrr",
  }
end

return function(f, c, why)
  if not c then return html.missing("latent vectors: " .. why .. ".", "They are sampled from the test prompts when cells are kept.") end
  local out, seen = {}, false
  for _, r in ipairs(c.routers) do
    local l <const> = r.latent
    if type(l) == "table" and l.map then
      if l.of == "router" then
        out[#out + 1] = figure(f, c, r, #out + 1, "router " .. r.label)
      elseif not seen then -- all routers on the same vectors share their map
        seen = true
        out[#out + 1] = figure(f, c, r, #out + 1, l.of == "given" and "the vectors given with the data" or "the embedder")
      end
    end
  end
  if #out == 0 then
    return html.missing("a map.", "No router of this run offers latent vectors, and there is no embedder whose vectors could stand in.")
  end
  if #out > 2 then
    out[2] = html.details(string.format("%d more maps", #out - 1), table.concat(out, "\n", 2))
    out = { out[1], out[2] }
  end
  return (c.domain and "" or html.missing("domain labels,", "so that all prompts of a map look alike.")) .. table.concat(out, "\n")
end
