//! All that lies in the dataset's place, and who is working on it.
//!
//! What is there is listed before the claims, and whoever looks reads the log after both. Files are claimed before they
//! are written, and the claim is released when the log names them: so a file that is listed, not claimed, and not named by
//! the log is nobody's.

use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore as _};
use walkdir::WalkDir;

use super::filters::{self, SegmentName};
use super::intent::MARK;
use super::ledger::SegmentId;
use super::rejects::{self, REJECT_FILE};
use super::{DATA_FILE, Dataset, Error, Head, data_file, intent, is_named};

/// What lies in a dataset's place.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Data files, files of rejects and segments of the ledger, in the order of their paths.
    files: Vec<ObjectMeta>,
    /// Segments of filters.
    filters: Vec<ObjectMeta>,
    /// Marks of claims that were given up.
    marks: Vec<ObjectMeta>,
    half_written: Vec<HalfWritten>,
    /// What the names of files begin with that runs are writing.
    stems: Vec<String>,
}

/// A file of a local disk that was never renamed to what it was to be: no listing shows it.
#[derive(Debug, Clone)]
pub(super) struct HalfWritten {
    pub(super) file: PathBuf,
    pub(super) modified: DateTime<Utc>,
    pub(super) bytes: u64,
    /// Below the dataset, the name it was to have.
    pub(super) path: Path,
}

impl HalfWritten {
    /// Deletes it, if it is there.
    ///
    /// # Errors
    /// If the system refuses.
    pub(super) fn delete(&self) -> Result<(), Error> {
        match std::fs::remove_file(&self.file) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                let file = self.file.display().to_string();
                let source = object_store::Error::Generic { store: "LocalFileSystem", source: source.into() };
                Err(Error::Store { action: "delete", file, source })
            }
            _ => Ok(()),
        }
    }
}

impl Dataset {
    /// Lists what lies in the dataset's place.
    ///
    /// # Errors
    /// If the store refuses.
    pub(super) async fn survey(&self) -> Result<Survey, Error> {
        let refused = |source| self.refusal("list", "its files", source);
        let mut survey = Survey { half_written: self.half_written(), ..Survey::default() };
        let mut listing = self.store.list(None);
        while let Some(meta) = listing.try_next().await.map_err(refused)? {
            let path = meta.location.as_ref();
            if path.starts_with(intent::DIRECTORY) && path.ends_with(MARK) {
                survey.marks.push(meta);
            } else if SegmentName::of(&meta.location).is_some() {
                survey.filters.push(meta);
            } else if is_ours(&meta) {
                survey.files.push(meta);
            }
        }
        survey.files.sort_unstable_by(|a, b| a.location.cmp(&b.location));
        survey.stems = self.stems_in_work().await?;
        Ok(survey)
    }

    /// The half-written files there are.
    pub(super) fn half_written(&self) -> Vec<HalfWritten> {
        let Some(directory) = self.address.directory() else {
            return Vec::new();
        };
        let entries = WalkDir::new(directory).into_iter().filter_map(Result::ok);
        let half_written = entries.filter_map(|entry| {
            // The store writes a file under its own name and, behind it, `#` and a number.
            let below = entry.path().strip_prefix(directory).ok()?.to_str()?;
            let (path, number) = below.rsplit_once('#')?;
            if !entry.file_type().is_file() || number.parse::<u64>().is_err() {
                return None;
            }
            let metadata = entry.metadata().ok()?;
            let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let path = Path::from(path.replace(std::path::MAIN_SEPARATOR, "/"));
            Some(HalfWritten {
                path,
                modified: modified.into(),
                bytes: metadata.len(),
                file: entry.into_path(),
            })
        });
        half_written.collect()
    }
}

impl Survey {
    /// Files that do not count as of `head`.
    pub(super) fn uncounted<'a>(&'a self, head: &'a Head) -> impl Iterator<Item = &'a Path> {
        self.files.iter().map(|meta| &meta.location).filter(|path| !counts(head, path))
    }

    /// When a file was written.
    pub(super) fn modified(&self, path: &Path) -> Option<DateTime<Utc>> {
        let at = self.files.binary_search_by(|meta| meta.location.cmp(path)).ok()?;
        Some(self.files[at].last_modified)
    }

    /// The size of a file.
    pub(super) fn size(&self, path: &Path) -> u64 {
        let at = self.files.binary_search_by(|meta| meta.location.cmp(path));
        at.map_or(0, |at| self.files[at].size)
    }

    /// Whether a run is writing it, or left it and was not cleared away yet.
    pub(super) fn is_in_progress(&self, path: &Path) -> bool {
        let segment = SegmentId::of_path(path);
        self.stems.iter().any(|stem| {
            is_named(path, DATA_FILE, stem)
                || is_named(path, REJECT_FILE, stem)
                || is_named(path, filters::SEGMENT, stem)
                || segment.is_some_and(|id| id.is_of(stem))
        })
    }

    /// Segments of filters that no run is about to bring.
    pub(super) fn filters(&self) -> impl Iterator<Item = &ObjectMeta> {
        self.filters.iter().filter(|meta| !self.is_in_progress(&meta.location))
    }

    pub(super) fn half_written(&self) -> &[HalfWritten] {
        &self.half_written
    }

    pub(super) fn marks(&self) -> &[ObjectMeta] {
        &self.marks
    }
}

/// Whether a file is part of the dataset as of `head`.
fn counts(head: &Head, path: &Path) -> bool {
    match (SegmentId::of_path(path), rejects::stem_of(path)) {
        (Some(id), _) => head.ledger().holds(id),
        (_, Some(stem)) => head.ledger().has_rejects(stem),
        _ => head.has_file(path),
    }
}

/// Whether a file lies where files of a dataset lie, whoever has written it.
fn is_ours(meta: &ObjectMeta) -> bool {
    let path = &meta.location;
    SegmentId::of_path(path).is_some()
        || rejects::stem_of(path).is_some()
        || data_file(meta.clone()).is_some()
}
