---@meta pointsman
-- SPDX-License-Identifier: MIT
-- Definitions for editors (LuaCATS, lua-language-server): put this folder into `workspace.library`.  Never
-- run.  The full text is docs/write-an-experiment.md; parameters of plugins: `pointsman plugins KIND/NAME`.

---@class pointsman
local pm = {}

---@alias pm.kind "quality"|"loss"|"winprob"|"best"|"rank"
---@alias pm.sense "soft"|"hard"|"budget"
---@alias pm.value number|string|boolean

---@class pm.Dataset
---@class pm.Corpus
---@class pm.Mix
---@class pm.Split
---@class pm.Embedder
---@class pm.Backend
---@class pm.Router
---@class pm.Constraint
---@class pm.Objective
---@class pm.Expert
---@class pm.Library
---@class pm.Grid
---@class pm.Ablation
---@class pm.Sweep
---@class pm.Experiment

---@class pm.ExperimentFields
---@field name? string what results call it; the file's name if absent
---@field asks? string the question in words
---@field data pm.Dataset|pm.Corpus
---@field seeds? integer[]|integer one run of everything that is random for each; { 1 }
---@field split? pm.Split by = "given", tune = 0.2
---@field embedder? pm.Embedder|false pm.embedder "lsa" {}
---@field library? pm.Library|"from data" "from data"
---@field routers pm.Router[]
---@field constraints? pm.Constraint[]
---@field ablation? pm.Ablation
---@field objective? pm.Objective pm.objective "penalty" {}
---@field backend? pm.Backend outcomes straight from the data if absent
---@field rival? string|string[] labels of routers and baselines ("domain majority") that differences are reported against
---@field pair? { strong: string, weak: string } ids of two experts: two-model scores (APGR, CPT) of every router
---@field stream? { prefix: number, orders: integer, seed: integer } how an objective that learns between decisions meets the test prompts
---@field decontaminate? number test prompts with a training prompt at this cosine or above are dropped
---@field flags? "error"|"warn" prompts may weigh soft constraints; what is done with a flag that is not understood
---@field measure? "outcomes"|"battles" "battles": who won on the test prompts; "outcomes"
---@field reference? boolean false: do not add "knn (reference)" when no router is a knn
---@field bootstrap? pm.BootstrapFields
---@field delta? number within delta of the best counts as a hit; 0.02
---@field train_sizes? (integer|"all")[] learning curves: routers trained on so many prompts too
---@field size? string one of sizes; --set size=NAME
---@field sizes? table<string, table> fields that replace the experiment's own

---@class pm.BootstrapFields
---@field resamples? integer 2000
---@field level? number 0.95
---@field seed? integer 0
---@field paired_by? "prompt"|"group" what is resampled; "group"

---@param fields pm.ExperimentFields
---@return pm.Experiment
function pm.experiment(fields) end

---@class pm.DatasetFields
---@field min_known? number share of its cells that a model must have; 0.98, 0 keeps all
---@field models? string[] keep these models only, in this order

--- A folder in the format of docs/data-format.md, relative to the script, the current folder or the share
--- folder.  May stand alone: pm.dataset "datasets/toy"
---@param path string
---@return pm.Dataset|fun(fields: pm.DatasetFields): pm.Dataset
function pm.dataset(path) end

---@class pm.CorpusFields
---@field test? number share of a domain's characters for test prompts; 0.10
---@field train? number share for training routers; 0.20
---@field big_document? number a document above this share of its domain goes to the experts; 0.07
---@field min_chars? integer of a prompt; 300
---@field max_chars? integer of a prompt; 800
---@field cap_test? integer prompts a domain, 0 = all; 500
---@field cap_train? integer prompts a domain, 0 = all; 1500
---@field domain_bytes? integer clean text kept of a domain; 6000000
---@field overlap? number drop a prompt with more of its 8-word shingles in expert text; 0.30
---@field near_duplicate? integer equal among 8 shingle hashes; 3
---@field min_domains? integer 2
---@field min_domain_bytes? integer a smaller domain is left out; 20000
---@field max_file_bytes? integer

--- A folder with a folder of texts for every domain: its experts are trained and run (docs/corpora.md).  May
--- stand alone: pm.corpus "datasets/toy_corpus"
---@param name string
---@return pm.Corpus|fun(fields: pm.CorpusFields): pm.Corpus
function pm.corpus(name) end

