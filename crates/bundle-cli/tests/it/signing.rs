//! Keys and signatures as their users meet them.

use std::path::Path;

use bundle_testkit::Sandbox;
use serde_json::Value as Json;

use crate::harness::{Said, bundle, bundle_command, packed, said, sandbox_with};

/// Runs the binary as somebody else: with another store of keys.
fn as_reader(sandbox: &Sandbox, arguments: &[&str]) -> Said {
    let mut command = bundle_command(sandbox.path(), arguments);
    let store = sandbox.path().join("keys of a reader");
    said(&command.env("BUNDLE_CONFIG_DIR", store).output().expect("the binary starts"))
}

fn json(said: &Said) -> Json {
    serde_json::from_str(&said.stdout).expect(&said.stdout)
}

/// The author's public key in `author.pub`; gives back its fingerprint.
fn publish(sandbox: &Sandbox) -> String {
    let shown = bundle(sandbox.path(), &["key", "show"]);
    sandbox.write("author.pub", &shown.stdout).expect("a file");
    let words = shown.stderr.split_whitespace();
    words.filter(|word| word.starts_with("SHA256:")).map(str::to_owned).next().expect("a key")
}

#[test]
fn the_first_pack_makes_a_key_and_says_so() {
    let sandbox = sandbox_with("theory");
    let first = bundle(sandbox.path(), &["pack", "theory"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert!(
        first.stderr.contains("note: made your first key, `default` (SHA256:"),
        "{}",
        first.stderr
    );
    assert!(sandbox.path().join("home/.config/bundle/keys/default.pem").is_file());
    let key = publish(&sandbox);
    assert!(first.stdout.contains(&format!("  signature  key {key}\n")), "{}", first.stdout);
    let second = bundle(sandbox.path(), &["pack", "theory", "--format", "json"]);
    assert!(!second.stderr.contains("first key"), "{}", second.stderr);
    assert_eq!(json(&second)["key"], key.as_str());
    // A project that cannot be packed leaves no key behind.
    let sandbox = Sandbox::new().expect("a sandbox");
    assert_ne!(bundle(sandbox.path(), &["pack", "nowhere"]).code, 0);
    assert!(!sandbox.path().join("home").exists());
    let sandbox = sandbox_with("theory");
    let unsigned = bundle(sandbox.path(), &["pack", "theory", "--unsigned"]);
    assert!(unsigned.stdout.contains("  signature  unsigned\n"), "{}", unsigned.stdout);
    assert!(!sandbox.path().join("home").exists());
}

#[test]
fn a_reader_learns_whom_to_trust() {
    let (sandbox, file) = packed("theory");
    let key = publish(&sandbox);
    let verify = |more: &[&str]| as_reader(&sandbox, &[&["verify", &file], more].concat());
    let unknown = verify(&[]);
    assert_eq!(unknown.code, 2, "{}", unknown.stderr);
    let line = format!("  unknown    valid signature; key {key} is not known to you\n");
    assert!(unknown.stdout.contains(&line), "{}", unknown.stdout);
    let named = verify(&["--key", "author.pub"]);
    assert_eq!(named.code, 0, "{}", named.stderr);
    let line = format!("  good       valid signature by author, key {key}\n");
    assert!(named.stdout.ends_with(&line), "{}", named.stdout);

    let trusted = as_reader(&sandbox, &["key", "trust", "author.pub", "--name", "a.author"]);
    assert_eq!(trusted.stdout, format!("trusted  a.author  P-256  {key}\n"));
    let good = verify(&["--format", "json"]);
    assert_eq!(good.code, 0, "{}", good.stderr);
    let signature = json(&good)["verified"][0]["signature"].clone();
    assert_eq!(signature["status"], "good");
    assert_eq!((&signature["name"], &signature["key"]), (&"a.author".into(), &key.as_str().into()));
    let listed = as_reader(&sandbox, &["key", "list"]);
    assert!(listed.stdout.contains(&format!("  a.author  P-256  {key}\n")), "{}", listed.stdout);
    assert_eq!(as_reader(&sandbox, &["key", "untrust", &key]).code, 0);
    assert_eq!(verify(&[]).code, 2);
}

#[test]
fn whether_this_key_signed_it_has_a_plain_answer() {
    let (sandbox, file) = packed("theory");
    let key = publish(&sandbox);
    let verify = |more: &[&str]| as_reader(&sandbox, &[&["verify", &file], more].concat());
    assert_eq!(bundle(sandbox.path(), &["key", "new", "other", "--curve", "P-384"]).code, 0);
    let other = bundle(sandbox.path(), &["key", "show", "other"]);
    sandbox.write("other.pub", other.stdout).expect("a file");
    let printed = verify(&["--key", &key]);
    assert_eq!(printed.code, 0, "a fingerprint is enough: {}", printed.stdout);
    let no = verify(&["--key", "other.pub"]);
    assert_eq!(no.code, 1);
    assert!(no.stdout.contains("is none of those you named"), "{}", no.stdout);
}

#[test]
fn what_verify_prints_is_valid_by_its_schema() {
    let (sandbox, file) = packed("theory");
    assert_eq!(as_reader(&sandbox, &["check", &file, "--attest"]).code, 0);
    sandbox.write("model/weights.bin", "1").expect("a file");
    assert_eq!(bundle(sandbox.path(), &["sign", "model"]).code, 0);
    let schema = json(&bundle(sandbox.path(), &["schema", "verify"]));
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for paths in [&[&file, "model", "nothing"][..], &["theory"]] {
        let said = bundle(sandbox.path(), &[&["verify", "--format", "json"], paths].concat());
        let view = json(&said);
        let errors: Vec<_> = validator.iter_errors(&view).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}: {view:#}");
    }
    assert!(!validator.is_valid(&serde_json::json!({ "verified": [{ "path": "x" }] })));
}

#[test]
fn the_id_of_the_paper_is_compared() {
    let (sandbox, file) = packed("theory");
    let id = json(&bundle(sandbox.path(), &["inspect", &file, "--format", "json"]))["id"].clone();
    let id = id.as_str().expect("an id");
    let verify = |id: &str| bundle(sandbox.path(), &["verify", &file, "--id", id]);
    assert_eq!(verify(id).code, 0);
    let other = format!("sha256:{}", "0".repeat(64));
    let said = verify(&other);
    assert_eq!(said.code, 1);
    assert!(
        said.stdout.contains(&format!("  not        {other}, which you named\n")),
        "{}",
        said.stdout
    );
}

#[test]
fn several_paths_are_told_apart_and_zips_are_read() {
    let (sandbox, file) = packed("theory");
    fs_err::copy(sandbox.path().join(&file), sandbox.path().join("copy.bundle.tar.zst"))
        .expect("a copy");
    let zip = "import sys, zipfile; zipfile.ZipFile('form.zip', 'w').write(sys.argv[1])";
    let made = std::process::Command::new("python3")
        .args(["-c", zip, &file])
        .current_dir(sandbox.path())
        .status();
    assert!(made.expect("python3 starts").success());
    let said =
        bundle(sandbox.path(), &["verify", &file, "copy.bundle.tar.zst", "form.zip", "nothing"]);
    assert_eq!(said.code, 2, "{}", said.stderr);
    for path in [&file, "copy.bundle.tar.zst", "form.zip"] {
        assert!(said.stdout.lines().any(|line| line == path), "{}", said.stdout);
    }
    assert_eq!(bundle(sandbox.path(), &["extract", "form.zip"]).code, 0);
    let signed = bundle(sandbox.path(), &["sign", "form.zip"]);
    assert!(signed.stderr.contains("unzip it first"), "{}", signed.stderr);
    assert_eq!(as_reader(&sandbox, &["check", "form.zip", "--attest"]).code, 0);
    let stem = file.replace(".bundle.tar.zst", ".attest.jsonl");
    assert!(sandbox.path().join(stem).is_file());
}

#[test]
fn private_keys_are_not_packed() {
    let sandbox = sandbox_with("theory");
    let inside = |arguments: &[&str]| {
        let mut command = bundle_command(sandbox.path(), arguments);
        command.env("BUNDLE_CONFIG_DIR", sandbox.path().join("theory/config"));
        said(&command.output().expect("the binary starts"))
    };
    assert_eq!(inside(&["key", "new", "mine"]).code, 0);
    let refused = inside(&["pack", "theory", "--key", "mine"]);
    assert_eq!(refused.code, 2);
    assert!(
        refused.stderr.contains("`config/keys/mine.pem` holds a private key"),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains("exclude = [\"config/keys/mine.pem\"]"), "{}", refused.stderr);
    assert_eq!(inside(&["pack", "theory", "--key", "mine", "--with-private-keys"]).code, 0);
}

#[test]
fn nothing_is_said_of_an_id_by_a_damaged_file() {
    let (sandbox, file) = packed("digits");
    let path = sandbox.path().join(&file);
    let mut bytes = fs_err::read(&path).expect("the bundle");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs_err::write(&path, bytes).expect("damage");
    let checked = bundle(sandbox.path(), &["check", &file, "--attest"]);
    assert_eq!(checked.code, 1, "{}", checked.stdout);
    assert!(checked.stdout.contains("DOES NOT HOLD"), "{}", checked.stdout);
    assert!(checked.stderr.contains("nothing was signed"), "{}", checked.stderr);
    assert!(!sandbox.path().join(file.replace(".bundle.tar.zst", ".attest.jsonl")).exists());
    let inspected = bundle(sandbox.path(), &["inspect", &file]);
    assert!(
        inspected.stdout.contains("(of the lock; `bundle verify` reads everything)"),
        "{}",
        inspected.stdout
    );
}

#[test]
fn the_signature_of_somebody_else_is_not_lost_by_accident() {
    let (sandbox, file) = packed("theory");
    let path = sandbox.path().join(&file);
    let before = fs_err::read(&path).expect("the bundle");
    let refused = as_reader(&sandbox, &["sign", &file]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("it is signed already, by key SHA256:"), "{}", refused.stderr);
    assert_eq!(fs_err::read(&path).expect("the bundle"), before);
    set_mode(&path, 0o600);
    bundle_testkit::symlink(&path, &sandbox.path().join("link.bundle.tar.zst")).expect("a link");
    let replaced = as_reader(&sandbox, &["sign", "link.bundle.tar.zst", "--replace"]);
    assert_eq!(replaced.code, 0, "{}", replaced.stderr);
    assert!(replaced.stderr.contains("is replaced"), "{}", replaced.stderr);
    assert_eq!(mode(&path), 0o600);
    assert_ne!(fs_err::read(&path).expect("the bundle"), before);
}

#[test]
fn a_bundle_is_signed_again_without_touching_its_members() {
    let sandbox = sandbox_with("theory");
    let run = |arguments: &[&str]| {
        let said = bundle(sandbox.path(), arguments);
        assert_eq!(said.code, 0, "{arguments:?}: {}", said.stderr);
        said
    };
    let read = |name: &str| fs_err::read(sandbox.path().join(name)).expect(name);
    run(&["pack", "theory", "-o", "signed.bundle.tar.zst"]);
    run(&["pack", "theory", "--unsigned", "-o", "plain.bundle.tar.zst"]);
    let unsigned = bundle(sandbox.path(), &["verify", "plain.bundle.tar.zst"]);
    assert_eq!(unsigned.code, 1);
    assert!(
        unsigned.stdout.contains("  unsigned   nobody vouches for it\n"),
        "{}",
        unsigned.stdout
    );
    let before = read("plain.bundle.tar.zst");
    run(&["sign", "plain.bundle.tar.zst", "-o", "again.bundle.tar.zst"]);
    assert_eq!(read("plain.bundle.tar.zst"), before);
    assert_eq!(read("again.bundle.tar.zst"), read("signed.bundle.tar.zst"));
    run(&["sign", "plain.bundle.tar.zst"]);
    assert_eq!(read("plain.bundle.tar.zst"), read("signed.bundle.tar.zst"));
    run(&["key", "new", "lab", "--curve", "P-521"]);
    let signed = run(&["sign", "plain.bundle.tar.zst", "--key", "lab"]);
    assert!(signed.stderr.contains("is replaced"), "{}", signed.stderr);
    let verified = run(&["verify", "plain.bundle.tar.zst"]);
    assert!(verified.stdout.contains("valid signature by you (lab), key"), "{}", verified.stdout);
    // A file that is not a bundle is neither signed nor replaced.
    sandbox.write("notes.txt", "mine").expect("a file");
    let refused = bundle(sandbox.path(), &["sign", "plain.bundle.tar.zst", "-o", "notes.txt"]);
    assert_eq!((refused.code, read("notes.txt")), (2, b"mine".to_vec()));
    assert_eq!(bundle(sandbox.path(), &["sign", "notes.txt"]).code, 1);
    let names: Vec<_> = fs_err::read_dir(sandbox.path()).expect("a directory").collect();
    assert!(!names.iter().any(|name| format!("{name:?}").contains(".part")), "{names:?}");
}

#[test]
fn an_anonymous_author_can_be_revealed() {
    let sandbox = sandbox_with("theory");
    bundle_testkit::commit_all(&sandbox.path().join("theory")).expect("a repository");
    let pack = ["pack", "theory", "--anonymous", "-o", "a.bundle.tar.zst"];
    let refused = bundle(sandbox.path(), &pack);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("LICENSE:3: ANON-4"), "{}", refused.stderr);
    let allow = ["--allow", "ANON-4:LICENSE", "--allow", "ANON-04:bundle.toml"];
    let packed = bundle(sandbox.path(), &[&pack[..], &allow].concat());
    assert_eq!(packed.code, 0, "{}", packed.stderr);
    assert!(packed.stderr.contains("2 places that say who wrote it"), "{}", packed.stderr);
    assert!(packed.stderr.contains("signed with a key made for this bundle"), "{}", packed.stderr);
    let inspected =
        json(&bundle(sandbox.path(), &["inspect", "a.bundle.tar.zst", "--format", "json"]));
    assert_eq!(inspected["code"]["git"], Json::Null);
    let before = as_reader(&sandbox, &["verify", "a.bundle.tar.zst", "--format", "json"]);
    assert_eq!(json(&before)["verified"][0]["author"], Json::Null);
    // Somebody else cannot claim it.
    let claimed = as_reader(&sandbox, &["sign", "a.bundle.tar.zst", "--reveal"]);
    assert_eq!(claimed.code, 2);
    assert!(claimed.stderr.contains("is not one of your anonymous keys"), "{}", claimed.stderr);
    let revealed = bundle(sandbox.path(), &["sign", "a.bundle.tar.zst", "--reveal"]);
    assert_eq!(revealed.code, 0, "{}", revealed.stderr);
    let author = publish(&sandbox);
    let after = as_reader(&sandbox, &["verify", "a.bundle.tar.zst", "--format", "json"]);
    assert_eq!(json(&after)["verified"][0]["author"], author.as_str());
    assert_eq!(after.code, 2, "a statement never makes a bundle good");
}

#[test]
fn a_check_is_attested_by_whoever_made_it() {
    let (sandbox, file) = packed("theory");
    let check =
        |more: &[&str]| as_reader(&sandbox, &[&["check", &file, "--attest"], more].concat());
    let blind = check(&[]);
    assert_eq!(blind.code, 0, "{}", blind.stderr);
    assert_eq!(as_reader(&sandbox, &["key", "new", "reviewer-2"]).code, 0);
    assert_eq!(check(&["--key", "reviewer-2"]).code, 0);
    let verified = json(&bundle(sandbox.path(), &["verify", &file, "--format", "json"]));
    let said = verified["verified"][0]["attestations"].as_array().expect("a list").clone();
    assert_eq!(said.len(), 2);
    assert_ne!(said[0]["signature"]["key"], said[1]["signature"]["key"]);
    for one in &said {
        assert_eq!(one["signature"]["status"], "unknown");
        assert_eq!(one["claim"]["result"], "PASSED");
        assert_eq!(one["claim"]["failed"], serde_json::json!([]));
        assert!(
            one["claim"]["passed"].as_array().is_some_and(|rules| rules.contains(&"FILE-1".into()))
        );
    }
    let project = as_reader(&sandbox, &["check", "theory", "--attest"]);
    assert!(project.stderr.contains("has no bundle id"), "{}", project.stderr);
    assert_eq!(project.code, 2);
}

#[test]
fn a_changed_statement_spoils_neither_the_others_nor_the_bundle() {
    let (sandbox, file) = packed("theory");
    for _ in 0..2 {
        assert_eq!(as_reader(&sandbox, &["check", &file, "--attest"]).code, 0);
    }
    let beside = sandbox.path().join(file.replace(".bundle.tar.zst", ".attest.jsonl"));
    let text = fs_err::read_to_string(&beside).expect("the statements");
    fs_err::write(&beside, text.replacen("eyJ", "eyK", 1)).expect("a change");
    let checked = bundle(sandbox.path(), &["check", &file]);
    assert_eq!(checked.code, 0, "{}", checked.stdout);
    assert!(checked.stdout.contains("SIGN-3  line 1 is bad: "), "{}", checked.stdout);
    assert!(checked.stdout.contains("PASSED by key SHA256:"), "{}", checked.stdout);
    assert!(
        checked.stdout.contains("✓ signature  valid signature by you (default)")
            || checked.stdout.contains("~ signature  valid signature by you (default)"),
        "{}",
        checked.stdout
    );
}

#[test]
fn a_bad_bundle_is_not_used() {
    let (sandbox, file) = packed("digits");
    let other = sandbox_with("theory");
    assert_eq!(bundle(other.path(), &["pack", "theory", "-o", "t.bundle.tar.zst"]).code, 0);
    // The signature of another bundle, put in by the program's own library.
    let theory = bundle_archive::Archive::open(
        &other.path().join("t.bundle.tar.zst"),
        &bundle_archive::Limits::default(),
    );
    let path = sandbox.path().join(&file);
    let archive =
        bundle_archive::Archive::open(&path, &bundle_archive::Limits::default()).expect("opens");
    archive.write_signed(theory.expect("opens").signature(), &path, &|_| ()).expect("written");
    for arguments in [
        &["verify", &file][..],
        &["check", &file],
        &["run", &file, "--example", "chalk"],
        &["serve", &file, "--port", "0"],
        &["extract", &file],
    ] {
        let said = bundle(sandbox.path(), arguments);
        let all = format!("{}{}", said.stdout, said.stderr);
        assert_eq!(said.code, 1, "{arguments:?}: {all}");
        assert!(
            all.contains("resource `project/verify.py`") || all.contains("member `bundle.lock`"),
            "{all}"
        );
    }
    assert!(!sandbox.path().join("digits-1.0.0").exists());
    let inspected = bundle(sandbox.path(), &["inspect", &file]);
    assert!(inspected.stdout.contains("  signature  bad signature: "), "{}", inspected.stdout);
}

#[test]
fn an_extracted_bundle_is_verified_as_it_lies() {
    let (sandbox, file) = packed("digits");
    assert_eq!(bundle(sandbox.path(), &["extract", &file]).code, 0);
    let verify = || bundle(sandbox.path(), &["verify", "digits-1.0.0"]);
    assert_eq!(verify().code, 0, "{}", verify().stdout);
    let project = sandbox.path().join("digits-1.0.0/project");
    bundle_testkit::make_executable(&project.join("train.py")).expect("a mode");
    assert!(verify().stdout.contains("`train.py`: has another mode"), "{}", verify().stdout);
    assert_eq!(bundle(sandbox.path(), &["check", "digits-1.0.0", "--no-replay"]).code, 1);
    set_mode(&project.join("train.py"), 0o644);
    assert_eq!(verify().code, 0);
    sandbox.write("digits-1.0.0/more.txt", "x").expect("a file");
    assert!(verify().stdout.contains("file `more.txt`: is not signed"), "{}", verify().stdout);
    assert_eq!(verify().code, 1);
    assert_eq!(bundle(sandbox.path(), &["verify", "digits-1.0.0", "--ignore-unsigned"]).code, 0);
}

#[test]
fn an_extracted_bundle_is_the_directory_that_was_named() {
    let (sandbox, file) = packed("theory");
    let run = |arguments: &[&str]| bundle(sandbox.path(), arguments);
    assert_eq!(run(&["extract", &file]).code, 0);
    let real = sandbox.path().join("theory-1.0.0");
    // The project behind a link, beside a script that nobody signed.
    let fake = sandbox.path().join("fake");
    fs_err::create_dir(&fake).expect("a directory");
    for name in ["bundle.lock", "bundle.sig"] {
        fs_err::copy(real.join(name), fake.join(name)).expect("a copy");
    }
    bundle_testkit::symlink(&real.join("project"), &fake.join("project")).expect("a link");
    let said = run(&["verify", "fake"]);
    assert_eq!(said.code, 1, "{}{}", said.stdout, said.stderr);
    // What Model Signing never looks at is looked at here.
    for planted in [".git/hooks/post-checkout", ".github/x", "install.sh"] {
        let path =
            sandbox.write(&format!("theory-1.0.0/{planted}"), "#!/bin/sh\n").expect("a file");
        for command in [&["verify", "theory-1.0.0"][..], &["check", "theory-1.0.0", "--no-replay"]]
        {
            let said = run(command);
            assert_eq!(said.code, 1, "{planted}: {}{}", said.stdout, said.stderr);
            assert!(
                said.stdout.contains(&format!("file `{planted}`: is not signed")),
                "{}",
                said.stdout
            );
        }
        fs_err::remove_file(path).expect("removed");
    }
    assert_eq!(run(&["verify", "theory-1.0.0"]).code, 0);
    bundle_testkit::make_executable(&real.join("project/verify.py")).expect("a mode");
    let named = run(&["verify", "theory-1.0.0", "--signature", "theory-1.0.0/bundle.sig"]);
    assert_eq!(named.code, 1, "{}", named.stdout);
}

#[test]
fn statements_are_appended_to_files_only() {
    let (sandbox, file) = packed("theory");
    let beside = sandbox.path().join(file.replace(".bundle.tar.zst", ".attest.jsonl"));
    let victim = sandbox.write("victim", "mine").expect("a file");
    bundle_testkit::symlink(&victim, &beside).expect("a link");
    let said = as_reader(&sandbox, &["check", &file, "--attest"]);
    assert_eq!(said.code, 2, "{}", said.stderr);
    assert!(said.stdout.contains("HOLDS"), "the report is printed all the same: {}", said.stdout);
    assert_eq!(fs_err::read(&victim).expect("the file"), b"mine");
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs_err::metadata(path).expect("a file").permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
}

#[test]
fn a_large_signature_is_replaced_like_a_small_one() {
    let sandbox = Sandbox::new().expect("a sandbox");
    for number in 0..3_000 {
        sandbox.write(&format!("model/{number:0200}"), "1").expect("a file");
    }
    for _ in 0..2 {
        let signed = bundle(sandbox.path(), &["sign", "model"]);
        assert_eq!(signed.code, 0, "{}", signed.stderr);
    }
    let signature = sandbox.path().join("model/model.sig");
    assert!(signature.metadata().expect("a file").len() > 1 << 20);
    assert_eq!(bundle(sandbox.path(), &["verify", "model"]).code, 0);
}

#[test]
fn any_directory_can_be_signed() {
    let sandbox = Sandbox::new().expect("a sandbox");
    sandbox.write("model/weights.bin", "1").expect("a file");
    let signed = bundle(sandbox.path(), &["sign", "model", "--signature", "model.sig"]);
    assert_eq!(signed.code, 0, "{}", signed.stderr);
    let verify = |more: &[&str]| bundle(sandbox.path(), &[&["verify", "model"], more].concat());
    assert_eq!(verify(&["--signature", "model.sig"]).code, 0);
    assert!(verify(&[]).stderr.contains("has no signature in it"), "{}", verify(&[]).stderr);
    sandbox.write("model/weights.bin", "2").expect("a file");
    let changed = verify(&["--signature", "model.sig"]);
    assert_eq!(changed.code, 1);
    sandbox.write("model/cache", "anything").expect("a file");
    let lost = bundle(sandbox.path(), &["sign", "model", "--signature", "model/weights.bin"]);
    assert_eq!(lost.code, 2, "{}", lost.stdout);
    assert!(lost.stderr.contains("is there and is not a signature"), "{}", lost.stderr);
    assert_eq!(bundle(sandbox.path(), &["sign", "model", "-o", "x"]).code, 2);
    let ignoring = ["sign", "model", "--signature", "model.sig", "--ignore", "cache"];
    assert_eq!(bundle(sandbox.path(), &ignoring).code, 0);
    let covered = verify(&["--signature", "model.sig"]);
    assert!(covered.stdout.contains("  not signed cache\n"), "{}", covered.stdout);
    assert!(changed.stdout.contains("file `weights.bin`: sha256 is "), "{}", changed.stdout);
}

#[test]
fn no_secret_and_no_home_is_in_any_message() {
    let sandbox = sandbox_with("theory");
    let passphrase = "correct horse battery staple";
    let home = sandbox.path().join("home");
    let run = |arguments: &[&str], passphrase: Option<&str>| {
        let mut command = bundle_command(sandbox.path(), arguments);
        command.envs(passphrase.map(|passphrase| ("BUNDLE_PASSPHRASE", passphrase)));
        said(&command.output().expect("the binary starts"))
    };
    let made = run(&["key", "new", "lab", "--passphrase"], Some(passphrase));
    assert_eq!(made.code, 0, "{}", made.stderr);
    let plain = run(&["key", "new", "plain"], None);
    let secret = fs_err::read_to_string(home.join(".config/bundle/keys/plain.pem")).expect("a key");
    let body: String = secret.lines().filter(|line| !line.starts_with("---")).collect();
    let lab = home.join(".config/bundle/keys/lab.pem").display().to_string();
    set_mode(&home.join(".config/bundle/keys/plain.pem"), 0o644);
    let exposed = run(&["pack", "theory", "--key", "plain"], None);
    assert_eq!(exposed.code, 2);
    assert!(
        exposed.stderr.contains("hint: run `chmod 600 ~/.config/bundle/keys/plain.pem`"),
        "{}",
        exposed.stderr
    );
    let opened = run(&["pack", "theory", "--key", "lab"], Some(passphrase));
    assert_eq!(opened.code, 0, "{}", opened.stderr);
    let wrong = run(&["pack", "theory", "--key", "lab"], Some("wrong horse"));
    assert!(wrong.stderr.contains("is not opened by this passphrase"), "{}", wrong.stderr);
    let asked = run(&["pack", "theory", "--key", "lab"], None);
    assert!(asked.stderr.contains("there is no terminal to ask for it"), "{}", asked.stderr);
    let all = [
        made,
        plain,
        exposed,
        opened,
        wrong,
        asked,
        run(&["key", "list"], None),
        run(&["key", "list", "--format", "json"], None),
        run(&["key", "show", &lab], Some(passphrase)),
        run(&["key", "show", &lab, "--format", "json"], Some("wrong horse")),
        run(&["key", "show", "plain", "--format", "json"], None),
        run(&["key", "new", "lab"], None),
        run(&["key", "trust", &lab], None),
        run(&["verify", "theory-1.0.0.bundle.tar.zst", "--key", &lab], None),
        run(&["sign", "theory-1.0.0.bundle.tar.zst", "--key", "no/such.pem"], None),
        run(&["check", "theory-1.0.0.bundle.tar.zst", "--format", "json"], None),
    ];
    for said in &all {
        let text = format!("{}{}", said.stdout, said.stderr);
        for hidden in [passphrase, "wrong horse", home.to_str().expect("text")] {
            assert!(!text.contains(hidden), "{text}");
        }
        let pieces = body.as_bytes().chunks(16).map(String::from_utf8_lossy);
        // The public half of a key is in its private file too, at the end.
        for piece in pieces.take(5) {
            assert!(!text.contains(&*piece), "{text}");
        }
    }
}

#[test]
fn wrong_words_are_answered_with_what_to_do() {
    let (sandbox, file) = packed("theory");
    for (arguments, words) in [
        (&["key", "new", "default"][..], "keys are never overwritten"),
        (&["key", "new", "a", "--curve", "secp256k1"], "is not one of P-256, P-384, P-521"),
        (&["key", "new", "../a"], "`../a` is not a name: at most 64 of the letters"),
        (&["key", "retire", "nobody"], "you have no key `nobody`"),
        (&["key", "untrust", "default"], "it is your own: `bundle key retire default`"),
        (&["key", "show", "nobody"], "`bundle key new` makes one"),
        (&["key", "trust", "theory/README.md"], "has no `-----BEGIN …-----` line"),
        (&["key", "untrust", "nobody"], "nobody is trusted as `nobody`"),
        (&["sign", &file, "--key", "nobody"], "there is no key `nobody`"),
        (&["sign", &file, "--reveal"], "is not one of your anonymous keys"),
        (&["verify", "nothing"], "there is no `nothing`"),
        (&["verify", "theory"], "has no signature in it"),
        (&["verify", &file, "--key", "theory/README.md"], "has no `-----BEGIN …-----` line"),
        (&["pack", "theory", "--anonymous", "--unsigned"], "cannot be used with"),
        (&["check", &file, "--key", "lab"], "--attest"),
    ] {
        let said = bundle(sandbox.path(), arguments);
        assert_eq!(said.code, 2, "{arguments:?}: {}{}", said.stdout, said.stderr);
        assert!(said.stderr.contains(words), "{arguments:?}: {}", said.stderr);
    }
}
