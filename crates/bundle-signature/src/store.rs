//! The keys of this user and the keys this user trusts, as files:
//!
//! ```text
//! keys/NAME.pem        a private key, PKCS#8, 0600
//! keys/NAME.pub        its public half
//! anonymous/FILE.pem   a key that signed one anonymous bundle
//! trusted/NAME.pub     a key, or a root certificate, that this user trusts
//! retired/FILE.pem     a key that is used no more
//! ```
//!
//! Nothing else is kept: a key can be copied, backed up and removed with the
//! tools of the system. The keys of the user are trusted by the user.

use std::{
    collections::BTreeSet,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::{
    Certificate, Curve, Fingerprint, PrivateKey, PublicKey, SignatureError, SignatureErrorKind,
    Trust, UnixTime, pem,
};

/// The name of the key that is made first and used when no other is named.
pub const DEFAULT_KEY: &str = "default";
/// Characters of a key's name.
const NAME_LENGTH: usize = 64;

/// A directory with keys.
#[derive(Clone, Debug)]
pub struct KeyStore {
    root: PathBuf,
}

/// A key in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: StoredKind,
    /// The public key, or that of the certificate where it is on one of our curves.
    pub public: Option<PublicKey>,
    /// The subject, for a certificate.
    pub certificate: Option<String>,
    /// Where the public part is.
    pub path: PathBuf,
}

/// The keys of a store, and the files in it that are none.
#[derive(Debug, Default)]
pub struct Listing {
    /// The keys, by kind and name.
    pub keys: Vec<StoredKey>,
    /// Why the other files cannot be used.
    pub problems: Vec<SignatureError>,
}

/// What a key in the store is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StoredKind {
    /// The user signs with it.
    Own,
    /// It signed one anonymous bundle.
    Anonymous,
    /// Somebody else's, whom the user trusts.
    Trusted,
}

impl StoredKind {
    /// The word of lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Anonymous => "anonymous",
            Self::Trusted => "trusted",
        }
    }

    const fn directory(self) -> &'static str {
        match self {
            Self::Own => "keys",
            Self::Anonymous => "anonymous",
            Self::Trusted => "trusted",
        }
    }
}

impl KeyStore {
    /// The store in this directory, which need not be there yet.
    pub const fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// Makes a key and writes both halves; a key of this name that is there stays.
    pub fn create(
        &self,
        name: &str,
        curve: Curve,
        passphrase: Option<&str>,
    ) -> Result<PrivateKey, SignatureError> {
        check_name(name)?;
        self.write(StoredKind::Own, name, &PrivateKey::generate(curve)?, passphrase)
    }

    /// Makes a key for one anonymous bundle and keeps it under its fingerprint.
    pub fn create_anonymous(&self, stem: &str) -> Result<PrivateKey, SignatureError> {
        let key = PrivateKey::generate(Curve::default())?;
        let short: String = key.public().hint().chars().take(16).collect();
        self.write(StoredKind::Anonymous, &format!("{stem}-{short}"), &key, None)
    }

    fn write(
        &self,
        kind: StoredKind,
        name: &str,
        key: &PrivateKey,
        passphrase: Option<&str>,
    ) -> Result<PrivateKey, SignatureError> {
        let directory = self.root.join(kind.directory());
        private_directory(&self.root)?;
        private_directory(&directory)?;
        let halves = ["pem", "pub"].map(|ending| directory.join(format!("{name}.{ending}")));
        // One half of an older key beside one of the new would deceive everybody.
        if let Some(there) = halves.iter().find(|half| half.symlink_metadata().is_ok()) {
            return Err(exists(there));
        }
        let [private_path, public_path] = halves;
        let private = key.to_pem(passphrase)?;
        write_new(&private_path, private.as_bytes(), 0o600)?;
        write_new(&public_path, key.public().to_pem().as_bytes(), 0o644)?;
        PrivateKey::from_pem(&private, passphrase)
    }

