//! What runs are about to do, so that what one leaves half done can be cleared away by the next.
//!
//! Before it writes, a run claims its work: a file below `_trailhouse/intents/`, which the store lets only one of them
//! create, says who does what. The work's name and the number of the attempt begin the name of every file that comes of
//! it, so an attempt that came to nothing is found by its stem, and no two attempts ever write a file of one name.
//!
//! While a run works it renews its claim. One whose process has ended, or that has not been renewed for a while where
//! processes cannot be seen, is cleared away: a mark says that its names are not to be used any more, the log gets a version
//! of its own, and then the files are deleted that the log does not know. What the owner was about to commit, by a request
//! that is still on its way or when it wakes up, is overtaken by that version; and an owner that wakes up finds the mark.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use futures::StreamExt as _;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore as _, ObjectStoreExt as _, PutMode};
use serde::{Deserialize, Serialize};

use super::owner::{Fate, Owner};
use super::{Commit, DATA_FILE, Dataset, Error, Head, NewVersion, is_named};

/// Where intents lie, below the dataset.
pub(super) const DIRECTORY: &str = "_trailhouse/intents";

/// A claim is renewed this often.
const RENEWAL: Duration = Duration::from_secs(60);

/// A claim that was not renewed for so long is given up, where nothing else can be known of its owner.
const LEASE: TimeDelta = TimeDelta::minutes(15);

/// Attempts at one work that are looked through for a number nobody has used.
const ATTEMPTS: u64 = 1 << 16;

/// What a run is about to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Intent {
    /// The work.
    task: String,
    /// How the names of its files begin, without what kind they are of.
    stem: String,
    owner: Owner,
    /// Tells two claims apart.
    token: String,
    version: String,
}

/// Work that was claimed. To be [released](Claim::release) when it is committed or given up.
#[derive(Debug)]
pub struct Claim {
    dataset: Dataset,
    intent: Intent,
    path: Path,
    renewal: tokio::task::JoinHandle<()>,
}

/// Whether work could be claimed.
#[derive(Debug)]
pub enum Claimed {
    /// It is ours, and this is the dataset by now: whoever did the work before has committed before.
    Mine(Box<Claim>, Head),
    /// Another run does it: who, for people.
    Theirs(String),
}

