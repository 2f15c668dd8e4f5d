//! A data file that is there, in memory.

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use bytes::Bytes;
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use super::{Dataset, Error};
use crate::table::RestoreError;
use crate::write::SCHEMA_VERSION;

/// Rows read at a time where they are read whole: an event may be a megabyte.
pub(super) const WHOLE_EVENT_ROWS: usize = 64;

/// A data file in memory.
pub(super) struct FileContent {
    content: Bytes,
    metadata: ArrowReaderMetadata,
}

/// Why what a data file holds cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum ContentError {
    /// It is damaged, or no Parquet file.
    #[error(transparent)]
    File(#[from] ParquetError),
    /// It is not as trailhouse writes it.
    #[error(transparent)]
    Row(#[from] RestoreError),
}

impl From<ArrowError> for ContentError {
    fn from(error: ArrowError) -> Self {
        Self::File(error.into())
    }
}

impl ContentError {
    /// With the file it is about.
    pub(super) fn of(self, file: &Path) -> Error {
        let file = file.to_string();
        match self {
            Self::File(source) => Error::Unreadable { file, source },
            Self::Row(source) => Error::NoEvent { file, source },
        }
    }
}

impl Dataset {
    /// All bytes of a file.
    ///
    /// # Errors
    /// If the store refuses.
    pub(super) async fn read(&self, path: &Path) -> Result<Bytes, Error> {
        let refused = |source| self.refusal("read", path, source);
        self.store.get(path).await.map_err(refused)?.bytes().await.map_err(refused)
    }
}

impl FileContent {
    /// # Errors
    /// If it has no footer of a Parquet file.
    pub(super) fn try_new(content: Bytes) -> Result<Self, ContentError> {
        let metadata = ArrowReaderMetadata::load(&content, ArrowReaderOptions::new())?;
        Ok(Self { content, metadata })
    }

    pub(super) fn footer(&self) -> &ParquetMetaData {
        self.metadata.metadata()
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    /// The version of the table by which it was written, if it says.
    pub(super) fn written_by_schema(&self) -> Option<u32> {
        let pairs = self.footer().file_metadata().key_value_metadata()?;
        pairs.iter().find(|pair| pair.key == SCHEMA_VERSION)?.value.as_deref()?.parse().ok()
    }

    /// Reads all columns, few rows at a time.
    pub(super) fn whole(&self) -> Result<ParquetRecordBatchReader, ContentError> {
        let reader =
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.content.clone(), self.metadata.clone());
        Ok(reader.with_batch_size(WHOLE_EVENT_ROWS).build()?)
    }
}
