//! The one place that writes to stdout and stderr.
//!
//! stdout is the result and can be piped; stderr is the talk: notes, progress,
//! errors. A reader that closes the pipe early (`| head`) ends the program quietly.

use std::{
    fmt::Display,
    io::{self, IsTerminal as _, Write as _},
    path::Path,
};

use bundle_archive::Archive;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{args::Color, exit::Exit, failure::Failure};

/// How often a spinner turns.
const TICK: std::time::Duration = std::time::Duration::from_millis(120);

/// Where a command prints.
#[derive(Debug)]
pub(crate) struct Terminal {
    color: Color,
    /// The user's home directory, which no message shows.
    home: Option<String>,
    out: io::Stdout,
    err: io::Stderr,
}

impl Terminal {
    pub(crate) fn new(color: Color) -> Self {
        let home = std::env::home_dir().and_then(|home| home.to_str().map(str::to_owned));
        // `/` is a home too, of services, and is no secret.
        let home = home.map(|home| home.trim_end_matches('/').to_owned());
        let home = home.filter(|home| home.len() > 1);
        Self { color, home, out: io::stdout(), err: io::stderr() }
    }

    /// A path as a message shows it: the user's home directory, which has their name, is `~`.
    pub(crate) fn shown(&self, path: &Path) -> String {
        self.without_home(&path.display().to_string())
    }

    /// The text with `~` for the home directory, where a path begins with it.
    fn without_home(&self, text: &str) -> String {
        let Some(home) = &self.home else { return text.to_owned() };
        let (mut out, mut rest) = (String::new(), text);
        while let Some(at) = rest.find(home.as_str()) {
            let (before, from) = rest.split_at(at);
            let after = &from[home.len()..];
            let in_a_path = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
            let begins = !before.ends_with(in_a_path);
            let ends = !after.starts_with(|c: char| c != '/' && in_a_path(c));
            out.push_str(before);
            out.push_str(if begins && ends { "~" } else { home });
            rest = after;
        }
        out + rest
    }

    /// Whether stdout may carry ANSI colours.
    pub(crate) fn color(&self) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => self.out.is_terminal() && !no_color(),
        }
    }

    /// Prints a result: text that ends where it ends, plus a line break if it lacks one.
    /// What came from a bundle cannot act on the terminal.
    pub(crate) fn print(&mut self, text: &str) -> Result<(), Failure> {
        self.print_styled(&printable(text))
    }

    /// The same for text of our own making, colours included.
    pub(crate) fn print_styled(&mut self, text: &str) -> Result<(), Failure> {
        let end = if text.ends_with('\n') { "" } else { "\n" };
        self.print_bytes(format!("{text}{end}").as_bytes())
    }

    /// Writes a result byte for byte. A reader that has seen enough is no failure,
    /// and what was found is still said by the exit code.
    pub(crate) fn print_bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = self.out.lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => Ok(result?),
        }
    }

    /// Prints a result as JSON, indented.
    pub(crate) fn print_json(&mut self, value: &serde_json::Value) -> Result<(), Failure> {
        self.print_styled(&format!("{value:#}"))
    }

    /// Says something on stderr that is not the result.
    pub(crate) fn note(&mut self, text: impl Display) {
        self.talk(&printable(&format!("note: {text}\n")));
    }

    /// Prints a failure: `error:`, `caused by:`, `hint:`.
    pub(crate) fn fail(&mut self, failure: &Failure) -> Exit {
        let mut chain = failure.error.chain();
        let first = chain.next().map(ToString::to_string).unwrap_or_default();
        let mut text = format!("error: {}\n", printable(&first));
        let mut said = first;
        for cause in chain {
            let cause = cause.to_string();
            if !said.contains(&cause) {
                text.push_str(&format!("caused by: {}\n", printable(&cause)));
            }
            said = cause;
        }
        for hint in &failure.hints {
            text.push_str(&format!("hint: {}\n", printable(hint)));
        }
        self.talk(&text);
        failure.exit
    }

    fn talk(&mut self, text: &str) {
        // Nobody is left to tell when stderr is closed.
        self.err.lock().write_all(self.without_home(text).as_bytes()).unwrap_or_default();
    }

    /// Reads a whole bundle and holds it against its lock, with a bar.
    pub(crate) fn verify(&self, archive: &Archive, path: &Path) -> Result<(), Failure> {
        let bar = self.bytes_bar("verifying", archive.unpacked_size());
        let verified = archive.verify(&|bytes| bar.inc(bytes));
        bar.finish_and_clear();
        verified.map(drop).map_err(|error| Failure::from(error).of(path.display()))
    }

    /// A bar on stderr, drawn only where stderr is a terminal. `total` 0 means not known yet.
    pub(crate) fn bytes_bar(&self, what: &'static str, total: u64) -> ProgressBar {
        let style =
            ProgressStyle::with_template("{msg:10} {bar:30} {bytes:>10} of {total_bytes}  {eta}");
        let bar = ProgressBar::new(total)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(what);
        self.hidden_unless_terminal(bar)
    }

    /// A bar of things done, drawn only where stderr is a terminal.
    pub(crate) fn count_bar(&self, what: &'static str, total: usize) -> ProgressBar {
        let style = ProgressStyle::with_template("{msg:10} {bar:30} {pos:>6} of {len}  {eta}");
        let bar = ProgressBar::new(total as u64)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(what);
        self.hidden_unless_terminal(bar)
    }

    /// A spinner on stderr for work of unknown length, drawn only where stderr is a terminal.
    pub(crate) fn spinner(&self, what: &'static str) -> ProgressBar {
        let bar = self.hidden_unless_terminal(ProgressBar::new_spinner().with_message(what));
        bar.enable_steady_tick(TICK);
        bar
    }

    fn hidden_unless_terminal(&self, bar: ProgressBar) -> ProgressBar {
        if !self.err.is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        bar
    }
}

