//! The signature of a bundle: OpenSSF Model Signing, and a policy on top that is
//! stricter. Only this policy says `good` of a bundle.
//!
//! A directory may hold more or less than was signed, in other places and with
//! other modes, and still verify. A bundle may not: the resources are its
//! members, all of them and nothing else, in code-point order; nothing is
//! ignored but the signature itself and what can be no member; and their root
//! is the bundle id. Modes are in `bundle.lock`, which is signed, and the reader
//! of the container holds every header against it.

use bundle_manifest::{BundleId, Lock};

use crate::{
    Flaw, SigningIdentity, Trust, Verification,
    envelope::{open, seal},
    statement::{Resource, Statement},
    verification::authenticate,
};

/// The signature file, which cannot be among what it signs.
const SIGNATURE: &str = "bundle.sig";
/// What Model Signing never looks at. No member can have one of these names.
const NEVER_SIGNED: [&str; 4] = [".git", ".gitattributes", ".github", ".gitignore"];

/// Signs a bundle: the content of `bundle.sig`. The same lock and key give the same bytes.
pub fn sign_bundle(lock: &Lock, identity: &SigningIdentity) -> Vec<u8> {
    let files = lock.contents().into_iter().map(|(name, digest)| (name, digest.to_string()));
    let statement = Statement::of_files(&lock.stem(), files, vec![SIGNATURE.to_owned()]);
    seal(statement.to_json().as_bytes(), identity).into_bytes()
}

/// What a reader may believe of the signature of a bundle with this lock.
///
/// The digests of the lock are taken as they are: whether the members have them,
/// and the headers their modes, is for the reader of the container to say.
pub fn verify_bundle(signature: Option<&[u8]>, lock: &Lock, trust: &Trust) -> Verification {
    let Some(signature) = signature else { return Verification::Unsigned };
    let envelope = match open(signature) {
        Ok(envelope) => envelope,
        Err(flaw) => return Verification::Bad(flaw),
    };
    let authentic = authenticate(&envelope, trust);
    if matches!(authentic, Verification::Bad(_)) {
        return authentic;
    }
    let content = Statement::from_json(&envelope.payload).and_then(|statement| {
        check_serialization(&statement)?;
        check_resources(&statement.resources, lock)?;
        check_root(&statement, BundleId::of(lock))
    });
    authentic.unless(content)
}

fn check_serialization(statement: &Statement) -> Result<(), Flaw> {
    let found = &statement.serialization;
    for (field, is, should) in [
        ("method", found.method.as_str(), "files"),
        ("hash_type", found.hash_type.as_str(), "sha256"),
        ("allow_symlinks", if found.allow_symlinks { "true" } else { "false" }, "false"),
    ] {
        if is != should {
            let what = format!("is `{}`, a bundle needs `{should}`", crate::envelope::shown(is));
            return Err(Flaw::new(format!("serialization.{field}"), what));
        }
    }
    if found.shard_size.is_some() {
        return Err(Flaw::new("serialization.shard_size", "is for shards, not for whole files"));
    }
    let allowed = |path: &str| path == SIGNATURE || NEVER_SIGNED.contains(&path);
    let ignored = found.ignore_paths.iter().flatten();
    match ignored.map(String::as_str).find(|path| !allowed(path)) {
        Some(path) => {
            let what = format!("leaves out `{}`", crate::envelope::shown(path));
            Err(Flaw::new("serialization.ignore_paths", what))
        }
        None => Ok(()),
    }
}

/// The resources are the members: one for one, in the same order.
fn check_resources(resources: &[Resource], lock: &Lock) -> Result<(), Flaw> {
    let of = |name: &str| format!("resource `{}`", crate::envelope::shown(name));
    let unsorted = resources.windows(2).find_map(|pair| match pair {
        [one, two] if one.name > two.name => Some(two),
        _ => None,
    });
    if let Some(resource) = unsorted {
        return Err(Flaw::new(of(&resource.name), "is not in code-point order of the names"));
    }
    let mut found = resources.iter().peekable();
    for (name, digest) in lock.contents() {
        if let Some(extra) = found.next_if(|resource| resource.name < name) {
            return Err(Flaw::new(of(&extra.name), "is no member of the bundle"));
        }
        let Some(resource) = found.next_if(|resource| resource.name == name) else {
            return Err(Flaw::new(format!("member `{name}`"), "is not signed"));
        };
        if resource.algorithm != "sha256" {
            let what = format!(
                "algorithm is `{}`, not `sha256`",
                crate::envelope::shown(&resource.algorithm)
            );
            return Err(Flaw::new(of(&name), what));
        }
        if resource.digest != digest.to_string() {
            let what = format!("sha256 is {digest}, the signature says {}", resource.digest);
            return Err(Flaw::new(format!("member `{name}`"), what));
        }
    }
    match found.next() {
        Some(extra) => Err(Flaw::new(of(&extra.name), "is no member of the bundle")),
        None => Ok(()),
    }
}

fn check_root(statement: &Statement, id: BundleId) -> Result<(), Flaw> {
    if format!("sha256:{}", statement.root) == id.to_string() {
        return Ok(());
    }
    Err(Flaw::new("subject", format!("is of sha256:{}, the bundle is {id}", statement.root)))
}

#[cfg(all(test, feature = "store"))]
mod tests;
