//! The documents of a project (READMEs and their kin) and the commands in them.

use bundle_manifest::ArtifactPath;
use bundle_project::{Block, BlockKind, Heading, Markup, Readme};

use crate::{
    Evidence,
    command::{Invocation, invocations},
    makefile::expanded,
    resolve::{Resolution, resolve},
    tree::{Tree, stem, suffix},
    words::{TemplateText, Words},
};

/// Bytes of a document that are read at all.
const MAX_DOCUMENT: u64 = 64 << 20;
/// Documents of a project that are read.
const MAX_DOCUMENTS: usize = 40;
/// Bytes of all documents that are read.
const MAX_ALL: usize = 16 << 20;
/// Commands of all documents that are looked up.
const MAX_COMMANDS: usize = 2_000;
/// Words of one block in which names of programs are looked for.
const MAX_WORDS: usize = 2_000;
/// Stems of documents that say how to use a project.
const STEMS: &[&str] = &[
    "readme",
    "reproduc",
    "install",
    "training",
    "train",
    "eval",
    "result",
    "model_zoo",
    "modelzoo",
    "getting_started",
    "usage",
];

/// A document with its commands.
pub(crate) struct Document {
    pub(crate) path: ArtifactPath,
    pub(crate) readme: Readme,
    pub(crate) commands: Vec<DocumentedCommand>,
    /// Programs of the project that are named: line, what is written, program.
    pub(crate) mentions: Vec<(usize, String, ArtifactPath)>,
}

/// A command in a document.
pub(crate) struct DocumentedCommand {
    /// The block it is in.
    pub(crate) block: usize,
    pub(crate) invocation: Invocation,
    pub(crate) resolution: Resolution,
    /// Whether it still has the template's placeholders in it.
    pub(crate) template: bool,
}

impl DocumentedCommand {
    /// The program of the project that it runs; none where it is the template's.
    pub(crate) fn program(&self) -> Option<&ArtifactPath> {
        self.resolution.file().filter(|_| !self.template)
    }
}

impl Document {
    /// The documents of a tree, the one at the top first, notebooks last.
    pub(crate) fn all(tree: &Tree) -> Vec<Self> {
        let mut paths: Vec<_> = tree
            .files()
            .iter()
            .map(|file| &file.path)
            .filter(|path| is_document(tree, path))
            .collect();
        paths.sort_by_key(|path| {
            let depth = path.parts().count();
            (suffix(path) == "ipynb", depth, !stem(path).starts_with("readme"), path.as_str())
        });
        paths.truncate(MAX_DOCUMENTS);
        let mut commands = MAX_COMMANDS;
        let mut bytes = MAX_ALL;
        let mut documents = Vec::new();
        for path in paths {
            let Ok(text) = tree.text(path, MAX_DOCUMENT) else { continue };
            if bytes == 0 {
                break;
            }
            bytes = bytes.saturating_sub(text.len());
            let document = Self::read(tree, path, &text, commands);
            commands = commands.saturating_sub(document.commands.len());
            documents.push(document);
        }
        documents
    }

    fn read(tree: &Tree, path: &ArtifactPath, text: &str, limit: usize) -> Self {
        let readme = if suffix(path) == "ipynb" {
            Readme::of_notebook(text)
        } else {
            Readme::parse(text, Markup::of(path.file_name()))
        };
        let typed = readme.blocks.iter().enumerate().flat_map(|(block, content)| {
            block_invocations(content).into_iter().map(move |invocation| (block, invocation))
        });
        let resolved = typed.take(limit).flat_map(|(block, typed)| {
            let resolution = resolve_beside(tree, path, &typed);
            let template = tree.words().template_in(&typed.text).is_some();
            let run = expanded(tree, typed, resolution).into_iter();
            run.map(move |(invocation, resolution)| DocumentedCommand {
                block,
                invocation,
                resolution,
                template,
            })
        });
        let commands = resolved.take(limit).collect();
        let mentions = mentions(tree, path, &readme);
        Self { path: path.clone(), readme, commands, mentions }
    }

    /// Evidence on a line of this document.
    pub(crate) fn at(&self, line: usize, text: impl AsRef<str>) -> Evidence {
        Evidence::at(&self.path, line, text)
    }

    /// The headings above a block, the nearest first.
    pub(crate) fn headings_above(&self, block: usize) -> Vec<&Heading> {
        self.readme.headings_above(block)
    }

