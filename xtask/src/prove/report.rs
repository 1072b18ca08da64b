//! The reports of `bundle check`: SARIF beside its schema, pages beside axe-core.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde_json::Value as Json;

use crate::{
    run::{cargo, output, program, root, say, scratch, step},
    tools,
};

/// What the script that validates runs with.
const PINS: &[&str] = &[
    "jsonschema==4.26.0",
    "referencing==0.37.0",
    "rfc3987-syntax==1.1.0",
    "pre-commit==4.7.0",
    "PyYAML==6.0.4",
];
/// The package that carries the schema of OASIS, and the digest of the schema in it.
const SCHEMA: (&str, &str) = ("serde-sarif", "=0.8.0");
const SCHEMA_SHA256: &str = "af47e7b67f24efe74076621fd3a5fbe7398add9e84fe820c971219a385895cea";
/// The browser's driver, and the judge.
const MODULES: [&str; 2] = ["axe-core@4.14.1", "playwright-core@1.65.1"];

/// Holds reports of good, failing and hostile projects; writes the page.
pub(crate) fn report(bundle: &Path, smoke: bool) -> Result<()> {
    let work = scratch("report")?;
    let made = write_reports(bundle, &work)?;
    let schema = schema(&work)?;
    let python = tools::python("report", PINS)?;
    let mut validate = program(&python, &["xtask/proofs/report/schema.py"]);
    step("SARIF logs beside the schema", validate.arg(schema).args(&made.logs))?;
    let mut hooks = program(&python, &["xtask/proofs/report/hooks.py"]);
    step("the hook and the Action", hooks.arg(bundle).arg(work.join("hooks")))?;

    tools::debian(&[("chromium", "chromium")])?;
    let modules = tools::npm("axe-core and a driver", &work, &MODULES)?;
    let chromium = output(&mut program("sh", &["-c", "command -v chromium"]))?;
    let looks = work.join("looks");
    let mut look = program("node", &["xtask/proofs/report/pages.mjs", chromium.trim()]);
    look.arg(modules).arg(&looks).args(&made.pages);
    if smoke {
        look.arg("--smoke");
    }
    step("pages in a browser", &mut look)?;
    if !smoke {
        write_page(&looks)?;
    }
    Ok(())
}

/// Reports as files.
struct Made {
    logs: Vec<PathBuf>,
    pages: Vec<PathBuf>,
}

fn write_reports(bundle: &Path, work: &Path) -> Result<Made> {
    let hostile = work.join("hostile <b>&\"' \u{202e}name");
    fs_err::create_dir_all(&hostile)?;
    let text = "# <script>alert(1)</script>\n\n```\npython '</style><img src=x onerror=1>.py'\npython gone.py\n```\n\nmail me@lab.edu\n";
    fs_err::write(hostile.join("README.md"), text)?;
    fs_err::write(hostile.join("a b#%?é.py"), "import os\n")?;
    fs_err::write(hostile.join("requirements.txt"), "torch\n")?;
    let digits = root().join("fixtures/digits");
    let theory = root().join("fixtures/theory");
    let cases: [(&str, Vec<&Path>); 4] = [
        ("holds", vec![&digits]),
        ("theory", vec![&theory]),
        ("hostile", vec![&hostile]),
        ("many", vec![&digits, &theory, &hostile]),
    ];
    let mut made = Made { logs: Vec::new(), pages: Vec::new() };
    for (name, paths) in cases {
        for format in ["sarif", "html"] {
            let file = work.join(format!("{name}.{format}"));
            let mut check = program(bundle, &["check", "--anonymous", "--format", format]);
            check.args(&paths).arg("-o").arg(&file);
            // A project that does not hold has a report too.
            drop(check.output());
            if !file.exists() {
                bail!("no report `{}` was written", file.display());
            }
            if format == "sarif" { &mut made.logs } else { &mut made.pages }.push(file);
        }
    }
    Ok(made)
}

/// The schema of OASIS, out of a package that is pinned.
fn schema(work: &Path) -> Result<PathBuf> {
    let project = work.join("schema");
    fs_err::create_dir_all(project.join("src"))?;
    let (package, version) = SCHEMA;
    let manifest = format!(
        "[package]\nname = \"schema\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n[dependencies]\n{package} = \"{version}\"\n"
    );
    fs_err::write(project.join("Cargo.toml"), manifest)?;
    fs_err::write(project.join("src/lib.rs"), "")?;
    let mut vendor = cargo(&["vendor", "--quiet", "vendor"]);
    drop(output(vendor.current_dir(&project))?);
    let schema = project.join("vendor").join(package).join("src/schema.json");
    let digest = output(program("sha256sum", &[]).arg(&schema))?;
    if !digest.starts_with(SCHEMA_SHA256) {
        bail!("the schema in {package} {version} is another one: {digest}");
    }
    Ok(schema)
}

fn write_page(looks: &Path) -> Result<()> {
    let rows: Vec<Json> = serde_json::from_str(&fs_err::read_to_string(looks.join("rows.json"))?)?;
    let mut page = String::from(
        "# Reports\n\n`cargo xtask prove report`: the SARIF logs of a project that holds, of one without a model, of\na hostile one and of all three are valid by the schema of OASIS (SARIF 2.1.0). pre-commit ran the hook of\n`.pre-commit-hooks.yaml`, and bash the steps of `action.yml` after its installation, on a project that holds and on\none that does not: exit 0 and 1. The pages of the\nsame were opened from the disk in Chromium, offline; axe-core was asked about WCAG 2.2 A and AA and\nits best practices, with every part closed and with every part open.\n\n| page | state | parts | rules that pass | violations |\n|---|---|---|---:|---:|\n",
    );
    for row in &rows {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        page += &format!(
            "| {} | {} | {} | {} | {} |\n",
            text("page"),
            text("state"),
            text("details"),
            row["rules"],
            row["violations"]
        );
    }
    fs_err::write(root().join("docs/proof/report.md"), page)?;
    say("    docs/proof/report.md");
    Ok(())
}
