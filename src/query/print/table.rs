//! Tables. How wide their columns are follows from the first rows, which are held; the rest is written as it comes.
//!
//! In a file or a pipe no cell is cut: one that is wider than its column pushes the others of its row aside. On a
//! terminal, cells are cut until rows fit it; where that would leave too little, [`super::records`] takes over.

use std::io::{self, Write};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::layout::{self, Column};
use super::text::{Cell, Cells, harmless};
use super::{Records, Screen, Style, records};
use crate::query::Error;

/// Rows whose cells are measured.
const MEASURED_ROWS: usize = 1000;

pub(super) async fn print(
    mut stream: SendableRecordBatchStream,
    style: &Style,
    out: &mut (dyn Write + Send),
) -> Result<u64, Error> {
    let schema = stream.schema();
    let mut held = Vec::new();
    let mut rows = 0;
    while rows < MEASURED_ROWS
        && let Some(batch) = stream.next().await
    {
        let batch = batch.map_err(Error::Failed)?;
        rows += batch.num_rows();
        held.push(batch);
    }
    // What a statement without an answer answers.
    if schema.fields().is_empty() && rows == 0 {
        return Ok(0);
    }
    let frame = Frame::around(&schema, &held, style)?;
    let batches = futures::stream::iter(held.into_iter().map(Ok)).chain(stream).boxed();
    match frame {
        Some(frame) => frame.print(&schema, batches, out).await,
        None => records::print(batches, &schema, style.screen, out).await,
    }
}

/// The lines and widths of a table.
struct Frame {
    widths: Vec<usize>,
    /// How much wider a row may be.
    spare: usize,
    screen: Option<Screen>,
}

impl Frame {
    /// A frame around these rows, unless they are better shown one below the other.
    fn around(schema: &Schema, batches: &[RecordBatch], style: &Style) -> Result<Option<Self>, Error> {
        if style.records == Records::Always {
            return Ok(None);
        }
        let columns = measure(schema, batches, style.screen.is_some())?;
        let Some(screen) = style.screen else {
            let widths = columns.iter().map(Column::natural).collect();
            return Ok(Some(Self { widths, spare: usize::MAX, screen: None }));
        };
        let widths = match layout::fit(&columns, screen.width) {
            Some(widths) => widths,
            None if style.records == Records::Never => columns.iter().map(Column::least).collect(),
            None => return Ok(None),
        };
        let table = widths.iter().sum::<usize>() + layout::lines(widths.len());
        let spare = screen.width.saturating_sub(table);
        Ok(Some(Self { widths, spare, screen: Some(screen) }))
    }

    async fn print(
        &self,
        schema: &Schema,
        mut batches: records::Batches,
        out: &mut (dyn Write + Send),
    ) -> Result<u64, Error> {
        self.header(schema, out).map_err(Error::Output)?;
        let mut rows = 0;
        while let Some(batch) = batches.next().await {
            let batch = batch.map_err(Error::Failed)?;
            let cells = Cells::new(&batch, self.screen.is_some()).map_err(Error::from_arrow)?;
            for row in 0..batch.num_rows() {
                let row = cells.row(row).collect::<Result<Vec<_>, _>>().map_err(Error::from_arrow)?;
                self.row(&row, out).map_err(Error::Output)?;
            }
            rows += batch.num_rows() as u64;
        }
        self.line(out).map_err(Error::Output)?;
        Ok(rows)
    }

    fn header(&self, schema: &Schema, out: &mut dyn Write) -> io::Result<()> {
        let name = |name: &str| match self.screen {
            Some(_) => harmless(name).into_owned(),
            None => name.to_owned(),
        };
        let names = schema.fields().iter().map(|field| Cell { text: name(field.name()), is_null: false });
        let names: Vec<Cell> = names.collect();
        self.line(out)?;
        self.row(&names, out)?;
        self.line(out)
    }

    fn line(&self, out: &mut dyn Write) -> io::Result<()> {
        for width in &self.widths {
            write!(out, "+{:-<1$}", "", width + 2)?;
        }
        writeln!(out, "+")
    }

    fn row(&self, cells: &[Cell], out: &mut dyn Write) -> io::Result<()> {
        let mut spare = self.spare;
        let widths: Vec<usize> = self
            .widths
            .iter()
            .zip(cells)
            .map(|(width, cell)| {
                let more = widest_line(&cell.text).saturating_sub(*width).min(spare);
                spare -= more;
                width + more
            })
            .collect();
        let mut lines: Vec<_> = cells.iter().map(|cell| cell.text.split('\n')).collect();
        let height = cells.iter().map(|cell| cell.text.split('\n').count()).max().unwrap_or(1);
        let colours = self.screen.is_some_and(|screen| screen.colours);
        for _ in 0..height {
            for ((lines, width), cell) in lines.iter_mut().zip(&widths).zip(cells) {
                let text = shortened(lines.next().unwrap_or_default(), *width);
                let blanks = width.saturating_sub(text.width());
                match cell.is_null && colours {
                    true => write!(out, "| {}{:blanks$} ", dim(&text), "")?,
                    false => write!(out, "| {text}{:blanks$} ", "")?,
                }
            }
            writeln!(out, "|")?;
        }
        Ok(())
    }
}

/// Faint, on a terminal.
pub(super) fn dim(text: &str) -> String {
    format!("\x1b[2m{text}\x1b[0m")
}

fn measure(schema: &Schema, batches: &[RecordBatch], for_screen: bool) -> Result<Vec<Column>, Error> {
    let mut columns: Vec<Column> = schema
        .fields()
        .iter()
        .map(|field| Column {
            name: widest_line(field.name()),
            cell: 0,
            may_shrink: may_shrink(field.data_type()),
        })
        .collect();
    for batch in batches {
        let cells = Cells::new(batch, for_screen).map_err(Error::from_arrow)?;
        for row in 0..batch.num_rows() {
            for (column, cell) in columns.iter_mut().zip(cells.row(row)) {
                column.cell = column.cell.max(widest_line(&cell.map_err(Error::from_arrow)?.text));
            }
        }
    }
    Ok(columns)
}

fn may_shrink(data_type: &DataType) -> bool {
    !(data_type.is_primitive() || matches!(data_type, DataType::Boolean | DataType::Null))
}

fn widest_line(text: &str) -> usize {
    text.split('\n').map(str::width).max().unwrap_or(0)
}

/// The text, or as much of it as fits before an ellipsis.
fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut room = width.saturating_sub(1);
    let mut short: String = text
        .chars()
        .take_while(|character| {
            let left = room.checked_sub(character.width().unwrap_or(0));
            room = left.unwrap_or(0);
            left.is_some()
        })
        .collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn text_is_cut_by_width() {
        assert_eq!(shortened("abcdef", 6), "abcdef");
        assert_eq!(shortened("abcdef", 4), "abc…");
        // Wide characters take two columns, and no half of one is shown.
        assert_eq!(shortened("日本語です", 6), "日本…");
        assert_eq!(shortened("日本語です", 5), "日本…");
        assert_eq!(shortened("日本", 1), "…");
    }
}
