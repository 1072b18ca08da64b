//! Documents as authors write them.

use super::*;

fn read(text: &str) -> Readme {
    Readme::parse(text, Markup::Markdown)
}

/// One line a block, for comparing at a glance.
fn outline(readme: &Readme) -> Vec<String> {
    let mut lines = Vec::new();
    for block in &readme.blocks {
        let line = block.line;
        lines.push(match &block.kind {
            BlockKind::Heading(heading) => format!("{line} h{} {}", heading.level, heading.text),
            BlockKind::Prose(prose) => {
                let links: Vec<_> =
                    prose.links.iter().map(|link| format!(" <{}>", link.url)).collect();
                format!("{line} p {}{}", prose.text, links.concat())
            }
            BlockKind::Code(code) => format!("{line} code {:?} {:?}", code.info, code.text),
            BlockKind::Table(table) => {
                let rows: Vec<_> = table.rows.iter().map(|row| row.join(",")).collect();
                format!("{line} table {} | {}", table.header.join(","), rows.join("; "))
            }
        });
    }
    lines
}

#[test]
fn blocks_have_lines_and_text() {
    let text = "# Title\n\nSome *text* with `code` and [a link](x.pth).\n\n```bash\npython train.py\n```\n\n\
                | Model | Acc |\n|:-:|-|\n| ours | **91.2** |\n\nResults\n-------\n- one\n- two\n";
    assert_eq!(
        outline(&read(text)),
        [
            "1 h1 Title",
            "3 p Some text with code and a link. <x.pth>",
            "6 code \"bash\" \"python train.py\\n\"",
            "9 table Model,Acc | ours,91.2",
            "13 h2 Results",
            "15 p one",
            "16 p two",
        ]
    );
}

#[test]
fn comments_are_not_there() {
    let text = "<!--\n# Hidden\n\n```\npython x.py\n```\n-->\n[comment]: <> (also hidden)\n\nSeen <!-- not --> too.\n";
    assert_eq!(outline(&read(text)), ["10 p Seen too."]);
    assert_eq!(outline(&read("A\n\n<!-- never closed\n\n# B\n")), ["1 p A"]);
}

#[test]
fn html_is_the_same_structure() {
    let text = "<h2 align=center>Results</h2>\n<p><a href='https://x.org/w.pt'>weights</a></p>\n\n<table>\n<tr><th>Model</th><th>Top-1 &plusmn;</th></tr>\n\n<tr><td>ours</td><td>91.2</td></tr>\n</table>\n\n<img src=\"a/results.png\" alt=\"plot\"/>\n";
    assert_eq!(
        outline(&read(text)),
        [
            "1 h2 Results",
            "2 p weights <https://x.org/w.pt>",
            "4 table Model,Top-1 ± | ours,91.2",
            "10 p  <a/results.png>",
        ]
    );
}

#[test]
fn a_bold_paragraph_is_a_heading_and_a_bold_word_is_not() {
    assert_eq!(
        outline(&read("**Requirements**\n\n**Note** that\n")),
        ["1 h7 Requirements", "3 p Note that"]
    );
}

#[test]
fn bare_addresses_are_links() {
    let text = "Weights: https://zenodo.org/record/1/files/net.onnx, or <https://x.org/b.pt>.\n";
    let readme = read(text);
    let BlockKind::Prose(prose) = &readme.blocks[0].kind else { panic!("prose") };
    let urls: Vec<_> = prose.links.iter().map(|link| link.url.as_str()).collect();
    assert_eq!(urls, ["https://x.org/b.pt", "https://zenodo.org/record/1/files/net.onnx"]);
}

#[test]
fn restructured_headings_code_and_links_are_read() {
    let text = "=====\nTitle\n=====\n\nInstall\n~~~~~~~\n\n.. code-block:: bash\n\n    pip install x\n\nSee `the paper <https://x.org>`_.\n";
    assert_eq!(
        outline(&Readme::parse(text, Markup::of("README.rst"))),
        [
            "2 h1 Title",
            "5 h2 Install",
            "10 code \"\" \"pip install x\\n\"",
            "12 p See the paper. <https://x.org>",
        ]
    );
}

