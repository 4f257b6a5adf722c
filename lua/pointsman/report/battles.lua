-- SPDX-License-Identifier: MIT
-- A run that was measured on battles: whose guesses of winners are best, and whether their probabilities can be taken at
-- their word.
local html <const> = require "pointsman.report.html"
local reliability <const> = require "pointsman.report.reliability"

local BT <const> = "Bradley-Terry"
local BINS <const> = 15

--- Rows of the table: roles in order, by log-loss; what only ranks comes last, by accuracy.
local function lines(f)
  local out <const> = {}
  for _, role in ipairs { "router", "baseline" } do
    for _, label in ipairs(f[role]) do
      local function get(metric) return f.get(role, label, "", metric) end
      local v <const> = { role = role, label = label, get = get, loss = get "log_loss", accuracy = get "accuracy" }
      v.setting = get("battles") and get("battles").setting
      out[#out + 1] = v
    end
  end
  table.sort(out, function(a, b)
    if a.role ~= b.role then return a.role == "router" end
    local x <const>, y <const> = a.loss and a.loss.value or math.huge, b.loss and b.loss.value or math.huge
    if x ~= y then return x < y end
    local p <const>, q <const> = a.accuracy and a.accuracy.value or 0, b.accuracy and b.accuracy.value or 0
    if p ~= q then return p > q end
    return a.label < b.label
  end)
  return out
end

local function starred(v)
  if not v then return "–" end
  local clear <const> = v.lo and v.hi and (v.lo > 0 or v.hi < 0)
  return html.interval(v, 4, { signed = true }) .. (clear and " *" or "")
end

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

local function scores(f, list)
  local head <const> = { "guesses", "log-loss", "vs " .. BT, "log-loss, judge's probability", "accuracy", "vs " .. BT, "AUC", "Brier", "ECE" }
  local rivals <const> = rivals_of(f)
  for _, label in ipairs(rivals) do
    head[#head + 1] = "log-loss vs " .. label
    head[#head + 1] = "accuracy vs " .. label
  end
  head[#head + 1] = "setting"
  local rows <const>, class <const> = {}, {}
  local role
  for _, v in ipairs(list) do
    if v.role ~= role then
      role = v.role
      rows[#rows + 1] = { group = role == "router" and "Routers" or "Baselines" }
      class[#rows] = "group"
    end
    local get <const> = v.get
    local row <const> = { v.label, html.interval(v.loss, 4), starred(get "diff_bt_log_loss"), html.interval(get "log_loss_judge", 4),
      html.interval(v.accuracy, 4), starred(get "diff_bt_accuracy"), html.interval(get "auc", 3), html.interval(get "brier", 4),
      html.interval(get "ece", 4) }
    for _, label in ipairs(rivals) do
      row[#row + 1] = starred(get("diff_rival:" .. label))
      row[#row + 1] = starred(get("diff_rival_accuracy:" .. label))
    end
    row[#row + 1] = { class = "set", html = html.escape(v.setting or "") }
    rows[#rows + 1] = row
    class[#rows] = role
  end
  local any <const> = list[1] and list[1].get "battles"
  return html.table(head, rows, { align = "l" .. string.rep("r", #head - 2) .. "l", row_class = class, caption = string.format(
    "n = %s battles on test prompts. Brackets: %s; a prompt is drawn with all its battles. * the interval of that difference excludes 0. Rows without a log-loss rank models and give no probability.",
    any and html.count(any.value) or "?", f.interval_words) })
end

local function answer(list)
  local best, n = nil, 0
  for _, v in ipairs(list) do
    if v.role == "router" and v.loss then best, n = best or v, n + 1 end
  end
  if not best then
    return html.missing("a router that gives probabilities.", "sw_ranking and matrix_factorization do; the routers of this run only rank models.")
  end
  local d <const> = best.get "diff_bt_log_loss"
  local verdict <const> = not d and "" or d.hi and d.hi < 0 and "Yes: " or d.lo and d.lo > 0 and "No, it is worse: " or "Not shown: "
  return html.paragraph(string.format("Does a router guess winners better than one rating a model? %s%s has a log-loss of %s, %s against Bradley-Terry.%s",
    verdict, best.label, html.interval(best.loss, 4), starred(d),
    n > 1 and string.format(" It is the best of %d on the same battles, which flatters it a little.", n) or ""), "takeaway")
end

local function bins_of(v)
  local out <const> = {}
  for k = 1, BINS do
    local name <const> = string.format("reliability_%02d", k)
    local said <const>, seen <const> = v.get(name .. "_predicted"), v.get(name)
    if said and seen then out[#out + 1] = { said = said.value, seen = seen.value, lo = seen.lo, hi = seen.hi, n = seen.n } end
  end
  return out
end

local function figure(f, list)
  local panels <const>, rows <const> = {}, {}
  local best
  for _, v in ipairs(list) do
    local bins <const> = bins_of(v)
    if #bins > 0 then
      panels[#panels + 1] = { label = v.label, bins = bins }
      local ece <const> = v.get "ece"
      if ece and v.role == "router" and (not best or ece.value < best[2]) then best = { v.label, ece.value } end
      for k, b in ipairs(bins) do
        rows[#rows + 1] = { v.label, tostring(k), html.number(b.said, 4), html.interval({ value = b.seen, lo = b.lo, hi = b.hi }, 4), b.n and html.count(b.n) or "–" }
      end
    end
  end
  if #panels == 0 then return html.missing("probabilities.", "No row of this run gives any.") end
  return html.figure {
    id = "battles-1", title = "Said and seen: probability that the first model wins",
    takeaway = best and string.format("%s is nearest to its word: what it says is off by %s on average over bins.", best[1], html.number(best[2], 3))
      or "Only baselines give probabilities here.",
    draw = reliability.draw(panels, { said = "said: probability that a beats b", seen = "seen: share of wins" }),
    note = string.format("Rings: %d bins of equal weight by what was said; whiskers: %s. Dashed: said = seen. A tie is half a win to each.%s%s", BINS,
      f.interval_words, #panels > reliability.MOST and " The first " .. reliability.MOST .. " of " .. #panels .. " are drawn." or "",
      #f.seeds > 1 and " All seeds together." or ""),
    head = { "guesses", "bin", "mean said", "seen [interval]", "battles" }, rows = rows, align = "lrrrr",
  }
end

return function(f)
  local list <const> = lines(f)
  return table.concat({ answer(list), scores(f, list), figure(f, list) }, "\n")
end
