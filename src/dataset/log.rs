//! The Delta log: which files are the table, version by version.
//!
//! Written through `deltalake-core` with its default log store, and read with the kernel that it is built upon, for readers
//! of protocol 1 and writers of protocol 2, so that every engine reads it. See the
//! [Delta protocol](https://github.com/delta-io/delta/blob/master/PROTOCOL.md).
//!
//! A version is put on top of the one that was read, or not at all: the store lets no two writers create the same file. The
//! log is read once; from then on only the versions that came since.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, SubsecRound as _, Utc};
use delta_kernel::{Engine, Snapshot, SnapshotRef};
use deltalake_core::errors::DeltaTableError;
use deltalake_core::kernel::transaction::TransactionError;
use deltalake_core::kernel::{Action, Add, StructField};
use deltalake_core::logstore::{CommitOrBytes, LogStoreRef, StorageConfig, default_logstore, get_actions};
use deltalake_core::protocol::checkpoints::cleanup_expired_logs_for;
use deltalake_core::table::config::TablePropertiesExt as _;
use futures::TryStreamExt as _;
use hashbrown::HashSet;
use object_store::ObjectStore;
use object_store::path::Path;
use url::Url;

use super::actions::{APPLICATION, CHECKSUM, MAX_READER, MAX_WRITER};
use super::checkpoint::Checkpoint;
use super::checkpointed::{self, Checkpointed};
use super::checksum::Checksum;
use super::files::{Changes, Files};
use super::log_error::LogError;
use super::{NewVersion, actions, replay};
use crate::store;
use crate::table::column::table_schema;

/// Where the log lies, below the dataset.
pub(super) const DIRECTORY: &str = "_delta_log";

/// The log of one dataset.
#[derive(Debug, Clone)]
pub(super) struct Log {
    store: LogStoreRef,
}

/// The log as it stands at a version.
#[derive(Debug, Clone)]
pub(super) struct LogState {
    snapshot: SnapshotRef,
    /// The ledger segment of the latest commit that brought one.
    pub(super) segment: Option<u64>,
    /// The files of the table.
    pub(super) files: Files,
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

impl Log {
    /// The log below `url`, which is where `store` begins; `root` begins where the URL's paths do.
    pub(super) fn new(store: Arc<dyn ObjectStore>, root: Arc<dyn ObjectStore>, url: &Url) -> Self {
        Self { store: default_logstore(store, root, url, &StorageConfig::default()) }
    }

    /// The log as it stands; `None` if there is none.
    pub(super) async fn state(&self) -> Result<Option<LogState>, LogError> {
        self.state_at(Moment::Latest).await
    }

    /// The log as it stands, or stood; `None` if there is none.
    pub(super) async fn state_at(&self, moment: Moment) -> Result<Option<LogState>, LogError> {
        let Some(latest) = self.latest().await? else { return Ok(None) };
        let version = match moment {
            Moment::Latest => latest.version(),
            Moment::Version(version) if version > latest.version() => {
                return Err(LogError::NoVersion { version, latest: latest.version() });
            }
            Moment::Version(version) => version,
            Moment::Time(time) => match self.version_at(time).await? {
                (_, first) if first > time => return Err(LogError::TooEarly { time, first }),
                (version, _) => version,
            },
        };
        match version == latest.version() {
            true => self.filled(latest).await.map(Some),
            false => self.read(version).await.map(Some),
        }
    }

    /// The ledger segment of the latest commit that brought one.
    pub(super) async fn segment(&self) -> Result<Option<u64>, LogError> {
        let Some(latest) = self.latest().await? else { return Ok(None) };
        self.with_engine(move |engine| segment(&latest, engine)).await
    }

    /// A column of the table that this version of trailhouse does not know.
    pub(super) async fn unknown_column(&self) -> Result<Option<String>, LogError> {
        let Some(latest) = self.latest().await? else { return Ok(None) };
        let (known, schema) = (table_schema(), latest.schema());
        let mut names = schema.fields().map(StructField::name);
        Ok(names.find(|name| known.field_with_name(name).is_err()).cloned())
    }

