//! The keys of this user and the keys this user trusts, as files:
//!
//! ```text
//! keys/NAME.pem        a private key, PKCS#8, 0600
//! keys/NAME.pub        its public half
//! anonymous/FILE.pem   a key that signed one anonymous bundle
//! trusted/NAME.pub     a key, or a root certificate, that this user trusts
//! ```
//!
//! Nothing else is kept: a key can be copied, backed up and removed with the
//! tools of the system. The keys of the user are trusted by the user.

use std::{
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
        let private = key.to_pem(passphrase)?;
        write_new(&directory.join(format!("{name}.pem")), private.as_bytes(), 0o600)?;
        let public = key.public().to_pem();
        write_new(&directory.join(format!("{name}.pub")), public.as_bytes(), 0o644)?;
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
        let found = self.list_kind(StoredKind::Anonymous)?.into_iter().find(of);
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
        if let (Some(public), Some(known)) = (
            &key.public,
            self.list_kind(StoredKind::Trusted)?
                .into_iter()
                .find(|known| known.public == key.public),
        ) {
            let what = format!("`{}` is this key already ({})", known.name, public.fingerprint());
            return Err(SignatureError::new("key", SignatureErrorKind::Exists(what)));
        }
        private_directory(&self.root)?;
        private_directory(&directory)?;
        let text = match (&key.certificate, &key.public) {
            (None, Some(public)) => public.to_pem(),
            _ => text.to_owned(),
        };
        write_new(&path, text.as_bytes(), 0o644)?;
        Ok(key)
    }

    /// Trusts a key no longer; named as it was, or by its fingerprint.
    pub fn untrust(&self, which: &str) -> Result<StoredKey, SignatureError> {
        let fingerprint = which.parse::<Fingerprint>().ok();
        let is = |key: &StoredKey| {
            let print = key.public.as_ref().map(PublicKey::fingerprint);
            key.name == which || fingerprint.is_some() && print == fingerprint
        };
        let found = self.list_kind(StoredKind::Trusted)?.into_iter().find(is);
        let key = found.ok_or_else(|| missing(which))?;
        fs_err::remove_file(&key.path).map_err(|error| at(&key.path, error))?;
        Ok(key)
    }

    /// Every key: those of the user, anonymous ones, trusted ones; each by name.
    pub fn list(&self) -> Result<Vec<StoredKey>, SignatureError> {
        let mut all = Vec::new();
        for kind in [StoredKind::Own, StoredKind::Anonymous, StoredKind::Trusted] {
            all.extend(self.list_kind(kind)?);
        }
        Ok(all)
    }

    fn list_kind(&self, kind: StoredKind) -> Result<Vec<StoredKey>, SignatureError> {
        let directory = self.root.join(kind.directory());
        let entries = match fs_err::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(at(&directory, error)),
        };
        let mut keys = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| at(&directory, error))?.path();
            let name = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
            let public = path.extension().is_some_and(|extension| extension == "pub");
            if let (Some(name), true) = (name, public) {
                let text = read_text(&path)?;
                keys.push(
                    stored(kind, name, path.clone(), &text)
                        .map_err(|error| error.of(path.display().to_string()))?,
                );
            }
        }
        keys.sort_by(|one, two| one.name.cmp(&two.name));
        Ok(keys)
    }

    /// Whom the user trusts: themselves, and whom they said.
    pub fn trust_at(&self, now: UnixTime) -> Result<Trust, SignatureError> {
        let mut trust = Trust::nobody(now);
        for key in self.list()? {
            let name = match key.kind {
                StoredKind::Own => format!("you ({})", key.name),
                StoredKind::Anonymous => "your anonymous key".to_owned(),
                StoredKind::Trusted => key.name.clone(),
            };
            if key.certificate.is_some() {
                let text = read_text(&key.path)?;
                Certificate::from_pem(&text)?
                    .into_iter()
                    .for_each(|root| trust.add_root(name.clone(), root));
            } else if let Some(public) = key.public {
                trust.add_key(name, public);
            }
        }
        Ok(trust)
    }
}

/// Reads a private key from a file that nobody else can read.
pub fn read_private_key(
    path: &Path,
    passphrase: Option<&str>,
) -> Result<PrivateKey, SignatureError> {
    let shown = path.display().to_string();
    let text = read_text(path).map_err(|error| match &error.kind {
        SignatureErrorKind::Io(source) if source.kind() == io::ErrorKind::NotFound => {
            SignatureError::new(&shown, SignatureErrorKind::Missing("there is no such key".into()))
                .with_hint("`bundle key list` shows your keys, `bundle key new` makes one")
        }
        _ => error,
    })?;
    refuse_exposed(path)?;
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
    read.map_err(|error| at(path, error))?;
    Ok(text)
}

fn stored(
    kind: StoredKind,
    name: String,
    path: PathBuf,
    text: &str,
) -> Result<StoredKey, SignatureError> {
    if text.contains("-----BEGIN CERTIFICATE-----") {
        let certificates = Certificate::from_pem(text)?;
        let first = certificates.first();
        let certificate = first.map(Certificate::subject);
        let public = first.and_then(|certificate| certificate.public_key().ok());
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
        "`{}` is not a name of letters, digits and `-_.@+` that begins with a letter or digit",
        crate::envelope::shown(name)
    );
    Err(SignatureError::malformed("key", what))
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
        io::ErrorKind::AlreadyExists => {
            let what = "there is a key of this name already".to_owned();
            SignatureError::new(path.display().to_string(), SignatureErrorKind::Exists(what))
                .with_hint("give the new key another name; keys are never overwritten")
        }
        _ => at(path, error),
    })
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
    let hint = format!("run `chmod 600 {shown}`; if others may have read it, make a new key");
    Err(SignatureError::new(shown, SignatureErrorKind::Exposed { mode }).with_hint(hint))
}

#[cfg(not(unix))]
fn refuse_exposed(_path: &Path) -> Result<(), SignatureError> {
    Ok(())
}
