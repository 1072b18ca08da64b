//! The table of rules, as documentation.

use std::fmt::Write as _;

use crate::{Area, Rule, rules, rules::RULESET};

/// What `check --explain ID` prints.
pub fn explain(rule: &Rule) -> String {
    let remedy = match rule.remedy {
        "" => String::new(),
        remedy => format!("remedy     {remedy}\n"),
    };
    format!(
        "{}  {}\n\n{}\n\nseverity   {}\narea       {}\n{remedy}reference  {}\n",
        rule.id,
        rule.title,
        rule.why,
        rule.severity.as_str(),
        rule.area.title(),
        rule.reference
    )
}

/// docs/rules.md: every rule, by area.
pub fn rules_markdown() -> String {
    let mut text = String::new();
    write_markdown(&mut text).unwrap_or_default(); // writing to a String cannot fail
    text
}

fn write_markdown(out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "<!-- Written by `cargo run -p bundle-check --example rules`; a test compares. -->"
    )?;
    writeln!(out, "# Rules of `bundle check`\n")?;
    writeln!(
        out,
        "Ruleset {RULESET}. Ids are permanent: a rule may be retired, its id is never given to another."
    )?;
    writeln!(out, "A rule answers *pass*, *weak*, *fail*, *not applicable* or *unknown*.")?;
    writeln!(out, "A bundle holds when no rule of severity *must* fails.")?;
    writeln!(out, "None of the author's code is ever run.\n")?;
    for area in Area::ALL {
        let mut rules = rules().iter().filter(|rule| rule.area == area).peekable();
        if rules.peek().is_none() {
            continue;
        }
        writeln!(out, "## {}\n", area.title())?;
        for rule in rules {
            writeln!(out, "### {}: {}\n", rule.id, rule.title)?;
            writeln!(out, "Severity: {}.", rule.severity.as_str())?;
            writeln!(out, "{}", rule.why)?;
            if !rule.remedy.is_empty() {
                writeln!(out, "Remedy: {}.", rule.remedy)?;
            }
            writeln!(out, "Reference: {}.\n", rule.reference)?;
        }
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_files_the_rules_are_current() {
        let path = bundle_testkit::repository().join("docs/rules.md");
        if std::env::var_os("BUNDLE_CODEGEN").is_some_and(|mode| mode == "write") {
            fs_err::write(&path, rules_markdown()).expect("docs/rules.md is written");
        }
        let committed = fs_err::read_to_string(path).expect("docs/rules.md");
        assert!(
            committed == rules_markdown(),
            "docs/rules.md is not current: run `cargo xtask codegen`"
        );
    }

    #[test]
    fn a_rule_explains_itself() {
        let rule = rules().iter().find(|rule| rule.id == "FILE-1").expect("a rule");
        let text = explain(rule);
        for part in [rule.title, rule.why, rule.reference, "severity   must"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
