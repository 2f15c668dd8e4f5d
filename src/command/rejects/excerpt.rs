//! Bytes of unknown content on a terminal: the part around a fault, in rows of bounded width.
//!
//! Whatever a terminal might obey instead of show is written as a code, as `less` does: control characters and bytes
//! that are no UTF-8 as `<1B>`, invisible characters as `<U+202E>`.

use std::fmt::Write as _;
use std::ops::Range;

/// Characters in a row.
const ROW_WIDTH: usize = 80;

/// A place in a text as editors count: from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Place {
    /// The place of the byte `at` of `text`.
    pub(super) fn of(text: &[u8], at: usize) -> Self {
        let before = &text[..at.min(text.len())];
        let line = 1 + memchr::memchr_iter(b'\n', before).count();
        let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        Self { line, column: 1 + String::from_utf8_lossy(&before[start..]).chars().count() }
    }
}

/// `bytes` without anything a terminal might obey.
pub(super) fn escape(bytes: &[u8]) -> String {
    symbols(bytes).map(|(_, symbol)| symbol).collect()
}

/// What `raw` holds up to `context_bytes` before and behind its fault (what it is, and where), which is pointed at. Without
/// a fault, its first bytes. Each line begins with its number.
pub(super) fn excerpt(raw: &[u8], fault: Option<(&str, usize)>, context_bytes: usize) -> String {
    let window = window(raw, fault.map_or(0, |(_, at)| at), context_bytes);
    let first_line = Place::of(raw, window.start).line;
    let last_line = Place::of(raw, window.end).line;
    let mut rows = Rows {
        out: String::new(),
        row: String::new(),
        width: 0,
        number: Some(first_line),
        gutter: last_line.to_string().len(),
        caret: None,
        fault: fault.map_or("", |(what, _)| what),
    };
    if window.start > 0 {
        rows.push("…");
    }
    let fault_at = fault.map(|(_, at)| at);
    let mut line = first_line;
    for (at, symbol) in symbols(&raw[window.clone()]) {
        let at = at + window.start;
        if rows.width >= ROW_WIDTH {
            rows.end();
        }
        if fault_at == Some(at) {
            rows.caret = Some(rows.width);
        }
        if raw[at] == b'\n' {
            line += 1;
            rows.end();
            rows.number = Some(line);
        } else {
            rows.push(&symbol);
        }
    }
    if fault_at == Some(window.end) {
        rows.caret = Some(rows.width);
    }
    if window.end < raw.len() {
        rows.push("…");
    }
    rows.end();
    let hidden = raw.len() - window.len();
    if hidden > 0 {
        let _ =
            writeln!(rows.out, "\n{hidden} more bytes are not shown; --context BYTES shows more, --raw all");
    }
    rows.out
}

/// The bytes to show: whole characters around `at`.
fn window(raw: &[u8], at: usize, context_bytes: usize) -> Range<usize> {
    let is_inside = |at: usize| raw.get(at).is_some_and(|byte| byte & 0xC0 == 0x80);
    let at = at.min(raw.len());
    let mut start = at.saturating_sub(context_bytes);
    let mut end = at.saturating_add(context_bytes).min(raw.len());
    // A character has four bytes at most; more of these are no UTF-8.
    for _ in 0..3 {
        start += usize::from(start < at && is_inside(start));
        end -= usize::from(end > at && is_inside(end));
    }
    start..end
}

/// The rows of an excerpt in the making.
struct Rows<'a> {
    out: String,
    /// The row that is being filled.
    row: String,
    width: usize,
    /// Stands before the row, if it begins a line.
    number: Option<usize>,
    gutter: usize,
    /// The column of the fault, if it is in this row.
    caret: Option<usize>,
    fault: &'a str,
}

impl Rows<'_> {
    fn push(&mut self, symbol: &str) {
        self.row += symbol;
        self.width += symbol.chars().count();
    }

    fn end(&mut self) {
        let number = self.number.take().map_or(String::new(), |number| number.to_string());
        let gutter = self.gutter;
        // Writing to a string does not fail.
        let _ = writeln!(self.out, "{number:>gutter$} | {}", self.row);
        if let Some(caret) = self.caret.take() {
            let _ = writeln!(self.out, "{:>gutter$} | {:caret$}^ {}", "", "", self.fault);
        }
        self.row.clear();
        self.width = 0;
    }
}

