//! Column chunks without values.
//!
//! A third of the columns of a usual file have none. What is written of them differs in nothing but the name, so the library makes
//! one of each kind, and the others are copies of it.

use bytes::Bytes;
use parquet::basic::Type;
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, get_column_writer};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

/// Makes the chunks of a row group.
pub(super) struct NullChunks {
    properties: WriterPropertiesPtr,
    rows: usize,
    paged: bool,
    made: Vec<Chunk>,
}

struct Chunk {
    kind: Kind,
    pages: Bytes,
    close: ColumnCloseResult,
}

/// What chunks without values differ in: the type, and the greatest levels.
type Kind = (Type, i16, i16);

impl NullChunks {
    /// For a row group of `rows` rows, with an index of pages if it is `paged`.
    pub(super) fn new(properties: WriterPropertiesPtr, rows: usize, paged: bool) -> Self {
        Self { properties, rows, paged, made: Vec::new() }
    }

    /// The chunk of a column: its pages, and what is to be said of them.
    pub(super) fn of(&mut self, column: &ColumnDescPtr) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
        let kind = (column.physical_type(), column.max_def_level(), column.max_rep_level());
        let chunk = match self.made.iter().position(|chunk| chunk.kind == kind) {
            Some(known) => &self.made[known],
            None => {
                let (pages, close) = self.make(column)?;
                self.made.push(Chunk { kind, pages, close });
                &self.made[self.made.len() - 1]
            }
        };
        let mut close = chunk.close.clone();
        close.metadata = for_column(&close.metadata, column)?;
        Ok((chunk.pages.clone(), close))
    }

    fn make(&self, column: &ColumnDescPtr) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
        let mut sink = TrackedWrite::new(Vec::new());
        let pages = Box::new(SerializedPageWriter::new(&mut sink));
        let mut writer = get_column_writer(column.clone(), self.properties.clone(), pages);
        let levels = vec![0; self.rows];
        let (definition, repetition) =
            (levels_up_to(column.max_def_level(), &levels), levels_up_to(column.max_rep_level(), &levels));
        match &mut writer {
            ColumnWriter::BoolColumnWriter(writer) => writer.write_batch(&[], definition, repetition)?,
            ColumnWriter::Int32ColumnWriter(writer) => writer.write_batch(&[], definition, repetition)?,
            ColumnWriter::Int64ColumnWriter(writer) => writer.write_batch(&[], definition, repetition)?,
            ColumnWriter::ByteArrayColumnWriter(writer) => writer.write_batch(&[], definition, repetition)?,
            _ => {
                return Err(ParquetError::NYI(format!(
                    "no column of the table is {}",
                    column.physical_type()
                )));
            }
        };
        let mut close = writer.close()?;
        if !self.paged {
            (close.column_index, close.offset_index) = (None, None);
        }
        Ok((sink.into_inner()?.into(), close))
    }
}

/// Columns whose levels can be nothing but 0 have none.
fn levels_up_to(greatest: i16, levels: &[i16]) -> Option<&[i16]> {
    (greatest > 0).then_some(levels)
}

/// What was said of one column, said of another, but for how its pages and levels are distributed: they are all the same.
fn for_column(
    metadata: &ColumnChunkMetaData,
    column: &ColumnDescPtr,
) -> Result<ColumnChunkMetaData, ParquetError> {
    let mut builder = ColumnChunkMetaData::builder(column.clone())
        .set_compression_codec(metadata.compression_codec())
        .set_encodings_mask(*metadata.encodings_mask())
        .set_total_compressed_size(metadata.compressed_size())
        .set_total_uncompressed_size(metadata.uncompressed_size())
        .set_num_values(metadata.num_values())
        .set_data_page_offset(metadata.data_page_offset());
    if let Some(statistics) = metadata.statistics() {
        builder = builder.set_statistics(statistics.clone());
    }
    builder.build()
}
