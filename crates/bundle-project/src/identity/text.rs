//! Leaks in texts: code, documents, notebooks, configurations, LaTeX.

use std::{collections::BTreeSet, sync::LazyLock};

use bundle_manifest::ArtifactPath;
use regex::{Regex, RegexBuilder};

use super::{Leak, LeakKind, People};

/// Names before an `@` that are nobody's.
const NO_LOCAL: &[&str] = &[
    "noreply",
    "no-reply",
    "git",
    "user",
    "username",
    "you",
    "your",
    "yourname",
    "your.name",
    "your_name",
    "youremail",
    "your_email",
    "your.email",
    "email",
    "name",
    "someone",
    "somebody",
    "foo",
    "me",
    "john.doe",
    "jane.doe",
    "johndoe",
    "first.last",
    "anonymous",
];
/// Hosts of addresses that are examples.
const NO_HOST: &[&str] = &[
    "example.com",
    "example.org",
    "example.net",
    "domain.com",
    "email.com",
    "server.com",
    "host.com",
    "test.com",
    "mail.com",
];
/// Suffixes of files, which are no domains.
const FILE_SUFFIXES: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "svg", "py", "js", "css", "md", "txt", "sh", "yml", "yaml",
    "json", "html", "whl",
];
/// Names of home directories that are nobody's.
const NO_OWNER: &[&str] = &[
    "user",
    "users",
    "username",
    "user_name",
    "user-name",
    "your_name",
    "yourname",
    "your-name",
    "your_username",
    "yourusername",
    "you",
    "me",
    "name",
    "myname",
    "ubuntu",
    "root",
    "runner",
    "vagrant",
    "docker",
    "jovyan",
    "ec2-user",
    "admin",
    "administrator",
    "public",
    "shared",
    "default",
    "foo",
    "bar",
    "xxx",
    "xxxx",
    "path",
    "data",
    "dataset",
    "datasets",
    "tmp",
    "temp",
    "anaconda3",
    "miniconda3",
    "anonymous",
    "home",
    "work",
    "student",
];
/// Pieces of a field that names nobody.
const NO_PERSON: &[&str] = &[
    "your name",
    "your_name",
    "anonymous",
    "author name",
    "authors of",
    "the authors",
    "name of",
    "none",
    "null",
    "unknown",
    "todo",
    "placeholder",
    "yyyy",
    "owner]",
    "holder",
    "<name",
    "{name",
    "all rights",
    "see ",
    "first name",
    "and others",
    "your email",
    "fullname",
    "notice",
    "licens",
    "permission",
];
/// Companies and projects whose notices many files carry.
const COMPANIES: &[&str] = &[
    "facebook",
    "meta platforms",
    "google",
    "microsoft",
    "nvidia",
    "openai",
    "huggingface",
    "hugging face",
    "amazon",
    "apple inc",
    "intel corp",
    "ibm corp",
    "apache software",
    "alibaba",
    "tencent",
    "baidu",
    "salesforce",
    "uber tech",
    "free software foundation",
    "tensorflow authors",
    "pytorch",
    "open-mmlab",
    "openmmlab",
    "the jax authors",
    "python software",
    "numpy developers",
    "allen institute",
    "deepmind",
];
/// Owners of repositories that many projects use.
const ORGANISATIONS: &[&str] = &[
    "facebookresearch",
    "facebookincubator",
    "pytorch",
    "huggingface",
    "openai",
    "google",
    "google-research",
    "tensorflow",
    "keras-team",
    "microsoft",
    "nvidia",
    "nvlabs",
    "deepmind",
    "google-deepmind",
    "apple",
    "aws",
    "awslabs",
    "apache",
    "scikit-learn",
    "numpy",
    "scipy",
    "pandas-dev",
    "matplotlib",
    "allenai",
    "stanfordnlp",
    "open-mmlab",
    "mlfoundations",
    "eleutherai",
    "lightning-ai",
    "rwightman",
    "cocodataset",
    "philferriere",
    "bioimage-io",
    "dmlc",
    "pyg-team",
    "rusty1s",
    "explosion",
    "spotify",
    "uber",
    "salesforce",
    "ibm",
    "intel",
    "kaggle",
    "tensorpack",
];

