//! The first steps in one give what they give one by one.

use bundle_preprocess::{InputSource, Limits};

use crate::support;

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
    let directory = fs_err::read_dir(support::vectors().0).expect("a directory");
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
