-- SPDX-License-Identifier: MIT
-- Which expert gets the prompts of which domain: a table of shares drawn as cells with numbers, so that it reads
-- without colour; a frame marks the expert that is truly best most often.
local html <const> = require "pointsman.report.html"
local svg <const> = require "pointsman.report.svg"

local COLUMNS <const> = 16
local ROWS <const> = 40

--- share[d][j] of the router's choices, count[d], and the column that is best most often.
local function shares(c, choice)
  local share <const>, count <const>, top <const> = {}, {}, {}
  for _, d in ipairs(c.shown_domains) do
    local k <const>, n = {}, 0
    for j = 1, c.m do k[j] = 0 end
    for _, i in ipairs(c.of_domain[d]) do
      if choice[i] then k[choice[i]], n = k[choice[i]] + 1, n + 1 end
    end
    for j = 1, c.m do k[j] = n > 0 and k[j] / n or 0 end
    local best, at = c.best_counts(c.of_domain[d])
    for j = 1, c.m do -- of equals, the one that gets most of the choices
      if best[j] == best[at] and k[j] > k[at] then at = j end
    end
    share[d], count[d], top[d] = k, n, at
  end
  return share, count, top
end

--- Columns that are drawn: all, or of very many those that get most of the choices or are best somewhere.
local function columns(c, share, top)
  local weight <const>, out = {}, {}
  for j = 1, c.m do weight[j], out[j] = 0, j end
  if c.m <= COLUMNS then return out end
  for _, d in ipairs(c.shown_domains) do
    for j = 1, c.m do weight[j] = math.max(weight[j], share[d][j] + (j == top[d] and .01 or 0)) end
  end
  table.sort(out, function(a, b) return weight[a] > weight[b] or (weight[a] == weight[b] and a < b) end)
  out = table.move(out, 1, COLUMNS, 1, {})
  table.sort(out)
  return out
end

