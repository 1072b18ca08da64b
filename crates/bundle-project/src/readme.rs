//! A README as structure: headings, prose, code, tables and links, each with
//! its line.
//!
//! What a reader of the rendered page does not see is not there either: HTML
//! comments and `[comment]: <>` definitions are gone before anything is judged.
//! HTML inside Markdown (tables, headings, images, links) is read as the same
//! structure, because half of the tables in the wild are written so.

mod html;
mod restructured;

use std::{borrow::Cow, mem};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::notebook_cells;

/// Bytes of a document that are read; the rest is left out.
const MAX_TEXT: usize = 4 << 20;
/// Bytes of a notebook, with the pictures in it; a larger one is not read.
const MAX_NOTEBOOK: usize = 16 << 20;
/// Blocks of a document that are kept.
const MAX_BLOCKS: usize = 10_000;
/// Cells of a table that are kept.
const MAX_CELLS: usize = 20_000;
/// Characters of one paragraph, cell or heading that are kept.
const MAX_PIECE: usize = 20_000;

/// The markup a document is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Markup {
    /// Markdown, as GitHub reads it; also plain text.
    Markdown,
    /// reStructuredText: headings, code blocks, tables and links are understood.
    Restructured,
}

impl Markup {
    /// The markup that a file name announces.
    pub fn of(file_name: &str) -> Self {
        let restructured = file_name
            .rsplit_once('.')
            .is_some_and(|(_, suffix)| suffix.eq_ignore_ascii_case("rst"));
        if restructured { Self::Restructured } else { Self::Markdown }
    }
}

/// A document, block by block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readme {
    /// In the order of the text.
    pub blocks: Vec<Block>,
}

/// A piece of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its first line, from 1.
    pub line: usize,
    /// What it is.
    pub kind: BlockKind,
}

/// What a piece of a document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// A heading.
    Heading(Heading),
    /// A paragraph, a list item or a quotation.
    Prose(Prose),
    /// A fenced or indented code block.
    Code(Code),
    /// A table.
    Table(Table),
}

/// A heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// 1 is the title; 7 a paragraph that is all bold, which authors use as one.
    pub level: u8,
    /// Its text, without markup.
    pub text: String,
}

/// Text without markup, with what was marked up in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prose {
    /// The text of the block; lines joined by spaces, inline code included.
    pub text: String,
    /// Its links and images.
    pub links: Vec<Link>,
    /// Its inline code, with the line of each.
    pub inline_code: Vec<(usize, String)>,
}

/// A code block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The info string of the fence (`bash`); empty for none and for indented code.
    pub info: String,
    /// The line of the first line of code.
    pub first_line: usize,
    /// The code.
    pub text: String,
}

/// A table of text cells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The first row.
    pub header: Vec<String>,
    /// The other rows.
    pub rows: Vec<Vec<String>>,
    /// Links and images in any cell.
    pub links: Vec<Link>,
}

/// A link or an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its line, from 1.
    pub line: usize,
    /// Where it leads.
    pub url: String,
    /// What is written on it; the alternative text of an image.
    pub text: String,
    /// Whether it shows an image.
    pub image: bool,
}

impl Readme {
    /// Reads a document. Never fails: a text without markup is prose. Only the
    /// first 4 MiB are read.
    pub fn parse(text: &str, markup: Markup) -> Self {
        let text = shorten(text, MAX_TEXT);
        let text = match markup {
            Markup::Markdown => Cow::Borrowed(text),
            Markup::Restructured => Cow::Owned(restructured::to_markdown(text)),
        };
        let mut reader = Reader::new(&text);
        let options =
            Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
        for (event, range) in Parser::new_ext(&text, options).into_offset_iter() {
            if reader.blocks.len() >= MAX_BLOCKS {
                break;
            }
            reader.line = reader.lines.at(range.start);
            reader.event(event);
        }
        reader.finish()
    }

