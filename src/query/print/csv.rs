//! Comma-separated values.

use std::io::Write;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, RecordBatch, RecordBatchOptions, StringArray, StringBuilder,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::csv::WriterBuilder;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::json::writer::{EncoderOptions, make_encoder};
use datafusion::execution::SendableRecordBatchStream;

use super::{each, text};
use crate::query::Error;

pub(super) async fn print(
    stream: SendableRecordBatchStream,
    safe: bool,
    out: &mut (dyn Write + Send),
) -> Result<u64, Error> {
    let mut writer =
        WriterBuilder::new().with_header(true).with_timestamp_format(text::UTC.to_owned()).build(out);
    let cells = |batch: &RecordBatch| cells(batch, safe);
    // The header also stands over an empty result.
    let header = cells(&RecordBatch::new_empty(stream.schema()));
    header.and_then(|header| writer.write(&header)).map_err(Error::from_arrow)?;
    each(stream, |batch| writer.write(&cells(batch)?)).await
}

/// What CSV knows: values that are not nested, and with `safe`, text that is no formula.
fn cells(batch: &RecordBatch, safe: bool) -> Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        let column = match field.data_type() {
            nested if nested.is_nested() => as_json(field, column)?,
            text if safe && is_text(text) => without_formulas(column)?,
            _ => column.clone(),
        };
        let name = if safe { harmless(field.name()) } else { field.name().clone() };
        fields.push(Field::new(name, column.data_type().clone(), true));
        columns.push(column);
    }
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &rows)
}

/// CSV knows no lists: they become JSON text.
fn as_json(field: &Arc<Field>, column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let options =
        EncoderOptions::default().with_explicit_nulls(true).with_timestamp_format(text::UTC.to_owned());
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
    Ok(Arc::new(texts.finish()))
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

fn without_formulas(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let texts = cast(column, &DataType::Utf8)?;
    let texts = texts.as_string::<i32>();
    Ok(Arc::new(texts.iter().map(|text| text.map(harmless)).collect::<StringArray>()))
}

fn harmless(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if formula { format!("'{text}") } else { text.to_owned() }
}
