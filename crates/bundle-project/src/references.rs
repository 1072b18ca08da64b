//! The files that a `bundle.toml` refers to, each with the key that does.

use bundle_manifest::{ArtifactPath, ExampleInput, Labels, Manifest, StateInit, Step};

/// A file that a key of `bundle.toml` refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference<'m> {
    /// The key, as `examples[0].inputs.photograph.file`.
    pub key: String,
    /// The file, relative to `bundle.toml`.
    pub path: &'m ArtifactPath,
}

/// Every reference in document order. ONNX external data is not known here.
pub fn references(manifest: &Manifest) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    of_models(manifest, &mut found);
    for (index, input) in manifest.inputs.iter().enumerate() {
        of_steps(&format!("inputs[{index}]"), &input.steps, &mut found);
    }
    for (index, output) in manifest.outputs.iter().enumerate() {
        of_steps(&format!("outputs[{index}]"), &output.steps, &mut found);
        if let Some(Labels::File(path)) = &output.labels {
            found.push(Reference::new(format!("outputs[{index}].labels.file"), path));
        }
    }
    of_examples(manifest, &mut found);
    for (name, split) in &manifest.data {
        let list = split.list.iter();
        found.extend(list.map(|path| Reference::new(format!("data.{name}.list"), path)));
    }
    for (index, path) in manifest.code.iter().flat_map(|code| &code.environment).enumerate() {
        found.push(Reference::new(format!("code.environment[{index}]"), path));
    }
    for (index, claim) in manifest.claims.iter().enumerate() {
        let data = claim.data.iter();
        found.extend(
            data.map(|data| Reference::new(format!("claims[{index}].data.file"), &data.file)),
        );
    }
    found
}

impl<'m> Reference<'m> {
    const fn new(key: String, path: &'m ArtifactPath) -> Self {
        Self { key, path }
    }
}

fn of_models<'m>(manifest: &'m Manifest, found: &mut Vec<Reference<'m>>) {
    for (name, model) in &manifest.models.by_name {
        found.push(Reference::new(format!("models.{name}.onnx"), &model.onnx));
        for (index, state) in model.states.iter().enumerate() {
            if let StateInit::File(path) = &state.init {
                found
                    .push(Reference::new(format!("models.{name}.states[{index}].init.file"), path));
            }
        }
    }
}

fn of_steps<'m>(entry: &str, steps: &'m [Step], found: &mut Vec<Reference<'m>>) {
    for (index, step) in steps.iter().enumerate() {
        let file = step.file().into_iter();
        found.extend(file.map(|path| Reference::new(format!("{entry}.steps[{index}].file"), path)));
    }
}

fn of_examples<'m>(manifest: &'m Manifest, found: &mut Vec<Reference<'m>>) {
    for (index, example) in manifest.examples.iter().enumerate() {
        for (name, input) in &example.inputs {
            if let ExampleInput::File(path) = input {
                found.push(Reference::new(format!("examples[{index}].inputs.{name}.file"), path));
            }
        }
        for (name, expectation) in &example.expect {
            let key = format!("examples[{index}].expect.{name}.file");
            found.push(Reference::new(key, &expectation.file));
        }
        let stages = example.stages.iter();
        found.extend(stages.map(|path| Reference::new(format!("examples[{index}].stages"), path)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYTHING: &str = r#"
        format = 1
        bundle = { name = "all", version = "1", title = "t", license = "MIT" }
        models.net = { onnx = "m.onnx", states = [{ input = "h", output = "hn", init = { file = "h.npy" } }] }
        inputs = [{ name = "x", kind = "text", tensors = { x = "ids" }, steps = [{ op = "tokenize", file = "tokenizer.json", add_special_tokens = true }] }]
        outputs = [{ name = "y", kind = "labels", tensors = { scores = "y" }, labels = { file = "labels.txt" } }]
        data.test = { list = "test.sha256", seed = 1 }
        code = { environment = ["requirements.txt"] }
        [[examples]]
        name = "one"
        inputs = { x = { file = "x.npy" } }
        expect = { y = { file = "y.npy" } }
        stages = "s.npz"
        [[claims]]
        output = "y"
        metric = "accuracy"
        value = 0.5
        dataset = "d"
        data = { file = "d.csv", target = "t" }
    "#;

    #[test]
    fn every_reference_has_its_key() -> Result<(), bundle_manifest::ManifestError> {
        let manifest = Manifest::from_toml(EVERYTHING)?;
        let mut found: Vec<_> =
            references(&manifest).iter().map(|r| format!("{} {}", r.key, r.path)).collect();
        assert_eq!(
            found,
            [
                "models.net.onnx m.onnx",
                "models.net.states[0].init.file h.npy",
                "inputs[0].steps[0].file tokenizer.json",
                "outputs[0].labels.file labels.txt",
                "examples[0].inputs.x.file x.npy",
                "examples[0].expect.y.file y.npy",
                "examples[0].stages s.npz",
                "data.test.list test.sha256",
                "code.environment[0] requirements.txt",
                "claims[0].data.file d.csv",
            ]
        );
        // The floor below has its own list without keys; the two must agree.
        found = references(&manifest).iter().map(|r| r.path.to_string()).collect();
        found.sort();
        let floor: Vec<_> = manifest.referenced_files().iter().map(ToString::to_string).collect();
        assert_eq!(found, floor);
        Ok(())
    }
}
