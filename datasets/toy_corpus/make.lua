-- SPDX-License-Identifier: MIT
--
-- Makes the toy corpus: five invented kinds of text from small grammars, 24 documents each; see SOURCE.md.
-- Nobody wrote it and nothing is meant by it.  Plain Lua 5.4, no clock, no random device: the same bytes every time.
--
--   lua5.4 make.lua [DIR]      writes DIR/DOMAIN/NN.txt (default: the current folder)

local out_dir = arg and arg[1] or "."
local documents <const>, document_bytes <const> = 24, 2500

-- ---- random numbers: SplitMix64 (Steele, Lea and Flood 2014), seeded by name ----

local function stream(name)
  local state = 0xcbf29ce484222325 -- FNV-1a of the name
  for i = 1, #name do state = (state ~ name:byte(i)) * 0x100000001b3 end
  local s = {}
  local function bits()
    state = state + 0x9e3779b97f4a7c15
    local z = state
    z = (z ~ (z >> 30)) * 0xbf58476d1ce4e5b9
    z = (z ~ (z >> 27)) * 0x94d049bb133111eb
    return z ~ (z >> 31)
  end
  function s.uniform() return (bits() >> 11) * 2.0 ^ -53 end
  function s.int(lo, hi) return lo + math.floor(s.uniform() * (hi - lo + 1)) end
  function s.pick(list) return list[s.int(1, #list)] end
  return s
end

local function words(text)
  local list = {}
  for w in text:gmatch "%S+" do list[#list + 1] = (w:gsub("_", " ")) end
  return list
end

-- ---- words that all domains share, in their own proportions ----

local shared = {
  fruit = words "apple pear plum quince medlar cherry apricot fig currant walnut hazelnut elder mulberry damson",
  weather = words "rain fog frost hail sleet thunder haze drizzle still_air sun east_wind west_wind north_wind",
  part = words "basket barrel crate rope ladder knife ledger lantern bucket scale gate wall table shelf sack jar",
  colour = words "green red amber pale dark yellow grey russet blue white copper",
  measure = words "pound ounce cup spoon pint quart bushel stone fathom yard dozen score",
  day = words "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
  month = words "January February March April May June July August September October November December",
  small = words "two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty",
}

local onset = words "b br c d dr f g gr h k l m n p r s st t th tr v w"
local nucleus = words "a e i o u ai ea ou"
local coda = words "n r l m nd rt ll ck th sk dge ven ton wick mer low"

local function name_maker(r) -- names that only one document uses
  local list = {}
  for k = 1, 14 do
    local n = r.pick(onset) .. r.pick(nucleus) .. r.pick(coda)
    if r.uniform() < 0.3 then n = n .. r.pick(nucleus):sub(1, 1) .. r.pick(coda) end
    list[k] = n:sub(1, 1):upper() .. n:sub(2)
  end
  return list
end

-- ---- a grammar: lists of templates; {x} is expanded by the list x, {x:name} of the words shared by all ----

local grammar = {}

grammar.orchard = {
  start = {
    "The {fruit} by the {place} {doing} {when}, and {name} {remark}.",
    "{name} grafted {small} scions of {fruit} on {stock} before the {weather} came, {hope}.",
    "After the {weather} we {care} the {colour} {fruit} trees near the {place}; {finding}.",
    "{finding_c}, so {name} and {name} {care} what was left of the {fruit} {when}.",
    "It is best to {advice} while the {sign}, {hope}.",
    "In {month} the {fruit} {doing}, but the {fruit} at {name}'s {place} {doing} a week later.",
    "{small_c} trees of {fruit} {doing} this year; the {pest} took the rest, as {name} {remark}.",
  },
  place = words "south_wall well barn hedge lower_gate pond beehives nursery_bed cart_track old_press",
  stock = words "quince_stock wild_pear hawthorn seedling_apple plum_sucker crab_stock",
  doing = words "blossomed ripened dropped_its_leaves set_fruit sprouted_again stood_bare bent_to_the_ground bore_heavily cankered",
  when = { "in the second week of {month}", "on {day} morning", "after {small} days of {weather}", "before the {weather}", "late in {month}" },
  remark = { "had said so all along", "wrote it in the {part}", "would not believe it", "blamed the {weather}", "cut away the dead wood", "asked for a longer {part}", "counted {small} buds on a spur" },
  care = words "pruned watered thinned mulched limewashed propped dug_around sprayed netted picked_over",
  finding = { "the bark was {colour} and split", "{small} {fruit} buds had opened", "the {pest} had been there first", "the roots of the {fruit} were sound", "moss hung from every {part}", "the soil under the {fruit} was warm and {colour}" },
  finding_c = { "The leaves were {colour} with {pest}", "Every {fruit} above the {place} was bruised", "The fruit of the {fruit} tasted of {weather}", "Only the {colour} {fruit} had kept" },
  hope = { "so that the sap may rise", "which the {pest} will not forgive", "if the {weather} allows", "for the roots need air", "and so the crop is saved", "though {name} thinks otherwise" },
  pest = words "codling_moth woolly_aphid bullfinch wasps canker leaf_roller weevil field_mice silver_leaf",
  advice = { "prune the {fruit} hard", "bury the fallen {fruit} deep", "tie the {part} to the stem", "spread straw under the {fruit}", "scrape the bark with a {part}", "leave {small} buds on each shoot" },
  sign = { "sap is down", "{weather} holds off", "buds are still {colour}", "ground is soft", "bees are asleep", "moon is small" },
  small_c = words "Two Three Four Five Six Seven Eight Nine Ten Twelve Twenty",
}

grammar.harbour = {
  start = {
    "{hour} {wind}, {sky}. {ship} {move} with {cargo}.",
    "{hour} {signal}; {crew} {task}. {sky_c}.",
    "{hour} {ship} {move}, {small} fathom at low water, {sky}.",
    "{hour} {crew} {task}, {ship} {trouble}. {wind_c}.",
    "{hour} Received {cargo} from {ship}; {paper}.",
    "{hour} {trouble_c}. {crew} {task}; {signal}.",
  },
  hour = { "0400", "0530", "0615", "0700", "0845", "0930", "1100", "1215", "1340", "1500", "1630", "1745", "1820", "2000", "2130", "2310" },
  wind = { "Wind {quarter} force {force}", "{quarter_c} breeze, backing {quarter}", "Calm, swell from {quarter}", "Squalls, {quarter} by {quarter}" },
  wind_c = { "Wind veered {quarter}", "Glass falling, {weather} to the {quarter}", "Sea {colour} and short", "Tide turned at {small} minutes past" },
  quarter = words "north-east south-west east-north-east south-south-east west north-north-west south",
  quarter_c = words "Northerly Southerly Easterly Westerly South-westerly",
  force = words "2 3 4 5 6 7 8",
  sky = { "{weather} over the bar", "visibility {small} miles", "{colour} cloud low in the {quarter}", "{weather} and drizzle", "sky clear", "moon rising behind the mole" },
  sky_c = { "{weather} closing in from {quarter}", "Horizon {colour} and sharp", "Heavy {weather} since dawn", "Ebb running {force} knots" },
  ship = { "brig {name}", "ketch {name}", "barge {name} of {name}", "lugger {name}", "pilot cutter {name}", "schooner {name}, master {name}" },
  move = { "made fast at berth {force}", "cast off", "stood off under reefed main", "warped alongside", "anchored in the roads", "passed the outer buoy", "was towed past the mole", "grounded on the spit" },
  cargo = { "{small} {measure}s of {fruit}", "{small} crates of {fruit} and {small} coils of rope", "ballast only", "salt, tar and {small} barrels of {fruit}", "slate and {colour} tiles", "timber on deck, {part}s below" },
  crew = { "Boatswain {name}", "Two hands", "The watch", "Pilot {name}", "Lighterman {name}", "The mate of {name}" },
  task = { "doubled the stern lines", "sounded the well", "hoisted the {colour} lamp", "cleared a fouled {part}", "rigged the gangway", "shifted {small} {part}s aft", "bent on a new jib", "took soundings off the spit" },
  signal = { "{colour} flag at the yard", "{small} blasts of the horn", "lamp on the mole {colour}", "gun from the fort", "no answer from {name}" },
  trouble = { "dragged her anchor", "lost a spar", "leaking forward", "refused the tow", "short of water", "fouled the {name}'s cable" },
  trouble_c = { "Buoy {force} adrift", "Collision between {name} and {name}, no hurt", "{part} overboard, recovered", "Fender carried away by {ship}" },
  paper = { "manifest signed {name}", "dues {force} shillings", "held for customs", "weighed on the {part}, {small} {measure} over" },
}

grammar.kitchen = {
  start = {
    "{verb_c} the {food} with {amount} of {food} until {state}.",
    "Add {amount} of {food}, {amount} of {food} and the {cut} {food}.",
    "{verb_c} for {small} minutes over a {heat} fire, then {verb} in {amount} of {food}.",
    "Serve {warm} with {cut} {food} and a spoon of {food}.",
    "When the {food} is {state}, {verb} it and set aside in a {pot}.",
    "Take {amount} of {food}; {verb} them in the {pot}, and {verb} well.",
    "For the filling: {amount} {food}, {amount} {cut} {food}, salt, and the juice of {small} {food}s.",
    "{name}'s way is to {verb} the {food} first and to leave out the {food}.",
  },
  food = { "{fruit}", "{fruit}", "butter", "flour", "sugar", "honey", "cream", "vinegar", "barley", "onion", "thyme", "pepper", "mustard", "lard", "oat", "egg yolk", "cheese", "leek", "parsnip", "cinnamon", "clove", "{colour} {fruit}" },
  amount = { "{small} {measure}s", "a {measure}", "half a {measure}", "{small} {spoon}", "a pinch", "1/2 {measure}", "1/4 {measure}", "{small} handfuls" },
  spoon = words "teaspoons tablespoons cups drops slices knobs",
  verb = words "stir boil simmer whisk knead strain fold fry bake stew pound glaze baste skim reduce toast",
  verb_c = words "Stir Boil Simmer Whisk Knead Strain Fold Fry Bake Stew Pound Glaze Baste Skim Reduce Toast",
  cut = words "chopped sliced grated peeled diced stoned crushed candied minced roasted",
  state = { "golden", "soft", "thick as cream", "it coats the spoon", "{colour} at the edges", "no longer sticky", "it hisses", "the smell of {fruit} rises" },
  heat = words "gentle brisk low steady hot dying",
  warm = words "warm cold at_once hot chilled",
  pot = words "deep_pan copper_pot clay_jar pie_dish bowl stone_crock skillet jelly_bag",
}

grammar.script = {
  start = {
    "let {var} = {expr}\n", "let {var} = {expr}\n", "if {cond} then\n  {stmt}\nend\n",
    "for {var} in {list} do\n  {stmt}\n  {stmt}\nend\n", "def {func}({var}, {var})\n  {stmt}\n  return {expr}\nend\n",
    "# {note}\n", "while {cond} do\n  {stmt}\nend\n", "{stmt}\n",
  },
  stmt = { "{var} += {expr}", "{call}", "{var} = {expr}", "emit \"{fruit}\", {var}", "push {list}, {expr}", "assert {cond}, \"{note}\"", "drop {list}[{digit}]" },
  expr = { "{digit}{digit}", "{call}", "{var} * {digit}", "{list}[{digit}]", "{var} + {var}", "({expr} - {digit}) / {digit}", "len({list})", "\"{colour} {fruit}\"", "nil" },
  cond = { "{var} > {digit}{digit}", "{call} == nil", "{var} != {expr}", "not has({list}, \"{fruit}\")", "{var} <= len({list})" },
  call = { "{func}({var})", "{func}({var}, {digit})", "{func}({list}, \"{fruit}\")", "max({var}, {expr})" },
  var = { "n", "i", "x", "total", "{part}_id", "{fruit}_count", "weight", "row", "{fruit}_{part}", "last_{fruit}", "{lower}" },
  list = { "{part}s", "{fruit}s", "rows", "queue", "{lower}_list", "stock.{part}s" },
  func = { "weigh_{fruit}", "sort_{part}s", "open_{part}", "count", "load_{part}", "price_of", "find_{lower}", "{lower}_{part}" },
  note = { "the {part} must not be empty", "{small} {measure}s in a {part}", "see {name}, section {digit}", "no {fruit} after {month}", "fails when the {part} is {colour}", "keeps {fruit} and {fruit} apart" },
  digit = words "0 1 2 3 4 5 6 7 8 9",
}

grammar.bylaws = {
  start = {
    "{ref} No person shall {act} {where} {unless}.",
    "{ref} Any person who contravenes {refs} shall be liable to a fine not exceeding {small} shillings.",
    "{ref} In this part, \"{part}\" includes any {part}, {part} or {measure} used for {fruit}.",
    "{ref} The {officer} of {name} may, {unless}, {power}.",
    "{ref} Notwithstanding {refs}, a holder of a licence may {act} {where}.",
    "{ref} Every {officer} shall {duty} on or before the first {day} of {month}.",
    "{ref} Where {case}, the {officer} shall {duty}, and the {part} is forfeited to the parish of {name}.",
  },
  ref = { "({digit})", "{digit}.{digit}", "Section {digit}{digit}.", "(a)", "(b)", "(c)", "(ii)", "Article {digit}." },
  refs = { "section {digit}", "sections {digit} to {digit}{digit}", "paragraph (b) of section {digit}", "the foregoing provisions", "article {digit}{digit}" },
  act = { "sell or offer for sale any {fruit}", "keep a {part} of more than {small} {measure}s", "land {fruit} from any vessel", "cut, prune or remove a {fruit} tree", "light a fire", "carry an uncovered {part}", "moor a barge", "weigh {fruit} by the {measure}" },
  where = { "within the bounds of {name}", "upon the common quay", "in a public street", "between the {day} and the {day} following", "in any orchard not his own", "during {month}" },
  unless = { "unless the {officer} has given leave in writing", "except as provided in {refs}", "save in time of {weather}", "subject to {refs}", "upon payment of {small} pence", "on reasonable notice" },
  officer = words "warden bailiff clerk_of_the_market harbour_master reeve constable assessor",
  power = { "seize any {part} so used", "enter and inspect a {part}", "revoke a licence granted under {refs}", "fix the price of {fruit} by the {measure}", "close the quay" },
  duty = { "keep a {part} open to inspection", "make a return of all {fruit} landed", "cause the {measure} to be tested", "publish the name of the holder", "render an account to the parish" },
  case = { "a {part} is found empty", "the holder is dead or absent", "the {fruit} is unsound", "an appeal is lodged under {refs}", "the fine is not paid within {small} days" },
  digit = words "1 2 3 4 5 6 7 8 9",
}

local function sentence(r, g, own)
  local function expand(text, depth)
    return (text:gsub("{([%w_]+)}", function(slot)
      if slot == "name" then return r.pick(own.names) end
      if slot == "lower" then return r.pick(own.names):lower() end
      local list = own[slot] or g[slot] or shared[slot]
      if not list then error("no list '" .. slot .. "'") end
      local piece = r.pick(list)
      if depth > 6 then piece = r.pick(own.fruit) end
      return expand(piece, depth + 1)
    end))
  end
  return expand(r.pick(g.start), 0)
end

local function document(domain, k)
  local r = stream(domain .. "/" .. k)
  -- a document has its own names and prefers some of the shared words, so that documents differ within a domain
  local own = { names = name_maker(r), fruit = {}, part = {} }
  for i = 1, 5 do own.fruit[i], own.part[i] = r.pick(shared.fruit), r.pick(shared.part) end
  local lines, size, line = {}, 0, nil
  local target = document_bytes + r.int(-400, 400)
  while size < target do
    local s = sentence(r, grammar[domain], own)
    if domain == "script" then
      lines[#lines + 1] = s
    elseif not line or r.uniform() < 0.25 then
      lines[#lines + 1] = s .. "\n"
    else
      lines[#lines] = lines[#lines]:sub(1, -2) .. " " .. s .. "\n"
    end
    line = s
    size = size + #s + 1
  end
  return table.concat(lines)
end

for domain in pairs(grammar) do -- the order does not matter: every document has its own stream
  for k = 1, documents do
    local path = string.format("%s/%s/%02d.txt", out_dir, domain, k)
    local f = assert(io.open(path, "wb"), "make the folder first: " .. path)
    assert(f:write(document(domain, k)))
    f:close()
  end
end
