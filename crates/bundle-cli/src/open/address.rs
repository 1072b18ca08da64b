//! Addresses that were typed where a path goes: nothing is fetched, and what to do instead
//! is one command.

/// How the addresses of repositories end, where they say so.
const GIT: &str = ".git";

/// What to do with an address; `None` where the text is none.
pub(super) fn hint(typed: &str) -> Option<String> {
    let url = typed.trim_end_matches('/');
    let is_web = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
    if is_web && [".bundle.tar.zst", ".zip"].iter().any(|end| url.ends_with(end)) {
        let file = url.rsplit('/').next().unwrap_or_default();
        let (url, file) = (quoted(url), quoted(file));
        return Some(format!("download it first: `curl -LO {url}`, then name `{file}`"));
    }
    let is_git = ["ssh://", "git://", "git+ssh://"].iter().any(|scheme| url.starts_with(scheme));
    if !is_web && !is_git && !is_scp(url) && !url.ends_with(GIT) {
        return None;
    }
    // A page of a branch names both the repository and the branch.
    let (repository, branch) = match url.split_once("/tree/") {
        Some((repository, branch)) if is_web => (repository.trim_end_matches("/-"), Some(branch)),
        _ => (url, None),
    };
    let directory = repository.rsplit(['/', ':']).next().unwrap_or_default();
    let directory = directory.strip_suffix(GIT).unwrap_or(directory);
    let branch = branch.map(|branch| format!("--branch {} ", quoted(branch))).unwrap_or_default();
    let (repository, directory) = (quoted(repository), quoted(directory));
    Some(format!("clone it first: `git clone {branch}{repository}`, then name `{directory}`"))
}

/// `git@host:owner/name`, as ssh and scp write it.
fn is_scp(text: &str) -> bool {
    let Some((host, path)) = text.split_once(':') else { return false };
    let Some((user, host)) = host.split_once('@') else { return false };
    let plain = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    plain(user) && plain(host) && !path.is_empty()
}

/// A word of a shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/:@._-+~=%,".contains(c);
    if !word.is_empty() && !word.starts_with(['-', '~']) && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_the_command_that_fetches_it() {
        let clone = |rest: &str, name: &str| {
            Some(format!("clone it first: `git clone {rest}`, then name `{name}`"))
        };
        let cases = [
            ("https://github.com/x/y", clone("https://github.com/x/y", "y")),
            ("https://github.com/x/y.git/", clone("https://github.com/x/y.git", "y")),
            ("git@github.com:x/y.git", clone("git@github.com:x/y.git", "y")),
            ("ssh://git@host/x/y", clone("ssh://git@host/x/y", "y")),
            ("lab:x/y.git", clone("lab:x/y.git", "y")),
            (
                "https://github.com/x/y/tree/v1",
                clone("--branch v1 https://github.com/x/y", "y"),
            ),
            ("https://h/x/$(id)", clone("'https://h/x/$(id)'", "'$(id)'")),
            (
                "https://zenodo.org/a.bundle.tar.zst",
                Some("download it first: `curl -LO https://zenodo.org/a.bundle.tar.zst`, then name `a.bundle.tar.zst`".to_owned()),
            ),
            ("paper", None),
            ("a/b.bundle.tar.zst", None),
            ("C:/paper", None),
            ("me@home", None),
        ];
        for (typed, hinted) in cases {
            assert_eq!(hint(typed), hinted, "{typed}");
        }
    }
}
