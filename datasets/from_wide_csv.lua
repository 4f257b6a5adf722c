-- SPDX-License-Identifier: MIT
-- Turns one wide CSV (a row per prompt, columns per model) into a folder that pointsman reads.  Plain Lua 5.4,
-- nothing else; it is not part of the program.  CSV after RFC 4180: quoted fields may hold commas and line ends.
local USAGE = [[
Usage: lua5.4 datasets/from_wide_csv.lua [OPTION ...] WIDE.csv FOLDER

WIDE.csv has a header and one row per prompt.  A column called "NAME score" is model NAME's quality (0 to 1),
"NAME loss" its loss, "NAME usd" the cost of that call in US dollars; "NAME anything" becomes the table anything.csv
where every model has one.  Empty cells are "not known".

  --id COLUMN        column of unique ids (default: id if there is one, else the row's number)
  --prompt COLUMN    column of the text (default: prompt)
  --domain COLUMN    label of the task, for tables by domain (default: domain if there is one)
  --group COLUMN     prompts that stay together in a split (default: group if there is one)
  --split COLUMN     train or test (default: split if there is one)
  --score SUFFIX     what ends the name of a quality column (default: " score"); --loss " loss"; --cost " usd"
  --help             this text

Writes FOLDER/prompts.jsonl, scores.csv or losses.csv, and costs.csv.  An existing file is not overwritten.
]]

local function die(...)
  io.stderr:write("from_wide_csv: ", string.format(...), "\n")
  os.exit(1)
end

-- The records of a CSV text: lists of fields, each with the line that it began on.
local function records(text, path)
  local at, line, list = text:sub(1, 3) == "\xef\xbb\xbf" and 4 or 1, 1, {}
  local function quoted()
    local from, parts = line, {}
    at = at + 1
    while true do
      local q = text:find('"', at, true) or die("%s:%d: a quote never closes", path, from)
      local part = text:sub(at, q - 1)
      local _, ends = part:gsub("\n", "")
      line, parts[#parts + 1], at = line + ends, part, q + 1
      if text:sub(at, at) ~= '"' then return table.concat(parts) end
      parts[#parts + 1], at = '"', at + 1
    end
  end
  while at <= #text do
    local record = { line = line }
    repeat
      if text:sub(at, at) == '"' then
        record[#record + 1] = quoted()
      else
        local stop = text:find("[,\r\n]", at) or #text + 1
        record[#record + 1], at = text:sub(at, stop - 1), stop
      end
      local next = text:sub(at, at)
      if next ~= "" and not next:find("[,\r\n]") then
        die("%s:%d: text behind a closing quote", path, line)
      end
      if next == "\r" and text:sub(at, at + 1) ~= "\r\n" then
        die("%s:%d: a carriage return without line feed", path, line)
      end
      if next == "," then at = at + 1 end
    until next ~= ","
    at, line = (text:find("[^\r]", at) or #text + 1) + 1, line + 1 -- over \n or \r\n
    if #record > 1 or record[1] ~= "" then list[#list + 1] = record end
  end
  return list
end

local function csv_field(s)
  return s:find('[,"\r\n]') and '"' .. s:gsub('"', '""') .. '"' or s
end

local function json_text(s)
  local short = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }
  return '"' .. s:gsub('[%c"\\\127]', function(c)
    return short[c] or string.format("\\u%04x", c:byte())
  end) .. '"'
end

local function arguments(list)
  local o, files = { score = " score", loss = " loss", cost = " usd" }, {}
  local known = { id = 1, prompt = 1, domain = 1, group = 1, split = 1, score = 1, loss = 1, cost = 1 }
  local i = 1
  while list[i] do
    local name = list[i]:match "^%-%-(.*)"
    if name == "help" then io.write(USAGE) os.exit(0) end
    if not name then
      files[#files + 1] = list[i]
    elseif known[name] and list[i + 1] then
      i, o[name] = i + 1, list[i + 1]
    else
      die("%s %s; see --help", known[name] and "no value for" or "unknown option", list[i])
    end
    i = i + 1
  end
  if #files ~= 2 then io.stderr:write(USAGE) os.exit(2) end
  return o, files[1], files[2]
end

-- Column of a role: the one that was named, else the usual name if the file has it.
local function column(o, at, role, path)
  local name = o[role] or role
  if o[role] and not at[name] then die("%s:1: no column %q", path, name) end
  return at[name], name
end

-- Models in the order of their first column, and for each table the column of every model.
local function models(header, o, taken)
  local names, tables, seen = {}, {}, {}
  local function take(k, name, tab)
    if not seen[name] then seen[name], names[#names + 1] = true, name end
    tables[tab] = tables[tab] or {}
    tables[tab][name] = k
  end
  local ends = { { o.score, "scores" }, { o.loss, "losses" }, { o.cost, "costs" } }
  for k, title in ipairs(header) do
    for _, e in ipairs(ends) do
      if not taken[k] and #title > #e[1] and title:sub(-#e[1]) == e[1] then
        take(k, title:sub(1, -#e[1] - 1), e[2])
        taken[k] = true
      end
    end
  end
  for k, title in ipairs(header) do
    local name, tab = title:match "^(.+) ([%w_]+)$"
    if not taken[k] and seen[name] then take(k, name, tab) end
  end
  return names, tables
end

local function create(path)
  local old = io.open(path, "rb")
  if old then old:close() die("%s exists already", path) end
  local f, why = io.open(path, "wb")
  return f or die("%s", why)
end

local function write_table(path, rows, names, columns, id)
  local f = create(path)
  local cells = { "id" }
  for _, name in ipairs(names) do cells[#cells + 1] = csv_field(name) end
  f:write(table.concat(cells, ","), "\n")
  for i, row in ipairs(rows) do
    cells = { csv_field(id(row, i)) }
    for _, name in ipairs(names) do cells[#cells + 1] = csv_field(row[columns[name]]) end
    f:write(table.concat(cells, ","), "\n")
  end
  assert(f:close())
end

local function write_prompts(path, rows, role, id)
  local f = create(path)
  for i, row in ipairs(rows) do
    f:write('{"id": ', json_text(id(row, i)), ', "prompt": ', json_text(row[role.prompt]))
    for _, key in ipairs { "domain", "group", "split" } do
      local value = role[key] and row[role[key]] or ""
      if value ~= "" then f:write(', "', key, '": ', json_text(value)) end
    end
    f:write("}\n")
  end
  assert(f:close())
end

local function main(list)
  local o, path, folder = arguments(list)
  local f, why = io.open(path, "rb")
  if not f then die("%s", why) end
  local rows = records(f:read "a", path)
  f:close()
  local header = table.remove(rows, 1) or die("%s: found no header", path)
  local at, taken, role = {}, {}, {}
  for k, title in ipairs(header) do
    if at[title] then die("%s:1: two columns are called %q", path, title) end
    at[title] = k
  end
  for _, key in ipairs { "id", "prompt", "domain", "group", "split" } do
    role[key] = column(o, at, key, path)
    if role[key] then taken[role[key]] = true end
  end
  if not role.prompt then die('%s:1: no column "prompt"; name it: --prompt COLUMN', path) end
  for _, row in ipairs(rows) do
    if #row ~= #header then die("%s:%d: found %d fields, wanted %d", path, row.line, #row, #header) end
  end
  local names, tables = models(header, o, taken)
  if not tables.scores and not tables.losses then
    die('%s:1: no column ends in "%s" or "%s"; say how yours end: --score SUFFIX', path, o.score, o.loss)
  end
  local function id(row, i) return role.id and row[role.id] or tostring(i) end
  os.execute("mkdir -p '" .. folder:gsub("'", "'\\''") .. "'")
  write_prompts(folder .. "/prompts.jsonl", rows, role, id)
  local order = {}
  for tab in pairs(tables) do order[#order + 1] = tab end
  table.sort(order)
  for _, tab in ipairs(order) do
    local missing
    for _, name in ipairs(names) do missing = missing or not tables[tab][name] and name end
    if missing and (tab == "scores" or tab == "losses") then
      die("%s:1: %s has no column of %s", path, missing, tab)
    elseif missing then
      io.stderr:write("left out: ", tab, " (", missing, " has none)\n")
    else
      write_table(folder .. "/" .. tab .. ".csv", rows, names, tables[tab], id)
    end
  end
  print(string.format("%s: %d prompts, %d models: %s", folder, #rows, #names, table.concat(names, ", ")))
  if not role.split then
    print "no split column: --set split.by=group --set split.train=.6 --set split.tune=.2 --set split.test=.2"
  end
end

main(arg)
