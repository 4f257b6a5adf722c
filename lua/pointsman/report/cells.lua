-- SPDX-License-Identifier: MIT
-- The cells of a run's first seed: measured and predicted values prompt by prompt, choices, domains, texts.  They are
-- files beside the store (cells-SEED.json naming objects); a run may have none, or lack parts.
local NAMES_WANTED <const> = { "n", "m", "experts", "value" }

--- Choices as columns from 1; false where none was made.
local function choices_of(m, n_experts)
  local out <const> = {}
  for i = 1, m:rows() do
    local v <const> = m:get(i, 1)
    out[i] = v == v and v >= 0 and v < n_experts and math.floor(v + .5) + 1 or false
  end
  return out
end

local function read_object(run, hex, c, what)
  if type(hex) ~= "string" or #hex ~= 64 then return nil end
  local m, why = run.matrix(hex)
  if not m then c.problems[#c.problems + 1] = what .. ": " .. why end
  return m
end

local function read_domains(run, raw, c)
  local m <const> = read_object(run, raw.domain, c, "domains")
  if not m or not raw.domains or #raw.domains == 0 or m:rows() ~= c.n then return end
  local names <const> = raw.domains
  c.domain, c.of_domain, c.domains = {}, {}, {}
  for d, name in ipairs(names) do c.domains[d], c.of_domain[d] = name, {} end
  for i = 1, c.n do
    local d <const> = math.floor(m:get(i, 1) + 1.5)
    if d >= 1 and d <= #names then
      c.domain[i] = d
      c.of_domain[d][#c.of_domain[d] + 1] = i
    end
  end
  c.shown_domains = {} -- those with test prompts, by name
  for d = 1, #names do
    if #c.of_domain[d] > 0 then c.shown_domains[#c.shown_domains + 1] = d end
  end
  table.sort(c.shown_domains, function(a, b) return names[a] < names[b] end)
  if #c.shown_domains == 0 then c.domain, c.domains = nil, nil end
end

local function read_prompts(run, raw, c)
  if type(raw.prompts) ~= "string" or #raw.prompts ~= 64 then return end
  local list, why = run.records(raw.prompts)
  if not list or #list ~= c.n then
    c.problems[#c.problems + 1] = "prompts: " .. (why or "another number of prompts than outcomes")
    return
  end
  c.prompts = list
  local group <const>, differ = {}, false
  for i, p in ipairs(list) do
    group[i] = p.group or p.id or i
    differ = differ or group[i] ~= group[1]
  end
  if differ then c.group = group end
end

local function read_routers(run, raw, c)
  c.routers, c.router = {}, {}
  for _, r in ipairs(raw.routers or {}) do
    local out <const> = { label = r.label, plugin = r.plugin, setting = r.setting, kind = r.kind, seconds = r.seconds,
      history = r.history, latent = r.latent }
    out.predicted = read_object(run, r.predicted, c, r.label .. ", predictions")
    out.spread = read_object(run, r.spread, c, r.label .. ", spread")
    out.choices = {}
    for k, hex in ipairs(r.choices or {}) do
      local m <const> = read_object(run, hex, c, r.label .. ", choices")
      out.choices[k] = m and m:rows() == c.n and choices_of(m, c.m) or false
    end
    c.routers[#c.routers + 1] = out
    c.router[r.label] = out
  end
end

local function read_policies(run, raw, c)
  c.policies, c.policy = {}, {}
  for _, p in ipairs(raw.policies or {}) do
    local m <const> = read_object(run, p.choice, c, p.label)
    if m and m:rows() == c.n then
      local out <const> = { label = p.label, role = p.role, point = p.point, choice = choices_of(m, c.m) }
      c.policies[#c.policies + 1] = out
      c.policy[p.label] = c.policy[p.label] or out
    end
  end
end

local function read_terms(run, raw, c)
  c.terms = {}
  for _, t in ipairs(raw.terms or {}) do
    local m <const> = read_object(run, t.value, c, "term " .. tostring(t.label))
    if m and m:cols() == c.m then
      local single <const> = m:rows() == 1
      c.terms[#c.terms + 1] = { label = t.label, plugin = t.plugin, sense = t.sense, unit = t.unit, bound = t.bound, per_prompt = not single,
        at = function(i, j) return m:get(single and 1 or i, j) end }
    end
  end
end

--- Best value of every prompt and one column that has it: the oracle's choice where it is kept, else the first.
local function find_best(c)
  local oracle <const> = c.policy.oracle
  c.best, c.best_value = {}, {}
  for i = 1, c.n do
    local row <const> = c.value:row(i)
    local k = 1
    for j = 2, c.m do
      if c.sign * row[j] > c.sign * row[k] then k = j end
    end
    local j <const> = oracle and oracle.choice[i]
    c.best[i], c.best_value[i] = j and row[j] == row[k] and j or k, row[k]
  end
end

--- How often each column is (tied) best among prompts `list`, and the column that is so most often.
local function best_counts(c, list)
  local count <const>, top = {}, 1
  for j = 1, c.m do count[j] = 0 end
  for _, i in ipairs(list) do
    local row <const> = c.value:row(i)
    for j = 1, c.m do
      if row[j] == c.best_value[i] then count[j] = count[j] + 1 end
    end
  end
  for j = 2, c.m do
    if count[j] > count[top] then top = j end
  end
  return count, top
end

--- nil and what is missing, or the cells of the lowest seed.
return function(run, facts)
  local raw
  for _, each in ipairs(run.cells or {}) do
    if each.seed and (not raw or each.seed < raw.seed) then raw = each end
  end
  if not raw then
    local why <const> = #(run.problems or {}) > 0 and run.problems[1] or "the run kept no cells (values prompt by prompt)"
    return nil, why
  end
  for _, name in ipairs(NAMES_WANTED) do
    if raw[name] == nil then return nil, "the cells lack '" .. name .. "'" end
  end
  local c <const> = { seed = raw.seed, n = raw.n, m = raw.m, experts = raw.experts, points = raw.points or {},
    noise = raw.noise, timings = raw.timings or {}, problems = {}, kind = raw.kind or facts.kind,
    cluster_count = raw.cluster_count, pair = raw.pair, training = raw.training, n_seeds = #run.cells, sign = (raw.kind or facts.kind) == "loss" and -1 or 1 }
  for _, e in ipairs(c.experts) do e.id = e.id or e.name or "?" end
  if facts.of_battles then -- no outcomes: what is left is what routers told of themselves
    read_domains(run, raw, c)
    read_prompts(run, raw, c)
    read_policies(run, raw, c)
    read_routers(run, raw, c)
    return c
  end
  c.value = read_object(run, raw.value, c, "outcomes")
  if not c.value or c.value:rows() ~= c.n or c.value:cols() ~= c.m or #c.experts ~= c.m then
    return nil, "the measured outcomes cannot be read" .. (c.problems[1] and " (" .. c.problems[1] .. ")" or "")
  end
  c.cost = read_object(run, raw.cost, c, "costs")
  read_domains(run, raw, c)
  read_prompts(run, raw, c)
  read_terms(run, raw, c)
  read_policies(run, raw, c)
  read_routers(run, raw, c)
  find_best(c)
  c.free = 1 -- the first point without weights
  for k, p in ipairs(c.points) do
    if facts.is_free(p) then c.free = k break end
  end

  function c.best_counts(list) return best_counts(c, list) end

  --- Utility lost against the best expert of the prompt, >= 0.
  function c.regret(i, j)
    return c.sign * (c.best_value[i] - c.value:get(i, j))
  end

  --- d[i] = value(a) - value(b) over prompts where both chose.
  function c.differences(a, b)
    local d <const>, group <const> = {}, c.group and {} or nil
    for i = 1, c.n do
      if a[i] and b[i] then
        d[#d + 1] = a[i] == b[i] and 0.0 or c.value:get(i, a[i]) - c.value:get(i, b[i])
        if group then group[#d] = c.group[i] end
      end
    end
    return d, group
  end

  function c.mean_value(choice)
    local s, n = 0.0, 0
    for i = 1, c.n do
      if choice[i] then s, n = s + c.value:get(i, choice[i]), n + 1 end
    end
    return n > 0 and s / n or nil
  end

  function c.mean_term(t, choice)
    local s, n = 0.0, 0
    for i = 1, c.n do
      if choice[i] then s, n = s + t.at(i, choice[i]), n + 1 end
    end
    return n > 0 and s / n or nil
  end

  --- Choices of a router without weights.
  function c.chosen(label)
    local r <const> = c.router[label]
    return r and (r.choices[c.free] or r.choices[1]) or nil
  end
  return c
end
