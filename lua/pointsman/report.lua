-- SPDX-License-Identifier: MIT
-- The report of a run as one HTML page: sections in order, each from its own file.  `run` is what core/bind/report.c
-- hands over: fields of the run, rows, spec, cells, and functions that read objects.  docs/report.md explains every figure.
local html <const> = require "pointsman.report.html"
local style <const> = require "pointsman.report.style"
local read_facts <const> = require "pointsman.report.facts"
local read_cells <const> = require "pointsman.report.cells"

local costs <const> = require "pointsman.report.costs"
local ablation <const> = require "pointsman.report.ablation"
local two_models <const> = require "pointsman.report.two_models"

--- id, title, drawing; a fourth says whether the run has anything of the kind.
local sections <const> = {
  { "headline", "Answers", require "pointsman.report.headline" },
  { "summary", "Scores", require "pointsman.report.summary" },
  { "pareto", "Cost against outcome", require "pointsman.report.pareto" },
  { "costs", "What quality costs", costs.draw, costs.wants },
  { "ablation", "Ablation", ablation.draw, ablation.wants },
  { "two-models", "Two models", two_models.draw, two_models.wants },
  { "allocation", "Who answers what", require "pointsman.report.allocation" },
  { "calibration", "Predicted and measured", require "pointsman.report.calibration" },
  { "learning", "Learning", require "pointsman.report.learning" },
  { "latent", "Latent space", require "pointsman.report.latent" },
  { "failures", "Failures", require "pointsman.report.failures" },
  { "noise", "Noise ceiling", require "pointsman.report.noise" },
  { "provenance", "Provenance", require "pointsman.report.provenance" },
}

--- Measured on battles instead of outcomes: what needs these has no section.
local of_battles <const> = { latent = true, provenance = true }

local function sections_of(facts)
  if not facts.of_battles then return sections end
  local out <const> = { { "battles", "Battles", require "pointsman.report.battles" } }
  for _, s in ipairs(sections) do
    if of_battles[s[1]] then out[#out + 1] = s end
  end
  return out
end

--- A section that fails says so on the page; the others stand.
local function section(s, facts, cells, why)
  local ok, body = pcall(s[3], facts, cells, why)
  if not ok then
    body = '<p class="missing"><strong>This section could not be drawn:</strong> ' .. html.escape(body) .. "</p>"
  end
  return string.format('<section id="%s"><h2>%s</h2>\n%s\n</section>', s[1], html.escape(s[2]), body)
end

return function(run)
  local facts <const> = read_facts(run)
  local ok, cells, why = pcall(read_cells, run, facts)
  if not ok then cells, why = nil, "the cells cannot be read (" .. tostring(cells) .. ")" end
  local nav <const>, body <const> = {}, {}
  for _, s in ipairs(sections_of(facts)) do
    if not s[4] or s[4](facts) then
      nav[#nav + 1] = '<a href="#' .. s[1] .. '">' .. html.escape(s[2]) .. "</a>"
      body[#body + 1] = section(s, facts, cells, why)
    end
  end
  local name <const> = html.escape(run.name)
  return table.concat({
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>',
    '<meta name="viewport" content="width=device-width,initial-scale=1"/>',
    "<title>" .. name .. " · report of run " .. run.key:sub(1, 8) .. "</title>",
    "<style>" .. style .. "</style></head><body>",
    '<header><p class="eyebrow">pointsman ' .. html.escape(run.version or "") .. " · run " .. run.key:sub(1, 12) ..
      " · data " .. html.escape((run.data_hash or ""):sub(1, 12)) .. "</p>",
    "<h1>" .. name .. "</h1>",
    run.asks and run.asks ~= "" and '<p class="question">' .. html.escape(run.asks) .. "</p>" or "",
    "<nav>" .. table.concat(nav, " ") .. "</nav></header><main>",
    table.concat(body, "\n"),
    "</main><footer><p>Figures are explained in docs/report.md, metrics and intervals in docs/metrics.md.</p></footer></body></html>\n",
  }, "\n")
end
