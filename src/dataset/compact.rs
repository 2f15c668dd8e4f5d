//! Bringing the small files of a partition together.
//!
//! Which files belong together follows from the log alone: the files of a partition in the order of their times, as many
//! as make one of the size aimed at. They are merged, some at a time, and replaced by one version of the log. Readers of
//! that version see the same rows as before; the old files stay until `vacuum` deletes them, for readers of earlier
//! versions.
//!
//! Others may add rows meanwhile, which changes nothing here. If others have replaced one of the files, what was made of it
//! does not count.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use chrono::NaiveDate;
use futures::StreamExt as _;
use object_store::path::Path;
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::merge::Merged;
use super::{
    Claim, Claimed, Commit, DATA_FILE, Dataset, Error, FILTER_SEGMENT_BYTES, Head, NewFile, NewVersion,
    StoredFile,
};
use crate::write;

/// What is to be brought together, and how.
#[derive(Debug, Clone)]
pub struct Compaction {
    /// Only partitions of these days.
    pub days: Range<Option<NaiveDate>>,
    /// The size files should have. Those that are larger stay as they are.
    pub target_bytes: u64,
    /// Memory it may take.
    pub memory_limit_bytes: usize,
    /// Files written at a time.
    pub threads: usize,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What was brought together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Compacted {
    /// The version of the log by now.
    pub version: Option<u64>,
    /// Partitions that have fewer files now.
    pub partitions: u64,
    /// Files that were replaced.
    pub replaced: Files,
    /// Files that replace them. What they would be is not known beforehand.
    pub written: Option<Files>,
    /// Copies of events that were left out.
    pub duplicates: u64,
}

/// Files, all in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Files {
    /// How many.
    pub count: u64,
    /// Their size.
    pub bytes: u64,
    /// Their rows.
    pub rows: u64,
}

/// Files of a partition that become one.
type Group = Vec<StoredFile>;

/// Files of a group. More of them are brought together step by step.
const GROUP_FILES: usize = 256;

/// What is committed at a time: so many bytes, as stored, and so many groups.
const BATCH_BYTES: u64 = 1 << 30;
const BATCH_GROUPS: usize = 1000;

/// A group has this share of the memory for its files, and the same for rows on their way: the files are held as they were
/// and as they will be.
const MEMORY_SHARE: usize = 4;

impl Files {
    fn add(&mut self, bytes: u64, rows: u64) {
        *self = Self { count: self.count + 1, bytes: self.bytes + bytes, rows: self.rows + rows };
    }
}

impl Compaction {
    /// The groups there are, in batches to be committed together.
    fn plan(&self, head: &Head, left_to_others: &BTreeSet<Path>) -> Vec<Vec<Group>> {
        let is_meant = |file: &StoredFile| {
            let date = file.partition.date();
            let late_enough = self.days.start.is_none_or(|start| date.is_some_and(|date| date >= start));
            let early_enough = self.days.end.is_none_or(|end| date.is_some_and(|date| date < end));
            late_enough && early_enough && !left_to_others.contains(&file.meta.location)
        };
        let files: Vec<StoredFile> = head.files().iter().filter(is_meant).collect();
        let groups = files.chunk_by(|a, b| a.partition == b.partition).flat_map(|files| self.groups(files));
        let mut batches: Vec<Vec<Group>> = Vec::new();
        let mut bytes = 0;
        for group in groups {
            let more = size_of(&group);
            match batches.last_mut() {
                Some(batch) if bytes + more <= BATCH_BYTES && batch.len() < BATCH_GROUPS => batch.push(group),
                _ => {
                    bytes = 0;
                    batches.push(vec![group]);
                }
            }
            bytes += more;
        }
        batches
    }

