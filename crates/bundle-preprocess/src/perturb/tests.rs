//! Every change of every kind, on inputs that are made here.

use bundle_manifest::{Manifest, NoFiles};

use super::*;
use crate::{Audio, Channels, Image, Samples, Storage};

fn pipeline(kind: &str, steps: &str) -> InputPipeline {
    let text = format!(
        "format = 1\n[bundle]\nname = \"x\"\nversion = \"1\"\ntitle = \"x\"\nlicense = \"MIT\"\n\
         [models.m]\nonnx = \"m.onnx\"\n[[inputs]]\nname = \"given\"\nkind = \"{kind}\"\n\
         steps = [{steps}]\ntensors = {{ x = \"value\" }}\n"
    );
    let manifest = Manifest::from_toml(&text).expect("a manifest");
    InputPipeline::compile(&manifest.inputs[0], &NoFiles).expect("a pipeline")
}

fn images() -> InputPipeline {
    pipeline(
        "image",
        "{ op = \"decode_image\", exif_orientation = \"apply\" }, { op = \"convert_color\", to = \"RGB\", alpha = \"drop\" }, { op = \"layout\", to = \"NCHW\" }",
    )
}

/// A picture with an edge, a ramp and a colour.
fn photograph() -> InputSource {
    let mut bytes = Vec::new();
    for y in 0..24_u8 {
        for x in 0..32_u8 {
            bytes.extend([if x < 16 { 20 } else { 220 }, y * 8, 100]);
        }
    }
    let (channels, storage, samples) = (Channels::Rgb, Storage::Direct, Samples::Uint8(bytes));
    let image = Image { height: 24, width: 32, channels, storage, samples };
    let unchanged =
        picture::change(&image, Perturbation::Brightness, 1.0, Random::new(0)).expect("a file");
    InputSource::File(unchanged)
}

