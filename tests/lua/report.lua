-- SPDX-License-Identifier: MIT
-- Pieces of the report that can be checked by number: scales, marks, labels, quantiles, hulls, the bootstrap, printing.
local svg <const> = require "pointsman.report.svg"
local stat <const> = require "pointsman.report.stat"
local html <const> = require "pointsman.report.html"

local function near(a, b) return math.abs(a - b) < 1e-9 end

-- texts and numbers
assert(svg.escape('<a href="x">&\1') == "&lt;a href=&quot;x&quot;&gt;&amp; ")
assert(svg.num(-0.04) == "0" and svg.num(3.0) == "3" and svg.num(2.31) == "2.3")
assert(html.number(-0.0004, 3) == "0.000" and html.number(-1.5, 1) == "−1.5" and html.number(0 / 0) == "–" and html.number(nil) == "–")
assert(html.signed(0.25, 2) == "+0.25" and html.signed(0, 2) == "0.00" and html.signed(0.001, 1) == "0.0")
assert(html.count(1234567) == "1,234,567" and html.count(999) == "999")
assert(html.interval({ value = .5, lo = .4, hi = .6 }, 1, { percent = true }) == "50.0 [40.0, 60.0] %")
assert(svg.short(4.2e6) == "4.2M" and svg.short(999950) == "1M" and svg.short(0.05) == "0.05")
assert(svg.fit("a long label", 10, 30):find("…$") and svg.fit("ab", 10, 30) == "ab")

-- scales: ends mapped, ticks round and inside
local s <const> = svg.linear(0.13, 0.91, 0, 100, 5)
assert(near(s.map(s.lo), 0) and near(s.map(s.hi), 100) and s.lo <= 0.13 and s.hi >= 0.91)
for _, t in ipairs(s.ticks) do assert(t[1] >= s.lo - 1e-9 and t[1] <= s.hi + 1e-9 and tonumber(t[2])) end
assert(#svg.linear(5, 5, 0, 10, 4).ticks >= 1) -- a single value is no division by zero
local l <const> = svg.log(500, 27000, 0, 300, 8)
assert(near(l.map(500), 0) and near(l.map(27000), 300) and #l.ticks >= 3 and #l.ticks <= 8)

-- labels end up apart and inside
local labels <const> = svg.spread({ { at = 50, text = "a" }, { at = 50, text = "b" }, { at = 51, text = "c" }, { at = 99, text = "d" } }, 14, 0, 100)
for i = 2, #labels do assert(labels[i].y - labels[i - 1].y > 13.5) end
assert(labels[1].y >= 0 and labels[4].y <= 100.01)

-- statistics
assert(near(stat.quantile({ 1, 2, 3, 4 }, .5), 2.5) and stat.quantile({ 7 }, .975) == 7 and stat.mean {} == nil)
local slope, intercept, corr = stat.line({ 1, 2, 3 }, { 3, 5, 7 })
assert(near(slope, 2) and near(intercept, 1) and near(corr, 1) and stat.line({ 1, 1 }, { 0, 1 }) == nil)
local hull <const> = stat.lower_hull { { 0, 4 }, { 1, 3 }, { 2, 0 }, { 3, 1 }, { 1, 1 } }
assert(#hull == 3 and hull[1][2] == 4 and hull[2][1] == 1 and hull[3][1] == 2)

-- the bootstrap: the same for the same numbers, no width without variation, wider when whole groups are drawn
local d <const>, group <const> = {}, {}
for i = 1, 200 do d[i], group[i] = (i - 1) // 20 % 2 + (i % 3) * .01, (i - 1) // 20 end
local a <const>, b <const>, g <const> = stat.interval(d, nil, .95, 400), stat.interval(d, nil, .95, 400), stat.interval(d, group, .95, 400)
assert(a.lo == b.lo and a.hi == b.hi and a.lo < a.value and a.value < a.hi and a.groups == 200)
assert(g.groups == 10 and g.hi - g.lo > 1.5 * (a.hi - a.lo))
local e <const> = stat.normal(d, group) -- agrees with the bootstrap over the same groups
assert(math.abs(e.value - g.value) < 1e-12 and math.abs((e.hi - e.lo) - (g.hi - g.lo)) < .15 * (g.hi - g.lo))
local flat <const> = stat.interval({ 2, 2, 2 }, nil, .95, 50)
assert(flat.lo == 2 and flat.hi == 2 and stat.interval({}, nil) == nil and stat.interval({ 1 }, nil).lo == nil)

return 1
