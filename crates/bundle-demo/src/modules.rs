//! The ES modules of the page as one script.
//!
//! A page that works from a file cannot import anything, so the modules are
//! put one after the other, in the order below, without their `import` lines and
//! `export` words. That is only right while every import names an earlier module
//! and no two modules declare the same name at their top; the tests hold them to it.

/// The modules, each after those it imports from.
const MODULES: &[(&str, &str)] = &[
    ("strings.js", include_str!("../page/strings.js")),
    ("dom.js", include_str!("../page/dom.js")),
    ("frames.js", include_str!("../page/frames.js")),
    ("transport.js", include_str!("../page/transport.js")),
    ("local.js", include_str!("../page/local.js")),
    ("seen.js", include_str!("../page/seen.js")),
    ("chooser.js", include_str!("../page/chooser.js")),
    ("png.js", include_str!("../page/png.js")),
    ("pad.js", include_str!("../page/pad.js")),
    ("record.js", include_str!("../page/record.js")),
    ("table.js", include_str!("../page/table.js")),
    ("inputs.js", include_str!("../page/inputs.js")),
    ("plot.js", include_str!("../page/plot.js")),
    ("boxes.js", include_str!("../page/boxes.js")),
    ("raster.js", include_str!("../page/raster.js")),
    ("mask.js", include_str!("../page/mask.js")),
    ("arrays.js", include_str!("../page/arrays.js")),
    ("keypoints.js", include_str!("../page/keypoints.js")),
    ("spans.js", include_str!("../page/spans.js")),
    ("tokens.js", include_str!("../page/tokens.js")),
    ("neighbours.js", include_str!("../page/neighbours.js")),
    ("embedding.js", include_str!("../page/embedding.js")),
    ("outtable.js", include_str!("../page/outtable.js")),
    ("outputs.js", include_str!("../page/outputs.js")),
    ("examples.js", include_str!("../page/examples.js")),
    ("csv.js", include_str!("../page/csv.js")),
    ("metrics.js", include_str!("../page/metrics.js")),
    ("items.js", include_str!("../page/items.js")),
    ("dropped.js", include_str!("../page/dropped.js")),
    ("results.js", include_str!("../page/results.js")),
    ("batch.js", include_str!("../page/batch.js")),
    ("break.js", include_str!("../page/break.js")),
    ("flags.js", include_str!("../page/flags.js")),
    ("main.js", include_str!("../page/main.js")),
];

/// All modules as the content of one `<script>`.
pub(crate) fn script() -> String {
    let mut script = String::from("\n\"use strict\";\n(() => {\n");
    for (name, source) in MODULES {
        script.push_str("\n// ");
        script.push_str(name);
        script.push('\n');
        // `lines` also makes a checkout with CRLF endings give the same bytes.
        for line in source.lines().filter(|line| !line.starts_with("import ")) {
            script.push_str(line.strip_prefix("export ").unwrap_or(line));
            script.push('\n');
        }
    }
    script.push_str("})();\n");
    script
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// The name that a line at the top of a module declares, and whether it is exported.
    fn declared(line: &str) -> Option<(&str, bool)> {
        let (line, exported) =
            line.strip_prefix("export ").map_or((line, false), |line| (line, true));
        let keywords = ["async function ", "function ", "const ", "let ", "class "];
        let rest = keywords.iter().find_map(|keyword| line.strip_prefix(keyword))?;
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))?;
        (end > 0).then(|| (&rest[..end], exported))
    }

    #[test]
    fn no_two_modules_declare_the_same_name() {
        let mut seen = BTreeMap::new();
        for (module, source) in MODULES {
            for (name, _) in source.lines().filter_map(declared) {
                assert_eq!(
                    seen.insert(name, module),
                    None,
                    "`{name}` of {module} is declared twice"
                );
            }
        }
        assert!(seen.len() > 40, "{seen:?}");
    }

    #[test]
    fn every_import_names_an_export_of_an_earlier_module() {
        let mut exports: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (module, source) in MODULES {
            for line in source.lines().filter(|line| line.starts_with("import")) {
                let inner =
                    line.strip_prefix("import { ").and_then(|rest| rest.split_once(" } from \"./"));
                let (names, from) = inner.expect(line);
                let from = from.strip_suffix("\";").expect(line);
                let known = exports.get(from).unwrap_or_else(|| panic!("{module}: {line}"));
                for name in names.split(", ") {
                    assert!(
                        known.contains(name),
                        "{module} imports `{name}`, which {from} does not export"
                    );
                }
            }
            let own = source.lines().filter_map(declared).filter(|(_, exported)| *exported);
            exports.insert(module, own.map(|(name, _)| name).collect());
        }
    }

    #[test]
    fn nothing_of_a_module_is_left_and_nothing_ends_the_element() {
        let script = script();
        assert!(!script.contains("</script") && !script.contains("<!--"));
        assert!(
            !script.lines().any(|line| line.starts_with("import ") || line.starts_with("export "))
        );
        for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "new Function"] {
            assert!(!script.contains(forbidden), "{forbidden}");
        }
        // A canvas gives other pixels than the file had; only a camera, which has no file, needs one.
        let canvases = MODULES.iter().filter(|(_, source)| source.contains("getContext("));
        assert_eq!(canvases.map(|(name, _)| *name).collect::<Vec<_>>(), ["record.js"]);
    }
}
