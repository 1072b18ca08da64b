//! Files that name the packages a project needs, in the forms of several
//! languages, as one list of requirements with their lines.
//!
//! Nothing is executed: a `setup.py` is read as text, so a list it computes is
//! not seen. A file that does not parse lists nothing; it is never an error,
//! because what counts is what a reader finds in it.

mod python;
mod structured;

use bundle_manifest::ArtifactPath;

/// Bytes of an environment file that are read; the rest is left out.
const MAX_TEXT: usize = 4 << 20;
/// Requirements of one file that are kept.
const MAX_REQUIREMENTS: usize = 10_000;

/// The form of an environment file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EnvironmentFormat {
    /// `requirements*.txt`, `requirements/*.txt`, `constraints.txt`.
    PipRequirements,
    /// `environment*.yml`, `conda*.yml`.
    Conda,
    /// `pyproject.toml`: PEP 621, PEP 735 and Poetry.
    Pyproject,
    /// `setup.py`, as text.
    SetupPy,
    /// `setup.cfg`.
    SetupCfg,
    /// `Pipfile`.
    Pipfile,
    /// `poetry.lock`, `uv.lock`, `pdm.lock`, `Cargo.lock`: TOML with `[[package]]`.
    TomlLock,
    /// `Pipfile.lock`, `renv.lock`: JSON from package to version.
    JsonLock,
    /// `pixi.toml`.
    Pixi,
    /// `Dockerfile`, `*.dockerfile`, `Singularity`.
    Dockerfile,
    /// An R package's `DESCRIPTION`.
    Description,
    /// `install.R`, `install.jl`: a script that installs.
    InstallScript,
    /// Julia's `Project.toml`.
    JuliaProject,
    /// Julia's `Manifest.toml`.
    JuliaManifest,
    /// `REQUIRE`, `apt.txt`: a name a line.
    Names,
    /// `CMakeLists.txt`.
    Cmake,
}

/// What a requirement says of the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VersionClaim {
    /// Nothing.
    Absent,
    /// A bound, such as `>=1.2`.
    Bounded,
    /// One version, such as `==1.2.3`, a commit or a locked version.
    Exact,
}

/// A package that an environment file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The line, from 1.
    pub line: usize,
    /// The package, as written.
    pub name: String,
    /// What is said of its version.
    pub version: VersionClaim,
}

/// The packages that an environment file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// The form it was read in.
    pub format: EnvironmentFormat,
    /// In the order of the file.
    pub requirements: Vec<Requirement>,
}

impl EnvironmentFormat {
    /// The form that a file's name announces, if it is an environment file.
    pub fn of(path: &ArtifactPath) -> Option<Self> {
        let name = path.file_name().to_ascii_lowercase();
        let parent = path.parent().map(|parent| parent.file_name().to_ascii_lowercase());
        let suffix = name.rsplit_once('.').map_or("", |(_, suffix)| suffix);
        let yaml = matches!(suffix, "yml" | "yaml");
        let text = matches!(suffix, "txt" | "pip" | "in");
        let format = match name.as_str() {
            "pyproject.toml" => Self::Pyproject,
            "setup.py" => Self::SetupPy,
            "setup.cfg" => Self::SetupCfg,
            "pipfile" => Self::Pipfile,
            "poetry.lock" | "uv.lock" | "pdm.lock" | "cargo.lock" => Self::TomlLock,
            "pipfile.lock" | "renv.lock" => Self::JsonLock,
            "pixi.toml" => Self::Pixi,
            "dockerfile" | "containerfile" | "singularity" => Self::Dockerfile,
            "description" => Self::Description,
            "install.r" | "install.jl" | "requirements.r" => Self::InstallScript,
            "project.toml" | "juliaproject.toml" => Self::JuliaProject,
            "manifest.toml" | "juliamanifest.toml" => Self::JuliaManifest,
            "require" | "apt.txt" => Self::Names,
            "cmakelists.txt" => Self::Cmake,
            _ if name.starts_with("dockerfile.") || suffix == "dockerfile" => Self::Dockerfile,
            _ if yaml
                && ["environment", "conda", "env"].iter().any(|stem| name.starts_with(stem)) =>
            {
                Self::Conda
            }
            _ if yaml && name.contains("environment") => Self::Conda,
            _ if text && (name.contains("requirement") || name.starts_with("constraints")) => {
                Self::PipRequirements
            }
            _ if text && parent.as_deref() == Some("requirements") => Self::PipRequirements,
            _ => return None,
        };
        Some(format)
    }
}

