//! What a dataset holds, told from the log and the ledger: no data file is opened.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::{Dataset, Error, Head, StoredFile};

/// What a dataset holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The version of the log; `None` if nothing was ever committed.
    pub version: Option<u64>,
    /// All of it.
    pub total: Content,
    /// The first event, or a moment less than a millisecond before it.
    pub first: Option<DateTime<Utc>>,
    /// The last event, or a moment less than a millisecond behind it.
    pub last: Option<DateTime<Utc>>,
    /// By day; without one is what has no readable time.
    pub days: Vec<Share<Option<NaiveDate>>>,
    /// By service, the largest first.
    pub services: Vec<Share<String>>,
    /// By region, the largest first.
    pub regions: Vec<Share<String>>,
    /// Log objects that are in.
    pub objects: u64,
    /// Rejects that are kept.
    pub rejects: u64,
}

/// Files and what is in them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Content {
    /// Rows: events.
    pub events: u64,
    /// Data files.
    pub files: u64,
    /// Their size.
    pub bytes: u64,
}

/// The part of a dataset that has a value of a partition column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Share<T> {
    /// The value.
    pub value: T,
    /// What has it.
    #[serde(flatten)]
    pub content: Content,
}

impl AddAssign<&StoredFile> for Content {
    fn add_assign(&mut self, file: &StoredFile) {
        self.events += file.rows.unwrap_or_default();
        self.files += 1;
        self.bytes += file.meta.size;
    }
}

impl Dataset {
    /// What the dataset holds as of `head`.
    ///
    /// # Errors
    /// If a file of rejects cannot be read.
    pub async fn summary(&self, head: &Head) -> Result<Summary, Error> {
        let mut summary = Summary {
            version: head.version(),
            objects: head.ledger().len() as u64,
            rejects: self.reject_ids().await?.len() as u64,
            ..Summary::default()
        };
        let (mut days, mut services, mut regions) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut times: Option<(i64, i64)> = None;
        for file in head.files().iter() {
            summary.total += &file;
            *days.entry(file.partition.date()).or_insert_with(Content::default) += &file;
            *services.entry(file.partition.service().to_owned()).or_insert_with(Content::default) += &file;
            *regions.entry(file.partition.region().to_owned()).or_insert_with(Content::default) += &file;
            if let Some((first, last)) = file.times {
                times = Some(times.map_or((first, last), |(least, most)| (least.min(first), most.max(last))));
            }
        }
        summary.first = times.and_then(|(first, _)| DateTime::from_timestamp_micros(first));
        summary.last = times.and_then(|(_, last)| DateTime::from_timestamp_micros(last));
        summary.days = shares(days);
        summary.services = largest_first(services);
        summary.regions = largest_first(regions);
        Ok(summary)
    }
}

fn shares<T>(contents: BTreeMap<T, Content>) -> Vec<Share<T>> {
    contents.into_iter().map(|(value, content)| Share { value, content }).collect()
}

fn largest_first<T>(contents: BTreeMap<T, Content>) -> Vec<Share<T>> {
    let mut shares = shares(contents);
    shares.sort_by_key(|share| std::cmp::Reverse(share.content.events));
    shares
}
