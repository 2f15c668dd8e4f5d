//! Values as text: times in UTC, and nothing that would move a terminal.

use std::borrow::Cow;

use datafusion::arrow::array::{Array as _, RecordBatch};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

/// ISO 8601 for times without a zone, which are UTC throughout DataFusion; with a fraction where there is one. Times
/// with a zone are written like this anyway, and with the offset of their zone if it is not UTC.
pub(super) const UTC: &str = "%Y-%m-%dT%H:%M:%S%.fZ";

/// A value.
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) is_null: bool,
}

/// The values of a batch.
pub(super) struct Cells<'b> {
    columns: Vec<(ArrayFormatter<'b>, Option<NullBuffer>)>,
    for_screen: bool,
}

const OPTIONS: FormatOptions<'static> = FormatOptions::new().with_timestamp_format(Some(UTC));

impl<'b> Cells<'b> {
    pub(super) fn new(batch: &'b RecordBatch, for_screen: bool) -> Result<Self, ArrowError> {
        let columns = batch
            .columns()
            .iter()
            .map(|column| Ok((ArrayFormatter::try_new(column, &OPTIONS)?, column.logical_nulls())));
        Ok(Self { columns: columns.collect::<Result<_, ArrowError>>()?, for_screen })
    }

    /// All values of a row.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = Result<Cell, ArrowError>> {
        self.columns.iter().map(move |(formatter, nulls)| {
            let is_null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
            // What is empty in a file would look like empty text on a screen.
            if is_null {
                let text = if self.for_screen { "NULL" } else { "" };
                return Ok(Cell { text: text.to_owned(), is_null });
            }
            let text = formatter.value(row).try_to_string()?;
            let text = if self.for_screen { harmless(&text).into_owned() } else { text };
            Ok(Cell { text, is_null })
        })
    }
}

/// The text without what a terminal would obey: events, and names of objects, hold what attackers sent.
pub fn harmless(text: &str) -> Cow<'_, str> {
    if !text.contains(moves) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' => shown.push(' '),
            '\n' => shown.push(character),
            '\0'..='\x1f' => {
                // As `less` shows them: escape is ^[.
                shown.push('^');
                shown.push(char::from(character as u8 | 0x40));
            }
            _ if moves(character) => shown.push(char::REPLACEMENT_CHARACTER),
            _ => shown.push(character),
        }
    }
    Cow::Owned(shown)
}

/// Control characters but for line breaks, and what turns the direction of writing.
fn moves(character: char) -> bool {
    let turns =
        matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (character.is_control() && character != '\n')
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn terminals_are_not_moved() {
        assert_eq!(harmless("plain, größer\nnext"), "plain, größer\nnext");
        assert_eq!(harmless("\x1b[2J\ta\r\x7f\u{9b}\u{202e}b"), "^[[2J a^M\u{fffd}\u{fffd}\u{fffd}b");
    }
}
