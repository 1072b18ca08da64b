//! A venue's policy: what is one, and what it does to a report.

use std::{path::Path, sync::Arc};

use bundle_check::{Answer, CheckRequest, Policy, Report, check, render_json, render_text};
use bundle_manifest::policy_schema;
use bundle_testkit::{Sandbox, fixture};
use serde_json::Value as Json;
use sha2::Digest as _;

use crate::{
    finding,
    pack::{Packing, pack},
    request,
};

fn policies(directory: &str) -> Vec<(String, String)> {
    let directory = fixture("policies").join(directory);
    let entries = fs_err::read_dir(directory).expect("the corpus is there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let named = paths.into_iter().map(|path| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, fs_err::read_to_string(path).expect("text"))
    });
    named.collect()
}

/// The policy with these lines beneath its head.
fn policy(lines: &str) -> Policy {
    let text = format!("policy = 1\nname = \"venue\"\nversion = \"2\"\n{lines}");
    Policy::from_toml(&text).expect("a policy")
}

fn under(policy: Policy, path: &Path) -> Report {
    let request = CheckRequest { policy: Some(Arc::new(policy)), ..request(false) };
    check(path, &request, &|_| ()).expect("judged")
}

#[test]
fn types_and_schema_accept_the_example_policies() {
    let validator = jsonschema::draft202012::new(&policy_schema()).expect("a schema");
    let corpus = policies("valid");
    assert_eq!(corpus.len(), 2);
    for (name, text) in corpus {
        let policy = Policy::from_toml(&text).expect(&name);
        assert_eq!(format!("{}.toml", policy.name()), name);
        let json: Json = toml::from_str(&text).expect("TOML");
        assert!(validator.is_valid(&json), "{name}");
    }
}

/// A policy comes from a venue that one trusts, and through a mailing list that one does not.
#[test]
fn no_change_to_a_policy_breaks_the_reader() {
    for (name, text) in policies("valid") {
        for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
            for inserted in ["\"", "[", "]", "=", "\n", "9", "\u{202e}"] {
                let changed = format!("{}{inserted}{}", &text[..at], &text[at..]);
                if let Err(error) = Policy::from_toml(&changed) {
                    let shown = error.render(&changed, &name);
                    assert!(shown.starts_with(&format!("{name}:")), "{shown}");
                }
            }
        }
    }
    let many = format!(
        "policy = 1\nname = \"x\"\nversion = \"1\"\nrequire = [{}]",
        "\"use\",".repeat(1 << 20)
    );
    assert!(Policy::from_toml(&many).is_err());
}

/// What docs/venues.md shows is what the program reads.
#[test]
fn the_examples_for_venues_are_what_they_say() {
    let text = fs_err::read_to_string(bundle_testkit::repository().join("docs/venues.md"));
    let text = text.expect("the page is there");
    let blocks: Vec<&str> = text
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("\n```").map(|(block, _)| block))
        .collect();
    let [policy, overrides] = blocks[..] else { panic!("two examples") };
    assert!(!Policy::from_toml(policy).expect("a policy").allows_overrides());
    let head = "format = 1\n[bundle]\nname = \"x\"\nversion = \"1\"\ntitle = \"t\"\nlicense = \"MIT\"\n[models]\nwhy = \"a survey\"\n";
    let manifest = bundle_manifest::Manifest::from_toml(&format!("{head}{overrides}"));
    assert_eq!(manifest.expect("a manifest").check.overrides.len(), 1);
}

