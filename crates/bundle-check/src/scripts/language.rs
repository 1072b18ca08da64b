//! What a program's text looks like in its language: comments, what only
//! defines, and what starts another program.

use bundle_manifest::ArtifactPath;

use super::TellingLine;
use crate::{command::invocations, resolve::resolve, tree::Tree};

/// Commands of one program that are looked up.
const MAX_LAUNCHES: usize = 100;

/// A family of languages that read alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Python,
    Notebook,
    Shell,
    Matlab,
    R,
    Julia,
    Lua,
    /// Compiled languages: a program has a `main`.
    Compiled,
    Other,
}

impl Language {
    pub(super) fn of(suffix: &str) -> Self {
        match suffix {
            "py" => Self::Python,
            "ipynb" => Self::Notebook,
            "sh" | "bash" | "zsh" | "bat" | "ps1" => Self::Shell,
            "m" => Self::Matlab,
            "r" | "rmd" => Self::R,
            "jl" => Self::Julia,
            "lua" => Self::Lua,
            "cpp" | "cc" | "c" | "cu" | "go" | "rs" | "java" | "scala" | "cs" => Self::Compiled,
            _ => Self::Other,
        }
    }

    pub(super) fn is_comment(self, line: &str) -> bool {
        let line = line.trim_start();
        match self {
            Self::Matlab => line.starts_with('%'),
            Self::Lua => line.starts_with("--"),
            Self::Compiled => line.starts_with("//") || line.starts_with('*'),
            _ => line.starts_with('#') || line.starts_with("//"),
        }
    }

    /// Whether running the program does more than to define.
    pub(super) fn runs(self, lines: &[TellingLine]) -> bool {
        let mut code = lines
            .iter()
            .map(|(_, line)| line.as_str())
            .filter(|line| !line.trim().is_empty() && !self.is_comment(line));
        match self {
            Self::Notebook | Self::Shell | Self::Other => code.next().is_some(),
            Self::Python => python_runs(code),
            Self::Matlab => code.next().is_some_and(|first| {
                !["function", "classdef"].iter().any(|word| first.trim_start().starts_with(word))
            }),
            Self::R | Self::Julia | Self::Lua => code.any(acts),
            Self::Compiled => code.any(|line| {
                ["int main(", "void main(", "fn main(", "func main(", "void Main(", "int Main("]
                    .iter()
                    .any(|main| line.contains(main))
            }),
        }
    }

    /// The programs of the project that its lines start.
    pub(super) fn launches(self, tree: &Tree, lines: &[TellingLine]) -> Vec<ArtifactPath> {
        let text = match self {
            Self::Shell => {
                lines.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n")
            }
            Self::Notebook => {
                let shell = lines.iter().filter_map(|(_, line)| {
                    let line = line.trim_start();
                    line.strip_prefix('!').or_else(|| line.strip_prefix("%run ").map(|_| line))
                });
                shell.map(|line| line.replace("%run ", "python ")).collect::<Vec<_>>().join("\n")
            }
            _ => return Vec::new(),
        };
        let commands = invocations(&text, 1);
        let found = commands.iter().take(MAX_LAUNCHES);
        found.filter_map(|invocation| resolve(tree, invocation).file().cloned()).collect()
    }
}

/// Whether an unindented line does something itself.
fn acts(line: &str) -> bool {
    const DEFINES: [&str; 17] = [
        "function",
        "end",
        "local ",
        "return",
        "using ",
        "import ",
        "include(",
        "module ",
        "export ",
        "struct ",
        "mutable ",
        "abstract ",
        "const ",
        "library(",
        "require(",
        "source(",
        "else",
    ];
    let defines = DEFINES.iter().any(|word| line.starts_with(word))
        || line.contains("function(")
        || line.starts_with(['}', ')', ']', '@', '"']);
    !line.starts_with(char::is_whitespace) && !defines
}

/// A main guard, a parser of arguments, or a statement at the top that is neither a
/// definition nor an assignment.
fn python_runs<'l>(mut code: impl Iterator<Item = &'l str>) -> bool {
    const DEFINES: [&str; 15] = [
        "import ", "from ", "def ", "class ", "async ", "@", "\"", "'", ")", "]", "}", "global ",
        "try:", "except", "else",
    ];
    let mut string = false;
    code.any(|line| {
        let quotes = line.matches("\"\"\"").count() + line.matches("'''").count();
        let inside = string;
        string ^= quotes % 2 == 1;
        if inside || quotes > 0 {
            return false;
        }
        if line.starts_with("if __name__") || line.contains("ArgumentParser(") {
            return true;
        }
        let top = !line.starts_with(char::is_whitespace);
        let defines = DEFINES.iter().any(|word| line.starts_with(word));
        let loops = ["for ", "while ", "with "].iter().any(|word| line.starts_with(word));
        top && !defines && (loops || is_call(line))
    })
}

/// `main()`, `plt.savefig("a")`: a name, then parentheses, and nothing assigned. The calls
/// that modules make of themselves are none.
fn is_call(line: &str) -> bool {
    const OF_MODULES: [&str; 6] =
        ["sys.path", "warnings.", "logging.", "logger.", "np.random.seed", "torch.manual_seed"];
    let Some((name, _)) = line.split_once('(') else { return false };
    let named = !name.is_empty()
        && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.')
        && !matches!(name, "if" | "elif" | "assert" | "raise" | "del");
    named && !OF_MODULES.iter().any(|call| line.starts_with(call))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_that_only_defines_does_not_run() {
        let cases = [
            (Language::Python, "import x\n\ndef f():\n    x.fit()\n\nA = f(1)\n", false),
            (Language::Python, "\"\"\"Doc.\nmain(1)\n\"\"\"\nclass A:\n    pass\n", false),
            (Language::Python, "import x\nfor i in range(3):\n    x.fit()\n", true),
            (Language::Python, "def f(): pass\nif __name__ == '__main__':\n    f()\n", true),
            (Language::Python, "sys.path.append('..')\nimport y\n", false),
            (Language::Python, "main()\n", true),
            (Language::Matlab, "% x\nfunction y = f(x)\ny = x;\n", false),
            (Language::Matlab, "clear all\ny = f(1)\n", true),
            (Language::R, "f = function(x) {\n  x\n}\n", false),
            (Language::R, "library(x)\nset.seed(1)\n", true),
            (Language::Julia, "using X\nfunction f(x)\n  x\nend\n", false),
            (Language::Julia, "include(\"a.jl\")\nf(1)\n", true),
            (Language::Compiled, "int main(int c, char** v) {\n", true),
            (Language::Compiled, "int f();\n", false),
            (Language::Shell, "# only a comment\n", false),
        ];
        for (language, text, expected) in cases {
            let lines: Vec<_> =
                text.lines().enumerate().map(|(at, line)| (at + 1, line.to_owned())).collect();
            assert_eq!(language.runs(&lines), expected, "{text}");
        }
    }
}
