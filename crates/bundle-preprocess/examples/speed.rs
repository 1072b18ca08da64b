//! `speed FILE STEP…`: prepares an image as often as it is asked to, for `cargo xtask prove speed`.
//!
//! Steps are written as in a `bundle.toml`. Each line of the standard input is answered with
//! one line: `start` at once, `run` with the nanoseconds from the bytes of the file to the tensor, `steps` with
//! those of each step, `write PATH` with the shape of the tensor, whose float32 elements are
//! written to the file.

#[path = "../tests/it/support.rs"]
#[expect(dead_code, reason = "a module of the tests; only input pipelines are needed here")]
mod support;

use std::{error::Error, io::BufRead as _, time::Instant};

use bundle_preprocess::{InputPipeline, InputSource, TensorData};

#[expect(clippy::print_stdout, reason = "the lines are the result")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("speed FILE STEP…")?;
    let steps: Vec<String> = arguments.collect();
    let pipeline = support::pipeline("image", &steps)?;
    let source = InputSource::File(fs_err::read(file)?);
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let answer = match line.split_once(' ') {
            Some(("write", path)) => write(&pipeline, &source, path)?,
            None if line == "start" => "ready".to_owned(),
            None if line == "run" => run(&pipeline, &source)?.to_string(),
            None if line == "steps" => each_step(&pipeline, &source)?,
            _ => return Err(format!("unknown request: {line}").into()),
        };
        println!("{answer}");
    }
    Ok(())
}

/// The nanoseconds of all steps.
fn run(pipeline: &InputPipeline, source: &InputSource) -> Result<u128, Box<dyn Error>> {
    let started = now();
    let prepared = pipeline.run(source, false)?;
    let taken = started.elapsed().as_nanos();
    drop(prepared);
    Ok(taken)
}

/// The nanoseconds of each step.
fn each_step(pipeline: &InputPipeline, source: &InputSource) -> Result<String, Box<dyn Error>> {
    let mut value = pipeline.first(source)?;
    let mut taken = Vec::new();
    for (index, step) in pipeline.steps().enumerate() {
        let started = now();
        value = pipeline.run_range(index..index + 1, value)?;
        taken.push(format!("{} {}", step.op(), started.elapsed().as_nanos()));
    }
    Ok(taken.join(", "))
}

/// Writes the tensor; gives its shape.
fn write(
    pipeline: &InputPipeline,
    source: &InputSource,
    path: &str,
) -> Result<String, Box<dyn Error>> {
    let prepared = pipeline.run(source, false)?;
    let tensor = prepared.published.get("value").ok_or("no `value`")?;
    let TensorData::Float32(elements) = tensor.data() else {
        return Err("the tensor is not float32".into());
    };
    let bytes: Vec<u8> = elements.iter().flat_map(|element| element.to_le_bytes()).collect();
    fs_err::write(path, bytes)?;
    Ok(format!("{:?}", tensor.shape()))
}

#[expect(clippy::disallowed_methods, reason = "time is what is measured")]
fn now() -> Instant {
    Instant::now()
}