    /// The groups of a partition: of two files or more.
    fn groups(&self, files: &[StoredFile]) -> Vec<Group> {
        let most = self.target_bytes.min((self.memory_limit_bytes / MEMORY_SHARE) as u64);
        let mut files: Vec<&StoredFile> = files.iter().filter(|file| file.meta.size < most).collect();
        files.sort_by_key(|file| file.times);
        let mut groups: Vec<Group> = Vec::new();
        for file in files {
            match groups.last_mut() {
                Some(group) if group.len() < GROUP_FILES && size_of(group) + file.meta.size <= most => {
                    group.push(file.clone());
                }
                _ => groups.push(vec![file.clone()]),
            }
        }
        groups.retain(|group| group.len() > 1);
        // Of copies, that of the file ahead stays: the one that was there first.
        groups.iter_mut().for_each(|group| group.sort_by_key(|file| file.meta.last_modified));
        groups
    }
}

fn size_of(group: &[StoredFile]) -> u64 {
    group.iter().map(|file| file.meta.size).sum()
}

/// The name of the work: the same files to be brought together are the same work.
fn task_id(groups: &[Group]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"compact");
    for file in groups.iter().flatten() {
        let path = file.meta.location.as_ref();
        hasher.update(&(path.len() as u64).to_le_bytes()).update(path.as_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

impl Dataset {
    /// Brings small files together until there are none that belong together.
    ///
    /// # Errors
    /// If the dataset cannot be read or written; what was committed until then stays. If a newer trailhouse has added
    /// columns, which this one would lose.
    pub async fn compact(&self, compaction: &Compaction) -> Result<Compacted, Error> {
        let mut head = self.head().await?;
        self.require_known_columns().await?;
        let mut compacted = Compacted::default();
        let mut partitions = BTreeSet::new();
        let mut left_to_others = BTreeSet::new();
        if compaction.dry_run {
            for file in compaction.plan(&head, &left_to_others).iter().flatten().flatten() {
                compacted.replaced.add(file.meta.size, file.rows.unwrap_or_default());
                partitions.insert(file.partition.clone());
            }
        } else {
            head = self.recover(head).await?;
            while let Some(batch) = compaction.plan(&head, &left_to_others).into_iter().next() {
                partitions.extend(batch.iter().flatten().map(|file| file.partition.clone()));
                head =
                    self.compact_batch(head, batch, compaction, &mut compacted, &mut left_to_others).await?;
            }
            compacted.written.get_or_insert_default();
        }
        compacted.partitions = partitions.len() as u64;
        compacted.version = head.version();
        Ok(compacted)
    }

    /// Brings a batch together, unless another run does. The dataset by then.
    async fn compact_batch(
        &self,
        head: Head,
        mut batch: Vec<Group>,
        compaction: &Compaction,
        compacted: &mut Compacted,
        left_to_others: &mut BTreeSet<Path>,
    ) -> Result<Head, Error> {
        let (claim, head) = match self.claim(&head, &task_id(&batch)).await? {
            Claimed::Mine(claim, head) => (claim, head),
            Claimed::Theirs(who) => {
                tracing::info!(who, "another run brings these files together");
                left_to_others.extend(batch.into_iter().flatten().map(|file| file.meta.location));
                return Ok(head);
            }
        };
        // Since it was planned, others may have replaced some.
        batch.retain(|group| group.iter().all(|file| head.has_file(&file.meta.location)));
        let settled = async {
            let written = self.write_groups(&batch, claim.stem(), compaction).await?;
            self.replace(&claim, head.clone(), batch, written, compaction.target_bytes, compacted).await
        };
        match settled.await {
            Ok(newer) => {
                claim.release().await?;
                Ok(newer)
            }
            Err(error) => {
                // What cannot be cleared away now will be by the next run.
                if let Err(error) = claim.give_up(&head).await {
                    tracing::warn!(%error, "cannot clear away what was written");
                }
                Err(error)
            }
        }
    }

    /// Writes a file for each group.
    async fn write_groups(
        &self,
        groups: &[Group],
        stem: &str,
        compaction: &Compaction,
    ) -> Result<Vec<(NewFile, u64)>, Error> {
        const UNIT: u64 = 1 << 10;
        let memory_bytes = compaction.memory_limit_bytes / MEMORY_SHARE;
        let budget = memory_bytes as u64 / UNIT + 1;
        let semaphore = Arc::new(Semaphore::new(budget as usize));
        let writing = groups.iter().enumerate().map(|(number, group)| {
            let (dataset, group, semaphore) = (self.clone(), group.clone(), semaphore.clone());
            let stem = format!("{DATA_FILE}{stem}");
            let units = (size_of(&group) / UNIT + 1).min(budget);
            // All that are written at a time share the memory for rows on their way.
            let rows_bytes = (memory_bytes as u64 * units / budget) as usize;
            async move {
                let _permit = semaphore.acquire_many_owned(units as u32).await;
                let writing = tokio::task::spawn_blocking(move || {
                    Handle::current().block_on(async {
                        // A group has two files or more.
                        let path = write::file_path(&group[0].partition, &stem, number as u32);
                        let Merged { file, duplicates } = dataset.merge(&group, path, rows_bytes).await?;
                        tracing::debug!(path = file.file.path, files = group.len(), "written");
                        Ok((dataset.put_data_file(file).await?, duplicates))
                    })
                });
                // It ends by a panic alone, which is told on its own.
                writing.await.map_err(|_| Error::Abandoned)?
            }
        });
        // All of them come to an end, so that nothing is still being written when what was is cleared away.
        let mut writing = futures::stream::iter(writing).buffered(compaction.threads);
        let (mut written, mut failed): (Vec<(NewFile, u64)>, _) = (Vec::new(), None);
        let mut filter_bytes = 0;
        while let Some(done) = writing.next().await {
            match done {
                Ok((file, duplicates)) => {
                    filter_bytes += file.filter_bytes();
                    written.push((file, duplicates));
                }
                Err(error) => failed = failed.or(Some(error)),
            }
            if filter_bytes > FILTER_SEGMENT_BYTES {
                filter_bytes = 0;
                let files = written.iter_mut().map(|(file, _)| file);
                failed = failed.or(self.take_filters(stem, files).await.err());
            }
        }
        failed.map_or(Ok(written), Err)
    }

    /// Commits what was written in place of the groups, unless somebody else has replaced their files.
    async fn replace(
        &self,
        claim: &Claim,
        mut head: Head,
        groups: Vec<Group>,
        written: Vec<(NewFile, u64)>,
        target_bytes: u64,
        compacted: &mut Compacted,
    ) -> Result<Head, Error> {
        let duplicates: u64 = written.iter().map(|(_, duplicates)| duplicates).sum();
        let version = NewVersion {
            added: written.into_iter().map(|(file, _)| file).collect(),
            removed: groups.into_iter().flatten().collect(),
            stem: claim.stem().to_owned(),
            target_bytes,
            ..NewVersion::default()
        };
        if version.is_empty() {
            return Ok(head);
        }
        loop {
            match self.commit(&head, &version).await? {
                Commit::Done(newer) => {
                    for file in &version.removed {
                        compacted.replaced.add(file.meta.size, file.rows.unwrap_or_default());
                    }
                    let written = compacted.written.get_or_insert_default();
                    for NewFile { file, .. } in &version.added {
                        written.add(file.bytes, file.rows);
                    }
                    compacted.duplicates += duplicates;
                    return Ok(newer);
                }
                Commit::Overtaken(newer) => head = newer,
            }
            if !claim.is_held().await? {
                return Err(Error::GivenUp);
            }
            if !version.removed.iter().all(|file| head.has_file(&file.meta.location)) {
                tracing::info!(stem = claim.stem(), "another run has replaced some of these files");
                claim.clear(&head).await?;
                return Ok(head);
            }
        }
    }
}
