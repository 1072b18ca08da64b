// Files and folders dropped onto a part of the page. The buttons there do the same, by keyboard too.

/** Files and folders looked into before a drop is taken for a mistake. */
const MOST_DROPPED = 100_000;

/** What is wrong with a drop: the key of its words. */
export class DropProblem extends Error {}

/** `take(entries)` hears what was dropped onto `zone`, { file, path } each, with folders opened; `refused(error)` what could not be. */
export function acceptDropped(zone, take, refused) {
  const over = (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    zone.classList.add("over");
  };
  zone.addEventListener("dragenter", over);
  zone.addEventListener("dragover", over);
  zone.addEventListener("dragleave", (event) => {
    // Going over to a child is no leaving.
    if (!zone.contains(event.relatedTarget)) zone.classList.remove("over");
  });
  zone.addEventListener("drop", (event) => {
    zone.classList.remove("over");
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    droppedFiles(event.dataTransfer).then(take, refused);
  });
}

/** The files of a drop, those in folders too. Nothing is waited for before all is asked: a browser then forgets the list. */
async function droppedFiles(transfer) {
  const items = [...(transfer.items ?? [])].filter(({ kind }) => kind === "file");
  const roots = items.map((item) => ({ file: item.getAsFile(), entry: item.webkitGetAsEntry?.() }));
  const found = [];
  const folders = [];
  for (const { file, entry } of roots) {
    if (entry?.isDirectory) folders.push(entry);
    else if (file) found.push({ file, path: file.name });
  }
  let seen = 0;
  while (folders.length > 0) {
    for (const entry of await entriesOf(folders.pop())) {
      seen += 1;
      if (seen > MOST_DROPPED) throw new DropProblem("own_drop_large");
      if (entry.isDirectory) folders.push(entry);
      else found.push({ file: await asked((resolve, reject) => entry.file(resolve, reject)), path: entry.fullPath.replace(/^\//, "") });
    }
  }
  return found;
}

async function entriesOf(folder) {
  const reader = folder.createReader();
  const found = [];
  // A reader gives some at a time, and none at the end.
  for (;;) {
    const some = await asked((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return found;
    for (const entry of some) found.push(entry);
  }
}

/** Some browsers open no folder that is dropped onto a page from the disk. */
function asked(ask) {
  return new Promise((resolve, reject) => ask(resolve, () => reject(new DropProblem("own_drop_closed"))));
}
