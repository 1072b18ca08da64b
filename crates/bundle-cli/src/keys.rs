//! The keys of the user and whom the user trusts: where they are, and how a
//! passphrase is asked for.

use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
};

use bundle_signature::{
    Certificate, DEFAULT_KEY, Fingerprint, KeyStore, PrivateKey, PublicKey, SigningIdentity,
    StoredKey, StoredKind, Trust, UnixTime, is_encrypted, read_private_key, read_text,
};
use etcetera::BaseStrategy as _;
use zeroize::Zeroizing;

use crate::{failure::Failure, terminal::Terminal};

/// A directory that takes the place of the platform's config directory.
const CONFIG_DIRECTORY: &str = "BUNDLE_CONFIG_DIR";
/// The passphrase of an encrypted key, where no terminal can be asked.
const PASSPHRASE: &str = "BUNDLE_PASSPHRASE";

/// Whether a key is one of the user's own.
pub(crate) fn is_own(fingerprint: Fingerprint) -> bool {
    let keys = store().and_then(|store| Ok(store.list()?.keys)).unwrap_or_default();
    let mut own = keys.iter().filter(|key| key.kind == StoredKind::Own);
    own.any(|key| key.public.as_ref().is_some_and(|public| public.fingerprint() == fingerprint))
}

/// The key store of this user.
pub(crate) fn store() -> Result<KeyStore, Failure> {
    if let Some(directory) = environment(CONFIG_DIRECTORY) {
        return Ok(KeyStore::at(PathBuf::from(directory.as_str())));
    }
    let platform = etcetera::base_strategy::choose_native_strategy().map_err(|_| {
        Failure::usage("there is no home directory to keep keys in")
            .hint(format!("set {CONFIG_DIRECTORY}, or go without keys: `--unsigned`"))
    })?;
    Ok(KeyStore::at(platform.config_dir().join("bundle")))
}

/// Whom this user trusts. A store that cannot be read is said, and trusts nobody.
pub(crate) fn trust(terminal: &mut Terminal) -> Trust {
    let now = now();
    match store().and_then(|store| Ok(store.trust_at(now)?)) {
        Ok((trust, problems)) => {
            for problem in problems {
                terminal.note(format!("passed over, for it is no key: {problem}"));
            }
            trust
        }
        Err(failure) => {
            terminal.note(format!("no key is trusted: {:#}", failure.error));
            Trust::nobody(now)
        }
    }
}

/// Trust in these keys and roots and in nobody else. A key is a file, the name of one in the
/// store, or a fingerprint as a paper prints it.
pub(crate) fn trust_only(keys: &[String], roots: &[PathBuf]) -> Result<Trust, Failure> {
    let mut trust = Trust::only_named(now());
    for named in keys {
        if let Ok(fingerprint) = named.parse::<Fingerprint>() {
            trust.add_fingerprint(fingerprint);
            continue;
        }
        let (name, key, _) = public_key(named)?;
        trust.add_key(name, key);
    }
    for path in roots {
        for root in certificates(path)? {
            trust.add_root(name_of(path), root);
        }
    }
    Ok(trust)
}

/// The public key of a name or fingerprint in the store, or of a file of any kind; and the
/// subject of its certificate.
pub(crate) fn public_key(named: &str) -> Result<(String, PublicKey, Option<String>), Failure> {
    let stored = store().and_then(|store| Ok(store.list()?.keys)).unwrap_or_default();
    let is_it = |key: &&StoredKey| {
        let print = key.public.as_ref().map(|public| public.fingerprint().to_string());
        key.name == named || print.as_deref() == Some(named)
    };
    if let Some(key) = stored.iter().find(is_it) {
        let public = key.public.clone().ok_or_else(|| {
            Failure::usage(format!("the certificate `{named}` has a key that signs no models"))
        })?;
        return Ok((key.name.clone(), public, key.certificate.clone()));
    }
    let path = Path::new(named);
    if !path.exists() {
        return Err(no_key(named));
    }
    let text = read_text(path)?;
    let name = name_of(path);
    if text.contains("PRIVATE KEY-----") {
        return Ok((name, private_key_in(path)?.public().clone(), None));
    }
    if text.contains("-----BEGIN CERTIFICATE-----") {
        let certificates = certificates(path)?;
        let first = certificates.first().ok_or_else(|| no_key(named))?;
        return Ok((name, first.public_key()?, Some(first.subject())));
    }
    let public =
        PublicKey::from_pem(&text).map_err(|error| error.of(path.display().to_string()))?;
    Ok((name, public, None))
}

fn no_key(named: &str) -> Failure {
    Failure::usage(format!("there is no key `{named}`, and no file of that name"))
        .hint("`bundle key list` shows the keys there are, `bundle key new` makes one")
}

/// The certificates of a file.
pub(crate) fn certificates(path: &Path) -> Result<Vec<Certificate>, Failure> {
    let found = Certificate::from_pem(&read_text(path)?);
    Ok(found.map_err(|error| error.of(path.display().to_string()))?)
}

/// What a file is called, without its ending.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A key to sign with: made already, or to be made when it is needed.
#[derive(Debug)]
pub(crate) enum Signing {
    /// This one.
    With(Box<SigningIdentity>),
    /// The first key of the user, once there is something to sign.
    First(KeyStore),
    /// One for this bundle only.
    Anonymous(KeyStore),
}

