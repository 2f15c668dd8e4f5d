//! Is all as the log says? Every file of the dataset is read, and every row of it.
//!
//! Data files are looked at several at a time, each by itself; what they hold in common, copies of one event, is told by
//! the keys of their rows. Copies share their day and their source, so keys are kept for one day of one service at a time.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::Field;
use chrono::TimeDelta;
use futures::{StreamExt as _, TryStreamExt as _};
use hashbrown::{Equivalent as _, HashSet};
use object_store::Error::NotFound;
use object_store::path::Path;
use serde::Serialize;

use super::checksum::Checksum;
use super::content::{ContentError, FileContent};
use super::filters::SegmentName;
use super::ledger::{self, SegmentId};
use super::survey::Survey;
use super::vacuum::is_our_data_file;
use super::{Dataset, Error, Head, StoredFile};
use crate::decode::{Decoder, Step};
use crate::partition::{PartitionKey, PartitionRef};
use crate::table::column::{file_schema, table};
use crate::table::time::DAY_MICROS;
use crate::table::{EventKey, RestoreError, Restorer, RowKeys, RowPlaces, flatten};

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// The version of the log that was looked at; `None` if nothing was ever committed.
    pub version: Option<u64>,
    /// Data files that were read.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// Their size.
    pub bytes: u64,
    /// Log objects in the ledger.
    pub objects: u64,
    /// Rejects that are kept.
    pub rejects: u64,
    /// Files that earlier versions need or needed, and what else `vacuum` is there for.
    pub leftovers: u64,
    /// Files that a run is writing just now.
    pub in_progress: u64,
    /// What is wrong, in the order of the files.
    pub findings: Vec<Finding>,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file at fault, relative to the dataset.
    pub file: String,
    /// What is wrong with it.
    #[serde(flatten)]
    pub fault: Fault,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "fault", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// The log counts on a file that is gone.
    #[error("is missing, and the log counts on it")]
    Missing,
    /// It has been cut short, or something else lies in its place.
    #[error("has {found} bytes; the log says {logged}")]
    Size {
        /// Bytes by the log.
        logged: u64,
        /// Bytes there are.
        found: u64,
    },
    /// Its bytes are not those that were written.
    #[error("does not hold the bytes that were written: its checksum is another")]
    Checksum,
    /// It cannot be read.
    #[error("cannot be read: {error}")]
    Unreadable {
        /// What the reader says.
        error: String,
    },
    /// It has more or fewer rows.
    #[error("has {found} rows; the log says {logged}")]
    Rows {
        /// Rows by the log.
        logged: u64,
        /// Rows there are.
        found: u64,
    },
    /// A column is not as the schema says.
    #[error("its column {column} is {found}; the schema says {expected}")]
    Column {
        /// The column.
        column: String,
        /// Its type in the schema.
        expected: String,
        /// Its type in the file.
        found: String,
    },
    /// Rows lie in a partition that is not theirs.
    #[error("{count} of its rows belong elsewhere: row {row} in {partition}")]
    Misplaced {
        /// The first of them, from 0.
        row: u64,
        /// How many.
        count: u64,
        /// The partition that the first belongs in.
        partition: String,
    },
    /// Rows are not in order of time and id.
    #[error("is not sorted by event_time, event_id: row {row} comes before the one ahead of it")]
    Unsorted {
        /// The first row that is out of order, from 0.
        row: u64,
    },
    /// Rows are copies of others.
    #[error("{count} of its rows are copies: row {row} of one in {other}")]
    Duplicates {
        /// The first of them, from 0.
        row: u64,
        /// How many.
        count: u64,
        /// Where the first one's original is.
        other: String,
    },
    /// Nobody counts on it, but readers of directories see it.
    #[error("is no part of the dataset: no version of the log names it, and no run is writing it")]
    Orphan,
    /// Filters that cannot be looked up.
    #[error(
        "does not hold the filters that were written, so queries open more files; `vacuum` deletes it: {error}"
    )]
    Filters {
        /// What is wrong.
        error: String,
    },
    /// The ledger does not agree with itself.
    #[error("does not hold what the ledger says: {error}")]
    Ledger {
        /// What is wrong.
        error: String,
    },
}

