//! Any text as a README, in both markups, and as a notebook: blocks with true lines, never a
//! panic, and no more time than its length.
#![no_main]

use bundle_project::{Environment, EnvironmentFormat, Markup, Readme, notebook_cells};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().count() + 1;
    for markup in [Markup::Markdown, Markup::Restructured] {
        let readme = Readme::parse(&text, markup);
        for (index, block) in readme.blocks.iter().enumerate() {
            assert!((1..=lines + 1).contains(&block.line), "line {} of {lines}", block.line);
            drop(readme.headings_above(index));
            assert!(readme.section(index).len() < readme.blocks.len());
        }
    }
    drop(notebook_cells(&text));
    for format in [EnvironmentFormat::PipRequirements, EnvironmentFormat::SetupPy] {
        drop(Environment::parse(format, &text));
    }
});
