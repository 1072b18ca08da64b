//! Command lines as authors write them, and the file that each one runs.
//! Nothing is executed and nothing is expanded: a word with a variable or a
//! placeholder in it names no file.

use crate::words::Words;

/// Characters of a text in which commands are looked for.
const MAX_TEXT: usize = 1 << 20;
/// Words of one command that are read.
const MAX_WORDS: usize = 200;

/// A command and the file it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invocation {
    /// From 1, in its file.
    pub(crate) line: usize,
    /// As typed, without prompt and continuation.
    pub(crate) text: String,
    /// What it runs.
    pub(crate) target: Target,
    /// Where it runs, after every `cd` before it; relative to the project, empty for its root.
    pub(crate) directory: String,
    /// The words after the target.
    pub(crate) arguments: Vec<String>,
}

/// What a command runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A file, as typed.
    File(String),
    /// A module, as `python -m` takes it.
    Module(String),
}

/// The commands of a text that begins on line `first_line`: a script, a code
/// block, a field of `bundle.toml`. Lines that run no file of a project are left out.
pub(crate) fn invocations(text: &str, first_line: usize) -> Vec<Invocation> {
    let text = text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or(text);
    let mut shell = Shell::default();
    let mut found = Vec::new();
    let mut joined = String::new();
    let mut start = first_line;
    for (index, line) in text.lines().enumerate() {
        if joined.is_empty() {
            start = first_line + index;
        }
        let line = line.trim_end();
        if let Some(line) = line.strip_suffix('\\') {
            joined.push_str(line.trim_end());
            joined.push(' ');
            continue;
        }
        joined.push_str(line);
        for segment in segments(&joined) {
            found.extend(shell.read(&segment, start));
        }
        joined.clear();
    }
    found
}

/// A directory that follows the `cd`s of a text.
#[derive(Default)]
struct Shell {
    directory: String,
}

impl Shell {
    fn read(&mut self, segment: &str, line: usize) -> Option<Invocation> {
        let text = without_prompt(segment);
        let words = split_words(text);
        let words = without_wrappers(&words);
        let (program, rest) = words.split_first()?;
        if program == "cd" {
            let to = rest.first().map_or("", String::as_str);
            self.directory = if self.directory.is_empty() {
                to.to_owned()
            } else {
                format!("{}/{to}", self.directory)
            };
            return None;
        }
        let (target, arguments) = target(program, rest)?;
        let directory = self.directory.clone();
        Some(Invocation {
            line,
            text: text.to_owned(),
            target,
            directory,
            arguments: arguments.to_vec(),
        })
    }
}

/// The parts of a line between `&&`, `||`, `;` and `|`, quotes respected.
fn segments(line: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    let mut comment = false;
    let mut previous = ' ';
    for c in line.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None => comment |= c == '#' && previous.is_whitespace(),
        }
        if comment {
            break;
        }
        previous = c;
        if quote.is_none() && matches!(c, ';' | '|' | '&') {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// `$ python x`, `(env) $ python x`, `!python x`, `> python x`: the command alone.
fn without_prompt(segment: &str) -> &str {
    let mut text = segment.trim();
    if let (true, Some((_, rest))) = (text.starts_with('('), text.split_once(')')) {
        text = rest.trim_start();
    }
    let text =
        ["$ ", "% ", "> ", "!"].iter().find_map(|prompt| text.strip_prefix(prompt)).unwrap_or(text);
    text.trim_start().trim_start_matches('`').trim_end_matches('`')
}

/// Shell words: quotes are removed, what is inside them stays together.
fn split_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
        if words.len() >= MAX_WORDS {
            return words;
        }
    }
    words.extend(word);
    words
}

/// Without `CUDA_VISIBLE_DEVICES=0`, `sudo`, `poetry run`, and their options.
fn without_wrappers(mut words: &[String]) -> &[String] {
    while let Some((first, rest)) = words.split_first() {
        let assigns = first.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        });
        let second = rest.first().map(String::as_str);
        let standard = Words::standard();
        let wraps = standard.wrappers.iter().find_map(|wrapper| {
            let (name, next) =
                wrapper.split_once(' ').map_or((wrapper, None), |(name, next)| (name, Some(next)));
            (name == first && next.is_none_or(|next| second == Some(next))).then_some(next)
        });
        words = match (assigns, wraps) {
            (true, _) => rest,
            (false, Some(Some(_))) => skip_options(rest.get(1..).unwrap_or_default()),
            (false, Some(None)) => skip_options(rest),
            (false, None) => return words,
        };
    }
    words
}

/// Without leading options; the value of `-n env` goes with it.
fn skip_options(mut words: &[String]) -> &[String] {
    while let [option, rest @ ..] = words {
        if !option.starts_with('-') {
            break;
        }
        let takes_value = matches!(option.as_str(), "-n" | "--name" | "-p" | "--with" | "-u");
        words = if takes_value { rest.get(1..).unwrap_or_default() } else { rest };
    }
    words
}

/// The file that `program` runs, and the words after it.
fn target<'w>(program: &str, words: &'w [String]) -> Option<(Target, &'w [String])> {
    let name = program.rsplit('/').next().unwrap_or(program).to_ascii_lowercase();
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if name == "make" {
        return Some((Target::File(makefile(words)), words));
    }
    if name == "snakemake" {
        return Some((Target::File("Snakefile".to_owned()), words));
    }
    if name == "matlab" {
        return matlab(words);
    }
    if Words::standard().interpreters.has(name) {
        return interpreted(name, words);
    }
    if Words::standard().runners.has(name) {
        return first_script(words);
    }
    let runs_itself = program.contains('/') || program.starts_with('.');
    let is_script = is_script(program) && !has_placeholder(program);
    (runs_itself && is_script).then(|| (Target::File(program.to_owned()), words))
}