#[test]
fn tables_of_restructured_text_are_tables() {
    let read = |text: &str| outline(&Readme::parse(text, Markup::Restructured));
    let simple = "=====  =========\nModel  Acc. ±\n=====  =========\nours   `91.2 <a.pth>`_\n\nBERT   **88.0**\n=====  =========\n\nAfter\n";
    assert_eq!(read(simple), ["1 table Model,Acc. ± | ours,91.2; BERT,88.0", "9 p After"]);
    assert_eq!(
        read("== ==\na  b\n== ==\n\n== ==\nc  d\n== ==\n"),
        ["1 table a,b | ", "5 table c,d | "]
    );
    let grid = "Results\n=======\n\n+-----+------+\n| Net | Top  |\n|     | 1    |\n+=====+======+\n| a<b | 91.2 |\n+-----+------+\n| c   | 1.0  |\n";
    assert_eq!(read(grid)[..2], ["1 h1 Results", "4 table Net,Top 1 | a<b,91.2"]);
    let list = ".. list-table:: Results\n   :header-rows: 1\n\n   * - Net\n     - Top-1\n   * - ours\n       and more\n     - 91.2\n\nAfter\n";
    assert_eq!(read(list), ["1 table Net,Top-1 | ours and more,91.2", "10 p After"]);
    let csv = ".. csv-table:: Results\n   :header: Net, \"Top, 1\"\n\n   ours, 91.2\n";
    assert_eq!(read(csv), ["1 table Net,Top, 1 | ours,91.2"]);
}

#[test]
fn the_text_cells_of_a_notebook_are_a_document() {
    let text = "{\"cells\": [\n{\"cell_type\": \"markdown\", \"source\": [\n\"# Results\\n\",\n\"\\n\",\n\"[w](x.pth)\"]},\n{\"cell_type\": \"code\", \"source\": \"# no\"},\n{\"cell_type\": \"markdown\", \"source\": \"|a|b|\\n|-|-|\\n|1|2|\"}]}";
    assert_eq!(
        outline(&Readme::of_notebook(text)),
        ["3 h1 Results", "5 p w <x.pth>", "7 table a,b | 1,2"]
    );
    assert_eq!(Readme::of_notebook("# no notebook").blocks, []);
}

#[test]
fn sections_end_at_the_next_heading_of_their_level() {
    let readme = read("# A\n## B\nx\n### C\ny\n## D\nz\n");
    let lines = |blocks: &[Block]| blocks.iter().map(|block| block.line).collect::<Vec<_>>();
    assert_eq!(lines(readme.section(1)), [3, 4, 5]);
    assert_eq!(lines(readme.section(0)), [2, 3, 4, 5, 6, 7]);
    assert!(readme.section(2).is_empty());
    let above: Vec<_> =
        readme.headings_above(4).iter().map(|heading| heading.text.as_str()).collect();
    assert_eq!(above, ["C", "B", "A"]);
}

#[test]
fn hostile_texts_end() {
    let cases = [
        "> ",
        "[",
        "<",
        "<!--",
        "|",
        "*a ",
        "![](",
        "- ",
        "<table><tr><td>",
        "`",
        "~~~\n",
        "|a|\n|-|\n",
    ];
    for piece in cases {
        let readme = read(&piece.repeat(200_000 / piece.len()));
        assert!(readme.blocks.len() <= MAX_BLOCKS, "{piece}");
    }
    for piece in ["+-+\n|a|\n", "== ==\na  b\n", ".. list-table::\n", "  .. csv-table::\n   a\n"] {
        let text = piece.repeat(200_000 / piece.len());
        assert!(Readme::parse(&text, Markup::Restructured).blocks.len() <= MAX_BLOCKS, "{piece}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_read(text in "[-#*`|<>a\\[\\]()!~= \\n]{0,200}") {
        let readme = read(&text);
        let lines = text.lines().count().max(1);
        for block in readme.blocks {
            proptest::prop_assert!((1..=lines + 1).contains(&block.line));
        }
    }

    #[test]
    fn any_restructured_text_keeps_its_lines(pieces in proptest::collection::vec("[-=+|a ]{0,6}|\\.\\. (list|csv)-table::|   [*] - a", 0..12)) {
        let text = pieces.join("\n");
        let lines = text.lines().count().max(1);
        for block in Readme::parse(&text, Markup::Restructured).blocks {
            proptest::prop_assert!((1..=lines + 1).contains(&block.line));
        }
    }
}
