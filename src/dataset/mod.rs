//! The dataset on its store: data files in Hive directories, rejects beside them.
//!
//! ```text
//! <dataset>/date=2025-03-01/service=kinesis/region=us-east-1/part-<task>-<attempt>-0000.parquet
//! <dataset>/_delta_log/                    which of them are the table, version by version
//! <dataset>/_trailhouse/ledger/            which log objects are in
//! <dataset>/_trailhouse/rejects/           what could not be converted
//! <dataset>/_trailhouse/intents/           what runs are about to do
//! <dataset>/_trailhouse/filters/           which values data files do not hold: a hint, and nothing more
//! ```
//!
//! Files appear whole under their final names or not at all: the store puts them in one go, a local disk by a
//! temporary name and a rename.

mod actions;
mod check;
mod checkpoint;
mod checkpointed;
mod checksum;
mod clearing;
mod compact;
mod content;
mod files;
mod filters;
mod head;
mod intent;
mod known;
mod known_file;
mod ledger;
mod log;
mod log_error;
mod merge;
mod owner;
mod ranged;
mod reject_id;
mod reject_store;
mod rejects;
mod replay;
mod segment;
mod statistics;
mod summary;
mod survey;
mod vacuum;
mod valued;

use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _};
use tokio::sync::Mutex;

pub use check::{Fault, Finding, Inspection};
pub use compact::{Compacted, Compaction, Files};
pub use filters::Lookup;
pub(crate) use filters::SEGMENT_BYTES as FILTER_SEGMENT_BYTES;
pub use head::{Commit, Head, NewFile, NewVersion};
pub use intent::{Claim, Claimed};
pub use known::{Group, KnownEvents};
pub use ledger::{Ledger, LedgerEntry, Standing};
pub use log::Moment;
pub use log_error::LogError;
pub use reject_id::{IdPrefix, RejectId};
pub use reject_store::Selection;
pub use rejects::{RejectFile, StoredReject};
pub use summary::{Content, Share, Summary};
pub use vacuum::Vacuumed;
pub use valued::Valued;

use crate::partition::PartitionKey;
use crate::store::{self, Address, StoreUrl};
use crate::table::RestoreError;
use crate::write::EncodedFile;
use checksum::Checksum;
use filters::FileFilters;
use log::Log;
use reject_store::KnownRejects;
use statistics::Told;

