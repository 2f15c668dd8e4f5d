//! From packed rows to a `RecordBatch`.
//!
//! A column that no row fills costs nothing until the batch is finished: builders are padded with nulls only when
//! a value arrives behind a gap.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, BooleanBufferBuilder, Int32Array, Int64Array, ListArray,
    NullBufferBuilder, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::buffer::{BooleanBuffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

use super::column::{ColumnType, RESOURCE_MEMBERS, columns, file_schema, list_element, resource_fields};
use super::row::{PackedRows, Unpacker};

/// Rows of a batch, at most: what the Parquet writer takes in one go without wide gaps in memory.
const BATCH_ROWS: usize = 4096;

/// Packed bytes of a batch, at most: Arrow's offsets are 32 bits wide, and a batch counts towards the memory limit.
const BATCH_BYTES: usize = 4 << 20;

/// Builds batches of the table's file schema.
#[derive(Debug)]
pub struct BatchBuilder {
    columns: Vec<ColumnBuilder>,
    rows: usize,
    bytes: usize,
}

impl Default for BatchBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl BatchBuilder {
    /// An empty builder.
    pub fn new() -> Self {
        let columns = columns().iter().map(|column| ColumnBuilder::new(column.column_type)).collect();
        Self { columns, rows: 0, bytes: 0 }
    }

    /// Appends row `index` of `rows`.
    pub fn append(&mut self, rows: &PackedRows, index: usize) {
        let mut cells = rows.unpack(index);
        self.bytes += cells.remaining();
        while let Some(column) = cells.next_column() {
            self.columns[column].append(self.rows, &mut cells);
        }
        self.rows += 1;
    }

    /// Whether it is time to [`finish`](Self::finish).
    pub fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    /// Whether there is nothing to finish.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The batch; the builder is empty again.
    ///
    /// # Errors
    /// If the rows break the schema, which would be a bug.
    pub fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        RecordBatch::try_new(file_schema(), self.finish_columns()?)
    }

    /// The batch's columns, some of which may lack values that every event has; the builder is empty again.
    ///
    /// # Errors
    /// If the rows break the schema, which would be a bug.
    pub fn finish_columns(&mut self) -> Result<Vec<ArrayRef>, ArrowError> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let schema = file_schema();
        let columns = self.columns.iter_mut().zip(schema.fields());
        // Those without values share their nulls.
        let mut absent: Vec<ArrayRef> = Vec::new();
        columns
            .map(|(column, field)| {
                if !column.validity.is_empty() {
                    return column.finish(rows, field.data_type());
                }
                let known = absent.iter().find(|array| array.data_type() == field.data_type()).cloned();
                Ok(known.unwrap_or_else(|| {
                    let array = new_null_array(field.data_type(), rows);
                    absent.push(array.clone());
                    array
                }))
            })
            .collect()
    }
}

/// One column under construction.
#[derive(Debug)]
struct ColumnBuilder {
    validity: NullBufferBuilder,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Text(Texts),
    Boolean(BooleanBufferBuilder),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Timestamp(Vec<i64>),
    TextList { offsets: Vec<i32>, texts: Texts },
    Resources { offsets: Vec<i32>, members: Box<[(Texts, NullBufferBuilder); RESOURCE_MEMBERS.len()]> },
}

impl ColumnBuilder {
    fn new(column_type: ColumnType) -> Self {
        let values = match column_type {
            ColumnType::Text | ColumnType::Json => Values::Text(Texts::default()),
            ColumnType::Boolean => Values::Boolean(BooleanBufferBuilder::new(0)),
            ColumnType::Int32 => Values::Int32(Vec::new()),
            ColumnType::Int64 => Values::Int64(Vec::new()),
            ColumnType::Timestamp => Values::Timestamp(Vec::new()),
            ColumnType::TextList => Values::TextList { offsets: vec![0], texts: Texts::default() },
            ColumnType::Resources => Values::Resources {
                offsets: vec![0],
                members: Box::new(std::array::from_fn(|_| (Texts::default(), NullBufferBuilder::new(0)))),
            },
        };
        Self { validity: NullBufferBuilder::new(0), values }
    }

