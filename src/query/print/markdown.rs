//! Tables in Markdown.

use std::io::{self, Write};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::error::ArrowError;
use datafusion::execution::SendableRecordBatchStream;

use super::each;
use super::text::Cells;
use crate::query::Error;

pub(super) async fn print(
    stream: SendableRecordBatchStream,
    out: &mut (dyn Write + Send),
) -> Result<u64, Error> {
    header(&stream.schema(), out).map_err(Error::Output)?;
    each(stream, |batch| rows(batch, out)).await
}

fn header(schema: &Schema, out: &mut dyn Write) -> io::Result<()> {
    for field in schema.fields() {
        write!(out, "| {} ", escaped(field.name()))?;
    }
    writeln!(out, "|")?;
    for field in schema.fields() {
        write!(out, "|{}", if field.data_type().is_numeric() { "---:" } else { "---" })?;
    }
    writeln!(out, "|")
}

fn rows(batch: &RecordBatch, out: &mut dyn Write) -> Result<(), ArrowError> {
    let cells = Cells::new(batch, false)?;
    for row in 0..batch.num_rows() {
        for cell in cells.row(row) {
            write!(out, "| {} ", escaped(&cell?.text))?;
        }
        writeln!(out, "|")?;
    }
    Ok(())
}

/// A cell must not end the cell or the line.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ")
}
