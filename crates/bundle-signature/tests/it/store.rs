//! Keys as files.

use bundle_signature::{
    Curve, DEFAULT_KEY, KeyStore, PrivateKey, SignatureErrorKind, StoredKind, UnixTime,
    read_private_key,
};
use bundle_testkit::{Sandbox, fixture};

use crate::{Outcome, openssl::set_mode};

fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs_err::metadata(path).map_or(0, |found| found.permissions().mode() & 0o777)
}

#[test]
fn a_key_is_for_its_owner_alone_and_never_overwritten() -> Outcome {
    let sandbox = Sandbox::new()?;
    let root = sandbox.path().join("deep/config/bundle");
    let store = KeyStore::at(root.clone());
    assert_eq!(store.list()?.keys, []);
    let key = store.create(DEFAULT_KEY, Curve::P256, None)?;
    assert_eq!(mode(&root.join("keys")), 0o700);
    assert_eq!(mode(&root.join("keys/default.pem")), 0o600);
    assert_eq!(mode(&root.join("keys/default.pub")), 0o644);
    let error = store.create(DEFAULT_KEY, Curve::P384, None).expect_err("there already");
    assert!(matches!(error.kind, SignatureErrorKind::Exists(_)), "{error}");
    assert_eq!(store.open(DEFAULT_KEY, None)?.public(), key.public());
    let names: Vec<_> = fs_err::read_dir(root.join("keys"))?
        .map(|e| e.map(|e| e.file_name()))
        .collect::<Result<_, _>>()?;
    assert_eq!(names.len(), 2, "{names:?}");
    Ok(())
}

#[test]
fn loose_permissions_are_refused_with_the_command_to_run() -> Outcome {
    let sandbox = Sandbox::new()?;
    let store = KeyStore::at(sandbox.path().to_owned());
    store.create("lab", Curve::P256, None)?;
    let path = sandbox.path().join("keys/lab.pem");
    for loose in [0o640, 0o604, 0o666, 0o610] {
        set_mode(&path, loose)?;
        let error = store.open("lab", None).expect_err("exposed");
        assert!(
            error.to_string().ends_with(&format!("others can read (mode {loose:04o})")),
            "{error}"
        );
        let hint = error.hint.unwrap_or_default();
        assert!(hint.starts_with(&format!("run `chmod 600 {}`", path.display())), "{hint}");
    }
    set_mode(&path, 0o400)?;
    store.open("lab", None)?;
    Ok(())
}

#[test]
fn names_are_file_names_and_nothing_else() -> Outcome {
    let sandbox = Sandbox::new()?;
    let store = KeyStore::at(sandbox.path().join("store"));
    for name in
        ["", "..", "a/b", "../x", ".hidden", "a\\b", "a:b", "naïve", "con.", &"x".repeat(65)]
    {
        assert!(store.create(name, Curve::P256, None).is_err(), "{name}");
        assert!(store.trust(name, "").is_err(), "{name}");
    }
    assert!(!sandbox.path().join("store").exists());
    store.create("a.b-c_d@e+f", Curve::P256, None)?;
    Ok(())
}

#[test]
fn trust_is_given_and_taken_away() -> Outcome {
    let sandbox = Sandbox::new()?;
    let store = KeyStore::at(sandbox.path().join("mine"));
    let other = KeyStore::at(sandbox.path().join("theirs")).create("them", Curve::P521, None)?;
    store.create("me", Curve::P256, Some("a passphrase"))?;
    assert!(store.is_locked("me")?);
    store.trust("them", &other.public().to_pem())?;
    let error = store.trust("again", &other.public().to_pem()).expect_err("known already");
    assert_eq!(error.to_string(), "this key: is trusted already, as `them`");
    let (trust, problems) = store.trust_at(UnixTime(0))?;
    assert!(problems.is_empty(), "{problems:?}");
    let names: Vec<_> = trust.keys().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(names, ["you (me)", "them"]);
    let kinds: Vec<_> = store.list()?.keys.iter().map(|key| key.kind).collect();
    assert_eq!(kinds, [StoredKind::Own, StoredKind::Trusted]);
    assert!(store.trust("no", &other.to_pem(None)?).is_err(), "a private key is not to be kept");
    store.untrust(&other.public().fingerprint().to_string())?;
    assert_eq!(store.trust_at(UnixTime(0))?.0.keys().count(), 1);
    let error = store.untrust("them").expect_err("gone");
    assert_eq!(error.to_string(), "key: nobody is trusted as `them`");
    Ok(())
}

#[test]
fn anonymous_keys_are_kept_and_found_again() -> Outcome {
    let sandbox = Sandbox::new()?;
    let store = KeyStore::at(sandbox.path().to_owned());
    let (one, two) =
        (store.create_anonymous("paper-1.0.0")?, store.create_anonymous("paper-1.0.0")?);
    assert_ne!(one.public(), two.public());
    let found = store.open_anonymous(one.public().fingerprint())?;
    assert_eq!(found.map(|key| key.public().clone()), Some(one.public().clone()));
    let stranger = KeyStore::at(sandbox.path().join("other")).create("x", Curve::P256, None)?;
    assert!(store.open_anonymous(stranger.public().fingerprint())?.is_none());
    Ok(())
}