    /// Whether there is a key of the user's with this name.
    pub fn holds(&self, name: &str) -> bool {
        check_name(name).is_ok() && self.private_path(name).is_file()
    }

    /// Whether a key of the user's is under a passphrase.
    pub fn is_locked(&self, name: &str) -> Result<bool, SignatureError> {
        check_name(name)?;
        is_encrypted(&self.private_path(name))
    }

    /// Reads a key of the user's.
    pub fn open(&self, name: &str, passphrase: Option<&str>) -> Result<PrivateKey, SignatureError> {
        check_name(name)?;
        read_private_key(&self.private_path(name), passphrase)
    }

    /// The anonymous key with this fingerprint, if it was kept.
    pub fn open_anonymous(
        &self,
        fingerprint: Fingerprint,
    ) -> Result<Option<PrivateKey>, SignatureError> {
        let of = |key: &StoredKey| {
            key.public.as_ref().is_some_and(|public| public.fingerprint() == fingerprint)
        };
        let found = self.list_kind(StoredKind::Anonymous)?.keys.into_iter().find(of);
        found.map(|key| read_private_key(&key.path.with_extension("pem"), None)).transpose()
    }

    fn private_path(&self, name: &str) -> PathBuf {
        self.root.join(StoredKind::Own.directory()).join(format!("{name}.pem"))
    }

    /// Trusts the public key or the certificate in `text` under `name`.
    pub fn trust(&self, name: &str, text: &str) -> Result<StoredKey, SignatureError> {
        check_name(name)?;
        let directory = self.root.join(StoredKind::Trusted.directory());
        let path = directory.join(format!("{name}.pub"));
        let key = stored(StoredKind::Trusted, name.to_owned(), path.clone(), text)?;
        let known = self.list_kind(StoredKind::Trusted)?.keys;
        // A certificate may be trusted in place of an older one of the same key.
        let same = |known: &&StoredKey| {
            key.certificate.is_none() && known.certificate.is_none() && known.public == key.public
        };
        if let Some(known) = known.iter().find(same) {
            let what = format!("is trusted already, as `{}`", known.name);
            return Err(SignatureError::new("this key", SignatureErrorKind::Exists(what))
                .with_hint(format!(
                    "`bundle key untrust {}` first, to give it another name",
                    known.name
                )));
        }
        private_directory(&self.root)?;
        private_directory(&directory)?;
        // Written anew: the file may hold more than the key, and nobody looked at that.
        let text = match (&key.certificate, &key.public) {
            (None, Some(public)) => public.to_pem(),
            _ => only_certificate(text)?.to_pem(),
        };
        write_new(&path, text.as_bytes(), 0o644)?;
        Ok(key)
    }

    /// Trusts a key no longer; named as it was, or by its fingerprint. Gives back its name.
    pub fn untrust(&self, which: &str) -> Result<String, SignatureError> {
        let fingerprint = which.parse::<Fingerprint>().ok();
        let is = |key: &StoredKey| {
            key.public.as_ref().map(PublicKey::fingerprint).is_some_and(|f| Some(f) == fingerprint)
        };
        // A file that is no key can be taken away too.
        let named = self.names(StoredKind::Trusted)?.into_iter().find(|name| name == which);
        let found = match named {
            Some(name) => Some(name),
            None => {
                self.list_kind(StoredKind::Trusted)?.keys.into_iter().find(is).map(|key| key.name)
            }
        };
        let name = found.ok_or_else(|| missing(which))?;
        let path = self.root.join(StoredKind::Trusted.directory()).join(format!("{name}.pub"));
        fs_err::remove_file(&path).map_err(|error| at(&path, error))?;
        Ok(name)
    }

