-- SPDX-License-Identifier: MIT
-- The rows of a run by policy: which are routers and baselines, at which weight points, with which scores.  Means
-- over seeds as `runs show` takes them: the paired mean where it is stored, else the mean over seeds.
local html <const> = require "pointsman.report.html"

local SEP <const> = "\1"

--- "size=0.14, price=1" -> {0.14, 1}: points are sorted by their weights.
local function weights(point)
  local out <const> = {}
  for name, value in point:gmatch("([^=,]+)=([^,]+)") do
    if not name:find("<", 1, true) then -- "price<=0.5" is a bound, no weight
      out[#out + 1] = { name:match("^%s*(.-)%s*$"), tonumber(value) or 0 }
    end
  end
  return out
end

local function point_less(a, b)
  local x <const>, y <const> = weights(a), weights(b)
  for k = 1, math.max(#x, #y) do
    local u <const>, v <const> = x[k] and x[k][2] or -1, y[k] and y[k][2] or -1
    if u ~= v then return u < v end
  end
  return a < b
end

local function is_free(point) -- no weight at all
  for _, w in ipairs(weights(point)) do
    if w[2] ~= 0 then return false end
  end
  return true
end

local function index(rows)
  local at <const>, seen <const>, lines <const>, curve <const>, about <const> = {}, {}, {}, {}, {}
  local seeds <const> = {}
  for _, r in ipairs(rows) do
    if r.role == "about" then
      about[#about + 1] = r
    elseif r.role == "curve" then
      curve[#curve + 1] = r
    else
      local line <const> = r.role .. SEP .. r.label .. SEP .. r.point
      if not seen[line] then
        seen[line] = true
        lines[#lines + 1] = { role = r.role, label = r.label, point = r.point, setting = r.setting }
      end
      if r.seed ~= 0 then seeds[r.seed] = true end
      local key <const> = line .. SEP .. r.metric .. SEP .. r.subset
      at[key] = at[key] or {}
      at[key][#at[key] + 1] = r
    end
  end
  local list <const> = {}
  for seed in pairs(seeds) do list[#list + 1] = seed end
  return at, lines, curve, about, list
end

local function average(rows)
  local v = { seeds = #rows, n = rows[1].n, setting = rows[1].setting }
  local known, intervals = 0, 0
  local value, lo, hi, square = 0.0, 0.0, 0.0, 0.0
  for _, r in ipairs(rows) do
    if r.value then known, value = known + 1, value + r.value end
    if r.lo and r.hi then intervals, lo, hi = intervals + 1, lo + r.lo, hi + r.hi end
  end
  if known == 0 then return nil end
  v.value = value / known
  if intervals == known then v.lo, v.hi = lo / known, hi / known end
  for _, r in ipairs(rows) do
    if r.value then square = square + (r.value - v.value) ^ 2 end
  end
  v.sd = known > 1 and math.sqrt(square / (known - 1)) or nil
  return v
end

local function policies(f, lines)
  local points <const>, have <const> = {}, {}
  -- f.pair: policies between two models, at point "pair"; f.costs: curves in recorded dollars, at "cost:LABEL"
  -- f.ablation: what constraints do, at "ablation:..."
  f.sweeps, f.pair, f.costs, f.ablation = {}, {}, {}, {}
  for k = #lines, 1, -1 do
    if lines[k].point == "pair" then
      table.insert(f.pair, 1, table.remove(lines, k))
    elseif lines[k].point:find("^cost:") then
      table.insert(f.costs, 1, table.remove(lines, k))
    elseif lines[k].point:find("^ablation:") then
      table.insert(f.ablation, 1, table.remove(lines, k))
    end
  end
  for _, l in ipairs(lines) do
    local is_sweep <const> = l.point:find("^sweep:")
    if l.role == "router" and not have[l.point] then
      have[l.point] = true
      table.insert(is_sweep and f.sweeps or points, l.point)
    end
  end
  table.sort(points, point_less)
  f.points = points
  f.free = points[1] or ""
  for _, p in ipairs(points) do
    if is_free(p) then f.free = p break end
  end
  for _, role in ipairs { "router", "baseline", "expert", "ceiling" } do
    local labels <const>, known <const> = {}, {}
    for _, l in ipairs(lines) do
      if l.role == role and not known[l.label] then
        known[l.label] = true
        labels[#labels + 1] = l.label
      end
    end
    f[role] = labels
  end
end

--- What facts of the run say: name -> {value, text}, and all in order.
local function read_about(f, about)
  f.about, f.about_rows = {}, about
  for _, r in ipairs(about) do
    local key <const> = r.subset .. ":" .. r.metric
    f.about[key] = f.about[key] or { value = r.value, text = r.setting }
  end
end

return function(run)
  local f <const> = { run = run }
  local at, lines, curve, about, seeds = index(run.rows)
  f.curve, f.seeds = curve, seeds
  policies(f, lines)
  read_about(f, about)
  f.kind = "quality"
  for _, r in ipairs(run.rows) do
    if r.metric == "loss" and (r.subset == "all" or r.subset == "seeds:all") then f.kind = "loss" break end
  end
  for _, r in ipairs(run.rows) do
    if r.metric == "battles" then f.of_battles = true break end
  end
  f.sign = f.kind == "loss" and -1 or 1
  local spec <const> = run.spec or {}
  -- losses are measured by running the experts on text, not recorded in an unknown unit
  f.is_nats = f.kind == "loss" and (type(spec.experts) == "table" and #spec.experts > 0)
  f.unit = f.is_nats and "nats per character" or nil
  f.axis = f.kind == "loss" and (f.is_nats and "loss (nats per character)" or "loss") or "quality (0 to 1)"
  f.better = f.kind == "loss" and "lower is better" or "higher is better"
  f.places = 3
  f.level = f.about["intervals:level"] and f.about["intervals:level"].value or .95
  f.resamples = f.about["intervals:resamples"] and f.about["intervals:resamples"].value
  f.paired = f.about["intervals:resamples"] and f.about["intervals:resamples"].text or "paired"

  --- The row of all seeds together, and whether these had splits of their own.
  local function pooled(line, subset)
    local seeds <const>, splits <const> = at[line .. "seeds:" .. subset], at[line .. "splits:" .. subset]
    return seeds or splits, not seeds and splits ~= nil
  end

  --- Score of a policy: {value, lo, hi, n, seeds, sd}, or nil.
  function f.get(role, label, point, metric, subset)
    subset = subset or "all"
    local line = role .. SEP .. label .. SEP .. point .. SEP .. metric .. SEP
    if role ~= "router" and not at[line .. subset] and not pooled(line, subset) then
      for _, other in ipairs { "", f.free } do -- baselines stand at no point, or at the only one
        line = role .. SEP .. label .. SEP .. other .. SEP .. metric .. SEP
        if at[line .. subset] then break end
      end
    end
    local mean <const>, of_splits <const> = pooled(line, subset)
    local each <const> = at[line .. subset]
    local v <const> = each and average(each) or nil
    if mean and mean[1].value then
      return { value = mean[1].value, lo = mean[1].lo, hi = mean[1].hi, n = mean[1].n, seeds = v and v.seeds or 1,
        sd = v and v.sd, setting = v and v.setting, is_paired_mean = true, of_splits = of_splits }
    end
    return v
  end

  function f.score(role, label, point, subset)
    return f.get(role, label, point, f.kind, subset)
  end

  --- Is a better than b?
  function f.beats(a, b)
    return f.sign * (a - b) > 0
  end

  --- A difference "value minus other" in words: "better", "worse", "open".
  function f.verdict(v)
    if not v or not v.value then return nil end
    if not v.lo or not v.hi then return v.value == 0 and "same" or nil end
    if v.value == 0 and v.lo == 0 and v.hi == 0 then return "same" end
    local lo <const>, hi <const> = f.sign * v.lo, f.sign * v.hi
    if math.min(lo, hi) > 0 then return "better" end
    if math.max(lo, hi) < 0 then return "worse" end
    return "open"
  end

  --- The router with the best mean at a point; `skip` leaves some out.
  function f.best_router(point, skip)
    local best, score
    for _, label in ipairs(f.router) do
      local v <const> = f.score("router", label, point)
      if v and not (skip and skip(label)) and (not score or f.beats(v.value, score.value)) then
        best, score = label, v
      end
    end
    return best, score
  end

  --- Does it send every prompt to one expert?
  function f.is_constant(label)
    local used <const> = f.get("router", label, f.free, "experts_used")
    return used ~= nil and used.value <= 1
  end

  --- The router that figures and answers are about: the best that does not always choose one expert, if there is one.
  function f.main_router()
    local label <const> = f.best_router(f.free, f.is_constant)
    return label or f.best_router(f.free), label ~= nil
  end

  --- plugin of a router's label, from the spec.
  function f.plugin(label)
    for _, r in ipairs(run.spec and run.spec.routers or {}) do
      if r.use and r.use.label == label then return r.use.plugin end
    end
  end

  f.weights = weights
  f.is_free = is_free
  f.interval_words = string.format("%s %% interval (%s bootstrap%s)", html.number(100 * f.level, 0), f.paired:find("group") and
    "paired, by group of prompts," or "paired, by prompt,", f.resamples and ", " .. html.count(f.resamples) .. " resamples" or ""):gsub(",,", ",")
  return f
end
