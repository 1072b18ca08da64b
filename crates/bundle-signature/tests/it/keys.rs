//! Keys that OpenSSL made and reads, in every form.

use bundle_signature::{Curve, PrivateKey, PublicKey, SignatureErrorKind};
use bundle_testkit::Sandbox;

use crate::{
    Outcome,
    openssl::{openssl, text},
};

const CURVES: [(Curve, &str); 3] =
    [(Curve::P256, "prime256v1"), (Curve::P384, "secp384r1"), (Curve::P521, "secp521r1")];

#[test]
fn keys_of_openssl_load_in_every_form() -> Outcome {
    for (curve, name) in CURVES {
        let sandbox = Sandbox::new()?;
        let run = |arguments: &[&str]| openssl(&sandbox, arguments);
        run(&["ecparam", "-name", name, "-genkey", "-out", "sec1.pem"])?;
        run(&["pkcs8", "-topk8", "-nocrypt", "-in", "sec1.pem", "-out", "plain.pem"])?;
        run(&[
            "pkcs8",
            "-topk8",
            "-passout",
            "pass:sesame",
            "-in",
            "sec1.pem",
            "-out",
            "locked.pem",
        ])?;
        run(&[
            "pkcs8",
            "-topk8",
            "-scrypt",
            "-passout",
            "pass:sesame",
            "-in",
            "sec1.pem",
            "-out",
            "scrypt.pem",
        ])?;
        run(&["pkey", "-in", "sec1.pem", "-pubout", "-out", "key.pub"])?;
        let public = PublicKey::from_pem(&text(&sandbox, "key.pub")?)?;
        assert_eq!(public.curve(), curve);
        assert_eq!(public.to_pem(), text(&sandbox, "key.pub")?);
        for (file, passphrase) in [
            ("sec1.pem", None),
            ("plain.pem", None),
            ("locked.pem", Some("sesame")),
            ("scrypt.pem", Some("sesame")),
        ] {
            let key = PrivateKey::from_pem(&text(&sandbox, file)?, passphrase)?;
            assert_eq!(*key.public(), public, "{curve} {file}");
        }
        for (passphrase, message) in [
            (None, "private key: is encrypted"),
            (Some("open"), "private key: is not opened by this passphrase"),
        ] {
            let error = PrivateKey::from_pem(&text(&sandbox, "locked.pem")?, passphrase);
            assert_eq!(error.expect_err("locked").to_string(), message);
        }
        // The two names of a key, as docs/signature.md says how to compute them.
        let der = run(&["pkey", "-pubin", "-in", "key.pub", "-outform", "DER"])?;
        assert_eq!(der, public.to_spki());
        let hint = run(&["dgst", "-sha256", "-r", "key.pub"])?;
        assert!(String::from_utf8(hint)?.starts_with(&public.hint()));
        sandbox.write("key.der", der)?;
        sandbox.write("key.sha256", run(&["dgst", "-sha256", "-binary", "key.der"])?)?;
        let print = String::from_utf8(run(&["base64", "-in", "key.sha256"])?)?;
        let print = print.trim_end().trim_end_matches('=');
        assert_eq!(public.fingerprint().to_string(), format!("SHA256:{print}"));
        assert_eq!(public.fingerprint().to_string().parse(), Ok(public.fingerprint()));
    }
    Ok(())
}

#[test]
fn openssl_reads_what_is_written() -> Outcome {
    for (curve, name) in CURVES {
        let sandbox = Sandbox::new()?;
        let key = PrivateKey::generate(curve)?;
        sandbox.write("plain.pem", key.to_pem(None)?.as_bytes())?;
        sandbox.write("locked.pem", key.to_pem(Some("open sesame"))?.as_bytes())?;
        for (file, passphrase) in [("plain.pem", "pass:"), ("locked.pem", "pass:open sesame")] {
            let public =
                openssl(&sandbox, &["pkey", "-in", file, "-passin", passphrase, "-pubout"])?;
            assert_eq!(String::from_utf8(public)?, key.public().to_pem(), "{name} {file}");
        }
        let wrong =
            openssl(&sandbox, &["pkey", "-in", "locked.pem", "-passin", "pass:no", "-pubout"]);
        assert!(wrong.is_err());
        assert!(
            text(&sandbox, "locked.pem")?.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
        );
    }
    Ok(())
}

#[test]
fn other_keys_are_refused_by_name() -> Outcome {
    let sandbox = Sandbox::new()?;
    for (arguments, message) in [
        (
            &["genpkey", "-algorithm", "ed25519"][..],
            "private key: is not an elliptic curve key (algorithm 1.3.101.112); the curves are P-256, P-384, P-521",
        ),
        (
            &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
            "private key: is on the curve 1.3.132.0.10; the curves are P-256, P-384, P-521",
        ),
        (
            &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
            "private key: is not an elliptic curve key (algorithm 1.2.840.113549.1.1.1); the curves are P-256, P-384, P-521",
        ),
    ] {
        let pem = String::from_utf8(openssl(&sandbox, arguments)?)?;
        assert_eq!(PrivateKey::from_pem(&pem, None).expect_err(message).to_string(), message);
        sandbox.write("key.pem", &pem)?;
        let public = String::from_utf8(openssl(&sandbox, &["pkey", "-in", "key.pem", "-pubout"])?)?;
        let said = PublicKey::from_pem(&public).expect_err(message).to_string();
        assert_eq!(said, message.replacen("private", "public", 1));
    }
    let private = PrivateKey::generate(Curve::P256)?.to_pem(None)?;
    let error = PublicKey::from_pem(&private).expect_err("private");
    assert_eq!(error.to_string(), "public key: is a `PRIVATE KEY`, not a `PUBLIC KEY`");
    assert!(error.hint.is_some());
    Ok(())
}

#[test]
fn nothing_of_a_key_is_printed() -> Outcome {
    let key = PrivateKey::generate(Curve::P256)?;
    let shown = format!("{key:?}");
    assert_eq!(shown, format!("PrivateKey(P-256 {})", key.public().fingerprint()));
    // A broken key is not quoted either.
    let pem = key.to_pem(None)?;
    let body: String = pem.lines().nth(1).unwrap_or_default().chars().take(40).collect();
    for broken in [
        pem.replacen('M', "*", 1),
        pem.replace("PRIVATE KEY", "OPENSSH PRIVATE KEY"),
        pem.replace(&body, &body.to_lowercase()),
    ] {
        let error = PrivateKey::from_pem(&broken, None).expect_err("broken");
        let all = format!("{error} {error:?}").to_lowercase();
        for piece in body.as_bytes().windows(8) {
            let piece = String::from_utf8_lossy(piece).to_lowercase();
            assert!(!all.contains(&piece), "{all}");
        }
    }
    Ok(())
}

#[test]
fn a_key_file_may_not_ask_for_an_hour_of_work() -> Outcome {
    let sandbox = Sandbox::new()?;
    openssl(
        &sandbox,
        &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "key.pem"],
    )?;
    openssl(
        &sandbox,
        &[
            "pkcs8", "-topk8", "-iter", "20000000", "-passout", "pass:x", "-in", "key.pem", "-out",
            "slow.pem",
        ],
    )?;
    let error = PrivateKey::from_pem(&text(&sandbox, "slow.pem")?, Some("x")).expect_err("slow");
    assert!(matches!(error.kind, SignatureErrorKind::Malformed(_)));
    assert_eq!(error.to_string(), "private key: asks for more work to open it than any tool sets");
    Ok(())
}