    /// Every key: those of the user, anonymous ones, trusted ones; each by name. A file that
    /// cannot be used is a problem of its own, and no reason not to use the others.
    pub fn list(&self) -> Result<Listing, SignatureError> {
        let mut all = Listing::default();
        for kind in [StoredKind::Own, StoredKind::Anonymous, StoredKind::Trusted] {
            let Listing { keys, problems } = self.list_kind(kind)?;
            all.keys.extend(keys);
            all.problems.extend(problems);
        }
        Ok(all)
    }

    fn list_kind(&self, kind: StoredKind) -> Result<Listing, SignatureError> {
        let mut listing = Listing::default();
        for name in self.names(kind)? {
            let path = self.root.join(kind.directory()).join(format!("{name}.pub"));
            let key = match kind {
                StoredKind::Trusted => read_public(kind, &name, &path),
                // Who restored a private key alone still has the public one in it.
                _ => read_public(kind, &name, &path).or_else(|error| {
                    let private = read_private_key(&path.with_extension("pem"), None);
                    let public = private.map_err(|_| error)?.public().clone();
                    let (name, path) = (name.clone(), path.clone());
                    Ok(StoredKey { name, kind, public: Some(public), certificate: None, path })
                }),
            };
            match key {
                Ok(key) => listing.keys.push(key),
                Err(error) => listing.problems.push(error),
            }
        }
        Ok(listing)
    }

    /// The names of the files of a kind, in order.
    fn names(&self, kind: StoredKind) -> Result<BTreeSet<String>, SignatureError> {
        let directory = self.root.join(kind.directory());
        refuse_shared(&directory)?;
        let entries = match fs_err::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            Err(error) => return Err(at(&directory, error)),
        };
        let ending = if kind == StoredKind::Trusted { "pub" } else { "pem" };
        let mut names = BTreeSet::new();
        for entry in entries {
            let path = entry.map_err(|error| at(&directory, error))?.path();
            let name = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
            if path.extension().is_some_and(|extension| extension == ending) {
                names.extend(name.filter(|name| check_name(name).is_ok()));
            }
        }
        Ok(names)
    }

    /// Puts a key of the user's away: it signs no more and is trusted no more, and its
    /// files stay in `retired/`, under its name and the beginning of its hint.
    pub fn retire(&self, name: &str) -> Result<StoredKey, SignatureError> {
        let mine = self.list_kind(StoredKind::Own)?.keys.into_iter().find(|key| key.name == name);
        let key = mine.ok_or_else(|| {
            let what = format!("you have no key `{}`", crate::envelope::shown(name));
            SignatureError::new("key", SignatureErrorKind::Missing(what))
                .with_hint("`bundle key list` shows your keys")
        })?;
        let directory = self.root.join("retired");
        private_directory(&directory)?;
        let hint = key.public.as_ref().map(PublicKey::hint).unwrap_or_default();
        let short: String = hint.chars().take(16).collect();
        for ending in ["pem", "pub"] {
            let from = key.path.with_extension(ending);
            let to = directory.join(format!("{name}-{short}.{ending}"));
            match fs_err::rename(&from, &to) {
                Err(error) if ending == "pub" && error.kind() == io::ErrorKind::NotFound => {}
                renamed => renamed.map_err(|error| at(&from, error))?,
            }
        }
        Ok(key)
    }

    /// Whom the user trusts: themselves, and whom they said; and what could not be read.
    pub fn trust_at(&self, now: UnixTime) -> Result<(Trust, Vec<SignatureError>), SignatureError> {
        let mut trust = Trust::nobody(now);
        let Listing { keys, problems } = self.list()?;
        for key in keys {
            let name = match key.kind {
                StoredKind::Own => format!("you ({})", key.name),
                StoredKind::Anonymous => "your anonymous key".to_owned(),
                StoredKind::Trusted => key.name.clone(),
            };
            if key.certificate.is_some() {
                trust.add_root(name, only_certificate(&read_text(&key.path)?)?);
            } else if let Some(public) = key.public {
                trust.add_key(name, public);
            }
        }
        Ok((trust, problems))
    }
}