/// What the log says of the data files.
#[derive(Default)]
struct LogSays {
    checksums: HashMap<Path, String>,
    columns: HashSet<String>,
}

/// For so long, and not always longer, the log says which files were replaced: Delta's `deletedFileRetentionDuration`.
const REMEMBERED: TimeDelta = TimeDelta::days(7);

/// What was found in one data file.
struct Examined {
    faults: Vec<Fault>,
    /// The key of each row, unless it cannot be read.
    keys: Vec<EventKey>,
}

impl Dataset {
    /// Reads all that the dataset consists of and says what is wrong. Looks at `at_a_time` data files at once.
    ///
    /// # Errors
    /// If the log cannot be read, or the store refuses. A file that is missing or damaged is a finding.
    pub async fn check(&self, at_a_time: usize) -> Result<Inspection, Error> {
        let survey = self.survey().await?;
        let (head, unreadable) = match self.head().await {
            Err(error @ (Error::Unreadable { .. } | Error::Store { source: NotFound { .. }, .. })) => {
                (self.head_without_ledger().await?, Some(error))
            }
            head => (head?, None),
        };
        let mut found = Inspection {
            version: head.version(),
            objects: head.ledger().len() as u64,
            ..Inspection::default()
        };
        self.check_schema(&head, &mut found);
        self.check_data_files(&head, at_a_time, &mut found).await?;
        if let Some(error) = unreadable {
            // Without it, nothing can be said of what it would lead to.
            found.add(ledger::DIRECTORY, Fault::Ledger { error: error.to_string() });
            return Ok(found);
        }
        self.check_ledger(&head, &mut found).await?;
        self.check_rejects(&mut found).await?;
        self.check_surroundings(&head, &survey, &mut found).await?;
        self.check_filters(&head, &survey, &mut found).await?;
        Ok(found)
    }

    fn check_schema(&self, head: &Head, found: &mut Inspection) {
        let Some(log) = head.log() else { return };
        for (column, expected, is) in log.other_columns() {
            found.add("_delta_log", Fault::Column { column, expected, found: is });
        }
    }

    async fn check_data_files(
        &self,
        head: &Head,
        at_a_time: usize,
        found: &mut Inspection,
    ) -> Result<(), Error> {
        let log = Arc::new(match head.log() {
            Some(log) => LogSays {
                checksums: self.log.checksums(log).await.map_err(|error| self.log_refused(error))?,
                columns: log.columns(),
            },
            None => LogSays::default(),
        });
        let mut examined = futures::stream::iter(head.files().iter())
            .map(|file| {
                let log = log.clone();
                async move {
                    let path = &file.meta.location;
                    let content = match self.read(path).await {
                        Err(Error::Store { source: NotFound { .. }, .. }) => {
                            return Ok((file, Examined { faults: vec![Fault::Missing], keys: Vec::new() }));
                        }
                        read => read?,
                    };
                    let examining = tokio::task::spawn_blocking(move || {
                        let examined = examine(&file, content, &log);
                        (file, examined)
                    });
                    // It ends by a panic alone, which is told on its own.
                    examining.await.map_err(|_| Error::Abandoned)
                }
            })
            .buffered(at_a_time);
        let mut copies = Copies::default();
        while let Some((file, examined)) = examined.try_next().await? {
            let name = file.meta.location.as_ref();
            found.files += 1;
            found.rows += examined.keys.len() as u64;
            found.bytes += file.meta.size;
            for fault in examined.faults {
                found.add(name, fault);
            }
            if let Some(fault) = copies.of(&file, examined.keys) {
                found.add(name, fault);
            }
        }
        Ok(())
    }

    async fn check_ledger(&self, head: &Head, found: &mut Inspection) -> Result<(), Error> {
        for (path, error) in self.faults_of_ledger(head.ledger()).await? {
            found.add(path.as_ref(), Fault::Ledger { error });
        }
        Ok(())
    }

