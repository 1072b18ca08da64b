//! The help of every command is docs/cli.md.

use bundle_cli::args::Arguments;
use bundle_testkit::repository;
use clap::{Command, CommandFactory as _};

/// Commands for people: not `help`, and not what is hidden.
fn is_shown(command: &Command) -> bool {
    command.get_name() != "help" && !command.is_hide_set()
}

#[test]
fn generated_files_cli_reference_is_current() {
    let mut command = Arguments::command().term_width(90).bin_name("bundle");
    command.build();
    let mut text =
        String::from("# Commands\n\nMade from the program's own help by `cargo xtask codegen`.\n");
    let main = command.render_long_help();
    text.push_str(&format!("\n## bundle\n\n```text\n{main}\n```\n"));
    for subcommand in command.get_subcommands_mut().filter(|subcommand| is_shown(subcommand)) {
        let name = subcommand.get_name().to_owned();
        let help = subcommand.render_long_help();
        text.push_str(&format!("\n## bundle {name}\n\n```text\n{help}\n```\n"));
        for below in subcommand.get_subcommands_mut().filter(|below| is_shown(below)) {
            let (below, help) = (below.get_name().to_owned(), below.render_long_help());
            text.push_str(&format!("\n### bundle {name} {below}\n\n```text\n{help}\n```\n"));
        }
    }
    let text = text.lines().map(|line| format!("{}\n", line.trim_end())).collect::<String>();
    let path = repository().join("docs/cli.md");
    if std::env::var_os("BUNDLE_CODEGEN").is_some_and(|mode| mode == "write") {
        fs_err::write(&path, &text).expect("docs/cli.md is written");
    }
    let committed = fs_err::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "docs/cli.md is not current: run `cargo xtask codegen`");
}

#[test]
fn every_command_has_an_example_or_needs_none() {
    let mut command = Arguments::command();
    command.build();
    for subcommand in command
        .get_subcommands()
        .filter(|subcommand| is_shown(subcommand) && subcommand.get_name() != "schema")
    {
        let after = subcommand.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(after.contains("bundle "), "{} has no example", subcommand.get_name());
    }
}
