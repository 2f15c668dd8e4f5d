//! The ledger: which log objects are in, so that a second run converts only what is new.
//!
//! It lies in segments below `_trailhouse/ledger/`, Parquet files of one row for each object. A commit writes one segment,
//! and the version of the log's `txn` action names it; a segment that the log does not lead to does not count. Each
//! segment lists, in its footer, the others that are still good beside it: so the newest one leads to all. A commit takes
//! small segments into its own, so that there are never more than a few.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array as _, AsArray as _, FixedSizeBinaryArray, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};

use super::{Dataset, Error};

/// Where segments lie, below the dataset.
pub(super) const DIRECTORY: &str = "_trailhouse/ledger";

/// The key of a segment's footer that lists what is good beside it.
const MANIFEST: &str = "trailhouse.manifest";

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
struct Known {
    name: [u64; 2],
    state: u64,
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

    fn known(&self) -> Known {
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
        match self.log.state().await.map_err(|error| self.log_refused(error))?.and_then(|log| log.segment) {
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
        let mut batches = vec![encode(entries).map_err(unreadable)?];
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
        let content = write(batches, &manifest).map_err(unreadable)?;
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

/// A segment in memory, as it is stored.
struct StoredSegment {
    path: Path,
    content: Bytes,
}

impl StoredSegment {
    fn unreadable(&self, source: ParquetError) -> Error {
        Error::Unreadable { file: self.path.to_string(), source }
    }

    fn reader(&self) -> Result<ParquetRecordBatchReaderBuilder<Bytes>, Error> {
        let reader = ParquetRecordBatchReaderBuilder::try_new(self.content.clone());
        reader.map_err(|source| self.unreadable(source))
    }

    fn manifest(&self) -> Result<Manifest, Error> {
        let reader = self.reader()?;
        let pairs = reader.metadata().file_metadata().key_value_metadata();
        let text = pairs.and_then(|pairs| pairs.iter().find(|pair| pair.key == MANIFEST)?.value.as_deref());
        let manifest = serde_json::from_str(text.unwrap_or_default());
        manifest.map_err(|source| self.unreadable(ParquetError::External(source.into())))
    }

    fn batches(&self) -> Result<Vec<RecordBatch>, Error> {
        let reader = self.reader()?.build().map_err(|source| self.unreadable(source))?;
        let batches = reader.collect::<Result<Vec<_>, _>>();
        batches.map_err(|source| self.unreadable(source.into()))
    }

    /// The objects in it, if the hashes of all of them are those of their names and states.
    fn checked_rows(&self) -> Result<usize, Error> {
        let known = self.known()?;
        let other = || self.unreadable(ParquetError::General("it has other columns".to_owned()));
        let mut row = 0;
        for batch in self.batches()? {
            for entry in decode(&batch).ok_or_else(other)? {
                if known.get(row) != Some(&entry.known()) {
                    let error = format!("the hashes of row {row} are not those of its object");
                    return Err(self.unreadable(ParquetError::General(error)));
                }
                row += 1;
            }
        }
        Ok(row)
    }

    fn known(&self) -> Result<Vec<Known>, Error> {
        let reader = self.reader()?;
        let columns = parquet::arrow::ProjectionMask::columns(reader.parquet_schema(), ["name", "state"]);
        let reader = reader.with_projection(columns).build().map_err(|source| self.unreadable(source))?;
        let mut known = Vec::new();
        for batch in reader {
            let batch = batch.map_err(|source| self.unreadable(source.into()))?;
            let names = batch.column_by_name("name").and_then(|names| names.as_fixed_size_binary_opt());
            let states =
                batch.column_by_name("state").and_then(|states| states.as_primitive_opt::<Int64Type>());
            let (Some(names), Some(states)) = (names, states) else {
                return Err(self.unreadable(ParquetError::General("it has other columns".to_owned())));
            };
            known.extend((0..batch.num_rows()).map(|row| {
                let word = |at: usize| {
                    let bytes = names.value(row).get(at..).and_then(|rest| rest.first_chunk());
                    u64::from_le_bytes(bytes.copied().unwrap_or_default())
                };
                Known { name: [word(0), word(8)], state: states.value(row).cast_unsigned() }
            }));
        }
        Ok(known)
    }
}

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("object", DataType::Utf8, false),
        Field::new("size", DataType::Int64, false),
        Field::new("modified", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false),
        Field::new("e_tag", DataType::Utf8, true),
        Field::new("filter", DataType::Utf8, false),
        // What a run needs to know of all objects, in few bytes: the hash of the name, and of the rest.
        Field::new("name", DataType::FixedSizeBinary(16), false),
        Field::new("state", DataType::Int64, false),
    ]))
});

fn encode(entries: &[LedgerEntry]) -> Result<RecordBatch, ParquetError> {
    let known: Vec<Known> = entries.iter().map(LedgerEntry::known).collect();
    let names = known.iter().map(|known| known.name.map(u64::to_le_bytes).concat());
    let modified: TimestampMicrosecondArray =
        entries.iter().map(|entry| Some(entry.modified.timestamp_micros())).collect();
    let batch = RecordBatch::try_new(
        SCHEMA.clone(),
        vec![
            Arc::new(StringArray::from_iter_values(entries.iter().map(|entry| &entry.object))),
            Arc::new(Int64Array::from_iter_values(entries.iter().map(|entry| entry.size.cast_signed()))),
            Arc::new(modified.with_timezone("UTC")),
            Arc::new(entries.iter().map(|entry| entry.e_tag.as_deref()).collect::<StringArray>()),
            Arc::new(StringArray::from_iter_values(entries.iter().map(|entry| &entry.filter))),
            Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(names.map(Some), 16)?),
            Arc::new(Int64Array::from_iter_values(known.iter().map(|known| known.state.cast_signed()))),
        ],
    );
    Ok(batch?)
}

/// The inverse of [`encode`]; `None` if the batch has other columns.
fn decode(batch: &RecordBatch) -> Option<Vec<LedgerEntry>> {
    let texts = |name| batch.column_by_name(name)?.as_string_opt::<i32>();
    let (objects, e_tags, filters) = (texts("object")?, texts("e_tag")?, texts("filter")?);
    let sizes = batch.column_by_name("size")?.as_primitive_opt::<Int64Type>()?;
    let modified = batch.column_by_name("modified")?.as_primitive_opt::<TimestampMicrosecondType>()?;
    let entries = (0..batch.num_rows()).map(|row| LedgerEntry {
        object: objects.value(row).to_owned(),
        size: sizes.value(row).cast_unsigned(),
        modified: DateTime::from_timestamp_micros(modified.value(row)).unwrap_or_default(),
        e_tag: e_tags.is_valid(row).then(|| e_tags.value(row).to_owned()),
        filter: filters.value(row).to_owned(),
    });
    Some(entries.collect())
}

fn write(batches: Vec<RecordBatch>, manifest: &Manifest) -> Result<Vec<u8>, ParquetError> {
    let manifest = serde_json::to_string(manifest).map_err(|source| ParquetError::External(source.into()))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        // Hashes are as good as random.
        .set_column_dictionary_enabled("name".into(), false)
        .set_column_dictionary_enabled("state".into(), false)
        .set_key_value_metadata(Some(vec![KeyValue::new(MANIFEST.to_owned(), manifest)]))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), SCHEMA.clone(), Some(properties))?;
    for batch in batches {
        writer.write(&batch)?;
    }
    writer.into_inner()
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