    async fn check_rejects(&self, found: &mut Inspection) -> Result<(), Error> {
        let mut ids = HashSet::new();
        for path in self.reject_files().await? {
            match self.read_rejects(&path).await {
                Ok(rejects) => ids.extend(rejects.iter().map(super::StoredReject::id)),
                // A retry may have resolved them meanwhile.
                Err(Error::Store { source: NotFound { .. }, .. }) => {}
                Err(error @ (Error::Unreadable { .. } | Error::NewerRejects { .. })) => {
                    found.add(path.as_ref(), Fault::Unreadable { error: error.to_string() });
                }
                Err(error) => return Err(error),
            }
        }
        found.rejects = ids.len() as u64;
        Ok(())
    }

    /// Nothing is lost where filters are damaged, but they are of no use.
    async fn check_filters(&self, head: &Head, survey: &Survey, found: &mut Inspection) -> Result<(), Error> {
        for meta in survey.filters() {
            match self.read_filters(meta).await {
                // They may have been merged meanwhile.
                Ok(_) | Err(Error::Store { source: NotFound { .. }, .. }) => {}
                Err(Error::Unreadable { source, .. }) => {
                    found.add(meta.location.as_ref(), Fault::Filters { error: source.to_string() });
                }
                Err(error) => return Err(error),
            }
            let counts = SegmentName::of(&meta.location).is_some_and(|name| name.counts(head));
            found.leftovers += u64::from(!counts);
        }
        Ok(())
    }

    /// What lies there beside the files that count.
    async fn check_surroundings(
        &self,
        head: &Head,
        survey: &Survey,
        found: &mut Inspection,
    ) -> Result<(), Error> {
        // The log forgets in time which files it has replaced.
        let forgotten = super::now() - REMEMBERED;
        let replaced = match head.log() {
            Some(log) => self.log.removed(log).await.map_err(|error| self.log_refused(error))?,
            None => HashSet::new(),
        };
        for path in survey.uncounted(head) {
            if survey.is_in_progress(path) {
                found.in_progress += 1;
            } else if SegmentId::of_path(path).is_some()
                || replaced.contains(path)
                || (is_our_data_file(path)
                    && survey.modified(path).is_some_and(|modified| modified < forgotten))
            {
                found.leftovers += 1;
            } else {
                found.add(path.as_ref(), Fault::Orphan);
            }
        }
        found.leftovers += survey.half_written().len() as u64;
        Ok(())
    }
}

impl Inspection {
    fn add(&mut self, file: &str, fault: Fault) {
        self.findings.push(Finding { file: file.to_owned(), fault });
    }
}

/// The keys met so far of one day of one service.
#[derive(Default)]
struct Copies {
    group: Option<(Option<chrono::NaiveDate>, String)>,
    /// By key, which file.
    keys: hashbrown::HashMap<EventKey, u32>,
    files: Vec<String>,
}

impl Copies {
    /// The copies among the rows of the next file.
    fn of(&mut self, file: &StoredFile, keys: Vec<EventKey>) -> Option<Fault> {
        let group = (file.partition.date(), file.partition.service().to_owned());
        if self.group.as_ref() != Some(&group) {
            *self = Self { group: Some(group), ..Self::default() };
        }
        let number = self.files.len() as u32;
        self.files.push(file.meta.location.to_string());
        let (mut first, mut count) = (None, 0);
        for (row, key) in keys.into_iter().enumerate() {
            let earlier = *self.keys.entry(key).or_insert(u32::MAX);
            match earlier {
                u32::MAX => drop(self.keys.insert(key, number)),
                earlier => {
                    count += 1;
                    first.get_or_insert((row as u64, earlier));
                }
            }
        }
        let (row, other) = first?;
        Some(Fault::Duplicates { row, count, other: self.files[other as usize].clone() })
    }
}

