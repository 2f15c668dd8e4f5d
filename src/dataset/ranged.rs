//! A data file read piece by piece: of a large one only what is asked for, a small one at once.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{GetOptions, ObjectStore, ObjectStoreExt as _};
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use super::content::ContentError;
use super::{Dataset, Error, StoredFile};

/// What is read first: the end of a file, which is all of a small one, and of others most likely the whole footer.
const TAIL_BYTES: u64 = 128 << 10;

/// Reads ranges of a data file.
#[derive(Clone)]
pub(super) struct RangedReader {
    store: Arc<dyn ObjectStore>,
    path: Path,
    size: u64,
    /// The bytes up to the end of the file.
    tail: Bytes,
}

/// Reads the rows of a data file.
pub(super) type RowReader = ParquetRecordBatchStreamBuilder<RangedReader>;

impl Dataset {
    /// Opens a data file.
    ///
    /// # Errors
    /// If it cannot be read, or has no footer of a Parquet file.
    pub(super) async fn open_file(&self, file: &StoredFile) -> std::result::Result<RowReader, Error> {
        let path = &file.meta.location;
        let refused = |source| self.refusal("read", path, source);
        let mut size = file.meta.size;
        let tail = loop {
            let tail = GetOptions::new().with_range(Some(size.saturating_sub(TAIL_BYTES)..size));
            let found = self.store.get_opts(path, tail).await.map_err(refused)?;
            if found.meta.size == size {
                break found.bytes().await.map_err(refused)?;
            }
            // Somebody has written it anew, and not told the log.
            size = found.meta.size;
        };
        let reader = RangedReader { store: self.store.clone(), path: path.clone(), size, tail };
        let reader = RowReader::new(reader).await;
        reader.map_err(|source| ContentError::File(source).of(path))
    }
}

impl RangedReader {
    /// Opens a file of that size.
    pub(super) async fn open(
        store: &Arc<dyn ObjectStore>,
        path: Path,
        size: u64,
    ) -> object_store::Result<Self> {
        let tail = store.get_range(&path, size.saturating_sub(TAIL_BYTES)..size).await?;
        Ok(Self { store: store.clone(), path, size, tail })
    }

    /// What of the tail lies in `range`, if all of it does.
    fn in_tail(&self, range: &Range<u64>) -> Option<Bytes> {
        let start = range.start.checked_sub(self.size - self.tail.len() as u64)? as usize;
        let end = start + (range.end - range.start) as usize;
        (end <= self.tail.len()).then(|| self.tail.slice(start..end))
    }
}

impl AsyncFileReader for RangedReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        async move {
            match self.in_tail(&range) {
                Some(bytes) => Ok(bytes),
                None => Ok(self.store.get_range(&self.path, range).await?),
            }
        }
        .boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        async move {
            match ranges.iter().map(|range| self.in_tail(range)).collect() {
                Some(bytes) => Ok(bytes),
                None => Ok(self.store.get_ranges(&self.path, &ranges).await?),
            }
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        async move {
            let size = self.size;
            let metadata = ParquetMetaDataReader::new()
                .with_arrow_reader_options(options)
                .with_prefetch_hint(Some(self.tail.len()))
                .load_and_finish(self, size);
            Ok::<_, ParquetError>(Arc::new(metadata.await?))
        }
        .boxed()
    }
}
