-- SPDX-License-Identifier: MIT
--
-- Makes the toy data set: prompts from word lists, outcomes from a logistic model.  No model was asked
-- anything; see SOURCE.md.  Plain Lua 5.4, no clock, no random device: the same bytes every time.
--
--   lua5.4 make.lua [DIR]      writes the files into DIR (default: the current folder)

local out_dir = arg and arg[1] or "."

-- ---- random numbers: SplitMix64 (Steele, Lea and Flood 2014), seeded by name ----

local function hash(text) -- FNV-1a, 64 bits
  local h = 0xcbf29ce484222325
  for i = 1, #text do h = (h ~ text:byte(i)) * 0x100000001b3 end
  return h
end

local function stream(name)
  local state = hash(name)
  local s = {}
  function s.bits()
    state = state + 0x9e3779b97f4a7c15
    local z = state
    z = (z ~ (z >> 30)) * 0xbf58476d1ce4e5b9
    z = (z ~ (z >> 27)) * 0x94d049bb133111eb
    return z ~ (z >> 31)
  end
  function s.uniform() return (s.bits() >> 11) * 2.0 ^ -53 end
  function s.int(lo, hi) return lo + math.floor(s.uniform() * (hi - lo + 1)) end
  function s.pick(list) return list[s.int(1, #list)] end
  function s.normal() -- twelve uniforms: near enough, and no library function to differ
    local sum = -6.0
    for _ = 1, 12 do sum = sum + s.uniform() end
    return sum
  end
  function s.some(list, n) -- n different ones, in the order of drawing
    local rest, got = table.move(list, 1, #list, 1, {}), {}
    for _ = 1, math.min(n, #rest) do got[#got + 1] = table.remove(rest, s.int(1, #rest)) end
    return got
  end
  return s
end

local function join(list, last)
  if #list < 2 then return list[1] or "" end
  return table.concat(list, ", ", 1, #list - 1) .. " " .. last .. " " .. list[#list]
end

-- ---- prompts: each maker returns text, difficulty (0 easy .. 1 hard) and typical answer tokens ----

local make = {}

function make.arithmetic(r)
  local digits, terms = r.int(1, 6), r.int(2, 5)
  local text = {}
  for k = 1, terms do
    if k > 1 then text[#text + 1] = r.pick { "+", "-", "*" } end
    text[#text + 1] = tostring(r.int(math.tointeger(10 ^ (digits - 1)), math.tointeger(10 ^ digits) - 1))
  end
  local ask = r.pick { "Compute %s.", "What is %s?", "Work out %s and give only the number.",
    "Please evaluate the expression %s step by step." }
  return ask:format(table.concat(text, " ")), (digits - 1) / 7 + (terms - 2) / 8, 20 + 12 * terms * digits
end

local food = { "lentils", "aubergine", "leeks", "salmon", "chickpeas", "rice", "squash", "mushrooms",
  "spinach", "barley", "tofu", "potatoes", "red cabbage", "feta", "walnuts", "pears", "beetroot", "eggs" }
local limits = { "no oven", "no dairy", "one pot only", "no nuts", "less than twenty minutes",
  "gluten free", "no salt", "vegan", "for a crowd of twelve", "under 400 kilocalories a portion" }

function make.cooking(r)
  local n, l = r.int(1, 5), r.int(0, 5)
  local ask = r.pick { "Give me a recipe with %s", "What can I cook for dinner from %s",
    "Suggest a dish that uses %s", "Write a recipe for a stew of %s" }
  local text = ask:format(join(r.some(food, n), "and"))
  if l > 0 then text = text .. ", but " .. join(r.some(limits, l), "and") end
  return text .. ".", (n - 1) / 10 + l / 8, 160 + 30 * (n + l)
end

local things = { "a list of integers", "a binary tree", "a CSV file", "a linked list", "a string",
  "a matrix", "a log file", "a queue of jobs", "a graph of cities", "a JSON document" }
local tasks = { "removes duplicates", "finds the median", "reverses the order", "counts the words",
  "detects a cycle", "merges sorted parts", "prints every third element", "validates the input",
  "computes a checksum", "finds the longest run", "balances the load", "caches the result" }
local demands = { "in constant memory", "without recursion", "thread safe", "in O(n log n)",
  "with unit tests", "that handles invalid input", "with a streaming interface" }

function make.code(r)
  local t, d = r.int(1, 4), r.int(0, 3)
  local text = ("Write a %s function that takes %s and %s"):format(
    r.pick { "C", "Python", "Lua", "Rust", "Haskell", "JavaScript" }, r.pick(things),
    join(r.some(tasks, t), "and"))
  if d > 0 then text = text .. ", " .. join(r.some(demands, d), "and") end
  return text .. ".", (t - 1) / 5 + d / 7, 120 + 60 * t + 40 * d
end

local well_known = { "France", "Japan", "Brazil", "Egypt", "Canada", "Italy", "India", "Kenya", "Spain",
  "Mexico", "Norway", "Greece" }
local less_known = { "Burkina Faso", "Kiribati", "Bhutan", "Suriname", "Lesotho", "Kyrgyzstan", "Vanuatu",
  "Eswatini", "Comoros", "Moldova", "Palau", "Djibouti" }
local facts = { "the capital", "the longest river", "the highest mountain", "the official languages",
  "the currency", "the neighbouring countries", "the largest lake", "the second largest city",
  "the time zone", "the main export" }

function make.geography(r)
  local rare, n = r.int(0, 1), r.int(1, 4)
  local land = r.pick(rare == 1 and less_known or well_known)
  local ask = r.pick { "What is %s of %s?", "Tell me %s of %s.", "Name %s of %s.",
    "I am learning for a quiz: what is %s of %s?" }
  return ask:format(join(r.some(facts, n), "and"), land), rare * 0.45 + (n - 1) / 7, 12 + 14 * n
end

local forms = { { "a couplet", 0 }, { "a limerick", 0.1 }, { "a haiku", 0.15 }, { "a ballad", 0.3 },
  { "a sonnet", 0.45 }, { "a villanelle", 0.65 }, { "a sestina", 0.8 } }
local themes = { "the sea in winter", "an old bicycle", "moonlight on snow", "a lost letter", "bees",
  "the last train", "a quiet kitchen", "rust", "an empty theatre", "migrating geese", "a lighthouse" }
local moods = { "a hopeful", "a bitter", "a tender", "a comic", "a solemn", "a dreamlike" }

function make.poetry(r)
  local form, rule = r.pick(forms), r.int(0, 2)
  local text = ("Write %s about %s in %s tone"):format(form[1], r.pick(themes), r.pick(moods))
  if rule >= 1 then text = text .. (" without the letter %s"):format(r.pick { "e", "a", "s", "t" }) end
  if rule == 2 then text = text .. " and with a rhyme in every line" end
  return text .. ".", form[2] * 0.7 + rule * 0.15, 40 + 160 * form[2]
end

local parties = { "the Lessor and the Lessee", "the Supplier and the Buyer", "the Licensor and the Licensee",
  "the Employer and the Employee", "the Client and the Contractor", "the Lender and the Borrower" }
local clauses = { "termination for convenience", "limitation of liability", "indemnification",
  "governing law", "confidentiality", "force majeure", "late payment interest", "assignment",
  "warranty disclaimer", "dispute resolution by arbitration", "data protection", "non-compete" }
local jobs = { "Summarise", "Draft", "Find the risks in", "Explain in plain words", "Compare the usual forms of" }

function make.contracts(r)
  local n = r.int(1, 7)
  local text = ("%s a contract between %s with the clauses on %s"):format(r.pick(jobs), r.pick(parties),
    join(r.some(clauses, n), "and"))
  if r.int(0, 1) == 1 then text = text .. ", under the law of " .. r.pick(well_known) end
  return text .. ".", (n - 1) / 6, 150 + 70 * n
end

-- ---- experts: skill by domain on the logit scale, answer length, prices ----

local domains = { "arithmetic", "cooking", "code", "geography", "poetry", "contracts" }

local experts = {
  { name = "toy-nano", params = 5e8, skill = { -0.6, 0.2, -1.2, 0.3, -0.4, -1.2 }, wordy = 0.7,
    price = { 0.02, 0.04, 0.01 }, released = "2024-09-01", cutoff = "2024-03", licence = "Apache-2.0",
    trust = 0.5, region = "local", context = 8192, ms = { 20, 3 }, modalities = "text", tools = false,
    tags = "small,local" },
  { name = "toy-mini", params = 3e9, skill = { 0.4, 0.9, -0.1, 1.0, 0.3, -0.3 }, wordy = 0.9,
    price = { 0.08, 0.16, 0.04 }, released = "2024-06-15", cutoff = "2023-12", licence = "MIT",
    trust = 0.6, region = "local", context = 32768, ms = { 35, 6 }, modalities = "text", tools = false,
    tags = "small" },
  { name = "toy-code", params = 7e9, skill = { 2.0, 0.1, 2.3, 0.4, -0.5, 0.0 }, wordy = 1.0,
    price = { 0.2, 0.4, 0.1 }, released = "2024-11-20", cutoff = "2024-06", licence = "Apache-2.0",
    trust = 0.7, region = "eu", context = 65536, ms = { 60, 9 }, modalities = "text", tools = true,
    tags = "code,reasoning" },
  { name = "toy-prose", params = 1.3e10, skill = { -0.2, 2.0, 0.0, 1.1, 2.1, 0.8 }, wordy = 1.3,
    price = { 0.4, 0.8, 0.2 }, released = "2023-12-05", cutoff = "2023-06", licence = "CC-BY-4.0",
    trust = 0.7, region = "eu", context = 16384, ms = { 90, 14 }, modalities = "text", tools = false,
    tags = "writing" },
  { name = "toy-clerk", params = 3.2e10, skill = { 0.7, 1.1, 0.6, 1.6, 0.6, 2.2 }, wordy = 1.2,
    price = { 1, 3, 0.5 }, released = "2025-02-10", cutoff = "2024-10", licence = "MIT", trust = 0.9,
    region = "us", context = 131072, ms = { 180, 22 }, modalities = "text,image", tools = true,
    tags = "law,long" },
  { name = "toy-max", params = 5e10, skill = { 1.7, 1.6, 1.7, 2.2, 1.4, 1.6 }, wordy = 1.5,
    price = { 2.5, 10, 1.25 }, released = "2025-05-01", cutoff = "2025-01", licence = "LicenseRef-toy",
    trust = 0.8, region = "us", context = 200000, ms = { 350, 30 }, modalities = "text,image,audio",
    tools = true, tags = "large" },
}

local HARD = 3.2 -- logits that the hardest prompt costs
local NOISE = 0.9 -- sd of the share of a prompt's difficulty that its text does not show

-- One outcome: right or wrong where there is one right answer, else a mark in hundredths.
local graded = { cooking = true, poetry = true, contracts = true }

local function outcome(r, domain, logit)
  if graded[domain] then logit = logit + 0.7 * r.normal() end
  local p = 1 / (1 + math.exp(-logit))
  if graded[domain] then return ("%.2f"):format(p):gsub("%.?0+$", "") end
  return r.uniform() < p and "1" or "0"
end

-- ---- writing ----

local function write(name, lines)
  local file = assert(io.open(out_dir .. "/" .. name, "wb"))
  assert(file:write(table.concat(lines, "\n"), "\n"))
  assert(file:close())
end

local function header()
  local names = { "id" }
  for _, e in ipairs(experts) do names[#names + 1] = e.name end
  return table.concat(names, ",")
end

local function models()
  local lines = {}
  for k, e in ipairs(experts) do
    lines[k] = (' {"name": "%s", "params": %.0f, "price_in": %s, "price_out": %s, "price_cached": %s,\n' ..
      '  "released": "%s", "knowledge_cutoff": "%s", "licence": "%s", "trust": %s,\n' ..
      '  "trust_evidence": "invented", "region": "%s", "context": %d, "latency_first_ms": %d,\n' ..
      '  "latency_token_ms": %d, "modalities": "%s", "tools": %s, "tags": "%s"}'):format(e.name, e.params,
      e.price[1], e.price[2], e.price[3], e.released, e.cutoff, e.licence, e.trust, e.region, e.context,
      e.ms[1], e.ms[2], e.modalities, e.tools, e.tags)
  end
  write("models.json", { "[\n" .. table.concat(lines, ",\n") .. "\n]" })
end

local prompts, scores, costs, tokens_out = {}, { header() }, { header() }, { header() }

local function add(id, domain, column)
  local r = stream("toy prompt " .. id)
  local text, difficulty, length = make[domain](r)
  local hidden, row = NOISE * r.normal(), { { id }, { id }, { id } }
  local tokens_in = math.ceil(#text / 4)
  local part = (hash("split " .. text) >> 1) % 10 < 7 and "train" or "test"
  prompts[#prompts + 1] = ('{"id": "%s", "prompt": "%s", "domain": "%s", "split": "%s", "tokens_in": %d}')
    :format(id, text, domain, part, tokens_in)
  for _, e in ipairs(experts) do
    local answer = math.max(1, math.floor(length * e.wordy * (1 + 0.25 * r.normal())))
    local usd = (tokens_in * e.price[1] + answer * e.price[2]) / 1e6
    local mark = outcome(r, domain, e.skill[column] + 1.2 - HARD * difficulty + hidden)
    table.insert(row[1], mark)
    table.insert(row[2], ("%.4g"):format(usd))
    table.insert(row[3], tostring(answer))
  end
  scores[#scores + 1] = table.concat(row[1], ",")
  costs[#costs + 1] = table.concat(row[2], ",")
  tokens_out[#tokens_out + 1] = table.concat(row[3], ",")
  return text
end

local seen = {}
for k = 1, 600 do
  local column = (k - 1) % #domains + 1
  local domain = domains[column]
  local id = ("%s/%03d"):format(domain, (k - 1) // #domains + 1)
  local text = make[domain](stream("toy prompt " .. id))
  if not seen[text] then -- the same text twice says nothing new
    seen[text] = true
    add(id, domain, column)
  end
end

models()
write("prompts.jsonl", prompts)
write("scores.csv", scores)
write("costs.csv", costs)
write("tokens_out.csv", tokens_out)
