//! Who vouches for it.

use crate::{
    Area, Evidence, Rule, Severity,
    finding::Judgement,
    subject::{Container, Subject},
};

pub(super) static SIGNATURE: Rule = Rule {
    id: "SIGN-1",
    title: "the bundle is signed by a key that this reader trusts",
    why: "A digest says that a file is unchanged; only a signature says who vouches for it. Unsigned is its own plain word, not an error.",
    reference: "OpenSSF Model Signing v1",
    severity: Severity::May,
    area: Area::Signature,
    remedy: "compare the id above with the one printed in the paper",
    inspect: signature,
};

fn signature(subject: &Subject) -> Judgement {
    match &subject.container {
        Container::Directory => Judgement::not_applicable("a directory, not a packed bundle"),
        Container::Broken(_) => Judgement::unknown("the container cannot be opened"),
        Container::Bundle { archive, .. } if archive.signature().is_some() => {
            Judgement::unknown("signed; signatures are not verified by this version")
                .remedy(SIGNATURE.remedy)
        }
        Container::Bundle { .. } => Judgement::weak([Evidence::note("unsigned")]),
    }
}
