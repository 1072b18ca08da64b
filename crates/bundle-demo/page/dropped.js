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
  const roots = items.map((item) => {
    const entry = item.webkitGetAsEntry?.();
    // Chromium opens no entry on a page from the disk, but a handle; other browsers have no handles.
    const handle = entry?.isDirectory ? item.getAsFileSystemHandle?.().catch(() => null) : null;
    return { file: item.getAsFile(), entry, handle };
  });
  const found = [];
  const folders = [];
  for (const { file, entry, handle } of roots) {
    if (entry?.isDirectory) folders.push({ path: entry.name, entry, handle: await handle });
    else if (file) found.push({ file, path: file.name });
  }
  let seen = 0;
  while (folders.length > 0) {
    for (const one of await contentOf(folders.pop())) {
      seen += 1;
      if (seen > MOST_DROPPED) throw new DropProblem("own_drop_large");
      if (one.file) found.push(one);
      else folders.push(one);
    }
  }
  return found;
}

/** What is in a folder: { path, file }, or { path, entry, handle } of another folder. */
async function contentOf({ path, entry, handle }) {
  try {
    return handle ? await contentOfHandle(path, handle) : await contentOfEntry(path, entry);
  } catch {
    throw new DropProblem("own_drop_closed");
  }
}

async function contentOfHandle(path, folder) {
  const found = [];
  for await (const handle of folder.values()) {
    const below = `${path}/${handle.name}`;
    found.push(handle.kind === "file" ? { path: below, file: await handle.getFile() } : { path: below, handle });
  }
  return found;
}

async function contentOfEntry(path, folder) {
  const reader = folder.createReader();
  const found = [];
  // A reader gives some at a time, and none at the end.
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return found;
    for (const entry of some) {
      const below = `${path}/${entry.name}`;
      found.push(entry.isFile ? { path: below, file: await new Promise((resolve, reject) => entry.file(resolve, reject)) } : { path: below, entry });
    }
  }
}
