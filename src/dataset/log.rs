//! The Delta log: which files are the table, version by version.
//!
//! Written through `deltalake-core` with its default log store, for readers of protocol 1 and writers of protocol 2, so
//! that every engine reads it. See the [Delta protocol](https://github.com/delta-io/delta/blob/master/PROTOCOL.md).
//!
//! A version is put on top of the one that was read, or not at all: the store lets no two writers create the same file.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use deltalake_core::DeltaTable;
use deltalake_core::errors::DeltaTableError;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel as _;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties, TransactionError};
use deltalake_core::kernel::{
    Action, Add, CommitInfo, LogicalFileView, Protocol, StructType, Transaction, new_metadata,
};
use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore};
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::table::state::DeltaTableState;
use futures::TryStreamExt as _;
use hashbrown::HashSet;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use url::Url;

use super::{NewFile, StoredFile, statistics};
use crate::partition::PartitionKey;
use crate::store;
use crate::table::column::{table, table_schema};

/// What the log's `txn` actions are named by: their version is the ledger segment that came with a commit.
const APPLICATION: &str = "trailhouse";

/// A checkpoint is written every so many versions.
const CHECKPOINT_VERSIONS: usize = 10;

/// The tag of a file that holds the BLAKE3 of its bytes.
const CHECKSUM: &str = "trailhouse.blake3";

/// The log of one dataset.
#[derive(Debug, Clone)]
pub(super) struct Log {
    store: LogStoreRef,
}

/// The log as it stands at a version.
#[derive(Debug, Clone)]
pub(super) struct LogState {
    state: DeltaTableState,
    /// The ledger segment of the latest commit that brought one.
    pub(super) segment: Option<u64>,
}

/// Which state of a dataset is meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Moment {
    /// As it stands.
    #[default]
    Latest,
    /// As of a version of the log.
    Version(u64),
    /// As it stood at a time.
    Time(DateTime<Utc>),
}

/// Why the log cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// What the Delta library says.
    #[error("the transaction log cannot be used: {}", store::bottom(.0))]
    Delta(#[source] Box<DeltaTableError>),
    /// Another engine has turned on features of Delta that this version does not write.
    #[error(
        "the transaction log asks for protocol {reader}/{writer}; this version reads {MAX_READER} and writes \
         {MAX_WRITER}: another engine has turned on a table feature"
    )]
    Protocol {
        /// What readers must know.
        reader: i32,
        /// What writers must know.
        writer: i32,
    },
    /// There never was such a version.
    #[error("there is no version {version}; the latest is {latest}")]
    NoVersion {
        /// What was asked for.
        version: u64,
        /// What there is.
        latest: u64,
    },
    /// The dataset, or its log, does not go back so far.
    #[error("there is nothing as of {time}; the first version that is known is of {first}")]
    TooEarly {
        /// What was asked for.
        time: DateTime<Utc>,
        /// What there is.
        first: DateTime<Utc>,
    },
    /// A file of the table lies where none of ours would.
    #[error("the transaction log names a file that is in no partition directory of its own: {path}")]
    ForeignFile {
        /// Path below the dataset.
        path: String,
    },
}

impl From<DeltaTableError> for LogError {
    fn from(error: DeltaTableError) -> Self {
        Self::Delta(Box::new(error))
    }
}

const MAX_READER: i32 = 1;
const MAX_WRITER: i32 = 2;

impl Log {
    /// The log below `url`, which is where `store` begins; `root` begins where the URL's paths do.
    pub(super) fn new(store: Arc<dyn ObjectStore>, root: Arc<dyn ObjectStore>, url: &Url) -> Self {
        Self { store: default_logstore(store, root, url, &StorageConfig::default()) }
    }

    /// The log as it stands; `None` if there is none.
    pub(super) async fn state(&self) -> Result<Option<LogState>, LogError> {
        if !self.store.is_delta_table_location().await? {
            return Ok(None);
        }
        let state = DeltaTableState::try_new(&self.store, None).await?;
        Ok(Some(self.checked(state).await?))
    }

    /// The log as it stood at another version than that of `latest`.
    pub(super) async fn state_at(&self, latest: LogState, moment: Moment) -> Result<LogState, LogError> {
        let state = match moment {
            Moment::Latest => return Ok(latest),
            Moment::Version(version) if version > latest.version() => {
                return Err(LogError::NoVersion { version, latest: latest.version() });
            }
            Moment::Version(version) => DeltaTableState::try_new(&self.store, Some(version)).await?,
            Moment::Time(time) => {
                let mut table = DeltaTable::new(self.store.clone());
                table.load_with_datetime(time).await?;
                let state = table.snapshot()?.clone();
                // Before the first version, the first one is what the library gives.
                let made = state.version_timestamp(state.version()).and_then(DateTime::from_timestamp_millis);
                match made {
                    Some(first) if first > time => return Err(LogError::TooEarly { time, first }),
                    _ => state,
                }
            }
        };
        self.checked(state).await
    }

    /// The latest version, by what has been committed since `state`.
    pub(super) async fn refreshed(&self, state: &LogState) -> Result<LogState, LogError> {
        let mut newer = state.state.clone();
        newer.update(&self.store, None).await?;
        self.checked(newer).await
    }

    /// Files that counted before `state`, and do not any more, as far back as the log remembers.
    pub(super) async fn removed(&self, state: &LogState) -> Result<HashSet<Path>, LogError> {
        let removed = state.state.all_tombstones(&self.store);
        Ok(removed.map_ok(|file| Path::from(file.path().as_ref())).try_collect().await?)
    }