/// Reads a private key from a file that nobody else can read.
pub fn read_private_key(
    path: &Path,
    passphrase: Option<&str>,
) -> Result<PrivateKey, SignatureError> {
    let shown = path.display().to_string();
    let text = read_text(path).map_err(|error| match &error.kind {
        SignatureErrorKind::Missing(_) => {
            SignatureError::new(&shown, SignatureErrorKind::Missing("there is no such key".into()))
                .with_hint("`bundle key list` shows your keys, `bundle key new` makes one")
        }
        _ => error,
    })?;
    // Asked first: who names a public key is not told to hide it.
    if text.contains("PRIVATE KEY-----") {
        refuse_exposed(path)?;
    }
    PrivateKey::from_pem(&text, passphrase).map_err(|error| {
        let hint = error.hint.clone();
        SignatureError { hint, ..error.of(shown) }
    })
}

/// Whether a file of a private key asks for a passphrase.
pub fn is_encrypted(path: &Path) -> Result<bool, SignatureError> {
    let text = read_text(path)?;
    let blocks = pem::blocks(&text).map_err(|error| error.of(path.display().to_string()))?;
    Ok(blocks.iter().any(|block| block.label == "ENCRYPTED PRIVATE KEY"))
}

/// Reads a text of PEM; wiped after use, for it may hold a private key.
pub fn read_text(path: &Path) -> Result<Zeroizing<String>, SignatureError> {
    use std::io::Read as _;
    let mut text = Zeroizing::new(String::with_capacity(pem::LIMIT.min(1 << 16)));
    let open = || {
        // Asked first: to open a pipe is to wait for its other end.
        if !fs_err::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "is not a regular file"));
        }
        fs_err::File::open(path)
    };
    let limit = u64::try_from(pem::LIMIT).unwrap_or(u64::MAX);
    let read = open().and_then(|file| file.take(limit.saturating_add(1)).read_to_string(&mut text));
    match read {
        Ok(_) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let what = "there is no such file".to_owned();
            Err(SignatureError::new(path.display().to_string(), SignatureErrorKind::Missing(what)))
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            let what = "is not PEM, which is text";
            Err(SignatureError::malformed(path.display().to_string(), what).with_hint(
                "if it is DER: `openssl pkey -inform DER -in FILE -out NEW`, or `openssl x509` for a certificate",
            ))
        }
        Err(error) => Err(at(path, error)),
    }
}

/// The public key, or the certificate, in a file.
fn read_public(kind: StoredKind, name: &str, path: &Path) -> Result<StoredKey, SignatureError> {
    let text = read_text(path)?;
    stored(kind, name.to_owned(), path.to_owned(), &text)
        .map_err(|error| error.of(path.display().to_string()))
}

fn stored(
    kind: StoredKind,
    name: String,
    path: PathBuf,
    text: &str,
) -> Result<StoredKey, SignatureError> {
    if text.contains("PRIVATE KEY-----") {
        return Err(SignatureError::malformed("public key", "holds a private key")
            .with_hint("`openssl pkey -in KEY -pubout` writes the public key"));
    }
    if text.contains("-----BEGIN CERTIFICATE-----") {
        let only = only_certificate(text)?;
        let (certificate, public) = (Some(only.subject()), only.public_key().ok());
        return Ok(StoredKey { name, kind, public, certificate, path });
    }
    let public = PublicKey::from_pem(text)?;
    Ok(StoredKey { name, kind, public: Some(public), certificate: None, path })
}

/// A name is a file name on every system.
fn check_name(name: &str) -> Result<(), SignatureError> {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'@' | b'+');
    let starts = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if starts && name.len() <= NAME_LENGTH && name.bytes().all(plain) && !name.ends_with('.') {
        return Ok(());
    }
    let what = format!(
        "`{}` is not a name: at most {NAME_LENGTH} of the letters a to z, digits and `-_.@+`, a letter or digit first",
        crate::envelope::shown(name)
    );
    Err(SignatureError::malformed("key", what).with_hint("give it another one with `--name`"))
}