    /// Sections whose heading mentions one of these words, with the place of the heading.
    pub(crate) fn sections<'d>(
        &'d self,
        stems: &'d [&str],
    ) -> impl Iterator<Item = (usize, &'d Heading)> {
        let headings =
            self.readme.blocks.iter().enumerate().filter_map(|(index, block)| match &block.kind {
                BlockKind::Heading(heading) => Some((index, heading)),
                _ => None,
            });
        headings.filter(move |(_, heading)| heading.mentions(stems))
    }

    /// Text of the unfilled template, with the line of its block.
    pub(crate) fn template_text<'w>(&self, words: &'w Words) -> Vec<(usize, &'w TemplateText)> {
        let mut found = Vec::new();
        for block in &self.readme.blocks {
            let text = block_text(block);
            let pieces = words.template.iter().filter(|piece| text.contains(&piece.text));
            found.extend(pieces.map(|piece| (block.line, piece)));
        }
        found
    }
}

/// Directories of programs that show how a library is used.
pub(crate) const EXAMPLES: [&str; 6] =
    ["example", "examples", "tutorial", "tutorials", "docs", "documentation"];

/// What the documents claim of the project's programs.
pub(crate) struct Claims {
    /// The directories of examples of which one says that the experiments are there.
    pub(crate) experiments_in: Vec<&'static str>,
    /// Whether one says that the paper's results come out of this project.
    pub(crate) reproduces: bool,
}

impl Claims {
    /// Reads every block of every document once.
    pub(crate) fn of(documents: &[Document], words: &Words) -> Self {
        let mut claims = Self { experiments_in: Vec::new(), reproduces: false };
        for block in documents.iter().flat_map(|document| &document.readme.blocks) {
            let text = block_text(block).to_lowercase();
            let of_paper = ["paper", "figure", "table"].iter().any(|word| text.contains(word));
            claims.reproduces |= of_paper && words.reproduction.within(&text).is_some();
            if text.contains("experiment") {
                let named = EXAMPLES.iter().filter(|place| text.contains(&format!("{place}/")));
                claims.experiments_in.extend(named);
            }
        }
        claims.experiments_in.sort_unstable();
        claims.experiments_in.dedup();
        claims
    }
}

/// A document's commands are typed at the top, or beside the document.
fn resolve_beside(tree: &Tree, path: &ArtifactPath, invocation: &Invocation) -> Resolution {
    let first = resolve(tree, invocation);
    let Some(parent) = path.parent().filter(|_| !matches!(first, Resolution::Exact(_))) else {
        return first;
    };
    let beside = Invocation {
        directory: format!("{parent}/{}", invocation.directory),
        ..invocation.clone()
    };
    let second = resolve(tree, &beside);
    if matches!(second, Resolution::Exact(_)) { second } else { first }
}

/// Documents by their name, and notebooks, whose text is beside their code.
fn is_document(tree: &Tree, path: &ArtifactPath) -> bool {
    if is_of_a_part(tree, path) {
        return false;
    }
    if suffix(path) == "ipynb" {
        return !tree.is_foreign(path) && !tree.is_unit_test(path);
    }
    let stem = stem(path);
    let text = matches!(suffix(path).as_str(), "md" | "markdown" | "rst" | "txt" | "");
    let named = STEMS.iter().any(|start| stem.starts_with(start));
    let environment = bundle_project::EnvironmentFormat::of(path).is_some();
    let markdown_or_readme = suffix(path) != "txt" || stem.starts_with("readme");
    let bare = path.file_name().contains('.') || stem.starts_with("readme");
    text && named && !environment && markdown_or_readme && bare && !tree.is_foreign(path)
}

/// Whether a document lies in, or below, a directory with a licence of its own: somebody else's
/// project, put into this one.
fn is_of_a_part(tree: &Tree, path: &ArtifactPath) -> bool {
    const LICENCES: [&str; 4] = ["LICENSE", "LICENSE.md", "LICENSE.txt", "COPYING"];
    std::iter::successors(path.parent(), ArtifactPath::parent).any(|directory| {
        LICENCES.iter().any(|licence| tree.file(&format!("{directory}/{licence}")).is_some())
    })
}

/// The programs that a document names in text, code or links.
fn mentions(
    tree: &Tree,
    document: &ArtifactPath,
    readme: &Readme,
) -> Vec<(usize, String, ArtifactPath)> {
    let folder = document.parent().map(|parent| format!("{parent}/")).unwrap_or_default();
    let mut found = Vec::new();
    for block in &readme.blocks {
        let text = block_text(block);
        let words = text.split(|c: char| c.is_whitespace() || "`\"'()[]<>,;:|*".contains(c));
        for word in words.take(MAX_WORDS) {
            let word = word.trim_end_matches(['.', '/']).trim_start_matches("./");
            let known = word
                .rsplit_once('.')
                .is_some_and(|(_, suffix)| tree.words().scripts.has(&suffix.to_lowercase()));
            if !known || found.len() >= MAX_COMMANDS {
                continue;
            }
            let file = tree
                .file(&format!("{folder}{word}"))
                .or_else(|| tree.file(word))
                .or_else(|| tree.ending(word));
            if let Some(file) = file {
                found.push((block.line, word.to_owned(), file.path.clone()));
            }
        }
    }
    found
}

