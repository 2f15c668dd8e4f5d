//! What a commit says, action by action.

use std::collections::HashMap;

use bytes::Bytes;
use delta_kernel::Snapshot;
use deltalake_core::errors::DeltaTableError;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel as _;
use deltalake_core::kernel::transaction::CommitData;
use deltalake_core::kernel::{
    Action, Add, CommitInfo, Metadata, MetadataExt as _, Protocol, Remove, StructField, StructType,
    Transaction, new_metadata,
};
use deltalake_core::protocol::{DeltaOperation, SaveMode};

use super::log_error::LogError;
use super::{NewFile, NewVersion, StoredFile};
use crate::partition::PartitionKey;
use crate::table::column::{table, table_schema};

/// What the log's `txn` actions are named by: their version is the ledger segment that came with a commit.
pub(super) const APPLICATION: &str = "trailhouse";

/// A checkpoint is written every so many versions.
const CHECKPOINT_VERSIONS: usize = 10;

/// The tag of a file that holds the BLAKE3 of its bytes.
pub(super) const CHECKSUM: &str = "trailhouse.blake3";

/// What readers and writers of the log must know.
pub(super) const MAX_READER: i32 = 1;
pub(super) const MAX_WRITER: i32 = 2;

/// The commit that puts a version on top of one that is described like that, if there is one.
pub(super) fn commit(
    base: Option<&Snapshot>,
    version: &NewVersion,
    segment: Option<u64>,
) -> Result<Bytes, LogError> {
    let NewVersion { added, removed, target_bytes, .. } = version;
    let mut changes = Vec::new();
    match base {
        Some(base) if !added.is_empty() => changes.extend(evolved(base)?.map(Action::Metadata)),
        Some(_) => {}
        None => {
            changes.push(Action::Protocol(protocol()?));
            let partitions = table().partitions.iter().map(|column| column.name.as_str());
            let configuration = [("delta.checkpointInterval", CHECKPOINT_VERSIONS)];
            let metadata = new_metadata(&schema()?, partitions, configuration);
            changes.push(Action::Metadata(metadata.map_err(DeltaTableError::from)?));
        }
    }
    // Where files are replaced, the rows stay the same ones.
    let data_change = removed.is_empty();
    changes.extend(removed.iter().map(|file| Action::Remove(remove(file))));
    changes.extend(added.iter().map(|file| Action::Add(add(file, data_change))));

    let operation = match data_change {
        true => DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: Some(table().partitions.iter().map(|column| column.name.clone()).collect()),
            predicate: None,
        },
        false => DeltaOperation::Optimize { predicate: None, target_size: target_bytes.cast_signed() },
    };
    let info = Action::CommitInfo(CommitInfo {
        timestamp: Some(super::now().timestamp_millis()),
        engine_info: Some(concat!("trailhouse/", env!("CARGO_PKG_VERSION")).to_owned()),
        ..operation.get_commit_info()
    });
    changes.insert(0, info);
    let transactions = segment.map(|segment| Transaction::new(APPLICATION, segment.cast_signed()));
    let data = CommitData::new(changes, operation, HashMap::new(), transactions.into_iter().collect());
    Ok(data.get_bytes().map_err(DeltaTableError::from)?)
}

/// The columns that are of another type than the table's: name, type in the table, type in the log.
pub(super) fn other_columns(base: &Snapshot) -> Vec<(String, String, String)> {
    let logged = base.schema();
    let Ok(expected) = schema() else { return Vec::new() };
    let other = |field: &StructField| {
        let found = logged.field(field.name())?.data_type();
        (found != field.data_type())
            .then(|| (field.name().clone(), field.data_type().to_string(), found.to_string()))
    };
    expected.fields().filter_map(other).collect()
}

/// The description of the table with the columns that came since it was written; `None` if there are none.
fn evolved(base: &Snapshot) -> Result<Option<Metadata>, LogError> {
    if let Some((column, expected, found)) = other_columns(base).into_iter().next() {
        return Err(LogError::OtherColumn { column, expected, found });
    }
    let logged = base.schema();
    let table = schema()?;
    let new: Vec<&StructField> =
        table.fields().filter(|field| logged.field(field.name()).is_none()).collect();
    if new.is_empty() {
        return Ok(None);
    }
    let fields = logged.fields().chain(new).cloned();
    let schema = StructType::try_new(fields).map_err(DeltaTableError::from)?;
    let evolved = base.table_configuration().metadata().clone().with_schema(&schema);
    Ok(Some(evolved.map_err(DeltaTableError::from)?))
}

fn protocol() -> Result<Protocol, DeltaTableError> {
    let versions = serde_json::json!({"minReaderVersion": MAX_READER, "minWriterVersion": MAX_WRITER});
    Ok(serde_json::from_value(versions)?)
}

fn schema() -> Result<StructType, DeltaTableError> {
    let schema = table_schema().as_ref().try_into_kernel();
    schema.map_err(|error: arrow::error::ArrowError| error.into())
}

fn add(file: &NewFile, data_change: bool) -> Add {
    Add {
        path: file.file.path.clone(),
        partition_values: partition_values(&file.file.partition),
        size: file.file.bytes as i64,
        modification_time: file.modified.timestamp_millis(),
        data_change,
        stats: Some(file.statistics.clone()),
        tags: Some(HashMap::from([(CHECKSUM.to_owned(), Some(file.checksum.to_string()))])),
        deletion_vector: None,
        base_row_id: None,
        default_row_commit_version: None,
        clustering_provider: None,
    }
}

/// A file whose rows lie in others from now on.
fn remove(file: &StoredFile) -> Remove {
    Remove {
        path: file.meta.location.to_string(),
        data_change: false,
        deletion_timestamp: Some(super::now().timestamp_millis()),
        extended_file_metadata: Some(true),
        partition_values: Some(partition_values(&file.partition)),
        size: Some(file.meta.size.cast_signed()),
        ..Remove::default()
    }
}

/// The values of the partition columns, as the protocol
/// [writes them](https://github.com/delta-io/delta/blob/master/PROTOCOL.md#partition-value-serialization).
fn partition_values(partition: &PartitionKey) -> HashMap<String, Option<String>> {
    let values = [
        partition.date().map(|date| date.format("%Y-%m-%d").to_string()),
        Some(partition.service().to_owned()),
        Some(partition.region().to_owned()),
    ];
    table().partitions.iter().map(|column| column.name.clone()).zip(values).collect()
}
