//! The page as a file: opened from the disk by real browsers, without a network.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value as Json;

use super::models;
use crate::{
    run::{program, root, scratch, step},
    tools,
};

/// The browsers' driver, and the judge.
const MODULES: [&str; 2] = ["axe-core@4.14.1", "puppeteer-core@24.43.1"];
/// Pictures that the documentation shows, by their name in the proof.
const PICTURES: [(&str, &str); 3] = [
    ("chromium-digits-top.png", "demo-digits.png"),
    ("firefox-textregions-top.png", "demo-regions.png"),
    ("dark-wine.png", "demo-wine-dark.png"),
];

/// Writes the pages, opens them, and writes docs/proof/demo.md; `smoke` takes the fixtures and
/// Chromium alone, and writes nothing.
pub(crate) fn demo(bundle: &Path, smoke: bool) -> Result<()> {
    let work = scratch("demo")?;
    tools::debian(&[("chromium", "chromium")])?;
    if !smoke {
        tools::debian(&[("firefox-esr", "firefox-esr")])?;
    }
    let python = tools::python("models", models::PINS)?;
    let mut make = program(python, &["xtask/proofs/demo.py", "--bundle"]);
    make.arg(bundle).arg("--work").arg(&work);
    let modules = tools::npm("axe-core and a driver", &work, &MODULES)?;
    let looks = work.join("looks");
    let mut drive = program("node", &["xtask/proofs/demo/drive.mjs"]);
    drive.arg(modules).arg(bundle).arg(work.join("cases.json")).arg(&looks);
    if smoke {
        make.arg("--smoke");
        drive.arg("--smoke");
    }
    step("pages of real models", &mut make)?;
    step("pages in browsers", &mut drive)?;
    if !smoke {
        write_page(&looks)?;
    }
    Ok(())
}

fn write_page(looks: &Path) -> Result<()> {
    let rows: Vec<Json> = serde_json::from_str(&fs_err::read_to_string(looks.join("rows.json"))?)?;
    let mut page = String::from(
        "# Pages as files\n\n\
         `cargo xtask prove demo`: pages of `bundle demo`, opened from the disk (`file://`) by real\n\
         browsers without a network. In each the bundle was checked, its examples were run again, and\n\
         one thing was done as a person does it: a digit drawn, a form filled in, a text typed, a file\n\
         chosen. *Right*: the answer on the page is that of `bundle run` on the same bytes, as\n\
         far as the page shows it. Tampered pages have one bit of the bundle flipped, or other words: they\n\
         must say so and run nothing. Each answer was flagged, and the flag exported and merged; the digit\n\
         was drawn with the keyboard, too, changed in every way of *Try to break it*, and covered square by\n\
         square; rows of a CSV file with a known truth gave the accuracy and interval that SciPy gives.\n\
         *Stall* is the longest time in which the page could not answer a person. Violations are those of axe-core 4.14 (WCAG 2.2 A and AA, best\n\
         practices) in each state, of the page's own Content-Security-Policy, lines on the console, and\n\
         requests. States: opened, answered with every part open; in Chromium also dark, forced colours,\n\
         320 px, 200 % and an error.\n\n\
         | browser | page | MB | painted | stall | ready | examples | answer | right | states | violations |\n\
         |---|---|---:|---:|---:|---:|---|---|---|---:|---:|\n",
    );
    for row in &rows {
        let text = |key: &str| row[key].as_str().unwrap_or("–").replace('|', "\\|");
        let number = |key: &str| row[key].as_f64().unwrap_or(f64::NAN);
        page += &format!(
            "| {} | {} | {:.1} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
            text("browser"),
            text("name"),
            number("bytes") / 1e6,
            number("painted"),
            number("stalled"),
            row["ready"].as_f64().map_or_else(|| "–".to_owned(), |ready| ready.to_string()),
            text("replayed"),
            text("answer"),
            if row["same"] == Json::Bool(true) { "yes" } else { "no" },
            number("states"),
            number("violations"),
        );
    }
    page += "\nMilliseconds from opening the file, on a machine that did other things too: the first paint, and\nevery byte checked and the network loaded. `large-100` and `large-250` are networks of 100 and\n250 MB of noise.\n";
    fs_err::write(root().join("docs/proof/demo.md"), page)?;
    let pictures = root().join("docs/img");
    fs_err::create_dir_all(&pictures)?;
    for (from, to) in PICTURES {
        fs_err::copy(looks.join(from), pictures.join(to)).context("a picture of the proof")?;
    }
    Ok(())
}