/// An expression of this module; a test compiles all of them.
fn expression(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).size_limit(8 << 20).build().ok()
}

macro_rules! expressions {
    ($($name:ident $pattern:expr;)*) => {
        $(static $name: LazyLock<Option<Regex>> = LazyLock::new(|| expression($pattern));)*

        #[cfg(test)]
        pub(super) fn all_compile() -> bool {
            [$($name.is_some()),*].iter().all(|compiled| *compiled)
        }
    };
}

expressions! {
    ADDRESS r"(?i)[a-z0-9][a-z0-9._%+-]*@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\.[a-z]{2,24}\b";
    ADDRESSES r"(?i)\\?\{\s*[a-z0-9._-]+(?:\s*,\s*[a-z0-9._-]+)+\s*\\?\}\s*@\s*[a-z0-9.-]+\.[a-z]{2,24}\b";
SPELLED r"(?i)\b[a-z0-9][a-z0-9._-]*\s*(?:\(at\)|\[at\]|\{at\}|<at>)\s*[a-z0-9-]+(?:\s*(?:\.|\(dot\)|\[dot\]|\bdot\b)\s*[a-z0-9-]+)*\s*(?:\.|\(dot\)|\[dot\]|\bdot\b)\s*[a-z]{2,10}\b";
    SPOKEN r"(?i)\b[a-z0-9][a-z0-9._-]*\s+at\s+[a-z0-9-]+(?:\s+dot\s+[a-z0-9-]+)*\s+dot\s+[a-z]{2,10}\b|\b[a-z0-9][a-z0-9._-]*\s+at\s+(?:gmail|outlook|hotmail|qq|163|yahoo|protonmail)\s*\.\s*com\b";
    HOME r"(?i)(?:/home/|/Users/|\b[a-z]:\\+Users\\+|/(?:scratch|nfs|gpfs|lustre|nobackup|afs|vol|work|cluster|storage|misc|mnt|data\d*|export|import|fs\d*)/(?:[\w.-]+/){0,3}?(?:home|users?|people|students?)/|/(?:scratch|nobackup|lustre)/)([A-Za-z0-9][\w.-]*)";
    AUTHOR_FIELD r#"(?i)^[\s#*/%;"'-]*(?:__(?:authors?|maintainers?|email|credits|copyright)__\s*=|@authors?\b|(?:authors?|maintainers?|author[_ -]?e?mail|maintainer[_ -]?e?mail|written by|created by|developed by|maintained by|contact(?: person)?|corresponding author|principal investigator)\s*["']?\s*[:=]|authors@r\s*:)\s*[\[\("'{]*\s*(.{2,})"#;
    AUTHOR_ARGUMENT r#"(?i)\b(?:author|maintainer|author_email|maintainer_email)\s*=\s*["']([^"'\n]{2,})["']"#;
    JSON_AUTHOR r#"(?i)"(?:authors?|maintainers?|creators?)"\s*:\s*[\[{\s]*(?:"name"\s*:\s*)?"([^"]{2,})""#;
    CITATION_FIELD r"(?i)^\s*-?\s*(?:family-names|given-names|orcid|affiliation|alias)\s*:\s*(.{2,})";
    COPYRIGHT r"(?i)(?:copyright\s*(?:\(c\)|©)|copyright:?\s*\d{4}|©|\(c\)\s*(?:copyright\s*)?\d{4})[\s\d,–-]*(?:present)?[,\s]*(?:by\s+)?(\S.+)";
    LATEX r"\\(?:author|affiliation|institute|address|email|thanks|icmlauthor|icmlaffiliation|IEEEauthorblock[NA]|corresp|orcid)\s*(?:\[[^\]]*\]\s*)?\{(.{2,})";
    REPOSITORY r"(?i)(?:https?://|git\+https?://|git\+ssh://git@|ssh://git@|git://|git@)(?:[^\s/@]+@)?(?:www\.|raw\.)?(github\.com|githubusercontent\.com|gitlab\.com|bitbucket\.org|codeberg\.org|huggingface\.co|travis-ci\.(?:org|com)|codecov\.io/gh|zenodo\.org/badge|raw\.githubusercontent\.com|colab\.research\.google\.com/github|mybinder\.org/v2/gh|nbviewer\.jupyter\.org/github)[/:]([\w.-]+)/([\w.-]+)";
    REQUIREMENT r"(?i)(?:git\+|-e\s+git)\S*?(?:github\.com|gitlab\.com|bitbucket\.org)[/:]([\w.-]+)/([\w.-]+)";
    PERSONAL_PAGE r#"(?i)https?://[\w.-]+/(?:~[\w.-]+|(?:people|staff|faculty|users|homepages|personal)/[\w.~-]+)[^\s)"'>\]]*"#;
    FUNDING r"(?i)\b(?:supported|funded|sponsored|financed)\s+(?:in\s+part\s+|partially\s+|partly\s+)?by\b.*\b(?:grants?|fellowships?|scholarships?|foundation|council|agency|ministry|program(?:me)?|award|nsf|darpa|nih|erc|epsrc|dfg|snsf|anr|onr|afosr|iarpa|nserc)\b|\b(?:grant|award|contract)\s+(?:no\.?|number|agreement|#)";
    THANKS r"(?:[Tt]hank|[Gg]rateful to|[Aa]cknowledge)\w*\s+(?:(?:to|our|for|the|you|colleagues?|advisors?|professor|prof\.|dr\.)\s+)*(?:[A-Z][\w'’-]+\s+){1,2}[A-Z][\w'’-]+";
    AFFILIATION r"^[\s>*#_\d†‡§¹²³⁴<supbr/>.,)(\[\]$^{}-]*(?:\w[\w.'’& -]{0,40}\s+)?(?:Universit(?:y|é|ät|à|ies)|Universidad|Institute(?: of|\b)|Institut\b|Department of|School of|Faculty of|Laborator(?:y|ies)|College|ETH Z|EPFL|INRIA|Inria|CNRS)\b.{0,60}$";
    BIB_AUTHOR r"(?i)^\s*author\s*=\s*[{\x22](.{3,})";
}