#[test]
fn what_is_no_key_file_says_so() -> Outcome {
    let sandbox = Sandbox::new()?;
    let missing = read_private_key(&sandbox.path().join("none.pem"), None).expect_err("missing");
    assert!(missing.to_string().ends_with("there is no such key"), "{missing}");
    let path = sandbox.write("key.pem", "hello")?;
    set_mode(&path, 0o600)?;
    let error = read_private_key(&path, None).expect_err("no key");
    assert!(error.to_string().ends_with("key.pem: has no `-----BEGIN …-----` line"), "{error}");
    let directory = read_private_key(sandbox.path(), None).expect_err("a directory");
    assert!(directory.to_string().ends_with("is not a regular file"), "{directory}");
    Ok(())
}

#[test]
fn a_file_that_is_no_key_does_not_stand_in_the_way() -> Outcome {
    let sandbox = Sandbox::new()?;
    let store = KeyStore::at(sandbox.path().to_owned());
    let key = store.create(DEFAULT_KEY, Curve::P256, None)?;
    sandbox.write("trusted/junk.pub", "hello")?;
    // Only the private half was restored.
    fs_err::remove_file(sandbox.path().join("keys/default.pub"))?;
    let (trust, problems) = store.trust_at(UnixTime(0))?;
    assert_eq!(trust.name_of(key.public().fingerprint()), Some("you (default)"));
    let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 1);
    assert!(said.iter().all(|said| said.ends_with("junk.pub: has no `-----BEGIN …-----` line")));
    assert_eq!(store.untrust("junk")?, "junk");
    assert!(store.trust_at(UnixTime(0))?.1.is_empty());
    Ok(())
}

#[test]
fn a_retired_key_signs_no_more_and_is_not_lost() -> Outcome {
    let sandbox = Sandbox::new()?;
    let store = KeyStore::at(sandbox.path().to_owned());
    let old = store.create(DEFAULT_KEY, Curve::P256, None)?;
    store.retire(DEFAULT_KEY)?;
    assert!(!store.holds(DEFAULT_KEY));
    assert_eq!(store.trust_at(UnixTime(0))?.0.keys().count(), 0);
    let new = store.create(DEFAULT_KEY, Curve::P256, None)?;
    assert_ne!(old.public(), new.public());
    let hint: String = old.public().hint().chars().take(16).collect();
    let kept = sandbox.path().join(format!("retired/default-{hint}.pem"));
    assert_eq!(read_private_key(&kept, None)?.public(), old.public());
    assert!(store.retire("nobody").is_err());
    Ok(())
}

#[test]
fn one_key_or_certificate_is_trusted_at_a_time_and_no_more_is_kept() -> Outcome {
    let sandbox = Sandbox::new()?;
    let store = KeyStore::at(sandbox.path().join("store"));
    let key = PrivateKey::generate(Curve::P256)?;
    let certificate = fs_err::read_to_string(fixture("vectors/signature/root-ec.pem"))?;
    let both = format!("{}{certificate}", key.to_pem(None)?.as_str());
    for text in [format!("{certificate}{certificate}"), both] {
        assert!(store.trust("uni", &text).is_err());
        assert!(store.list()?.keys.is_empty());
    }
    store.trust("uni", &format!("subject=Root\n{certificate}"))?;
    let kept = fs_err::read_to_string(sandbox.path().join("store/trusted/uni.pub"))?;
    assert_eq!(kept, certificate);
    Ok(())
}

#[test]
fn half_of_an_older_key_is_not_paired_with_a_new_one() -> Outcome {
    let sandbox = Sandbox::new()?;
    let store = KeyStore::at(sandbox.path().to_owned());
    store.create(DEFAULT_KEY, Curve::P256, None)?;
    let private = sandbox.path().join("keys/default.pem");
    fs_err::remove_file(&private)?;
    assert!(store.create(DEFAULT_KEY, Curve::P256, None).is_err());
    assert!(!private.exists());
    Ok(())
}

#[test]
fn a_store_that_others_can_write_to_is_not_believed() -> Outcome {
    let sandbox = Sandbox::new()?;
    let store = KeyStore::at(sandbox.path().to_owned());
    store.create(DEFAULT_KEY, Curve::P256, None)?;
    fs_err::create_dir(sandbox.path().join("trusted"))?;
    set_mode(&sandbox.path().join("trusted"), 0o777)?;
    let error = store.trust_at(UnixTime(0)).expect_err("shared");
    assert!(error.to_string().ends_with("can be written to by others (mode 0777)"), "{error}");
    assert!(error.hint.is_some_and(|hint| hint.starts_with("run `chmod go-w ")));
    Ok(())
}
