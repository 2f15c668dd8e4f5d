//! The dataset as it stands, and how it is changed: one version of the log and one segment of the ledger at a time.
//!
//! 1. The work is claimed ([`super::Claim`]).
//! 2. Data files and files of rejects are written, each whole under its final name.
//! 3. The segment of the ledger is written, and one of the data files' filters.
//! 4. The log gets a version that names the data files and the segment: from here on they count, all at once.
//! 5. The claim is released.
//!
//! Whatever happens between, what does not count is cleared away by whoever comes next.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use object_store::path::Path;

use super::checksum::Checksum;
use super::files::Files;
use super::filters::FileFilters;
use super::ledger::SegmentId;
use super::log::LogState;
use super::{DATA_FILE, Dataset, Error, Ledger, LedgerEntry, StoredFile, names};
use crate::write::DataFile;

/// The dataset as it stands at a version.
#[derive(Debug, Clone, Default)]
pub struct Head {
    log: Option<LogState>,
    ledger: Arc<Ledger>,
}

/// A data file that was written and does not count yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NewFile {
    /// Where and what it is.
    pub file: DataFile,
    /// What the log says of its columns.
    pub(super) statistics: String,
    /// What its bytes come to.
    pub(super) checksum: Checksum,
    /// When it was written.
    pub(super) modified: DateTime<Utc>,
    /// Its bloom filters, until they are stored.
    pub(super) filters: Option<FileFilters>,
}

/// What a version changes.
#[derive(Debug, Default)]
pub struct NewVersion {
    /// Data files that count from now on.
    pub added: Vec<NewFile>,
    /// Data files that count no more: those that are added hold their rows.
    pub removed: Vec<StoredFile>,
    /// The size up to which they were brought together.
    pub target_bytes: u64,
    /// Log objects that are in from now on.
    pub objects: Vec<LedgerEntry>,
    /// How the work's files are named.
    pub stem: String,
    /// Whether it brings files of rejects.
    pub has_rejects: bool,
}

/// What became of a version.
#[derive(Debug)]
pub enum Commit {
    /// It counts; this is the dataset now.
    Done(Head),
    /// Another run was faster; nothing was changed, and this is the dataset now.
    Overtaken(Head),
}

impl NewFile {
    /// The size of its filters, if they are not stored yet.
    pub(crate) fn filter_bytes(&self) -> usize {
        self.filters.as_ref().map_or(0, FileFilters::memory_size)
    }
}

impl NewVersion {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.objects.is_empty() && !self.has_rejects
    }
}

impl Head {
    /// The version of the log; `None` if nothing was ever committed.
    pub fn version(&self) -> Option<u64> {
        self.log.as_ref().map(LogState::version)
    }

    /// The data files, in the order of their paths.
    pub(super) fn files(&self) -> &Files {
        static NONE: Files = Files::none();
        self.log.as_ref().map_or(&NONE, |log| &log.files)
    }

    /// The log objects that are in.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    pub(super) fn log(&self) -> Option<&LogState> {
        self.log.as_ref()
    }

    /// Whether a data file counts.
    pub(super) fn has_file(&self, path: &Path) -> bool {
        self.files().contain(path)
    }

    /// Whether files count, or counted among the rejects, whose names begin with `stem`.
    pub(super) fn has_files_of(&self, stem: &str) -> bool {
        self.ledger.has_rejects(stem) || self.files().any_name(|name| names(name, DATA_FILE, stem))
    }

    fn segment(&self) -> Option<SegmentId> {
        self.log.as_ref().and_then(|log| log.segment).map(SegmentId)
    }
}

impl Dataset {
    /// The dataset as it stands.
    ///
    /// # Errors
    /// If the log or the ledger cannot be read, or there is none beside data files that somebody else wrote.
    pub async fn head(&self) -> Result<Head, Error> {
        match self.log.state().await.map_err(|error| self.log_refused(error))? {
            Some(log) => self.head_at(log).await,
            None if self.is_empty().await? || self.is_worked_on().await? => Ok(Head::default()),
            None => Err(Error::NoLog { dataset: self.name.clone() }),
        }
    }

    /// The dataset as it stands, as far as the log tells it.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub(super) async fn head_without_ledger(&self) -> Result<Head, Error> {
        let Some(log) = self.log.state().await.map_err(|error| self.log_refused(error))? else {
            return Ok(Head::default());
        };
        Ok(Head { log: Some(log), ledger: Arc::default() })
    }

    /// The dataset as it stands by now.
    ///
    /// # Errors
    /// As [`Self::head`].
    pub async fn refreshed(&self, head: &Head) -> Result<Head, Error> {
        match &head.log {
            None => self.head().await,
            Some(log) => {
                let newer = self.log.refreshed(log).await.map_err(|error| self.log_refused(error))?;
                if newer.version() == log.version() { Ok(head.clone()) } else { self.head_at(newer).await }
            }
        }
    }

    async fn head_at(&self, mut log: LogState) -> Result<Head, Error> {
        let ledger = loop {
            match self.read_ledger(log.segment.map(SegmentId)).await {
                // Another run has taken a segment into its own meanwhile, and cleared it away.
                Err(Error::Store { source: object_store::Error::NotFound { .. }, .. })
                    if self.log.refreshed(&log).await.map_err(|error| self.log_refused(error))?.version()
                        > log.version() =>
                {
                    log = self.log.refreshed(&log).await.map_err(|error| self.log_refused(error))?;
                }
                read => break read?,
            }
        };
        Ok(Head { log: Some(log), ledger: ledger.into() })
    }

    /// Puts a version on top of `head`.
    ///
    /// # Errors
    /// If the store refuses; then the version does not count.
    pub async fn commit(&self, head: &Head, version: &NewVersion) -> Result<Commit, Error> {
        let segment = match version.objects.is_empty() && !version.has_rejects {
            true => None,
            false => {
                let NewVersion { stem, objects, has_rejects, .. } = version;
                let segment =
                    self.new_segment(head.ledger(), head.segment(), stem, objects, *has_rejects).await?;
                self.put(segment.path.as_ref(), segment.content).await?;
                Some(segment.id)
            }
        };
        let filters = version.added.iter().filter_map(|file| file.filters.clone()).collect();
        self.put_filters(&version.stem, filters).await?;
        let segment_id = segment.map(|id| id.0);
        let committed = self.log.commit(head.log.as_ref(), version, segment_id).await;
        let (committed, newer) = match (committed, self.refreshed(head).await) {
            (committed, Ok(newer)) => (committed, newer),
            (Ok(_), Err(error)) => return Err(error),
            (Err(error), Err(_)) => return Err(self.log_refused(error)),
        };
        // The store may have done what it said it had not: an answer can be lost on its way. What the log says of it holds,
        // even if others have replaced the files since, or taken the segment into theirs.
        let counts = match (&committed, newer.log()) {
            (Ok(true), _) => true,
            (_, None) => false,
            (_, Some(log)) => {
                let brought = self.log.brought(head.log(), log, version, segment_id).await;
                brought.map_err(|error| self.log_refused(error))?
            }
        };
        match committed {
            _ if counts => {
                self.tidy_filters(head.version(), &newer).await;
                Ok(Commit::Done(newer))
            }
            Err(error) => Err(self.log_refused(error)),
            Ok(_) => {
                if let Some(id) = segment {
                    self.delete(&id.path()).await?;
                }
                Ok(Commit::Overtaken(newer))
            }
        }
    }
}
