-- SPDX-License-Identifier: MIT
-- Where the numbers come from: hashes, seeds, versions, machine, times, and the command that makes them again.
local html <const> = require "pointsman.report.html"
local svg <const> = require "pointsman.report.svg"

local function list(pairs_of_texts)
  local out <const> = {}
  for _, p in ipairs(pairs_of_texts) do
    if p[2] and p[2] ~= "" then
      out[#out + 1] = "<dt>" .. html.escape(p[1]) .. '</dt><dd' .. (p[3] and ' class="mono"' or "") .. ">" .. html.escape(p[2]) .. "</dd>"
    end
  end
  return "<dl>" .. table.concat(out) .. "</dl>"
end

local function shell(text)
  return text:find("^[%w%._/=+-]+$") and text or "'" .. text:gsub("'", "'\\''") .. "'"
end

local function seconds(x)
  return x and (x < 1 and html.number(x, 2) or html.number(x, 1)) .. " s" or nil
end

local function facts_table(f)
  local rows <const> = {}
  for _, r in ipairs(f.about_rows) do
    local text = r.setting ~= "" and r.setting or nil
    if r.value then
      local value <const> = r.value == math.floor(r.value) and html.count(r.value) or html.number(r.value, 4):gsub("0+$", "")
      text = text and value .. " " .. text or value
    end
    if r.subset ~= "question" then rows[#rows + 1] = { r.subset, r.metric, text or "–", r.seed ~= 0 and tostring(r.seed) or "all" } end
  end
  return html.details("Data, split and intervals as recorded", html.table({ "of", "fact", "value", "seed" }, rows, { align = "lllr" }))
end

local function timings(c)
  local list <const> = {}
  for _, t in ipairs(c and c.timings or {}) do
    if t.what and t.seconds then
      list[#list + 1] = { what = t.kind and t.kind ~= "" and t.kind .. " " .. t.what or t.what, seconds = t.seconds, reused = t.reused == true }
    end
  end
  if #list == 0 then return "" end
  table.sort(list, function(a, b)
    if a.seconds ~= b.seconds then return a.seconds > b.seconds end
    return a.what < b.what
  end)
  local rows <const>, total, shown <const> = {}, 0.0, math.min(#list, 20)
  for _, t in ipairs(list) do
    rows[#rows + 1] = { t.what, html.number(t.seconds, 2), t.reused and "earlier" or "in this run" }
    total = total + t.seconds
  end
  local function draw(w, label)
    local left <const>, tall <const> = w * .42, 19
    local k <const> = svg.canvas(w, shown * tall + 4)
    local x <const> = svg.linear(0, list[1].seconds, left, w - 60, 4, true)
    for i = 1, shown do
      local y <const> = (i - 1) * tall
      svg.text(k, left - 6, y + 14, svg.fit(list[i].what, 11, left - 8), { anchor = "end", size = 11 })
      svg.rect(k, left, y + 4, x.map(list[i].seconds) - left, tall - 7, "barfill")
      svg.text(k, x.map(list[i].seconds) + 4, y + 14, html.number(list[i].seconds, 2) .. " s", { size = 11 })
    end
    return svg.finish(k, label)
  end
  return html.figure { id = "timings", title = "Where the time went, seconds of wall clock",
    takeaway = string.format("The longest of %d steps, %s, took %s of %s in all.", #list, list[1].what, seconds(list[1].seconds), seconds(total)),
    draw = draw, note = (shown < #list and "The longest " .. shown .. ". " or "") .. "Steps of the first seed, each when it was computed; what was taken from the store counts as it was then.",
    head = { "step", "seconds", "computed" }, rows = rows, align = "lrl" }
end

return function(f, c)
  local run <const> = f.run
  local seeds <const>, machine <const> = {}, run.machine or {}
  for k, s in ipairs(f.seeds) do seeds[k] = tostring(s) end
  local cells <const> = {}
  for _, p in ipairs(c and c.problems or {}) do cells[#cells + 1] = p end
  for _, p in ipairs(run.problems or {}) do cells[#cells + 1] = p end
  return html.paragraph("Same script, data and seeds give the same numbers on any machine and with any number of threads; times and the machine are the only parts of this page that may differ.",
      "takeaway") .. list {
      { "run key", run.key, true }, { "script", run.script }, { "script SHA-256", run.script_sha256, true },
      { "data hash", run.data_hash, true }, { "seeds", table.concat(seeds, ", ") }, { "pointsman", run.version },
      { "machine", machine.cpu and string.format("%s, %s kernels, %s threads", machine.cpu, machine.kernels or "?", tostring(machine.threads or "?")) },
      { "started", run.started }, { "took", seconds(run.seconds) },
      { "could not be read", table.concat(cells, "; ") },
    } .. "<h3>Make it again</h3>\n<pre><code>pointsman run " .. html.escape(shell(run.script or "")) ..
    "\npointsman report " .. html.escape(run.key:sub(1, 12)) .. "</code></pre>" ..
    html.paragraph("If values were set on the command line (--set, --seed), give them again: the run key is the hash of the complete experiment.", "note") ..
    timings(c) .. facts_table(f)
end
