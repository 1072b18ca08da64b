//! Inputs become tensors, tensors become meaning.
//!
//! An [`InputPipeline`] is compiled from the `steps` of an input: every operation
//! states what it takes and gives, so a pipeline that cannot work is an error that
//! names the step, before any file is opened. An [`OutputPipeline`] does the same for
//! what comes out of a network, and says what it means ([`Outcome`]).
//!
//! ```
//! use bundle_manifest::{Manifest, NoFiles};
//! use bundle_preprocess::{InputPipeline, InputSource};
//!
//! let manifest = Manifest::from_toml(r#"
//!     format = 1
//!     [bundle]
//!     name = "patients"
//!     version = "1.0.0"
//!     title = "A row of a table"
//!     license = "MIT"
//!     [models.risk]
//!     onnx = "risk.onnx"
//!     [[inputs]]
//!     name = "patient"
//!     kind = "table"
//!     tensors = { X = "value" }
//!     steps = [
//!       { op = "columns", columns = [{ name = "age", kind = "number" }] },
//!       { op = "standard_scale", mean = [50.0], scale = [10.0] },
//!       { op = "column_concat", dtype = "float32" },
//!     ]
//! "#)?;
//! let pipeline = InputPipeline::compile(&manifest.inputs[0], &NoFiles)?;
//! let prepared = pipeline.run(&InputSource::File(b"age\n65\n".to_vec()), false)?;
//! assert_eq!(prepared.published["value"].to_f64s(), [1.5]);
//!
//! let error = pipeline.run(&InputSource::File(b"age\nold\n".to_vec()), false).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "step 0 `columns` of `patient`: row 1 of column `age` is `old`, not a number"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Operations
//!
//! What each computes, where its formula is from and how it was checked is said in the
//! module that holds it. `exact` and `ulp` are [`Guarantee`]s, proven against the library.
//!
//! | operation | takes | gives | guarantee |
//! |---|---|---|---|
//! | `decode_image` | a JPEG, PNG, WebP or TIFF file | an image, uint8 (or uint16) | exact: Pillow |
//! | `decode_dicom` | a DICOM file | an image, uint8 or uint16, float32 where computed | exact: pydicom |
//! | `convert_color` | an image, uint8 (uint16 where nothing is computed) | the same, other channels | exact: Pillow, OpenCV |
//! | `resize`, `impl = "pillow"` | an image, uint8 | the same, other size | exact: Pillow 9.5 to 13.0, but for one case (see `resize`) |
//! | `resize`, other `impl`s; `letterbox` | an image, uint8 (float32 for `torchvision_f32`) | the same, other size | exact: torchvision, OpenCV; see [`guarantee`] |
//! | `center_crop`, `crop`, `pad` | an image | the same, other size | exact |
//! | `rescale`, `normalize` | an image or a tensor | the same in float32 | exact: NumPy |
//! | `layout` | an image | a tensor | exact |
//! | `ensure_dtype` | an image, a table or a tensor | the same, other elements | exact: NumPy, or refused |
//! | `expand_dims` | a tensor | a tensor with an axis more | exact: NumPy |
//! | `zero_mean_unit_variance`, `scale_range`, `scale_linear`, `clip`, `binarize`, `reverse_channels`, `transpose` | an image, a sound or a tensor | the same | see `array` |
//! | `decode_array`, `window`, `difference` | an NPY file; a tensor | a tensor | exact: NumPy |
//! | `decode_audio`, `resample`, `preemphasis`, `pad_or_trim` | a WAV or FLAC file; a sound | a sound | see `audio` |
//! | `stft`, `mel`, `log`, `kaldi_fbank`, `drop_last_frame` | a sound; its frequencies | a tensor, float64 | see `audio` |
//! | `lowercase`, `tokenize`, `bytes` | a text; a file | a text; ids, int64, published with their masks | exact: tokenizers |
//! | `columns` | a CSV file or JSON rows | a table | exact: Python `float` |
//! | `impute`, `standard_scale`, `min_max_scale`, `one_hot`, `ordinal_encode` | a table | a table, float64 | exact: scikit-learn |
//! | `column_concat` | a numeric table | a tensor, rows × columns | exact: NumPy |
//! | `softmax`, `sigmoid` | a tensor of floats | the same | ulp for float16, float32 |
//! | `argmax` | a tensor | int64, an axis less | exact: NumPy |
//! | `top_k` | a tensor | its largest; publishes `values`, `indices` | exact |
//! | `threshold`, `decode_boxes`, `nms` | a tensor of scores; of boxes | 0 and 1; boxes × 6 | see `boxes` |
//! | `pool`, `l2_norm`, `ctc_greedy`, `detokenize` | a tensor | vectors; ids; a text | see `embedding`, `text` |
//!
//! # Published values
//!
//! A pipeline publishes `value`, its result as a tensor: an image as height × width ×
//! channels (gray: height × width), a numeric table as float64 rows × columns. When it
//! ends with a table, it publishes every numeric column by name, rows × 1, too.
//!
//! An input of kind `tensor` needs no step: it takes an NPY array, or a nested JSON array,
//! whose integers become int64, booleans bool, and other numbers float32.
//!
//! # Hostile input
//!
//! Whatever is dropped on an input, nothing panics, and nothing is allocated that
//! [`Limits`] does not allow.

mod arithmetic;
mod array;
mod audio;
mod boxes;
mod cast;
mod class_map;
mod color;
mod columns;
mod decode;
mod diagnose;
mod embedding;
mod encode;
mod error;
mod fused;
mod geometry;
mod group;
mod guarantee;
mod half;
mod infer;
mod kind;
mod labels;
mod layout;
mod letterbox;
mod likeness;
mod limits;
mod npy;
mod ops;
mod outcome;
mod perturb;
mod picture;
mod pipeline;
mod resize;
mod resource;
mod scores;
mod series;
mod source;
mod tensor;
mod text;
mod token_text;
mod value;
mod variants;

pub use cast::CastError;
pub use class_map::{ClassMap, class_map};
pub use diagnose::{Cause, Diagnosis, Distance, Recording, Undecided, diagnose, undecided};
pub use error::StepError;
pub use guarantee::{Guarantee, guarantee};
pub use infer::{Inferred, Pair, infer};
pub use labels::{LabelMap, LabelMapError};
pub use likeness::{TraitRange, Traits, Unlike};
pub use limits::Limits;
pub use npy::{NpyError, read_npy, write_npy};
pub use outcome::{DetectedBox, Outcome, OutputPipeline, RankedLabel};
pub use perturb::Perturbation;
pub use picture::picture;
pub use pipeline::{InputPipeline, Prepared, Stage};
pub use tensor::{NamedTensors, ShapeError, Tensor, TensorData};
pub use value::{Audio, Channels, Image, InputSource, Samples, Storage, Table, TableColumn, Value};
pub use variants::{Variant, fitted, variants};
