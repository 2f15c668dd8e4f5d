//! Asking the filters of many files at once.
//!
//! Only the column that is asked for is read, of segments and row groups that have files of the days in question. What was
//! read is kept for further questions, up to a bound; what is beyond it is read again. Whatever cannot be read denies nothing.

use std::sync::Arc;

use futures::StreamExt as _;
use hashbrown::{HashMap, HashSet};
use object_store::path::Path;
use parking_lot::Mutex;

use super::file_filters::may_hold;
use super::reader::{Filters, SegmentReader};
use crate::dataset::checksum::Checksum;
use crate::dataset::{Dataset, Error, StoredFile};

/// Row groups read at a time.
const READS: usize = 8;

/// Looks up which files may hold a value, by their filters.
#[derive(Debug, Clone)]
pub struct Lookup(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    dataset: Dataset,
    /// How much is kept of what was read.
    limit_bytes: usize,
    known: Mutex<Known>,
}

/// What was read.
#[derive(Debug, Default)]
struct Known {
    segments: Option<Arc<[Arc<SegmentReader>]>>,
    /// By segment, row group and column.
    filters: HashMap<(Path, usize, String), Arc<Filters>>,
    bytes: usize,
}

/// Which of some files may hold one of some values.
#[derive(Debug)]
struct Question {
    column: String,
    values: Vec<String>,
    files: HashSet<Checksum>,
    days: HashSet<Option<i32>>,
}

impl Dataset {
    /// Looks up values, and keeps up to `limit_bytes` of what it reads.
    pub fn lookup(&self, limit_bytes: usize) -> Lookup {
        Lookup(Arc::new(Shared { dataset: self.clone(), limit_bytes, known: Mutex::default() }))
    }
}

impl Lookup {
    /// Which of `files` may hold one of the `values` in a column: all but those whose filters deny it.
    pub async fn may_hold(&self, column: &str, values: &[String], files: &[&StoredFile]) -> Vec<bool> {
        let checksums: HashSet<Checksum> = files.iter().filter_map(|file| file.checksum).collect();
        let days = files.iter().map(|file| file.partition.date().map(|day| day.to_epoch_days())).collect();
        let question =
            Question { column: column.to_owned(), values: values.to_vec(), files: checksums, days };
        let denied = if question.files.is_empty() { HashSet::new() } else { self.denied(question).await };
        let is_denied = |file: &&StoredFile| file.checksum.is_some_and(|checksum| denied.contains(&checksum));
        files.iter().map(|file| !is_denied(file)).collect()
    }

    /// The files in question that hold none of the values.
    async fn denied(&self, question: Question) -> HashSet<Checksum> {
        let segments = match self.0.segments().await {
            Ok(segments) => segments,
            Err(error) => {
                tracing::warn!(%error, "filters cannot be looked up: all files are asked");
                return HashSet::new();
            }
        };
        let question = Arc::new(question);
        let places = segments.iter().filter(|segment| segment.has(&question.column)).flat_map(|segment| {
            let is_meant = |row_group: &usize| {
                let days = segment.days(*row_group);
                days.is_none_or(|days| question.days.iter().any(|day| days.have(*day)))
            };
            (0..segment.row_groups()).filter(is_meant).map(|row_group| (segment.clone(), row_group))
        });
        let places: Vec<(Arc<SegmentReader>, usize)> = places.collect();
        let asking = places.into_iter().map(|(segment, row_group)| {
            let (shared, question) = (self.0.clone(), question.clone());
            // On all cores.
            tokio::spawn(async move {
                let filters = shared.filters(&segment, row_group, &question.column).await?;
                Ok::<_, Error>(question.denied_by(&filters))
            })
        });
        let mut answers = futures::stream::iter(asking).buffer_unordered(READS);
        let mut denied = HashSet::new();
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(Ok(more)) => denied.extend(more),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "some filters cannot be looked up: their files are asked");
                    // It may have been merged, and be found anew.
                    self.0.known.lock().segments = None;
                }
                // A panic, which is told on its own.
                Err(_) => {}
            }
        }
        denied
    }
}

impl Question {
    /// The files in question to which these filters deny all of the values.
    fn denied_by(&self, filters: &Filters) -> Vec<Checksum> {
        let denied = filters
            .entries()
            .filter(|(checksum, filters)| self.files.contains(checksum) && !may_hold(filters, &self.values));
        denied.map(|(checksum, _)| checksum).collect()
    }
}

impl Shared {
    /// The segments there are, with what their footers say.
    async fn segments(&self) -> Result<Arc<[Arc<SegmentReader>]>, Error> {
        if let Some(segments) = &self.known.lock().segments {
            return Ok(segments.clone());
        }
        let found = self.dataset.list_filters().await?;
        let opening = found.into_iter().map(|meta| async move { self.dataset.open_filters(&meta).await });
        let opened: Vec<Result<SegmentReader, Error>> =
            futures::stream::iter(opening).buffered(READS).collect().await;
        let readable = opened.into_iter().filter_map(|opened| match opened {
            Ok(segment) => Some(Arc::new(segment)),
            Err(error) => {
                tracing::warn!(%error, "some filters cannot be looked up: their files are asked");
                None
            }
        });
        let segments: Arc<[Arc<SegmentReader>]> = readable.collect();
        self.known.lock().segments = Some(segments.clone());
        Ok(segments)
    }

    /// Filters that were read before, or are now.
    async fn filters(
        &self,
        segment: &SegmentReader,
        row_group: usize,
        column: &str,
    ) -> Result<Arc<Filters>, Error> {
        let key = (segment.path.clone(), row_group, column.to_owned());
        if let Some(filters) = self.known.lock().filters.get(&key) {
            return Ok(filters.clone());
        }
        let filters = Arc::new(segment.filters(row_group, column).await?);
        let mut known = self.known.lock();
        let bytes = known.bytes + filters.memory_size();
        if bytes <= self.limit_bytes && known.filters.insert(key, filters.clone()).is_none() {
            known.bytes = bytes;
        }
        Ok(filters)
    }
}
