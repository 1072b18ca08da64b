// Puts the page together: inputs, the answer, the examples, and one run at a time.

import { batchSection, readGiven, readNumbers, takesNumbers } from "./batch.js";
import { breakSection } from "./break.js";
import { authored, authoredCode, byId, el, saveFile, setCheck, withCode } from "./dom.js";
import { exampleList, replayAll } from "./examples.js";
import { flagsSection } from "./flags.js";
import { makeInput } from "./inputs.js";
import { readRaster } from "./mask.js";
import { vectorMemory } from "./neighbours.js";
import { renderOutput, summary } from "./outputs.js";
import { delta, integer, t } from "./strings.js";
import { localTransport } from "./local.js";
import { lastPicture, seenSteps, unlikeNotice } from "./seen.js";
import { httpTransport, TransportError } from "./transport.js";

/** Kinds of outputs that are shown over what the model saw, or as the text that it was given. */
const DRAWN_OVER = new Set(["boxes", "mask", "keypoints", "tokens", "image"]);

const description = JSON.parse(byId("description").textContent);
const transport = document.documentElement.dataset.transport === "local" ? localTransport(description) : httpTransport();
const status = byId("status");
let running = null;

const inputs = new Map();
for (const one of description.inputs) {
  inputs.set(one.name, makeInput(one, { limit: description.limits?.file_bytes, changed, refused: showError, reader: { takesNumbers, readGiven, readNumbers } }));
}
const runButton = el("button", { type: "submit", class: "button primary" }, t("run"));
const cancelButton = el("button", { type: "button", class: "button", onclick: cancel, hidden: true }, t("cancel"));
const clearButton = el("button", { type: "button", class: "button quiet", onclick: clear }, t("clear"));
const form = byId("form");
form.append(
  ...[...inputs.values()].map((input) => input.element),
  el("div", { class: "actions" }, runButton, cancelButton, clearButton),
  el("p", { class: "hint destination" }, transport.destination),
);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  predict();
});

// Vectors say something only beside others, so those that were answered are remembered.
const vectors = vectorMemory(description.outputs, (count) => t("neighbour_own", { number: integer(count) }));
const examples = exampleList(description, transport, showExample, vectors.replayed);
byId("replay-all")?.addEventListener("click", () => exclusive(null, (signal) => replayAll(description, transport, examples, signal)));
status.replaceChildren(t(description.examples.length > 0 ? "no_answer_yet" : "no_answer_without_examples"));
acceptPaste();
keepDroppedFilesHere();
showUsage();
offerCopy();
batchSection(description, transport, byId("own-data-body"));
// What can be done with an answer: each hears of every one, and when there is none any more.
const followers = [breakSection(description, transport, byId("breaking")), flagsSection(description, byId("flags"))];
if (transport.local) open();

/** One thing runs at a time: a new one ends the one before it. */
async function exclusive(words, work) {
  running?.abort();
  const mine = new AbortController();
  running = mine;
  byId("error").replaceChildren();
  cancelButton.hidden = false;
  document.body.classList.add("busy");
  if (words) status.replaceChildren(words);
  try {
    await work(mine.signal);
  } catch (error) {
    if (mine.signal.aborted) return;
    // An old answer beside a new failure would be read as its answer.
    if (words) forget();
    if (words) status.replaceChildren("");
    showError(error);
  } finally {
    if (running === mine) {
      running = null;
      if (cancelButton === document.activeElement) runButton.focus();
      cancelButton.hidden = true;
      document.body.classList.remove("busy");
    }
  }
}

function cancel() {
  running?.abort();
  status.replaceChildren(t("cancelled"));
}

/** A person changed an input: with a single file that is enough to run. */
function changed() {
  examples.select(null);
  const [only, ...others] = inputs.values();
  if (others.length === 0 && only.immediate && only.read()) predict();
  else if (byId("outputs").childElementCount > 0) status.replaceChildren(t("answer_kept"));
}

function clear() {
  running?.abort();
  for (const input of inputs.values()) input.clear();
  examples.select(null);
  byId("error").replaceChildren();
  forget();
  status.replaceChildren(t("no_answer_without_examples"));
}