    async fn checked(&self, state: DeltaTableState) -> Result<LogState, LogError> {
        let protocol = state.protocol();
        let (reader, writer) = (protocol.min_reader_version(), protocol.min_writer_version());
        if reader > MAX_READER || writer > MAX_WRITER {
            return Err(LogError::Protocol { reader, writer });
        }
        let segment = state.transaction_version(&self.store, APPLICATION).await?;
        Ok(LogState { segment: segment.map(i64::cast_unsigned), state })
    }

    /// Puts a version on top of `base` that brings data files and names a segment of the ledger. `false` if another writer
    /// was faster, and nothing was written.
    pub(super) async fn commit(
        &self,
        base: Option<&LogState>,
        added: &[NewFile],
        segment: Option<u64>,
    ) -> Result<bool, LogError> {
        let mut changes = Vec::new();
        if base.is_none() {
            changes.push(Action::Protocol(protocol()?));
            let partitions = table().partitions.iter().map(|column| column.name.as_str());
            let configuration = [("delta.checkpointInterval", CHECKPOINT_VERSIONS)];
            changes.push(Action::Metadata(
                new_metadata(&schema()?, partitions, configuration).map_err(DeltaTableError::from)?,
            ));
        }
        changes.extend(added.iter().map(|file| Action::Add(add(file))));

        let mut properties = CommitProperties::default().with_max_retries(0);
        if let Some(segment) = segment {
            let transaction = Transaction::new(APPLICATION, segment.cast_signed());
            properties = properties.with_application_transaction(transaction);
        }
        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: Some(table().partitions.iter().map(|column| column.name.clone()).collect()),
            predicate: None,
        };
        let info = Action::CommitInfo(CommitInfo {
            timestamp: Some(super::now().timestamp_millis()),
            engine_info: Some(concat!("trailhouse/", env!("CARGO_PKG_VERSION")).to_owned()),
            ..operation.get_commit_info()
        });
        changes.insert(0, info);
        let commit = CommitBuilder::from(properties).with_actions(changes);
        let base = base.map(|base| &base.state as _);
        match commit.build(base, self.store.clone(), operation).await {
            Ok(_) => Ok(true),
            Err(DeltaTableError::VersionAlreadyExists(_))
            | Err(DeltaTableError::Transaction {
                source: TransactionError::MaxCommitAttempts(_) | TransactionError::VersionAlreadyExists(_),
            }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl LogState {
    pub(super) fn version(&self) -> u64 {
        self.state.version()
    }

    /// What the bytes of the files come to, where the log says.
    pub(super) fn checksums(&self) -> HashMap<Path, String> {
        let checksum = |file: &LogicalFileView| {
            #[expect(deprecated, reason = "there is no other way to a file's tags")]
            let tags = file.add_action().tags?;
            Some((file.object_store_path(), tags.get(CHECKSUM)?.clone()?))
        };
        self.state.log_data().iter().filter_map(|file| checksum(&file)).collect()
    }

    /// The columns that are not of the table's type, or that the log does not have: name, type in the table, type in the log.
    pub(super) fn other_columns(&self) -> Vec<(String, String, String)> {
        let logged = self.state.schema();
        let Ok(expected) = schema() else { return Vec::new() };
        let mut others = Vec::new();
        for field in expected.fields() {
            let found = logged.field(field.name()).map(|found| found.data_type());
            if found != Some(field.data_type()) {
                let found = found.map_or_else(|| "missing".to_owned(), ToString::to_string);
                others.push((field.name().clone(), field.data_type().to_string(), found));
            }
        }
        others
    }

    /// The files of the table, in no order.
    pub(super) fn files(&self) -> Result<Vec<StoredFile>, LogError> {
        self.state.log_data().iter().map(|file| stored_file(&file)).collect()
    }
}

fn protocol() -> Result<Protocol, DeltaTableError> {
    let versions = serde_json::json!({"minReaderVersion": MAX_READER, "minWriterVersion": MAX_WRITER});
    Ok(serde_json::from_value(versions)?)
}

fn schema() -> Result<StructType, DeltaTableError> {
    let schema = table_schema().as_ref().try_into_kernel();
    schema.map_err(|error: arrow::error::ArrowError| error.into())
}

fn add(file: &NewFile) -> Add {
    Add {
        path: file.file.path.clone(),
        partition_values: partition_values(&file.file.partition),
        size: file.file.bytes as i64,
        modification_time: file.modified.timestamp_millis(),
        data_change: true,
        stats: Some(file.statistics.clone()),
        tags: Some(HashMap::from([(CHECKSUM.to_owned(), Some(file.checksum.clone()))])),
        deletion_vector: None,
        base_row_id: None,
        default_row_commit_version: None,
        clustering_provider: None,
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

fn stored_file(file: &LogicalFileView) -> Result<StoredFile, LogError> {
    let location = file.object_store_path();
    let partition =
        location.as_ref().rsplit_once('/').and_then(|(directory, _)| PartitionKey::parse(directory));
    let partition = partition.ok_or_else(|| LogError::ForeignFile { path: location.to_string() })?;
    let meta = ObjectMeta {
        location,
        last_modified: DateTime::from_timestamp_millis(file.modification_time()).unwrap_or_default(),
        size: file.size().cast_unsigned(),
        e_tag: None,
        version: None,
    };
    let statistics = file.stats().and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
    let times =
        statistics.and_then(|all| statistics::event_times(all.get("minValues"), all.get("maxValues")));
    Ok(StoredFile { meta, partition, rows: file.num_records().map(|rows| rows as u64), times })
}
