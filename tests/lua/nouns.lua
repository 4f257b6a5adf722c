-- SPDX-License-Identifier: MIT
-- Constructors give tables of their own that hold what was written, in both shapes.
local pm <const> = require "pointsman"

local fields <const> = { k = 5 }
local a <const>, b <const> = pm.router "knn"(fields), pm.router "prior"(fields)
fields.k = 7
assert(a ~= b and a.k == 5 and b.k == 5, "a table that is used twice does not become two nouns at once")

local named <const> = pm.dataset "datasets/toy"
local full <const> = named { min_known = 0.5 }
assert(named ~= full and full.min_known == 0.5 and named.min_known == nil)

local half <const> = pm.router "knn"
assert(half { k = 1 }.k == 1 and half { k = 2 }.k == 2, "the first call may be kept and used again")

-- every noun takes a table; none takes numbers
for _, noun in ipairs { "experiment", "split", "library", "expert", "mix", "grid", "sweep", "router_fn", "objective_fn" } do
  if noun:sub(-3) ~= "_fn" then
    assert(pm[noun] { 1 }[1] == 1, noun)
  end
end

-- a corpus may stand alone, too
local corpus <const> = pm.corpus "datasets/toy_corpus"
assert(corpus { test = .2 }.test == .2 and corpus.test == nil)

-- files: by path, once
local toy <const> = pm.load "lua/libraries/toy.lua"
assert(toy == pm.load "lua/libraries/toy.lua" and #toy == 6 and toy[1].id == "toy-nano")

-- matrices
local m <const> = pm.matrix(2, 3)
m:set(2, 3, 0.5)
assert(m:rows() == 2 and m:cols() == 3 and m:get(2, 3) == 0.5 and m:get(1, 1) == 0)
assert(#m:row(2) == 3 and m:row(2)[3] == 0.5 and m:dot(2, m, 2) == 0.25)
assert(tostring(m) == "matrix 2 x 3" and pm.matrix(0, 0):rows() == 0)
assert(pm.known(0) and not pm.known(0 / 0))

return 1