/// `make -C docs` reads `docs/Makefile`, `make -f train.mk` that file.
fn makefile(words: &[String]) -> String {
    let after = |option: &str| {
        let at = words.iter().position(|word| word == option)?;
        words.get(at + 1).map(String::as_str)
    };
    let file = after("-f").unwrap_or("Makefile");
    after("-C").map_or_else(|| file.to_owned(), |directory| format!("{directory}/{file}"))
}

fn interpreted<'w>(name: &str, words: &'w [String]) -> Option<(Target, &'w [String])> {
    let mut rest = words;
    while let [word, after @ ..] = rest {
        match word.as_str() {
            "-c" | "-e" | "--version" | "-V" => return None,
            "-m" if name.contains("py") => {
                let (module, after) = after.split_first()?;
                let launches =
                    module.starts_with("torch.distributed") || module.starts_with("accelerate");
                if launches {
                    return first_script(after);
                }
                let named = module.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
                return named.then(|| (Target::Module(module.clone()), after));
            }
            "-W" | "-X" => rest = after.get(1..).unwrap_or_default(),
            option if option.starts_with('-') => rest = after,
            // A directory is run by its `__main__.py`.
            "." | "./" if name.contains("py") => {
                return Some((Target::File("__main__.py".to_owned()), after));
            }
            _ => {
                let known = is_script(word) && !has_placeholder(word);
                return known.then(|| (Target::File(word.clone()), after));
            }
        }
    }
    None
}

fn first_script(words: &[String]) -> Option<(Target, &[String])> {
    let at = words.iter().position(|word| is_script(word))?;
    let word = words.get(at).filter(|word| !has_placeholder(word))?;
    Some((Target::File(word.clone()), words.get(at + 1..).unwrap_or_default()))
}

/// `matlab -r "main; exit"` runs `main.m`.
fn matlab(words: &[String]) -> Option<(Target, &[String])> {
    let at = words.iter().position(|word| matches!(word.as_str(), "-r" | "-batch"))?;
    let statement = words.get(at + 1)?;
    let name: String = statement.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty())
        .then(|| (Target::File(format!("{name}.m")), words.get(at + 2..).unwrap_or_default()))
}

fn is_script(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    name.rsplit_once('.').is_some_and(|(stem, suffix)| {
        !stem.is_empty() && Words::standard().scripts.has(&suffix.to_ascii_lowercase())
    })
}

/// Whether a word stands for something that the reader is to fill in.
pub(crate) fn has_placeholder(word: &str) -> bool {
    word.contains(['<', '>', '{', '}', '$', '*', '[', ']', '…'])
        || word.contains("path/to")
        || word.contains("...")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `line directory|target`
    fn read(text: &str) -> Vec<String> {
        let show = |invocation: Invocation| {
            let target = match invocation.target {
                Target::File(file) => file,
                Target::Module(module) => format!("-m {module}"),
            };
            format!("{} {}|{target}", invocation.line, invocation.directory)
        };
        invocations(text, 1).into_iter().map(show).collect()
    }

    #[test]
    fn commands_name_their_file() {
        let cases: [(&str, &[&str]); 28] = [
            ("cd tool\npython3 . --net x", &["2 tool|__main__.py"]),
            ("python train.py --lr 1", &["1 |train.py"]),
            ("$ python3.8 -u src/train.py", &["1 |src/train.py"]),
            ("(base) $ CUDA_VISIBLE_DEVICES=0,1 nohup python a.py > log &", &["1 |a.py"]),
            (
                "cd code && python main.py; cd ..\npython b.py",
                &["1 code|main.py", "2 code/..|b.py"],
            ),
            ("python -m pkg.train x", &["1 |-m pkg.train"]),
            ("python -m torch.distributed.launch --nproc 4 train.py", &["1 |train.py"]),
            ("torchrun --nproc_per_node=8 tools/t.py --a b.py", &["1 |tools/t.py"]),
            ("bash scripts/run.sh 1 2", &["1 |scripts/run.sh"]),
            ("./run.sh", &["1 |./run.sh"]),
            ("sudo -E poetry run python x.py", &["1 |x.py"]),
            ("conda run -n env python x.py", &["1 |x.py"]),
            ("jupyter nbconvert --execute fig.ipynb", &["1 |fig.ipynb"]),
            ("matlab -nodisplay -r \"main; exit\"", &["1 |main.m"]),
            ("Rscript --vanilla fit.R", &["1 |fit.R"]),
            ("make train", &["1 |Makefile"]),
            ("make -C sub -f a.mk train", &["1 |sub/a.mk"]),
            (
                "python train.py \\\n  --lr 1 \\\n  --x\npython eval.py",
                &["1 |train.py", "4 |eval.py"],
            ),
            ("python -c 'import x; x.py'", &[]),
            ("python <script>.py", &[]),
            ("python ${NAME}.py", &[]),
            ("Python 3.6 or later", &[]),
            ("pip install -r requirements.txt", &[]),
            ("source env/bin/activate", &[]),
            ("git clone https://x.org/a.git", &[]),
            ("# python old.py", &[]),
            ("python a.py  # then python b.py", &["1 |a.py"]),
            ("import train.py", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "[a-z.\\-/$`'\"|&;#\\\\ \\n]{0,200}") {
            let lines = text.lines().count().max(1);
            for invocation in invocations(&text, 1) {
                proptest::prop_assert!((1..=lines).contains(&invocation.line));
            }
        }
    }
}