    /// The log as it stood at that time, or else at the first version that is still known.
    pub(super) async fn state_since(&self, time: DateTime<Utc>) -> Result<LogState, LogError> {
        let (version, _) = self.version_at(time).await?;
        self.read(version).await
    }

    /// The version as of that time, or else the first that is still known; and when it was written. To the millisecond, as
    /// the log tells times.
    async fn version_at(&self, time: DateTime<Utc>) -> Result<(u64, DateTime<Utc>), LogError> {
        let store = self.store.object_store(None);
        let mut listing = store.list(Some(&Path::from(DIRECTORY)));
        let (mut first, mut latest) = (None, None);
        while let Some(meta) = listing.try_next().await? {
            let Some(version) = version_of(&meta.location) else { continue };
            let commit = (version, meta.last_modified.trunc_subsecs(3));
            first = first.min(Some(commit)).or(Some(commit));
            if commit.1 <= time {
                latest = latest.max(Some(commit));
            }
        }
        let nothing = || DeltaTableError::NotATable(self.store.root_url().to_string()).into();
        latest.or(first).ok_or_else(nothing)
    }

    /// The latest version, without what it says of files; `None` if there is none.
    async fn latest(&self) -> Result<Option<SnapshotRef>, LogError> {
        if !self.store.is_delta_table_location().await? {
            return Ok(None);
        }
        let builder = Snapshot::builder_for(self.store.root_url().as_str());
        self.with_engine(move |engine| checked(builder.build(engine)?)).await.map(Some)
    }

    /// The log as it stood at a version.
    async fn read(&self, version: u64) -> Result<LogState, LogError> {
        let builder = Snapshot::builder_for(self.store.root_url().as_str()).at_version(version);
        let snapshot = self.with_engine(move |engine| checked(builder.build(engine)?)).await?;
        self.filled(snapshot).await
    }

    /// All that a version says.
    async fn filled(&self, snapshot: SnapshotRef) -> Result<LogState, LogError> {
        if let Some(checkpointed) = checkpointed::read(&self.store.object_store(None), &snapshot).await {
            let checkpoint = snapshot.log_segment().checkpoint_version;
            if let Some((files, segment)) = self.changed(checkpointed, checkpoint, snapshot.version()).await?
            {
                return Ok(LogState { snapshot, segment, files });
            }
        }
        self.with_engine(move |engine| {
            let segment = segment(&snapshot, engine)?;
            let files = replay::files(&snapshot, engine)?;
            Ok(LogState { snapshot, segment, files })
        })
        .await
    }

