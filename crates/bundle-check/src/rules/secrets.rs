//! What opens something: keys, tokens, passwords. Never shown, only where they are.

use crate::{Area, Evidence, Rule, Severity, finding::Judgement, subject::Subject};

const REFERENCE: &str =
    "OWASP Secrets Management Cheat Sheet; the documented forms of each service's tokens";

rules_of! {
    Secrets REFERENCE inspect
    KEYS "SECR-1" 1, "no private key is among the files"
        "Whoever has the bundle has the key, and can sign or log in as its owner."
        "take the key out, and make a new one: this one is known";
    TOKENS "SECR-2" 2, "no token of a service is among the files"
        "Tokens in published code are found and used within minutes."
        "take the token out, and revoke it at its service";
    PASSWORDS "SECR-3" 3, "no password is among the files"
        "Passwords in addresses and settings are read by everybody who has the files."
        "read it from the environment, and change it";
}

fn inspect(subject: &Subject, number: usize) -> Judgement {
    let searched = subject.secrets();
    let found: Vec<Evidence> = searched
        .found
        .iter()
        .flat_map(|(path, secrets)| {
            secrets.iter().filter(|secret| secret.rule == number).map(move |secret| {
                Evidence::at(path, secret.line, format!("{} ({}…)", secret.what, secret.begins))
            })
        })
        .collect();
    if found.is_empty() {
        return searched.nothing("secret");
    }
    Judgement::fail(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Answer, testing::subject};

    #[test]
    fn a_secret_is_told_by_its_place_and_never_shown() {
        let token = format!("hf{}", "_QwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUi");
        let text = format!("import os\nTOKEN = '{token}'\n");
        let found = inspect(&subject(&[("a.py", &text)]), 2);
        assert_eq!(found.answer, Answer::Fail);
        assert_eq!(found.evidence[0].to_string(), "a.py:2  a Hugging Face token (hf_Q…)");
        assert_eq!(inspect(&subject(&[("a.py", &text)]), 1).answer, Answer::Pass);
    }
}
