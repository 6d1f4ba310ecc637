// nlp.js as its readme uses it, on the files that `evenkeel eval` reads: {"text": …, "intent": …} a line, `oos` for what no intent covers.
//
//   npm ci
//   node peer.mjs TRAIN.jsonl TEST.jsonl

import { readFileSync } from "node:fs";
import { dockStart } from "@nlpjs/basic";

const read = (file) =>
  readFileSync(file, "utf8").split("\n").filter((line) => line.trim()).map((line) => JSON.parse(line));

// The chance that an in-scope message has a higher score than an out-of-scope one; equal scores count half.
function auroc(inScope, outOfScope) {
  const all = [...inScope.map((score) => [score, 1]), ...outOfScope.map((score) => [score, 0])].sort((a, b) => a[0] - b[0]);
  let sum = 0;
  for (let i = 0, j; i < all.length; i = j) {
    for (j = i; j < all.length && all[j][0] === all[i][0]; j += 1);
    sum += ((i + 1 + j) / 2) * all.slice(i, j).filter(([, own]) => own).length;
  }
  return (sum - (inScope.length * (inScope.length + 1)) / 2) / (inScope.length * outOfScope.length);
}

// The same order at each run. nlp.js learns line by line: files sorted by intent cost it up to a quarter of its accuracy.
function shuffled(lines) {
  let state = 1;
  const below = (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
  for (let i = lines.length - 1; i > 0; i -= 1) {
    const j = below(i + 1);
    [lines[i], lines[j]] = [lines[j], lines[i]];
  }
  return lines;
}

const [trainFile, testFile] = process.argv.slice(2);
if (!testFile) {
  console.error("usage: node peer.mjs TRAIN.jsonl TEST.jsonl");
  process.exit(2);
}
const train = shuffled(read(trainFile).filter(({ intent }) => intent !== "oos"));
const test = read(testFile);

const dock = await dockStart({ settings: { nlp: { autoSave: false, log: false, nlu: { log: false } } }, use: ["Basic", "LangEn"] });
const nlp = dock.get("nlp");
nlp.addLanguage("en");
for (const { text, intent } of train) nlp.addDocument("en", text, intent);
let began = performance.now();
await nlp.train();
const trained = (performance.now() - began) / 1000;

const intents = new Set(train.map(({ intent }) => intent));
const scores = { in: [], out: [] };
const times = [];
let right = 0;
for (const { text, intent } of test) {
  began = performance.now();
  const { classifications } = await nlp.process("en", text);
  times.push(performance.now() - began);
  // `None` is no intent: the best of the others counts, as evenkeel's best intent counts whether it would answer or not.
  const best = classifications.filter(({ intent }) => intent !== "None").reduce((a, b) => (b.score > a.score ? b : a), { score: 0 });
  const covered = intents.has(intent);
  (covered ? scores.in : scores.out).push(best.score);
  if (covered && best.intent === intent) right += 1;
}
times.sort((a, b) => a - b);
const percent = (share) => (100 * share).toFixed(1);
console.log(
  [
    `accuracy ${percent(right / scores.in.length)}`,
    `AUROC ${scores.out.length ? percent(auroc(scores.in, scores.out)) : "–"}`,
    `training ${trained.toFixed(1)} s`,
    `a message ${times[times.length >> 1].toFixed(2)} ms (median)`,
    `memory ${Math.round(process.resourceUsage().maxRSS / 1000)} MB at most`,
  ].join(" · "),
);