impl Dataset {
    /// Claims `task`, unless another run does it.
    ///
    /// # Errors
    /// If the store refuses.
    pub async fn claim(&self, head: &Head, task: &str) -> Result<Claimed, Error> {
        let Intents { live, abandoned } = self.intents(Some(task)).await?;
        if let Some((Intent { owner, .. }, _)) = live.iter().find(|(intent, _)| intent.task == task) {
            return Ok(Claimed::Theirs(format!("process {} on {}", owner.process, owner.host)));
        }
        // Attempts are numbered by the versions of the log, so that a number that was used does not come back: not even when
        // the files of that name have been replaced.
        let head = self.refreshed(head).await?;
        let first = head.version().map_or(0, |version| version + 1);
        for attempt in first..first + ATTEMPTS {
            let stem = format!("{task}-{attempt}");
            if abandoned.contains(&stem) || head.has_files_of(&stem) {
                continue;
            }
            let intent = Intent {
                task: task.to_owned(),
                stem,
                owner: Owner::this(),
                token: token(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            };
            let path = intent.path();
            let put = self.store.put_opts(&path, intent.encode().into(), PutMode::Create.into()).await;
            let is_ours = match put {
                Ok(_) => true,
                // The answer to the first try may have been lost, and a second one have found what the first has made.
                Err(object_store::Error::AlreadyExists { .. }) => {
                    self.read_intent(&path).await?.is_some_and(|found| found.token == intent.token)
                }
                Err(source) => return Err(self.refusal("write", path, source)),
            };
            if !is_ours {
                return Ok(Claimed::Theirs("a run that began this moment".to_owned()));
            }
            let claim = Box::new(Claim::hold(self.clone(), intent, path));
            let newer = self.refreshed(&head).await?;
            if !self.was_used(claim.stem(), &head, &newer).await? {
                return Ok(Claimed::Mine(claim, newer));
            }
            // Another run has done the work under this name since `head`.
            claim.release().await?;
        }
        Err(Error::TooManyAttempts { task: task.to_owned() })
    }

    /// Whether files of this name have come to count since `head`, whether they still do as of `newer` or not.
    async fn was_used(&self, stem: &str, head: &Head, newer: &Head) -> Result<bool, Error> {
        let Some(latest) = newer.version().filter(|_| newer.version() != head.version()) else {
            return Ok(false);
        };
        let added = self.log.added(head.version(), latest).await.map_err(|error| self.log_refused(error))?;
        Ok(newer.has_files_of(stem) || added.iter().any(|(path, _)| is_named(path, DATA_FILE, stem)))
    }

    /// Clears away what runs have left half done that do not live any more. The dataset as it stands then.
    ///
    /// # Errors
    /// If the store refuses.
    pub async fn recover(&self, head: Head) -> Result<Head, Error> {
        let mut ended = Vec::new();
        let mut silent = Vec::new();
        for (intent, meta) in self.intents(None).await?.live {
            match intent.owner.fate() {
                Fate::Ended => ended.push(intent),
                Fate::Unknown => silent.push((intent, meta)),
                Fate::Alive | Fate::Own => {}
            }
        }
        if !silent.is_empty() {
            let now = self.store_time().await?;
            silent.retain(|(_, meta)| now - meta.last_modified > LEASE);
        }
        if ended.is_empty() && silent.is_empty() {
            return Ok(head);
        }
        for (intent, _) in &silent {
            tracing::warn!(
                host = intent.owner.host,
                intent.task,
                "its run has not been heard of: clearing away"
            );
        }
        ended.extend(silent.into_iter().map(|(intent, _)| intent));
        let mut left = Vec::new();
        for intent in ended {
            // One that was released in the very last moment may be another run's by now. One that is there still, is there
            // until it is cleared away.
            let now = self.read_intent(&intent.path()).await?;
            if now.is_some_and(|now| now.owner == intent.owner) {
                left.push(intent);
            }
        }
        if left.is_empty() {
            return Ok(head);
        }
        for intent in &left {
            tracing::info!(
                intent.task,
                process = intent.owner.process,
                "clearing away what a run left half done"
            );
            // From here on nobody uses these names again, so that whoever clears away at the same time takes nothing else.
            self.put(intent.mark().as_ref(), bytes::Bytes::new()).await?;
        }
        let head = self.fence(&head).await?;
        let stems: Vec<&str> = left.iter().map(|intent| intent.stem.as_str()).collect();
        self.clear(&head, &stems).await?;
        for intent in &left {
            self.delete(&intent.path()).await?;
        }
        Ok(head)
    }

    /// Whether any run has claimed work that is not done.
    ///
    /// # Errors
    /// If the store refuses.
    pub(super) async fn is_worked_on(&self) -> Result<bool, Error> {
        Ok(!self.intents(None).await?.live.is_empty())
    }

    /// What the names of files begin with that runs are writing. Also those of runs that have ended: what they were
    /// committing may still be on its way, until they are cleared away.
    ///
    /// # Errors
    /// If the store refuses.
    pub(super) async fn stems_in_work(&self) -> Result<Vec<String>, Error> {
        let live = self.intents(None).await?.live.into_iter();
        Ok(live.map(|(intent, _)| intent.stem).collect())
    }

    /// A version that changes nothing, so that whatever was about to be committed is overtaken, or shows.
    async fn fence(&self, head: &Head) -> Result<Head, Error> {
        let mut head = head.clone();
        loop {
            match self.commit(&head, &NewVersion::default()).await? {
                Commit::Done(head) => return Ok(head),
                Commit::Overtaken(newer) => head = newer,
            }
        }
    }

    /// The intents there are, or those whose names begin like a task's.
    async fn intents(&self, task: Option<&str>) -> Result<Intents, Error> {
        let refused = |source| self.refusal("list", DIRECTORY, source);
        let mut listing = self.store.list(Some(&Path::from(DIRECTORY)));
        let mut intents = Intents::default();
        while let Some(meta) = listing.next().await.transpose().map_err(refused)? {
            let name = meta.location.filename().unwrap_or_default();
            if task.is_some_and(|task| !name.starts_with(task)) {
                continue;
            }
            if let Some(stem) = name.strip_suffix(MARK) {
                intents.abandoned.push(stem.to_owned());
            } else if name.ends_with(".json")
                && let Some(intent) = self.read_intent(&meta.location).await?
            {
                intents.live.push((intent, meta));
            }
        }
        Ok(intents)
    }

    /// `None` if it is gone, or was written by a version that says other things.
    async fn read_intent(&self, path: &Path) -> Result<Option<Intent>, Error> {
        let refused = |source| self.refusal("read", path, source);
        match self.store.get(path).await {
            Ok(found) => Ok(serde_json::from_slice(&found.bytes().await.map_err(refused)?).ok()),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(refused(source)),
        }
    }

    /// What time it is by the store's clock, which dates the intents.
    async fn store_time(&self) -> Result<chrono::DateTime<chrono::Utc>, Error> {
        let path = Path::from(format!("{DIRECTORY}/clock-{}", std::process::id()));
        self.put(path.as_ref(), bytes::Bytes::new()).await?;
        let refused = |source| self.refusal("read", &path, source);
        let meta = self.store.head(&path).await.map_err(refused)?;
        self.delete(&path).await?;
        Ok(meta.last_modified)
    }
}

/// How the name of a mark ends that tells a run that its work was cleared away.
pub(super) const MARK: &str = ".abandoned";

/// What is found below [`DIRECTORY`].
#[derive(Debug, Default)]
struct Intents {
    live: Vec<(Intent, ObjectMeta)>,
    /// Stems that were given up for their owners.
    abandoned: Vec<String>,
}

fn token() -> String {
    static CLAIMS: AtomicU64 = AtomicU64::new(0);
    let number = CLAIMS.fetch_add(1, Ordering::Relaxed);
    format!("{:x}-{:x}-{number}", super::now().timestamp_micros(), std::process::id())
}

impl Intent {
    fn path(&self) -> Path {
        Path::from(format!("{DIRECTORY}/{}.json", self.stem))
    }

