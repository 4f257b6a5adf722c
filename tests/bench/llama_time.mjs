// SPDX-License-Identifier: MIT
//
// Seconds (median) in which llama.cpp reads a prompt: node llama_time.mjs FILE.gguf THREADS TOKENS ROUNDS, with
// POINTSMAN_NODE_LLAMA the node_modules folder that holds node-llama-cpp.  It gives the last token's logits only, which
// is less work than scoring every token.
import path from "node:path";
import {pathToFileURL} from "node:url";

const [file, threads, tokens, rounds] = process.argv.slice(2);
const modules = process.env.POINTSMAN_NODE_LLAMA;
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(path.join(modules, "node-llama-cpp/dist/index.js")).href);
const llama = await getLlama({gpu: false, build: "never", logLevel: LlamaLogLevel.error, maxThreads: +threads});
const model = await llama.loadModel({modelPath: file, gpuLayers: 0});
const context = await model.createContext({contextSize: 512, batchSize: 512, sequences: 1, threads: +threads});
const sequence = context.getSequence();
const ids = Array.from({length: +tokens}, (_, i) => 1000 + ((i * 7919) % 40000));
const took = [];
for (let r = 0; r <= +rounds; r++) {
    await sequence.clearHistory();
    const start = process.hrtime.bigint();
    await sequence.evaluateWithoutGeneratingNewTokens(ids);
    if (r > 0) took.push(Number(process.hrtime.bigint() - start) * 1e-9);
}
took.sort((a, b) => a - b);
console.log(took[Math.floor(took.length / 2)]);
process.exit(0);
