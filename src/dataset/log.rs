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
    Action, Add, CommitInfo, LogicalFileView, Metadata, MetadataExt as _, Protocol, Remove, StructField,
    StructType, Transaction, new_metadata,
};
use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore, get_actions};
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::table::state::DeltaTableState;
use futures::TryStreamExt as _;
use hashbrown::HashSet;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use url::Url;

use super::{NewFile, NewVersion, StoredFile, statistics};
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
    /// Somebody else has changed the table, or a version of trailhouse that is no kin of this one.
    #[error("the transaction log says that the column {column} is {found}, which is {expected} here")]
    OtherColumn {
        /// The column.
        column: String,
        /// Its type in the table.
        expected: String,
        /// Its type in the log.
        found: String,
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
                let state = self.state_at_time(time).await?;
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

    /// The log as it stood at that time, or else at the first version that is still known.
    pub(super) async fn state_since(&self, time: DateTime<Utc>) -> Result<LogState, LogError> {
        self.checked(self.state_at_time(time).await?).await
    }

    async fn state_at_time(&self, time: DateTime<Utc>) -> Result<DeltaTableState, LogError> {
        let mut table = DeltaTable::new(self.store.clone());
        table.load_with_datetime(time).await?;
        Ok(table.snapshot()?.clone())
    }

    /// What the versions behind `base` did, up to `latest`: from the first one on, if there was none before.
    async fn actions(&self, base: Option<u64>, latest: u64) -> Result<Vec<Action>, LogError> {
        let mut actions = Vec::new();
        for version in base.map_or(0, |base| base + 1)..=latest {
            // One that is not known any more cannot be asked for either.
            let Some(commit) = self.store.read_commit_entry(version).await? else { continue };
            actions.extend(get_actions(version, &commit)?);
        }
        Ok(actions)
    }

    /// The files that the versions behind `base` brought, up to `latest`.
    pub(super) async fn added(&self, base: Option<u64>, latest: u64) -> Result<Vec<Path>, LogError> {
        let actions = self.actions(base, latest).await?.into_iter();
        let added = actions.filter_map(|action| match action {
            Action::Add(file) => Some(Path::from(file.path)),
            _ => None,
        });
        Ok(added.collect())
    }

    /// Whether one of the versions behind `base`, up to `latest`, brought what `version` was to bring.
    pub(super) async fn brought(
        &self,
        base: Option<&LogState>,
        latest: &LogState,
        version: &NewVersion,
        segment: Option<u64>,
    ) -> Result<bool, LogError> {
        let actions = self.actions(base.map(LogState::version), latest.version()).await?;
        Ok(actions.iter().any(|action| match action {
            Action::Add(file) => version.added.iter().any(|added| added.file.path == file.path),
            Action::Txn(transaction) => {
                transaction.app_id == APPLICATION && segment == Some(transaction.version.cast_unsigned())
            }
            _ => false,
        }))
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

    /// Puts a version on top of `base` that brings data files, in place of others perhaps, and names a segment of the
    /// ledger. `false` if another writer was faster, and nothing was written.
    pub(super) async fn commit(
        &self,
        base: Option<&LogState>,
        version: &NewVersion,
        segment: Option<u64>,
    ) -> Result<bool, LogError> {
        let NewVersion { added, removed, target_bytes, .. } = version;
        let mut changes = Vec::new();
        match base {
            Some(base) if !added.is_empty() => changes.extend(base.evolved()?.map(Action::Metadata)),
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

        let mut properties = CommitProperties::default().with_max_retries(0);
        if let Some(segment) = segment {
            let transaction = Transaction::new(APPLICATION, segment.cast_signed());
            properties = properties.with_application_transaction(transaction);
        }
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
        let logged = self.state.log_data();
        logged.iter().filter_map(|file| Some((file.object_store_path(), checksum(&file)?))).collect()
    }

    /// The columns that are of another type than the table's: name, type in the table, type in the log.
    pub(super) fn other_columns(&self) -> Vec<(String, String, String)> {
        let logged = self.state.schema();
        let Ok(expected) = schema() else { return Vec::new() };
        let other = |field: &StructField| {
            let found = logged.field(field.name())?.data_type();
            (found != field.data_type())
                .then(|| (field.name().clone(), field.data_type().to_string(), found.to_string()))
        };
        expected.fields().filter_map(other).collect()
    }

    /// The names of the columns.
    pub(super) fn columns(&self) -> HashSet<String> {
        self.state.schema().fields().map(|field| field.name().clone()).collect()
    }

    /// The description of the table with the columns that came since it was written; `None` if there are none.
    fn evolved(&self) -> Result<Option<Metadata>, LogError> {
        if let Some((column, expected, found)) = self.other_columns().into_iter().next() {
            return Err(LogError::OtherColumn { column, expected, found });
        }
        let logged = self.state.schema();
        let table = schema()?;
        let new: Vec<&StructField> =
            table.fields().filter(|field| logged.field(field.name()).is_none()).collect();
        if new.is_empty() {
            return Ok(None);
        }
        let fields = logged.fields().chain(new).cloned();
        let schema = StructType::try_new(fields).map_err(DeltaTableError::from)?;
        let evolved = self.state.metadata().clone().with_schema(&schema);
        Ok(Some(evolved.map_err(DeltaTableError::from)?))
    }

    /// A column that this version of trailhouse does not know.
    pub(super) fn unknown_column(&self) -> Option<String> {
        let known = table_schema();
        let schema = self.state.schema();
        let mut names = schema.fields().map(StructField::name);
        names.find(|name| known.field_with_name(name).is_err()).cloned()
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

fn add(file: &NewFile, data_change: bool) -> Add {
    Add {
        path: file.file.path.clone(),
        partition_values: partition_values(&file.file.partition),
        size: file.file.bytes as i64,
        modification_time: file.modified.timestamp_millis(),
        data_change,
        stats: Some(file.statistics.clone()),
        tags: Some(HashMap::from([(CHECKSUM.to_owned(), Some(file.checksum.clone()))])),
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

/// What the bytes of a file come to. Only trailhouse says so.
fn checksum(file: &LogicalFileView) -> Option<String> {
    #[expect(deprecated, reason = "there is no other way to a file's tags")]
    file.add_action().tags?.get(CHECKSUM)?.clone()
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
    let statistics = file.stats();
    let times = statistics.as_deref().and_then(statistics::event_times);
    let ordered = checksum(file).is_some() && statistics.as_deref().is_some_and(statistics::all_timed);
    Ok(StoredFile { meta, partition, rows: file.num_records().map(|rows| rows as u64), times, ordered })
}
