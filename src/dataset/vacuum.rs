//! Deleting what no version needs that can still be asked for, and what dead runs left.
//!
//! Versions of the last days are kept whole: those that stood when the retention began, and all since. Of the ledger and the
//! rejects nothing is deleted that such a version leads to. What is named as trailhouse names its files, that no run claims
//! and no version names, has come of a run that is dead; it goes at once. Whatever else lies between the data files may be
//! another program's work in progress, and goes when it is older than the retention.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt as _, TryStreamExt as _};
use hashbrown::HashSet;
use object_store::ObjectStore as _;
use object_store::path::Path;
use serde::Serialize;

use super::checksum::Checksum;
use super::ledger::{Manifest, SegmentId};
use super::survey::Survey;
use super::{DATA_FILE, Dataset, Error, Head, rejects};

/// What was deleted, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Vacuumed {
    /// The first version that can be asked for from now on; `None` if there is none at all.
    pub first_version: Option<u64>,
    /// Data files.
    pub data_files: u64,
    /// Segments of the ledger and of filters, files of rejects, marks, and files that were never finished.
    pub other_files: u64,
    /// The size of all of them.
    pub bytes: u64,
    /// Files that are not needed now and stay, for versions that are still to be kept.
    pub kept: u64,
}

/// What the versions that are kept need.
#[derive(Default)]
struct Needed {
    first_version: Option<u64>,
    files: HashSet<Path>,
    /// What the bytes of these come to, as far as the log says.
    checksums: HashSet<Checksum>,
    /// As of the first of these versions, and of the last.
    manifests: Vec<Manifest>,
    /// Segments that came behind this one are needed by versions between.
    since: Option<SegmentId>,
}

impl Needed {
    fn has(&self, path: &Path) -> bool {
        if let Some(id) = SegmentId::of_path(path) {
            return Some(id) > self.since || self.manifests.iter().any(|manifest| manifest.holds(id));
        }
        match rejects::stem_of(path) {
            Some(stem) => self.manifests.iter().any(|manifest| manifest.has_rejects(stem)),
            None => self.files.contains(path),
        }
    }
}

impl Dataset {
    /// Deletes what the versions of the time since `retention` ago do not need. Only says what, for a `dry_run`.
    ///
    /// # Errors
    /// If the log cannot be read, or the store refuses; what was deleted until then is.
    pub async fn vacuum(&self, retention: TimeDelta, dry_run: bool) -> Result<Vacuumed, Error> {
        if !dry_run {
            self.recover(self.head().await?).await?;
        }
        let survey = self.survey().await?;
        let head = self.head().await?;
        let since = super::now() - retention;
        let needed = self.needed_since(&head, since).await?;

        let mut vacuumed = Vacuumed { first_version: needed.first_version, ..Vacuumed::default() };
        let mut files = Vec::new();
        for path in survey.uncounted(&head) {
            if needed.has(path) || survey.is_in_progress(path) || !may_go(&survey, path, since) {
                vacuumed.kept += u64::from(needed.has(path));
                continue;
            }
            match SegmentId::of_path(path).is_some() || rejects::stem_of(path).is_some() {
                true => vacuumed.other_files += 1,
                false => vacuumed.data_files += 1,
            }
            vacuumed.bytes += survey.size(path);
            files.push(path.clone());
        }
        // A run that was given up finds out by its mark when it wakes up; none sleeps that long.
        for mark in survey.marks().iter().filter(|mark| mark.last_modified < since) {
            vacuumed.other_files += 1;
            vacuumed.bytes += mark.size;
            files.push(mark.location.clone());
        }
        let half_written: Vec<_> = survey
            .half_written()
            .iter()
            .filter(|left| left.modified < since && !survey.is_in_progress(&left.path))
            .collect();
        vacuumed.other_files += half_written.len() as u64;
        vacuumed.bytes += half_written.iter().map(|left| left.bytes).sum::<u64>();
        for meta in self.unneeded_filters(survey.filters(), &needed.checksums, dry_run).await? {
            vacuumed.other_files += 1;
            vacuumed.bytes += meta.size;
            files.push(meta.location);
        }
        if !dry_run {
            self.delete_all(&files).await?;
            half_written.iter().try_for_each(|left| left.delete())?;
            self.remove_empty_directories(&files);
        }
        Ok(vacuumed)
    }

