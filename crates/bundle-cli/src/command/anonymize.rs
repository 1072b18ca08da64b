//! `bundle anonymize`: a copy of a project for blind review.

use bundle_pack::{Anonymized, anonymize};
use bundle_project::People;
use serde_json::json;

use crate::{
    args::{Anonymize, Format},
    exit::Exit,
    failure::Failure,
    interrupt::Interrupt,
    terminal::Terminal,
};

/// Places that are listed.
const SHOWN: usize = 40;

pub(crate) fn run(args: &Anonymize, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let interrupt = Interrupt::listen();
    interrupt.writes();
    let people = people(&args.name)?;
    let done = anonymize(&args.directory, &args.output, &people, &|| interrupt.asked())?;
    match args.format {
        Format::Text => terminal.print(&text(&done))?,
        Format::Json => {
            let removed = done.removed.iter().map(|(path, kinds)| {
                let kinds = kinds.iter().map(|(kind, count)| (kind.to_string(), json!(count)));
                json!({ "path": path.as_str(), "removed": kinds.collect::<serde_json::Map<_, _>>() })
            });
            terminal.print_json(&json!({
                "directory": done.directory,
                "files": done.files,
                "changed": removed.collect::<Vec<_>>(),
                "left": done.left,
            }))?;
        }
    }
    Ok(if done.left.is_empty() { Exit::Holds } else { Exit::DoesNotHold })
}

/// Whom to look for: those who are named, and whoever is logged in here.
pub(crate) fn people(names: &[String]) -> Result<People, Failure> {
    let mut people = People::nobody();
    for name in names {
        if !people.add(name) {
            let message = format!("`--name {name}`: too short, or too common, to be looked for");
            return Err(Failure::usage(message).hint("give the name in full: `--name \"Wei Wu\"`"));
        }
    }
    let home = etcetera::home_dir().ok();
    if let Some(login) = home.as_deref().and_then(|home| home.file_name()?.to_str()) {
        people.add(login);
    }
    Ok(people)
}

fn text(done: &Anonymized) -> String {
    let mut text = format!("{}  {} files\n", done.directory.display(), done.files);
    for (path, kinds) in &done.removed {
        let kinds: Vec<String> =
            kinds.iter().map(|(kind, count)| format!("{count} {}", kind.plural())).collect();
        text += &format!("  {path}: {}\n", kinds.join(", "));
    }
    if done.removed.is_empty() {
        text += "  nothing had to be taken out\n";
    }
    if !done.left.is_empty() {
        text += "left, and yours to take out:\n";
        for line in done.left.iter().take(SHOWN) {
            text += &format!("  {line}\n");
        }
        let more = done.left.len().saturating_sub(SHOWN);
        if more > 0 {
            text += &format!("  and {more} more\n");
        }
    }
    text + "not looked at: what pictures and tables show, and digests of weights that are public\n"
}
