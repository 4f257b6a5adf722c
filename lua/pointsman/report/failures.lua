-- SPDX-License-Identifier: MIT
-- Where the best router fails: domains with the most regret, single prompts with their text, constraints that change
-- choices at a loss or change nothing at all.
local html <const> = require "pointsman.report.html"
local svg <const> = require "pointsman.report.svg"
local stat <const> = require "pointsman.report.stat"

local PROMPTS <const> = 12
local EXCERPT <const> = 200

-- ---- domains ----

local function most(count)
  local at, n = nil, 0
  for j, k in pairs(count) do
    if k > n then at, n = j, k end
  end
  return at, n
end

local function by_domain(f, c, choice)
  local rule <const> = c.policy["domain majority"]
  local single <const> = c.policy["best single (train)"]
  local out <const> = {}
  for _, d in ipairs(c.shown_domains) do
    local own <const>, group <const>, other <const>, base <const> = {}, c.group and {} or nil, {}, {}
    local chosen <const> = {}
    for _, i in ipairs(c.of_domain[d]) do
      if choice[i] then
        own[#own + 1] = c.regret(i, choice[i])
        if group then group[#own] = c.group[i] end
        chosen[choice[i]] = (chosen[choice[i]] or 0) + 1
        if rule and rule.choice[i] then other[#other + 1] = c.regret(i, rule.choice[i]) end
        if single and single.choice[i] then base[#base + 1] = c.regret(i, single.choice[i]) end
      end
    end
    if #own > 0 then
      local best, top = c.best_counts(c.of_domain[d])
      local often <const> = most(chosen)
      if best[often] == best[top] then top = often end
      out[#out + 1] = { name = c.domains[d], n = #own, v = stat.interval(own, group, f.level, 1000), rule = stat.mean(other), single = stat.mean(base),
        chosen = c.experts[often].id, best = c.experts[top].id }
    end
  end
  table.sort(out, function(a, b)
    if a.v.value ~= b.v.value then return a.v.value > b.v.value end
    return a.name < b.name
  end)
  return out
end

local function draw_domains(list, kind)
  return function(w, label)
    local small <const>, tall <const> = w < 500, 20
    local left, high = 0, 0
    for _, d in ipairs(list) do
      left = math.max(left, svg.width(d.name .. " (0000)", 11.5))
      high = math.max(high, d.v.hi or d.v.value, d.single or 0, d.rule or 0)
    end
    left = math.min(left + 8, w * .36)
    local h <const> = #list * tall + 74
    local c <const> = svg.canvas(w, h)
    local box <const> = { left = left, top = 26, right = w - 14, bottom = h - 44 }
    local x <const> = svg.linear(0, high, box.left, box.right, small and 4 or 7)
    for _, t in ipairs(x.ticks) do
      svg.line(c, x.map(t[1]), box.top, x.map(t[1]), box.bottom, "grid")
      svg.text(c, x.map(t[1]), box.bottom + 16, t[2], { anchor = "middle", class = "tick" })
    end
    svg.line(c, box.left, box.bottom, box.right, box.bottom, "axis")
    svg.wrapped(c, (box.left + box.right) / 2, box.bottom + 34, "mean regret (" .. kind .. " lost against the best expert)", 12, "label")
    local at = small and 10 or box.left
    for _, m in ipairs { { 4, "m f1", "router" }, { 2, "solid", "domain rule" }, { 1, "open", "best single expert" } } do
      svg.mark(c, m[1], at + 4, 10, 4.5, m[2])
      svg.text(c, at + 13, 14, m[3], { class = "small" })
      at = at + 30 + svg.width(m[3], 11)
    end
    for k, d in ipairs(list) do
      local y <const> = box.top + (k - .5) * tall
      svg.text(c, left - 8, y + 4, svg.fit(d.name .. (small and "" or " (" .. d.n .. ")"), 11.5, left - 8), { anchor = "end", size = 11.5 })
      svg.line(c, box.left, y, box.right, y, "grid")
      if d.single then svg.mark(c, 1, x.map(d.single), y, 4, "open") end
      if d.rule then svg.mark(c, 2, x.map(d.rule), y, 4, "solid") end
      if d.v.lo then svg.line(c, x.map(d.v.lo), y, x.map(d.v.hi), y, "whisker") end
      svg.mark(c, 4, x.map(d.v.value), y, 4.5, "m f1")
    end
    return svg.finish(c, label)
  end
end

local function domains(f, c, label, choice)
  if not c.domain then return html.missing("domain labels.", "Without them, only single prompts can be shown.") end
  local list <const>, rows <const>, worse = by_domain(f, c, choice), {}, 0
  local drawn <const> = table.move(list, 1, math.min(#list, 40), 1, {})
  for k, d in ipairs(list) do
    if d.rule and d.v.value > d.rule then worse = worse + 1 end
    rows[k] = { d.name, html.count(d.n), html.interval(d.v, 4), html.number(d.rule, 4), html.number(d.single, 4), d.chosen, d.best }
  end
  local top <const> = list[1]
  return html.figure {
    id = "failures-1", title = "Regret of " .. label .. " by domain, worst first",
    takeaway = top.v.value == 0 and "No domain has any regret: every choice is a best expert." or string.format("Worst: %s, %s %s lost per prompt; it mostly gets %s, %s. The domain rule does better in %d of %d domains.", top.name,
      html.interval(top.v, 4), f.kind, top.chosen, top.chosen == top.best and "which is also the best there most often" or "while " .. top.best .. " is best most often", worse, #list),
    draw = draw_domains(drawn, f.kind),
    note = string.format("Diamonds with bars: the router, %s %% bootstrap interval (1,000 resamples%s, made for this page). Squares: best expert of the true domain; rings: best single expert. Numbers after names: test prompts. Seed %d.%s",
      html.number(100 * f.level, 0), c.group and " of groups" or "", c.seed,
      #drawn < #list and " The worst " .. #drawn .. " of " .. #list .. " domains." or ""),
    head = { "domain", "n", "regret [interval]", "domain rule", "best single", "chosen most", "best most often" }, rows = rows, align = "lrrrrll",
  }
end

-- ---- prompts ----

local function excerpt(text)
  local flat <const> = tostring(text or ""):gsub("%s+", " ")
  local n <const> = utf8.len(flat)
  if not n then return "(not UTF-8)" end
  return n > EXCERPT and flat:sub(1, utf8.offset(flat, EXCERPT + 1) - 1) .. "…" or flat
end

local function worst_prompts(f, c, label, choice)
  local list <const>, total = {}, 0.0
  for i = 1, c.n do
    if choice[i] then
      local r <const> = c.regret(i, choice[i])
      total = total + r
      if r > 0 then list[#list + 1] = { r, i } end
    end
  end
  if #list == 0 then
    return "<h3>Prompts with the largest regret of " .. html.escape(label) .. "</h3>" ..
      html.paragraph("No prompt has any regret: the router always chose a best expert.", "takeaway")
  end
  table.sort(list, function(a, b) return a[1] > b[1] or (a[1] == b[1] and a[2] < b[2]) end)
  local turn <const> = {} -- of equal regrets, one a domain in turn
  for _, p in ipairs(list) do
    local key <const> = string.format("%d %.9g", c.domain and c.domain[p[2]] or 0, p[1])
    turn[key] = (turn[key] or 0) + 1
    p[3] = turn[key]
  end
  table.sort(list, function(a, b)
    if a[1] ~= b[1] then return a[1] > b[1] end
    if a[3] ~= b[3] then return a[3] < b[3] end
    return a[2] < b[2]
  end)
  local tenth = 0.0
  for k = 1, math.min(#list, math.ceil(c.n / 10)) do tenth = tenth + list[k][1] end
  local rows <const>, shown <const> = {}, {}
  for k = 1, math.min(PROMPTS, #list) do
    local i <const>, p <const> = list[k][2], c.prompts and c.prompts[list[k][2]] or {}
    local j <const> = choice[i]
    local domain <const> = c.domain and c.domain[i] and c.domains[c.domain[i]] or ""
    local text = c.prompts and excerpt(p.text) or "–"
    if shown[text] then text = "(begins like prompt " .. shown[text] .. ")" else shown[text] = tostring(p.id or i) end
    local function expert(col, v)
      return { html = html.escape(c.experts[col].id) .. '<br/><span class="soft">' .. html.number(v, 3) .. "</span>" }
    end
    rows[k] = { { html = html.escape(domain) .. (domain ~= "" and "<br/>" or "") .. '<span class="soft">' .. html.escape(p.id or i) .. "</span>" },
      { class = "text", html = html.escape(text) }, expert(j, c.value:get(i, j)), expert(c.best[i], c.best_value[i]),
      html.number(list[k][1], 3) }
  end
  return "<h3>Prompts with the largest regret of " .. html.escape(label) .. "</h3>" ..
    html.paragraph(string.format("The worst tenth of the prompts carries %s of all regret; %s of %s prompts have none.", html.percent(total > 0 and tenth / total or 0, 0),
      html.count(c.n - #list), html.count(c.n)), "takeaway") ..
    html.table({ c.domain and "domain, prompt" or "prompt", "text (beginning)", "chosen, its " .. f.kind, "best, its " .. f.kind, "regret" }, rows, { align = "llllr" }) ..
    (c.prompts and "" or html.missing("texts of the prompts.", "The cells name no prompts."))
end

-- ---- constraints ----

--- One line a router and point: how often the constraint changed the choice, what that cost and saved.
local function changes(f, c)
  local rows <const>, idle <const>, biggest = {}, {}, nil
  for _, r in ipairs(c.routers) do
    local free <const> = r.choices[c.free]
    for k, choice in ipairs(r.choices) do
      if free and choice and k ~= c.free then
        local d <const>, group <const> = c.differences(choice, free)
        local changed, n = 0, 0
        for i = 1, c.n do
          if choice[i] and free[i] then n, changed = n + 1, changed + (choice[i] ~= free[i] and 1 or 0) end
        end
        local v <const> = stat.normal(d, group)
        local row <const> = { r.label, c.points[k] or "", html.percent(changed / math.max(1, n), 1), html.interval(v, 4, { signed = true }) }
        for _, t in ipairs(c.terms) do
          row[#row + 1] = html.signed(c.mean_term(t, choice) - c.mean_term(t, free), 4)
        end
        rows[#rows + 1] = row
        if changed == 0 then
          if not idle[r.label] then idle[#idle + 1] = r.label end
          idle[r.label] = (idle[r.label] or 0) + 1
        end
        local loss <const> = -f.sign * v.value
        if changed > 0 and (not biggest or loss > biggest.loss) then
          biggest = { loss = loss, text = string.format("%s at %s: %s of the choices change, %s %s per prompt", r.label, c.points[k] or "",
            html.percent(changed / n, 0), f.kind, html.signed(v.value, 4)) }
        end
      end
    end
  end
  return rows, idle, biggest
end

local function constraints(f, c)
  if #c.terms == 0 then
    return "<h3>Constraints</h3>" .. html.missing("constraints.", "The experiment has none, so none can be at odds with the outcomes.")
  end
  local out <const> = { "<h3>What constraints change</h3>" }
  for _, t in ipairs(c.terms) do
    local lo, hi = math.huge, -math.huge
    for i = 1, t.per_prompt and c.n or 1 do
      for j = 1, c.m do lo, hi = math.min(lo, t.at(i, j)), math.max(hi, t.at(i, j)) end
    end
    if hi - lo <= 1e-9 then
      out[#out + 1] = html.paragraph(string.format("The term %s has the same value for every expert (%s): it changes nothing.", t.label, html.amount(lo)))
    end
  end
  local rows, idle, biggest = changes(f, c)
  if #rows == 0 then
    out[#out + 1] = html.missing("a second weight point,", "so what the constraint changed cannot be told; give it a list of weights that begins with 0.")
    return table.concat(out)
  end
  local head <const> = { "router", "point", "choices changed", f.kind .. " [interval]" }
  for _, t in ipairs(c.terms) do head[#head + 1] = "mean " .. t.label end
  local still <const>, n_still = {}, 0
  for k, label in ipairs(idle) do
    still[k] = string.format("%s %d", label, idle[label])
    n_still = n_still + idle[label]
  end
  out[#out + 1] = html.paragraph((biggest and "Costliest: " .. biggest.text .. "." or "No weight changes any choice.") ..
    (n_still > 0 and string.format(" %d of %d pairs of router and weight change no choice at all (%s).", n_still, #rows, table.concat(still, ", ")) or ""), "takeaway")
  local body <const> = html.table(head, rows, { align = "llr" .. string.rep("r", #c.terms + 1) })
  out[#out + 1] = #rows > 24 and html.details(string.format("All %d weight points", #rows), body) or body
  out[#out + 1] = html.paragraph(string.format("Differences to the same router at %s. Interval: 1.96 standard errors of the paired differences%s, made for this page; %s.",
    c.points[c.free] ~= "" and c.points[c.free] or "no weights", c.group and " over groups" or "", f.better), "note")
  return table.concat(out, "\n")
end

return function(f, c, why)
  if not c then
    return html.missing("choices prompt by prompt: " .. why .. ".", "Per-domain means of every policy are in domains.txt of the run's folder.")
  end
  local label <const> = f.main_router()
  local choice <const> = label and c.chosen(label)
  if not choice then return html.missing("choices of a router.", "The cells hold none.") end
  return domains(f, c, label, choice) .. "\n" .. worst_prompts(f, c, label, choice) .. "\n" .. constraints(f, c)
end