/** Runs what is given; of an example without a recording, what is true of it is known all the same. */
function predict(truth = {}) {
  return exclusive(t("running"), async (signal) => {
    const given = new Map();
    for (const [name, input] of inputs) {
      const source = input.read();
      if (!source) throw new TransportError(t("error_missing_input", { name }), t("error_missing_input_hint"));
      given.set(name, source);
    }
    const answer = await transport.predict(given, signal, true);
    const { outputs, unlike, seen } = answer;
    const rasters = await readRasters(answer);
    signal.throwIfAborted();
    const beside = besideOf(answer, rasters);
    const shown = description.outputs.map((output) => ({ output, outcome: outputs[output.name], beside: { ...beside(output.name), truth: truthOf(truth, output) } }));
    show(shown, (words) => t("answered", { summary: words }));
    vectors.answered(outputs);
    heard({ inputs: given, outputs });
    if (unlike?.length > 0) byId("outputs").prepend(unlikeNotice(unlike));
    if (seen) byId("outputs").append(seenSteps(seen));
  });
}

/** What is true of an output, where that is known: one may be called like what every object has. */
function truthOf(truth, { name }) {
  return Object.hasOwn(truth, name) ? truth[name] : undefined;
}

function showExample(example) {
  return exclusive(t("running"), async (signal) => {
    examples.select(example.name);
    if (!example.expect) {
      await fill(example, signal);
      return predict(example.truth);
    }
    const [replay] = await Promise.all([transport.replay(example.name, signal), fill(example, signal)]);
    const given = [...inputs].filter(([name]) => Object.hasOwn(example.inputs, name)).map(([name, input]) => [name, input.read()]).filter(([, source]) => source);
    // A replay has the answers; what some are drawn over, only an answer has.
    const looked = description.outputs.some(({ kind }) => DRAWN_OVER.has(kind)) ? await transport.predict(new Map(given), signal, true) : {};
    const rasters = await readRasters(looked);
    signal.throwIfAborted();
    examples.note(replay);
    const also = besideOf(looked, rasters, example.name);
    const shown = description.outputs.map((output) => {
      const one = replay.outputs[output.name];
      const beside = { ...also(output.name), expected: one?.expected, replay: one, truth: truthOf(example.truth, output), recordedWith: example.recorded_with };
      return { output, outcome: one?.actual, beside };
    });
    const verdict = t(replay.holds ? "same_as_recorded" : "differs_from_recorded");
    const outputs = Object.entries(replay.outputs).map(([name, one]) => [name, one.actual]);
    heard({ inputs: new Map(given), outputs: Object.fromEntries(outputs) });
    show(shown, (words) => t("answered_example", { example: example.name, summary: `${words}; ${verdict}` }));
    const miss = firstMiss(replay);
    if (miss) byId("outputs").append(el("p", { "data-mark": "no" }, miss));
  });
}

/** The masks of an answer, read. */
async function readRasters({ rasters }) {
  const entries = Object.entries(rasters ?? {}).map(async ([name, raster]) => [name, await readRaster(raster)]);
  return Object.fromEntries(await Promise.all(entries));
}

/** What is shown beside each output of an answer, or of the replay of `example`, as far as it is known. */
function besideOf({ seen, pictures, tokens }, rasters, example = null) {
  const fed = lastPicture(seen);
  return (name) => ({ seen: fed, picture: pictures?.[name], raster: rasters[name], tokens: tokens?.[name], neighbours: vectors.beside(name, example) });
}

/** Where our values first leave the recorded ones, in words; null where they never do. */
function firstMiss(replay) {
  const step = replay.steps.find((one) => !one.propagated.holds);
  if (step) return `${t("first_step_that_differs", step)} (${delta(step.propagated.max_abs)})`;
  const network = replay.network.find((one) => !one.comparison.holds);
  return network ? `${t("network_differs", network)} (${delta(network.comparison.max_abs)})` : null;
}

/** What was answered may be tried further, and flagged. */
function heard(answer) {
  for (const follower of followers) follower.answered(answer);
}

/** There is no answer any more. */
function forget() {
  byId("outputs").replaceChildren();
  for (const follower of followers) follower.cleared();
}

async function fill(example, signal) {
  for (const [name, input] of inputs) {
    const given = example.inputs[name];
    if (!given) {
      input.clear();
      continue;
    }
    if (!given.file) {
      await input.write({ value: given.value });
      continue;
    }
    const blob = await transport.exampleFile(example.name, name, signal);
    await input.write({ file: new File([blob], given.file.split("/").at(-1), { type: blob.type }) });
  }
}

function show(results, sentence) {
  const known = results.filter(({ outcome }) => outcome);
  byId("outputs").replaceChildren(...known.map(({ output, outcome, beside }) => renderOutput(output, outcome, beside)));
  status.replaceChildren(sentence(known.map(({ output, outcome, beside }) => summary(output, outcome, beside)).join("; ")));
  const answer = byId("answer");
  const { top } = answer.getBoundingClientRect();
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (top < 0 || top > innerHeight * 0.7) answer.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
}

