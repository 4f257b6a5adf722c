-- SPDX-License-Identifier: MIT
-- Other data to learn battles from, and routers that name them.
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy" { domains = "maths" },
  also = {
    list = { "toy" },
    toy = pm.dataset "datasets/toy" {},
    names = pm.dataset "datasets/toy" { names = { ["x"] = 3 } },
    half = pm.dataset "datasets/toy" { judge = { "a" } },
  },
  routers = {
    pm.router "prior" { learns = "battle" },
    pm.router "prior" { learns = "both", from = "tyo", label = "b" },
    pm.router "prior" { learns = "labels", from = { "toy" }, label = "c" },
  },
}
-- expect: also.lua:5: data.domains = "maths"; want a list of texts
-- expect: also.lua:10: also.half: unknown field 'judge'; did you mean 'judges'?
-- expect: also.lua:4: also.list = a table; want pm.dataset "path" { ... }
-- expect: also.lua:9: also.names.names["x"] = 3; want the name that this model has here
-- expect: also.lua:13: routers[1] "prior".learns = "battle"; want "battles", "labels", "both", "labels as battles" or "others"
-- expect: also.lua:14: routers[2] "prior".from = "tyo": `also` has no data of this name; did you mean "toy"?
-- expect: also.lua:15: routers[3] "prior".from names other data's battles, and learns = "labels"
