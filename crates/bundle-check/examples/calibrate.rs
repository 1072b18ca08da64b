//! Judges the five items of the checklist in git trees, and says what each answer rests on.
//!
//! Standard input has a tree a line: `REPOSITORY⇥GIT DIRECTORY⇥REVISION`. Standard output has
//! a JSON object a line: the answers in both readings with their grounds, and every word of the
//! lists without which one of the answers of the loose reading would be another (not with
//! `--answers-only`). They are found by halving: the words of a list all speak for the same,
//! so that where all of a set can go without changing an answer, each of them can.
//! `--without LIST WORD` takes a word out for all.
//! `cargo xtask prove calibrate DIR` compares them with what people said.

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, Write as _},
    path::Path,
    sync::{Arc, LazyLock, Mutex},
    thread,
};

use bundle_check::{Answer, Area, CheckRequest, Finding, Policy, Profile, Words, check, rules};
use bundle_manifest::FileSource as _;
use bundle_project::SourceTree;
use bundle_signature::{Trust, UnixTime};
use serde_json::{Value as Json, json};

/// Bytes of a file in which words are looked for.
const MAX_TEXT: u64 = 2 << 20;

/// A tree to judge.
struct Case {
    repository: String,
    directory: String,
    revision: String,
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ablate = !arguments.iter().any(|word| word == "--answers-only");
    let mut words = Words::standard();
    for (at, _) in arguments.iter().enumerate().filter(|(_, word)| *word == "--without") {
        if let [list, word, ..] = arguments.get(at + 1..).unwrap_or_default() {
            words = Arc::new(words.without(list, word));
        }
    }
    let lines: Vec<String> = io::stdin().lock().lines().collect::<io::Result<_>>()?;
    let cases: Vec<Case> = lines.iter().filter_map(|line| case(line)).collect();
    let next = Mutex::new(cases.iter().enumerate());
    let done = Mutex::new(BTreeMap::new());
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some((index, case)) = next.lock().ok().and_then(|mut next| next.next())
                    else {
                        return;
                    };
                    let judged = judge(case, &words, ablate);
                    if let Ok(mut done) = done.lock() {
                        done.insert(index, judged);
                    }
                }
            });
        }
    });
    let mut out = io::stdout().lock();
    for judged in done.into_inner().into_iter().flat_map(BTreeMap::into_values) {
        writeln!(out, "{judged}")?;
    }
    Ok(())
}

fn case(line: &str) -> Option<Case> {
    let mut fields = line.split('\t').map(str::to_owned);
    Some(Case { repository: fields.next()?, directory: fields.next()?, revision: fields.next()? })
}

fn judge(case: &Case, standard: &Arc<Words>, ablate: bool) -> Json {
    let answers = |profile, words: &Arc<Words>| items(case, profile, words);
    let (loose, strict) =
        match (answers(Profile::Loose, standard), answers(Profile::Strict, standard)) {
            (Ok(loose), Ok(strict)) => (loose, strict),
            (Err(error), _) | (_, Err(error)) => {
                return json!({ "repository": case.repository, "error": error });
            }
        };
    let mut decides = Vec::new();
    let text = if ablate { text_of(case) } else { String::new() };
    let occurs = |ways: &&[String]| ways.iter().any(|way| text.contains(&way.to_lowercase()));
    let changed = |words: &Arc<Words>| -> Vec<usize> {
        let other = answers(Profile::Loose, words).unwrap_or_default();
        let passes = |finding: &Finding| finding.answer == Answer::Pass;
        let pairs = loose.iter().zip(&other).enumerate();
        let differs = pairs.filter(|(_, (ours, other))| passes(ours) != passes(other));
        differs.map(|(item, _)| item + 1).collect()
    };
    for (list, words) in standard.lists() {
        let words = words.into_iter().filter(occurs);
        let words: Vec<&String> = words.filter_map(<[String]>::first).collect();
        let mut sets = vec![words.as_slice()];
        while let Some(set) = sets.pop() {
            let without =
                set.iter().fold((**standard).clone(), |all, word| all.without(list, word));
            match (changed(&Arc::new(without)).as_slice(), set) {
                ([], _) | (_, []) => {}
                (items, [word]) => decides.extend(
                    items.iter().map(|item| json!({ "list": list, "word": word, "item": item })),
                ),
                (_, set) => {
                    let (left, right) = set.split_at(set.len() / 2);
                    sets.extend([right, left]);
                }
            }
        }
    }
    json!({
        "repository": case.repository,
        "loose": loose.iter().map(shown).collect::<Vec<_>>(),
        "strict": strict.iter().map(shown).collect::<Vec<_>>(),
        "decides": decides,
    })
}

/// Paths and texts of a tree, lower case: a word that is not there decides nothing.
fn text_of(case: &Case) -> String {
    let directory = Path::new(&case.directory);
    let Ok(tree) = SourceTree::from_revision(directory, &case.revision) else {
        return String::new();
    };
    let mut text = String::new();
    for file in tree.files() {
        text += &format!("{}\n", file.path);
        if let Ok(content) = tree.read(&file.path, MAX_TEXT) {
            text += &String::from_utf8_lossy(&content);
        }
    }
    text.to_lowercase()
}

/// Asks for no rule but the five items: the others would read every file again for each word.
static ITEMS_ALONE: LazyLock<Result<Arc<Policy>, String>> = LazyLock::new(|| {
    let kept = [Area::Container, Area::Page, Area::Signature, Area::Completeness];
    let others = rules().iter().filter(|rule| !kept.contains(&rule.area));
    let off: String = others.map(|rule| format!("{} = \"off\"\n", rule.id)).collect();
    let text = format!("policy = 1\nname = \"items\"\nversion = \"1\"\n[severity]\n{off}");
    Policy::from_toml(&text).map(Arc::new).map_err(|error| error.to_string())
});

fn items(case: &Case, profile: Profile, words: &Arc<Words>) -> Result<Vec<Finding>, String> {
    let request = CheckRequest {
        replay: false,
        revision: Some(case.revision.clone()),
        policy: Some(ITEMS_ALONE.clone()?),
        profile,
        words: Arc::clone(words),
        ..CheckRequest::new(Trust::nobody(UnixTime(0)))
    };
    let report = check(Path::new(&case.directory), &request, &|_| ());
    let report = report.map_err(|error| error.to_string())?;
    Ok(report.findings.into_iter().filter(|finding| finding.rule.starts_with("MLCC-")).collect())
}

fn shown(finding: &Finding) -> Json {
    let evidence = finding.evidence.first().map(ToString::to_string);
    json!({ "answer": finding.answer.as_str(), "ground": finding.ground, "evidence": evidence })
}
