// SPDX-License-Identifier: MIT
//
// Nats of every next token under llama.cpp: node llama_nats.mjs FILE.gguf IDS.json, with POINTSMAN_NODE_LLAMA the
// node_modules folder that holds node-llama-cpp.  IDS.json: [[id, ...], ...].  Prints {"version", "nats": [[...], ...]}.
import fs from "node:fs";
import path from "node:path";
import {pathToFileURL} from "node:url";

const modules = process.env.POINTSMAN_NODE_LLAMA;
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(path.join(modules, "node-llama-cpp/dist/index.js")).href);
const version = JSON.parse(fs.readFileSync(path.join(modules, "node-llama-cpp/package.json"))).version;
const llama = await getLlama({gpu: false, build: "never", logLevel: LlamaLogLevel.error, maxThreads: 2});
const model = await llama.loadModel({modelPath: process.argv[2], gpuLayers: 0});
const context = await model.createContext({contextSize: 512, sequences: 1, threads: 2, flashAttention: false});
const nats = [];
for (const ids of JSON.parse(fs.readFileSync(process.argv[3]))) {
    const sequence = context.getSequence();
    const input = ids.map((id) => [id, {generateNext: {probabilities: true}}]);
    const out = await sequence.controlledEvaluate(input);
    nats.push(ids.slice(1).map((id, t) => -Math.log(out[t].next.probabilities.get(id))));
    await sequence.clearHistory();
    sequence.dispose();
}
console.log(JSON.stringify({version: `node-llama-cpp ${version}`, nats}));
process.exit(0);
