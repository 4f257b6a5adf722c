-- SPDX-License-Identifier: MIT
-- The answers in words: does a router beat the best single expert, kNN, the domain rule?  The wording follows the
-- interval of the paired difference; an interval across zero is "not shown", never "equal".
local html <const> = require "pointsman.report.html"
local compare <const> = require "pointsman.report.compare"

local words <const> = {
  better = { "yes", "Yes" },
  worse = { "no", "No, it is worse" },
  open = { "open", "Not shown: the interval includes 0" },
  same = { "open", "It makes the same choices" },
}

local function card(question, v, verdict, text)
  local w <const> = words[verdict] or { "open", "No interval to judge by" }
  local source <const> = v and v.source == "cells" and " (resampled for this page)" or ""
  return string.format('<li class="%s"><b>%s</b><span class="verdict">%s</span><p>%s%s</p></li>', w[1],
    html.escape(question), html.escape(w[2]), html.escape(text), source)
end

local function against(f, c, label, role, other, question, called)
  local v <const> = compare(f, c, label, role, other)
  local a <const>, b <const> = f.score("router", label, f.free), f.score(role, other, f.free)
  if not v or not a or not b then return nil end
  return card(question, v, f.verdict(v), string.format("%s: %s %s, %s: %s. Difference %s; %s.", label, f.kind,
    html.number(a.value, f.places), called, html.number(b.value, f.places), html.interval(v, f.places, { signed = true }),
    f.better))
end

local function knn_card(f, c, best)
  local knn
  for _, label in ipairs(f.router) do
    if f.plugin(label) == "knn" then
      local v <const>, old <const> = f.score("router", label, f.free), knn and f.score("router", knn, f.free)
      if v and (not old or f.beats(v.value, old.value)) then knn = label end
    end
  end
  local question <const> = "Does another router beat kNN?"
  if not knn then
    return '<li class="open"><b>' .. question .. "</b><p>No kNN router in this run; write reference = true, or add one.</p></li>"
  end
  local other <const> = f.best_router(f.free, function(label) return f.plugin(label) == "knn" or f.is_constant(label) end)
  if not other then return '<li class="open"><b>' .. question .. "</b><p>kNN is the only router of this run.</p></li>" end
  local text <const> = against(f, c, other, "router", knn, question, knn)
  return text
end

--- "The best single expert breaks the hard constraint licence on 100 % of the prompts: ..."
local function forbidden(f)
  local out <const> = {}
  for _, r in ipairs(f.run.rows) do
    local name <const> = r.metric:match "^violations:(.+)$"
    if name and r.label == "best single (train)" and r.point == f.free and r.seed == f.seeds[1] and (r.value or 0) > 0 then
      out[#out + 1] = string.format("%s on %s", name, html.percent(r.value, 0))
    end
  end
  if #out == 0 then return nil end
  return "The best single expert breaks hard constraints that the routers keep (" .. table.concat(out, ", ")
    .. " of the prompts): it shows what they cost and is no choice you have."
end

local function caution(f)
  local out <const> = {}
  out[1] = forbidden(f)
  if #f.router > 1 then
    out[#out + 1] = string.format("The router of each card is the best of %d by its mean on the same test prompts, which flatters it a little.",
      #f.router)
  end
  local constant <const> = {}
  for _, label in ipairs(f.router) do
    if f.is_constant(label) then constant[#constant + 1] = label end
  end
  if #constant > 0 and #constant < #f.router then
    out[#out + 1] = "Left out, since they always choose one expert: " .. table.concat(constant, ", ") .. "."
  end
  if #f.seeds < 2 then
    out[#out + 1] = "One seed: intervals say what other test prompts would give, not another split or training run."
  else
    local v <const> = f.score("router", (f.main_router()), f.free)
    if v and v.of_splits then
      out[#out + 1] = string.format(f.about["seed:fold"] and
        "Cross-fitted: the test prompts of %d folds together, each decided by a router that did not learn from it." or
        "All test prompts of %d splits together, each with its own documents and experts trained anew.", #f.seeds)
    else
      out[#out + 1] = string.format("Means over %d seeds%s.", #f.seeds, v and not v.is_paired_mean and
        "; each has test prompts of its own, so brackets are means of the seeds' own intervals" or "")
    end
  end
  if #f.points > 1 then out[#out + 1] = "Compared at " .. (f.free ~= "" and f.free or "no weights") .. "." end
  return table.concat(out, " ")
end

local function gap_sentence(f, best)
  local g <const>, o <const> = f.get("router", best, f.free, "gap_recovered"), f.score("ceiling", "oracle", f.free)
  local a <const> = f.get("router", best, f.free, "selection_accuracy")
  if not g or not o then return "" end
  return html.paragraph(string.format("%s recovers %s of the way from the best single expert to the oracle (%s %s)%s.", best,
    html.interval(g, 0, { percent = true }), f.kind, html.number(o.value, f.places),
    a and ", and picks a best expert for " .. html.interval(a, 1, { percent = true }) .. " of the prompts" or ""))
end

return function(f, c)
  local best <const> = f.main_router()
  if not best then
    return html.missing("a router.", "The experiment measured baselines alone; add routers to its script.")
  end
  local cards <const> = {
    against(f, c, best, "baseline", "best single (train)", "Does a router beat the best single expert?",
      "best single expert on train"),
    knn_card(f, c, best),
    against(f, c, best, "baseline", "domain majority", "Does a router beat the domain rule?", "best expert of the true domain") or
      ('<li class="open"><b>Does a router beat the domain rule?</b><p>These prompts carry no domain label.</p></li>'),
  }
  local list <const> = {}
  for k = 1, 3 do list[#list + 1] = cards[k] end
  local score <const> = f.score("router", best, f.free)
  local n <const>, grouped <const> = score.n, c and c.cluster_count and not score.of_splits
  return '<ul class="answers">' .. table.concat(list, "\n") .. "</ul>\n" .. gap_sentence(f, best) ..
    html.paragraph(string.format("n = %s test prompts%s. Brackets: %s. %s", html.count(n),
      grouped and " in " .. html.count(c.cluster_count) .. " groups" or "", f.interval_words, caution(f)), "note")
end
