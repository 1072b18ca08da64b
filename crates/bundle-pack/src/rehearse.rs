//! Before anything is written: do the recorded examples hold?

use bundle_manifest::{Example, FileSource, Manifest};
use bundle_run::{ExampleReplay, Predictor, replay};

use crate::{PackError, PackRequest, Progress};

/// What the replays gave.
#[derive(Debug, Default)]
pub(crate) struct Rehearsal {
    pub(crate) replays: Vec<ExampleReplay>,
    /// Examples that ran, and have no recorded output to be held against.
    pub(crate) unrecorded: usize,
    pub(crate) not_run: Option<String>,
}

/// Loads the network and replays every example. What the engine cannot run is
/// no error unless the request says so; what differs from its recording is.
pub(crate) fn rehearse(
    request: &PackRequest,
    manifest: &Manifest,
    files: &dyn FileSource,
    progress: &dyn Fn(Progress),
    cancelled: &dyn Fn() -> bool,
) -> Result<Rehearsal, PackError> {
    if manifest.models.by_name.is_empty() {
        let why = manifest.models.why.clone().unwrap_or_default();
        return not_run(request, format!("the bundle has no model: {why}"));
    }
    if request.skip_replay && !request.must_run {
        return Ok(Rehearsal::default());
    }
    let predictor = match Predictor::new(manifest, files) {
        Ok(predictor) => predictor,
        Err(error) if error.is_beyond_engine() => return not_run(request, error.to_string()),
        Err(error) => {
            return Err(PackError::of_run("the network does not fit its description", error));
        }
    };
    if manifest.examples.is_empty()
        && let Err(error) = bundle_run::rehearse(&predictor, None, files)
    {
        return not_run(request, error.to_string());
    }
    let examples = if request.skip_replay { &[][..] } else { &manifest.examples };
    let (mut replays, mut unrecorded) = (Vec::new(), 0);
    for (index, example) in examples.iter().enumerate() {
        if cancelled() {
            return Err(PackError::cancelled());
        }
        let name = example.name.to_string();
        progress(Progress::Replay { name, index: index + 1, count: examples.len() });
        match replay(&predictor, example, files) {
            Ok(_) if example.expect.is_empty() => unrecorded += 1,
            Ok(replayed) => replays.push(replayed),
            Err(error) if error.is_beyond_engine() => return not_run(request, error.to_string()),
            Err(error) => {
                let subject = format!("example `{}` cannot be replayed", example.name);
                return Err(PackError::of_run(&subject, error));
            }
        }
    }
    refuse_differences(examples, &replays)?;
    Ok(Rehearsal { replays, unrecorded, not_run: None })
}

fn not_run(request: &PackRequest, reason: String) -> Result<Rehearsal, PackError> {
    if request.must_run {
        return Err(PackError::false_statement(format!("the network must run here: {reason}")));
    }
    Ok(Rehearsal { not_run: Some(reason), ..Rehearsal::default() })
}

/// One error for all examples whose outputs are not what was recorded.
fn refuse_differences(examples: &[Example], replays: &[ExampleReplay]) -> Result<(), PackError> {
    let lines: Vec<String> =
        replays.iter().filter(|replay| !replay.holds).flat_map(differences).collect();
    let Some(first) = lines.first() else { return Ok(()) };
    let message = match lines.len() {
        1 => first.clone(),
        count => format!(
            "{count} outputs of {} examples differ from their recording:\n{}",
            examples.len(),
            lines.join("\n")
        ),
    };
    Err(PackError::false_statement(message).with_hint(
        "`bundle run --trace` shows every step; record the example again, or widen the tolerance of the output",
    ))
}

fn differences(replay: &ExampleReplay) -> Vec<String> {
    let outside = replay.outputs.iter().filter(|(_, output)| !output.comparison.holds);
    let line = |(name, output): (&_, &bundle_run::OutputReplay)| {
        let comparison = &output.comparison;
        let reason = comparison.difference.as_ref().map(|difference| format!(": {difference}"));
        format!(
            "example `{}`: output `{name}` differs from its recording in {} of {} elements, by at most {:e}{}",
            replay.name,
            comparison.outside,
            comparison.elements,
            comparison.max_abs,
            reason.unwrap_or_default(),
        )
    };
    outside.map(line).collect()
}