    /// Takes the next cell as the value of row `row`; rows skipped since the last value are null.
    fn append(&mut self, row: usize, cell: &mut Unpacker<'_>) {
        self.pad(row);
        self.validity.append_non_null();
        match &mut self.values {
            Values::Text(texts) => texts.append(cell.text()),
            Values::Boolean(values) => values.append(cell.boolean()),
            // Only the version number is 32 bits wide, and it stays below 66 million.
            Values::Int32(values) => values.push(i32::try_from(cell.integer()).unwrap_or(i32::MAX)),
            Values::Int64(values) | Values::Timestamp(values) => values.push(cell.integer()),
            Values::TextList { offsets, texts } => {
                for _ in 0..cell.length() {
                    texts.append(cell.text());
                }
                offsets.push(texts.len() as i32);
            }
            Values::Resources { offsets, members } => {
                for _ in 0..cell.length() {
                    for (texts, validity) in members.iter_mut() {
                        if cell.boolean() {
                            texts.append(cell.text());
                            validity.append_non_null();
                        } else {
                            texts.append(&[]);
                            validity.append_null();
                        }
                    }
                }
                offsets.push(members[0].0.len() as i32);
            }
        }
    }

    /// Nulls up to row `row`.
    fn pad(&mut self, row: usize) {
        let missing = row - self.validity.len();
        if missing == 0 {
            return;
        }
        self.validity.append_n_nulls(missing);
        match &mut self.values {
            Values::Text(texts) => texts.pad(row),
            Values::Boolean(values) => values.append_n(missing, false),
            Values::Int32(values) => values.resize(row, 0),
            Values::Int64(values) | Values::Timestamp(values) => values.resize(row, 0),
            Values::TextList { offsets, texts } => offsets.resize(row + 1, texts.len() as i32),
            Values::Resources { offsets, members } => offsets.resize(row + 1, members[0].0.len() as i32),
        }
    }

    fn finish(&mut self, rows: usize, data_type: &DataType) -> Result<ArrayRef, ArrowError> {
        self.pad(rows);
        let nulls = self.validity.finish();
        Ok(match &mut self.values {
            Values::Text(texts) => Arc::new(texts.finish(nulls)?),
            Values::Boolean(values) => Arc::new(BooleanArray::new(finish_booleans(values), nulls)),
            Values::Int32(values) => Arc::new(Int32Array::try_new(std::mem::take(values).into(), nulls)?),
            Values::Int64(values) => Arc::new(Int64Array::try_new(std::mem::take(values).into(), nulls)?),
            Values::Timestamp(values) => {
                let array = TimestampMicrosecondArray::try_new(std::mem::take(values).into(), nulls)?;
                Arc::new(array.with_data_type(data_type.clone()))
            }
            Values::TextList { offsets, texts } => {
                let offsets = finish_offsets(offsets);
                Arc::new(list(offsets, Arc::new(texts.finish(None)?), nulls)?)
            }
            Values::Resources { offsets, members } => {
                let offsets = finish_offsets(offsets);
                let arrays = members
                    .iter_mut()
                    .map(|(texts, validity)| Ok(Arc::new(texts.finish(validity.finish())?) as ArrayRef))
                    .collect::<Result<Vec<_>, ArrowError>>()?;
                let structs = StructArray::try_new(resource_fields(), arrays, None)?;
                Arc::new(list(offsets, Arc::new(structs), nulls)?)
            }
        })
    }
}

fn list(
    offsets: OffsetBuffer<i32>,
    items: ArrayRef,
    nulls: Option<NullBuffer>,
) -> Result<ListArray, ArrowError> {
    ListArray::try_new(list_element(items.data_type().clone()), offsets, items, nulls)
}

fn finish_booleans(values: &mut BooleanBufferBuilder) -> BooleanBuffer {
    values.finish()
}

/// The offsets as a buffer; the vector starts anew at 0.
fn finish_offsets(offsets: &mut Vec<i32>) -> OffsetBuffer<i32> {
    OffsetBuffer::new(ScalarBuffer::from(std::mem::replace(offsets, vec![0])))
}

/// Texts one behind the other, and where each ends.
#[derive(Debug)]
struct Texts {
    bytes: Vec<u8>,
    offsets: Vec<i32>,
}

impl Default for Texts {
    fn default() -> Self {
        Self { bytes: Vec::new(), offsets: vec![0] }
    }
}

impl Texts {
    fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    fn append(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        // A batch holds far less than 2 GiB, see BATCH_BYTES.
        self.offsets.push(self.bytes.len() as i32);
    }

    /// Empty texts up to `length` of them.
    fn pad(&mut self, length: usize) {
        self.offsets.resize(length + 1, self.bytes.len() as i32);
    }

    /// Checks once more, in bulk, that all of it is UTF-8.
    fn finish(&mut self, nulls: Option<NullBuffer>) -> Result<StringArray, ArrowError> {
        let offsets = finish_offsets(&mut self.offsets);
        StringArray::try_new(offsets, std::mem::take(&mut self.bytes).into(), nulls)
    }
}
