//! Chains that `openssl` made, as a university would.

use std::{
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use bundle_signature::{
    Certificate, PrivateKey, SignedDirectory, SigningIdentity, Trust, UnixTime, Verification,
};
use bundle_testkit::Sandbox;

use crate::{
    Outcome,
    openssl::{openssl, text},
};

/// Root → institute → person, and certificates that are wrong in one way each.
struct Authority {
    sandbox: Sandbox,
}

impl Authority {
    /// `algorithm` is of the root's key: RSA, or a curve.
    fn new(algorithm: &[&str]) -> Result<Self, Box<dyn std::error::Error>> {
        let this = Self { sandbox: Sandbox::new()? };
        let root = [
            &[
                "req", "-x509", "-nodes", "-keyout", "root.key", "-out", "root.pem", "-days", "30",
                "-subj", "/CN=Root",
            ],
            algorithm,
            &[
                "-addext",
                "basicConstraints=critical,CA:TRUE",
                "-addext",
                "keyUsage=critical,keyCertSign",
            ],
        ]
        .concat();
        openssl(&this.sandbox, &root)?;
        this.issue(
            "institute",
            "root",
            "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n",
        )?;
        this.issue(
            "person",
            "institute",
            "keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n",
        )?;
        Ok(this)
    }

    /// A certificate `name.pem` with its key, by `issuer`.
    fn issue(&self, name: &str, issuer: &str, extensions: &str) -> Outcome {
        let file = |ending: &str| format!("{name}.{ending}");
        self.sandbox.write(&file("ext"), extensions)?;
        let run = |arguments: &[&str]| openssl(&self.sandbox, arguments).map(drop);
        run(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &file("key")])?;
        run(&[
            "req",
            "-new",
            "-key",
            &file("key"),
            "-subj",
            &format!("/CN={name}"),
            "-out",
            &file("csr"),
        ])?;
        run(&[
            "x509",
            "-req",
            "-in",
            &file("csr"),
            "-CA",
            &format!("{issuer}.pem"),
            "-CAkey",
            &format!("{issuer}.key"),
            "-days",
            "10",
            "-set_serial",
            "7",
            "-sha384",
            "-extfile",
            &file("ext"),
            "-out",
            &file("pem"),
        ])?;
        Ok(())
    }

    fn certificate(&self, name: &str) -> Result<Certificate, Box<dyn std::error::Error>> {
        Ok(Certificate::from_pem(&text(&self.sandbox, &format!("{name}.pem"))?)?.remove(0))
    }

    fn identity(
        &self,
        leaf: &str,
        others: &[&str],
    ) -> Result<SigningIdentity, Box<dyn std::error::Error>> {
        let key = PrivateKey::from_pem(&text(&self.sandbox, &format!("{leaf}.key"))?, None)?;
        let others = others.iter().map(|name| self.certificate(name)).collect::<Result<_, _>>()?;
        Ok(SigningIdentity::of_certificate(key, self.certificate(leaf)?, others)?)
    }

    /// What somebody who trusts `root` says at `now` of a directory signed by `identity`.
    fn verify(
        &self,
        identity: &SigningIdentity,
        root: &str,
        now: u64,
    ) -> Result<Verification, Box<dyn std::error::Error>> {
        let directory = self.signed(identity)?;
        let mut trust = Trust::nobody(UnixTime(now));
        trust.add_root("the root", self.certificate(root)?);
        Ok(directory.verify(&trust, &|_| ())?)
    }

    fn signed(
        &self,
        identity: &SigningIdentity,
    ) -> Result<SignedDirectory, Box<dyn std::error::Error>> {
        self.sandbox.write("model/weights.bin", "weights")?;
        let path: PathBuf = self.sandbox.path().join("model");
        let signature = self.sandbox.path().join("model.sig");
        let directory = SignedDirectory { path, signature, ignore: vec![], ignore_unsigned: false };
        self.sandbox.write("model.sig", directory.sign(identity, &|_| ())?)?;
        Ok(directory)
    }
}