    fn mark(&self) -> Path {
        Path::from(format!("{DIRECTORY}/{}{MARK}", self.stem))
    }

    fn encode(&self) -> Vec<u8> {
        // Texts and numbers: nothing that could not be written.
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }
}

impl Claim {
    fn hold(dataset: Dataset, intent: Intent, path: Path) -> Self {
        let (store, content) = (dataset.store.clone(), intent.encode());
        let place = path.clone();
        let renewal = tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEWAL).await;
                if let Err(error) = store.put(&place, content.clone().into()).await {
                    tracing::warn!(%error, "cannot renew the claim");
                }
            }
        });
        Self { dataset, intent, path, renewal }
    }

    /// How the names of the work's files begin, behind what kind they are of.
    pub fn stem(&self) -> &str {
        &self.intent.stem
    }

    /// Whether nobody has cleared the work away meanwhile.
    ///
    /// # Errors
    /// If the store refuses.
    pub async fn is_held(&self) -> Result<bool, Error> {
        // The file of the claim itself is not there any more, or another run's by now. Its mark may have gone in the course of
        // time.
        let found = self.dataset.read_intent(&self.path).await?;
        if found.is_none_or(|found| found.token != self.intent.token) {
            return Ok(false);
        }
        let mark = self.intent.mark();
        match self.dataset.store.head(&mark).await {
            Ok(_) => Ok(false),
            Err(object_store::Error::NotFound { .. }) => Ok(true),
            Err(source) => Err(self.dataset.refusal("read", mark, source)),
        }
    }

    /// Deletes what the work has written so far and does not count as of `head`. Nothing of it may be on its way into the
    /// log.
    ///
    /// # Errors
    /// If the store refuses.
    pub async fn clear(&self, head: &Head) -> Result<(), Error> {
        self.dataset.clear(head, &[self.stem()]).await
    }

    /// The work has failed, perhaps while it was committed: what does not count is deleted, and the claim released. If that
    /// fails too, the claim is there for the next run to see.
    ///
    /// # Errors
    /// If the store refuses.
    pub async fn give_up(self, head: &Head) -> Result<(), Error> {
        let head = self.dataset.fence(head).await?;
        self.clear(&head).await?;
        self.release().await
    }

    /// The work is committed, or nothing is left of it.
    ///
    /// # Errors
    /// If the store refuses.
    pub async fn release(self) -> Result<(), Error> {
        self.renewal.abort();
        self.dataset.delete(&self.path).await
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

#[cfg(test)]
mod tests;
