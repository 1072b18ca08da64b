//! A Jupyter notebook as code and text, each piece with its line in the file.
//! What a run left behind (outputs, metadata) is not there.

use serde_json::Value as Json;

/// Cells of a notebook that are kept.
const MAX_CELLS: usize = 10_000;

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Whether it is code; else it is Markdown.
    pub code: bool,
    /// Its lines, each with its line in the file, from 1.
    pub lines: Vec<(usize, String)>,
}

/// The cells of a notebook of format 3 or 4; none where the text is no notebook.
pub fn notebook_cells(text: &str) -> Vec<Cell> {
    let Ok(notebook) = serde_json::from_str::<Json>(text) else { return Vec::new() };
    let mut places = Places { text, at: 0, line: 1 };
    let worksheets = notebook["worksheets"].as_array().into_iter().flatten();
    let lists = std::iter::once(&notebook["cells"]).chain(worksheets.map(|sheet| &sheet["cells"]));
    let cells = lists.filter_map(Json::as_array).flatten().take(MAX_CELLS);
    cells.filter_map(|cell| read(cell, &mut places)).collect()
}

fn read(cell: &Json, places: &mut Places<'_>) -> Option<Cell> {
    let code = match cell["cell_type"].as_str()? {
        "code" => true,
        "markdown" | "heading" => false,
        _ => return None,
    };
    let source = match &cell["source"] {
        Json::Null => &cell["input"],
        source => source,
    };
    let pieces: Vec<&str> = match source {
        Json::String(text) => vec![text],
        Json::Array(lines) => lines.iter().filter_map(Json::as_str).collect(),
        _ => return None,
    };
    let mut lines = Vec::new();
    for piece in pieces {
        let line = places.of(piece);
        lines.extend(piece.lines().map(|text| (line, text.to_owned())));
    }
    Some(Cell { code, lines })
}

/// Where strings stand in the file, looked up in the order of the file.
struct Places<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl Places<'_> {
    /// The line of the next string with this content; the last line found where it is
    /// written in another way.
    fn of(&mut self, content: &str) -> usize {
        let written = Json::from(content).to_string();
        let rest = self.text.get(self.at..).unwrap_or_default();
        if let Some(found) = rest.find(&written) {
            let passed = rest.get(..found).unwrap_or_default();
            self.line += passed.bytes().filter(|byte| *byte == b'\n').count();
            self.at += found;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_their_lines_and_no_outputs() {
        let text = "{\n \"cells\": [\n  {\"cell_type\": \"markdown\", \"source\": \"# A\\ntitle\"},\n  {\"cell_type\": \"code\",\n   \"outputs\": [{\"text\": \"x.fit()\"}],\n   \"source\": [\n    \"import x\\n\",\n    \"x.fit()\"]}\n ]\n}";
        let cells = notebook_cells(text);
        let shown: Vec<_> = cells
            .iter()
            .flat_map(|cell| {
                cell.lines.iter().map(|(line, text)| format!("{} {line} {text}", cell.code))
            })
            .collect();
        assert_eq!(shown, ["false 3 # A", "false 3 title", "true 7 import x", "true 8 x.fit()"]);
    }

    #[test]
    fn what_is_no_notebook_has_no_cells() {
        for text in ["", "{", "[]", "{\"cells\": 1}", "{\"cells\": [1, {\"cell_type\": \"code\"}]}"]
        {
            assert_eq!(notebook_cells(text), [], "{text}");
        }
        let old =
            "{\"worksheets\": [{\"cells\": [{\"cell_type\": \"code\", \"input\": [\"a\"]}]}]}";
        assert_eq!(notebook_cells(old).len(), 1);
    }
}
