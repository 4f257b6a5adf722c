-- SPDX-License-Identifier: MIT
local pm <const> = require "pointsman"
return pm.experiment {
  data = pm.dataset "datasets/toy",
  split = pm.split { by = "promt", trian = 0.6, tune = "some", seed = -1 },
  routers = { pm.router "prior" {} },
}
-- expect: split_words.lua:5: split.by = "promt"; want "given", "prompt", "group" or "fold"; did you mean "prompt"?
-- expect: split_words.lua:5: split.seed = -1 is outside [0, 9007199254740992]
-- expect: split_words.lua:5: split: unknown field 'trian'; did you mean 'train'?
-- expect: split_words.lua:5: split.tune = "some"; want a number
