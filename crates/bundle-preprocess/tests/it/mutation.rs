//! Small files of every decoder, damaged thousands of times, the same way each time.
//!
//! A decoder joins with a line in `SEEDS`: its step, and the inputs it begins from.

use std::time::{Duration, Instant};

use bundle_preprocess::{InputPipeline, InputSource, Limits, TensorData};

use crate::support::pipeline;

const IMAGE: &str = r#"{ op = "decode_image", exif_orientation = "apply", bit_depth16 = "keep" }, { op = "convert_color", to = "RGBA" }"#;
const DICOM: &str = r#"{ op = "decode_dicom", rescale = false, photometric = "apply" }"#;
const RESCALED: &str = r#"{ op = "decode_dicom", rescale = true, window = { center = 40, width = 400 }, photometric = "apply" }"#;

const SOUND: &str = r#"{ op = "decode_audio", mono = "first" }"#;

/// The kind of input, the steps from the one that decodes on, and files that it decodes.
const SEEDS: &[(&str, &str, &[&str])] = &[
    (
        "image",
        IMAGE,
        &[
            "420.jpg",
            "progressive.jpg",
            "restart.jpg",
            "arith.jpg",
            "arith-prog.jpg",
            "cmyk-base.jpg",
            "scans-three-2x2.jpg",
            "sampled-2x2-2x1-1x2.jpg",
            "exif6.jpg",
        ],
    ),
    (
        "image",
        IMAGE,
        &["rgb.png", "interlaced1.png", "palette-alpha.png", "rgba16.png", "exif6.png", "key.png"],
    ),
    (
        "image",
        IMAGE,
        &[
            "lossy-0-75.webp",
            "lossy-alpha-0-75.webp",
            "lossless-0.webp",
            "lossless-alpha-0.webp",
            "exif6-0.webp",
        ],
    ),
    (
        "image",
        IMAGE,
        &[
            "palette.tif",
            "bilevel-group4.tif",
            "bilevel-packbits.tif",
            "bilevel-tiff_lzw.tif",
            "planar-lzw.tif",
            "planar-None.tif",
            "palette4.tif",
            "turned-6.tif",
            "rgb-premultiplied.tif",
        ],
    ),
    (
        "image",
        DICOM,
        &[
            "rgb-rle.dcm",
            "rgb-planar.dcm",
            "jpeg-gray.dcm",
            "jpeg-YBR_FULL_422.dcm",
            "lossless-8.dcm",
        ],
    ),
    (
        "image",
        RESCALED,
        &[
            "ct-DeflatedExplicitVRLittleEndian.dcm",
            "ct-ImplicitVRLittleEndian.dcm",
            "ct-ExplicitVRBigEndian.dcm",
            "three-frames.dcm",
            "lossless-12.dcm",
            "white.dcm",
        ],
    ),
    ("audio", SOUND, &["tone8.wav", "float.wav", "speech16.flac", "stereo24.flac"]),
    ("audio", SOUND, &["speech16.flac", "stereo24.flac"]),
];

/// Damaged files of each decoder; `MUTATIONS` in the environment of the compiler asks for more.
const EACH: usize = 1000;
/// No file may take longer, by far, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(5);
const PIXELS: u64 = 1 << 20;

/// Numbers that look random, and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides.max(1)
    }

    fn byte(&mut self) -> u8 {
        const TELLING: [u8; 8] = [0, 1, 0x7f, 0x80, 0xfe, 0xff, 0xd9, 0x20];
        if self.roll(2) == 0 { TELLING[self.roll(8)] } else { self.roll(256).to_le_bytes()[0] }
    }

    /// A damaged copy: bytes changed, most of them near the start, or a part cut, doubled or lost.
    fn damage(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.roll(4) {
            let reach = if self.roll(3) == 0 { bytes.len() } else { bytes.len().min(400) };
            let at = self.roll(reach);
            match self.roll(10) {
                0 => bytes.truncate(at + self.roll(bytes.len() - at + 1)),
                1 => {
                    let end = (at + 1 + self.roll(16)).min(bytes.len());
                    bytes.drain(at.min(end)..end);
                }
                2 => {
                    let part = bytes[at..(at + self.roll(16)).min(bytes.len())].to_vec();
                    bytes.splice(at..at, part);
                }
                3 => {
                    let end = (at + 4).min(bytes.len());
                    bytes[at..end].fill(0xff);
                }
                _ if at < bytes.len() => bytes[at] = self.byte(),
                _ => {}
            }
            if bytes.is_empty() {
                break;
            }
        }
        bytes
    }
}

fn decoder(kind: &str, step: &str) -> InputPipeline {
    let limits = Limits { pixels: PIXELS, image_bytes: 16 << 20, ..Limits::default() };
    pipeline(kind, &[step]).expect("it compiles").with_limits(limits)
}

fn seed(name: &str) -> Vec<u8> {
    let folder = bundle_testkit::fixture("vectors/preprocess/inputs");
    let bytes = fs_err::read(folder.join(name)).expect("an input");
    assert!(bytes.len() < 16_384, "{name} is a small seed");
    bytes
}

/// Repairs the checksums of a PNG file, so that damage reaches the decoder.
fn with_checksums(mut png: Vec<u8>) -> Vec<u8> {
    let mut at = 8;
    while let Some(length) = png.get(at..at + 4) {
        let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let Some(data) = png.get(at + 4..at + 8 + length) else { break };
        let checksum = crate::hostile::crc32(data).to_be_bytes();
        let Some(stored) = png.get_mut(at + 8 + length..at + 12 + length) else { break };
        stored.copy_from_slice(&checksum);
        at += 12 + length;
    }
    png
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the clock decides nothing but whether it hangs")]
fn damaged_files_are_errors_of_the_step_or_images() {
    let each = option_env!("MUTATIONS").and_then(|each| each.parse().ok()).unwrap_or(EACH);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let (mut errors, mut images) = (0, 0);
    for (kind, step, names) in SEEDS {
        let decoder = decoder(kind, step);
        let seeds: Vec<Vec<u8>> = names.iter().map(|name| seed(name)).collect();
        for (name, seed) in names.iter().zip(&seeds) {
            let whole = decoder.run(&InputSource::File(seed.clone()), false);
            assert!(whole.is_ok(), "{name}: {whole:?}");
        }
        for index in 0..each {
            let name = names[index % names.len()];
            let mut bytes = dice.damage(&seeds[index % names.len()]);
            if bytes.starts_with(b"\x89PNG\r\n\x1a\n") && dice.roll(4) > 0 {
                bytes = with_checksums(bytes);
            }
            let start = Instant::now();
            match decoder.run(&InputSource::File(bytes), false) {
                Ok(prepared) => {
                    images += 1;
                    assert!(elements(prepared.published["value"].data()) <= 4 * PIXELS, "{name}");
                }
                Err(error) => {
                    errors += 1;
                    assert!(step.contains(&format!("\"{}\"", error.op)), "{name}: {error}");
                    assert!(!error.message.contains("Secret"), "{name}: {error}");
                }
            }
            assert!(start.elapsed() < PATIENCE, "{name} {index} took {:?}", start.elapsed());
        }
    }
    assert_eq!(errors + images, SEEDS.len() * each);
    assert!(errors > each && images > each / 2, "{errors} errors, {images} images");
}

fn elements(data: &TensorData) -> u64 {
    data.len() as u64
}