--- How much of each domain's text an expert learns.
---@param fields { base?: number, doses?: table<string, number>, without?: string[] }
---@return pm.Mix
function pm.mix(fields) end

---@class pm.SplitFields
---@field by? "given"|"prompt"|"group"|"fold" "fold": seed s tests fold (s - 1) mod folds
---@field folds? integer by "fold" alone; 5
---@field train? number share, by prompt or group; 0.6
---@field tune? number share (of the train part when given or by fold); 0.2, of a corpus 0.15
---@field test? number share; 0.2
---@field seed? integer 1

---@param fields pm.SplitFields
---@return pm.Split
function pm.split(fields) end

---@param name string
---@return fun(parameters: table<string, pm.value>): pm.Embedder
function pm.embedder(name) end

---@param name string
---@return fun(parameters: table<string, pm.value>): pm.Backend
function pm.backend(name) end

---@param name string
---@return fun(parameters: { label?: string, [string]: pm.value|pm.Grid }): pm.Router
function pm.router(name) end

---@param name string
---@return fun(parameters: { weight?: number|pm.Grid|pm.Sweep, sense?: pm.sense, bound?: number, label?: string, phrases?: table<string, number>, [string]: any }): pm.Constraint
function pm.constraint(name) end

---@param name string
---@return fun(parameters: table<string, pm.value>): pm.Objective
function pm.objective(name) end

--- Values to try on the tuning part.
---@param values pm.value[]
---@return pm.Grid
function pm.grid(values) end

---@param fields { from: number, to: number, steps: integer, scale?: "linear"|"log1p"|"log" }
---@return pm.Sweep
function pm.sweep(fields) end

---@class pm.AblationFields
---@field [integer] "leave_one_out"|"one_at_a_time"|"shapley"|"interactions" what is asked; leave_one_out
---@field at? table<string, number> weights w* by constraint; those of the constraints, the first of a sweep
---@field levels? table<string, number[]|pm.Grid|pm.Sweep> of one_at_a_time and of design "full"; 0 and w*
---@field design? "none"|"full"|"fractional"|"random"|"latin_hypercube"
---@field points? integer of random and latin_hypercube; 256
---@field range? table<string, number[]> { low, high, scale = "log" } of drawn and fractional designs
---@field resolution? integer of fractional: 3, 4 or 5; 4
---@field permutations? integer orders that Shapley values of more than 12 constraints are sampled from; 256
---@field seed? integer 1
---@field fronts? string[][] two or three of "quality"|"loss", "utility", "cost" and constraints each
---@field routers? string[] labels; all

--- What each constraint does (docs/ablation.md): field `ablation` of pm.experiment.
---@param fields pm.AblationFields
---@return pm.Ablation
function pm.ablation(fields) end

---@class pm.ExpertFields
---@field id? string the model's name in the data
---@field backend? pm.Backend what runs it over a corpus
---@field learns? pm.Mix what it learns of a corpus
---@field price? { input: number, output: number, cached?: number } USD per million tokens
---@field params? number number of parameters
---@field released? string YYYY-MM-DD
---@field knowledge_cutoff? string YYYY-MM-DD
---@field licence? string SPDX identifier
---@field trust? number 0 to 1
---@field trust_evidence? string|string[] words: licence, safetensors, known_organisation, no_remote_code, audited; or free text
---@field energy_wh_per_ktok? number Wh per 1,000 tokens
---@field carbon_g_per_ktok? number g CO2e per 1,000 tokens
---@field output_tokens? number usual length of its answers
---@field reading_grade? number usual reading grade of its answers
---@field region? string
---@field context? number tokens
---@field latency_first_ms? number
---@field latency_token_ms? number
---@field modalities? string|string[]
---@field tools? boolean
---@field tags? string|string[]
---@field [string] number|string|boolean|string[]|table attributes of one's own

---@param fields pm.ExpertFields
---@return pm.Expert
function pm.expert(fields) end

---@param fields { name?: string, currency?: "USD", [integer]: pm.Expert }
---@return pm.Library
function pm.library(fields) end