--- Domains that are drawn: all, or the largest of very many.
local function lines(c, count)
  local out = table.move(c.shown_domains, 1, #c.shown_domains, 1, {})
  if #out <= ROWS then return out end
  table.sort(out, function(a, b) return count[a] > count[b] or (count[a] == count[b] and a < b) end)
  out = table.move(out, 1, ROWS, 1, {})
  table.sort(out, function(a, b) return c.domains[a] < c.domains[b] end)
  return out
end

local function draw(c, share, count, top)
  local cols <const>, shown <const> = columns(c, share, top), lines(c, count)
  return function(w, label)
    local rows <const>, small <const> = #shown, w < 500
    local size <const> = small and 9.5 or 11.5
    local longest, above = 0, 0
    for _, d in ipairs(shown) do
      longest = math.max(longest, svg.width(c.domains[d] .. (small and "" or " (0000)"), size))
    end
    for _, j in ipairs(cols) do above = math.max(above, svg.width(c.experts[j].id, size)) end
    local left <const>, head <const> = math.min(longest, w * .3) + 10, math.min(above, 110) * .87 + 14
    local side <const> = (w - left - 4 - .5 * math.min(110, svg.width(c.experts[cols[#cols]].id, size))) / #cols
    local tall <const> = math.max(small and 17 or 20, math.min(26, side))
    local k <const> = svg.canvas(w, head + rows * tall + 6)
    for x, j in ipairs(cols) do
      svg.text(k, left + (x - .5) * side + 3, head - 5, svg.fit(c.experts[j].id, size, 110), { turn = -60, size = size })
    end
    for r, d in ipairs(shown) do
      local y <const> = head + (r - 1) * tall
      svg.text(k, left - 6, y + tall / 2 + size * .35, svg.fit(c.domains[d] .. (small and "" or " (" .. count[d] .. ")"), size, left - 6),
        { anchor = "end", size = size })
      for at, j in ipairs(cols) do
        local x <const>, v <const> = left + (at - 1) * side, share[d][j]
        svg.rect(k, x, y, side, tall, "cellbox")
        if v > 0 then svg.rect(k, x + .5, y + .5, side - 1, tall - 1, "heat", string.format('fill-opacity="%.2f"', .06 + .94 * v)) end
        if j == top[d] then svg.rect(k, x + 1.5, y + 1.5, side - 3, tall - 3, "best") end
        if v >= .005 then
          svg.text(k, x + side / 2, y + tall / 2 + size * .35, string.format("%.0f", 100 * v),
            { anchor = "middle", class = v > .88 and "on" or v > .66 and "mid" or nil, size = small and math.min(size, side * .48) or size })
        end
      end
    end
    return svg.finish(k, label)
  end
end

local function figure(f, c, r, k)
  local choice <const> = c.chosen(r.label)
  if not choice then return "" end
  local share, count, top = shares(c, choice)
  local head <const>, rows <const> = { "domain", "n" }, {}
  for j, e in ipairs(c.experts) do head[j + 2] = e.id end
  head[#head + 1] = "best most often"
  local agree, alone = 0, 0
  for _, d in ipairs(c.shown_domains) do
    local row <const>, most = { c.domains[d], count[d] }, 1
    for j = 1, c.m do
      row[j + 2] = html.number(100 * share[d][j], 1) .. " %"
      if share[d][j] > share[d][most] then most = j end
    end
    row[#row + 1] = c.experts[top[d]].id
    rows[#rows + 1] = row
    if most == top[d] then agree = agree + 1 end
    if share[d][most] >= .9 then alone = alone + 1 end
  end
  local used <const> = {}
  for i = 1, c.n do
    if choice[i] then used[choice[i]] = (used[choice[i]] or 0) + 1 end
  end
  local n_used = 0
  for _ in pairs(used) do n_used = n_used + 1 end
  return html.figure {
    id = "allocation-" .. k, title = "Choices of " .. r.label .. " by domain, percent of the domain's prompts",
    takeaway = string.format("%s uses %d of %d experts. In %d of %d domains it sends most prompts to the expert that is best most often; %d domains go to one expert for 90 %% or more.",
      r.label, n_used, c.m, agree, #c.shown_domains, alone),
    draw = draw(c, share, count, top),
    note = string.format("Rows: domains (test prompts); columns: experts; numbers: percent of the row, blanks below 0.5. Framed: the expert that is truly best, or among the best, on most prompts of the domain. n = %s test prompts, seed %d%s. Domain labels were never shown to the router.%s",
      html.count(c.n), c.seed, c.points[c.free] and c.points[c.free] ~= "" and ", at " .. c.points[c.free] or "",
      (c.m > COLUMNS or #c.shown_domains > ROWS) and string.format(" Drawn: %d of %d experts (those that matter in some domain), %d of %d domains; all are in the table.",
        math.min(c.m, COLUMNS), c.m, math.min(#c.shown_domains, ROWS), #c.shown_domains) or ""),
    head = head, rows = rows, align = "l" .. string.rep("r", c.m + 1) .. "l",
  }
end

--- Without cells: shares over all prompts, from the rows.
local function overall(f)
  local head <const>, rows <const>, experts <const> = { "router" }, {}, {}
  for _, r in ipairs(f.run.rows) do
    local id <const> = r.metric:match("^share:(.*)")
    if id and not experts[id] then
      experts[id] = true
      head[#head + 1] = id
    end
  end
  if #head == 1 then return "" end
  for _, label in ipairs(f.router) do
    local row <const> = { label }
    for k = 2, #head do
      local v <const> = f.get("router", label, f.free, "share:" .. head[k])
      row[k] = v and html.percent(v.value, 1) or "–"
    end
    rows[#rows + 1] = row
  end
  return html.table(head, rows, { align = "l" .. string.rep("r", #head), caption = "Share of all test prompts that each router sends to each expert" ..
    (f.free ~= "" and ", at " .. f.free or "") .. "." })
end

return function(f, c, why)
  if not c then
    return html.missing("shares by domain: " .. why .. ".", "Run the experiment again with this version of pointsman; finished jobs are taken from the store.") ..
      overall(f)
  end
  if not c.domain then
    return html.missing("domain labels.", 'Prompts may carry a field "domain" (docs/data-format.md).') .. overall(f)
  end
  local best <const> = f.main_router()
  local out <const>, rest <const>, constant <const> = {}, {}, {}
  for _, r in ipairs(c.routers) do
    if r.label == best then
      out[#out + 1] = figure(f, c, r, 1)
    elseif f.is_constant(r.label) then
      constant[#constant + 1] = r.label
    elseif #rest < 7 then
      rest[#rest + 1] = figure(f, c, r, #rest + 2)
    end
  end
  if #constant > 0 then out[#out + 1] = html.paragraph("One expert for every prompt: " .. table.concat(constant, "; ") .. ".", "note") end
  if #rest > 0 then out[#out + 1] = html.details(string.format("The same for %d other routers", #rest), table.concat(rest, "\n")) end
  return table.concat(out, "\n")
end
