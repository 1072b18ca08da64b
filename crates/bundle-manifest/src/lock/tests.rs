//! Cases and laws of the lock.

use super::{read::MAX_TEXT, *};
use crate::toml_text::quote;
use proptest::{collection, option, prelude::*};

fn member(path: &str) -> LockedMember {
    LockedMember {
        path: path.parse().expect(path),
        size: 7,
        sha256: Digest::from_bytes([1; 32]),
        mode: FileMode::Regular,
        tracked: true,
        withheld: false,
    }
}

fn lock(paths: &[&str]) -> Lock {
    Lock {
        name: "tiny".parse().expect("a name"),
        version: "1.0.0".parse().expect("a version"),
        requires: vec![],
        code: CodeIdentity {
            swhid: GitObjectId::from_bytes([2; 20]),
            sha256: Digest::from_bytes([3; 32]),
        },
        git: Some(GitFacts {
            commit: GitObjectId::from_bytes([4; 20]),
            tree: GitObjectId::from_bytes([2; 20]),
            remote: Some("https://example.org/tiny.git".to_owned()),
            dirty: true,
            equals_git: EqualsGit::No(vec![GitDifference::Link, GitDifference::Dirty]),
        }),
        not_packed: vec!["project/link".parse().expect("a path")],
        members: paths.iter().map(|path| member(path)).collect(),
    }
}

fn small() -> Lock {
    lock(&["project/a.py", "project/bundle.toml"])
}

#[test]
fn the_canonical_text_is_this() {
    let hex = |digit: &str, bytes: usize| digit.repeat(bytes);
    let (one, two, three, four) = (hex("01", 32), hex("02", 20), hex("03", 32), hex("04", 20));
    assert_eq!(
        small().to_toml(),
        format!(
            "# Written by bundle; sizes and digests of every file of the project.\n\
             format = 1\nname = \"tiny\"\nversion = \"1.0.0\"\nrequires = []\n\
             not_packed = [\"project/link\"]\n\n\
             [code]\nswhid = \"swh:1:dir:{two}\"\nsha256 = \"{three}\"\n\n\
             [git]\ncommit = \"{four}\"\ntree = \"{two}\"\n\
             remote = \"https://example.org/tiny.git\"\ndirty = true\n\
             equals_git = false\ndiffers_by = [\"link\", \"dirty\"]\n\n\
             [[members]]\npath = \"project/a.py\"\nsize = 7\nsha256 = \"{one}\"\n\
             mode = \"0644\"\ntracked = true\n\n\
             [[members]]\npath = \"project/bundle.toml\"\nsize = 7\nsha256 = \"{one}\"\n\
             mode = \"0644\"\ntracked = true\n"
        )
    );
}