fn regex(of: &'static LazyLock<Option<Regex>>) -> impl Iterator<Item = &'static Regex> {
    of.iter()
}

/// What a text says, line by line.
pub(super) fn leaks(path: &ArtifactPath, text: &str, people: &People) -> Vec<Leak> {
    let mut reader = Reader {
        path,
        people,
        found: Vec::new(),
        kind: Kind::of(path),
        cited: false,
        thanking: false,
    };
    let mut at = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let shown = line.trim_end_matches(['\n', '\r']);
        for (offset, piece) in super::pieces(shown) {
            reader.line(index + 1, at + offset, piece);
        }
        at += line.len();
    }
    reader.found
}

/// What a text is, as far as it changes what is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Document,
    Licence,
    Latex,
    Bibliography,
    Citation,
    Code,
    Other,
}

impl Kind {
    fn of(path: &ArtifactPath) -> Self {
        let name = path.file_name().to_lowercase();
        let suffix = name.rsplit_once('.').map_or("", |(_, suffix)| suffix);
        let starts = |stems: &[&str]| stems.iter().any(|stem| name.starts_with(stem));
        match suffix {
            "bib" => Self::Bibliography,
            "cff" => Self::Citation,
            "tex" | "sty" | "ltx" => Self::Latex,
            _ if starts(&["license", "licence", "copying", "notice"]) => Self::Licence,
            "md" | "rst" | "markdown" => Self::Document,
            _ if starts(&["readme", "authors", "contributors", "maintainers"]) => Self::Document,
            "py" | "pyi" | "ipynb" | "r" | "jl" | "m" | "lua" | "c" | "cc" | "cpp" | "h"
            | "hpp" | "cu" | "java" | "js" | "ts" | "sh" | "rs" | "go" | "toml" | "cfg"
            | "yaml" | "yml" | "json" | "txt" | "ini" => Self::Code,
            _ if starts(&["description", "dockerfile", "makefile"]) => Self::Code,
            _ => Self::Other,
        }
    }
}

