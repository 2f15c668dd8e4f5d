//! Results on their way out. Rows are written as they come: however large a result is, no more than a few batches of it
//! are held. [`Format::Parquet`] holds one row group.

mod binary;
mod csv;
mod layout;
mod markdown;
mod records;
mod table;
mod text;
mod unmoving;

use std::io::{self, Write};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::json::writer::{JsonArray, LineDelimited, WriterBuilder};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt as _;

use self::unmoving::Unmoving;
use super::Error;
pub use text::harmless;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A box drawn with lines.
    Table,
    /// Comma-separated, with a header.
    Csv,
    /// One JSON array of objects.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// A Markdown table.
    Markdown,
    /// A Parquet file.
    Parquet,
    /// A stream of Arrow IPC messages.
    Arrow,
}

impl Format {
    /// Whether it is for programs alone: no terminal can show it, and no second result can follow a first one.
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Parquet | Self::Arrow)
    }
}

/// A format, and all that is to be known to write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// The format.
    pub format: Format,
    /// CSV that no spreadsheet takes for formulas: see [`Style::safe_csv`].
    pub safe_csv: bool,
    /// When tables become records, one below the other.
    pub records: Records,
    /// The terminal that tables are fitted to, if they go to one.
    pub screen: Option<Screen>,
}

/// When the rows of a table are shown one below the other, a line for each column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Records {
    /// Where a table does not fit the terminal however it is folded.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Its columns.
    pub width: usize,
    /// Whether it is to be coloured.
    pub colours: bool,
}

impl From<Format> for Style {
    /// For files and pipes: nothing is folded.
    fn from(format: Format) -> Self {
        Self { format, safe_csv: false, records: Records::Auto, screen: None }
    }
}

impl Style {
    /// In CSV, puts a `'` before text that a spreadsheet would take for a formula: that begins with `=`, `+`, `-`, `@`,
    /// a tab or a carriage return. Numbers stay as they are.
    ///
    /// <https://owasp.org/www-community/attacks/CSV_Injection>
    #[must_use]
    pub fn safe_csv(self, safe: bool) -> Self {
        Self { safe_csv: safe, ..self }
    }
}

/// Writes all rows of `stream` to `out`; their number.
///
/// # Errors
/// If the query fails on the way, or `out` does.
pub async fn print(
    stream: SendableRecordBatchStream,
    style: &Style,
    out: &mut (dyn Write + Send),
) -> Result<u64, Error> {
    let mut out = Watched { out, failure: None };
    // Tables have colours, and see to their values themselves.
    let printed = match style.screen {
        Some(_) if style.format != Format::Table => {
            print_as(stream, style, &mut Unmoving::new(&mut out)).await
        }
        _ => print_as(stream, style, &mut out).await,
    };
    match out.failure {
        Some(failure) => Err(Error::Output(failure)),
        None => printed,
    }
}

async fn print_as(
    stream: SendableRecordBatchStream,
    style: &Style,
    out: &mut (dyn Write + Send),
) -> Result<u64, Error> {
    let json = WriterBuilder::new().with_explicit_nulls(true).with_timestamp_format(text::UTC.to_owned());
    match style.format {
        Format::Table => table::print(stream, style, out).await,
        Format::Csv => csv::print(stream, style.safe_csv, out).await,
        Format::Json => {
            let mut writer = json.build::<_, JsonArray>(Discardable(&mut *out));
            let rows = each(stream, |batch| writer.write(batch)).await?;
            writer.finish().map_err(Error::from_arrow)?;
            writeln!(out).map_err(Error::Output)?;
            Ok(rows)
        }
        Format::Ndjson => {
            let mut writer = json.build::<_, LineDelimited>(Discardable(&mut *out));
            each(stream, |batch| writer.write(batch)).await
        }
        Format::Markdown => markdown::print(stream, out).await,
        Format::Parquet => binary::print_parquet(stream, out).await,
        Format::Arrow => binary::print_arrow(stream, out).await,
    }
}

/// Writes rows that no query made, as if one had.
///
/// # Errors
/// If `out` fails.
pub async fn print_batch(
    batch: RecordBatch,
    style: &Style,
    out: &mut (dyn Write + Send),
) -> Result<u64, Error> {
    let rows = futures::stream::iter([Ok(batch.clone())]);
    print(Box::pin(RecordBatchStreamAdapter::new(batch.schema(), rows)), style, out).await
}

/// Keeps the failure of `out`, which Arrow's writers turn into mere text.
struct Watched<'w> {
    out: &'w mut (dyn Write + Send),
    failure: Option<io::Error>,
}

impl Watched<'_> {
    fn watch<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|failure| {
            let kind = failure.kind();
            // Whoever is interrupted tries again.
            if kind != io::ErrorKind::Interrupted {
                self.failure.get_or_insert(failure);
            }
            kind.into()
        })
    }
}

impl Write for Watched<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes);
        self.watch(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        self.watch(flushed)
    }
}

/// Arrow's JSON writers own what they write to.
struct Discardable<'w>(&'w mut (dyn Write + Send));

impl Write for Discardable<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Hands each batch to `write`; the number of rows.
async fn each(
    mut stream: SendableRecordBatchStream,
    mut write: impl FnMut(&RecordBatch) -> Result<(), ArrowError>,
) -> Result<u64, Error> {
    let mut rows = 0;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(Error::Failed)?;
        write(&batch).map_err(Error::from_arrow)?;
        rows += batch.num_rows() as u64;
    }
    Ok(rows)
}
