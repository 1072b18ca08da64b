//! The first steps in one give what they give one by one.

use bundle_preprocess::{InputSource, Limits};

use crate::{support, vectors::vectors};

/// Kernels whose passes are fused, and sizes that shrink, grow and turn the order about.
const KERNELS: [&str; 4] = [
    r#"impl = "pillow", impl_version = "lt13", interpolation = "bicubic""#,
    r#"impl = "pillow", impl_version = "ge13", interpolation = "lanczos""#,
    r#"impl = "torchvision_u8", antialias = true, interpolation = "bilinear""#,
    r#"impl = "torchvision_u8", antialias = false, interpolation = "bicubic""#,
];
const SIZES: [(u32, u32); 4] = [(31, 24), (7, 90), (150, 5), (301, 333)];

#[test]
fn one_step_or_three() {
    let mut compared = 0;
    let directory = fs_err::read_dir(vectors().0).expect("a directory");
    for entry in directory {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "jpg") {
            continue;
        }
        let source = InputSource::File(fs_err::read(&path).expect("a file"));
        for (kernel, (height, width)) in
            KERNELS.iter().flat_map(|kernel| SIZES.map(|size| (kernel, size)))
        {
            let resize = format!(
                "{{ op = \"resize\", size = {{ height = {height}, width = {width} }}, {kernel} }}"
            );
            for color in [None, Some(r#"{ op = "convert_color", to = "RGB" }"#)] {
                let decode = r#"{ op = "decode_image", exif_orientation = "apply" }"#;
                let steps: Vec<&str> =
                    [Some(decode), color, Some(&resize)].into_iter().flatten().collect();
                let pipeline = support::pipeline(
                    "image",
                    &[&steps[..], &[r#"{ op = "layout", to = "NHWC" }"#]].concat(),
                );
                let pipeline = pipeline.expect("it compiles").with_limits(Limits::default());
                // Stages are wanted of each step, so none is left out.
                let each = pipeline.run(&source, true).map(|prepared| prepared.published);
                let fused = pipeline.run(&source, false).map(|prepared| prepared.published);
                assert_eq!(
                    each.map_err(|e| e.to_string()),
                    fused.map_err(|e| e.to_string()),
                    "{} {resize}",
                    path.display()
                );
                compared += 1;
            }
        }
    }
    assert!(compared >= 100, "{compared}");
}

#[test]
fn damage_is_found_either_way() {
    let steps = [
        r#"{ op = "decode_image", exif_orientation = "ignore" }"#,
        r#"{ op = "resize", size = { height = 9, width = 14 }, impl = "pillow", impl_version = "ge13", interpolation = "bicubic" }"#,
        r#"{ op = "layout", to = "NHWC" }"#,
    ];
    let pipeline = support::pipeline("image", &steps).expect("it compiles");
    let mut state = 1_u32;
    let mut next = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(state >> 8).unwrap_or_default() % below
    };
    for name in ["420.jpg", "422.jpg", "444.jpg", "restart.jpg"] {
        let whole = fs_err::read(vectors().0.join(name)).expect("a file");
        for round in 0..150 {
            let mut file = whole.clone();
            if round % 3 == 0 {
                file.truncate(next(whole.len()));
            } else {
                for _ in 0..=round % 4 {
                    let at = next(file.len());
                    file[at] ^= 1 << next(8);
                }
            }
            let source = InputSource::File(file);
            let each = pipeline.run(&source, true).map(|prepared| prepared.published);
            let fused = pipeline.run(&source, false).map(|prepared| prepared.published);
            assert_eq!(
                each.map_err(|error| error.to_string()),
                fused.map_err(|error| error.to_string()),
                "{name} {round}"
            );
        }
    }
}
