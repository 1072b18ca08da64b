// The author's recorded examples: try one, or run all of them again.

import { authored, byId, el, keepPixels, setCheck } from "./dom.js";
import { delta, integer, t, tn } from "./strings.js";

/** The list. `choose(example)` runs one and shows it; `transport` gives the files; `replayed` hears every replay. */
export function exampleList(description, transport, choose, replayed) {
  const pictures = new Set(description.inputs.filter((input) => input.kind === "image").map((input) => input.name));
  const cards = new Map();
  for (const example of description.examples) cards.set(example.name, makeCard(example, pictures, choose));
  const list = byId("example-list");
  list?.replaceChildren(...[...cards.values()].map((card) => el("li", {}, card.element)));
  loadWhenSeen(cards, transport);
  const { examples } = description;
  // Otherwise the check would wait for a replay that never comes.
  if (examples.length > 0 && !examples.some((example) => example.expect)) {
    setCheck("examples-check", "none", [t("examples_no_answers")]);
    byId("replay-all").hidden = true;
  }
  return {
    /** Marks the example that is shown above. */
    select(name) {
      for (const [key, card] of cards) {
        if (key === name) card.element.setAttribute("aria-current", "true");
        else card.element.removeAttribute("aria-current");
      }
    },
    /** Notes what a replay gave on its card. */
    note(replay) {
      replayed(replay);
      const words = t(replay.holds ? "same_as_recorded" : "differs_from_recorded");
      cards.get(replay.example)?.result.replaceChildren(el("span", { "data-mark": replay.holds ? "yes" : "no" }, words));
    },
    /** Notes that a replay came to nothing. */
    noteFailure(name) {
      cards.get(name)?.result.replaceChildren(el("span", { "data-mark": "no" }, t("could_not_run")));
    },
  };
}

function makeCard(example, pictures, choose) {
  const picture = Object.keys(example.inputs).find((name) => pictures.has(name) && example.inputs[name].file);
  const image = picture && el("img", { alt: "" });
  const result = el("span", { class: "example-result" });
  const truths = Object.values(example.truth);
  const element = el(
    "button",
    { type: "button", class: "example", onclick: () => choose(example) },
    image && el("span", { class: "thumb" }, image),
    el(
      "span",
      { class: "example-words" },
      el("strong", {}, authored(example.name)),
      " ",
      el("span", { class: "origin" }, t(`origin_${example.origin ?? "none"}`)),
      truths.length > 0 && " ",
      truths.length > 0 && el("span", { class: "example-truth" }, `${t("truth")}: `, authored(truths.join(", "))),
      " ",
      result,
    ),
  );
  return { element, result, image, picture, example };
}

function loadWhenSeen(cards, transport) {
  const wanting = new Map([...cards.values()].filter((card) => card.image).map((card) => [card.element, card]));
  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      const card = wanting.get(target);
      if (!isIntersecting || !card) continue;
      observer.unobserve(target);
      wanting.delete(target);
      loadThumb(card, transport);
    }
  });
  for (const element of wanting.keys()) observer.observe(element);
}

async function loadThumb({ image, picture, example }, transport) {
  try {
    const url = URL.createObjectURL(await transport.exampleFile(example.name, picture));
    const done = () => URL.revokeObjectURL(url);
    image.addEventListener("load", () => {
      keepPixels(image);
      done();
    });
    image.addEventListener("error", () => {
      image.hidden = true;
      done();
    });
    image.src = url;
  } catch {
    // Choosing the example says what is wrong; a card without a picture is enough here.
    image.hidden = true;
  }
}

/** Runs every example that has a recording, one after the other, and says how many agree. */
export async function replayAll(description, transport, list, signal) {
  const status = byId("replay-status");
  const examples = description.examples.filter((example) => example.expect);
  const different = [];
  let largest = 0;
  let done = 0;
  try {
    for (const example of examples) {
      status.replaceChildren(t("replay_progress", { done: integer(done), count: integer(examples.length) }));
      const replay = await replayOne(example, transport, list, signal);
      if (!replay?.holds) different.push(example.name);
      largest = Math.max(largest, replay?.max_abs ?? 0);
      done += 1;
    }
  } catch (error) {
    status.replaceChildren(t("replay_stopped", { done: integer(done), count: integer(examples.length) }));
    throw error;
  }
  const words = resultWords(examples.length, different, largest);
  const mark = examples.length === 0 ? "unknown" : different.length > 0 ? "no" : "yes";
  status.replaceChildren(el("span", { "data-mark": mark }, words));
  setCheck("examples-check", mark, [words]);
}

/** A replay, or null where the model refused this example; a transport that is gone ends them all. */
async function replayOne(example, transport, list, signal) {
  try {
    const replay = await transport.replay(example.name, signal);
    list.note(replay);
    return replay;
  } catch (error) {
    if (!error.refused) throw error;
    list.noteFailure(example.name);
    return null;
  }
}

function resultWords(count, different, largest) {
  if (count === 0) return t("nothing_recorded");
  if (different.length === 0) return tn("replay_result", count, { delta: delta(largest) });
  const same = integer(count - different.length);
  return t("replay_result_differs", { same, count: integer(count), names: different.join(", ") });
}