    /// Does something with the library's engine, which waits where it reads.
    async fn with_engine<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Engine) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let engine = self.store.engine(None);
        // It ends by a panic alone, which is told on its own.
        tokio::task::spawn_blocking(move || work(engine.as_ref())).await.map_err(|_| LogError::Abandoned)?
    }

    /// The latest version, without what it says of files, by what has been committed since `state`.
    async fn newest(&self, state: &LogState) -> Result<SnapshotRef, LogError> {
        let builder = Snapshot::builder_from(state.snapshot.clone());
        self.with_engine(move |engine| checked(builder.build(engine)?)).await
    }

    /// The latest version, by what has been committed since `state`.
    pub(super) async fn refreshed(&self, state: &LogState) -> Result<LogState, LogError> {
        let snapshot = self.newest(state).await?;
        if snapshot.version() == state.version() {
            return Ok(state.clone());
        }
        let known = Checkpointed { files: state.files.clone(), segment: state.segment };
        match self.changed(known, Some(state.version()), snapshot.version()).await? {
            Some((files, segment)) => Ok(LogState { files, segment, snapshot }),
            // Some of it is only in a checkpoint by now.
            None => self.filled(snapshot).await,
        }
    }

    /// What has become of what was `known` as of `base` with the versions behind it, up to `latest`. None if not all of them
    /// are known still.
    async fn changed(
        &self,
        known: Checkpointed,
        base: Option<u64>,
        latest: u64,
    ) -> Result<Option<(Files, Option<u64>)>, LogError> {
        let Checkpointed { files, mut segment } = known;
        let mut changes = Changes::default();
        let is_known = self.each_action(base, latest, |action| {
            match action {
                Action::Add(Add { path, size, modification_time, stats, tags, .. }) => {
                    let path = Path::from(path);
                    let checksum = tags.and_then(|mut tags| tags.remove(CHECKSUM)?);
                    changes.add(replay::stored_file(
                        path,
                        size,
                        modification_time,
                        stats.as_deref(),
                        checksum.as_deref(),
                    )?);
                }
                Action::Remove(file) => changes.remove(Path::from(file.path)),
                Action::Txn(transaction) if transaction.app_id == APPLICATION => {
                    segment = Some(transaction.version.cast_unsigned());
                }
                _ => {}
            }
            Ok(())
        });
        Ok(is_known.await?.then(|| (files.changed(&changes), segment)))
    }

    /// Goes through what the versions behind `base` did, up to `latest`: from the first one on, if there was none before.
    /// Whether all of them are known still.
    async fn each_action(
        &self,
        base: Option<u64>,
        latest: u64,
        mut each: impl FnMut(Action) -> Result<(), LogError>,
    ) -> Result<bool, LogError> {
        let mut is_known = true;
        for version in base.map_or(0, |base| base + 1)..=latest {
            match self.store.read_commit_entry(version).await? {
                Some(commit) => get_actions(version, &commit)?.into_iter().try_for_each(&mut each)?,
                None => is_known = false,
            }
        }
        Ok(is_known)
    }

    /// The files that the versions behind `base` brought, up to `latest`, where they are known: what is not known any more
    /// cannot be asked for either. With what their bytes come to.
    pub(super) async fn added(
        &self,
        base: Option<u64>,
        latest: u64,
    ) -> Result<Vec<(Path, Option<Checksum>)>, LogError> {
        let mut added = Vec::new();
        self.each_action(base, latest, |action| {
            if let Action::Add(Add { path, tags, .. }) = action {
                let checksum = tags.and_then(|mut tags| tags.remove(CHECKSUM)?);
                added.push((Path::from(path), checksum.as_deref().and_then(Checksum::parse)));
            }
            Ok(())
        })
        .await?;
        Ok(added)
    }

    /// Whether one of the versions behind `base`, up to `latest`, brought what `version` was to bring.
    pub(super) async fn brought(
        &self,
        base: Option<&LogState>,
        latest: &LogState,
        version: &NewVersion,
        segment: Option<u64>,
    ) -> Result<bool, LogError> {
        let paths: HashSet<&str> = version.added.iter().map(|added| added.file.path.as_str()).collect();
        let mut brought = false;
        self.each_action(base.map(LogState::version), latest.version(), |action| {
            brought |= match action {
                Action::Add(file) => paths.contains(file.path.as_str()),
                Action::Txn(transaction) => {
                    transaction.app_id == APPLICATION && segment == Some(transaction.version.cast_unsigned())
                }
                _ => false,
            };
            Ok(())
        })
        .await?;
        Ok(brought)
    }

    /// Files that counted before `state`, and do not any more, as far back as the log remembers.
    pub(super) async fn removed(&self, state: &LogState) -> Result<HashSet<Path>, LogError> {
        let snapshot = state.snapshot.clone();
        self.with_engine(move |engine| replay::removed(&snapshot, engine)).await
    }

    /// What the bytes of the files come to, where the log says.
    pub(super) async fn checksums(&self, state: &LogState) -> Result<HashMap<Path, String>, LogError> {
        let snapshot = state.snapshot.clone();
        self.with_engine(move |engine| replay::tags(&snapshot, engine, CHECKSUM)).await
    }

    /// Puts a version on top of `base` that brings data files, in place of others perhaps, and names a segment of the
    /// ledger. `false` if another writer was faster, and nothing was written.
    pub(super) async fn commit(
        &self,
        base: Option<&LogState>,
        version: &NewVersion,
        segment: Option<u64>,
    ) -> Result<bool, LogError> {
        let described = base.map(|base| base.snapshot.as_ref());
        let entry = CommitOrBytes::LogBytes(actions::commit(described, version, segment)?);
        if let Some(base) = base
            // The place behind it may be free because the versions that came since have been forgotten.
            && self.newest(base).await?.version() > base.version()
        {
            return Ok(false);
        }
        let version = base.map_or(0, |base| base.version() + 1);
        match self.store.write_commit_entry(version, entry, Default::default()).await {
            Ok(()) => {}
            Err(TransactionError::VersionAlreadyExists(_)) => return Ok(false),
            Err(error) => return Err(DeltaTableError::from(error).into()),
        }
        if let Some(base) = base
            // The version counts. Readers take longer without a checkpoint; the next one will be written again.
            && let Err(error) = self.tidy(base, version).await
        {
            tracing::warn!(%error, version, "cannot write a checkpoint of the transaction log");
        }
        Ok(true)
    }

    /// Writes a checkpoint, if one is due with this version, and lets the log forget what is older than it remembers.
    async fn tidy(&self, base: &LogState, version: u64) -> Result<(), LogError> {
        let properties = base.snapshot.table_properties();
        if !(version + 1).is_multiple_of(properties.checkpoint_interval().get()) {
            return Ok(());
        }
        let builder = Snapshot::builder_from(base.snapshot.clone()).at_version(version);
        let made = self.with_engine(move |engine| Checkpoint::of(builder.build(engine)?, engine)).await?;
        if let Some(checkpoint) = made {
            let store = self.store.object_store(None);
            let path = Path::from(format!("{DIRECTORY}/{version:020}.checkpoint.parquet"));
            store::put_whole(&store, &path, checkpoint.content.clone()).await?;
            self.with_engine(|engine| checkpoint.announce(engine)).await?;
        }
        if properties.enable_expired_log_cleanup() {
            let remembered = properties.log_retention_duration().as_millis() as i64;
            let forgotten = super::now().timestamp_millis() - remembered;
            cleanup_expired_logs_for(version, self.store.as_ref(), forgotten, None).await?;
        }
        Ok(())
    }
}