const EC: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"];
const RSA: &[&str] = &["-newkey", "rsa:2048"];
const DAY: u64 = 86_400;

fn now() -> u64 {
    // The certificates were made a moment ago, by a program that knows no other time.
    #[expect(clippy::disallowed_methods, reason = "openssl dates certificates by the clock")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[test]
fn a_chain_to_a_trusted_root_is_good_while_it_lasts() -> Outcome {
    for algorithm in [EC, RSA] {
        let authority = Authority::new(algorithm)?;
        let identity = authority.identity("person", &["institute"])?;
        let found = authority.verify(&identity, "root", now())?;
        let key = identity.key().public().fingerprint();
        assert_eq!(
            found.to_string(),
            format!("valid signature by CN=person, vouched for by the root, key {key}")
        );
        // The root itself may travel too.
        let longer = authority.identity("person", &["institute", "root"])?;
        assert_eq!(authority.verify(&longer, "root", now())?.as_str(), "good");
        // Whoever trusts the institute need not know the root.
        assert_eq!(authority.verify(&identity, "institute", now())?.as_str(), "good");
        let late = authority.verify(&identity, "root", now() + 20 * DAY)?;
        assert_eq!(late.as_str(), "unknown");
        assert!(
            late.to_string().contains(": the certificate of CN=person is expired (since "),
            "{late}"
        );
        let early = authority.verify(&identity, "root", now() - DAY)?;
        assert_eq!(early.as_str(), "unknown");
        assert!(
            early.to_string().contains(": the certificate of CN=person is not valid yet (from "),
            "{early}"
        );
    }
    Ok(())
}

#[test]
fn without_a_chain_nobody_is_known() -> Outcome {
    let authority = Authority::new(EC)?;
    let stranger = Authority::new(EC)?;
    authority.sandbox.write("stranger.pem", text(&stranger.sandbox, "root.pem")?)?;
    // Another root of the same name, and a missing link.
    for (others, root) in [(&["institute"][..], "stranger"), (&[], "root")] {
        let found = authority.verify(&authority.identity("person", others)?, root, now())?;
        assert_eq!(found.as_str(), "unknown");
        assert!(
            found
                .to_string()
                .contains(" (claims to be CN=person): no root that you trust vouches for it"),
            "{found}"
        );
    }
    // Who trusts the key itself needs no root.
    let identity = authority.identity("person", &[])?;
    let mut trust = Trust::nobody(UnixTime(now()));
    trust.add_key("a person", identity.key().public().clone());
    let found = authority.signed(&identity)?.verify(&trust, &|_| ())?.to_string();
    // What a certificate claims is not signed with the content, and is not repeated.
    let key = identity.key().public().fingerprint();
    assert_eq!(found, format!("valid signature by a person, key {key}"));
    Ok(())
}

#[test]
fn certificates_for_other_uses_sign_nothing() -> Outcome {
    let authority = Authority::new(EC)?;
    for (name, extensions, why) in [
        ("keys", "keyUsage=critical,keyEncipherment\n", "has a key usage without digitalSignature"),
        (
            "server",
            "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n",
            "has an extended key usage without codeSigning",
        ),
        ("nothing", "basicConstraints=CA:FALSE\n", "says nothing of what its key is for"),
        (
            "foreign",
            "keyUsage=digitalSignature\n1.2.3.4=critical,ASN1:NULL\n",
            "has a critical extension that is not understood",
        ),
    ] {
        authority.issue(name, "institute", extensions)?;
        // Our own signer refuses; a forger would not.
        let refused = authority.identity(name, &["institute"]).expect_err(why);
        assert_eq!(refused.to_string(), format!("certificate: {why}"));
        let honest = authority.identity("person", &["institute"])?;
        authority.signed(&honest)?;
        let signature = text(&authority.sandbox, "model.sig")?;
        let base64 = |name: &str| -> Result<String, Box<dyn std::error::Error>> {
            Ok(data_encoding::BASE64.encode(authority.certificate(name)?.to_der()))
        };
        authority
            .sandbox
            .write("model.sig", signature.replace(&base64("person")?, &base64(name)?))?;
        let mut trust = Trust::nobody(UnixTime(now()));
        trust.add_root("the root", authority.certificate("root")?);
        let directory = SignedDirectory {
            path: authority.sandbox.path().join("model"),
            signature: authority.sandbox.path().join("model.sig"),
            ignore: vec![],
            ignore_unsigned: false,
        };
        let found = directory.verify(&trust, &|_| ())?.to_string();
        assert_eq!(found, format!("bad signature: certificate of CN={name}: {why}"));
    }
    // A good certificate of somebody else's key: the signature is not theirs.
    authority.issue("other", "institute", "keyUsage=critical,digitalSignature\n")?;
    let key = PrivateKey::from_pem(&text(&authority.sandbox, "person.key")?, None)?;
    let error = SigningIdentity::of_certificate(key, authority.certificate("other")?, vec![]);
    assert_eq!(error.expect_err("another key").to_string(), "certificate: is of another key");
    Ok(())
}

#[test]
fn who_is_no_authority_vouches_for_nobody() -> Outcome {
    let authority = Authority::new(EC)?;
    // A person issues a certificate; an institute that may have no institutes below it has one.
    authority.issue("friend", "person", "keyUsage=critical,digitalSignature\n")?;
    authority.issue(
        "branch",
        "institute",
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n",
    )?;
    authority.issue("clerk", "branch", "keyUsage=critical,digitalSignature\n")?;
    for (leaf, others) in [("friend", ["person", "institute"]), ("clerk", ["branch", "institute"])]
    {
        let found = authority.verify(&authority.identity(leaf, &others)?, "root", now())?;
        assert_eq!(found.as_str(), "unknown", "{leaf}: {found}");
    }
    Ok(())
}

#[test]
fn an_authority_for_web_servers_vouches_for_no_signer() -> Outcome {
    let authority = Authority::new(EC)?;
    let web = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nextendedKeyUsage=serverAuth\n";
    authority.issue("web", "root", web)?;
    authority.issue(
        "clerk",
        "web",
        "keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n",
    )?;
    let found = authority.verify(&authority.identity("clerk", &["web"])?, "root", now())?;
    assert_eq!(found.as_str(), "unknown", "{found}");
    Ok(())
}

#[test]
fn a_renewed_certificate_takes_the_place_of_the_expired_one() -> Outcome {
    let authority = Authority::new(EC)?;
    let identity = authority.identity("person", &["institute"])?;
    // The same root key and name, with another ten years; the old root is trusted too.
    openssl(
        &authority.sandbox,
        &[
            "req",
            "-x509",
            "-key",
            "root.key",
            "-out",
            "renewed.pem",
            "-days",
            "3650",
            "-subj",
            "/CN=Root",
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-addext",
            "keyUsage=critical,keyCertSign",
        ],
    )?;
    let directory = authority.signed(&identity)?;
    let mut trust = Trust::nobody(UnixTime(now() + 5 * DAY));
    for root in ["root", "renewed"] {
        trust.add_root(root, authority.certificate(root)?);
    }
    assert_eq!(directory.verify(&trust, &|_| ())?.as_str(), "good");
    Ok(())
}

#[test]
fn a_self_signed_certificate_is_its_own_root() -> Outcome {
    let authority = Authority::new(EC)?;
    openssl(
        &authority.sandbox,
        &[
            "req",
            "-x509",
            "-nodes",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-521",
            "-keyout",
            "self.key",
            "-out",
            "self.pem",
            "-days",
            "3",
            "-subj",
            "/CN=self",
            "-addext",
            "keyUsage=digitalSignature",
        ],
    )?;
    let identity = authority.identity("self", &["self"])?;
    assert_eq!(authority.verify(&identity, "self", now())?.as_str(), "good");
    assert_eq!(authority.verify(&identity, "root", now())?.as_str(), "unknown");
    Ok(())
}
