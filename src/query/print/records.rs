//! Rows one below the other, a line for each column: for what is too wide for a table.

use std::io::{self, Write};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Schema;
use datafusion::error::DataFusionError;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use unicode_width::UnicodeWidthStr as _;

use super::Screen;
use super::table::dim;
use super::text::{Cell, Cells, harmless};
use crate::query::Error;

/// Rows as they come.
pub(super) type Batches = BoxStream<'static, Result<RecordBatch, DataFusionError>>;

/// The lines between records are no longer than this.
const LONGEST_LINE: usize = 80;

/// Values are written whole: nobody asks for one below the other to see half of them.
pub(super) async fn print(
    mut batches: Batches,
    schema: &Schema,
    screen: Option<Screen>,
    out: &mut (dyn Write + Send),
) -> Result<u64, Error> {
    let names: Vec<String> =
        schema.fields().iter().map(|field| harmless(field.name()).replace('\n', " ")).collect();
    let page = Page {
        width: names.iter().map(|name| name.width()).max().unwrap_or(0),
        line: screen.map_or(LONGEST_LINE, |screen| screen.width.min(LONGEST_LINE)),
        names,
        colours: screen.is_some_and(|screen| screen.colours),
    };
    let mut rows = 0;
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(Error::Failed)?;
        let cells = Cells::new(&batch, screen.is_some()).map_err(Error::from_arrow)?;
        for row in 0..batch.num_rows() {
            rows += 1;
            let row = cells.row(row).collect::<Result<Vec<_>, _>>().map_err(Error::from_arrow)?;
            page.record(rows, &row, out).map_err(Error::Output)?;
        }
    }
    if rows == 0 {
        writeln!(out, "(no rows)").map_err(Error::Output)?;
    }
    Ok(rows)
}

struct Page {
    names: Vec<String>,
    /// Of the widest name.
    width: usize,
    /// Of the lines between records.
    line: usize,
    colours: bool,
}

impl Page {
    fn record(&self, number: u64, cells: &[Cell], out: &mut dyn Write) -> io::Result<()> {
        let title = format!("─[ {number} ]");
        let before = (self.width + 1).saturating_sub(title.width());
        let behind = self.line.saturating_sub(before + title.width() + 1);
        writeln!(out, "{title}{:─<before$}┬{:─<behind$}", "", "")?;
        for (name, cell) in self.names.iter().zip(cells) {
            let blanks = self.width - name.width();
            let mut lines = cell.text.split('\n');
            let first = lines.next().unwrap_or_default();
            match cell.is_null && self.colours {
                true => writeln!(out, "{name}{:blanks$} │ {}", "", dim(first))?,
                false => writeln!(out, "{name}{:blanks$} │ {first}", "")?,
            }
            for line in lines {
                writeln!(out, "{:1$} │ {line}", "", self.width)?;
            }
        }
        Ok(())
    }
}
