//! How a scan reads data files: a small one in one request, footer and all; of others what is asked for.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use datafusion::common::{DataFusionError, HashMap};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::{ParquetError, Result};
use parquet::file::FOOTER_SIZE;
use parquet::file::metadata::{FooterTail, ParquetMetaData};

use super::footers::{Footers, KnownFooter};

/// What is read first of a file whose footer is not known: all of a small one, and of others most likely the whole footer.
const TAIL_BYTES: u64 = 64 << 10;

/// Makes the readers of one scan.
#[derive(Debug)]
pub(super) struct Readers(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Arc<dyn ObjectStore>,
    footers: Footers,
    /// By the partitions of the plan, which read one file at a time, but with more than one reader.
    tails: Mutex<HashMap<usize, Tail>>,
}

/// The bytes up to the end of a file.
#[derive(Debug, Clone)]
struct Tail {
    path: Path,
    start: u64,
    bytes: Bytes,
}

impl Tail {
    /// What of it lies in `range`, if all of that does.
    fn slice(&self, range: &Range<u64>) -> Option<Bytes> {
        let start = usize::try_from(range.start.checked_sub(self.start)?).ok()?;
        let end = usize::try_from(range.end.checked_sub(self.start)?).ok()?;
        (start <= end && end <= self.bytes.len()).then(|| self.bytes.slice(start..end))
    }
}

impl Readers {
    pub(super) fn new(store: Arc<dyn ObjectStore>, footers: Footers) -> Self {
        Self(Arc::new(Shared { store, footers, tails: Mutex::default() }))
    }
}

impl ParquetFileReaderFactory for Readers {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        _: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> std::result::Result<Box<dyn AsyncFileReader + Send>, DataFusionError> {
        let scanned = MetricBuilder::new(metrics).counter("bytes_scanned", partition);
        let (shared, file) = (self.0.clone(), file.object_meta);
        Ok(Box::new(Reader { shared, partition, file, known: None, scanned }))
    }
}

/// Reads a data file.
struct Reader {
    shared: Arc<Shared>,
    partition: usize,
    file: ObjectMeta,
    /// The footer, when it has been asked for.
    known: Option<Arc<KnownFooter>>,
    /// Bytes that were asked of the store.
    scanned: Count,
}

impl Reader {
    async fn fetch(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let bytes: u64 = ranges.iter().map(|range| range.end.saturating_sub(range.start)).sum();
        self.scanned.add(bytes as usize);
        Ok(self.shared.store.get_ranges(&self.file.location, ranges).await?)
    }

    async fn fetch_one(&self, range: Range<u64>) -> Result<Bytes> {
        let bytes = self.fetch(&[range]).await?.pop();
        bytes.ok_or_else(|| ParquetError::General("the store gave nothing".to_owned()))
    }

    /// The end of the file, if it is the one that was read last.
    fn tail(&self) -> Option<Tail> {
        let tails = self.shared.tails.lock().unwrap_or_else(PoisonError::into_inner);
        tails.get(&self.partition).filter(|tail| tail.path == self.file.location).cloned()
    }

    async fn read_tail(&self) -> Result<Tail> {
        let start = self.file.size.saturating_sub(TAIL_BYTES);
        let bytes = self.fetch_one(start..self.file.size).await?;
        let tail = Tail { path: self.file.location.clone(), start, bytes };
        let mut tails = self.shared.tails.lock().unwrap_or_else(PoisonError::into_inner);
        tails.insert(self.partition, tail.clone());
        Ok(tail)
    }

    async fn footer(&self) -> Result<Arc<KnownFooter>> {
        let footers = &self.shared.footers;
        let columns = match footers.known(&self.file) {
            Ok(footer) => return Ok(footer),
            Err(columns) => columns,
        };
        let tail = self.read_tail().await?;
        let end = tail.bytes.last_chunk::<FOOTER_SIZE>().ok_or(ParquetError::EOF(TOO_SHORT.to_owned()))?;
        let end = FooterTail::try_new(end)?;
        if end.is_encrypted_footer() {
            return Err(ParquetError::NYI("the footer is encrypted".to_owned()));
        }
        let behind = self.file.size.saturating_sub(FOOTER_SIZE as u64);
        let start = behind.checked_sub(end.metadata_length() as u64);
        let range = start.ok_or(ParquetError::EOF(TOO_SHORT.to_owned()))?..behind;
        let footer = match tail.slice(&range) {
            Some(footer) => footer,
            None => self.fetch_one(range).await?,
        };
        footers.decode(&self.file, columns, &footer, |range| tail.slice(range))
    }
}

const TOO_SHORT: &str = "the file is shorter than its footer";

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        async move {
            if let Some(filter) = self.known.as_ref().and_then(|known| known.filter(&range)) {
                return Ok(filter);
            }
            match self.tail().and_then(|tail| tail.slice(&range)) {
                Some(bytes) => Ok(bytes),
                None => self.fetch_one(range).await,
            }
        }
        .boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        async move {
            let at_hand = self.tail().and_then(|tail| ranges.iter().map(|range| tail.slice(range)).collect());
            match at_hand {
                Some(bytes) => Ok(bytes),
                None => self.fetch(&ranges).await,
            }
        }
        .boxed()
    }

    /// The footer, as far as the scan asks for it. What options may say of it decides nobody here.
    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        async move {
            let known = self.footer().await.map_err(|error| {
                ParquetError::General(format!("cannot read the footer of {}: {error}", self.file.location))
            })?;
            Ok(self.known.insert(known).footer.clone())
        }
        .boxed()
    }
}