impl Environment {
    /// Reads an environment file; only its first 4 MiB.
    pub fn parse(format: EnvironmentFormat, text: &str) -> Self {
        let text = text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or(text);
        let mut requirements = match format {
            EnvironmentFormat::PipRequirements => python::requirements(text),
            EnvironmentFormat::Conda => structured::conda(text),
            EnvironmentFormat::Pyproject => python::pyproject(text),
            EnvironmentFormat::SetupPy => python::setup_py(text),
            EnvironmentFormat::SetupCfg => python::setup_cfg(text),
            EnvironmentFormat::Pipfile => {
                structured::toml_tables(text, &["packages", "dev-packages"])
            }
            EnvironmentFormat::Pixi => {
                structured::toml_tables(text, &["dependencies", "pypi-dependencies"])
            }
            EnvironmentFormat::TomlLock => structured::toml_lock(text),
            EnvironmentFormat::JsonLock => structured::json_lock(text),
            EnvironmentFormat::JuliaProject => structured::julia_project(text),
            EnvironmentFormat::JuliaManifest => structured::julia_manifest(text),
            EnvironmentFormat::Description => structured::description(text),
            EnvironmentFormat::Dockerfile => structured::dockerfile(text),
            EnvironmentFormat::InstallScript => structured::install_script(text),
            EnvironmentFormat::Names => structured::names(text),
            EnvironmentFormat::Cmake => structured::cmake(text),
        };
        requirements.truncate(MAX_REQUIREMENTS);
        Self { format, requirements }
    }

    /// How many requirements name exactly one version.
    pub fn exact(&self) -> usize {
        self.count(VersionClaim::Exact)
    }

    /// How many requirements say anything of the version.
    pub fn with_version(&self) -> usize {
        self.requirements.len() - self.count(VersionClaim::Absent)
    }

    fn count(&self, version: VersionClaim) -> usize {
        self.requirements.iter().filter(|requirement| requirement.version == version).count()
    }
}

/// The packages on a `pip install` or `conda install` line; none where it is no such line.
pub fn installed_packages(command: &str) -> Vec<String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let Some(install) = words.windows(2).position(|pair| {
        matches!(pair, [program, verb] if is_installer(program) && matches!(*verb, "install" | "add" | "create"))
    }) else {
        return Vec::new();
    };
    let mut packages = Vec::new();
    let mut value_of_flag = false;
    for word in words.iter().skip(install + 2) {
        if matches!(*word, "&&" | ";" | "||" | "|" | "\\" | "#") {
            break;
        }
        let takes_value = matches!(
            *word,
            "-r" | "--requirement"
                | "-c"
                | "--channel"
                | "-n"
                | "--name"
                | "-f"
                | "--file"
                | "-i"
                | "--index-url"
                | "--extra-index-url"
                | "-p"
                | "--prefix"
                | "-e"
        );
        if !word.starts_with('-') && !value_of_flag && *word != "." {
            packages.push(word.trim_matches(['"', '\'', '`', ',', ';']).to_owned());
        }
        value_of_flag = takes_value;
    }
    packages
}

fn is_installer(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program);
    matches!(
        name.trim_start_matches(['!', '%', '`', '$']),
        "pip"
            | "pip3"
            | "conda"
            | "mamba"
            | "micromamba"
            | "apt-get"
            | "apt"
            | "brew"
            | "uv"
            | "poetry"
    )
}

/// `name==1.2`, `name>=1`, `name @ git+https://…@commit`, `name=1.2=build`: a requirement of pip or conda.
fn requirement(text: &str, line: usize) -> Option<Requirement> {
    let text = text.split(" #").next().unwrap_or(text).split(';').next().unwrap_or(text).trim();
    let text = text.trim_matches(['"', '\'', ',']).trim();
    if let Some((_, url)) = text.split_once("://") {
        let name = text.split_once('@').map_or(url, |(name, _)| name).trim();
        let name = if name.contains("://") { url } else { name };
        let exact = url.rsplit_once('@').is_some_and(|(_, revision)| !revision.contains('/'));
        let version = if exact || url.rsplit('.').next() == Some("whl") {
            VersionClaim::Exact
        } else {
            VersionClaim::Absent
        };
        return Some(Requirement { line, name: name.to_owned(), version });
    }
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/');
    let end = text.find(|c: char| !is_name(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let rest = match rest.trim_start().strip_prefix('[') {
        Some(extras) => extras.split_once(']').map_or("", |(_, rest)| rest),
        None => rest,
    };
    let starts_well = name.chars().next().is_some_and(char::is_alphanumeric);
    starts_well.then(|| Requirement { line, name: name.to_owned(), version: version_claim(rest) })
}

fn version_claim(specifier: &str) -> VersionClaim {
    let specifier = specifier.trim().trim_start_matches('(').trim_end_matches(')').trim();
    let digits = specifier.contains(|c: char| c.is_ascii_digit());
    let pinned =
        specifier.starts_with("==") || (specifier.starts_with('=') && !specifier.starts_with("=>"));
    match (digits, pinned && !specifier.contains('*')) {
        (false, _) => VersionClaim::Absent,
        (true, true) => VersionClaim::Exact,
        (true, false) => VersionClaim::Bounded,
    }
}

#[cfg(test)]
mod tests;
