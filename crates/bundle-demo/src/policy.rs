//! What the page may do, as a Content-Security-Policy.

use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

use crate::{Transport, file::PART_READ};

const OPENING: &str = "<meta http-equiv=\"Content-Security-Policy\" content=\"";

/// The Content-Security-Policy of a page made by [`page`](crate::page): the one it
/// carries itself. A text that carries none may do nothing.
///
/// Send it as a header as well: what only a header can say (`frame-ancestors`) is
/// for the server to add.
pub fn content_security_policy(page: &str) -> String {
    let carried = page.split_once(OPENING).and_then(|(_, rest)| rest.split_once('"'));
    carried.map_or_else(|| "default-src 'none'".to_owned(), |(policy, _)| policy.to_owned())
}

/// The policy for a page with this inline script and style.
///
/// Nothing is loaded from anywhere; pictures are what the person gave; and no text
/// can become markup or code, which trusted types enforce where a browser has them.
pub(crate) fn policy(script: &str, style: &str, transport: Transport) -> String {
    let (connect, scripts, types) = match transport {
        Transport::Http => ("'self'", String::new(), "'none'"),
        // WebAssembly is compiled, in a worker that is made of the page itself.
        Transport::Local => {
            let part = source_hash(PART_READ);
            ("'none'", format!(" '{part}' 'wasm-unsafe-eval'; worker-src blob:"), "bundle-worker")
        }
    };
    format!(
        "default-src 'none'; script-src '{}'{scripts}; style-src '{}'; img-src blob: data:; \
         media-src blob: data:; connect-src {connect}; form-action 'none'; base-uri 'none'; \
         require-trusted-types-for 'script'; trusted-types {types}",
        source_hash(script),
        source_hash(style)
    )
}

/// `sha256-…` of the text of an inline element.
pub(crate) fn source_hash(text: &str) -> String {
    format!("sha256-{}", BASE64.encode(&Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_what_browsers_compute() {
        // The example of the Content Security Policy specification, level 2, §7.17.
        assert_eq!(
            source_hash("alert('Hello, world.');"),
            "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng="
        );
    }

    #[test]
    fn a_text_without_a_policy_may_do_nothing() {
        for page in ["", "<html>", OPENING] {
            assert_eq!(content_security_policy(page), "default-src 'none'");
        }
    }
}
