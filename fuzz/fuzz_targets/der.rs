//! Any bytes as a public key and as a chain of certificates: the first two bytes say
//! where the leaf ends, the next two where what is above it does.
#![no_main]

use bundle_signature::{Certificate, PublicKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(key) = PublicKey::from_spki(bytes) {
        assert_eq!(PublicKey::from_spki(key.to_spki()).expect("its own bytes"), key);
    }
    let Some((cuts, rest)) = bytes.split_first_chunk::<4>() else { return };
    let cut = |at: usize| usize::from(u16::from_le_bytes([cuts[at], cuts[at + 1]]));
    let (leaf, rest) = rest.split_at(cut(0).min(rest.len()));
    let (above, root) = rest.split_at(cut(2).min(rest.len()));
    let read = |der: &[u8]| Certificate::from_der(der).ok();
    let Some(leaf) = read(leaf) else { return };
    assert!(!leaf.subject().contains('\u{1b}'));
    drop(leaf.public_key());
    let chain: Vec<_> = [Some(leaf.clone()), read(above)].into_iter().flatten().collect();
    let roots: Vec<_> = read(root).into_iter().collect();
    bundle_signature::fuzz::chain(&chain, &roots, 1_800_000_000);
    // Whoever is trusted needs nobody above.
    bundle_signature::fuzz::chain(&chain, &[leaf], 1_800_000_000);
});
