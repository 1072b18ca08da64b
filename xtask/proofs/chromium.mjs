// How Chromium is started in proofs: as it is, but for what would ask the network by itself.

export const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
/** No name is found: nothing can be loaded. */
export const WITHOUT_NETWORK = "--host-resolver-rules=MAP * ~NOTFOUND";
