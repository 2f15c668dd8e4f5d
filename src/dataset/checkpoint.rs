//! Checkpoints of the log: all that counts at a version, so that readers need not read every commit before it.
//!
//! What belongs into one the library says, batch by batch. It would write it as one row group that is not compressed, which
//! takes as much memory as all of it, here and in whoever reads it. Small row groups take little, and compress well.

use std::sync::Arc;

use bytes::Bytes;
use delta_kernel::checkpoint::{CheckpointWriter, LastCheckpointHintStats};
use delta_kernel::engine::arrow_data::EngineDataArrowExt as _;
use delta_kernel::{Engine, SnapshotRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::log_error::LogError;

/// Actions of a row group: some seven megabytes before they are compressed.
const ROW_GROUP_ACTIONS: usize = 8192;

/// A checkpoint that is to be put in its place.
pub(super) struct Checkpoint {
    writer: CheckpointWriter,
    hint: LastCheckpointHintStats,
    /// The file.
    pub(super) content: Bytes,
}

impl Checkpoint {
    /// Makes the one of a version. `None` if it has one.
    pub(super) fn of(snapshot: SnapshotRef, engine: &dyn Engine) -> Result<Option<Self>, LogError> {
        if snapshot.log_segment().checkpoint_version == Some(snapshot.version()) {
            return Ok(None);
        }
        let writer = snapshot.create_checkpoint_writer(engine)?;
        let actions = writer.checkpoint_data(engine)?;
        let counted = actions.state();
        let mut file: Option<ArrowWriter<Vec<u8>>> = None;
        for batch in actions {
            let batch = batch?.apply_selection_vector()?.try_into_record_batch()?;
            match &mut file {
                Some(file) => file.write(&batch)?,
                None => {
                    // Other readers know nothing of Arrow's own description of the columns.
                    let options = ArrowWriterOptions::new().with_skip_arrow_metadata(true);
                    let options = options.with_properties(properties());
                    let mut made = ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options)?;
                    made.write(&batch)?;
                    file = Some(made);
                }
            }
        }
        // There is no version without a protocol.
        let (Some(file), Some(counted)) = (file, Arc::into_inner(counted)) else { return Ok(None) };
        let content = Bytes::from(file.into_inner()?);
        let hint = LastCheckpointHintStats::from_reconciliation_state(counted, content.len() as u64, 0)?;
        Ok(Some(Self { writer, hint, content }))
    }

    /// Tells readers of it, who would otherwise have to look. It must be in its place.
    pub(super) fn announce(self, engine: &dyn Engine) -> Result<(), LogError> {
        Ok(self.writer.finalize(engine, &self.hint)?)
    }
}

fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ACTIONS))
        .build()
}
