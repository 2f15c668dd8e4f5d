//! The ledger: which log objects are in, so that a second run converts only what is new.
//!
//! It lies in segments below `_trailhouse/ledger/`, Parquet files of one row for each object. A commit writes one segment,
//! and the version of the log's `txn` action names it; a segment that the log does not lead to does not count. Each
//! segment lists, in its footer, the others that are still good beside it: so the newest one leads to all. A commit takes
//! small segments into its own, so that there are never more than a few.

use std::collections::BTreeSet;
use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use super::segment::{self, StoredSegment};
use super::{Dataset, Error};

/// Where segments lie, below the dataset.
pub(super) const DIRECTORY: &str = "_trailhouse/ledger";

/// Segments read at a time.
const READS: usize = 8;

/// A segment of up to this many times the objects that come with a commit is taken into the commit's own.
const MERGE_FACTOR: usize = 2;

/// A log object as the ledger knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Path or URL.
    pub object: String,
    /// Bytes as stored.
    pub size: u64,
    /// When it was last written.
    pub modified: DateTime<Utc>,
    /// What the store calls its content, if it has a word for it.
    pub e_tag: Option<String>,
    /// Which of its events were asked for; empty if all were.
    pub filter: String,
}

/// Whether an object is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is, as it is now, with all the events that are asked for.
    Known,
    /// It was, but it has changed since, or other events of it are asked for now.
    Changed,
    /// It is not.
    New,
}

/// What a segment is named by: which commit brought it, and of whose work. Ids grow from commit to commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(super) struct SegmentId(pub(super) u64);

/// All that is in. Objects are told by hashes of their names, 24 bytes each.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    manifest: Manifest,
    /// By name.
    known: Vec<Known>,
}

