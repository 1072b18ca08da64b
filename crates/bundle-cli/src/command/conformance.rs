//! The adapter protocol of model-signing-conformance: two commands, of which only
//! the exit code counts. `cargo xtask prove conformance` drives them.

use std::path::{Path, PathBuf};

use bundle_signature::{SignedDirectory, SigningIdentity, Verification};

use crate::{
    args::{SignModel, VerifyModel},
    exit::Exit,
    failure::Failure,
    keys,
};

pub(crate) fn sign(args: &SignModel) -> Result<Exit, Failure> {
    let private = args.private_key.as_deref().ok_or_else(|| missing("--private-key"))?;
    let key = keys::conformance_key(private)?;
    let identity = match args.method.as_str() {
        "key" => SigningIdentity::of_key(key),
        "certificate" => {
            let leaf = args.signing_cert.as_deref().ok_or_else(|| missing("--signing-cert"))?;
            let mut certificates = keys::certificates(leaf)?.into_iter();
            let leaf = certificates.next().ok_or_else(|| missing("--signing-cert"))?;
            let mut chain: Vec<_> = certificates.collect();
            for path in &args.cert_chain {
                chain.extend(keys::certificates(path)?);
            }
            SigningIdentity::of_certificate(key, leaf, chain)?
        }
        method => return Err(unsupported(method)),
    };
    let directory = directory(&args.model_path, &args.output_bundle, &args.ignore_paths, false);
    let text = directory.sign(&identity, &|_| ())?;
    fs_err::write(&args.output_bundle, text)?;
    Ok(Exit::Holds)
}

pub(crate) fn verify(args: &VerifyModel) -> Result<Exit, Failure> {
    let (keys, roots): (Vec<String>, Vec<PathBuf>) = match args.method.as_str() {
        "key" => {
            (args.public_key.iter().map(|path| path.display().to_string()).collect(), Vec::new())
        }
        "certificate" => (Vec::new(), args.cert_chain.clone()),
        method => return Err(unsupported(method)),
    };
    let trust = keys::trust_only(&keys, &roots)?;
    let ignore_unsigned = args.ignore_unsigned_files;
    let directory = directory(&args.model_path, &args.bundle, &args.ignore_paths, ignore_unsigned);
    match directory.verify(&trust, &|_| ())? {
        // A signature by key is none by certificate, and the other way round.
        Verification::Good(signer) if signer.certificate.is_some() == keys.is_empty() => {
            Ok(Exit::Holds)
        }
        Verification::Good(_) => Err(Failure::does_not_hold("signed with the other method")),
        other => Err(Failure::does_not_hold(other.to_string())),
    }
}

fn directory(
    path: &Path,
    signature: &Path,
    ignore: &[PathBuf],
    ignore_unsigned: bool,
) -> SignedDirectory {
    SignedDirectory {
        path: path.to_owned(),
        signature: signature.to_owned(),
        ignore: ignore.to_vec(),
        ignore_unsigned,
    }
}

fn missing(option: &str) -> Failure {
    Failure::usage(format!("{option} is missing"))
}

fn unsupported(method: &str) -> Failure {
    Failure::usage(format!("the method `{method}` is not one of key, certificate"))
}
