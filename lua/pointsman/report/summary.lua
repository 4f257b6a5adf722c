-- SPDX-License-Identifier: MIT
-- The table of scores: routers and baselines side by side, every number with its interval, the interval drawn too.
local html <const> = require "pointsman.report.html"

local groups <const> = { { "router", "Routers" }, { "baseline", "Baselines" }, { "expert", "Always one expert" },
  { "ceiling", "Ceilings (they look at the test outcomes)" } }

local EXPERTS <const> = 15

--- Labels that rows compare with, in the order in which they appear.
local function rivals_of(f)
  local out <const>, seen <const> = {}, {}
  for _, r in ipairs(f.run.rows) do
    local label <const> = r.metric:match("^diff_rival:(.*)")
    if label and not seen[label] then
      seen[label] = true
      out[#out + 1] = label
    end
  end
  return out
end

--- The scale of the bars: from the oracle to twice as far as the best single expert.  What lies beyond (a tiny expert,
--- say) becomes an arrow at the edge, so that the others can be told apart.
local function range(f, point)
  local lo, hi
  for _, role in ipairs { "ceiling", "baseline" } do
    for _, label in ipairs { "oracle", "best single (train)", "domain majority" } do
      local v <const> = f.score(role, label, point)
      if v then
        local a <const>, b <const> = v.lo or v.value, v.hi or v.value
        lo, hi = math.min(lo or a, a), math.max(hi or b, b)
      end
    end
  end
  if not lo then return 0, 1 end
  local pad <const> = .6 * (hi - lo)
  if f.sign > 0 then return lo - pad, hi end
  return lo, hi + pad
end

local function by_score(f, role, point)
  local list <const> = {}
  for _, label in ipairs(f[role]) do
    local v <const> = f.score(role, label, point)
    if v then list[#list + 1] = { label, v } end
  end
  table.sort(list, function(a, b)
    if a[2].value ~= b[2].value then return f.beats(a[2].value, b[2].value) end
    return a[1] < b[1]
  end)
  return list
end

local function star(f, v)
  local k <const> = f.verdict(v)
  return (k == "better" or k == "worse") and " *" or ""
end

local function against(f, rival)
  return { "vs " .. rival, function(role, label, point)
    local d <const> = f.get(role, label, point, "diff_rival:" .. rival)
    return d and html.interval(d, f.places, { signed = true }) .. star(f, d) or "–"
  end }
end

local function columns(f, rivals)
  local all <const> = {
    { f.kind, function(role, label, point, v) return html.interval(v, f.places) end },
    { "vs best single", function(role, label, point)
      local d <const> = f.get(role, label, point, "diff_best_single")
      return d and html.interval(d, f.places, { signed = true }) .. star(f, d) or "–"
    end },
    { "best expert chosen %", function(role, label, point)
      return html.interval(f.get(role, label, point, "selection_accuracy"), 1, { percent = true }):gsub(" %%$", "")
    end },
    { "regret", function(role, label, point) return html.interval(f.get(role, label, point, "regret"), f.places) end },
    { "gap recovered %", function(role, label, point)
      return html.interval(f.get(role, label, point, "gap_recovered"), 0, { percent = true }):gsub(" %%$", "")
    end },
    { "USD per 1,000", function(role, label, point)
      local v <const> = f.get(role, label, point, "cost_usd")
      return v and html.amount(1000 * v.value) or "–"
    end },
    { "sd over seeds", function(role, label, point, v) return v.sd and html.number(v.sd, 4) or "–" end },
  }
  local has_cost = false
  for _, r in ipairs(f.run.rows) do
    if r.metric == "cost_usd" then has_cost = true break end
  end
  local out <const> = {}
  for k, col in ipairs(all) do
    if (k ~= 6 or has_cost) and (k ~= 7 or #f.seeds > 1) then out[#out + 1] = col end
  end
  for k, label in ipairs(rivals) do table.insert(out, 2 + k, against(f, label)) end
  return out
end

local function scores(f, point, roles, cols, caption)
  local lo, hi = range(f, point)
  local lines <const> = {}
  local single <const>, oracle <const> = f.score("baseline", "best single (train)", point), f.score("ceiling", "oracle", point)
  if single then lines[#lines + 1] = single.value end
  if oracle then lines[#lines + 1] = oracle.value end
  local head <const>, rows <const>, class <const> = { "policy", "" }, {}, {}
  for k, col in ipairs(cols) do head[k + 2] = col[1] end
  head[#head + 1] = "setting"
  for _, g in ipairs(groups) do
    local list = roles[g[1]] and by_score(f, g[1], point) or {}
    local n_all <const> = #list
    if g[1] == "expert" and n_all > EXPERTS then list = table.move(list, 1, EXPERTS, 1, {}) end
    if #list > 0 then
      rows[#rows + 1] = { group = g[2] .. (#list < n_all and string.format(", the best %d of %d", #list, n_all) or "") }
      class[#rows] = "group"
    end
    for _, p in ipairs(list) do
      local row <const> = { p[1], html.bar(p[2], lo, hi, lines, g[1] == "router" and "dot router" or "dot") }
      for _, col in ipairs(cols) do row[#row + 1] = (col[2](g[1], p[1], point, p[2])) end
      row[#row + 1] = { class = "set", html = html.escape(p[2].setting or "") }
      rows[#rows + 1] = row
      class[#rows] = g[1]
    end
  end
  return html.table(head, rows, { align = "ll" .. string.rep("r", #cols) .. "l", row_class = class, caption = caption })
end

local function predictions(f)
  local rows <const> = {}
  for _, label in ipairs(f.router) do
    local v <const> = {}
    for k, metric in ipairs { "mae", "rmse", "spearman", "coverage_90" } do
      v[k] = f.get("router", label, f.free, metric)
    end
    if v[1] or v[3] then
      rows[#rows + 1] = { label, html.interval(v[1], f.places), html.interval(v[2], f.places), html.interval(v[3], f.places),
        v[4] and html.interval(v[4], 1, { percent = true }) or "–" }
    end
  end
  if #rows == 0 then return "" end
  return "<h3>How well outcomes are predicted</h3>\n" .. html.table({ "router", "mean absolute error", "root mean squared error",
    "rank correlation within prompts", "inside the 90 % interval" }, rows, { align = "lrrrr" })
end

local function takeaway(f)
  local best <const>, v <const> = f.best_router(f.free)
  local base, base_v
  for _, label in ipairs(f.baseline) do
    local s <const> = f.score("baseline", label, f.free)
    if s and (not base_v or f.beats(s.value, base_v.value)) then base, base_v = label, s end
  end
  if not best or not base then return "" end
  return html.paragraph(string.format("Best router: %s, %s %s. Best baseline: %s, %s.", best, f.kind,
    html.interval(v, f.places), base, html.interval(base_v, f.places)), "takeaway")
end

return function(f)
  local cols <const> = columns(f, rivals_of(f))
  local all <const> = { router = true, baseline = true, expert = true, ceiling = true }
  local _ <const>, v <const> = f.best_router(f.free)
  local any <const> = v or f.score("ceiling", "oracle", f.free)
  if not any then return html.missing("scores.", "The run has no rows with a mean outcome.") end
  local out <const> = { takeaway(f), scores(f, f.free, all, cols, string.format(
    "%s of policies%s; %s. n = %s test prompts. Brackets and bars: %s. Dashed lines in the bars: best single expert and oracle; an arrow: beyond the bar. * the interval of that difference excludes 0.",
    f.axis, f.free ~= "" and " at " .. f.free or "", f.better, html.count(any.n), f.interval_words)) }
  for _, point in ipairs(f.points) do
    if point ~= f.free and #f.points <= 5 then
      out[#out + 1] = html.details("Routers at " .. point, scores(f, point, { router = true }, cols))
    end
  end
  if #f.points > 5 then
    out[#out + 1] = html.paragraph(string.format("%d weight points were measured; the next section draws them all.", #f.points), "note")
  end
  out[#out + 1] = predictions(f)
  return table.concat(out, "\n")
end
