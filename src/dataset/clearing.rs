//! Clearing away what a run has written and not committed.

use futures::TryStreamExt as _;
use hashbrown::HashSet;
use object_store::ObjectStore as _;
use object_store::path::Path;

use super::filters::{self, SegmentName};
use super::ledger::{self, SegmentId};
use super::rejects::{self, REJECT_FILE};
use super::{DATA_FILE, Dataset, Error, Head, is_named};

/// What the names of a piece of work's files have in common.
struct Stems<'a> {
    stems: &'a [&'a str],
    /// How their segments are marked.
    segments: Vec<u32>,
}

impl<'a> Stems<'a> {
    fn new(stems: &'a [&'a str]) -> Self {
        Self { stems, segments: stems.iter().map(|stem| SegmentId::of_stem(stem)).collect() }
    }

    /// Whether a file of that kind is one of the work's.
    fn name(&self, kind: &str, path: &Path) -> bool {
        self.stems.iter().any(|stem| is_named(path, kind, stem))
    }

    fn name_segment(&self, id: SegmentId) -> bool {
        self.segments.contains(&(id.0 as u32))
    }

    /// Whether the work has written this file, of whatever kind.
    fn name_any(&self, path: &Path) -> bool {
        self.name(DATA_FILE, path)
            || self.name(REJECT_FILE, path)
            || self.name(filters::SEGMENT, path)
            || SegmentId::of_path(path).is_some_and(|id| self.name_segment(id))
    }
}

impl Dataset {
    /// Deletes the files of these stems that do not count.
    ///
    /// # Errors
    /// If the store refuses.
    pub(super) async fn clear(&self, head: &Head, stems: &[&str]) -> Result<(), Error> {
        let stems = Stems::new(stems);
        let files = self.listed_files(None).await?.into_iter().map(|file| file.meta.location);
        let left: Vec<Path> =
            files.filter(|path| stems.name(DATA_FILE, path) && !head.has_file(path)).collect();
        // What did count, and was replaced, is for readers of earlier versions.
        let replaced = match head.log().filter(|_| !left.is_empty()) {
            Some(log) => self.log.removed(log).await.map_err(|error| self.log_refused(error))?,
            None => HashSet::new(),
        };
        for path in left.iter().filter(|path| !replaced.contains(*path)) {
            self.delete(path).await?;
        }
        for file in self.stored_reject_files().await?.into_iter().map(|file| file.location) {
            let counts = rejects::stem_of(&file).is_some_and(|stem| head.ledger().has_rejects(stem));
            if stems.name(REJECT_FILE, &file) && !counts {
                self.delete(&file).await?;
            }
        }
        let refused = |source| self.refusal("list", ledger::DIRECTORY, source);
        let mut segments = self.store.list(Some(&Path::from(ledger::DIRECTORY)));
        while let Some(meta) = segments.try_next().await.map_err(refused)? {
            if SegmentId::of_path(&meta.location)
                .is_some_and(|id| stems.name_segment(id) && !head.ledger().holds(id))
            {
                self.delete(&meta.location).await?;
            }
        }
        for path in self.list_filters().await?.into_iter().map(|meta| meta.location) {
            let counts = SegmentName::of(&path).is_some_and(|name| name.counts(head));
            if stems.name(filters::SEGMENT, &path) && !counts {
                self.delete(&path).await?;
            }
        }
        self.clear_half_written(&stems)
    }

    /// Deletes what these stems left half-written.
    fn clear_half_written(&self, stems: &Stems<'_>) -> Result<(), Error> {
        let mut left = self.half_written().into_iter().filter(|left| stems.name_any(&left.path));
        left.try_for_each(|left| left.delete())
    }
}