---@class pm.Matrix indices begin at 1; what nobody measured is NaN (pm.known)
local matrix = {}
---@return integer
function matrix:rows() end
---@return integer
function matrix:cols() end
---@param i integer
---@param j integer
---@return number
function matrix:get(i, j) end
---@param i integer
---@param j integer
---@param v number
function matrix:set(i, j, v) end
---@param i integer
---@return number[]
function matrix:row(i) end
--- Sum over columns of row i times row k of the other matrix.
---@param i integer
---@param other pm.Matrix
---@param k integer
---@return number
function matrix:dot(i, other, k) end

---@class pm.Prompts
---@field n integer
---@field text string[] text[i]; where needs has "text"
---@field embed pm.Matrix n x d; where needs has "embed"

---@class pm.Outcomes
---@field prompts pm.Prompts
---@field n integer
---@field kind "quality"|"loss"
---@field value pm.Matrix n x m
---@field cost_usd? pm.Matrix n x m
---@field tokens_out? pm.Matrix n x m

---@class pm.Fit: pm.Outcomes
---@field m integer experts
---@field experts pm.ExpertFields[]
---@field weight? number[]
---@field tune? pm.Outcomes

---@class pm.Scores
---@field value pm.Matrix to be filled, n x m
---@field spread? pm.Matrix to be filled when asked
---@field kind pm.kind what the values mean
---@field experts pm.ExpertFields[]

---@class pm.RouterFn
---@field name? string
---@field doc? string
---@field params? table<string, pm.value|table>
---@field needs? ("text"|"embed"|"values")[] { "values" }
---@field reads? string[] expert attributes
---@field emits? pm.kind what the data holds if absent
---@field spread? boolean predict fills out.spread
---@field train fun(fit: pm.Fit, p: table): table
---@field predict fun(state: table, prompts: pm.Prompts, out: pm.Scores, p: table)

---@param fields pm.RouterFn
---@return pm.Router|fun(parameters: table): pm.Router as it is, or with parameters
function pm.router_fn(fields) end

---@class pm.ObjectiveCell
---@field value number
---@field spread? number
---@field cost_usd? number
---@field kind pm.kind
---@field expert pm.ExpertFields
---@field i integer prompt
---@field j integer expert
---@field terms table<string, number> label -> weight times value of every soft constraint
---@field raw table<string, number> label -> value of every constraint

---@class pm.ObjectiveFn
---@field name? string
---@field doc? string
---@field accepts pm.kind[]
---@field reads? string[] expert attributes
---@field needs_spread? boolean true: routers without spread are refused
---@field params? table<string, pm.value|table>
---@field score fun(cell: pm.ObjectiveCell, p: table): number higher is better

---@param fields pm.ObjectiveFn
---@return pm.Objective|fun(parameters: table): pm.Objective
function pm.objective_fn(fields) end

---@class pm.ConstraintCell
---@field expert pm.ExpertFields
---@field j integer
---@field i? integer per_prompt only
---@field text? string per_prompt only
---@field value? number the router's prediction; per_prompt only

---@class pm.ConstraintFn
---@field name? string
---@field doc? string
---@field unit? string
---@field params? table<string, pm.value|table>
---@field senses? pm.sense[]
---@field reads? string[] expert attributes
---@field per_prompt? boolean
---@field signed_weight? boolean true: a weight below 0 means that more is better
---@field usual_bound? number > 0: bound of a hard use that names none, and hard unless sense says otherwise
---@field phrases? table<string, number> words of prompt flags -> what they add to the weight
---@field value fun(cell: pm.ConstraintCell, p: table): number >= 0, lower is better

---@param fields pm.ConstraintFn
---@return pm.Constraint|fun(parameters: table): pm.Constraint
function pm.constraint_fn(fields) end

--- The value of another .lua file, beside the script or below the current folder.
---@param path string
---@return any
function pm.load(path) end

---@param text string
function pm.log(text) end

--- Zeros.
---@param rows integer
---@param cols integer
---@return pm.Matrix
function pm.matrix(rows, cols) end

--- In [0,1): a pure function of the run's seed, stream and i; inside policies only.
---@param stream integer
---@param i integer
---@return number
function pm.uniform(stream, i) end

---@param x number
---@return boolean
function pm.known(x) end

return pm
