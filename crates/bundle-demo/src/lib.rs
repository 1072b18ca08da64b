//! The page on which a person who does not program tries the model.
//!
//! One page, several transports. The page is plain HTML, CSS and ES modules
//! (`page/`), put together into one HTML text by [`page`]; it reaches the model
//! only through the interface in `page/transport.js`. This crate also says what
//! the page is told: the three wire views below. They are the same JSON for
//! every transport, and the HTTP API of `bundle serve` returns them as they are.
//!
//! # The wire views
//!
//! Names are stable. A later version may add keys; a reader ignores the keys it
//! does not know. Optional values that are absent are `null`, lists are never
//! `null`. JSON has no NaN: a number that is not finite is `null`, with its word
//! (`"NaN"`, `"Infinity"`, `"-Infinity"`) beside it.
//!
//! ## The description, [`describe`]
//!
//! ```json
//! {
//!   "format": 1,
//!   "name": "retina-grade", "version": "1.0.0",
//!   "title": "Grading retinopathy from fundus photographs",
//!   "authors": ["A. Author"], "license": "Apache-2.0",
//!   "paper": null, "task": null,
//!   "use": { "for": "one colour fundus photograph", "not_for": null },
//!   "id": "sha256:3f9a…", "signature": "unsigned", "signer": null,
//!   "inputs": [{
//!     "name": "photograph", "kind": "image", "description": null,
//!     "media_types": ["image/png", …], "extensions": [".png", ".jpg", ".jpeg", …],
//!     "columns": []
//!   }],
//!   "outputs": [{
//!     "name": "grade", "kind": "labels", "description": null, "unit": null,
//!     "labels": ["none", "mild", "moderate"], "unit_scale": true,
//!     "tolerance": { "atol": 1e-4, "rtol": 1e-3, "compare": "allclose" }
//!   }],
//!   "examples": [{
//!     "name": "moderate-01", "inputs": { "photograph": { "file": "examples/moderate-01.jpg" } },
//!     "expect": true, "origin": "drawn", "truth": { "grade": "moderate" },
//!     "recorded_with": "torch 2.5.1"
//!   }],
//!   "claims": [{ "output": "grade", "metric": "accuracy", "value": 0.874, "dataset": "Messidor-2 test" }]
//! }
//! ```
//!
//! - `use`, `id` and `labels` may be `null`: not stated, not packed, no label map.
//! - `signature` is `unsigned`, `good` or `unknown` (a bad one is not served); `signer` says by whom,
//!   and what stands against believing it.
//! - `columns` describes a table input: `name`, `kind` (`number`, `category`), and
//!   `unit`, `description`, `range` (two numbers), `categories`, each or `null`.
//! - `unit_scale` says that the last step maps scores to 0…1.
//! - An example input is `{ "file": … }` or `{ "value": … }`; `expect` says whether an
//!   output was recorded; `origin` is `drawn`, `picked`, `failure`, `flagged` or `null`.
//!
//! ## A prediction, [`prediction_view`]
//!
//! `{ "outputs": { NAME: OUTCOME } }`, where an outcome is one of
//!
//! ```json
//! { "kind": "labels", "rows": [[{ "index": 2, "label": "moderate", "score": 0.71 }]],
//!   "omitted_rows": 0, "omitted_labels": 0 }
//! { "kind": "scalar", "rows": [12.5, null], "not_finite": [[1, "NaN"]], "omitted_rows": 0 }
//! { "kind": "tensor", "dtype": "float32", "shape": [1, 3], "values": [0.5, 1.5, 2.5],
//!   "not_finite": [], "not_finite_count": 0, "omitted": 0, "min": 0.5, "max": 2.5, "mean": 1.5 }
//! ```
//!
//! `labels` ranks every row of the batch, best first; a score that is not finite is
//! `null` and its `word` says why. `values` are the first elements in C order (float16 as numbers,
//! booleans as 0 and 1); `min`, `max` and `mean` are over all finite elements, `null` where
//! there is none. The `omitted` counts say what an answer of this size leaves out.
//!
//! Asked through an [`Inquiry`] it may have more:
//!
//! ```json
//! { "unlike": [{ "input": "photograph", "words": "darker than …" }],
//!   "seen": { "photograph": [{ "index": 0, "op": "decode_image", "what": "RGB", "shape": [480, 640, 3], "picture": FILE }] },
//!   "pictures": { "heat": FILE },
//!   "rasters": { "vessels": { "width": 224, "height": 224, "classes": FILE } },
//!   "tokens": { "names": [{ "text": " Zürich", "label": "B-LOC", "score": 0.99 }] },
//!   "changed": FILE }
//! ```
//!
//! `unlike` says what of the inputs is far outside every example, `seen` what each step gave.
//! `pictures` are PNG files of arrays that can be pictures, `rasters` the classes of masks, a byte
//! per pixel, `tokens` the pieces of the text with their labels (`null` for a token that is no
//! part of it). `changed` is the input that was changed, a text as it is. A `FILE` is what the
//! transport says in its place: in a page the bytes behind the text, over HTTP
//! `{ "file_base64": … }`. What does not apply is empty or not there.
//!
//! ## A replay, [`replay_view`]
//!
//! ```json
//! {
//!   "example": "moderate-01", "holds": true, "max_abs": 3.1e-7,
//!   "outputs": { "grade": {
//!     "holds": true, "elements": 5, "outside": 0, "max_abs": 3.1e-7, "difference": null,
//!     "actual": OUTCOME, "expected": OUTCOME
//!   } },
//!   "steps": [{ "input": "photograph", "index": 2, "op": "resize",
//!     "local": COMPARISON, "propagated": COMPARISON }],
//!   "values": { "photograph": COMPARISON },
//!   "network": [{ "tensor": "logits", "comparison": COMPARISON }]
//! }
//! ```
//!
//! A comparison has `holds`, `elements`, `outside`, `max_abs` and `difference` (words or
//! `null`). `expected` is `null` where the recording has no meaning. `local` is our step on the recorded
//! value before it, `propagated` our step on our own value before it; `index` counts from 0.
//! `values` compares what each pipeline published, `network` what the network gave before
//! the outputs' steps; all three have only what was recorded.
//! `max_abs` at the top is the largest of the outputs.

mod answer;
mod description;
#[cfg(feature = "page")]
mod file;
mod inquiry;
#[cfg(feature = "page")]
mod modules;
#[cfg(feature = "page")]
mod page;
#[cfg(feature = "page")]
mod policy;
mod seen;

pub use answer::{prediction_view, replay_view};
pub use description::{describe, describe_loaded};
#[cfg(feature = "page")]
pub use file::{PROVE, PageFile, Provenance, provenance, runtime};
pub use inquiry::{AskError, Asked, Attach, Change, Inquiry};
#[cfg(feature = "page")]
pub use page::{PageError, Transport, page};
#[cfg(feature = "page")]
pub use policy::content_security_policy;
