-- SPDX-License-Identifier: MIT
-- Makes this folder out of ../toy: every second prompt, two of three of them with flags as somebody might type them.
--   lua5.4 datasets/toy_flags/make.lua FOLDER
local folder <const> = assert(arg[1], "want a folder to write into")
local here <const> = arg[0]:match("^(.*)/") or "."

-- What is added to a prompt's text: one in three gets nothing.  Words are those of the constraints size and price.
local flags <const> = {
  " [small model]", " [flag: smallest model]", " --size=0.3", "\\n\\n[flag: smallest model]\\n", " --size=0 --price=0",
  " --price=0.5", " --size=0.2 --price=0.2", " [Small  Model] --price=0.1", " --size", " --price=2",
}
local ahead <const> = { "[flag: small model] ", "[flag: smallest model]\\n" }

local function lines(name)
  local f <close> = assert(io.open(here .. "/../toy/" .. name))
  local all = {}
  for line in f:lines() do all[#all + 1] = line end
  return all
end

local kept <const>, prompts <const> = {}, {}
for i, line in ipairs(lines "prompts.jsonl") do
  if i % 2 == 0 then
    local id <const>, text <const>, rest <const> = line:match '^{"id": "(.-)", "prompt": "(.-)", "domain"(.*)$'
    local n <const> = i // 2
    local before, after = "", ""
    if n % 3 == 1 then after = flags[n // 3 % #flags + 1] end
    if n % 3 == 2 then
      if n // 3 % 4 == 0 then before = ahead[n // 12 % #ahead + 1] else after = flags[(n // 3 + 5) % #flags + 1] end
    end
    kept[id] = true
    prompts[#prompts + 1] = ('{"id": "%s", "prompt": "%s%s%s", "domain"%s'):format(id, before, text, after, rest)
  end
end

local function write(name, rows)
  local f <close> = assert(io.open(folder .. "/" .. name, "w"))
  f:write(table.concat(rows, "\n"), "\n")
end
write("prompts.jsonl", prompts)
for _, name in ipairs { "scores.csv", "costs.csv", "tokens_out.csv" } do
  local rows <const> = {}
  for i, line in ipairs(lines(name)) do
    if i == 1 or kept[line:match "^[^,]+"] then rows[#rows + 1] = line end
  end
  write(name, rows)
end
write("models.json", lines "models.json")