/// Looks at one data file.
fn examine(file: &StoredFile, content: bytes::Bytes, log: &LogSays) -> Examined {
    let checksum = log.checksums.get(&file.meta.location);
    let mut faults = Vec::new();
    if content.len() as u64 != file.meta.size {
        faults.push(Fault::Size { logged: file.meta.size, found: content.len() as u64 });
    } else if checksum.is_some_and(|checksum| Checksum::of(&content).to_string() != *checksum) {
        faults.push(Fault::Checksum);
    }
    let mut keys = Vec::new();
    let read = FileContent::try_new(content).and_then(|content| {
        faults.extend(other_columns(&content, &log.columns));
        let rows = content.footer().file_metadata().num_rows().cast_unsigned();
        if let Some(logged) = file.rows.filter(|logged| *logged != rows) {
            faults.push(Fault::Rows { logged, found: rows });
        }
        examine_rows(&content, &file.partition, &mut keys, &mut faults)
    });
    if let Err(error) = read {
        keys.clear();
        faults.push(Fault::Unreadable { error: error.to_string() });
    }
    Examined { faults, keys }
}

/// The columns that are not as the schema says. A file may lack what is younger than it. `logged`: the columns that the log
/// has, which may be more than this version of trailhouse knows.
fn other_columns(content: &FileContent, logged: &HashSet<String>) -> Vec<Fault> {
    let schema = content.schema();
    let is_older = content.written_by_schema().is_some_and(|version| version < table().version);
    let mut faults = Vec::new();
    for column in file_schema().fields() {
        let found = schema.field_with_name(column.name()).ok().map(Field::data_type);
        if found != Some(column.data_type()) && !(found.is_none() && is_older) {
            faults.push(Fault::Column {
                column: column.name().clone(),
                expected: column.data_type().to_string(),
                found: found.map_or_else(|| "missing".to_owned(), ToString::to_string),
            });
        }
    }
    let unknown = schema.fields().iter().filter(|field| !logged.contains(field.name()));
    faults.extend(unknown.map(|field| Fault::Column {
        column: field.name().clone(),
        expected: "missing".to_owned(),
        found: field.data_type().to_string(),
    }));
    faults
}

fn examine_rows(
    content: &FileContent,
    partition: &PartitionKey,
    keys: &mut Vec<EventKey>,
    faults: &mut Vec<Fault>,
) -> Result<(), ContentError> {
    let mut previous: Option<(i64, bool, String)> = None;
    let (mut unsorted, mut misplaced): (Option<u64>, Option<(u64, u64, String)>) = (None, None);
    let mut buffer = Vec::new();
    for batch in content.whole()? {
        let batch = batch?;
        let (row_keys, restorer) = (RowKeys::try_new(&batch)?, Restorer::of_file(&batch)?);
        let places = RowPlaces::try_new(&batch)?;
        for row in 0..batch.num_rows() {
            let number = keys.len() as u64;
            keys.push(match row_keys.key(row) {
                Some(key) => key,
                None => restorer.record_key(row, &mut buffer)?,
            });

            let place = places.place(row);
            let order = place.order();
            if previous.as_ref().is_some_and(|(time, none, id)| (*time, *none, id.as_str()) > order) {
                unsorted.get_or_insert(number);
            }
            previous = Some((order.0, order.1, order.2.to_owned()));

            let day = match place.event_time {
                Some(time) => i32::try_from(time.div_euclid(DAY_MICROS)).ok(),
                None => day_of_record(&restorer, row, &mut buffer)?,
            };
            let (source, region) = (place.event_source, place.aws_region);
            let belongs = PartitionRef::new(day, source.unwrap_or_default(), region.unwrap_or_default());
            if !belongs.equivalent(partition) {
                misplaced.get_or_insert_with(|| (number, 0, belongs.to_key().to_string())).1 += 1;
            }
        }
    }
    faults.extend(unsorted.map(|row| Fault::Unsorted { row }));
    faults.extend(misplaced.map(|(row, count, partition)| Fault::Misplaced { row, count, partition }));
    Ok(())
}

/// The day of an event whose time cannot be read.
fn day_of_record(
    restorer: &Restorer<'_>,
    row: usize,
    buffer: &mut Vec<u8>,
) -> Result<Option<i32>, RestoreError> {
    buffer.clear();
    restorer.write(row, buffer)?;
    Ok(match Decoder::new().step(buffer, true) {
        Step::Event(event) => flatten(&event, "").day,
        _ => None,
    })
}