/// Why a dataset cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address names no place for a dataset.
    #[error(transparent)]
    Address(#[from] store::Error),
    /// A web server, which cannot be written to.
    #[error("{dataset} is on a web server; a dataset lies in s3://, gs://, az:// or a directory")]
    Web {
        /// As typed.
        dataset: String,
    },
    /// The directory cannot be made or opened.
    #[error("cannot open the dataset {dataset}: {source}")]
    Unusable {
        /// As typed.
        dataset: String,
        /// What the system said.
        source: io::Error,
    },
    /// A file is there.
    #[error("{dataset} is a file; a dataset is a directory")]
    NotADirectory {
        /// As typed.
        dataset: String,
    },
    /// There is nothing to query.
    #[error("{dataset} holds no data files; `trailhouse convert SOURCE --to {dataset}` makes some")]
    Empty {
        /// As typed.
        dataset: String,
    },
    /// Data files without a log: whoever wrote them did not use trailhouse.
    #[error(
        "{dataset} holds data files but no transaction log, so it can be queried but not added to; convert into an empty \
         directory"
    )]
    NoLog {
        /// As typed.
        dataset: String,
    },
    /// Without a log there is but one state.
    #[error("{dataset} has no transaction log, so there are no earlier versions of it")]
    NoVersions {
        /// As typed.
        dataset: String,
    },
    /// The transaction log cannot be read or written.
    #[error("cannot use the dataset {dataset}: {source}")]
    Log {
        /// As typed.
        dataset: String,
        /// What is wrong.
        source: LogError,
    },
    /// Somebody keeps clearing away what this work writes.
    #[error("every attempt at {task} was cleared away by other runs; is a clock of this machine far off?")]
    TooManyAttempts {
        /// The work.
        task: String,
    },
    /// The store refused.
    #[error("cannot {action} {file}: {}", store::root_cause(source))]
    Store {
        /// What was tried.
        action: &'static str,
        /// The file, and whose it is.
        file: String,
        /// What the store said.
        source: object_store::Error,
    },
    /// A data file that is no readable Parquet file of this table.
    #[error("cannot read {file} of the dataset: {source}; if another program wrote it, move it out")]
    Unreadable {
        /// The file, relative to the dataset.
        file: String,
        /// What is wrong with it.
        source: parquet::errors::ParquetError,
    },
    /// A data file with a row or a column that is not as trailhouse writes it.
    #[error("cannot read {file} of the dataset: {source}; if another program wrote it, move it out")]
    NoEvent {
        /// The file, relative to the dataset.
        file: String,
        /// What is wrong with it.
        source: RestoreError,
    },
    /// The run was stopped for so long that another one has cleared away what it wrote.
    #[error(
        "another run took this one for dead and has cleared away what it wrote; run it again, nothing is lost"
    )]
    GivenUp,
    /// A column that this version would lose.
    #[error(
        "a newer trailhouse has added the column {column} to {dataset}, which this one does not know and would lose; use the newer one"
    )]
    NewerColumns {
        /// As typed.
        dataset: String,
        /// The column.
        column: String,
    },
    /// A thread came to an end before its work did.
    #[error("a worker thread failed; its message is above")]
    Abandoned,
    /// Rejects could not be encoded, which would be a bug.
    #[error("cannot encode rejects: {0}")]
    Rejects(parquet::errors::ParquetError),
    /// A file of rejects whose reasons are not all known.
    #[error(
        "{file} of the dataset names reasons that this version does not know; use the newer trailhouse that wrote it"
    )]
    NewerRejects {
        /// The file, relative to the dataset.
        file: String,
    },
    /// No reject has that id.
    #[error("{dataset} holds no reject {id}; `trailhouse rejects {dataset} list --all` names what it holds")]
    NoSuchReject {
        /// As typed.
        dataset: String,
        /// As typed.
        id: IdPrefix,
    },
    /// Several rejects' ids begin like that.
    #[error("{id} is the beginning of several rejects' ids: {}", candidates.join(", "))]
    AmbiguousReject {
        /// As typed.
        id: IdPrefix,
        /// The first of these ids, in full.
        candidates: Vec<String>,
    },
}

/// How the names of data files begin; what they came with follows, and a number.
pub const DATA_FILE: &str = "part-";

/// A dataset.
#[derive(Debug, Clone)]
pub struct Dataset {
    name: String,
    store: Arc<dyn ObjectStore>,
    log: Log,
    address: Address,
    known_rejects: Arc<Mutex<KnownRejects>>,
}

/// A data file that is there.
#[derive(Debug, Clone)]
pub struct StoredFile {
    /// What the store says of it.
    pub meta: ObjectMeta,
    /// The partition it lies in.
    pub partition: PartitionKey,
    /// Rows in it, if the log says.
    pub rows: Option<u64>,
    /// Its earliest and latest event, or bounds of them, in microseconds since 1970; if the log says.
    pub times: Option<(i64, i64)>,
    /// Whether its rows are known to lie in the order of their times, and of ids within one: trailhouse wrote it, and every row
    /// has a time.
    pub ordered: bool,
    /// Which columns have values; nothing is known of any where the log does not say.
    pub valued: Valued,
    /// What its bytes come to, if the log says.
    checksum: Option<Checksum>,
}

