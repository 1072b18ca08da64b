//! Rules, findings, verdict: what a reviewer may know of a bundle or a project
//! without running the author's code.
//!
//! [`rules`] is one table of self-describing values. [`check`] asks each of them
//! about a path (a bundle, a zip that holds one or a project, or a directory), collects all
//! findings, and only then judges. The terminal, the JSON report, `--explain`
//! and docs/rules.md derive from the same table.
//!
//! Three promises hold whatever is checked. None of the author's code is run.
//! Everything that comes from a file (names, lines, messages) is shortened and
//! escaped before it is shown. And every report ends with what was not tested.
//!
//! ```
//! use bundle_check::{CheckRequest, check, render_text};
//! use bundle_signature::{Trust, UnixTime};
//!
//! # let sandbox = bundle_testkit::Sandbox::new()?;
//! # let directory = sandbox.path();
//! # sandbox.write("README.md", "# A paper\n\nCode will come soon.\n")?;
//! let trust = Trust::nobody(UnixTime(1_800_000_000));
//! let request = CheckRequest::new(trust);
//! let report = check(directory, &request, &|_| ())?;
//! assert_eq!(report.complete, (0, 5));
//! assert!(render_text(&report, false).contains("Not tested: "));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod believe;
mod command;
mod demands;
mod documents;
mod error;
mod evidence;
mod explain;
mod finding;
mod makefile;
mod overrides;
mod page;
mod policy;
mod render;
mod report;
mod resolve;
mod rule;
mod rules;
mod scripts;
mod search;
mod subject;
mod tree;
mod words;

#[cfg(test)]
mod testing;

pub use believe::{verify_archive, verify_extracted};
pub use demands::Demands;
pub use error::CheckError;
pub use evidence::Evidence;
pub use explain::{explain, rules_markdown};
pub use finding::{Answer, Confidence, Finding};
pub use overrides::{AuthorsEntry, OverrideOf};
pub use page::{PageJudge, PageProvenance};
pub use policy::Policy;
pub use render::{
    Row, RowReport, attestation_json, render_html, render_json, render_markdown, render_sarif,
    render_table, render_text, report_schema, signature_json,
};
pub use report::{CheckRequest, Profile, Report, Verdict, check};
pub use rule::{Area, Rule, Severity};
pub use rules::{RULESET, rules, said};
pub use words::Words;