struct Reader<'t> {
    path: &'t ArtifactPath,
    people: &'t People,
    found: Vec<Leak>,
    kind: Kind,
    /// Whether the nearest heading of a document is that of its own citation.
    cited: bool,
    /// Whether the paragraph thanks somebody.
    thanking: bool,
}

impl Reader<'_> {
    /// `at` is where the line begins.
    fn line(&mut self, number: usize, at: usize, line: &str) {
        if line.trim().is_empty() {
            self.thanking = false;
            return;
        }
        let heading = line.trim_start().trim_start_matches(['#', '*', '=']).trim().to_lowercase();
        if line.starts_with('#') || line.starts_with("**") {
            self.cited = heading.starts_with("cit") || heading.starts_with("bibtex");
        }
        if self.kind == Kind::Document && heading.contains("cite") {
            self.cited = true;
        }
        let first = self.found.len();
        self.addresses(number, at, line);
        self.homes(number, at, line);
        self.names(number, at, line);
        self.authors(number, at, line);
        self.repositories(number, at, line);
        self.thanks(number, at, line);
        // A part of what is said already says nothing more.
        let mut fresh = self.found.split_off(first);
        fresh.sort_by_key(|leak| (leak.span, leak.kind));
        fresh.dedup_by(|next, leak| match (leak.span, next.span) {
            (Some((start, end)), Some(inner)) => {
                leak.kind == next.kind && start <= inner.0 && inner.1 <= end
            }
            _ => false,
        });
        self.found.extend(fresh);
    }

    fn add(&mut self, kind: LeakKind, number: usize, place: (usize, &str)) {
        let (start, text) = place;
        let text = text.trim_end();
        let span = Some((start, start + text.len()));
        self.found.push(Leak { line: Some(number), kind, text: text.to_owned(), span });
    }

    fn addresses(&mut self, number: usize, at: usize, line: &str) {
        for address in [&ADDRESS, &ADDRESSES, &SPELLED, &SPOKEN].into_iter().flat_map(regex) {
            for found in address.find_iter(line) {
                if is_address(found.as_str()) && !is_inside_url(line, found.start()) {
                    self.add(LeakKind::Address, number, (at + found.start(), found.as_str()));
                }
            }
        }
    }

    fn homes(&mut self, number: usize, at: usize, line: &str) {
        for (start, owner) in owners(line) {
            self.add(LeakKind::Home, number, (at + start, owner));
        }
    }

    fn names(&mut self, number: usize, at: usize, line: &str) {
        for name in &self.people.names {
            for start in occurrences(line, name) {
                let text = line.get(start..start + name.len()).unwrap_or_default();
                let span = Some((at + start, at + start + name.len()));
                let text = text.to_owned();
                self.found.push(Leak { line: Some(number), kind: LeakKind::Name, text, span });
            }
        }
    }

    fn authors(&mut self, number: usize, at: usize, line: &str) {
        if self.kind == Kind::Bibliography {
            return;
        }
        let mut whole: Vec<&'static LazyLock<Option<Regex>>> = Vec::new();
        match self.kind {
            Kind::Citation => whole.push(&CITATION_FIELD),
            Kind::Latex => whole.push(&LATEX),
            Kind::Document if self.cited => whole.push(&BIB_AUTHOR),
            _ => {}
        }
        if !matches!(self.kind, Kind::Latex | Kind::Other) {
            whole.push(&AUTHOR_FIELD);
        }
        if self.kind == Kind::Code || self.kind == Kind::Document {
            whole.extend([&AUTHOR_ARGUMENT, &JSON_AUTHOR]);
        }
        if matches!(self.kind, Kind::Licence | Kind::Document) || number <= 30 {
            whole.push(&COPYRIGHT);
        }
        for of in whole {
            for found in regex(of).flat_map(|regex| regex.captures_iter(line)) {
                let Some(person) = found.get(1) else { continue };
                let quote =
                    line.get(..person.start()).and_then(|before| before.chars().next_back());
                let quote = quote.filter(|c| matches!(c, '"' | '\''));
                let said = match quote {
                    Some(quote) => person.as_str().split(quote).next().unwrap_or_default(),
                    None => person.as_str(),
                };
                let said = said.trim_end_matches(['"', '\'', ',', '}', ']', ')', ';']);
                if is_person(said) {
                    self.add(LeakKind::Author, number, (at + person.start(), said));
                }
            }
        }
    }

    fn repositories(&mut self, number: usize, at: usize, line: &str) {
        for found in regex(&REPOSITORY).flat_map(|regex| regex.captures_iter(line)) {
            let (Some(all), Some(owner), Some(name)) = (found.get(0), found.get(2), found.get(3))
            else {
                continue;
            };
            let own = repository(owner.as_str(), name.as_str());
            if self.people.repositories.contains(&own) {
                self.add(LeakKind::Repository, number, (at + all.start(), all.as_str()));
            }
        }
        for found in regex(&REQUIREMENT).flat_map(|regex| regex.captures_iter(line)) {
            let (Some(all), Some(owner)) = (found.get(0), found.get(1)) else { continue };
            if !is_organisation(owner.as_str()) {
                self.add(LeakKind::Repository, number, (at + all.start(), all.as_str()));
            }
        }
        if matches!(self.kind, Kind::Document | Kind::Latex) {
            for found in regex(&PERSONAL_PAGE).flat_map(|regex| regex.find_iter(line)) {
                self.add(LeakKind::Repository, number, (at + found.start(), found.as_str()));
            }
        }
    }

    fn thanks(&mut self, number: usize, at: usize, line: &str) {
        if !matches!(self.kind, Kind::Document | Kind::Latex | Kind::Other)
            && self.path.file_name().rsplit_once('.').is_none_or(|(_, suffix)| suffix != "txt")
        {
            return;
        }
        let mut found: Vec<_> = [&FUNDING, &THANKS]
            .into_iter()
            .flat_map(regex)
            .filter_map(|regex| regex.find(line))
            .collect();
        let thanked = !found.is_empty();
        // Affiliations stand under a title, not in the middle of a document.
        if self.kind == Kind::Document && number <= 40 {
            let plain = !line.contains("http") && !line.contains('|');
            found.extend(regex(&AFFILIATION).filter(|_| plain).filter_map(|r| r.find(line)));
        }
        if self.kind == Kind::Latex {
            for found in found {
                self.add(LeakKind::Acknowledgement, number, (at + found.start(), found.as_str()));
            }
            return;
        }
        // Who else is thanked stands in the rest of the paragraph.
        self.thanking = thanked || self.thanking && !is_heading(line);
        if self.thanking || !found.is_empty() {
            let sentence = line.trim_start_matches(|c: char| !c.is_alphanumeric());
            let start = line.len() - sentence.len();
            self.add(LeakKind::Acknowledgement, number, (at + start, sentence.trim_end()));
        }
    }
}

