//! Results on their way out. Rows are printed as they come; only [`Format::Table`], which must know the widest cell,
//! holds a whole result.

use std::io::{self, Write};
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, RecordBatch, StringBuilder};
use datafusion::arrow::csv;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::json::writer::{
    EncoderOptions, JsonArray, LineDelimited, WriterBuilder, make_encoder,
};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::arrow::util::pretty::pretty_format_batches_with_schema;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt as _;

use super::Error;

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
}

/// Writes all rows of `stream` to `out`; their number.
///
/// # Errors
/// If the query fails on the way, or `out` does.
pub async fn print(
    stream: SendableRecordBatchStream,
    format: Format,
    out: &mut dyn Write,
) -> Result<u64, Error> {
    let mut out = Watched { out, failure: None };
    let printed = print_as(stream, format, &mut out).await;
    match out.failure {
        Some(failure) => Err(Error::Output(failure)),
        None => printed,
    }
}

async fn print_as(
    stream: SendableRecordBatchStream,
    format: Format,
    out: &mut dyn Write,
) -> Result<u64, Error> {
    let schema = stream.schema();
    match format {
        Format::Table => print_table(stream, out).await,
        Format::Csv => {
            let mut writer = csv::WriterBuilder::new().with_header(true).build(&mut *out);
            // The header also stands over an empty result.
            let header = nested_as_json(&RecordBatch::new_empty(schema));
            header.and_then(|header| writer.write(&header)).map_err(Error::from_arrow)?;
            each(stream, |batch| writer.write(&nested_as_json(batch)?)).await
        }
        Format::Json => {
            let mut writer =
                WriterBuilder::new().with_explicit_nulls(true).build::<_, JsonArray>(Discardable(&mut *out));
            let rows = each(stream, |batch| writer.write(batch)).await?;
            writer.finish().map_err(Error::from_arrow)?;
            writeln!(out).map_err(Error::Output)?;
            Ok(rows)
        }
        Format::Ndjson => {
            let mut writer = WriterBuilder::new()
                .with_explicit_nulls(true)
                .build::<_, LineDelimited>(Discardable(&mut *out));
            each(stream, |batch| writer.write(batch)).await
        }
        Format::Markdown => {
            print_markdown_header(&schema, out).map_err(Error::Output)?;
            each(stream, |batch| print_markdown_rows(batch, out)).await
        }
    }
}

/// Writes rows that no query made, as if one had.
///
/// # Errors
/// If `out` fails.
pub async fn print_batch(batch: RecordBatch, format: Format, out: &mut dyn Write) -> Result<u64, Error> {
    let rows = futures::stream::iter([Ok(batch.clone())]);
    print(Box::pin(RecordBatchStreamAdapter::new(batch.schema(), rows)), format, out).await
}

/// Keeps the failure of `out`, which Arrow's writers turn into mere text.
struct Watched<'w> {
    out: &'w mut dyn Write,
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
struct Discardable<'w>(&'w mut dyn Write);

impl Write for Discardable<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

async fn each(
    mut stream: SendableRecordBatchStream,
    mut write: impl FnMut(&RecordBatch) -> Result<(), ArrowError>,
) -> Result<u64, Error> {
    let mut rows = 0;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(Error::Query)?;
        write(&batch).map_err(Error::from_arrow)?;
        rows += batch.num_rows() as u64;
    }
    Ok(rows)
}

/// CSV knows no lists: they become JSON text.
fn nested_as_json(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let options = EncoderOptions::default().with_explicit_nulls(true);
    let schema = batch.schema();
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        if !field.data_type().is_nested() {
            fields.push(field.clone());
            columns.push(column.clone());
            continue;
        }
        let mut encoder = make_encoder(field, column, &options)?;
        let mut texts = StringBuilder::new();
        for row in 0..column.len() {
            if encoder.is_null(row) {
                texts.append_null();
                continue;
            }
            let mut json = Vec::new();
            encoder.encode(row, &mut json);
            texts.append_value(String::from_utf8_lossy(&json));
        }
        fields.push(Arc::new(Field::new(field.name(), DataType::Utf8, true)));
        columns.push(Arc::new(texts.finish()));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

async fn print_table(mut stream: SendableRecordBatchStream, out: &mut dyn Write) -> Result<u64, Error> {
    let schema = stream.schema();
    let mut batches = Vec::new();
    while let Some(batch) = stream.next().await {
        batches.push(batch.map_err(Error::Query)?);
    }
    let table = pretty_format_batches_with_schema(schema, &batches).map_err(Error::from_arrow)?;
    writeln!(out, "{table}").map_err(Error::Output)?;
    Ok(batches.iter().map(|batch| batch.num_rows() as u64).sum())
}

fn print_markdown_header(schema: &Schema, out: &mut dyn Write) -> io::Result<()> {
    for field in schema.fields() {
        write!(out, "| {} ", markdown_cell(field.name()))?;
    }
    writeln!(out, "|")?;
    for field in schema.fields() {
        write!(out, "|{}", if field.data_type().is_numeric() { "---:" } else { "---" })?;
    }
    writeln!(out, "|")
}

fn print_markdown_rows(batch: &RecordBatch, out: &mut dyn Write) -> Result<(), ArrowError> {
    let options = FormatOptions::new();
    let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    for row in 0..batch.num_rows() {
        for column in &columns {
            write!(out, "| {} ", markdown_cell(&column.value(row).try_to_string()?))?;
        }
        writeln!(out, "|")?;
    }
    Ok(())
}

/// A cell must not end the cell or the line.
fn markdown_cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ")
}
