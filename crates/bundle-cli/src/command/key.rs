//! `bundle key`: making, showing, trusting keys.

use std::path::Path;

use bundle_signature::{PrivateKey, PublicKey, StoredKey, StoredKind, read_private_key, read_text};
use serde_json::{Value as Json, json};

use crate::{
    args::{Format, Key, KeyCommand, KeyList, KeyNew, KeyShow, KeyTrust, KeyUntrust},
    exit::Exit,
    failure::Failure,
    keys::{self, name_of, store},
    terminal::Terminal,
};

pub(crate) fn run(args: &Key, terminal: &mut Terminal) -> Result<Exit, Failure> {
    match &args.command {
        KeyCommand::New(args) => new(args, terminal),
        KeyCommand::Show(args) => show(args, terminal),
        KeyCommand::Trust(args) => trust(args, terminal),
        KeyCommand::Untrust(args) => untrust(args, terminal),
        KeyCommand::List(args) => list(args, terminal),
    }?;
    Ok(Exit::Holds)
}

fn new(args: &KeyNew, terminal: &mut Terminal) -> Result<(), Failure> {
    let store = store()?;
    let passphrase = args.passphrase.then(keys::new_passphrase).transpose()?;
    let text = passphrase.as_ref().map(|text| text.as_str());
    let key = store.create(&args.name, args.curve, text)?;
    let is_it = |stored: &StoredKey| stored.kind == StoredKind::Own && stored.name == args.name;
    let stored = store.list()?.into_iter().find(is_it);
    let path = stored.map(|stored| stored.path).unwrap_or_default();
    if args.format == Format::Json {
        return terminal.print_json(&json!({
            "name": args.name,
            "curve": key.public().curve().as_str(),
            "fingerprint": key.public().fingerprint().to_string(),
            "encrypted": passphrase.is_some(),
            "public": terminal.shown(&path),
        }));
    }
    let private = terminal.shown(&path.with_extension("pem"));
    let kept = if passphrase.is_some() { "under your passphrase" } else { "readable by you alone" };
    terminal.print(&format!(
        "{}  {}  {}\n  private  {private}  ({kept}; back it up: it cannot be made again)\n  public   {}  (for your readers: `bundle key trust FILE`)\n",
        args.name,
        key.public().curve(),
        key.public().fingerprint(),
        terminal.shown(&path),
    ))
}

fn show(args: &KeyShow, terminal: &mut Terminal) -> Result<(), Failure> {
    let (name, public, certificate) = find(&args.key)?;
    if args.format == Format::Json {
        return terminal.print_json(&json!({
            "name": name,
            "curve": public.curve().as_str(),
            "fingerprint": public.fingerprint().to_string(),
            "hint": public.hint(),
            "certificate": certificate,
            "pem": public.to_pem(),
        }));
    }
    let certificate = certificate.map(|subject| format!("  {subject}")).unwrap_or_default();
    terminal.note(format!("{name}  {}  {}{certificate}", public.curve(), public.fingerprint()));
    terminal.print(&public.to_pem())
}

/// The public key of a name in the store, or of a file of any kind.
fn find(named: &str) -> Result<(String, PublicKey, Option<String>), Failure> {
    let stored = store().and_then(|store| Ok(store.list()?));
    let is_it = |key: &StoredKey| {
        let print = key.public.as_ref().map(|public| public.fingerprint().to_string());
        key.name == named || print.as_deref() == Some(named)
    };
    if let Some(key) = stored.as_ref().ok().and_then(|keys| keys.iter().find(|key| is_it(key))) {
        let public = key.public.clone().ok_or_else(|| {
            Failure::usage(format!("the certificate `{named}` has a key that signs no models"))
        })?;
        return Ok((key.name.clone(), public, key.certificate.clone()));
    }
    let path = Path::new(named);
    if !path.exists() {
        let failure =
            Failure::usage(format!("there is no key `{named}`, and no file of that name"));
        return Err(
            failure.hint("`bundle key new` makes one, `bundle key list` shows those there are")
        );
    }
    let text = read_text(path)?;
    let subject = path.display().to_string();
    if text.contains("PRIVATE KEY-----") {
        let key: PrivateKey = match read_private_key(path, None) {
            Err(error) if matches!(error.kind, bundle_signature::SignatureErrorKind::Locked) => {
                keys::private_key(named, None)?
            }
            key => key?,
        };
        return Ok((name_of(path), key.public().clone(), None));
    }
    if text.contains("-----BEGIN CERTIFICATE-----") {
        let certificates = keys::certificates(path)?;
        let first = certificates.first().ok_or_else(|| Failure::usage("no certificate"))?;
        return Ok((name_of(path), first.public_key()?, Some(first.subject())));
    }
    let public = PublicKey::from_pem(&text).map_err(|error| error.of(subject))?;
    Ok((name_of(path), public, None))
}

fn trust(args: &KeyTrust, terminal: &mut Terminal) -> Result<(), Failure> {
    let text = read_text(&args.file)?;
    let name = args.name.clone().unwrap_or_else(|| name_of(&args.file));
    let key = store()?.trust(&name, &text)?;
    terminal.print(&format!("trusted  {}\n", line(&key)))
}

fn untrust(args: &KeyUntrust, terminal: &mut Terminal) -> Result<(), Failure> {
    let key = store()?.untrust(&args.key)?;
    terminal.print(&format!("no longer trusted  {}\n", line(&key)))
}

fn list(args: &KeyList, terminal: &mut Terminal) -> Result<(), Failure> {
    let keys = store()?.list()?;
    if args.format == Format::Json {
        let keys: Vec<Json> = keys.iter().map(|key| view(key, terminal)).collect();
        return terminal.print_json(&json!({ "keys": keys }));
    }
    if keys.is_empty() {
        terminal.note("there are no keys yet; `bundle pack` makes the first, or `bundle key new`");
        return Ok(());
    }
    let mut text = String::new();
    for kind in [StoredKind::Own, StoredKind::Anonymous, StoredKind::Trusted] {
        let mut of_kind = keys.iter().filter(|key| key.kind == kind).peekable();
        if let Some(first) = of_kind.peek() {
            let directory = first.path.parent().unwrap_or(Path::new(""));
            text.push_str(&format!("{}  {}\n", kind.as_str(), terminal.shown(directory)));
        }
        of_kind.for_each(|key| text.push_str(&format!("  {}\n", line(key))));
    }
    terminal.print(&text)
}

/// `alice  P-256  SHA256:…`
fn line(key: &StoredKey) -> String {
    let public = key.public.as_ref();
    let mut words = vec![key.name.clone()];
    words.extend(public.map(|public| format!("{}  {}", public.curve(), public.fingerprint())));
    words.extend(key.certificate.as_ref().map(|subject| format!("certificate of {subject}")));
    words.join("  ")
}

fn view(key: &StoredKey, terminal: &Terminal) -> Json {
    let public = key.public.as_ref();
    json!({
        "name": key.name,
        "kind": key.kind.as_str(),
        "curve": public.map(|public| public.curve().as_str()),
        "fingerprint": public.map(|public| public.fingerprint().to_string()),
        "certificate": key.certificate,
        "path": terminal.shown(&key.path),
    })
}
