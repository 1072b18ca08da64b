//! Input pipelines: what compiles, what is refused and in which words, what is published.

use bundle_manifest::NoFiles;
use bundle_preprocess::{
    Channels, Guarantee, Image, InputPipeline, InputSource, Limits, Samples, Storage, TensorData,
    Value, guarantee,
};
use serde_json::json;

use crate::support::{input, pipeline};

const DECODE: &str = r#"{ op = "decode_image", exif_orientation = "ignore" }"#;
const RGB: &str = r#"{ op = "convert_color", to = "RGB", alpha = "drop" }"#;
const RESIZE: &str = r#"{ op = "resize", impl = "pillow", impl_version = "ge13", size = { height = 4, width = 4 }, interpolation = "bilinear" }"#;
const NORMALIZE: &str = r#"{ op = "normalize", mean = [0.5, 0.5, 0.5], std = [0.5, 0.5, 0.5] }"#;
const LAYOUT: &str = r#"{ op = "layout", to = "NCHW" }"#;
const COLUMNS: &str = r#"{ op = "columns", columns = [{ name = "age", kind = "number" }, { name = "sex", kind = "category", categories = ["f", "m"] }] }"#;
const CONCAT: &str = r#"{ op = "column_concat", dtype = "float32" }"#;

#[test]
fn a_pipeline_that_cannot_work_names_the_step() {
    let cases: &[(&str, &[&str], &str)] = &[
        ("image", &[RESIZE], "step 0 `resize` of `given`: takes an image, got an undecoded file"),
        (
            "image",
            &[DECODE, LAYOUT, RESIZE],
            "step 2 `resize` of `given`: takes an image, got a tensor",
        ),
        (
            "image",
            &[DECODE, DECODE],
            "step 1 `decode_image` of `given`: takes a file, got an image",
        ),
        (
            "image",
            &[DECODE, r#"{ op = "softmax", axis = -1 }"#],
            "step 1 `softmax` of `given`: takes a tensor, got an image",
        ),
        (
            "image",
            &[DECODE, r#"{ op = "rescale", scale = 0.1 }"#, RESIZE],
            "step 2 `resize` of `given`: takes uint8 samples, got float32",
        ),
        (
            "image",
            &[DECODE, r#"{ op = "convert_color", to = "L", luma = "pillow" }"#, NORMALIZE],
            "step 2 `normalize` of `given`: `mean` and `std` are for 3 channels, the image has 1",
        ),
        ("text", &[], "`given`: a text without steps is no tensor"),
        ("audio", &[], "`given`: a sound without steps stays a file"),
        ("file", &[], "`given`: a file without steps stays a file"),
        ("image", &[], "`given`: an image without steps stays a file"),
        ("table", &[], "`given`: a table without steps stays a file"),
        (
            "table",
            &[COLUMNS, CONCAT],
            "step 1 `column_concat` of `given`: column `sex` is a category, not a number",
        ),
        ("tensor", &[DECODE], "step 0 `decode_image` of `given`: takes a file, got a tensor"),
    ];
    for (kind, steps, message) in cases {
        assert_eq!(pipeline(kind, steps).expect_err(message).to_string(), *message);
    }
}

#[test]
fn hints_say_what_to_do() {
    let hint = |kind, steps: &[&str]| pipeline(kind, steps).expect_err("refused").hint;
    assert_eq!(hint("image", &[RESIZE]).as_deref(), Some("put `decode_image` before it"));
    assert_eq!(
        hint("image", &[DECODE, LAYOUT, RESIZE]).as_deref(),
        Some("put this step before `layout`")
    );
    assert_eq!(hint("table", &[COLUMNS, CONCAT]).as_deref(), Some("put `one_hot` before it"));
}

#[test]
fn tensors_must_be_published() {
    let ask =
        |steps: &[&str], name: &str| InputPipeline::compile(&input("table", steps, name), &NoFiles);
    assert!(ask(&[COLUMNS], "age").is_ok());
    let error = ask(&[COLUMNS], "sex").expect_err("a category");
    assert_eq!(
        error.to_string(),
        "`given`: `tensors` asks for `sex`, but column `sex` is a category and no tensor"
    );
    let error = ask(&[COLUMNS], "value").expect_err("not all are numbers");
    assert_eq!(
        error.to_string(),
        "`given`: `tensors` asks for `value`, but column `sex` is a category and no tensor"
    );
    let error = ask(&[COLUMNS], "aeg").expect_err("a typo");
    assert_eq!(
        error.to_string(),
        "`given`: `tensors` asks for `aeg`, which the steps do not publish"
    );
    assert_eq!(error.hint.as_deref(), Some("did you mean `age`?"));
    let numeric = r#"{ op = "columns", columns = [{ name = "value", kind = "number" }] }"#;
    let error = ask(&[numeric], "value").expect_err("two of one name");
    assert_eq!(
        error.to_string(),
        "`given`: a column is named `value`, as the result of the steps is"
    );
}

#[test]
fn a_table_publishes_its_columns() {
    let columns = r#"{ op = "columns", columns = [{ name = "a", kind = "number" }, { name = "b", kind = "number" }] }"#;
    let pipeline = pipeline("table", &[columns]).expect("it compiles");
    let names: Vec<&str> = pipeline.published_names().iter().map(String::as_str).collect();
    assert_eq!(names, ["a", "b", "value"]);
    let rows = InputSource::Json(json!([{ "a": 1, "b": 2 }, { "a": 3, "b": 4 }]));
    let published = pipeline.run(&rows, false).expect("two rows").published;
    assert_eq!(published["a"].shape(), [2, 1]);
    assert_eq!(published["value"].shape(), [2, 2]);
    assert_eq!(published["b"].data(), &TensorData::Float64(vec![2.0, 4.0]));
    let missing = InputSource::Json(json!({ "a": 1, "b": null }));
    let error = pipeline.run(&missing, false).expect_err("missing");
    assert_eq!(error.to_string(), "`given`: row 1 of column `b` is missing");
}

#[test]
fn a_form_and_a_file_give_the_same() {
    let steps = [
        COLUMNS,
        r#"{ op = "one_hot", column = "sex", categories = ["f", "m"], unknown = "error" }"#,
        CONCAT,
    ];
    let pipeline = pipeline("table", &steps).expect("it compiles");
    let file = InputSource::File(b"sex,age\nm,41.5\n".to_vec());
    let form = InputSource::Json(json!({ "age": "41.5", "sex": "m" }));
    let run = |source| pipeline.run(source, false).expect("a row").published;
    assert_eq!(run(&file), run(&form));
    assert_eq!(run(&file)["value"].data(), &TensorData::Float32(vec![41.5, 0.0, 1.0]));
}

#[test]
fn a_trace_has_every_step_and_each_runs_alone() {
    let steps = [DECODE, RGB, RESIZE, r#"{ op = "rescale", scale = 0.5 }"#, NORMALIZE, LAYOUT];
    let pipeline = pipeline("image", &steps).expect("it compiles");
    let bytes = fs_err::read(bundle_testkit::fixture("vectors/preprocess/inputs/la.png"))
        .expect("an input");
    let source = InputSource::File(bytes.clone());
    let prepared = pipeline.run(&source, true).expect("it runs");
    let ops: Vec<&str> = prepared.stages.iter().map(|stage| stage.op).collect();
    assert_eq!(ops, ["decode_image", "convert_color", "resize", "rescale", "normalize", "layout"]);
    let mut before = Value::Bytes(bytes);
    for stage in &prepared.stages {
        let after = pipeline.run_step(stage.index, &before).expect("the same step");
        assert_eq!(after, stage.value, "{}", stage.op);
        let recorded = stage.value.to_tensor().expect("every stage is an array");
        before = Value::from_tensor(&recorded, &stage.value).expect("and the array is the stage");
        assert_eq!(before, stage.value);
    }
    assert_eq!(
        prepared.published["value"],
        prepared.stages[5].value.to_tensor().expect("a tensor")
    );
    let error = pipeline.run_step(6, &before).expect_err("no such step");
    assert_eq!(error.to_string(), "`given`: has 6 steps, and none has index 6");
    let error = pipeline.run_step(2, &before).expect_err("a tensor");
    assert_eq!(error.to_string(), "step 2 `resize` of `given`: takes an image, got a tensor");
}

#[test]
fn palettes_and_keys_need_a_conversion() {
    let pipeline = pipeline("image", &[DECODE, RESIZE]).expect("it compiles");
    let run = |name: &str| {
        let path = bundle_testkit::fixture("vectors/preprocess/inputs").join(name);
        pipeline.run(&InputSource::File(fs_err::read(path).expect("an input")), false)
    };
    for (name, what) in [
        ("palette.png", "a palette image"),
        ("gray1.png", "a 1-bit image"),
        ("key.png", "an image with a transparent colour"),
    ] {
        let error = run(name).expect_err(name);
        assert_eq!(
            error.to_string(),
            format!("step 1 `resize` of `given`: takes an image of plain samples, got {what}")
        );
        assert_eq!(
            error.hint.as_deref(),
            Some("put `convert_color` straight after `decode_image`")
        );
    }
    let error = run("rgb16.png").expect_err("16 bits");
    assert_eq!(
        error.to_string(),
        "step 0 `decode_image` of `given`: the file has 16-bit samples, and `bit_depth16` does not say what becomes of them"
    );
}

#[test]
fn a_tensor_needs_no_step() {
    let pipeline = pipeline("tensor", &[] as &[&str]).expect("it compiles");
    let source = InputSource::Json(json!([[1, 2, 3]]));
    let published = pipeline.run(&source, false).expect("an array").published;
    assert_eq!(published["value"].data(), &TensorData::Int64(vec![1, 2, 3]));
    let error = pipeline.run(&InputSource::Json(json!([[1], []])), false).expect_err("ragged");
    assert_eq!(error.to_string(), "`given`: the array is ragged: its rows differ in length");
}

#[test]
fn normalize_finds_the_channels_after_layout() {
    let after = pipeline(
        "image",
        &[
            DECODE,
            RGB,
            r#"{ op = "layout", to = "CHW" }"#,
            NORMALIZE,
            r#"{ op = "expand_dims", axis = 0 }"#,
        ],
    );
    let before = pipeline("image", &[DECODE, RGB, NORMALIZE, LAYOUT]);
    let bytes = fs_err::read(bundle_testkit::fixture("vectors/preprocess/inputs/tiny.png"))
        .expect("an input");
    let source = InputSource::File(bytes);
    let run = |pipeline: Result<InputPipeline, _>| {
        pipeline.expect("it compiles").run(&source, false).expect("it runs")
    };
    assert_eq!(run(after).published, run(before).published);
}

#[test]
fn limits_hold_for_every_step() {
    let limits = Limits { pixels: 1_000, ..Limits::default() };
    let steps = [DECODE, r#"{ op = "pad", size = [40, 40], position = "center", fill = 0 }"#];
    let pipeline = pipeline("image", &steps).expect("it compiles").with_limits(limits);
    let bytes = fs_err::read(bundle_testkit::fixture("vectors/preprocess/inputs/tiny.png"))
        .expect("an input");
    let error = pipeline.run(&InputSource::File(bytes), false).expect_err("1,600 pixels");
    assert_eq!(
        error.to_string(),
        "step 1 `pad` of `given`: an image of 40×40 has 1600 pixels, more than the limit of 1000"
    );
}

#[test]
fn guarantees_are_said() {
    let step = |text: &str| input("image", &[text], "value").steps.remove(0);
    assert_eq!(guarantee(&step(DECODE)), Guarantee::Exact);
    assert_eq!(guarantee(&step(RESIZE)), Guarantee::Exact);
    assert_eq!(
        guarantee(&step(&RESIZE.replace(
            r#""pillow", impl_version = "ge13""#,
            r#""torchvision_f32", antialias = true"#
        ))),
        Guarantee::Abs(3e-4)
    );
    assert_eq!(guarantee(&step(r#"{ op = "softmax", axis = 1 }"#)), Guarantee::Ulp);
}

#[test]
fn a_value_can_be_made_by_hand() {
    let pipeline = pipeline("image", &[DECODE, RESIZE]).expect("it compiles");
    let image = Image {
        height: 1,
        width: 1,
        channels: Channels::L,
        storage: Storage::Direct,
        samples: Samples::Uint8(vec![9]),
    };
    let Ok(Value::Image(image)) = pipeline.run_step(1, &Value::Image(image)) else {
        panic!("a resize gives an image");
    };
    assert_eq!(image.samples, Samples::Uint8(vec![9; 16]));
}