function showError(error) {
  const hint = error.hint && el("p", {}, ...withCode(error.hint));
  byId("error").replaceChildren(el("p", {}, el("strong", {}, t("error")), " ", authoredCode(error.message)), ...(hint ? [hint] : []));
  byId("error").scrollIntoView({ block: "nearest" });
}

/** The bundle in this page: checked before anything of it is run, then its examples are run again. */
async function open() {
  try {
    const said = await transport.opened();
    // The words were there before the bundle was checked; they must be the bundle's own.
    if (!sameWords(said)) throw Object.assign(new TransportError(t("refused_words")), { why: "words" });
    showChecked(said);
  } catch (error) {
    refuse(error);
    return;
  }
  await drawAsExamplesAre();
  const button = byId("download");
  button.disabled = false;
  button.addEventListener("click", () => saveFile(transport.name, transport.bundle()));
  if (!running && description.examples.some((example) => example.expect)) {
    await exclusive(null, (signal) => replayAll(description, transport, examples, signal));
  }
}

/** A drawing gets the size of the author's first picture: another size is another kind of input. */
async function drawAsExamplesAre() {
  for (const [name, input] of inputs) {
    const example = input.drawAt && description.examples.find((one) => one.inputs[name]?.file);
    if (!example) continue;
    const url = URL.createObjectURL(await transport.exampleFile(example.name, name));
    const picture = el("img", { src: url });
    // A picture that this browser cannot show leaves the pad as it is.
    await picture.decode().then(() => input.drawAt(Math.min(1024, Math.max(16, picture.naturalWidth, picture.naturalHeight))), () => {});
    URL.revokeObjectURL(url);
  }
}

function sameWords(said) {
  const plain = ({ signature, signer, ...words }) => JSON.stringify(words);
  return plain(said) === plain(description);
}

function showChecked({ signature, signer }) {
  setCheck("unchanged-check", "yes", [t("unchanged_local")], t("unchanged"));
  const words = [t(`signature_${signature}_why`), " ", ...(signer ? [authored(signer)] : [])];
  setCheck("signature-check", signature === "good" ? "yes" : "unknown", words, t(`signature_${signature}`));
  const badge = byId("signature-badge");
  badge.className = `badge badge-${signature}`;
  badge.replaceChildren(t(signature === "unsigned" ? "unsigned" : `signed_${signature}`));
  if (!running && byId("outputs").childElementCount === 0) status.replaceChildren(t("ready"));
}

/** A bundle that is not what it says is not run, and the page says so where nobody can miss it. */
function refuse(error) {
  running?.abort();
  const why = error.why;
  if (!why) {
    showError(error);
    return;
  }
  transport.close();
  byId("error").replaceChildren(
    el("p", {}, el("strong", {}, t(`refused_${why}`))),
    ...(why === "words" ? [] : [el("p", {}, t("refused_detail"), " ", authoredCode(error.message))]),
    el("p", {}, ...withCode(error.hint ?? t("refused_hint"))),
  );
  for (const control of document.querySelectorAll("main button, main input, main select, main textarea")) control.disabled = true;
  for (const id of ["unchanged-check", "signature-check"]) setCheck(id, "no", [t("not_checked_why")], t("not_checked"));
  byId("signature-badge").replaceChildren(t("not_checked"));
  status.replaceChildren(t("not_run"));
  byId("error").scrollIntoView({ block: "nearest" });
}

/** A picture pasted anywhere goes to the first input that takes pictures. */
function acceptPaste() {
  const target = [...inputs.values()].find((input) => input.takesPaste);
  if (!target) return;
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    target.give(files);
  });
}

/** A file dropped beside its place must not make the browser leave the page. */
function keepDroppedFilesHere() {
  for (const name of ["dragover", "drop"]) {
    window.addEventListener(name, (event) => {
      if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
    });
  }
}

function showUsage() {
  const text = transport.usage(description);
  if (!text) return;
  byId("usage").replaceChildren(text);
  byId("program").hidden = false;
}

function offerCopy() {
  const button = byId("copy-id");
  if (!button || !navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const words = await navigator.clipboard.writeText(byId("bundle-id").textContent).then(
      () => "copied",
      () => "copy_failed",
    );
    byId("copy-status").replaceChildren(t(words));
  });
}
