//! Segments come and go: one with each commit, small ones into larger ones, and those that nothing needs any more.
//!
//! All of it may be done by several at a time. What is written is true whoever wrote it, and what is merged is named by what
//! is in it, so that those who merge the same write the same.

use futures::{StreamExt as _, TryStreamExt as _};
use hashbrown::HashSet;
use object_store::path::Path;
use object_store::{Error::NotFound, ObjectMeta, ObjectStore as _};

use super::{DIRECTORY, FileFilters, MERGED, SEGMENT_BYTES, SegmentName, segment};
use crate::dataset::checksum::Checksum;
use crate::dataset::content::ContentError;
use crate::dataset::{Dataset, Error, Head, NewFile};

/// Small segments are merged with every so many versions.
const MERGE_VERSIONS: u64 = 10;

/// Segments are merged up to one of this many times the size of all smaller ones together.
const MERGE_FACTOR: u64 = 2;

/// Segments read at a time.
const READS: usize = 8;

/// How many of the segments of these sizes, the smallest first, are to be merged.
fn small_segments(sizes: impl Iterator<Item = u64>) -> usize {
    let (mut small, mut bytes) = (0, 0);
    for (position, size) in sizes.enumerate() {
        if size > SEGMENT_BYTES as u64 - bytes {
            break;
        }
        if size <= bytes * MERGE_FACTOR {
            small = position + 1;
        }
        bytes += size;
    }
    small
}

impl Dataset {
    /// Stores the filters of files that came of the work named `stem`. They are known from then on, whether the files count or
    /// not.
    ///
    /// # Errors
    /// If the store refuses.
    pub(in crate::dataset) async fn put_filters(
        &self,
        stem: &str,
        files: Vec<FileFilters>,
    ) -> Result<Option<Path>, Error> {
        if files.is_empty() {
            return Ok(None);
        }
        let encoded = segment::encode(files, stem);
        let encoded = encoded.map_err(|source| ContentError::File(source).of(&Path::from(DIRECTORY)))?;
        self.put(encoded.path.as_ref(), encoded.content).await?;
        Ok(Some(encoded.path))
    }