#[test]
fn what_is_no_policy_says_where_and_what_to_do() {
    let mut shown = String::new();
    for (name, text) in policies("invalid") {
        let error = Policy::from_toml(&text).expect_err(&name);
        shown.push_str(&format!("{}\n\n", error.render(&text, &name)));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_policy_is_named_by_its_digest_in_every_report() {
    let report = under(policy("profile = \"loose\"\n"), &fixture("theory"));
    let bytes = "policy = 1\nname = \"venue\"\nversion = \"2\"\nprofile = \"loose\"\n";
    let digest = data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(bytes));
    let text = render_text(&report, false);
    assert!(text.contains("policy venue 2, ruleset "), "{text}");
    assert!(text.contains(&format!("       sha256:{digest}\n")), "{text}");
    assert!(text.contains(", loose\n"), "the policy fixes the profile: {text}");
    let json = render_json(&report);
    assert_eq!(json["policy"]["sha256"], digest.as_str());
    assert_eq!(json["profile"], "loose");
    assert!(report.test_result().tool.ends_with(&format!(", policy venue 2 sha256:{digest}")));
    let other = under(policy("profile = \"loose\" # the same\n"), &fixture("theory"));
    assert_ne!(other.policy.expect("a policy").sha256().to_string(), digest);
}

#[test]
fn severities_decide_what_a_failure_comes_to() {
    let sandbox = Sandbox::new().expect("a sandbox");
    sandbox.write("README.md", "# A paper\n\nIt has a title and an abstract.\n").expect("written");
    sandbox
        .write("bundle.toml", "format = 1\n[bundle]\nname = \"x\"\nversion = \"1\"\ntitle = \"t\"\nlicense = \"MIT\"\n[models]\nwhy = \"a survey\"\n")
        .expect("written");
    let report = |lines: &str| under(policy(lines), sandbox.path());
    assert_eq!(finding(&report(""), "LICE-1").answer, Answer::Fail);
    assert!(report("").holds, "a licence is asked for, not demanded");
    assert!(!report("[severity]\nLICE-1 = \"must\"\n").holds);
    assert!(!report("fail_on = \"should\"\n").holds);
    let off = report("fail_on = \"should\"\n[severity]\nLICE-1 = \"off\"\n");
    assert_eq!(finding(&off, "LICE-1").answer, Answer::NotApplicable);
    assert!(!off.unmet.iter().any(|unmet| unmet.contains("LICE-1")), "{:?}", off.unmet);
    let json = render_json(&report("[severity]\nLICE-1 = \"must\"\n"));
    let of = json["findings"].as_array().expect("findings").iter().find(|f| f["rule"] == "LICE-1");
    assert_eq!(of.expect("LICE-1")["severity"], "must");
}

#[test]
fn limits_and_required_entries_are_said_where_they_are_not_met() {
    let lines = "min_ticks = 5\nrequire = [\"bundle.paper\", \"use\", \"code.train\"]\n[limits]\nbytes = 100\nfiles = 3\nlicenses = [\"GPL-3.0-only\"]\nsignature = \"valid\"\n";
    let report = under(policy(lines), &fixture("theory"));
    assert!(!report.holds);
    let said = report.unmet.join("\n");
    for part in [
        "at most 100 B: it has ",
        "at most 3 files: it has ",
        "a licence of GPL-3.0-only: ",
        "a valid signature: a directory has none",
        "entries that bundle.toml lacks: bundle.paper",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let text = render_text(&report, false);
    assert!(text.contains("✗ asked      at most 100 B"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let generous = "[limits]\nbytes = 1_000_000_000\nfiles = 5000\nlicenses = [\"CC-BY-4.0\", \"Apache-2.0\", \"MIT\"]\n";
    assert_eq!(under(policy(generous), &fixture("digits")).unmet, [""; 0]);
}

#[test]
fn no_policy_makes_a_broken_file_good() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let path = sandbox.path().join("theory-1.0.0.bundle.tar.zst");
    pack(&fixture("theory"), &path, &Packing { signature: Some(b"{}"), ..Packing::default() });
    // Everything that may be off is off.
    let mut lines = String::from("[severity]\n");
    for rule in bundle_check::rules() {
        let fixed = Policy::from_toml(&format!(
            "policy = 1\nname = \"x\"\nversion = \"1\"\n[severity]\n{} = \"off\"\n",
            rule.id
        ));
        match fixed {
            Ok(_) => lines.push_str(&format!("{} = \"off\"\n", rule.id)),
            Err(_) => assert!(rule.id.starts_with("FILE-") || rule.id.starts_with("SIGN-")),
        }
    }
    let report = under(policy(&lines), &path);
    assert_eq!(finding(&report, "SIGN-2").answer, Answer::Fail);
    assert!(!report.holds);
    let mut bytes = fs_err::read(&path).expect("a bundle");
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs_err::write(&path, bytes).expect("written");
    let report = under(policy(&lines), &path);
    assert_eq!(finding(&report, "FILE-1").answer, Answer::Fail);
    assert!(!report.holds);
}