/// `# Licence`, `**Licence**`, or the line below a heading.
fn is_heading(line: &str) -> bool {
    let line = line.trim();
    line.starts_with('#') || line.starts_with("**") || line.chars().all(|c| "=-~^".contains(c))
}

/// Whose home directories a line names, and where the names begin.
fn owners(line: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for home in regex(&HOME).flat_map(|home| home.captures_iter(line)) {
        let (Some(all), Some(owner)) = (home.get(0), home.get(1)) else { continue };
        let before = line.get(..all.start()).unwrap_or_default();
        // `example.org/home/page` is no directory.
        let in_address = before.ends_with(|c: char| c.is_alphanumeric() || c == '.' || c == '-');
        if !in_address && is_somebody(owner.as_str()) {
            found.push((owner.start(), owner.as_str().trim_end_matches('.')));
        }
    }
    found
}

/// The same, as text.
pub(super) fn homes_in(line: &str) -> Vec<String> {
    owners(line).into_iter().map(|(_, owner)| owner.to_owned()).collect()
}

/// Where `name` stands in `line` as a word, the case of ASCII letters aside.
pub(super) fn occurrences(line: &str, name: &str) -> Vec<usize> {
    let (line, name) = (line.to_ascii_lowercase(), name.to_ascii_lowercase());
    // Chinese, Japanese and Korean have no space around a name.
    let unspaced = |c| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}');
    let is_word = |c: char| c.is_alphanumeric() && !unspaced(c);
    line.match_indices(&name)
        .map(|(start, _)| start)
        .filter(|start| {
            let before = line.get(..*start).and_then(|text| text.chars().next_back());
            let after = line.get(start + name.len()..).and_then(|text| text.chars().next());
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
        .collect()
}

/// Whether what looks like an address is one of a person: not a placeholder, not the name of
/// a file with a scale, not a version.
pub(super) fn is_address(text: &str) -> bool {
    let text = text.to_lowercase();
    let Some((local, domain)) = text.rsplit_once('@') else { return true };
    let last = domain.rsplit('.').next().unwrap_or_default();
    let sub = |host: &str| domain == host || domain.ends_with(&format!(".{host}"));
    !NO_LOCAL.contains(&local.trim())
        && !NO_HOST.iter().any(|host| sub(host))
        && !domain.ends_with(".example")
        && !domain.ends_with("users.noreply.github.com")
        && !FILE_SUFFIXES.contains(&last)
}

/// `https://name@host/…` is an address of a page.
fn is_inside_url(line: &str, at: usize) -> bool {
    let before = line.get(..at).unwrap_or_default();
    let word = before.rsplit([' ', '\t', '"', '\'', '(', '<', ',']).next().unwrap_or_default();
    word.contains("://")
}

/// Whether the owner of a home directory may be a person.
pub(super) fn is_somebody(owner: &str) -> bool {
    let owner = owner.trim_end_matches(['.', '-', '_']).to_lowercase();
    owner.len() > 1 && !NO_OWNER.contains(&owner.as_str()) && !owner.starts_with("your")
}

/// Whether a field's value may name a person: it has letters, and is neither a placeholder,
/// nor code, nor a company whose code many files carry.
fn is_person(text: &str) -> bool {
    let lower = text.to_lowercase();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let code =
        ["self.", "args.", "config.", "(", "==", "def ", "str", "request.", "row[", "${", "%s"]
            .iter()
            .any(|piece| lower.starts_with(piece))
            || lower.contains("()");
    letters >= 3
        && !code
        && text.chars().any(char::is_uppercase) | text.contains('@')
        && !NO_PERSON.iter().any(|place| lower.contains(place))
        && !COMPANIES.iter().any(|company| lower.contains(company))
}

/// Whether an owner of repositories is an organisation whose code many use.
fn is_organisation(owner: &str) -> bool {
    ORGANISATIONS.contains(&owner.to_lowercase().as_str())
}

fn repository(owner: &str, name: &str) -> String {
    let name = name.trim_end_matches(".git").trim_end_matches(".svg").trim_end_matches('.');
    format!("{owner}/{name}").to_lowercase()
}

/// `owner/name` of an address.
pub(super) fn repository_of(url: &str) -> Option<String> {
    regex(&REPOSITORY)
        .find_map(|regex| regex.captures(url))
        .and_then(|found| Some(repository(found.get(2)?.as_str(), found.get(3)?.as_str())))
}

/// The repositories of whose files a text shows some that `is_own`: pictures and pages are
/// linked by their full address.
pub(super) fn own_repositories(text: &str, is_own: &dyn Fn(&str) -> bool) -> BTreeSet<String> {
    let mut own = BTreeSet::new();
    for found in regex(&REPOSITORY).flat_map(|regex| regex.captures_iter(text)) {
        let (Some(all), Some(owner), Some(name)) = (found.get(0), found.get(2), found.get(3))
        else {
            continue;
        };
        let rest = text.get(all.end()..).unwrap_or_default();
        let rest = rest.split([' ', '\n', ')', '"', '\'', '>', ']', '?', '#']).next();
        let mut parts = rest.unwrap_or_default().trim_start_matches('/').split('/');
        let mut first = parts.clone();
        if matches!(first.next(), Some("blob" | "raw" | "tree")) {
            parts.next();
        }
        // What is left is a branch and a path.
        parts.next();
        let path: Vec<&str> = parts.collect();
        if !path.is_empty() && is_own(&path.join("/")) {
            own.insert(repository(owner.as_str(), name.as_str()));
        }
    }
    own
}
