-- SPDX-License-Identifier: MIT
-- Makes this folder out of ../toy: battles of six invented models on reworded training prompts, and their scores.
--   lua5.4 datasets/toy_battles/make.lua FOLDER
local folder <const> = assert(arg[1], "want a folder to write into")
local here <const> = arg[0]:match("^(.*)/") or "."

local state = 20261122
local function uniform() -- Lehmer (Park and Miller 1988)
  state = state * 48271 % 2147483647
  return state / 2147483647
end

local function lines(name)
  local f <close> = assert(io.open(here .. "/../toy/" .. name))
  local all = {}
  for line in f:lines() do all[#all + 1] = line end
  return all
end

-- As good as toy's models, under names of their own.
local models <const> = { "pan-nano", "pan-mini", "pan-code", "pan-prose", "pan-clerk", "pan-max" }
local scores <const> = {}
for i, line in ipairs(lines "scores.csv") do
  if i > 1 then
    local row = {}
    for cell in line:gmatch "[^,]+" do row[#row + 1] = cell end
    scores[row[1]] = table.move(row, 2, 7, 1, {})
  end
end

local prompts, table_, battles = {}, { "id," .. table.concat(models, ",") }, {}
local function battle(id, a, b, judge)
  local sa <const>, sb <const> = tonumber(scores[id][a]), tonumber(scores[id][b])
  local p_b <const> = 1 / (1 + math.exp(5 * (sa - sb)))
  local said
  if judge == "panel" then -- three voters: they agree, or it is a tie
    local votes = 0
    for _ = 1, 3 do votes = votes + (uniform() < p_b and 1 or 0) end
    said = ('"winner":"%s"'):format(votes == 3 and "b" or votes == 0 and "a" or "tie")
  else
    said = ('"p_b":%.3f'):format(p_b)
  end
  battles[#battles + 1] = ('{"id":"b%04d","prompt_id":"again/%s","model_a":"%s","model_b":"%s",%s,"judge":"%s"}')
    :format(#battles + 1, id, models[a], models[b], said, judge)
end

for i, line in ipairs(lines "prompts.jsonl") do
  local id <const>, text <const>, domain <const>, split <const> =
    line:match '"id": "(.-)", "prompt": "(.-)", "domain": "(.-)", "split": "(.-)"'
  if split == "train" and i % 3 == 0 then
    prompts[#prompts + 1] = ('{"id": "again/%s", "prompt": "A friend asks: %s", "domain": "%s", "split": "%s"}')
      :format(id, text, domain, #prompts % 10 < 7 and "train" or "test")
    table_[#table_ + 1] = "again/" .. id .. "," .. table.concat(scores[id], ",")
    for _ = 1, 4 do
      local a <const> = 1 + math.floor(uniform() * 6)
      local b <const> = 1 + (a + math.floor(uniform() * 5)) % 6
      battle(id, a, b, "panel")
    end
    for b = 1, 5 do battle(id, 6, b, "scale") end
  end
end

local function write(name, rows)
  local f <close> = assert(io.open(folder .. "/" .. name, "w"))
  f:write(table.concat(rows, "\n"), "\n")
end
write("prompts.jsonl", prompts)
write("scores.csv", table_)
write("battles.jsonl", battles)