/// The version that a file of the log is the commit of.
fn version_of(path: &Path) -> Option<u64> {
    let name = path.as_ref().strip_prefix(DIRECTORY)?.strip_prefix('/')?;
    name.strip_suffix(".json").filter(|digits| digits.len() == 20)?.parse().ok()
}

fn segment(snapshot: &Snapshot, engine: &dyn Engine) -> Result<Option<u64>, LogError> {
    Ok(snapshot.get_app_id_version(APPLICATION, engine)?.map(i64::cast_unsigned))
}

/// Refuses what this version does not read or write.
fn checked(snapshot: SnapshotRef) -> Result<SnapshotRef, LogError> {
    let protocol = snapshot.table_configuration().protocol();
    let (reader, writer) = (protocol.min_reader_version(), protocol.min_writer_version());
    match reader > MAX_READER || writer > MAX_WRITER {
        true => Err(LogError::Protocol { reader, writer }),
        false => Ok(snapshot),
    }
}

impl LogState {
    pub(super) fn version(&self) -> u64 {
        self.snapshot.version()
    }

    /// The columns that are of another type than the table's: name, type in the table, type in the log.
    pub(super) fn other_columns(&self) -> Vec<(String, String, String)> {
        actions::other_columns(&self.snapshot)
    }

    /// The names of the columns.
    pub(super) fn columns(&self) -> HashSet<String> {
        self.snapshot.schema().fields().map(|field| field.name().clone()).collect()
    }
}

#[cfg(test)]
mod tests;
