//! The page and the description, from outside.

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr as _,
};

use bundle_demo::{Transport, content_security_policy, describe, page};
use bundle_manifest::{BundleId, Digest, Manifest};
use bundle_signature::Verification;
use data_encoding::BASE64;
use serde_json::{Value as Json, json};
use sha2::Digest as _;

const RETINA: &str = r#"
format = 1
[bundle]
name = "retina-grade"
version = "1.0.0"
title = "Grading retinopathy </script><script>alert(1)</script> & <b>more</b>"
authors = ["A. Author", "<i>B</i>"]
license = "Apache-2.0"
paper = "https://doi.org/10.5555/x?a=1&b=2"
[use]
for = "one colour fundus photograph, \"macula\" centred"
not_for = "OCT, slit lamp"
[models.grader]
onnx = "export/model.onnx"
[[inputs]]
name = "photograph"
kind = "image"
description = "From any camera."
steps = [
  { op = "decode_image", exif_orientation = "apply" },
  { op = "convert_color", to = "RGB", alpha = "drop" },
  { op = "rescale", scale = 0.00392156862745098 },
  { op = "layout", to = "NCHW" },
]
tensors = { pixel_values = "value" }
[[outputs]]
name = "grade"
kind = "labels"
tensors = { scores = "logits" }
steps = [{ op = "softmax", axis = -1 }]
labels = { file = "labels.txt" }
[[examples]]
name = "one"
inputs = { photograph = { file = "examples/one.jpg" } }
expect = { grade = { file = "examples/one.npy" } }
recorded_with = "torch 2.5.1"
origin = "drawn"
truth = { grade = "mild" }
[[claims]]
output = "grade"
metric = "accuracy"
value = 0.874
dataset = "Messidor-2 <test>"
"#;

const WINE: &str = r#"
format = 1
[bundle]
name = "wine"
version = "2"
title = "Weine"
license = "MIT"
[models.m]
onnx = "m.onnx"
[[inputs]]
name = "sample"
kind = "table"
steps = [
  { op = "columns", columns = [
    { name = "alcohol", kind = "number", unit = "% vol", description = "by volume", range = [11, 14.8] },
    { name = "region", kind = "category", categories = ["Barolo", "山梨"] },
  ] },
  { op = "one_hot", column = "region", categories = ["Barolo", "山梨"], unknown = "error" },
  { op = "column_concat", dtype = "float32" },
]
tensors = { x = "value" }
[[outputs]]
name = "quality"
kind = "scalar"
tensors = { value = "y" }
unit = "points"
[[examples]]
name = "bare"
inputs = { sample = { value = { alcohol = 12.5, region = "Barolo" } } }
"#;

fn manifest(text: &str) -> Manifest {
    Manifest::from_toml(text).expect("a manifest")
}

fn id() -> BundleId {
    BundleId(Digest::from_str(&"3f".repeat(32)).expect("a digest"))
}

fn retina() -> Json {
    let labels = BTreeMap::from([("grade".to_owned(), vec!["none".to_owned(), "mild".to_owned()])]);
    describe(&manifest(RETINA), Some(id()), &Verification::Unsigned, &labels)
}

fn retina_page() -> String {
    page(&retina(), Transport::Http).expect("a page")
}

/// The content of every element with this opening tag.
fn contents<'a>(page: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    page.split(open).skip(1).map(|rest| rest.split(close).next().unwrap_or_default()).collect()
}

