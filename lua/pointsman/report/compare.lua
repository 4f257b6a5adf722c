-- SPDX-License-Identifier: MIT
-- Paired differences between two policies, from the best source there is: a row of the store, the row of the other
-- side, cells (resampled here), or bare means without an interval.
local stat <const> = require "pointsman.report.stat"

local function flipped(v)
  return { value = -v.value, lo = v.hi and -v.hi, hi = v.lo and -v.lo, n = v.n }
end

local function from_cells(f, c, label, other)
  local p <const> = c and c.policy[other]
  local a <const> = c and c.chosen(label)
  local b <const> = p and p.choice or c and c.chosen(other)
  if not a or not b then return nil end
  local d <const>, group <const> = c.differences(a, b)
  local v <const> = stat.interval(d, group, f.level)
  if v then v.source = "cells" end
  return v
end

--- Mean outcome of router `label` minus that of `other` at the point without weights:
--- {value, lo, hi, source = "rows" | "cells" | "means"}, or nil.
return function(f, c, label, role, other)
  local v = f.get("router", label, f.free, "diff_rival:" .. other)
  if other == "best single (train)" then v = f.get("router", label, f.free, "diff_best_single") or v end
  if not (v and v.lo) then
    local back <const> = f.get(role, other, f.free, "diff_rival:" .. label)
    if back and back.lo then v = flipped(back) end
  end
  if v and v.lo then
    v.source = "rows"
    return v
  end
  local own = from_cells(f, c, label, other)
  if own and #f.seeds < 2 then return own end
  local a <const>, b <const> = f.score("router", label, f.free), f.score(role, other, f.free)
  if own then return own end
  if not a or not b then return nil end
  return { value = a.value - b.value, source = "means" }
end