/// The characters of `bytes` as they are shown, each with where it begins. A newline is one of them.
fn symbols(bytes: &[u8]) -> impl Iterator<Item = (usize, String)> + '_ {
    let mut position = 0;
    bytes.utf8_chunks().flat_map(move |chunk| {
        let start = position;
        let invalid = start + chunk.valid().len();
        position = invalid + chunk.invalid().len();
        let valid = chunk.valid().char_indices().map(move |(at, c)| (start + at, symbol(c)));
        let codes =
            chunk.invalid().iter().enumerate().map(move |(at, byte)| (invalid + at, format!("<{byte:02X}>")));
        valid.chain(codes)
    })
}

fn symbol(c: char) -> String {
    // What the standard library would escape for being invisible, not for being a quote.
    let is_shown = matches!(c, '"' | '\'' | '\\') || c.escape_debug().len() == 1;
    match u32::from(c) {
        _ if is_shown => c.to_string(),
        code @ 0..=0x7F => format!("<{code:02X}>"),
        code => format!("<U+{code:04X}>"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_as_editors_do() {
        let text = "{\n  \"ä\": x\n}".as_bytes();
        let place = |at| {
            let Place { line, column } = Place::of(text, at);
            (line, column)
        };
        assert_eq!(place(0), (1, 1));
        assert_eq!(place(1), (1, 2));
        assert_eq!(place(2), (2, 1));
        assert_eq!(place(text.len() - 3), (2, 8));
        assert_eq!(place(text.len() + 9), (3, 2));
    }

    #[test]
    fn nothing_reaches_the_terminal_that_it_might_obey() {
        assert_eq!(escape(b"a\x1b[2J\t\x7f\xff\xc3(\"\\'"), "a<1B>[2J<09><7F><FF><C3>(\"\\'");
        assert_eq!(escape("ä日\u{202e}\u{9b}".as_bytes()), "ä日<U+202E><U+009B>");
    }

    #[test]
    fn the_fault_is_pointed_at() {
        let raw = b"{\"eventName\": nothing}";
        insta::assert_snapshot!(excerpt(raw, Some(("expected a JSON value", 15)), 240), @r#"
        1 | {"eventName": nothing}
          |                ^ expected a JSON value
        "#);
        insta::assert_snapshot!(excerpt(raw, Some(("the JSON ends too early", raw.len())), 4), @r"
        1 | …ing}
          |      ^ the JSON ends too early

        18 more bytes are not shown; --context BYTES shows more, --raw all
        ");
        let lines = "{\n  \"token\": \"ab\tc\"\n  }\n".as_bytes();
        insta::assert_snapshot!(excerpt(lines, Some(("control character inside a string", 16)), 240), @r#"
        1 | {
        2 |   "token": "ab<09>c"
          |               ^ control character inside a string
        3 |   }
        4 | 
        "#);
        insta::assert_snapshot!(excerpt(lines, None, 3), @r#"
        1 | {
        2 |  …

        21 more bytes are not shown; --context BYTES shows more, --raw all
        "#);
    }

    #[test]
    fn long_lines_are_cut_into_rows() {
        let raw = format!("{}x{}", "é".repeat(300), "ü".repeat(300));
        insta::assert_snapshot!(excerpt(raw.as_bytes(), Some(("here", 600)), 201));
    }

    #[test]
    fn any_bytes_can_be_shown() {
        let raw: Vec<u8> = (0..=255).rev().cycle().take(1000).collect();
        for at in 0..=raw.len() {
            for context in [0, 1, 2, 100, usize::MAX] {
                let shown = excerpt(&raw, Some(("here", at)), context);
                assert!(shown.contains("^ here"), "{at} {context}\n{shown}");
                assert!(shown.chars().all(|c| c == '\n' || !c.is_control()));
            }
        }
    }
}
