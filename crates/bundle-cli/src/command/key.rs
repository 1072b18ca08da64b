//! `bundle key`: making, showing, trusting keys.

use std::path::Path;

use bundle_signature::{Certificate, Listing, StoredKey, StoredKind, read_text};
use serde_json::{Value as Json, json};

use crate::{
    args::{Format, Key, KeyCommand, KeyList, KeyNew, KeyRetire, KeyShow, KeyTrust, KeyUntrust},
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
        KeyCommand::Retire(args) => retire(args, terminal),
        KeyCommand::List(args) => list(args, terminal),
    }?;
    Ok(Exit::Holds)
}

fn new(args: &KeyNew, terminal: &mut Terminal) -> Result<(), Failure> {
    let store = store()?;
    let wanted = args.passphrase || keys::has_passphrase();
    let passphrase = wanted.then(keys::new_passphrase).transpose()?;
    let text = passphrase.as_ref().map(|text| text.as_str());
    let key = store.create(&args.name, args.curve, text)?;
    let is_it = |stored: &StoredKey| stored.kind == StoredKind::Own && stored.name == args.name;
    let stored = store.list()?.keys.into_iter().find(is_it);
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
    let (name, public, certificate) = keys::public_key(&args.key)?;
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

fn trust(args: &KeyTrust, terminal: &mut Terminal) -> Result<(), Failure> {
    let text = read_text(&args.file)?;
    let name = args.name.clone().unwrap_or_else(|| name_of(&args.file));
    let shown = args.file.display();
    let key = store()?.trust(&name, &text).map_err(|error| Failure::from(error).of(shown))?;
    for certificate in Certificate::from_pem(&text).unwrap_or_default() {
        if let Some(doubt) = certificate.out_of_time(keys::now()) {
            terminal.note(doubt);
        }
    }
    terminal.print(&format!("trusted  {}\n", line(&key)))
}

fn retire(args: &KeyRetire, terminal: &mut Terminal) -> Result<(), Failure> {
    let key = store()?.retire(&args.name)?;
    terminal
        .note("its files are kept in `retired`; what it signed stays valid for those who trust it");
    terminal.print(&format!("retired  {}\n", line(&key)))
}

fn untrust(args: &KeyUntrust, terminal: &mut Terminal) -> Result<(), Failure> {
    let store = store()?;
    let own = |key: &StoredKey| key.kind == StoredKind::Own && key.name == args.key;
    let name = store.untrust(&args.key).map_err(|error| {
        let failure = Failure::from(error);
        if store.list().is_ok_and(|listing| listing.keys.iter().any(own)) {
            return failure.hint(format!("it is your own: `bundle key retire {}`", args.key));
        }
        failure
    })?;
    terminal.print(&format!("no longer trusted  {name}\n"))
}

fn list(args: &KeyList, terminal: &mut Terminal) -> Result<(), Failure> {
    let Listing { keys, problems } = store()?.list()?;
    for problem in &problems {
        terminal.note(format!("passed over, for it is no key: {problem}"));
    }
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