impl From<&NewFile> for StoredFile {
    fn from(new: &NewFile) -> Self {
        let NewFile { file, statistics, checksum, modified, .. } = new;
        let meta = ObjectMeta {
            location: Path::from(file.path.as_str()),
            last_modified: *modified,
            size: file.bytes,
            e_tag: None,
            version: None,
        };
        let Told { times, all_timed, valued, .. } = statistics::told(statistics);
        let partition = file.partition.clone();
        let checksum = Some(*checksum);
        Self { meta, partition, rows: Some(file.rows), times, ordered: all_timed, valued, checksum }
    }
}

impl Dataset {
    /// Opens the dataset to write to, making its directory if need be.
    ///
    /// # Errors
    /// If the address cannot be used, or the directory not be made.
    pub fn create(typed: &str) -> Result<Self, Error> {
        if StoreUrl::parse(typed)?.is_none() {
            let path = store::local_path(typed)?;
            if !path.is_file() {
                let made = std::fs::create_dir_all(&path);
                made.map_err(|source| Error::Unusable { dataset: typed.to_owned(), source })?;
            }
        }
        Self::open(typed)
    }

    /// Opens an existing dataset. In a bucket, whatever lies below that address.
    ///
    /// # Errors
    /// If the address cannot be used, or there is no such directory.
    pub fn open(typed: &str) -> Result<Self, Error> {
        let address = match StoreUrl::parse(typed)? {
            Some(url) if url.is_web() => return Err(Error::Web { dataset: typed.to_owned() }),
            Some(url) => url.open(url.key)?,
            None => {
                let unusable = |source| Error::Unusable { dataset: typed.to_owned(), source };
                let directory = store::local_path(typed)?.canonicalize().map_err(unusable)?;
                if !directory.is_dir() {
                    return Err(Error::NotADirectory { dataset: typed.to_owned() });
                }
                Address::local(&directory)?
            }
        };
        let store = address.below().map_err(|source| Error::Store {
            action: "open",
            file: typed.to_owned(),
            source,
        })?;
        let log = Log::new(store.clone(), address.store().clone(), &address.url()?);
        Ok(Self { name: typed.to_owned(), store, log, address, known_rejects: Arc::default() })
    }