/// Prints what clap has to say: help and version on stdout, usage errors on stderr.
pub(crate) fn print_usage(error: &clap::Error) -> Exit {
    // A closed pipe is no reason to complain about a help text.
    error.print().unwrap_or_default();
    if error.use_stderr() { Exit::NotJudged } else { Exit::Holds }
}

/// Control characters from file names and model files must not reach a terminal,
/// nor those that change the order in which text is read.
fn printable(text: &str) -> String {
    let acts = |c: char| (c.is_control() && c != '\n' && c != '\t') || turns(c);
    text.chars()
        .flat_map(|c| if acts(c) { c.escape_default().collect() } else { vec![c] })
        .collect()
}

/// A name or path from outside, which must not begin a line of its own.
pub(crate) fn one_line(text: &str) -> String {
    printable(text).replace('\n', "\\n").replace('\t', "\\t")
}

/// Unicode's explicit bidirectional formatting characters (UAX #9).
const fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[expect(clippy::disallowed_methods, reason = "NO_COLOR is a convention about this terminal")]
fn no_color() -> bool {
    std::env::var("NO_COLOR").is_ok_and(|value| !value.is_empty())
}

/// Bytes as people write them: `412 kB`, `1.2 MB`.
pub(crate) fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut thousandths = bytes;
    let mut unit = UNITS[0];
    for (index, name) in UNITS.iter().enumerate() {
        unit = name;
        if thousandths < 1_000_000 || index == UNITS.len() - 1 {
            break;
        }
        thousandths /= 1000;
    }
    let (whole, tenth) = (thousandths / 1000, thousandths % 1000 / 100);
    if whole < 10 { format!("{whole}.{tenth} {unit}") } else { format!("{whole} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_as_people_write_them() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (412_345, "412 kB"),
            (1_250_000, "1.2 MB"),
            (1 << 30, "1.0 GB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(human_bytes(bytes), text);
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(printable("a\u{1b}[31mb\nc"), "a\\u{1b}[31mb\nc");
        assert_eq!(printable("\u{202e}gpj.exe é\t"), "\\u{202e}gpj.exe é\t");
    }
}