    /// Reads the text cells of a Jupyter notebook, a document each, with their lines in the file.
    pub fn of_notebook(text: &str) -> Self {
        let mut blocks = Vec::new();
        let cells = if text.len() <= MAX_NOTEBOOK { notebook_cells(text) } else { Vec::new() };
        for cell in cells.iter().filter(|cell| !cell.code) {
            let lines: Vec<&str> = cell.lines.iter().map(|(_, line)| line.as_str()).collect();
            let place = |line: &mut usize| {
                let known = cell.lines.get(line.saturating_sub(1)).or(cell.lines.last());
                *line = known.map_or(1, |(at, _)| *at);
            };
            for mut block in Self::parse(&lines.join("\n"), Markup::Markdown).blocks {
                block.each_line(place);
                blocks.push(block);
            }
            if blocks.len() >= MAX_BLOCKS {
                break;
            }
        }
        Self { blocks }
    }

    /// The headings above block `index`, the nearest first, up to the title.
    pub fn headings_above(&self, index: usize) -> Vec<&Heading> {
        let mut above: Vec<&Heading> = Vec::new();
        for block in self.blocks.iter().take(index).rev() {
            let BlockKind::Heading(heading) = &block.kind else { continue };
            if above.last().is_none_or(|nearest| heading.level < nearest.level) {
                above.push(heading);
            }
        }
        above
    }

    /// The blocks below the heading at `index`, up to the next one of its level or above.
    pub fn section(&self, index: usize) -> &[Block] {
        let Some(Block { kind: BlockKind::Heading(top), .. }) = self.blocks.get(index) else {
            return &[];
        };
        let below = self.blocks.get(index + 1..).unwrap_or_default();
        let ends = |block: &Block| matches!(&block.kind, BlockKind::Heading(next) if next.level <= top.level);
        let end = below.iter().position(ends).unwrap_or(below.len());
        below.get(..end).unwrap_or_default()
    }
}

impl Block {
    /// Every line that the block names.
    fn each_line(&mut self, mut change: impl FnMut(&mut usize)) {
        change(&mut self.line);
        match &mut self.kind {
            BlockKind::Heading(_) => {}
            BlockKind::Code(code) => change(&mut code.first_line),
            BlockKind::Table(table) => {
                table.links.iter_mut().for_each(|link| change(&mut link.line));
            }
            BlockKind::Prose(prose) => {
                prose.links.iter_mut().for_each(|link| change(&mut link.line));
                prose.inline_code.iter_mut().for_each(|(line, _)| change(line));
            }
        }
    }
}

impl Heading {
    /// Whether any of these words begins a word of the heading, case folded.
    pub fn mentions(&self, stems: &[&str]) -> bool {
        let text = self.text.to_lowercase();
        let mut words = text.split(|c: char| !c.is_alphanumeric());
        words.any(|word| stems.iter().any(|stem| word.starts_with(stem)))
    }
}

/// The longest prefix of at most `limit` bytes that ends between characters.
fn shorten(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or(text)
}

/// Byte offsets to lines, for offsets that mostly ascend.
struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    fn new(text: &str) -> Self {
        let after =
            text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(index, _)| index + 1);
        Self { starts: std::iter::once(0).chain(after).collect() }
    }

    /// The line of a byte, from 1.
    fn at(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }
}

/// What is being read: blocks so far, and the one that is open.
struct Reader {
    lines: Lines,
    /// Of the event being read.
    line: usize,
    blocks: Vec<Block>,
    /// The open prose, heading or cell, and its first line.
    prose: Prose,
    start: Option<usize>,
    /// The level of the open heading.
    heading: Option<u8>,
    code: Option<Code>,
    table: Option<OpenTable>,
    links: Vec<OpenLink>,
    html: Option<(usize, String)>,
    /// Depth of bold, and whether anything in the open prose was not bold.
    strong: usize,
    plain: bool,
}

struct OpenTable {
    line: usize,
    table: Table,
    row: Option<Vec<String>>,
    in_cell: bool,
    cells: usize,
}

struct OpenLink {
    link: Link,
    /// Length of the prose when it began: what follows is written on the link.
    from: usize,
}

