// Opens pages of `bundle demo` from the disk, without a network, in real browsers, and does what
// a person does: looks, runs the examples, draws, types, chooses a file. What the page answers is
// held against `bundle run` on the same bytes; axe-core is asked about each state.
//
//     node drive.mjs MODULES BUNDLE CASES OUT [--smoke]

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { ARGUMENTS, WITHOUT_NETWORK } from "../chromium.mjs";

const smoke = process.argv.includes("--smoke");
const [modules, bundle, casesFile, out] = process.argv.slice(2).filter((word) => word !== "--smoke");
const require = createRequire(join(modules, "x.js"));
const puppeteer = require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** What three decimals of a score may hide. */
const ROUNDED = 6e-4;

const BROWSERS = {
  chromium: {
    browser: "chrome",
    executablePath: "/usr/bin/chromium",
    args: [...ARGUMENTS, WITHOUT_NETWORK],
  },
  firefox: {
    browser: "firefox",
    executablePath: "/usr/bin/firefox-esr",
    // A driver relaxes what a person's Firefox forbids a file; here it must not. A proxy that is
    // not there is the missing network.
    extraPrefsFirefox: { "remote.prefs.recommended": false, "security.fileuri.strict_origin_policy": true, "network.proxy.type": 1, "network.proxy.socks": "127.0.0.1", "network.proxy.socks_port": 9, "datareporting.policy.dataSubmissionEnabled": false, "app.update.enabled": false },
  },
};

mkdirSync(out, { recursive: true });
const problems = [];
const rows = [];
const cases = JSON.parse(readFileSync(casesFile));

for (const [name, options] of Object.entries(BROWSERS).slice(0, smoke ? 1 : undefined)) {
  const browser = await puppeteer.launch({ ...options, headless: true, protocolTimeout: 300_000 });
  const version = await browser.version();
  for (const one of cases) {
    const said = [];
    const row = { browser: version, name: one.name, bytes: statSync(one.page).size, violations: 0, states: 0 };
    const page = await open(browser, one.page, said);
    try {
      if (one.refused) await refused(page, row);
      else await look(page, one, name, row);
    } catch (error) {
      said.push(String(error));
      await page.screenshot({ path: join(out, `${name}-${one.name}-failed.png`) });
    }
    for (const line of said) problems.push(`${name}, ${one.name}: ${line}`);
    row.violations += said.length;
    rows.push(row);
    Object.assign(row, await page.evaluate(() => ({ painted: Math.round(performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0), stalled: Math.round(self.longestStall ?? 0) })));
    console.log(`    ${name} ${one.name}: painted ${row.painted} ms, longest stall ${row.stalled} ms, ready ${row.ready} ms, ${row.replayed ?? "–"}; ${row.answer ?? "–"} ${row.same ? "= bundle run" : "≠ bundle run"}; ${row.violations} violations`);
    await page.close();
  }
  await browser.close();
}
writeFileSync(join(out, "rows.json"), JSON.stringify(rows, null, 1));
for (const problem of problems) console.log(`    PROBLEM ${problem}`);
process.exit(problems.length > 0 || rows.some((row) => !row.same || row.violations > 0) ? 1 : 0);

