//! Parquet and Arrow: results as other programs read them, with their types.

use std::io::Write;
use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;

use super::each;
use crate::query::Error;

/// A row group is closed when it takes about this much, encoded: it is held until then.
const ROW_GROUP_BYTES: usize = 64 << 20;

pub(super) async fn print_parquet(
    stream: SendableRecordBatchStream,
    out: &mut (dyn Write + Send),
) -> Result<u64, Error> {
    let schema = plain_schema(&stream.schema());
    let properties =
        WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let failed = |error| Error::from_arrow(ArrowError::from(error));
    let mut writer = ArrowWriter::try_new(out, schema.clone(), Some(properties)).map_err(failed)?;
    let rows = each(stream, |batch| {
        writer.write(&plain(batch, &schema)?)?;
        if writer.in_progress_size() >= ROW_GROUP_BYTES {
            writer.flush()?;
        }
        Ok(())
    });
    let rows = rows.await?;
    writer.close().map_err(failed)?;
    Ok(rows)
}

pub(super) async fn print_arrow(
    stream: SendableRecordBatchStream,
    out: &mut (dyn Write + Send),
) -> Result<u64, Error> {
    let schema = plain_schema(&stream.schema());
    let mut writer = StreamWriter::try_new(out, &schema).map_err(Error::from_arrow)?;
    let rows = each(stream, |batch| writer.write(&plain(batch, &schema)?)).await?;
    writer.finish().map_err(Error::from_arrow)?;
    Ok(rows)
}

/// The schema with ordinary strings for string views, which not everybody reads yet.
fn plain_schema(schema: &Schema) -> SchemaRef {
    let fields: Vec<FieldRef> = schema.fields().iter().map(plain_field).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn plain_field(field: &FieldRef) -> FieldRef {
    let data_type = plain_type(field.data_type());
    Arc::new(Field::clone(field).with_data_type(data_type))
}

fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::List(field) => DataType::List(plain_field(field)),
        DataType::LargeList(field) => DataType::LargeList(plain_field(field)),
        DataType::FixedSizeList(field, size) => DataType::FixedSizeList(plain_field(field), *size),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(plain_field).collect()),
        other => other.clone(),
    }
}

fn plain(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| cast(column, field.data_type()));
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), columns.collect::<Result<_, _>>()?, &rows)
}
