//! The outside of a signature: a Sigstore bundle (v0.3, JSON) around a DSSE envelope.
//!
//! Written compact, with sorted keys. Read strictly: an unknown or repeated key
//! is an error, because nobody signed it and a reader who skips it and one who
//! does not would see two files.

use data_encoding::{BASE64, BASE64URL, BASE64URL_NOPAD};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::{
    Certificate, Flaw, PublicKey, SigningIdentity,
    dsse::{PAYLOAD_TYPE, pae},
};

/// The media type; no other version is read.
const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// Certificates in one envelope.
const MOST_CERTIFICATES: usize = 10;

/// An envelope that was read: not verified yet.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    pub(crate) payload: Vec<u8>,
    /// DER.
    pub(crate) signature: Vec<u8>,
    pub(crate) material: Material,
}

/// How an envelope says whose it is.
#[derive(Clone, Debug)]
pub(crate) enum Material {
    /// By a hash of a public key; before version 1.1 by the key itself.
    Key { hint: Option<String>, key: Option<Box<PublicKey>> },
    /// By a certificate and what is between it and a root; the leaf comes first.
    Chain(Vec<Certificate>),
    /// By a certificate of Sigstore's, which lives for minutes.
    Keyless,
}

/// Signs `payload` and writes the envelope, without a line break at its end.
pub(crate) fn seal(payload: &[u8], identity: &SigningIdentity) -> String {
    let key = identity.key();
    let certificates: Vec<_> = identity
        .chain()
        .iter()
        .map(|certificate| CertificateOut { raw_bytes: BASE64.encode(certificate.to_der()) })
        .collect();
    let by_key = certificates.is_empty().then(|| KeyOut { hint: key.public().hint() });
    let envelope = BundleOut {
        dsse_envelope: EnvelopeOut {
            payload: BASE64.encode(payload),
            payload_type: PAYLOAD_TYPE,
            signatures: [SignatureOut {
                keyid: "",
                sig: BASE64.encode(&key.sign(&pae(PAYLOAD_TYPE, payload))),
            }],
        },
        media_type: MEDIA_TYPE,
        verification_material: MaterialOut {
            public_key: by_key,
            tlog_entries: [],
            x509_certificate_chain: (!certificates.is_empty()).then_some(ChainOut { certificates }),
        },
    };
    // Strings and lists of strings: this always is JSON.
    serde_json::to_string(&envelope).unwrap_or_default()
}

/// Reads an envelope.
pub(crate) fn open(bytes: &[u8]) -> Result<Envelope, Flaw> {
    let bundle: BundleIn = serde_json::from_slice(bytes).map_err(|error| {
        Flaw::new("signature file", format!("is not a Sigstore bundle: {error}"))
    })?;
    if bundle.media_type != MEDIA_TYPE {
        return Err(Flaw::new(
            "mediaType",
            format!("is `{}`, not `{MEDIA_TYPE}`", shown(&bundle.media_type)),
        ));
    }
    let EnvelopeIn { payload, payload_type, signatures } = bundle.dsse_envelope;
    if payload_type != PAYLOAD_TYPE {
        return Err(Flaw::new(
            "payloadType",
            format!("is `{}`, not `{PAYLOAD_TYPE}`", shown(&payload_type)),
        ));
    }
    let [signature] = signatures.as_slice() else {
        let what = format!("holds {} signatures, not exactly one", signatures.len());
        return Err(Flaw::new("signatures", what));
    };
    let material = material(bundle.verification_material)?;
    check_keyid(signature.keyid.as_deref(), &material)?;
    Ok(Envelope {
        payload: decode("payload", &payload)?,
        signature: decode("sig", &signature.sig)?,
        material,
    })
}

/// The identifier of a key is not used; where there is one, it must not name another key.
fn check_keyid(keyid: Option<&str>, material: &Material) -> Result<(), Flaw> {
    match (keyid, material) {
        (None | Some(""), _) => Ok(()),
        (Some(keyid), Material::Key { hint: Some(hint), .. }) if keyid == hint => Ok(()),
        (Some(keyid), _) => {
            Err(Flaw::new("keyid", format!("`{}` is not the key's hint", shown(keyid))))
        }
    }
}

fn material(found: MaterialIn) -> Result<Material, Flaw> {
    let entries = found.tlog_entries.unwrap_or_default().len();
    let MaterialIn { certificate, public_key, x509_certificate_chain: chain, .. } = found;
    match (public_key, chain, certificate) {
        (None, None, Some(_)) => Ok(Material::Keyless),
        // What would vouch for a time or a log is not looked at, so it may not be there.
        _ if entries > 0 => Err(Flaw::new("tlogEntries", "belong to keyless signatures only")),
        (Some(key), None, None) => key_material(key),
        (None, Some(chain), None) => chain_material(&chain.certificates),
        _ => Err(Flaw::new(
            "verificationMaterial",
            "does not name exactly one of publicKey, x509CertificateChain, certificate",
        )),
    }
}

