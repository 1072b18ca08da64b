// Times both pages of each network in Chromium, in turn, from the disk: opening to ready, the
// first answer, the median of many, and the most memory that the page's process held.
//
//     node bench.mjs MODULES CASES OUT [--smoke]

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { ARGUMENTS, WITHOUT_NETWORK } from "../chromium.mjs";

const smoke = process.argv.includes("--smoke");
const [modules, casesFile, out] = process.argv.slice(2).filter((word) => word !== "--smoke");
const require = createRequire(join(modules, "x.js"));
const puppeteer = require("puppeteer-core");
const ROUNDS = smoke ? 1 : 5;
const RUNS = smoke ? 3 : 20;

const cases = JSON.parse(readFileSync(casesFile));
const rows = [];
for (const one of cases) {
  const found = { ours: [], theirs: [] };
  // In turn, so that what else the machine does falls on both.
  for (let round = 0; round < ROUNDS; round += 1) for (const whose of ["ours", "theirs"]) found[whose].push(await timed(one, whose));
  const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
  const row = { name: one.name, model: one.model };
  for (const whose of ["ours", "theirs"]) {
    row[whose] = { bytes: readFileSync(one[whose]).length };
    for (const key of ["ready", "first", "total", "run", "memory"]) row[whose][key] = median(found[whose].map((one) => one[key]));
  }
  rows.push(row);
  const words = ({ bytes, ready, first, run, memory }) => `${(bytes / 1e6).toFixed(1)} MB, ready ${ready.toFixed(0)} ms, first ${first.toFixed(1)}, median ${run.toFixed(2)}, ${memory} MB held`;
  console.log(`    ${one.name}: ours ${words(row.ours)}; onnxruntime-web ${words(row.theirs)}`);
}
const mean = (key) => Math.exp(rows.reduce((sum, { ours, theirs }) => sum + Math.log(ours[key] / theirs[key]), 0) / rows.length);
const ratios = Object.fromEntries(["bytes", "ready", "total", "run", "memory"].map((key) => [key, mean(key)]));
console.log(`    geometric mean, ours / theirs: ${Object.entries(ratios).map(([key, value]) => `${key} ${value.toFixed(2)}`).join(", ")}`);
writeFileSync(out, JSON.stringify({ rows, ratios }, null, 1));

async function timed(one, whose) {
  const browser = await puppeteer.launch({ executablePath: "/usr/bin/chromium", headless: true, protocolTimeout: 300_000, args: [...ARGUMENTS, WITHOUT_NETWORK] });
  const page = await browser.newPage();
  page.setDefaultTimeout(120_000);
  await page.evaluateOnNewDocument(() => {
    // Our page's worker, so that it can be asked without the page around it.
    const Plain = self.Worker;
    self.Worker = class extends Plain {
      constructor(...values) {
        super(...values);
        self.modelWorker = this;
        this.addEventListener("message", ({ data }) => {
          if (data.opened) self.readyAt = performance.now();
          if (data.answer && data.answer.id === this.replayed) self.firstAt ??= performance.now();
        });
      }

      postMessage(message, ...rest) {
        // The first example that the page runs.
        const words = message.ask && new TextDecoder().decode(new Uint8Array(message.ask.question.slice(4, 44)));
        if (words?.includes('"ask":"replay"')) this.replayed ??= message.ask.id;
        super.postMessage(message, ...rest);
      }
    };
  });
  await page.goto(pathToFileURL(one[whose]).href, { waitUntil: "domcontentloaded" });
  await page.waitForFunction(() => self.readyAt);
  // What our page does by itself once it is ready would be timed along.
  if (whose === "ours") await page.waitForFunction(() => document.getElementById("examples-check").dataset.mark !== "unknown");
  const result = await page.evaluate(whose === "ours" ? askOurs : askTheirs, one, RUNS);
  const process = browser.process().pid;
  const memory = await heldBy(browser, process);
  await browser.close();
  const { ready, first, runs } = result;
  runs.sort((a, b) => a - b);
  return { ready, first, total: ready + first, run: runs[Math.floor(runs.length / 2)], memory };
}

async function askOurs(one, count) {
  const files = Object.entries(one.files).map(([name, text]) => [name, Uint8Array.fromBase64(text)]);
  const question = new TextEncoder().encode(JSON.stringify({ ask: "predict", inputs: Object.fromEntries(files.map(([name, file]) => [name, { file: file.length }])) }));
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, question.length, true);
  const parcel = await new Blob([head, question, ...files.map(([, file]) => file)]).arrayBuffer();
  const ask = (id) =>
    new Promise((resolve, reject) => {
      const hear = ({ data }) => {
        if (data.failed) reject(new Error(data.failed.words));
        if (data.answer?.id !== id) return;
        self.modelWorker.removeEventListener("message", hear);
        const buffer = data.answer.answer;
        const length = new DataView(buffer).getUint32(0, true);
        const answer = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
        if (answer.error) reject(new Error(answer.error));
        else resolve(answer);
      };
      self.modelWorker.addEventListener("message", hear);
      self.modelWorker.postMessage({ ask: { id, question: parcel.slice(0) } });
    });
  const times = [];
  for (let at = 0; at <= count; at += 1) {
    const start = performance.now();
    await ask(`bench-${at}`);
    times.push(performance.now() - start);
  }
  return { ready: self.readyAt, first: self.firstAt - self.readyAt, runs: times.slice(1) };
}

async function askTheirs(one, count) {
  await self.ready;
  const times = [];
  for (let at = 0; at <= count; at += 1) {
    const start = performance.now();
    await self.run(one.feeds);
    times.push(performance.now() - start);
  }
  return { ready: self.readyAt, first: times[0], runs: times.slice(1) };
}

/** The most memory that the largest process of the browser held, in MB: the page's own. */
async function heldBy(browser, root) {
  const session = await browser.target().createCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const held = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => {
    try {
      return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1] ?? 0);
    } catch {
      return 0;
    }
  });
  return Math.round(Math.max(...held, 0) / 1000);
}