#[test]
fn an_image_bundle_is_described() {
    let id = format!("sha256:{}", "3f".repeat(32));
    assert_eq!(
        retina(),
        json!({
            "format": 1, "name": "retina-grade", "version": "1.0.0",
            "title": "Grading retinopathy </script><script>alert(1)</script> & <b>more</b>",
            "authors": ["A. Author", "<i>B</i>"], "license": "Apache-2.0",
            "paper": "https://doi.org/10.5555/x?a=1&b=2", "task": null,
            "use": { "for": "one colour fundus photograph, \"macula\" centred", "not_for": "OCT, slit lamp" },
            "id": id, "signature": "unsigned", "signer": null,
            "inputs": [{
                "name": "photograph", "kind": "image", "description": "From any camera.",
                "media_types": ["image/png", "image/jpeg", "image/webp", "image/tiff"],
                "extensions": [".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff"], "columns": [],
            }],
            "outputs": [{
                "name": "grade", "kind": "labels", "description": null, "unit": null,
                "labels": ["none", "mild"], "unit_scale": true,
                "tolerance": { "atol": 1e-4, "rtol": 1e-3, "compare": "allclose" },
            }],
            "examples": [{
                "name": "one", "inputs": { "photograph": { "file": "examples/one.jpg" } }, "expect": true,
                "origin": "drawn", "truth": { "grade": "mild" }, "recorded_with": "torch 2.5.1",
            }],
            "claims": [
                { "output": "grade", "metric": "accuracy", "value": 0.874, "dataset": "Messidor-2 <test>" },
            ],
        })
    );
}

#[test]
fn a_table_bundle_is_described() {
    let description = describe(&manifest(WINE), None, &Verification::Unsigned, &BTreeMap::new());
    assert_eq!(description["id"], Json::Null);
    assert_eq!(description["use"], Json::Null);
    assert_eq!(
        description["inputs"][0]["columns"],
        json!([
            {
                "name": "alcohol", "kind": "number", "unit": "% vol", "description": "by volume",
                "range": [11.0, 14.8], "categories": null,
            },
            {
                "name": "region", "kind": "category", "unit": null, "description": null,
                "range": null, "categories": ["Barolo", "山梨"],
            },
        ])
    );
    assert_eq!(description["outputs"][0]["unit_scale"], false);
    let example = &description["examples"][0];
    assert_eq!(
        example["inputs"],
        json!({ "sample": { "value": { "alcohol": 12.5, "region": "Barolo" } } })
    );
    assert_eq!((&example["expect"], &example["origin"]), (&json!(false), &Json::Null));
    let page = page(&description, Transport::Http).expect("a page");
    for words in [
        "<strong>No bundle id.</strong>",
        "<strong>Unsigned.</strong>",
        "The author states no numbers.",
        "<h1 dir=\"auto\">Weine</h1>",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("<strong>Unchanged.</strong>"));
}

#[test]
fn the_page_is_a_pure_function() {
    assert_eq!(retina_page(), retina_page());
    assert!(!retina_page().contains('\r'));
}

#[test]
fn the_page_says_what_it_is_without_a_script() {
    let page = retina_page();
    for words in [
        "<h1 dir=\"auto\">Grading retinopathy &lt;&#x2f;script&gt;&lt;script&gt;alert(1)&lt;&#x2f;script&gt; &amp; &lt;b&gt;more&lt;&#x2f;b&gt;</h1>",
        "<bdi>&lt;i&gt;B&lt;&#x2f;i&gt;</bdi>",
        "one colour fundus photograph, &quot;macula&quot; centred",
        "OCT, slit lamp",
        "<code>sha256:3f3f…3f3f</code>",
        "<td class=\"numeric\">0.874</td><td dir=\"auto\">Messidor-2 &lt;test&gt;</td>",
        "not replayed yet.",
        "<noscript>",
    ] {
        assert!(page.contains(words), "{words}\n{page}");
    }
    assert!(!page.contains("reproducib"));
}

#[test]
fn no_text_of_the_author_becomes_markup() {
    let page = retina_page();
    assert_eq!(page.matches("<script").count(), 3, "two islands and one script");
    assert_eq!(page.matches("</script>").count(), 3);
    assert!(!page.contains("<b>more") && !page.contains("<i>B"));
    let island =
        contents(&page, "<script type=\"application/json\" id=\"description\">", "</script>");
    assert_eq!(serde_json::from_str::<Json>(island[0]).expect("JSON"), retina());
}