    /// The same dataset through other stores: such as count, or wait, or fail. `wrap` is given the store as it is below the
    /// dataset, and the whole of it.
    ///
    /// # Errors
    /// If its address makes no URL.
    pub fn through(self, wrap: impl Fn(Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore>) -> Result<Self, Error> {
        let store = wrap(self.store.clone());
        let log = Log::new(store.clone(), wrap(self.address.store().clone()), &self.address.url()?);
        Ok(Self { store, log, ..self })
    }

    fn log_refused(&self, source: LogError) -> Error {
        Error::Log { dataset: self.name.clone(), source }
    }

    /// What to say if the store refuses to do something with a file.
    fn refusal(&self, action: &'static str, file: impl fmt::Display, source: object_store::Error) -> Error {
        Error::Store { action, file: format!("{file} of the dataset {}", self.name), source }
    }

    /// As the user typed it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The store, rooted at the dataset.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// Whether an object or directory of that name is the dataset or lies inside it.
    pub fn contains(&self, name: &str) -> bool {
        let place = self.address.name_of(self.address.path());
        let rest = name.strip_prefix(place.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Stores a file under its final name, whole.
    ///
    /// # Errors
    /// If the store refuses, as a full or read-only disk does.
    pub async fn put(&self, file: &str, content: Bytes) -> Result<(), Error> {
        let path = Path::from(file);
        let put = match self.address.directory() {
            Some(_) => self.store.put(&path, content.into()).await.map(|_| ()),
            None => store::put_whole(&self.store, &path, content).await,
        };
        put.map_err(|source| self.refusal("write", file, source))
    }

    /// Stores a data file. It does not count before it is committed.
    ///
    /// # Errors
    /// If the store refuses, as a full or read-only disk does.
    pub async fn put_data_file(&self, encoded: EncodedFile) -> Result<NewFile, Error> {
        let EncodedFile { file, content, footer } = encoded;
        let checksum = Checksum::of(&content);
        let filters = Some(FileFilters::of(&file.partition, checksum, &content, &footer));
        self.put(&file.path, content).await?;
        Ok(NewFile { statistics: statistics::of_file(&footer), checksum, modified: now(), file, filters })
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// If the store refuses.
    pub async fn delete(&self, file: &Path) -> Result<(), Error> {
        match self.store.delete(file).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(self.refusal("delete", file, source)),
        }
    }

    /// The data files of the dataset as of `moment`, in the order of their paths. Where there is no log, as in directories
    /// that others wrote, those that are there.
    ///
    /// # Errors
    /// If the log cannot be read, or does not know that moment; or the store refuses the listing.
    pub async fn data_files(&self, moment: Moment) -> Result<Vec<StoredFile>, Error> {
        let Some(log) = self.log.state_at(moment).await.map_err(|error| self.log_refused(error))? else {
            return match moment {
                // A first run is under way, or has died: nothing counts yet.
                Moment::Latest if self.is_worked_on().await? => Ok(Vec::new()),
                Moment::Latest => self.listed_files(None).await,
                _ => Err(Error::NoVersions { dataset: self.name.clone() }),
            };
        };
        Ok(log.files.iter().collect())
    }

    /// The data files that lie below a directory of the dataset (all of them for `None`), whether they count or not, in
    /// the order of their paths. Files elsewhere than in partition directories are not the dataset's.
    ///
    /// # Errors
    /// If the store refuses the listing.
    pub(crate) async fn listed_files(&self, directory: Option<&str>) -> Result<Vec<StoredFile>, Error> {
        let prefix = directory.map(Path::from);
        let listing = self.store.list(prefix.as_ref());
        let mut files: Vec<StoredFile> = listing
            .try_filter_map(|meta| async move { Ok(data_file(meta)) })
            .try_collect()
            .await
            .map_err(|source| self.refusal("list", directory.unwrap_or("its files"), source))?;
        files.sort_unstable_by(|a, b| a.meta.location.cmp(&b.meta.location));
        Ok(files)
    }

    /// Refuses a dataset whose rows hold more than this version of trailhouse knows, for whoever would lose it.
    ///
    /// # Errors
    /// [`Error::NewerColumns`] if they do; or if the log cannot be read.
    pub async fn require_known_columns(&self) -> Result<(), Error> {
        match self.log.unknown_column().await.map_err(|error| self.log_refused(error))? {
            Some(column) => Err(Error::NewerColumns { dataset: self.name.clone(), column }),
            None => Ok(()),
        }
    }

    /// Whether there is any data file.
    ///
    /// # Errors
    /// If the store refuses the listing.
    pub async fn is_empty(&self) -> Result<bool, Error> {
        let refused = |source| self.refusal("list", "its files", source);
        let mut listing = self.store.list(None);
        while let Some(meta) = listing.next().await {
            if data_file(meta.map_err(refused)?).is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[expect(clippy::disallowed_methods, reason = "the log dates files; no file's content depends on it")]
fn now() -> DateTime<Utc> {
    std::time::SystemTime::now().into()
}

/// Whether a file of that kind came with the work that `stem` names.
fn is_named(file: &Path, kind: &str, stem: &str) -> bool {
    file.filename().is_some_and(|name| names(name, kind, stem))
}

/// Whether a name is that of such a file.
fn names(name: &str, kind: &str, stem: &str) -> bool {
    let rest = name.strip_prefix(kind).and_then(|name| name.strip_prefix(stem));
    rest.is_some_and(|rest| rest.starts_with('-'))
}

fn data_file(meta: ObjectMeta) -> Option<StoredFile> {
    let (directories, name) = meta.location.as_ref().rsplit_once('/')?;
    if !name.ends_with(".parquet") || name.starts_with(['_', '.']) {
        return None;
    }
    let partition = PartitionKey::parse(directories)?;
    let valued = Valued::default();
    Some(StoredFile { meta, partition, rows: None, times: None, ordered: false, valued, checksum: None })
}