fn block_invocations(block: &Block) -> Vec<Invocation> {
    match &block.kind {
        BlockKind::Code(code) if is_shell(&code.info) => invocations(&code.text, code.first_line),
        BlockKind::Prose(prose) => {
            prose.inline_code.iter().flat_map(|(line, code)| invocations(code, *line)).collect()
        }
        BlockKind::Table(table) => {
            let cells = table.header.iter().chain(table.rows.iter().flatten());
            cells.flat_map(|cell| invocations(cell, block.line)).collect()
        }
        BlockKind::Code(_) | BlockKind::Heading(_) => Vec::new(),
    }
}

/// Fences whose info string names another language hold no commands.
fn is_shell(info: &str) -> bool {
    let language = info.split([' ', ',', '{', '=']).next().unwrap_or_default().to_lowercase();
    !matches!(
        language.as_str(),
        "python"
            | "py"
            | "python3"
            | "json"
            | "yaml"
            | "yml"
            | "toml"
            | "cpp"
            | "c"
            | "c++"
            | "java"
            | "bibtex"
            | "latex"
            | "tex"
            | "r"
            | "julia"
            | "matlab"
            | "diff"
            | "html"
            | "javascript"
            | "js"
    )
}

/// All text of a block: cells, code and the targets of links.
pub(crate) fn block_text(block: &Block) -> String {
    let links = |links: &[bundle_project::Link]| {
        links.iter().map(|link| link.url.as_str()).collect::<Vec<_>>().join(" ")
    };
    match &block.kind {
        BlockKind::Heading(heading) => heading.text.clone(),
        BlockKind::Prose(prose) => format!("{} {}", prose.text, links(&prose.links)),
        BlockKind::Code(code) => code.text.clone(),
        BlockKind::Table(table) => {
            let cells: Vec<&str> = table
                .header
                .iter()
                .chain(table.rows.iter().flatten())
                .map(String::as_str)
                .collect();
            format!("{} {}", cells.join(" "), links(&table.links))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tree;

    #[test]
    fn documents_are_found_and_their_commands_resolved() {
        let tree = tree(&[
            (
                "README.md",
                "Run `python train.py`.\n\n```python\npython no.py\n```\n\n| a | `bash run.sh` |\n|-|-|\n| 1 | 2 |\n",
            ),
            ("train.py", ""),
            ("sub/readme.txt", "    python eval.py\n"),
            ("sub/eval.py", ""),
            ("vendor/README.md", ""),
            ("requirements.txt", ""),
            ("train.txt", "data"),
        ]);
        let documents = Document::all(&tree);
        let mut seen = Vec::new();
        for document in &documents {
            for command in &document.commands {
                let file = command.resolution.file().map_or("-", ArtifactPath::as_str);
                seen.push(format!(
                    "{}:{} {} {file}",
                    document.path, command.invocation.line, command.invocation.text
                ));
            }
        }
        assert_eq!(
            seen,
            [
                "README.md:1 python train.py train.py",
                "README.md:7 bash run.sh -",
                "sub/readme.txt:1 python eval.py sub/eval.py",
            ]
        );
    }

    #[test]
    fn a_project_within_the_project_speaks_for_itself() {
        let tree = tree(&[
            ("README.md", ""),
            ("LICENSE", ""),
            ("docs/README.md", ""),
            ("base/LICENSE", ""),
            ("base/README.md", ""),
            ("base/her/README.md", ""),
        ]);
        let documents = Document::all(&tree);
        let paths: Vec<_> = documents.iter().map(|document| document.path.as_str()).collect();
        assert_eq!(paths, ["README.md", "docs/README.md"]);
    }

    #[test]
    fn the_template_is_recognised_outside_comments() {
        let tree = tree(&[(
            "README.md",
            "<!-- My Paper Title -->\n# My Paper Title\n\n>\u{1f4cb} say how\n\n[w](https://x.org/mymodel.pth)\n",
        )]);
        let documents = Document::all(&tree);
        let found: Vec<_> = documents[0]
            .template_text(tree.words())
            .into_iter()
            .map(|(line, piece)| (line, piece.text.as_str(), piece.item))
            .collect();
        assert_eq!(found, [(2, "My Paper Title", 0), (4, "\u{1f4cb}", 0), (6, "mymodel.pth", 4)]);
    }
}