/// What is replaced in the text of [`small`], by what, and what is said then.
const NOT_CANONICAL: &[(&str, &str, &str)] = &[
    (
        "format = 1",
        "format = 2",
        "line 2: format 2 is newer than this program, which reads format 1",
    ),
    ("format = 1", "format = 0", "line 2: `format` must be 1, not the integer `0`"),
    ("format = 1\n", "", "line 1: missing key `format`"),
    (
        "requires = []",
        "requires = [\"shards\"]",
        "the bundle requires the feature `shards`, which this program does not know",
    ),
    ("size = 7", "size = 07", "line 22: invalid TOML: unexpected leading zero, expected nothing"),
    ("size = 7", "size = +7", "line 22 is `size = +7`, canonically `size = 7`"),
    (
        "size = 7",
        "size = -7",
        "line 22: `members[0].size` must be an integer of at least 0, not the integer `-7`",
    ),
    ("size = 7", "size = 0x7", "line 22 is `size = 0x7`, canonically `size = 7`"),
    ("size = 7", "size = 7 # seven", "line 22 is `size = 7 # seven`, canonically `size = 7`"),
    (
        "size = 7",
        "size = 9223372036854775808",
        "line 22: `members[0].size` must be an integer of 64 bits, not the integer `9223372036854775808`",
    ),
    (
        "size = 7",
        "size = 9223372036854775807",
        "the sizes up to `project/bundle.toml` exceed 2^63 - 1 bytes",
    ),
    (
        "tracked = true\n",
        "tracked = true\nwithheld = false\n",
        "line 26 is `withheld = false`, canonically empty",
    ),
    (
        "mode = \"0644\"",
        "mode = \"0777\"",
        "line 24: `members[0].mode` must be \"0644\" or \"0755\", not the string `0777`",
    ),
    ("dirty = true", "dirty = true\nbranch = \"main\"", "line 17: unknown key `branch` in `git`"),
    ("dirty = true", "dirty = false", "`differs_by` says `dirty`, but `dirty` is false"),
    (
        "equals_git = false",
        "equals_git = true",
        "`equals_git` is true, but `differs_by` has a reason",
    ),
    ("[\"link\", \"dirty\"]", "[]", "`equals_git` is false, but `differs_by` has no reason"),
    (
        "[\"link\", \"dirty\"]",
        "[\"dirty\", \"link\"]",
        "`differs_by` is not sorted: `dirty` stands before `link`",
    ),
    ("[\"link\", \"dirty\"]", "[\"linc\"]", "line 18: unknown reason `linc`"),
    ("project/a.py", "../a.py", "line 21: path `../a.py` has a `.` or `..` part"),
    ("project/a.py", "a.py", "`a.py` is not below `project/`"),
    ("project/a.py", "project", "`project` is not below `project/`"),
    (
        "project/a.py",
        "project/c.py",
        "`members` is not sorted: `project/c.py` stands before `project/bundle.toml`",
    ),
    ("project/a.py", "project/bundle.toml", "`members` lists `project/bundle.toml` twice"),
    (
        "project/a.py",
        "project/BUNDLE.toml",
        "`project/BUNDLE.toml` and `project/bundle.toml` are the same where case does not count",
    ),
    ("project/bundle.toml", "project/b.toml", "`members` has no `project/bundle.toml`"),
    ("project/link", "link", "`link` is not below `project/`"),
    ("project/link", "project/a.py", "`project/a.py` is there twice"),
    (
        "project/link",
        "project/a.py/x",
        "`project/a.py` is a file, and a directory of `project/a.py/x`",
    ),
    (
        "swh:1:dir:",
        "swh:1:rev:",
        "line 9: `code.swhid` must be `swh:1:dir:` and 40 lower-case hexadecimal digits, not the string `swh:1:rev:0202020202020202020202020202020202020202`",
    ),
    (
        "requires = []\n",
        "requires = []\r\n",
        "line 5 is `requires = []\\r`, canonically `requires = []`",
    ),
    (
        "file of the project.",
        "file of this project.",
        "line 1 is `… of every file of this project.`, canonically `… of every file of the project.`",
    ),
    (
        "# Written",
        "\u{feff}# Written",
        "line 1 is `\\u{feff}# Written by bundle; sizes and digests of every file of the…`, canonically `# Written by bundle; sizes and digests of every file of the …`",
    ),
];

#[test]
fn a_text_that_is_not_canonical_is_refused_by_its_line() {
    let text = small().to_toml();
    for (from, to, message) in NOT_CANONICAL {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let error = Lock::from_toml(&changed).expect_err(to);
        assert_eq!(error.message, *message);
    }
    let longer = Lock::from_toml(&format!("{text}\n")).expect_err("a line too many");
    assert_eq!(longer.message, "line 34 stands after the canonical end");
    let shorter = Lock::from_toml(text.trim_end()).expect_err("no line break");
    assert_eq!(shorter.message, "the text ends before line 33");
}

#[test]
fn what_a_newer_program_wrote_is_refused_with_a_hint() {
    let text = small().to_toml();
    for (from, to) in
        [("format = 1", "format = 2\nnew = 1"), ("requires = []", "requires = [\"x\"]\nnew = 1")]
    {
        let error = Lock::from_toml(&text.replacen(from, to, 1)).expect_err(to);
        assert_eq!(error.hint.as_deref(), Some("install a newer version of bundle"));
    }
}