    /// Stores the filters of new files ahead of the version that brings them, as those of many files are too much to hold.
    ///
    /// # Errors
    /// If the store refuses.
    pub(crate) async fn take_filters<'f>(
        &self,
        stem: &str,
        files: impl Iterator<Item = &'f mut NewFile>,
    ) -> Result<(), Error> {
        let filters = files.filter_map(|file| file.filters.take()).collect();
        self.put_filters(stem, filters).await.map(drop)
    }

    /// The segments that are there, whether their files count or not.
    ///
    /// # Errors
    /// If the store refuses.
    pub(in crate::dataset) async fn list_filters(&self) -> Result<Vec<ObjectMeta>, Error> {
        let listing = self.store.list(Some(&Path::from(DIRECTORY)));
        let segments = listing.try_filter_map(|meta| async move {
            Ok(SegmentName::of(&meta.location).is_some().then_some(meta))
        });
        segments.try_collect().await.map_err(|source| self.refusal("list", DIRECTORY, source))
    }

    /// Merges small segments, if one of the versions behind `before` is one with which it is due. If it cannot be done, it
    /// will be done with a later one.
    pub(in crate::dataset) async fn tidy_filters(&self, before: Option<u64>, head: &Head) {
        let tens = |version: Option<u64>| version.map_or(0, |version| (version + 1) / MERGE_VERSIONS);
        if tens(head.version()) > tens(before)
            && let Err(error) = self.merge_filters(head).await
        {
            tracing::warn!(%error, "cannot merge segments of filters");
        }
    }

    /// Merges small segments.
    ///
    /// # Errors
    /// If the store refuses; then all stay.
    pub(super) async fn merge_filters(&self, head: &Head) -> Result<(), Error> {
        let mut segments = self.list_filters().await?;
        // Others are about to be committed, or cleared away.
        segments.retain(|meta| SegmentName::of(&meta.location).is_some_and(|name| name.counts(head)));
        segments.sort_unstable_by(|a, b| (a.size, &a.location).cmp(&(b.size, &b.location)));
        segments.truncate(small_segments(segments.iter().map(|meta| meta.size)));
        if segments.len() < 2 {
            return Ok(());
        }
        let (mut merged, mut files) = (Vec::new(), Vec::new());
        let reading = segments.into_iter().map(|meta| async move {
            let read = self.read_filters(&meta).await;
            (meta.location, read)
        });
        let mut reading = futures::stream::iter(reading).buffered(READS);
        while let Some((path, read)) = reading.next().await {
            match read {
                Ok(more) => {
                    files.extend(more);
                    merged.push(path);
                }
                // Somebody else has merged it meanwhile.
                Err(Error::Store { source: NotFound { .. }, .. }) => {}
                // It is left for `vacuum`.
                Err(error @ Error::Unreadable { .. }) => {
                    tracing::warn!(%error, "a segment of filters is damaged, which makes queries slower");
                }
                Err(error) => return Err(error),
            }
        }
        if merged.len() < 2 {
            return Ok(());
        }
        let written = self.put_filters(MERGED, files).await?;
        merged.retain(|path| written.as_ref() != Some(path));
        self.delete_all(&merged).await
    }

    /// All entries of a segment.
    ///
    /// # Errors
    /// If the store refuses; [`Error::Unreadable`] if it is damaged.
    pub(in crate::dataset) async fn read_filters(
        &self,
        meta: &ObjectMeta,
    ) -> Result<Vec<FileFilters>, Error> {
        let segment = self.open_filters(meta).await?;
        let mut files = Vec::new();
        for row_group in 0..segment.row_groups() {
            files.extend(segment.all(row_group).await?);
        }
        Ok(files)
    }

    /// Of these segments, those to be deleted: they are damaged, or have entries for the most part that nobody needs, since
    /// their files are not among the `needed` ones. The entries that are needed still are stored again, but for a `dry_run`.
    ///
    /// # Errors
    /// If the store refuses.
    pub(in crate::dataset) async fn unneeded_filters<'s>(
        &self,
        segments: impl Iterator<Item = &'s ObjectMeta>,
        needed: &HashSet<Checksum>,
        dry_run: bool,
    ) -> Result<Vec<ObjectMeta>, Error> {
        let mut unneeded = Vec::new();
        let (mut kept, mut bytes) = (Vec::new(), 0);
        for meta in segments {
            match self.needed_filters(meta, needed).await {
                Ok(None) | Err(Error::Store { source: NotFound { .. }, .. }) => continue,
                Err(Error::Unreadable { .. }) => {}
                Err(error) => return Err(error),
                Ok(Some(files)) => {
                    bytes += files.iter().map(FileFilters::memory_size).sum::<usize>();
                    kept.extend(files);
                }
            }
            unneeded.push(meta.clone());
            if bytes > SEGMENT_BYTES && !dry_run {
                self.put_filters(MERGED, std::mem::take(&mut kept)).await?;
            }
            if bytes > SEGMENT_BYTES {
                kept.clear();
                bytes = 0;
            }
        }
        if !dry_run {
            self.put_filters(MERGED, kept).await?;
        }
        Ok(unneeded)
    }

    /// The entries of a segment that are needed, unless it may stay as it is.
    async fn needed_filters(
        &self,
        meta: &ObjectMeta,
        needed: &HashSet<Checksum>,
    ) -> Result<Option<Vec<FileFilters>>, Error> {
        let (entries, there) = self.count_needed(meta, needed).await?;
        if there == 0 {
            return Ok(Some(Vec::new()));
        }
        if there * 2 >= entries {
            return Ok(None);
        }
        let mut files = self.read_filters(meta).await?;
        files.retain(|file| needed.contains(&file.checksum));
        Ok(Some(files))
    }

    /// How many entries a segment has, and how many of these are of files that are `needed`.
    async fn count_needed(
        &self,
        meta: &ObjectMeta,
        needed: &HashSet<Checksum>,
    ) -> Result<(usize, usize), Error> {
        let segment = self.open_filters(meta).await?;
        let (mut entries, mut there) = (0, 0);
        for row_group in 0..segment.row_groups() {
            let files = segment.files(row_group).await?;
            entries += files.len();
            there += files.iter().filter(|checksum| needed.contains(*checksum)).count();
        }
        Ok((entries, there))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_segments_are_merged_and_large_ones_left() {
        const MOST: u64 = SEGMENT_BYTES as u64;
        let small = |sizes: &[u64]| small_segments(sizes.iter().copied());
        assert_eq!(small(&[]), 0);
        assert_eq!(small(&[7]), 0);
        assert_eq!(small(&[7, 15]), 0);
        assert_eq!(small(&[7, 14]), 2);
        assert_eq!(small(&[1, 100, 100, 100]), 4);
        assert_eq!(small(&[10, 10, 10, 61]), 3);
        assert_eq!(small(&[10, 10, 10, 60, 180, 1000]), 5);
        assert_eq!(small(&[MOST / 2 + 1, MOST / 2 + 1]), 0);
        assert_eq!(small(&[MOST / 2, MOST / 2, MOST / 2]), 2);
        assert_eq!(small(&[5, 5, MOST, u64::MAX / 2]), 2);
    }
}