fn missing(which: &str) -> SignatureError {
    let what = format!("nobody is trusted as `{}`", crate::envelope::shown(which));
    SignatureError::new("key", SignatureErrorKind::Missing(what))
        .with_hint("`bundle key list` shows whom you trust")
}

fn at(path: &Path, error: io::Error) -> SignatureError {
    SignatureError::io(path.display().to_string(), error)
}

/// Creates a directory for this user alone; one that is there stays as it is.
fn private_directory(path: &Path) -> Result<(), SignatureError> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs_err::create_dir_all(parent).map_err(|error| at(parent, error))?;
    }
    let made = fs_err::create_dir(path);
    #[cfg(unix)]
    let made = made.and_then(|()| {
        use std::os::unix::fs::PermissionsExt as _;
        fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o700))
    });
    made.map_err(|error| at(path, error))
}

/// Writes a file that must not be there, all of it or nothing, with this mode from the first byte on.
fn write_new(path: &Path, content: &[u8], mode: u32) -> Result<(), SignatureError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".key-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _: u32 = mode;
    let write = || {
        let mut file = builder.tempfile_in(directory)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path).map(drop).map_err(|error| error.error)
    };
    write().map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(path),
        _ => at(path, error),
    })
}

fn exists(path: &Path) -> SignatureError {
    let what = "there is a key of this name already".to_owned();
    SignatureError::new(path.display().to_string(), SignatureErrorKind::Exists(what))
        .with_hint("give the new key another name, or `bundle key retire` the old one; keys are never overwritten")
}

/// The one certificate of a text: a second one would be trusted without being seen.
fn only_certificate(text: &str) -> Result<Certificate, SignatureError> {
    let mut certificates = Certificate::from_pem(text)?;
    match (certificates.pop(), certificates.len()) {
        (Some(only), 0) => Ok(only),
        (_, more) => {
            let what = format!(
                "holds {} certificates, and one is trusted at a time",
                more.saturating_add(1)
            );
            Err(SignatureError::malformed("certificate", what)
                .with_hint("put each into a file of its own"))
        }
    }
}

/// Whoever can write here could say whom the user trusts.
#[cfg(unix)]
fn refuse_shared(directory: &Path) -> Result<(), SignatureError> {
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(found) = fs_err::metadata(directory) else { return Ok(()) };
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o022 == 0 {
        return Ok(());
    }
    let shown = directory.display().to_string();
    let what = format!("can be written to by others (mode {mode:04o})");
    let hint = format!("run `chmod go-w {shown}`, and look at what is in it");
    Err(SignatureError::malformed(shown, what).with_hint(hint))
}

#[cfg(not(unix))]
fn refuse_shared(_directory: &Path) -> Result<(), SignatureError> {
    Ok(())
}

/// A private key that others can read is no secret.
#[cfg(unix)]
fn refuse_exposed(path: &Path) -> Result<(), SignatureError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode =
        fs_err::metadata(path).map_err(|error| at(path, error))?.permissions().mode() & 0o777;
    let (group, others) = (mode >> 3 & 0o7, mode & 0o7);
    if group == 0 && others == 0 {
        return Ok(());
    }
    let shown = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '~');
    let quoted = if shown.chars().all(plain) {
        shown.clone()
    } else {
        format!("'{}'", shown.replace('\'', "'\\''"))
    };
    let hint = format!("run `chmod 600 {quoted}`; if others may have read it, make a new key");
    Err(SignatureError::new(shown, SignatureErrorKind::Exposed { mode }).with_hint(hint))
}

#[cfg(not(unix))]
fn refuse_exposed(_path: &Path) -> Result<(), SignatureError> {
    Ok(())
}
