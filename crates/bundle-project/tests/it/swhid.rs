//! Tree names beside those of `git write-tree`, in both object formats.

use bundle_project::SourceTree;
use bundle_testkit::{Sandbox, git};

use crate::Outcome;

/// Names whose order in a tree object is not that of their text.
const FILES: [(&str, &str, bool); 12] = [
    ("a.b", "one\n", false),
    ("a/b", "two\n", false),
    ("a0", "", false),
    ("a-b/c/d/e.txt", "deep", false),
    ("a-b/c/d-", "deep\0binary\u{ff}", false),
    ("run.sh", "#!/bin/sh\n", true),
    ("bin/run", "#!/bin/sh\nexit 1\n", true),
    ("données/été.csv", "x\r\ny\r\n", false),
    ("日本", "日本", false),
    ("Z", "case", false),
    ("z", "case too", false),
    (".hidden", "", false),
];

#[test]
fn tree_names_are_those_of_git() -> Outcome {
    let sandbox = Sandbox::new()?;
    let measured = {
        let plain = sandbox.path().join("plain");
        write_files(&sandbox, "plain")?;
        let tree = SourceTree::from_directory(&plain)?;
        assert_eq!(tree.files().len(), FILES.len());
        tree.measure_code(tree.files())?
    };
    for (format, expected) in
        [("sha1", measured.swhid.to_string()), ("sha256", measured.sha256.to_string())]
    {
        write_files(&sandbox, format)?;
        let directory = sandbox.path().join(format);
        git(&directory, &["init", "--quiet", "--object-format", format])?;
        git(&directory, &["add", "--all"])?;
        assert_eq!(git(&directory, &["write-tree"])?, expected, "{format}");
    }
    Ok(())
}

fn write_files(sandbox: &Sandbox, directory: &str) -> Outcome {
    for (name, content, executable) in FILES {
        let path = sandbox.write(&format!("{directory}/{name}"), content)?;
        if executable {
            bundle_testkit::make_executable(&path)?;
        }
    }
    Ok(())
}