async function open(browser, file, said) {
  const page = await browser.newPage();
  page.setDefaultTimeout(120_000);
  await page.setViewport({ width: 1100, height: 900 });
  page.on("console", (message) => said.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => said.push(`error: ${error.message}`));
  page.on("request", (request) => /^(file|blob|data|about):/.test(request.url()) || said.push(`loads ${request.url()}`));
  await page.evaluateOnNewDocument(() => {
    // The files that the page makes, so that the same bytes can be given to the command line.
    self.madeFiles = [];
    const make = URL.createObjectURL.bind(URL);
    URL.createObjectURL = (blob) => {
      self.madeFiles.push(blob);
      return make(blob);
    };
    // The longest time in which the page could not answer a person.
    self.longestStall = 0;
    let last = performance.now();
    setInterval(() => {
      const now = performance.now();
      self.longestStall = Math.max(self.longestStall, now - last - 10);
      last = now;
    }, 10);
    document.addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  page.started = Date.now();
  await page.goto(pathToFileURL(file).href, { waitUntil: "domcontentloaded" });
  return page;
}

function text(page, selector) {
  // What isolates words of another direction is not to be seen.
  return page.$eval(selector, (node) => node.textContent.replaceAll(/[\u2066-\u2069]/g, "").trim());
}

async function look(page, one, browser, row) {
  const judged = async (state) => {
    await page.evaluate(axe);
    const found = await page.evaluate((values) => axe.run({ runOnly: values }), TAGS);
    for (const violation of found.violations) console.log(`    axe, ${state}: ${violation.id}: ${violation.nodes.map((node) => node.target).join(", ").slice(0, 300)}`);
    row.violations += found.violations.length;
    row.states += 1;
  };
  await page.waitForFunction(() => document.getElementById("unchanged-check").dataset.mark !== "unknown" || document.getElementById("error").textContent);
  row.ready = Date.now() - page.started;
  const error = await text(page, "#error");
  if (error) throw new Error(error);
  if (await page.$("#examples-check")) {
    await page.waitForFunction(() => document.getElementById("examples-check").dataset.mark !== "unknown");
    row.replayed = await text(page, "#examples-check span");
    if ((await page.$eval("#examples-check", (node) => node.dataset.mark)) !== "yes") throw new Error(row.replayed);
  }
  await judged("opened");
  const inputs = await act(page, one);
  await page.waitForFunction(() => /^Done/.test(document.getElementById("status").textContent) || document.getElementById("error").textContent);
  row.answer = await text(page, "#status");
  const failed = await text(page, "#error");
  if (failed) throw new Error(failed);
  await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
  await judged("answered");
  row.same = await same(page, one, inputs, row);
  await page.evaluate(() => {
    for (const details of document.querySelectorAll("details")) details.open = details.matches(".seen-steps, .pad-box");
    scrollTo({ top: 0, behavior: "instant" });
  });
  await page.setViewport({ width: 1100, height: 1250 });
  await page.screenshot({ path: join(out, `${browser}-${one.name}-top.png`) });
  await page.setViewport({ width: 1100, height: 900 });
  if (one.do === "draw") await tryToBreak(page, judged);
  await flag(page, one, judged);
  if (one.do === "form") await ownData(page, inputs[0], row, judged);
  await page.screenshot({ path: join(out, `${browser}-${one.name}.png`), fullPage: true });
  if (one.do === "draw") await byKeyboard(page);
  if (browser === "chromium") {
    await readingOrder(page);
    await moods(page, judged, one);
  }
}

/** A page of a changed bundle says so in words, and runs nothing. */
async function refused(page, row) {
  await page.waitForFunction(() => document.getElementById("error").textContent);
  row.answer = (await text(page, "#error")).slice(0, 120);
  const state = await page.evaluate(() => ({
    marks: ["unchanged-check", "signature-check", "examples-check"].map((id) => document.getElementById(id).dataset.mark),
    open: [...document.querySelectorAll("main button, main input, main select")].filter((control) => !control.disabled).length,
    outputs: document.getElementById("outputs").childElementCount,
  }));
  row.same = !state.marks.includes("yes") && state.open === 0 && state.outputs === 0;
  if (!row.same) throw new Error(`not refused: ${JSON.stringify(state)}`);
}

/** Does it as a person does; returns what `bundle run` is to be given. */
async function act(page, one) {
  if (one.do === "draw") {
    await page.click(".pad-box summary");
    const pad = await page.$(".pad");
    await pad.scrollIntoView();
    const box = await pad.boundingBox();
    const at = (x, y) => [box.x + box.width * x, box.y + box.height * y];
    // A seven: a line across, and one down.
    await page.mouse.move(...at(0.28, 0.22));
    await page.mouse.down();
    await page.mouse.move(...at(0.72, 0.22), { steps: 8 });
    await page.mouse.move(...at(0.42, 0.82), { steps: 12 });
    await page.mouse.up();
    const made = await page.evaluate(async () => {
      const drawing = self.madeFiles.filter((blob) => blob instanceof File && blob.name === "drawing.png").at(-1);
      return drawing ? [...new Uint8Array(await drawing.arrayBuffer())] : null;
    });
    if (!made) throw new Error("no drawing was made");
    const file = join(out, "drawing.png");
    writeFileSync(file, Buffer.from(made));
    return [file];
  }
  if (one.do === "form") {
    const values = await page.evaluate(() => {
      // The middle of what the author vouches for, as the field's note says it.
      const fields = [...document.querySelectorAll("#form .field")];
      return fields.map((field) => {
        const control = field.querySelector("input, select");
        const [, low, high] = /([\d.,]+) to ([\d.,]+)/.exec(field.textContent) ?? [];
        const number = (words) => Number(words.replaceAll(",", ""));
        return { id: control.id, name: field.querySelector("bdi").textContent, value: low ? ((number(low) + number(high)) / 2).toPrecision(5) : control.options?.[1]?.value ?? "1" };
      });
    });
    for (const { id, value } of values) await page.type(`#${id}`, value);
    await page.keyboard.press("Enter");
    const file = join(out, "row.csv");
    writeFileSync(file, `${values.map(({ name }) => name).join(",")}\n${values.map(({ value }) => value).join(",")}\n`);
    return [file];
  }
  if (one.do === "type") {
    await page.type("#form textarea", one.text);
    await page.click("#form button[type=submit]");
    const file = join(out, "typed.txt");
    writeFileSync(file, one.text);
    return [file];
  }
  const chooser = await page.$("#form input[type=file]");
  await chooser.uploadFile(one.file);
  return [one.file];
}

/** Clicks a button where it is, once nothing moves any more. */
async function press(button) {
  await button.evaluate((node) => node.scrollIntoView({ block: "center", behavior: "instant" }));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await button.click();
}

function buttonSaying(page, section, words) {
  return page.evaluateHandle((id, text) => [...document.querySelectorAll(`#${id} button`)].find((button) => button.textContent.trim() === text), section, words);
}

/** A one, drawn with the arrow keys: the pen is put down, moved, and lifted. */
async function byKeyboard(page) {
  await press(await buttonSaying(page, "form", "Clear"));
  await press(await buttonSaying(page, "form", "Start again"));
  await page.$eval("#form .pad", (pad) => pad.focus());
  for (let step = 0; step < 12; step += 1) await page.keyboard.press("ArrowUp");
  await page.keyboard.press(" ");
  for (let step = 0; step < 24; step += 1) await page.keyboard.press("ArrowDown");
  await page.keyboard.press(" ");
  await page.waitForFunction(() => /^Done: 1 /.test(document.getElementById("status").textContent.replaceAll(/[\u2066-\u2069]/g, "")));
}

/** What a screen reader meets, in order: first what the model is for, then the work, then the trust. */
async function readingOrder(page) {
  const found = [];
  const walk = (node) => {
    if (node.role === "heading") found.push(node.name);
    for (const child of node.children ?? []) walk(child);
  };
  walk(await page.accessibility.snapshot({ interestingOnly: false }));
  const expected = ["Your input", "Answer", "Your own data stays here", "Flags", "How often is it right?", "Is it the real file?"];
  const places = expected.map((name) => found.indexOf(name));
  if (places.includes(-1) || places.some((place, at) => at > 0 && place < places[at - 1])) throw new Error(`headings are read as ${found.join(" / ")}`);
}

/** The drawing, changed more and more: a digit upside down is another one, or none. */
async function tryToBreak(page, judged) {
  const pressing = async (words, done) => {
    await press(await buttonSaying(page, "breaking", words));
    await page.waitForFunction((pattern) => new RegExp(pattern).test(document.querySelector("#breaking .status").textContent), {}, done);
  };
  await pressing("Run the change", "strengths tried\\.");
  if (!(await page.$("#breaking .plot-drawing"))) throw new Error("no plot");
  await judged("try to break it");
  await pressing("Which part matters", "^Every square was made grey once");
  await judged("which part matters");
  await pressing("All changes", "^8 changes tried");
  await judged("all changes");
}

/** A flag is kept, shown, exported without the input, and deleted. */
async function flag(page, one, judged) {
  const pressing = async (words) => press(await buttonSaying(page, "flags", words));
  await pressing("It is wrong here…");
  await page.evaluate(() => document.querySelector("#flags input[type=radio][value=wrong-answer]").click());
  await page.type("#flags textarea", "Seen by the proof.");
  await judged("flagging");
  await pressing("Save the flag");
  await page.waitForSelector("#flags table tbody tr");
  await judged("flagged");
  await pressing("Export flags");
  await page.waitForFunction(() => document.getElementById("flags").textContent.includes("Exported 1 flag."));
  const lines = await page.evaluate(async () => {
    const texts = await Promise.all(self.madeFiles.filter((blob) => !(blob instanceof File) && blob.size < 1e6).map((blob) => blob.text()));
    const text = texts.filter((text) => text.startsWith("{") && text.includes('"bundle-flags"')).at(-1);
    return text.trim().split("\n").map((line) => JSON.parse(line));
  });
  const [header, only] = lines;
  if (lines.length !== 2 || header.kind !== "bundle-flags" || header.bundle.name !== one.name || only.note !== "Seen by the proof.") throw new Error(`flags: ${JSON.stringify(lines).slice(0, 500)}`);
  for (const input of Object.values(only.inputs)) if ("base64" in input || "value" in input || !/^[0-9a-f]{64}$/.test(input.sha256)) throw new Error(`the input went along: ${JSON.stringify(input).slice(0, 200)}`);
  writeFileSync(join(out, `${one.name}-flags.jsonl`), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const merged = JSON.parse(execFileSync(bundle, ["flags", "merge", join(out, `${one.name}-flags.jsonl`), "--format", "json"], { encoding: "utf8" }));
  if (merged.flags !== 1) throw new Error(`merged: ${JSON.stringify(merged)}`);
  await pressing("Delete all");
  await pressing("Yes, delete 1 flag");
  await page.waitForFunction(() => !document.querySelector("#flags table"));
}

/** Many rows with a truth: the metrics of answers that are all the same are known. */
async function ownData(page, file, row, judged) {
  const [head, line] = readFileSync(file, "utf8").trim().split("\n");
  const answer = row.shown[0];
  const truths = [answer, answer, answer, "another", answer];
  const many = join(out, "rows.csv");
  writeFileSync(many, `${head},truth,place\n${truths.map((truth, at) => `${line},${truth},${at < 3 ? "here" : "there"}`).join("\n")}\n`);
  const chooser = await page.$("#own-table");
  await chooser.uploadFile(many);
  await page.waitForFunction(() => !document.querySelector("#own-data-body .primary").disabled);
  await press(await page.$("#own-data-body .primary"));
  await page.waitForFunction(() => document.querySelector(".own-results .summary"));
  await page.select("#own-slice", "place");
  const found = await page.$eval(".own-results", (node) => node.textContent);
  for (const words of ["0.8 (95 %: 0.3755–0.9638)", "By place, the worst first", "The worst cases"]) {
    if (!found.includes(words)) throw new Error(`own data does not say ${words}: ${found.slice(0, 400)}`);
  }
  await judged("own data");
}

/** Whether the page's answer is the command line's, as far as the page shows it. */
async function same(page, one, inputs, row) {
  const words = execFileSync(bundle, ["run", one.bundle, ...inputs, "--format", "json"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const [{ prediction }] = JSON.parse(words).predictions;
  const [outcome] = Object.values(prediction.outputs);
  const shown = await page.evaluate(() => ({
    ranking: [...document.querySelectorAll("table.ranking tbody tr")].map((line) => [line.querySelector("th").textContent, line.querySelector("td.numeric").textContent]),
    top: document.querySelector(".output .top")?.textContent ?? null,
    values: document.querySelector(".output pre code")?.textContent ?? null,
  }));
  if (one.mask) {
    // Pixels of each class, as the page writes them and as onnxruntime has them.
    const shown = await page.evaluate(() => [...document.querySelectorAll(".output .choice label")].map((label) => [label.querySelector("bdi").textContent, Number(label.closest("tr").lastElementChild.textContent.replaceAll(",", ""))]));
    if (JSON.stringify(shown.sort()) !== JSON.stringify(Object.entries(one.mask).sort())) throw new Error(`the mask has ${JSON.stringify(shown)}, not ${JSON.stringify(one.mask)}`);
  }
  row.shown = shown.ranking[0] ?? shown.top ?? shown.values?.slice(0, 60);
  const close = (a, b) => Math.abs(a - b) <= ROUNDED * Math.max(1, Math.abs(b));
  // The page writes <0.001 and >0.999 where three decimals would be 0 or 1.
  const shownAs = (words, value) => (words.startsWith("<") ? value < 0.001 : words.startsWith(">") ? value > 0.999 : close(Number(words), value));
  if (outcome.kind === "labels") {
    const expected = new Map(outcome.rows[0].map(({ label, score }) => [label, score]));
    return shown.ranking.length > 0 && shown.ranking.every(([label, score]) => shownAs(score, expected.get(label))) && shown.ranking[0][0] === outcome.rows[0][0].label;
  }
  if (outcome.kind === "scalar") return close(Number(/-?[\d.]+/.exec(shown.top)[0]), outcome.rows[0]);
  const values = shown.values.split(", ").map(Number);
  return values.length > 0 && values.every((value, index) => close(value, outcome.values[index]));
}

/** The same page in every mood that a person's browser may be in. */
async function moods(page, judged, one) {
  const session = await page.createCDPSession();
  const mood = async (...features) => {
    await session.send("Emulation.setEmulatedMedia", { features });
    // Colours fade into each other; what is judged is where they end.
    await new Promise((resolve) => setTimeout(resolve, 500));
  };
  await mood({ name: "prefers-color-scheme", value: "dark" });
  await judged("dark");
  await page.evaluate(() => scrollTo({ top: 0, behavior: "instant" }));
  await page.screenshot({ path: join(out, `dark-${one.name}.png`) });
  await mood({ name: "forced-colors", value: "active" }, { name: "prefers-color-scheme", value: "dark" });
  await judged("forced colours");
  await mood({ name: "forced-colors", value: "none" }, { name: "prefers-color-scheme", value: "light" });
  await page.setViewport({ width: 320, height: 800 });
  await judged("320 px");
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  if (wide > 320) throw new Error(`at 320 px the page is ${wide} px wide`);
  await page.setViewport({ width: 550, height: 450, deviceScaleFactor: 2 });
  await judged("200 %");
  await page.setViewport({ width: 1100, height: 900 });
  // An error: an empty file is refused in words.
  const chooser = await page.$("#form input[type=file]");
  if (!chooser) return;
  const empty = join(out, "empty.png");
  writeFileSync(empty, "");
  await chooser.uploadFile(empty);
  await page.waitForFunction(() => document.getElementById("error").textContent);
  await judged("error");
}