impl Signing {
    /// The key of this name or in this file; without one, `default`, which is made
    /// when it is missing.
    pub(crate) fn by(key: Option<&str>) -> Result<Self, Failure> {
        let store = store();
        match (key, store) {
            (Some(named), store) => private_key(named, store.ok().as_ref()).map(Self::with),
            (None, Err(failure)) => Err(failure),
            (None, Ok(store)) if store.holds(DEFAULT_KEY) => {
                private_key(DEFAULT_KEY, Some(&store)).map(Self::with)
            }
            (None, Ok(store)) => Ok(Self::First(store)),
        }
    }

    fn with(key: PrivateKey) -> Self {
        Self::With(Box::new(SigningIdentity::of_key(key)))
    }

    /// The key, made now if it was not there; `stem` names the bundle.
    pub(crate) fn identity(
        self,
        stem: &str,
    ) -> Result<(SigningIdentity, Made), bundle_signature::SignatureError> {
        match self {
            Self::With(identity) => Ok((*identity, Made::Before)),
            Self::First(store) => {
                let passphrase = environment(PASSPHRASE);
                let text = passphrase.as_ref().map(|text| text.as_str());
                let key = store.create(DEFAULT_KEY, bundle_signature::Curve::default(), text)?;
                Ok((SigningIdentity::of_key(key), Made::First))
            }
            Self::Anonymous(store) => {
                let key = store.create_anonymous(stem)?;
                Ok((SigningIdentity::of_key(key), Made::Anonymous))
            }
        }
    }
}

/// Whether a key was made on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// It was there.
    Before,
    /// It is the user's first.
    First,
    /// It is for one anonymous bundle.
    Anonymous,
}

impl Made {
    /// What the user should know of a key that was made.
    pub(crate) fn note(self, fingerprint: Fingerprint) -> Option<String> {
        match self {
            Self::Before => None,
            Self::First => Some(format!(
                "made your first key, `{DEFAULT_KEY}` ({fingerprint}): `bundle key list` shows where; back it up, and give readers the public key that `bundle key show` prints"
            )),
            Self::Anonymous => Some(format!(
                "signed with a key made for this bundle ({fingerprint}); it is kept, so that `bundle sign --reveal` can prove later that you made it"
            )),
        }
    }
}

/// The private key of this name, or in this file. A name with a `/` or an ending is a file.
pub(crate) fn private_key(named: &str, store: Option<&KeyStore>) -> Result<PrivateKey, Failure> {
    let path = Path::new(named);
    let held = store.filter(|store| store.holds(named));
    if let Some(store) = held.filter(|_| !named.contains('/')) {
        let locked = store.is_locked(named)?;
        let passphrase = locked.then(|| passphrase_of(named)).transpose()?;
        return Ok(store.open(named, passphrase.as_ref().map(|text| text.as_str()))?);
    }
    if !path.exists() {
        return Err(no_key(named));
    }
    private_key_in(path)
}

fn private_key_in(path: &Path) -> Result<PrivateKey, Failure> {
    let shown = path.display().to_string();
    let locked = is_encrypted(path)?;
    let passphrase = locked.then(|| passphrase_of(&shown)).transpose()?;
    Ok(read_private_key(path, passphrase.as_ref().map(|text| text.as_str()))?)
}

/// A key of the conformance suite: public to the world, so nobody asks who can read it.
pub(crate) fn conformance_key(path: &Path) -> Result<PrivateKey, Failure> {
    Ok(PrivateKey::from_pem(&read_text(path)?, None)?)
}

/// Asks for the passphrase of a key.
fn passphrase_of(key: &str) -> Result<Zeroizing<String>, Failure> {
    if let Some(passphrase) = environment(PASSPHRASE) {
        return Ok(passphrase);
    }
    ask(&format!("Passphrase of `{key}`: "))
}

/// Whether a passphrase is at hand for a new key.
pub(crate) fn has_passphrase() -> bool {
    environment(PASSPHRASE).is_some()
}

/// Asks for a new passphrase, twice.
pub(crate) fn new_passphrase() -> Result<Zeroizing<String>, Failure> {
    let passphrase = if let Some(passphrase) = environment(PASSPHRASE) {
        passphrase
    } else {
        let first = ask("New passphrase: ")?;
        if *first != *ask("The same again: ")? {
            return Err(Failure::usage("the two passphrases differ; no key was made"));
        }
        first
    };
    if passphrase.is_empty() {
        return Err(Failure::usage("an empty passphrase protects nothing")
            .hint("leave `--passphrase` out for a key that only file permissions protect"));
    }
    Ok(passphrase)
}

fn ask(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    let refused = || {
        Failure::usage("the key needs a passphrase, and there is no terminal to ask for it")
            .hint(format!("set {PASSPHRASE}, or run this in a terminal"))
    };
    if !std::io::stderr().is_terminal() {
        return Err(refused());
    }
    rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|_| refused())
}

/// Now: the one place that looks at the clock, to see whether a certificate has expired.
#[expect(clippy::disallowed_methods, reason = "whether a certificate has expired depends on it")]
pub(crate) fn now() -> UnixTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    UnixTime(since.map(|since| since.as_secs()).unwrap_or_default())
}

#[expect(clippy::disallowed_methods, reason = "two variables of this user's, read at the edge")]
fn environment(name: &str) -> Option<Zeroizing<String>> {
    std::env::var(name).ok().filter(|value| !value.is_empty()).map(Zeroizing::new)
}
