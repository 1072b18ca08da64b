//! Tables of reStructuredText (simple, grid, `list-table`, `csv-table`) as HTML, a line for a
//! line: HTML is the one form of a table that may be spread over lines as these are.

/// The lines of the table that begins with the first of `lines`, as HTML; `None` where none does.
pub(super) fn table(lines: &[&str]) -> Option<Vec<String>> {
    let first = lines.first()?.trim();
    let mut rows = if is_rule(first, '=') && first.contains(' ') {
        simple(lines)
    } else if is_grid(first) {
        grid(lines)
    } else if first.starts_with(".. list-table::") {
        directive(lines, list_rows)
    } else if first.starts_with(".. csv-table::") {
        directive(lines, csv_rows)
    } else {
        return None;
    }?;
    if let Some(first) = rows.first_mut() {
        first.insert_str(0, "<table>");
    }
    if let Some(last) = rows.last_mut() {
        last.push_str("</table>");
    }
    Some(rows)
}

/// `====  ====`
fn is_rule(line: &str, mark: char) -> bool {
    line.starts_with(mark) && line.chars().all(|c| c == mark || c == ' ')
}

/// `+----+----+` or `+====+====+`
fn is_grid(line: &str) -> bool {
    line.starts_with('+')
        && line.ends_with('+')
        && line.len() >= 3
        && line.chars().all(|c| matches!(c, '+' | '-' | '='))
}

/// Columns are where the rule at the top has them. The next rule like it ends the table, or its
/// head where a line stands right below; then the one after it does.
fn simple(lines: &[&str]) -> Option<Vec<String>> {
    let rule = lines.first()?.trim_end();
    let mut rules = lines.iter().enumerate().skip(1).filter(|(_, line)| line.trim_end() == rule);
    let (mut end, _) = rules.next()?;
    if lines.get(end + 1).is_some_and(|below| !below.trim().is_empty()) {
        end = rules.next().map_or(end, |(last, _)| last);
    }
    let starts = columns(rule);
    let rows = lines.get(..=end)?.iter().map(|line| {
        let bare = line.trim();
        let border = bare.is_empty() || is_rule(bare, '=') || is_rule(bare, '-');
        if border { blank() } else { row(&cut(line, &starts)) }
    });
    Some(rows.collect())
}

/// Where the columns of a rule begin, counted in characters.
fn columns(rule: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut previous = ' ';
    for (at, c) in rule.chars().enumerate() {
        if c != ' ' && previous == ' ' {
            starts.push(at);
        }
        previous = c;
    }
    starts
}

fn cut(line: &str, starts: &[usize]) -> Vec<String> {
    let characters: Vec<char> = line.chars().collect();
    let ends = starts.iter().skip(1).copied().chain([characters.len()]);
    let cells = starts.iter().zip(ends).map(|(start, end)| {
        let end = end.min(characters.len());
        characters.get(*start..end).unwrap_or_default().iter().collect::<String>()
    });
    cells.map(|cell| cell.trim().to_owned()).collect()
}

/// The lines between two borders are one row; it stands on the line of the border below it.
fn grid(lines: &[&str]) -> Option<Vec<String>> {
    let body = lines.iter().take_while(|line| line.trim().starts_with(['+', '|']));
    let mut rows = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut end = 0;
    for line in body {
        let bare = line.trim();
        if is_grid(bare) {
            rows.push(if open.is_empty() { blank() } else { row(&open) });
            end = rows.len();
            open.clear();
            continue;
        }
        let cells = bare.trim_matches('|').split('|');
        for (at, cell) in cells.enumerate() {
            if open.len() <= at {
                open.push(String::new());
            }
            open[at].push_str(cell.trim());
            open[at].push(' ');
        }
        rows.push(blank());
    }
    rows.truncate(end);
    (end > 1).then_some(rows)
}

/// The indented body of a directive, and the options at its top.
fn directive(
    lines: &[&str],
    rows_of: fn(&[&str], &mut dyn FnMut(usize, String)),
) -> Option<Vec<String>> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let outer = indent(lines.first()?);
    let inside = |line: &&&str| line.trim().is_empty() || indent(line) > outer;
    let mut count = 1 + lines.iter().skip(1).take_while(inside).count();
    while count > 1 && lines.get(count - 1).is_some_and(|line| line.trim().is_empty()) {
        count -= 1;
    }
    let lines = lines.get(..count)?;
    let mut rows = vec![blank(); count];
    rows_of(lines, &mut |at, text| {
        if let Some(row) = rows.get_mut(at) {
            *row = text;
        }
    });
    Some(rows)
}

/// `* - a` begins a row, `- b` is its next cell.
fn list_rows(lines: &[&str], put: &mut dyn FnMut(usize, String)) {
    let (mut started, mut cells): (Option<usize>, Vec<String>) = (None, Vec::new());
    for (at, line) in lines.iter().enumerate().skip(1) {
        let bare = line.trim();
        if let Some(first) = bare.strip_prefix("* -") {
            if let Some(start) = started.replace(at) {
                put(start, row(&cells));
            }
            cells = vec![first.trim().to_owned()];
        } else if let (Some(next), Some(_)) = (bare.strip_prefix('-'), started) {
            cells.push(next.trim().to_owned());
        } else if let (Some(cell), false) = (cells.last_mut(), bare.is_empty()) {
            cell.push(' ');
            cell.push_str(bare);
        }
    }
    if let Some(start) = started {
        put(start, row(&cells));
    }
}

/// The option `:header:` is a row too; then a row a line.
fn csv_rows(lines: &[&str], put: &mut dyn FnMut(usize, String)) {
    for (at, line) in lines.iter().enumerate().skip(1) {
        let bare = line.trim();
        let option = bare.starts_with(':');
        let text = if option { bare.strip_prefix(":header:").unwrap_or_default() } else { bare };
        if !text.trim().is_empty() {
            put(at, row(&csv_cells(text)));
        }
    }
}

fn csv_cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            _ => cells.last_mut().into_iter().for_each(|cell| cell.push(c)),
        }
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// A line that shows nothing and does not end a block of HTML, as an empty one would.
fn blank() -> String {
    "<!-- -->".to_owned()
}

fn row(cells: &[String]) -> String {
    let cells = cells.iter().map(|cell| format!("<td>{}</td>", inline(cell.trim())));
    format!("<tr>{}</tr>", cells.collect::<String>())
}

/// Links as links; marks of code and of strength go, everything else is text.
fn inline(cell: &str) -> String {
    let escaped = |text: &str| {
        let plain = text.replace("**", "").replace('`', "");
        plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    };
    let mut out = String::new();
    let mut rest = cell;
    while let Some((before, name, url, after)) = next_link(rest) {
        out.extend([&escaped(before), "<a href=\"", &escaped(url).replace('"', ""), "\">"]);
        out.extend([&escaped(name), "</a>"]);
        rest = after;
    }
    out + &escaped(rest)
}

/// `` `name <url>`_ ``: what is before it, its name, its address, what is after it.
fn next_link(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (head, after) = text.split_once(">`_")?;
    let (head, url) = head.rsplit_once('<')?;
    let (before, name) = head.rsplit_once('`')?;
    Some((before, name.trim(), url, after.trim_start_matches('_')))
}
