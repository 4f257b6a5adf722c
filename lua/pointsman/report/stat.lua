-- SPDX-License-Identifier: MIT
-- Arithmetic of the report: means, ranks, quantiles, lower hulls, and a paired bootstrap over groups for
-- differences that the store has no row for.  Seeded: same numbers, same interval.
local stat <const> = {}

function stat.sum(t)
  local s = 0.0
  for i = 1, #t do s = s + t[i] end
  return s
end

function stat.mean(t)
  return #t > 0 and stat.sum(t) / #t or nil
end

--- Linear interpolation between order statistics of a sorted list.
function stat.quantile(sorted, q)
  local at <const> = 1 + q * (#sorted - 1)
  local k <const> = math.floor(at)
  if k >= #sorted then return sorted[#sorted] end
  return sorted[k] + (at - k) * (sorted[k + 1] - sorted[k])
end

function stat.median(t)
  local s <const> = table.move(t, 1, #t, 1, {})
  table.sort(s)
  return stat.quantile(s, .5)
end

--- slope, intercept, correlation of y on x; nil when x or y is constant.
function stat.line(x, y)
  local n <const>, mx <const>, my <const> = #x, stat.mean(x), stat.mean(y)
  local xx, xy, yy = 0.0, 0.0, 0.0
  for i = 1, n do
    local a <const>, b <const> = x[i] - mx, y[i] - my
    xx, xy, yy = xx + a * a, xy + a * b, yy + b * b
  end
  if xx <= 1e-12 * n or yy <= 1e-12 * n then return nil end
  return xy / xx, my - xy / xx * mx, xy / math.sqrt(xx * yy)
end

-- xorshift*: a fixed sequence for a seed
local function source(seed)
  local x = seed * 0x9E3779B97F4A7C15 + 0x1234567
  return function(n)
    x = x ~ (x >> 12)
    x = x ~ (x << 25)
    x = x ~ (x >> 27)
    return ((x * 0x2545F4914F6CDD1D) >> 33) % n + 1
  end
end

--- Mean of d[i] with a percentile interval; group[i] (any key) is drawn as a whole, nil: each prompt alone.
--- {value, lo, hi, n, groups}
function stat.interval(d, group, level, resamples)
  local n <const> = #d
  if n == 0 then return nil end
  local sums <const>, sizes <const>, at <const> = {}, {}, {}
  for i = 1, n do
    local key <const> = group and group[i] or i
    local g = at[key]
    if not g then
      g = #sums + 1
      at[key], sums[g], sizes[g] = g, 0.0, 0
    end
    sums[g], sizes[g] = sums[g] + d[i], sizes[g] + 1
  end
  local k <const>, out <const> = #sums, { value = stat.sum(d) / n, n = n, groups = #sums }
  if k < 2 then return out end
  local draw <const>, means <const> = source(7), {}
  local b <const> = resamples or (k > 3000 and 500 or 2000)
  for r = 1, b do
    local s, c = 0.0, 0
    for _ = 1, k do
      local g <const> = draw(k)
      s, c = s + sums[g], c + sizes[g]
    end
    means[r] = s / c
  end
  table.sort(means)
  local tail <const> = (1 - (level or .95)) / 2
  out.lo, out.hi, out.resamples = stat.quantile(means, tail), stat.quantile(means, 1 - tail), b
  return out
end

--- Mean of d[i] and 1.96 standard errors to either side, groups taken as wholes: for tables with hundreds of
--- differences, where resampling each would take longer than the run.
function stat.normal(d, group)
  local n <const> = #d
  if n == 0 then return nil end
  local mean <const>, sums <const>, keys <const> = stat.sum(d) / n, {}, {}
  for i = 1, n do
    local key <const> = group and group[i] or i
    if not sums[key] then
      sums[key] = 0.0
      keys[#keys + 1] = key
    end
    sums[key] = sums[key] + d[i] - mean
  end
  local square = 0.0
  for _, key in ipairs(keys) do square = square + sums[key] ^ 2 end
  local half <const> = 1.96 * math.sqrt(square) / n
  return { value = mean, lo = mean - half, hi = mean + half, n = n, groups = #keys }
end

--- Lower hull of points {x, y}: what mixtures of them reach when small y is good, falling part only.
function stat.lower_hull(points)
  local p <const> = table.move(points, 1, #points, 1, {})
  table.sort(p, function(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end)
  local h <const> = {}
  for _, q in ipairs(p) do
    while #h >= 2 and (h[#h][1] - h[#h - 1][1]) * (q[2] - h[#h - 1][2]) -
      (h[#h][2] - h[#h - 1][2]) * (q[1] - h[#h - 1][1]) <= 0 do
      h[#h] = nil
    end
    if #h == 0 or q[1] > h[#h][1] then h[#h + 1] = q end
  end
  local falling <const> = {}
  for _, q in ipairs(h) do
    if #falling == 0 or q[2] < falling[#falling][2] then falling[#falling + 1] = q end
  end
  return falling
end

return stat