fn key_material(key: KeyIn) -> Result<Material, Flaw> {
    let flawed = |what: String| Flaw::new("publicKey", what);
    let hint = key.hint.filter(|hint| !hint.is_empty());
    let key = match key.raw_bytes {
        None => None,
        Some(raw) => {
            let pem = String::from_utf8(decode("publicKey", &raw)?)
                .map_err(|_| flawed("is not PEM".to_owned()))?;
            let key = PublicKey::from_pem(&pem).map_err(|error| flawed(error.kind.to_string()))?;
            Some(Box::new(key))
        }
    };
    match (&hint, &key) {
        (Some(hint), Some(key)) if key.hint() != *hint => {
            Err(flawed("has a hint and rawBytes of different keys".to_owned()))
        }
        _ => Ok(Material::Key { hint, key }),
    }
}

fn chain_material(certificates: &[CertificateIn]) -> Result<Material, Flaw> {
    let field = "x509CertificateChain";
    if certificates.is_empty() || certificates.len() > MOST_CERTIFICATES {
        let what =
            format!("holds {} certificates, not 1 to {MOST_CERTIFICATES}", certificates.len());
        return Err(Flaw::new(field, what));
    }
    let read = |(index, certificate): (usize, &CertificateIn)| {
        let subject = format!("certificate {}", index.saturating_add(1));
        let der = decode(&subject, &certificate.raw_bytes)?;
        Certificate::from_der(&der).map_err(|error| Flaw::new(subject, error.kind.to_string()))
    };
    certificates.iter().enumerate().map(read).collect::<Result<_, _>>().map(Material::Chain)
}

/// Base64 with padding, or the alphabet for URLs with or without it, as DSSE has readers accept.
fn decode(field: &str, text: &str) -> Result<Vec<u8>, Flaw> {
    let url = text.bytes().any(|byte| matches!(byte, b'-' | b'_'));
    let encoding = match (url, text.len().is_multiple_of(4)) {
        (false, _) => BASE64,
        (true, true) => BASE64URL,
        (true, false) => BASE64URL_NOPAD,
    };
    encoding
        .decode(text.as_bytes())
        .map_err(|error| Flaw::new(field, format!("is not base64: {error}")))
}

/// A word from a file, short enough for a message.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BundleIn {
    #[serde(rename = "mediaType")]
    media_type: String,
    #[serde(rename = "verificationMaterial")]
    verification_material: MaterialIn,
    #[serde(rename = "dsseEnvelope")]
    dsse_envelope: EnvelopeIn,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvelopeIn {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<SignatureIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureIn {
    sig: String,
    keyid: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaterialIn {
    certificate: Option<IgnoredAny>,
    #[serde(rename = "publicKey")]
    public_key: Option<KeyIn>,
    #[serde(rename = "x509CertificateChain")]
    x509_certificate_chain: Option<ChainIn>,
    #[serde(rename = "tlogEntries")]
    tlog_entries: Option<Vec<IgnoredAny>>,
    #[serde(rename = "timestampVerificationData")]
    #[expect(dead_code, reason = "its name is known; times are not taken from it")]
    timestamp_verification_data: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyIn {
    hint: Option<String>,
    #[serde(rename = "rawBytes")]
    raw_bytes: Option<String>,
    #[serde(rename = "keyDetails")]
    #[expect(dead_code, reason = "written before version 1.1; the key itself says its curve")]
    key_details: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChainIn {
    certificates: Vec<CertificateIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificateIn {
    #[serde(rename = "rawBytes")]
    raw_bytes: String,
}

// Written: the fields are in the order of their names.

#[derive(Serialize)]
struct BundleOut {
    #[serde(rename = "dsseEnvelope")]
    dsse_envelope: EnvelopeOut,
    #[serde(rename = "mediaType")]
    media_type: &'static str,
    #[serde(rename = "verificationMaterial")]
    verification_material: MaterialOut,
}

#[derive(Serialize)]
struct EnvelopeOut {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: &'static str,
    signatures: [SignatureOut; 1],
}

#[derive(Serialize)]
struct SignatureOut {
    keyid: &'static str,
    sig: String,
}

#[derive(Serialize)]
struct MaterialOut {
    #[serde(rename = "publicKey", skip_serializing_if = "Option::is_none")]
    public_key: Option<KeyOut>,
    #[serde(rename = "tlogEntries")]
    tlog_entries: [(); 0],
    #[serde(rename = "x509CertificateChain", skip_serializing_if = "Option::is_none")]
    x509_certificate_chain: Option<ChainOut>,
}

#[derive(Serialize)]
struct KeyOut {
    hint: String,
}

#[derive(Serialize)]
struct ChainOut {
    certificates: Vec<CertificateOut>,
}

#[derive(Serialize)]
struct CertificateOut {
    #[serde(rename = "rawBytes")]
    raw_bytes: String,
}
