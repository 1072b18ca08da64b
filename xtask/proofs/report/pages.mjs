// Opens reports as a person would, from the disk, and asks axe-core about each in every
// state that a browser can be in.
//
//     node pages.mjs CHROMIUM MODULES OUT PAGE... [--smoke]

import { createRequire } from "node:module";
import { readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";

import { ARGUMENTS } from "../chromium.mjs";

const smoke = process.argv.includes("--smoke");
const [executablePath, modules, out, ...pages] = process.argv.slice(2).filter((a) => a !== "--smoke");
const require = createRequire(join(modules, "x.js"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const states = [
  { name: "light", colorScheme: "light" },
  { name: "dark", colorScheme: "dark" },
  { name: "forced colours", colorScheme: "dark", forcedColors: "active" },
  { name: "320 px", colorScheme: "light", width: 320 },
  { name: "200 %", colorScheme: "light", width: 640, scale: 2 },
  { name: "print", colorScheme: "light", media: "print" },
].slice(0, smoke ? 1 : undefined);

mkdirSync(out, { recursive: true });
const browser = await chromium.launch({
  executablePath,
  args: ARGUMENTS,
});
const rows = [];
let bad = 0;
for (const file of pages) {
  for (const state of states) {
    const options = {
      viewport: { width: state.width ?? 1100, height: 900 },
      deviceScaleFactor: state.scale ?? 1,
      colorScheme: state.colorScheme,
      forcedColors: state.forcedColors ?? "none",
      offline: true,
    };
    // As it is: nothing is loaded, nothing is refused.
    const plain = await browser.newContext(options);
    const page = await plain.newPage();
    const said = [];
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    page.on("request", (request) => request.url().startsWith("file:") || said.push(`loads ${request.url()}`));
    await page.goto(pathToFileURL(file).href);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth + 1);
    if (overflow) said.push("is wider than the window");
    const name = `${basename(file, ".html")}-${state.name.replaceAll(/[^a-z0-9]+/g, "-")}`;
    if (state.media) await page.emulateMedia({ media: state.media });
    await page.screenshot({ path: join(out, `${name}.png`), fullPage: true });
    await plain.close();
    // With axe, which the page's own policy keeps out.
    const opened = await browser.newContext({ ...options, bypassCSP: true });
    const inspected = await opened.newPage();
    await inspected.goto(pathToFileURL(file).href);
    if (state.media) await inspected.emulateMedia({ media: state.media });
    for (const open of [false, true]) {
      await inspected.evaluate((open) => document.querySelectorAll("details").forEach((d) => { d.open = open; }), open);
      await inspected.evaluate(axe);
      const found = await inspected.evaluate((tags) => axe.run(document, { runOnly: tags }), tags);
      const violations = found.violations.map((v) => `${v.id}: ${v.nodes[0].target} ${v.nodes[0].failureSummary}`);
      bad += violations.length + said.length;
      rows.push({ page: basename(file), state: state.name, details: open ? "open" : "closed", rules: found.passes.length, violations: violations.length, said: said.length });
      for (const line of [...violations, ...said.splice(0)]) console.log(`    ${basename(file)}, ${state.name}: ${line}`);
    }
    await opened.close();
  }
}
await browser.close();
writeFileSync(join(out, "rows.json"), JSON.stringify(rows));
console.log(`    ${rows.length} looks at ${pages.length} pages, ${bad} violations and complaints`);
process.exit(bad === 0 ? 0 : 1);
