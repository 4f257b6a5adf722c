-- SPDX-License-Identifier: MIT
-- How much of the labels is luck: what the run says of re-drawn labels, as it stands in cells and rows.
local html <const> = require "pointsman.report.html"

--- Numbers of a nested table as lines "a, b: value".
local function flatten(t, before, out)
  for key, v in pairs(t) do
    local name <const> = (before ~= "" and before .. ", " or "") .. tostring(key):gsub("_", " ")
    if type(v) == "table" then
      flatten(v, name, out)
    else
      out[#out + 1] = { name, type(v) == "number" and html.number(v, 4):gsub("%.?0+$", "") or tostring(v) }
    end
  end
  return out
end

return function(f, c)
  local rows <const> = {}
  for _, r in ipairs(f.run.rows) do
    if (r.metric:find("noise") or r.label:find("noise") or r.metric:find("ceiling")) and r.role ~= "about" and
      (r.subset == "all" or r.subset == "seeds:all") then
      rows[#rows + 1] = { r.label, r.metric, html.interval(r, 4), html.count(r.n), tostring(r.seed) }
    end
  end
  local out <const> = {}
  if #rows > 0 then
    out[#out + 1] = html.table({ "policy", "score", "value", "n", "seed" }, rows, { align = "llrrr" })
  end
  if c and c.noise then
    out[#out + 1] = html.table({ "quantity", "value" }, flatten(c.noise, "", {}), { align = "lr", caption = "From the cells of seed " .. c.seed .. "." })
  end
  if #out == 0 then
    return html.missing("re-drawn labels.", "They exist for experts that are run on a corpus, where a prompt's loss can be measured on parts of its text; recorded outcomes hold one draw each, so what a perfect router could reach is not known here.")
  end
  return html.paragraph("Labels are measured on finite texts: a router cannot be more right about the best expert than a second measurement is.",
    "takeaway") .. table.concat(out, "\n")
end
