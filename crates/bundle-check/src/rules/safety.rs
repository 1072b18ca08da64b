//! Files that do something when they are opened.

use crate::{
    Area, Evidence, Rule, Severity,
    finding::Judgement,
    subject::Subject,
    tree::{TreeFile, suffix},
};

pub(super) static PICKLES: Rule = Rule {
    id: "SAFE-1",
    title: "no file runs code when it is loaded",
    why: "A pickle, and what torch.save and joblib write, is a program that its reader runs. ONNX, safetensors and NPY are data.",
    reference: "Python documentation, pickle: \"Only unpickle data you trust\"",
    severity: Severity::May,
    area: Area::Safety,
    remedy: "export weights as ONNX or safetensors, arrays as NPY",
    inspect: pickles,
};

pub(super) static PROGRAMS: Rule = Rule {
    id: "SAFE-2",
    title: "there are no compiled programs",
    why: "What a compiled program does cannot be read, and it runs on one system only.",
    reference: "ACM Artifact Review and Badging 1.1, Functional: exercisable",
    severity: Severity::May,
    area: Area::Safety,
    remedy: "leave it out, and give the source with the command that builds it",
    inspect: programs,
};

/// Bytes of a file in which names are looked for.
const MAX_LOOK: u64 = 8 << 20;
/// Bytes in which a format's magic number is looked for.
const MAX_HEAD: u64 = 64;
/// Suffixes of files that may be pickles.
const PICKLED: [&str; 12] =
    ["pkl", "pickle", "pt", "pth", "ckpt", "joblib", "bin", "tar", "p", "dill", "npy", "model"];
/// Modules whose functions do more than to build values.
const DANGEROUS: [&str; 14] = [
    "os",
    "posix",
    "nt",
    "subprocess",
    "sys",
    "builtins",
    "__builtin__",
    "socket",
    "shutil",
    "runpy",
    "importlib",
    "webbrowser",
    "pty",
    "commands",
];

fn pickles(subject: &Subject) -> Judgement {
    let (mut grave, mut plain) = (Vec::new(), Vec::new());
    let files = subject.tree.files().iter();
    for file in files.filter(|file| PICKLED.contains(&suffix(&file.path).as_str())) {
        let Some(names) = pickle_names(subject, file) else { continue };
        let dangerous: Vec<&str> =
            names.iter().map(String::as_str).filter(|n| is_dangerous(n)).collect();
        if dangerous.is_empty() {
            plain.push(Evidence::of(&file.path, "a pickle"));
        } else {
            let text = format!("a pickle that calls {}", dangerous.join(", "));
            grave.push(Evidence::of(&file.path, text));
        }
    }
    match (grave.is_empty(), plain.is_empty()) {
        (false, _) => Judgement::fail(grave.into_iter().chain(plain))
            .remedy("do not load it; ask its author what it is for"),
        (true, false) => Judgement::weak(plain),
        (true, true) => Judgement::pass([Evidence::note("no pickles")]),
    }
}

/// What a pickle imports; `None` of a file that is none.
fn pickle_names(subject: &Subject, file: &TreeFile) -> Option<Vec<String>> {
    let bytes = subject.beginning(&file.path, MAX_LOOK)?;
    let zipped = bytes.starts_with(b"PK\x03\x04");
    let holds = |name: &[u8]| bytes.windows(name.len()).any(|window| window == name);
    let pickled = bytes.first() == Some(&0x80)
        && bytes.get(1).is_some_and(|version| (1..=5).contains(version));
    let text_pickle =
        bytes.starts_with(b"(dp") || bytes.starts_with(b"(lp") || bytes.starts_with(b"ccopy_reg");
    if !(pickled || text_pickle || zipped && holds(b"data.pkl")) {
        return None;
    }
    Some(imported(&bytes))
}

/// The names after the opcode that imports (`c`), and before the one that takes them from the stack.
fn imported(bytes: &[u8]) -> Vec<String> {
    let word = |bytes: &[u8]| -> Option<String> {
        let end = bytes.iter().take(80).position(|byte| *byte == b'\n')?;
        let text = std::str::from_utf8(bytes.get(..end)?).ok()?;
        let named =
            !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_.".contains(c));
        named.then(|| text.to_owned())
    };
    let mut names = Vec::new();
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'c') {
        let Some(module) = bytes.get(at + 1..).and_then(word) else { continue };
        let Some(name) = bytes.get(at + 2 + module.len()..).and_then(word) else { continue };
        names.push(format!("{module}.{name}"));
    }
    // Short strings of protocol 4: module, name, then STACK_GLOBAL.
    let strings: Vec<(usize, &str)> = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == 0x8c)
        .filter_map(|(at, _)| {
            let length = usize::from(*bytes.get(at + 1)?);
            Some((at, std::str::from_utf8(bytes.get(at + 2..at + 2 + length)?).ok()?))
        })
        .collect();
    for pair in strings.windows(2) {
        let [(_, module), (at, name)] = pair else { continue };
        let after = bytes.get(at + 2 + name.len()..at + 6 + name.len()).unwrap_or_default();
        if after.contains(&0x93) {
            names.push(format!("{module}.{name}"));
        }
    }
    names.sort();
    names.dedup();
    names
}

fn is_dangerous(name: &str) -> bool {
    let Some((module, function)) = name.rsplit_once('.') else { return false };
    let builtin = matches!(module, "builtins" | "__builtin__");
    let harmless = builtin
        && !matches!(
            function,
            "eval" | "exec" | "compile" | "open" | "getattr" | "__import__" | "execfile" | "apply"
        );
    DANGEROUS.contains(&module.split('.').next().unwrap_or(module)) && !harmless
}

fn programs(subject: &Subject) -> Judgement {
    const MAGIC: [&[u8]; 5] = [
        b"\x7fELF",
        b"MZ\x90\0",
        &[0xcf, 0xfa, 0xed, 0xfe],
        &[0xca, 0xfe, 0xba, 0xbe],
        b"!<arch>\n",
    ];
    let built = subject.tree.files().iter().filter(|file| {
        let named = matches!(
            suffix(&file.path).as_str(),
            "" | "so"
                | "exe"
                | "dll"
                | "dylib"
                | "o"
                | "a"
                | "class"
                | "out"
                | "bin"
                | "pyd"
                | "mexa64"
                | "mexmaci64"
                | "mexw64"
        );
        named
            && subject
                .beginning(&file.path, MAX_HEAD)
                .is_some_and(|head| MAGIC.iter().any(|m| head.starts_with(m)))
    });
    let found: Vec<Evidence> =
        built.map(|file| Evidence::of(&file.path, "a compiled program")).collect();
    if found.is_empty() {
        return Judgement::pass([Evidence::note("no compiled programs")]);
    }
    Judgement::weak(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pickle_says_what_it_calls() {
        let evil = b"\x80\x02cposix\nsystem\nX\x02\0\0\0lsR.";
        assert_eq!(imported(evil), ["posix.system"]);
        let tensor = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nq\0.";
        assert!(imported(tensor).iter().all(|name| !is_dangerous(name)));
        let stack = b"\x80\x04\x8c\x08builtins\x94\x8c\x04eval\x94\x93\x94.";
        assert_eq!(imported(stack), ["builtins.eval"]);
        assert!(is_dangerous("builtins.eval") && !is_dangerous("builtins.set"));
        assert!(is_dangerous("subprocess.Popen") && !is_dangerous("collections.OrderedDict"));
    }
}
