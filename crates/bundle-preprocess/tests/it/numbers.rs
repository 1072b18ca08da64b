//! Numbers of a table are the ones that were written, to the last bit.

use bundle_preprocess::{InputPipeline, InputSource, TensorData};

use crate::support::pipeline;

const COLUMNS: &str = r#"{ op = "columns", columns = [{ name = "x", kind = "number" }] }"#;

/// What is read of these texts, as JSON numbers or as the cells of a CSV file.
fn read(pipeline: &InputPipeline, texts: &[String], as_json: bool) -> Vec<f64> {
    let source = if as_json {
        let rows: Vec<String> = texts.iter().map(|text| format!("{{\"x\": {text}}}")).collect();
        let rows = format!("[{}]", rows.join(", "));
        InputSource::Json(serde_json::from_str(&rows).expect("JSON"))
    } else {
        InputSource::File(format!("x\n{}\n", texts.join("\n")).into_bytes())
    };
    let prepared = pipeline.run(&source, false).expect("numbers");
    match prepared.published["x"].data() {
        TensorData::Float64(cells) => cells.clone(),
        _ => Vec::new(),
    }
}

/// Doubles with all exponents and signs, the same ones each time.
fn doubles() -> impl Iterator<Item = f64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Some(f64::from_bits(state))
    };
    std::iter::from_fn(next).filter(|value| value.is_finite())
}

#[test]
fn numbers_are_the_ones_written() {
    let pipeline = pipeline("table", &[COLUMNS]).expect("it compiles");
    let mut values = vec![94.527_069_555_392_23, 9_007_199_254_740_993.0, 1e-320, -0.0, f64::MAX];
    values.extend(doubles().take(10_000));
    let forms: [fn(&f64) -> String; 2] =
        [|value| format!("{value:?}"), |value| format!("{value:e}")];
    for form in forms {
        let texts: Vec<String> = values.iter().map(form).collect();
        for as_json in [true, false] {
            let read = read(&pipeline, &texts, as_json);
            let differing = values.iter().zip(&read).find(|(a, b)| a.to_bits() != b.to_bits());
            assert_eq!(differing, None, "as JSON: {as_json}");
            assert_eq!(read.len(), values.len());
        }
    }
}

#[test]
fn numbers_between_doubles_are_rounded_to_the_nearest() {
    let pipeline = pipeline("table", &[COLUMNS]).expect("it compiles");
    // As Python's `float` and `json.loads` read them.
    let cases = [
        ("94.52706955539223", 94.527_069_555_392_23),
        ("9007199254740993.0", 9_007_199_254_740_992.0),
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("9007199254740995", 9_007_199_254_740_996.0),
        ("9007199254740993.00000000000000000001", 9_007_199_254_740_994.0),
        ("18446744073709551617", 18_446_744_073_709_551_616.0),
        ("1e-320", 1e-320),
        ("2.4703282292062327208e-324", 0.0),
        ("2.4703282292062327209e-324", 5e-324),
    ];
    for (text, expected) in cases {
        for as_json in [true, false] {
            let value = read(&pipeline, &[text.to_owned()], as_json)[0];
            assert_eq!(value.to_bits(), f64::to_bits(expected), "{text}, as JSON: {as_json}");
        }
    }
}
