//! Doors for the fuzz targets: parsers that a reader reaches only behind a valid
//! signature, or a chain of certificates.

use crate::{
    Certificate, UnixTime, certificate::check_chain, envelope::open, statement::Statement,
};

/// Whether these bytes are an envelope.
pub fn envelope(bytes: &[u8]) -> bool {
    open(bytes).is_ok()
}

/// Reads a payload; what it says must survive being written and read again.
pub fn statement(payload: &[u8]) {
    if let Ok(statement) = Statement::from_json(payload) {
        let again = Statement::from_json(statement.to_json().as_bytes());
        assert_eq!(again, Ok(statement));
    }
}

/// Whether a chain leads to a root, at any time.
pub fn chain(chain: &[Certificate], roots: &[Certificate], now: u64) -> bool {
    let roots: Vec<_> = roots.iter().map(|root| (String::new(), root.clone())).collect();
    check_chain(chain, &roots, UnixTime(now)).is_ok()
}
