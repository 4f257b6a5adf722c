-- SPDX-License-Identifier: MIT
-- lua5.4 check_page.lua FILE [SECTION ...]: a report is well-formed (every tag closed, attributes quoted, entities
-- known), holds no NaN, nil or inf, points nowhere outside itself, and has these sections.  Prints what is wrong.
local path <const> = arg[1]
local file <const> = assert(io.open(path, "rb"))
local page <const> = file:read("a")
file:close()

local bad = 0
local function fail(...)
  bad = bad + 1
  if bad <= 20 then print(path .. ": " .. string.format(...)) end
end

local function line_of(at)
  return select(2, page:sub(1, at):gsub("\n", "")) + 1
end

-- ---- tags ----

local void <const> = { meta = true }
local stack <const>, ids <const>, links <const> = {}, {}, {}
local text <const> = {}

local function attributes(body, at)
  local rest = body
  local seen <const> = {}
  while rest:find("%S") do
    local name, value, after = rest:match('^%s+([%w:_-]+)="([^"<]*)"(.*)$')
    if not name then
      local bare, tail = rest:match("^%s+(%w+)(.*)$")
      if bare == "open" then name, value, after = bare, "", tail end
    end
    if not name then
      fail("line %d: attributes cannot be read: %s", line_of(at), rest:sub(1, 60))
      return
    end
    if seen[name] then fail("line %d: attribute %s twice", line_of(at), name) end
    seen[name] = value
    if name == "id" then
      if ids[value] then fail("line %d: id %s twice", line_of(at), value) end
      ids[value] = true
    end
    if name == "href" or name == "src" or name == "xlink:href" then links[#links + 1] = value end
    if name == "d" and value:find("[^MLHVAZmlhvaz%d%s.%-]") then fail("line %d: path data %s", line_of(at), value:sub(1, 60)) end
    if name:find("^on") then fail("line %d: a script in %s", line_of(at), name) end
    text[#text + 1] = value
    rest = after
  end
end

local at = 1
if not page:find("^<!DOCTYPE html>\n") then fail("no doctype") end
at = #"<!DOCTYPE html>\n" + 1
while at <= #page do
  local open <const> = page:find("<", at, true)
  text[#text + 1] = page:sub(at, (open or #page + 1) - 1)
  if not open then break end
  local close <const> = page:find(">", open, true)
  if not close then fail("line %d: a tag without end", line_of(open)) break end
  local tag <const> = page:sub(open + 1, close - 1)
  local ending, name, body, empty = tag:match("^(/?)([%w]+)(.-)(/?)$")
  if not name then
    fail("line %d: <%s> is no tag", line_of(open), tag:sub(1, 40))
  elseif ending == "/" then
    local top <const> = table.remove(stack)
    if top ~= name then fail("line %d: </%s> closes <%s>", line_of(open), name, tostring(top)) end
  else
    if name == "td" and body:find('class="text"', 1, true) then text[#text + 1] = "\1" end
    if name == "td" and not body:find('class="text"', 1, true) then text[#text + 1] = "\2" end
    attributes(body, open)
    if empty == "" and not void[name] then stack[#stack + 1] = name end
    if name == "script" or name == "iframe" or name == "img" or name == "link" then fail("line %d: <%s>", line_of(open), name) end
  end
  at = close + 1
  if name == "style" and ending == "" then
    local stop <const> = page:find("</style>", at, true)
    local css <const> = page:sub(at, stop - 1)
    if css:find("url%(") or css:find("@import") then fail("the style sheet loads something") end
    at = stop
  end
end
if #stack > 0 then fail("<%s> is not closed", stack[#stack]) end

-- ---- words ----

local all <const> = table.concat(text, "\n"):gsub("\1.-\2", " ") -- texts of prompts may say anything
if not utf8.len(page) then fail("the page is not UTF-8") end
for entity in all:gmatch("&(.-);") do
  if not ({ amp = true, lt = true, gt = true, quot = true })[entity] then fail("entity &%s;", entity:sub(1, 20)) end
end
for _, word in ipairs { "nan", "%-nan", "nil", "inf", "%-inf", "NaN", "undefined", "userdata", "function" } do
  local found <const> = all:find("%f[%w%-]" .. word .. "%f[^%w]")
  if found then fail("the text says '%s': %s", word, all:sub(math.max(1, found - 30), found + 30):gsub("\n", " ")) end
end
if all:find("could not be drawn", 1, true) then
  fail("%s", all:match("could not be drawn[^\n]*\n[^\n]*"):gsub("\n", " "))
end

-- ---- links and sections ----

for _, url in ipairs(links) do
  if not url:find("^#") then
    fail("a link to elsewhere: %s", url)
  elseif not ids[url:sub(2)] then
    fail("%s points at nothing", url)
  end
end
for k = 2, #arg do
  if not ids[arg[k]] then fail("no section or figure %s", arg[k]) end
end
if #page > 3000000 then fail("%d bytes; want fewer than 3 MB", #page) end
for figure in page:gmatch("<figure.-</figure>") do
  local id <const> = figure:match('id="(.-)"')
  for _, want in ipairs { "<h3>", 'class="takeaway"', 'class="note"', "<details>", 'class="wide"', 'class="narrow"', "aria%-label" } do
    if not figure:find(want) then fail("figure %s lacks %s", id, want) end
  end
end
os.exit(bad == 0 and 0 or 1)