#[test]
fn a_withheld_manifest_is_refused() {
    let mut lock = small();
    lock.members[1].withheld = true;
    let error = Lock::from_toml(&lock.to_toml()).expect_err("withheld");
    assert_eq!(error.message, "`project/bundle.toml` is withheld; a reader needs it");
}

#[test]
fn as_many_members_as_an_archive_may_have_are_read() {
    let mut paths: Vec<_> = (0..65_535).map(|n| format!("project/data/{n:05}.png")).collect();
    paths.insert(0, "project/bundle.toml".to_owned());
    let lock = lock(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(Lock::from_toml(&lock.to_toml()), Ok(lock));
}

#[test]
fn too_long_a_text_is_not_parsed() {
    let text = " ".repeat(MAX_TEXT + 1);
    let error = Lock::from_toml(&text).expect_err("too long");
    assert_eq!(error.message, "line 1: the file has 67108865 bytes; at most 67108864 are read");
}

fn any_member() -> impl Strategy<Value = LockedMember> {
    let modes = prop_oneof![Just(FileMode::Regular), Just(FileMode::Executable)];
    let path = "project/([a-zé日\"'~ ]{1,8}/){0,2}[a-zé\"' #]{0,8}[a-z]";
    (path, 0..1_u64 << 40, any::<[u8; 32]>(), modes, any::<(bool, bool)>()).prop_filter_map(
        "a path that the format forbids",
        |(path, size, sha256, mode, (tracked, withheld))| {
            let path = path.parse().ok()?;
            Some(LockedMember {
                path,
                size,
                sha256: Digest::from_bytes(sha256),
                mode,
                tracked,
                withheld,
            })
        },
    )
}

fn any_git() -> impl Strategy<Value = GitFacts> {
    let reasons = collection::btree_set(proptest::sample::select(GitDifference::ALL), 0..5);
    (any::<([u8; 20], [u8; 20], bool)>(), option::of(any::<String>()), reasons).prop_map(
        |((commit, tree, dirty), remote, reasons)| GitFacts {
            commit: GitObjectId::from_bytes(commit),
            tree: GitObjectId::from_bytes(tree),
            remote,
            dirty: dirty || reasons.contains(&GitDifference::Dirty),
            equals_git: if reasons.is_empty() {
                EqualsGit::Yes
            } else {
                EqualsGit::No(reasons.into_iter().collect())
            },
        },
    )
}

fn any_lock() -> impl Strategy<Value = Lock> {
    (collection::vec(any_member(), 0..12), option::of(any_git()), any::<([u8; 20], [u8; 32])>())
        .prop_map(|(mut members, git, (swhid, sha256))| {
            members.push(member("project/bundle.toml"));
            members.sort_by(|a, b| a.path.cmp(&b.path));
            members.dedup_by(|a, b| a.path == b.path);
            for m in &mut members {
                m.withheld &= m.path.as_str() != "project/bundle.toml";
            }
            let code = CodeIdentity {
                swhid: GitObjectId::from_bytes(swhid),
                sha256: Digest::from_bytes(sha256),
            };
            Lock { code, git, members, ..small() }
        })
        .prop_filter("colliding paths", |lock| lock.check().is_ok())
}

proptest! {
    #[test]
    fn from_toml_undoes_to_toml(lock in any_lock()) {
        prop_assert_eq!(Lock::from_toml(&lock.to_toml()), Ok(lock));
    }

    #[test]
    fn to_toml_undoes_from_toml(lock in any_lock(), at: prop::sample::Index, to in any::<u8>()) {
        let mut bytes = lock.to_toml().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Some(read) = String::from_utf8(bytes.clone()).ok().and_then(|text| Lock::from_toml(&text).ok()) {
            prop_assert_eq!(read.to_toml().into_bytes(), bytes);
        }
    }
}

#[test]
fn every_character_survives_quoting() {
    let every: Vec<char> = ('\0'..=char::MAX).collect();
    for chunk in every.chunks(4096) {
        let text: String = chunk.iter().collect();
        let document = format!("x = {}", quote(&text));
        let table: toml::Table = document.parse().expect("a quoted text is TOML");
        assert_eq!(table["x"].as_str(), Some(text.as_str()));
    }
}