fn pixels(pipeline: &InputPipeline, source: &InputSource) -> Vec<u8> {
    let value = pipeline.run_range(0..2, pipeline.first(source).expect("bytes")).expect("decodes");
    match value {
        Value::Image(Image { samples: Samples::Uint8(bytes), .. }) => bytes,
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn every_level_gives_a_picture_of_the_same_size_and_the_same_again() {
    let (pipeline, source) = (images(), photograph());
    let before = pixels(&pipeline, &source);
    let kinds = pipeline.perturbations();
    assert_eq!(kinds.len(), 8);
    for kind in kinds {
        let mut distances = Vec::new();
        for level in kind.levels() {
            let changed = pipeline.perturb(&source, kind, *level, 7).expect("changed");
            assert_eq!(changed, pipeline.perturb(&source, kind, *level, 7).expect("changed"));
            let after = pixels(&pipeline, &changed);
            assert_eq!(after.len(), before.len(), "{kind:?} {level}");
            distances.push(
                after.iter().zip(&before).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>(),
            );
        }
        assert!(distances[0] > 0 || kind == Perturbation::Jpeg, "{kind:?}: {distances:?}");
        assert!(distances.last() > distances.first(), "{kind:?}: {distances:?}");
    }
}

#[test]
fn no_strength_changes_nothing() {
    let (pipeline, source) = (images(), photograph());
    let before = pixels(&pipeline, &source);
    for (kind, none) in [
        (Perturbation::Rotate, 0.0),
        (Perturbation::Shift, 0.0),
        (Perturbation::Crop, 0.0),
        (Perturbation::Blur, 0.0),
        (Perturbation::Noise, 0.0),
        (Perturbation::Brightness, 1.0),
        (Perturbation::Contrast, 1.0),
    ] {
        let same = pipeline.perturb(&source, kind, none, 1).expect("changed");
        assert_eq!(pixels(&pipeline, &same), before, "{kind:?}");
    }
}

#[test]
fn a_quarter_turn_of_a_square_moves_its_corner_clockwise() {
    let mut bytes = vec![0; 25];
    bytes[4] = 200;
    let (channels, storage) = (Channels::L, Storage::Direct);
    let image = Image { height: 5, width: 5, channels, storage, samples: Samples::Uint8(bytes) };
    let turned =
        picture::change(&image, Perturbation::Rotate, 90.0, Random::new(0)).expect("a file");
    let pipeline = pipeline(
        "image",
        "{ op = \"decode_image\", exif_orientation = \"apply\" }, { op = \"convert_color\", to = \"L\", alpha = \"drop\", luma = \"pillow\" }, { op = \"layout\", to = \"NCHW\" }",
    );
    let after = pixels(&pipeline, &InputSource::File(turned));
    assert_eq!((after[4], after[24]), (0, 200));
}

#[test]
fn noise_has_the_deviation_that_was_asked_for() {
    let (channels, storage) = (Channels::L, Storage::Direct);
    let samples = Samples::Uint8(vec![128; 40_000]);
    let image = Image { height: 200, width: 200, channels, storage, samples };
    let file = picture::change(&image, Perturbation::Noise, 16.0, Random::new(3)).expect("a file");
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().expect("a PNG");
    let mut bytes = vec![0; 40_000];
    reader.next_frame(&mut bytes).expect("a frame");
    let mean = bytes.iter().map(|byte| f64::from(*byte)).sum::<f64>() / 40_000.0;
    let square = bytes.iter().map(|byte| (f64::from(*byte) - mean).powi(2)).sum::<f64>() / 40_000.0;
    assert!((mean - 128.0).abs() < 0.5 && (square.sqrt() - 16.0).abs() < 0.3, "{mean} {square}");
}

#[test]
fn sounds_are_louder_softer_and_noisier_by_decibels() {
    let audio = Audio { sampling_rate: 8000, samples: vec![0.5, -0.25, 0.125] };
    assert_eq!(gain(&audio.samples, 0.0), audio.samples);
    let half = gain(&audio.samples, -6.020_599_913_279_624);
    assert!(half.iter().zip([0.25, -0.125, 0.0625]).all(|(a, b)| (a - b).abs() < 1e-6));
    assert_eq!(gain(&audio.samples, 60.0), [1.0, -1.0, 1.0]);
    let tone: Vec<f32> = (0..40_000_u16).map(|at| libm::sinf(f32::from(at) * 0.1) * 0.3).collect();
    let noisy = hiss(&tone, 20.0, Random::new(5));
    let power =
        |samples: &mut dyn Iterator<Item = f32>| samples.map(|s| f64::from(s * s)).sum::<f64>();
    let noise = power(&mut noisy.iter().zip(&tone).map(|(a, b)| a - b));
    let ratio = 10.0 * (power(&mut tone.iter().copied()) / noise).log10();
    assert!((ratio - 20.0).abs() < 0.2, "{ratio}");
    let file = change(Value::Audio(audio.clone()), Perturbation::Gain, 0.0, Random::new(0));
    let sounds = pipeline("audio", "{ op = \"decode_audio\" }, { op = \"expand_dims\", axis = 0 }");
    let first = sounds.first(&file.expect("a file")).expect("bytes");
    assert_eq!(sounds.run_step(0, &first).expect("decodes"), Value::Audio(audio));
}

#[test]
fn words_are_left_out_and_the_rest_stays() {
    let text = "one two  three\nfour five six seven eight nine ten";
    assert_eq!(fewer_words(text, 0.0, Random::new(1)), text);
    assert_eq!(fewer_words(text, 100.0, Random::new(1)).trim(), "");
    let some = fewer_words(text, 50.0, Random::new(1));
    let kept = some.split_whitespace().count();
    assert!((1..10).contains(&kept), "{some}");
    assert!(some.split_whitespace().all(|word| text.contains(word)));
}

#[test]
fn one_square_of_the_grid_is_covered() {
    let (pipeline, source) = (images(), photograph());
    let before = pixels(&pipeline, &source);
    let all: Vec<_> = pipeline.occlusions(&source, 4).expect("a picture").collect();
    assert_eq!(all.len(), 16);
    let after = pixels(&pipeline, all[7].as_ref().expect("covered"));
    let differ = |at: &usize| after[*at] != before[*at];
    let places: Vec<usize> = (0..after.len()).filter(differ).map(|at| at / 3).collect();
    assert!(!places.is_empty());
    // 32 × 24 in four by four: columns 24 to 31, rows 6 to 11.
    assert!(places.iter().all(|at| at % 32 >= 24 && (6..12).contains(&(at / 32))), "{places:?}");
}

#[test]
fn what_cannot_be_changed_says_so() {
    let (images, source) = (images(), photograph());
    let wrong = images.perturb(&source, Perturbation::Gain, 1.0, 0).unwrap_err();
    assert_eq!(wrong.to_string(), "`given`: `gain` does not apply to it");
    let nan = images.perturb(&source, Perturbation::Blur, f64::NAN, 0).unwrap_err();
    assert!(nan.to_string().contains("is not a number"), "{nan}");
    let broken = InputSource::File(b"\x89PNG".to_vec());
    assert!(images.perturb(&broken, Perturbation::Blur, 1.0, 0).is_err());
    assert!(pipeline("tensor", "").perturbations().is_empty());
}