impl Reader {
    fn new(text: &str) -> Self {
        Self {
            lines: Lines::new(text),
            line: 1,
            blocks: Vec::new(),
            prose: Prose::default(),
            start: None,
            heading: None,
            code: None,
            table: None,
            links: Vec::new(),
            html: None,
            strong: 0,
            plain: false,
        }
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.open(tag),
            Event::End(tag) => self.close(tag),
            Event::Text(text) => self.text(&text),
            Event::Code(text) => self.inline_code(&text),
            Event::SoftBreak | Event::HardBreak => self.text(" "),
            Event::Html(text) => {
                if let Some((_, html)) = &mut self.html {
                    html.push_str(&text);
                }
            }
            Event::InlineHtml(text) => html::read(self, &text, self.line),
            Event::Rule => self.flush(),
            Event::FootnoteReference(_)
            | Event::TaskListMarker(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_) => {}
        }
    }

    fn open(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => self.open_heading(level as u8),
            Tag::CodeBlock(kind) => {
                self.flush();
                let (info, first_line) = match kind {
                    CodeBlockKind::Fenced(info) => (info.trim().to_owned(), self.line + 1),
                    CodeBlockKind::Indented => (String::new(), self.line),
                };
                self.code = Some(Code { info, first_line, text: String::new() });
            }
            Tag::HtmlBlock => self.html = Some((self.line, String::new())),
            Tag::Table(_) => self.open_table(),
            Tag::TableHead | Tag::TableRow => self.open_row(),
            Tag::TableCell => self.open_cell(),
            Tag::Strong => self.strong += 1,
            Tag::Link { dest_url, .. } => self.open_link(&dest_url, "", false),
            Tag::Image { dest_url, .. } => self.open_link(&dest_url, "", true),
            Tag::Paragraph | Tag::Item | Tag::List(_) | Tag::BlockQuote(_) => self.flush(),
            _ => {}
        }
    }

    fn close(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => self.close_heading(),
            TagEnd::CodeBlock => {
                if let Some(code) = self.code.take() {
                    self.push(code.first_line, BlockKind::Code(code));
                }
            }
            TagEnd::HtmlBlock => {
                if let Some((line, html)) = self.html.take() {
                    html::read(self, &html, line);
                }
            }
            TagEnd::Table => self.close_table(),
            TagEnd::TableHead | TagEnd::TableRow => self.close_row(),
            TagEnd::TableCell => self.close_cell(),
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::Link | TagEnd::Image => self.close_link(),
            TagEnd::Paragraph | TagEnd::Item | TagEnd::List(_) | TagEnd::BlockQuote(_) => {
                self.flush();
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(code) = &mut self.code {
            code.text.push_str(text);
            return;
        }
        if self.prose.text.len() + text.len() > MAX_PIECE {
            return;
        }
        if !text.trim().is_empty() {
            self.start.get_or_insert(self.line);
            self.plain |= self.strong == 0;
        }
        self.prose.text.push_str(text);
    }

    fn inline_code(&mut self, text: &str) {
        if self.code.is_none() && text.len() <= MAX_PIECE {
            self.prose.inline_code.push((self.line, text.to_owned()));
        }
        self.text(text);
    }

    fn open_heading(&mut self, level: u8) {
        self.flush();
        self.heading = Some(level);
        self.start = Some(self.line);
    }

    fn close_heading(&mut self) {
        let Some(level) = self.heading.take() else { return };
        let (line, prose) = self.take_prose();
        let heading = Heading { level, text: squeeze(&prose.text) };
        self.push(line, BlockKind::Heading(heading));
        // A badge or a paper link in the title is still a link.
        if !prose.links.is_empty() {
            self.push(line, BlockKind::Prose(prose));
        }
    }

    fn open_table(&mut self) {
        self.close_table();
        self.flush();
        self.table = Some(OpenTable {
            line: self.line,
            table: Table::default(),
            row: None,
            in_cell: false,
            cells: 0,
        });
    }

    fn close_table(&mut self) {
        self.close_row();
        let Some(open) = self.table.take() else { return };
        if !(open.table.header.is_empty() && open.table.rows.is_empty()) {
            self.push(open.line, BlockKind::Table(open.table));
        }
    }

    fn open_row(&mut self) {
        self.close_row();
        if let Some(table) = &mut self.table {
            table.row = Some(Vec::new());
        }
    }

    fn close_row(&mut self) {
        self.close_cell();
        let Some(open) = &mut self.table else { return };
        let Some(row) = open.row.take() else { return };
        if open.table.header.is_empty() && open.table.rows.is_empty() {
            open.table.header = row;
        } else {
            open.table.rows.push(row);
        }
    }

    fn open_cell(&mut self) {
        self.close_cell();
        if let Some(table) = &mut self.table {
            table.in_cell = true;
            self.prose = Prose::default();
        }
    }

    fn close_cell(&mut self) {
        let open = self.table.as_ref().is_some_and(|table| table.in_cell);
        if !open {
            return;
        }
        let (_, prose) = self.take_prose();
        let Some(table) = &mut self.table else { return };
        table.in_cell = false;
        table.cells += 1;
        if table.cells <= MAX_CELLS {
            table.row.get_or_insert_default().push(squeeze(&prose.text));
            table.table.links.extend(prose.links);
        }
    }

    fn open_link(&mut self, url: &str, text: &str, image: bool) {
        let link =
            Link { line: self.line, url: url.trim().to_owned(), text: text.to_owned(), image };
        self.start.get_or_insert(self.line);
        self.links.push(OpenLink { link, from: self.prose.text.len() });
    }

    fn close_link(&mut self) {
        let Some(mut open) = self.links.pop() else { return };
        if open.link.text.is_empty() {
            open.link.text = squeeze(self.prose.text.get(open.from..).unwrap_or_default());
        }
        self.prose.links.push(open.link);
    }

    /// Ends the open prose. Inside a cell the cell goes on: HTML tables hold paragraphs.
    fn flush(&mut self) {
        if self.table.as_ref().is_some_and(|table| table.in_cell) {
            self.prose.text.push(' ');
            return;
        }
        self.close_heading();
        let bold = !self.plain && self.prose.links.is_empty();
        let (line, mut prose) = self.take_prose();
        prose.text = squeeze(&prose.text);
        if prose.text.is_empty() && prose.links.is_empty() {
            return;
        }
        let kind = if bold && !prose.text.is_empty() {
            BlockKind::Heading(Heading { level: 7, text: prose.text })
        } else {
            add_bare_links(&mut prose, line);
            BlockKind::Prose(prose)
        };
        self.push(line, kind);
    }

    fn take_prose(&mut self) -> (usize, Prose) {
        while !self.links.is_empty() {
            self.close_link();
        }
        self.plain = false;
        (self.start.take().unwrap_or(self.line), mem::take(&mut self.prose))
    }

    fn push(&mut self, line: usize, kind: BlockKind) {
        if self.blocks.len() < MAX_BLOCKS {
            self.blocks.push(Block { line, kind });
        }
    }

    fn finish(mut self) -> Readme {
        self.close_table();
        self.flush();
        Readme { blocks: self.blocks }
    }
}

/// Addresses that are written out without being marked up as links.
fn add_bare_links(prose: &mut Prose, line: usize) {
    let text = mem::take(&mut prose.text);
    let is_end =
        |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`' | ')' | ']' | '|');
    for (at, _) in text.match_indices("http") {
        let rest = text.get(at..).unwrap_or_default();
        let url = rest
            .split(is_end)
            .next()
            .unwrap_or_default()
            .trim_end_matches(['.', ',', ';', ':', '*']);
        let is_url = url.starts_with("http://") || url.starts_with("https://");
        let known = prose.links.iter().any(|link| link.url == url);
        if is_url && !known && prose.links.len() < MAX_CELLS {
            prose.links.push(Link { line, url: url.to_owned(), text: String::new(), image: false });
        }
    }
    prose.text = text;
}

/// The words, one space apart.
fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
