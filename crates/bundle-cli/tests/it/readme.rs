//! The transcript in README.md is what the program prints.

use bundle_testkit::{Sandbox, copy_tree, fixture, repository};

use crate::harness::bundle;

/// Lines of a transcript match when they are equal, with `[..]` standing for anything.
fn matches(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split("[..]");
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty()
}

/// The commands of the `console` fences with the lines they print.
fn transcript(readme: &str) -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        match line.strip_prefix("```") {
            Some("console") => inside = true,
            Some(_) => inside = false,
            None if inside => match line.strip_prefix("$ ") {
                Some(command) => commands.push((command.to_owned(), Vec::new())),
                None => commands
                    .last_mut()
                    .expect("a transcript begins with a command")
                    .1
                    .push(line.to_owned()),
            },
            None => {}
        }
    }
    commands
}

#[test]
fn the_transcript_in_readme_is_what_the_program_prints() {
    let readme = fs_err::read_to_string(repository().join("README.md")).expect("README.md");
    let commands = transcript(&readme);
    assert!(commands.len() >= 4, "the transcript has {} commands", commands.len());
    let sandbox = Sandbox::new().expect("a sandbox");
    copy_tree(&fixture("digits"), &sandbox.path().join("fixtures/digits"))
        .expect("the fixture is copied");
    for (command, expected) in commands {
        let words: Vec<&str> = command.split_whitespace().collect();
        assert_eq!(words.first(), Some(&"bundle"), "{command}");
        let said = bundle(sandbox.path(), &words[1..]);
        let actual: Vec<&str> = said.stdout.trim_end().lines().collect();
        let same = actual.len() == expected.len()
            && expected
                .iter()
                .zip(&actual)
                .all(|(pattern, line)| matches(pattern.trim_end(), line.trim_end()));
        assert!(
            same,
            "$ {command}\nREADME says:\n{}\nthe program says:\n{}\n{}",
            expected.join("\n"),
            said.stdout,
            said.stderr
        );
    }
}

#[test]
fn wildcards_match_what_they_should() {
    assert!(matches("a [..] c", "a b c"));
    assert!(matches("[..]", ""));
    assert!(!matches("a [..] c", "a b d"));
    assert!(!matches("a", "ab"));
}