/// What is good as of a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    segments: Vec<SegmentRef>,
    /// How the names of reject files begin that were committed.
    rejects: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct SegmentRef {
    id: SegmentId,
    objects: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Known {
    pub(super) name: [u64; 2],
    pub(super) state: u64,
}

/// A segment that is not yet stored.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) id: SegmentId,
    pub(super) path: Path,
    pub(super) content: Bytes,
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl From<SegmentId> for String {
    fn from(id: SegmentId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for SegmentId {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u64::from_str_radix(&text, 16).map(Self)
    }
}

impl SegmentId {
    /// The segment that follows `previous`, written for `stem`.
    fn after(previous: Option<Self>, stem: &str) -> Self {
        let commits = previous.map_or(0, |previous| previous.0 >> 32) + 1;
        Self(commits << 32 | u64::from(Self::of_stem(stem)))
    }

    /// The part of an id that tells whose work the segment came with.
    pub(super) fn of_stem(stem: &str) -> u32 {
        let hash = blake3::hash(stem.as_bytes());
        u32::from_le_bytes(hash.as_bytes().first_chunk().copied().unwrap_or_default())
    }

    /// Whether the segment came with the work of `stem`.
    pub(super) fn is_of(self, stem: &str) -> bool {
        self.0 as u32 == Self::of_stem(stem)
    }

    pub(super) fn path(self) -> Path {
        Path::from(format!("{DIRECTORY}/segment-{self}.parquet"))
    }

    /// The id of a file below [`DIRECTORY`].
    pub(super) fn of_path(path: &Path) -> Option<Self> {
        let name = path.as_ref().strip_prefix(DIRECTORY)?.strip_prefix('/')?;
        let id = name.strip_prefix("segment-")?.strip_suffix(".parquet")?;
        Self::try_from(id.to_owned()).ok()
    }
}

impl LedgerEntry {
    fn name(&self) -> [u64; 2] {
        let hash = blake3::hash(self.object.as_bytes());
        let word =
            |at: usize| u64::from_le_bytes(hash.as_bytes()[at..].first_chunk().copied().unwrap_or_default());
        [word(0), word(8)]
    }

    /// What tells this content and this choice of events from others of the same name.
    fn state(&self, filter: &str) -> u64 {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.size.to_le_bytes());
        match &self.e_tag {
            Some(e_tag) => hasher.update(b"t").update(e_tag.as_bytes()),
            None => hasher.update(b"m").update(&self.modified.timestamp_micros().to_le_bytes()),
        };
        hasher.update(b"\0").update(filter.as_bytes());
        u64::from_le_bytes(hasher.finalize().as_bytes().first_chunk().copied().unwrap_or_default())
    }

    pub(super) fn known(&self) -> Known {
        Known { name: self.name(), state: self.state(&self.filter) }
    }
}

impl Ledger {
    /// Whether an object is in. One that is in as a whole is in for every filter.
    pub fn standing(&self, entry: &LedgerEntry) -> Standing {
        let name = entry.name();
        let start = self.known.partition_point(|known| known.name < name);
        let mut same = self.known[start..].iter().take_while(|known| known.name == name).peekable();
        if same.peek().is_none() {
            return Standing::New;
        }
        let (whole, filtered) = (entry.state(""), entry.state(&entry.filter));
        match same.any(|known| known.state == whole || known.state == filtered) {
            true => Standing::Known,
            false => Standing::Changed,
        }
    }

    /// Objects in it, each content and choice of events counted.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether no object is in.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Memory held, in bytes.
    pub fn memory_size(&self) -> usize {
        self.known.capacity() * size_of::<Known>()
    }

    pub(super) fn has_rejects(&self, stem: &str) -> bool {
        self.manifest.has_rejects(stem)
    }

    /// Whether a segment is good.
    pub(super) fn holds(&self, id: SegmentId) -> bool {
        self.manifest.holds(id)
    }

    pub(super) fn manifest(&self) -> &Manifest {
        &self.manifest
    }
}

impl Manifest {
    /// Whether files of rejects named by this stem were committed.
    pub(super) fn has_rejects(&self, stem: &str) -> bool {
        self.rejects.contains(stem)
    }

    /// Whether a segment is good.
    pub(super) fn holds(&self, id: SegmentId) -> bool {
        self.segments.iter().any(|segment| segment.id == id)
    }
}

impl Dataset {
    /// What is good as of the latest commit.
    ///
    /// # Errors
    /// If the log or the newest segment cannot be read.
    pub(super) async fn manifest(&self) -> Result<Manifest, Error> {
        match self.log.segment().await.map_err(|error| self.log_refused(error))? {
            Some(newest) => self.manifest_of(SegmentId(newest)).await,
            None => Ok(Manifest::default()),
        }
    }

    /// What was good as of the commit that brought a segment.
    ///
    /// # Errors
    /// If the segment cannot be read.
    pub(super) async fn manifest_of(&self, id: SegmentId) -> Result<Manifest, Error> {
        self.read_segment(id).await?.manifest()
    }

    /// The ledger as of the commit that brought `head`.
    ///
    /// # Errors
    /// If a segment cannot be read.
    pub(super) async fn read_ledger(&self, head: Option<SegmentId>) -> Result<Ledger, Error> {
        let Some(head) = head else {
            return Ok(Ledger::default());
        };
        let newest = self.read_segment(head).await?;
        let manifest = newest.manifest()?;
        let mut known = newest.known()?;
        let others: Vec<SegmentId> =
            manifest.segments.iter().map(|segment| segment.id).filter(|id| *id != head).collect();
        let mut others =
            futures::stream::iter(others.into_iter().map(|id| self.read_segment(id))).buffered(READS);
        while let Some(segment) = others.try_next().await? {
            known.extend(segment.known()?);
        }
        known.sort_unstable();
        known.dedup();
        known.shrink_to_fit();
        Ok(Ledger { manifest, known })
    }

    /// The segment to be committed on top of `ledger` with the work named `stem`: `entries`, and the small segments
    /// that are already there.
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub(super) async fn new_segment(
        &self,
        ledger: &Ledger,
        head: Option<SegmentId>,
        stem: &str,
        entries: &[LedgerEntry],
        has_rejects: bool,
    ) -> Result<Segment, Error> {
        let id = SegmentId::after(head, stem);
        let mut manifest = ledger.manifest.clone();
        let path = id.path();
        let unreadable = |source| Error::Unreadable { file: path.to_string(), source };
        let mut batches = vec![segment::encode(entries).map_err(unreadable)?];
        let mut objects = entries.len();
        manifest.segments.sort_unstable_by_key(|segment| segment.objects);
        while let Some(smallest) = manifest.segments.first().copied()
            && smallest.objects <= objects.max(1) * MERGE_FACTOR
        {
            batches.extend(self.read_segment(smallest.id).await?.batches()?);
            objects += smallest.objects;
            manifest.segments.remove(0);
        }
        manifest.segments.push(SegmentRef { id, objects });
        if has_rejects {
            manifest.rejects.insert(stem.to_owned());
        }
        let content = segment::write(batches, &manifest).map_err(unreadable)?;
        Ok(Segment { id, path, content: content.into() })
    }

    /// What of the segments that `ledger` leads to is not as it should be.
    ///
    /// # Errors
    /// If the store refuses.
    pub(super) async fn faults_of_ledger(&self, ledger: &Ledger) -> Result<Vec<(Path, String)>, Error> {
        let mut faults = Vec::new();
        for segment in &ledger.manifest.segments {
            let path = segment.id.path();
            let rows = match self.read_segment(segment.id).await.and_then(|segment| segment.checked_rows()) {
                Ok(rows) => rows,
                Err(error @ Error::Unreadable { .. }) => {
                    faults.push((path, error.to_string()));
                    continue;
                }
                Err(error) => return Err(error),
            };
            if rows != segment.objects {
                faults.push((path, format!("{rows} objects, and should have {}", segment.objects)));
            }
        }
        Ok(faults)
    }

    async fn read_segment(&self, id: SegmentId) -> Result<StoredSegment, Error> {
        let path = id.path();
        let refused = |source| self.refusal("read", &path, source);
        let content = self.store.get(&path).await.map_err(refused)?.bytes().await.map_err(refused)?;
        Ok(StoredSegment { path, content })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(object: &str) -> LedgerEntry {
        LedgerEntry {
            object: object.to_owned(),
            size: 7,
            modified: DateTime::UNIX_EPOCH,
            e_tag: None,
            filter: String::new(),
        }
    }

    fn ledger(entries: &[LedgerEntry]) -> Ledger {
        let mut known: Vec<Known> = entries.iter().map(LedgerEntry::known).collect();
        known.sort_unstable();
        Ledger { manifest: Manifest::default(), known }
    }

    #[test]
    fn objects_are_told_by_content_and_filter() {
        let filtered = LedgerEntry { filter: "service=s3".to_owned(), ..entry("b") };
        let ledger = ledger(&[entry("a"), filtered.clone()]);
        assert_eq!(ledger.standing(&entry("a")), Standing::Known);
        assert_eq!(ledger.standing(&entry("c")), Standing::New);
        assert_eq!(ledger.standing(&LedgerEntry { size: 8, ..entry("a") }), Standing::Changed);
        let tagged = |tag: &str| LedgerEntry { e_tag: Some(tag.to_owned()), ..entry("a") };
        assert_eq!(ledger.standing(&tagged("x")), Standing::Changed);
        // All events of an object are more than some; some are less than all.
        assert_eq!(
            ledger.standing(&LedgerEntry { filter: "service=s3".to_owned(), ..entry("a") }),
            Standing::Known
        );
        assert_eq!(ledger.standing(&filtered), Standing::Known);
        assert_eq!(ledger.standing(&entry("b")), Standing::Changed);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn segments_come_together_and_lead_to_one_another() {
        let dir = tempfile::tempdir().unwrap();
        let dataset = Dataset::create(dir.path().to_str().unwrap()).unwrap();
        let (mut head, mut ledger) = (None, Ledger::default());
        for commit in 0..40 {
            let entries: Vec<LedgerEntry> =
                (0..=commit % 5).map(|number| entry(&format!("{commit}/{number}"))).collect();
            let stem = format!("task-{commit}");
            let segment = dataset.new_segment(&ledger, head, &stem, &entries, commit == 7).await.unwrap();
            dataset.put(segment.path.as_ref(), segment.content).await.unwrap();
            assert!(head < Some(segment.id), "ids grow");
            // One that nobody committed is not led to.
            let stray = dataset.new_segment(&ledger, head, "stray", &[entry("stray")], true).await.unwrap();
            dataset.put(stray.path.as_ref(), stray.content).await.unwrap();

            head = Some(segment.id);
            ledger = dataset.read_ledger(head).await.unwrap();
            assert!(ledger.holds(segment.id) && !ledger.holds(stray.id));
            assert_eq!(SegmentId::of_path(&segment.path), head);
        }
        assert_eq!(ledger.len(), 8 * 15);
        assert!((0..40).all(|commit| ledger.standing(&entry(&format!("{commit}/0"))) == Standing::Known));
        assert_eq!(ledger.standing(&entry("stray")), Standing::New);
        assert!(ledger.manifest.segments.len() < 6, "{:?}", ledger.manifest.segments);
        assert!(
            ledger.has_rejects("task-7") && !ledger.has_rejects("task-8") && !ledger.has_rejects("stray")
        );
    }
}