#[test]
fn an_address_that_is_not_of_the_web_is_no_link() {
    let mut description = retina();
    description["paper"] = json!("javascript:alert(1)");
    let page = page(&description, Transport::Http).expect("a page");
    assert!(page.contains("<span dir=\"auto\">javascript:alert(1)</span>"));
    assert!(!page.contains("href=\"javascript"));
}

#[test]
fn the_policy_names_exactly_what_is_inline() {
    let page = retina_page();
    let policy = content_security_policy(&page);
    let hash = |text: &str| format!("'sha256-{}'", BASE64.encode(&sha2::Sha256::digest(text)));
    let script = contents(&page, "<script>", "</script>");
    let style = contents(&page, "<style>", "</style>");
    assert_eq!((script.len(), style.len()), (1, 1));
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; script-src {}; style-src {}; img-src blob: data:; media-src blob: data:; connect-src 'self'; \
             form-action 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
            hash(script[0]),
            hash(style[0])
        )
    );
    for forbidden in [" style=\"", " onclick=", " onload=", "unsafe-"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    let page = retina_page();
    let addresses = page.split(['"', '\'', '(', ')', ' ', '`']).filter(|word| word.contains("://"));
    let known = [
        "https://doi.org/10.5555/x?a=1",
        "http://www.w3.org/2000/svg",
        "https://doi.org/10.5555/x?a=1&amp;b=2",
    ];
    for address in addresses {
        let ours = known.iter().any(|known| address.replace("&#x2f;", "/").contains(known));
        assert!(ours, "{address}");
    }
}

/// Every word of the page is in the table, and the table has no word that nobody says.
#[test]
fn the_strings_table_is_exactly_what_is_used() {
    let page = retina_page();
    let island = contents(&page, "<script type=\"application/json\" id=\"strings\">", "</script>");
    let table: BTreeMap<String, String> =
        serde_json::from_str(island[0]).expect("a table of texts");
    let script = contents(&page, "<script>", "</script>")[0];
    let template = include_str!("../../page/index.html");

    let in_template: BTreeSet<&str> =
        template.split("{{ s.").skip(1).filter_map(|rest| rest.split(' ').next()).collect();
    let literal = |quoted: &str| script.contains(&format!("\"{quoted}\""));
    for key in &in_template {
        assert!(table.contains_key(*key), "the template says `{key}`");
    }
    for (call, plural) in [("t(\"", false), ("tn(\"", true)] {
        for (at, _) in script.match_indices(call) {
            let before = script[..at].chars().next_back().unwrap_or(' ');
            if before.is_alphanumeric() || before == '.' {
                continue;
            }
            let key = script[at + call.len()..].split('"').next().unwrap_or_default();
            let known = if plural {
                table.contains_key(&format!("{key}.other"))
            } else {
                table.contains_key(key)
            };
            assert!(known, "the script says `{key}`");
        }
    }
    // `word_${…}`, and `${…}_words` of a key that is said itself.
    let composed = |key: &str| {
        let parts: Vec<&str> = key.split('_').collect();
        (1..parts.len()).any(|at| {
            script.contains(&format!("`{}_${{", parts[..at].join("_")))
                || literal(&parts[..at].join("_"))
                    && script.contains(&format!("}}_{}`", parts[at..].join("_")))
        })
    };
    let unsaid: Vec<&String> = table
        .keys()
        .filter(|key| {
            let stem = key.split('.').next().unwrap_or(key);
            !(in_template.contains(key.as_str()) || literal(stem) || composed(stem))
        })
        .collect();
    assert!(unsaid.is_empty(), "nobody says {unsaid:?}");
    for origin in ["drawn", "picked", "failure", "flagged", "none"] {
        assert!(table.contains_key(&format!("origin_{origin}")), "{origin}");
    }
}
