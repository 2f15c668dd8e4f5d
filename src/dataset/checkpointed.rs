//! What a checkpoint of the log says of the files that count: read row group by row group, on all cores, and of its columns only
//! those of which something is kept.
//!
//! The kernel looks at all actions one after another, on one thread, and makes of each what any reader of Delta might want;
//! for 50,000 files that was most of what a question cost. A checkpoint that is not as plain as those that trailhouse writes
//! (of a protocol for readers that is newer, with statistics in columns, in parts of its own) is left to it, and so is one that
//! cannot be read: the kernel says why.

use std::sync::Arc;

use arrow::array::{Array as _, PrimitiveArray, RecordBatch, StringArray, StructArray};
use arrow::datatypes::Int64Type;
use delta_kernel::Snapshot;
use delta_kernel::path::LogPathFileType;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::ObjectStore;
use object_store::path::Path;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};

use super::actions::{APPLICATION, CHECKSUM};
use super::files::{Files, Packing};
use super::log::DIRECTORY;
use super::ranged::RangedReader;
use super::replay::{Tags, column, location};
use super::statistics::{self, Told};
use crate::partition::Partitions;

/// The columns that something is kept of.
const COLUMNS: [&str; 7] =
    ["add.path", "add.size", "add.modificationTime", "add.stats", "add.tags", "txn.appId", "txn.version"];

/// Rows of a batch.
const ROWS: usize = 8192;

/// What counted at the version of a checkpoint.
#[derive(Debug, Default)]
pub(super) struct Checkpointed {
    pub(super) files: Files,
    /// The ledger segment of the latest commit that brought one.
    pub(super) segment: Option<u64>,
}

/// A row group.
struct Piece {
    reader: RangedReader,
    footer: ArrowReaderMetadata,
    columns: ProjectionMask,
    row_group: usize,
}

/// What a row group says.
#[derive(Default)]
struct Said {
    files: Packing,
    segment: Option<u64>,
}

/// Reads the checkpoint that a version rests upon.
pub(super) async fn read(store: &Arc<dyn ObjectStore>, snapshot: &Snapshot) -> Option<Checkpointed> {
    let parts = &snapshot.log_segment().listed.checkpoint_parts;
    let mut pieces = Vec::new();
    for part in parts {
        let is_plain = matches!(
            part.file_type,
            LogPathFileType::ClassicCheckpoint | LogPathFileType::MultiPartCheckpoint { .. }
        );
        if !is_plain {
            return None;
        }
        let path = Path::from(format!("{DIRECTORY}/{}", part.filename));
        let reader = RangedReader::open(store, path, part.location.size).await.ok()?;
        pieces.extend(pieces_of(reader).await?);
    }
    if pieces.is_empty() {
        return None;
    }
    let threads = std::thread::available_parallelism().map_or(1, Into::into);
    let said = stream::iter(pieces).map(|piece| tokio::spawn(piece.read())).buffered(threads);
    let (mut files, mut segment) = (Packing::default(), None);
    let mut said = Box::pin(said);
    while let Some(piece) = said.next().await {
        let piece = piece.ok()??;
        files.append(piece.files);
        segment = segment.or(piece.segment);
    }
    Some(Checkpointed { files: files.finish(), segment })
}

/// The row groups of a part, if it has the columns.
async fn pieces_of(mut reader: RangedReader) -> Option<Vec<Piece>> {
    // What other writers say of their own columns is of no use here.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let footer = ArrowReaderMetadata::load_async(&mut reader, options).await.ok()?;
    let schema = footer.parquet_schema();
    let has = |name: &str| {
        schema.columns().iter().any(|leaf| {
            leaf.path()
                .string()
                .strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    if !COLUMNS.iter().all(|name| has(name)) {
        return None;
    }
    let columns = ProjectionMask::columns(schema, COLUMNS);
    let piece = |row_group| Piece {
        reader: reader.clone(),
        footer: footer.clone(),
        columns: columns.clone(),
        row_group,
    };
    Some((0..footer.metadata().num_row_groups()).map(piece).collect())
}

impl Piece {
    async fn read(self) -> Option<Said> {
        let rows = ParquetRecordBatchStreamBuilder::new_with_metadata(self.reader, self.footer)
            .with_batch_size(ROWS)
            .with_projection(self.columns)
            .with_row_groups(vec![self.row_group]);
        let mut batches = rows.build().ok()?;
        let (mut said, mut partitions) = (Said::default(), Partitions::default());
        while let Some(batch) = batches.try_next().await.ok()? {
            said.take(&batch, &mut partitions)?;
        }
        Some(said)
    }
}

impl Said {
    /// Takes in what a batch says. None if it is not what it should be.
    fn take(&mut self, batch: &RecordBatch, partitions: &mut Partitions) -> Option<()> {
        let adds: &StructArray = column(batch, "add").ok()?;
        let paths: &StringArray = column(adds, "path").ok()?;
        let bytes: &PrimitiveArray<Int64Type> = column(adds, "size").ok()?;
        let modified: &PrimitiveArray<Int64Type> = column(adds, "modificationTime").ok()?;
        let stats: &StringArray = column(adds, "stats").ok()?;
        let tags = Tags::among(adds).ok()?;
        for row in (0..adds.len()).filter(|row| adds.is_valid(*row) && paths.is_valid(*row)) {
            let path = location(paths.value(row));
            let (directories, _) = path.as_ref().rsplit_once('/')?;
            partitions.parse(directories)?;
            let told = if stats.is_valid(row) { statistics::told(stats.value(row)) } else { Told::default() };
            let checksum = tags.value(row, CHECKSUM);
            self.files.push_told(path.as_ref(), bytes.value(row), modified.value(row), told, checksum);
        }
        let transactions: &StructArray = column(batch, "txn").ok()?;
        let applications: &StringArray = column(transactions, "appId").ok()?;
        let versions: &PrimitiveArray<Int64Type> = column(transactions, "version").ok()?;
        let own = (0..transactions.len()).find(|row| {
            transactions.is_valid(*row)
                && applications.is_valid(*row)
                && versions.is_valid(*row)
                && applications.value(*row) == APPLICATION
        });
        self.segment = self.segment.or(own.map(|row| versions.value(row).cast_unsigned()));
        Some(())
    }
}
