//! Any text as a file of keys or certificates: an error that quotes nothing of it
//! but labels, or a key that its own text gives again.
#![no_main]

use bundle_signature::{Certificate, PrivateKey, PublicKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(key) = PublicKey::from_pem(text) {
        assert_eq!(PublicKey::from_pem(&key.to_pem()).expect("its own text"), key);
    }
    // Without a passphrase: opening a key takes as long as its file says, up to a limit.
    if let Ok(key) = PrivateKey::from_pem(text, None) {
        let again = key.to_pem(None).expect("encodes");
        let again = PrivateKey::from_pem(&again, None).expect("its own text");
        assert_eq!(again.public(), key.public());
    }
    drop(Certificate::from_pem(text));
});