    async fn needed_since(&self, head: &Head, since: DateTime<Utc>) -> Result<Needed, Error> {
        let Some(latest) = head.log() else {
            return Ok(Needed::default());
        };
        let refused = |error| self.log_refused(error);
        // If it is younger than that, all of its versions are kept.
        let first = self.log.state_since(since).await.map_err(refused)?;
        let before = first.files.iter().map(|file| (file.meta.location, file.checksum));
        let later = self.log.added(Some(first.version()), latest.version()).await.map_err(refused)?;
        let (files, checksums): (HashSet<Path>, Vec<_>) = before.chain(later).unzip();
        let since = first.segment.map(SegmentId);
        let mut manifests = vec![head.ledger().manifest().clone()];
        if let Some(id) = since {
            match self.manifest_of(id).await {
                Ok(manifest) => manifests.push(manifest),
                // It was deleted under a shorter retention, and with it what it led to.
                Err(Error::Store { source: object_store::Error::NotFound { .. }, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let checksums = checksums.into_iter().flatten().collect();
        Ok(Needed { first_version: Some(first.version()), files, checksums, manifests, since })
    }

    /// Deletes files, those of them that are there.
    ///
    /// # Errors
    /// If the store refuses.
    pub(super) async fn delete_all(&self, files: &[Path]) -> Result<(), Error> {
        let files: Vec<_> = files.iter().cloned().map(Ok).collect();
        let mut deleted = self.store.delete_stream(futures::stream::iter(files).boxed());
        loop {
            match deleted.try_next().await {
                Ok(None) => return Ok(()),
                Ok(Some(_)) | Err(object_store::Error::NotFound { .. }) => {}
                Err(source) => {
                    return Err(self.refusal("delete", "files", source));
                }
            }
        }
    }

    /// Partition directories in which nothing is left would be empty partitions to readers of directories.
    fn remove_empty_directories(&self, files: &[Path]) {
        let Some(root) = self.address.directory() else {
            return;
        };
        let ours = files.iter().filter(|path| !path.as_ref().starts_with('_'));
        let mut directories: BTreeSet<&str> = BTreeSet::new();
        for path in ours {
            let mut path = path.as_ref();
            while let Some((directory, _)) = path.rsplit_once('/') {
                directories.insert(directory);
                path = directory;
            }
        }
        // The deepest come first. One that is not empty stays, which is all right.
        for directory in directories.iter().rev() {
            std::fs::remove_dir(root.join(directory)).ok();
        }
    }
}

/// Whether a file that nothing needs is ours, or old enough.
fn may_go(survey: &Survey, path: &Path, since: DateTime<Utc>) -> bool {
    let is_data_file = SegmentId::of_path(path).is_none() && rejects::stem_of(path).is_none();
    !is_data_file || is_our_data_file(path) || survey.modified(path).is_some_and(|modified| modified < since)
}

/// Whether a data file is named as trailhouse names them.
pub(super) fn is_our_data_file(path: &Path) -> bool {
    path.filename().is_some_and(is_our_name)
}

/// Whether a name is `part-<task>-<attempt>-<number>.parquet`, or that of events which were rejects before.
fn is_our_name(name: &str) -> bool {
    let Some(parts) = name.strip_prefix(DATA_FILE).and_then(|name| name.strip_suffix(".parquet")) else {
        return false;
    };
    let parts: Vec<&str> = parts.strip_prefix("retry-").unwrap_or(parts).split('-').collect();
    let [task, attempt, number] = parts.as_slice() else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    task.len() == 16
        && task.bytes().all(|byte| byte.is_ascii_hexdigit())
        && is_number(attempt)
        && is_number(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_those_of_others() {
        assert!(is_our_name("part-b351752d0d6944ca-0-0065.parquet"));
        assert!(is_our_name("part-retry-b351752d0d6944ca-12-0000.parquet"));
        for name in [
            "part-00000-2befed33-c358-4768-a43c-3eda0d2a499d-c000.snappy.parquet",
            "part-b351752d0d6944ca-0-.parquet",
            "part-b351752d0d6944ca-0-1.parquet.crc",
            "data.parquet",
        ] {
            assert!(!is_our_name(name), "{name}");
        }
    }
}
