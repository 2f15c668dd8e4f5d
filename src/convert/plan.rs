//! Which objects to convert, grouped into tasks.
//!
//! Objects go in the bucket's own order: by region and day of delivery, so that the rows of a partition come close
//! together and most partitions get one file. They are listed while the tasks before are converted, so that what is held at
//! a time is one task.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt as _;
use hashbrown::HashSet;

use super::Settings;
use crate::dataset::{Dataset, Ledger, LedgerEntry, Standing};
use crate::filter::Filter;
use crate::report::SkipReason;
use crate::source::log_key::LogKey;
use crate::source::{self, LogObject};

/// A list of log objects that become data files together, depending on nothing else.
#[derive(Debug, Clone)]
pub struct Task {
    /// Made of what the task is to do: the same work has the same id, and so writes files of the same names.
    pub id: String,
    /// What to convert, in this order.
    pub objects: Vec<PlannedObject>,
    /// Objects that were left out since it was planned: other runs have converted them.
    pub(super) known: u64,
}

/// An object of a task.
#[derive(Debug, Clone)]
pub struct PlannedObject {
    /// The object.
    pub object: LogObject,
    /// What its key says, if it is of CloudTrail's form.
    pub key: Option<LogKey>,
}

impl PlannedObject {
    /// How the ledger knows it; `None` for standard input, which nobody can find again.
    pub(super) fn entry(&self, filter: &str) -> Option<LedgerEntry> {
        let LogObject { name, size, modified, e_tag, .. } = &self.object;
        (!self.object.is_stream()).then(|| LedgerEntry {
            object: name.clone(),
            size: *size,
            modified: *modified,
            e_tag: e_tag.clone(),
            filter: filter.to_owned(),
        })
    }

    fn standing(&self, ledger: &Ledger, filter: &str) -> Standing {
        self.entry(filter).map_or(Standing::New, |entry| ledger.standing(&entry))
    }
}

impl Task {
    /// Bytes to be read, as stored.
    pub(super) fn bytes(&self) -> u64 {
        self.objects.iter().map(|planned| planned.object.size).sum()
    }

    /// Leaves out what is in by now.
    pub(super) fn leave_out_known(&mut self, ledger: &Ledger, filter: &str) {
        let before = self.objects.len();
        self.objects.retain(|object| object.standing(ledger, filter) != Standing::Known);
        self.known += (before - self.objects.len()) as u64;
    }
}

/// What is to be done, task by task, in the order in which the sources are listed.
pub struct Plan {
    objects: source::Objects,
    dataset: Dataset,
    filter: Filter,
    fingerprint: String,
    limit_bytes: u64,
    /// What was in when the run began: so runs that begin together plan the same tasks, and share them.
    ledger: Arc<Ledger>,
    /// The objects there were, if there are several sources: the same one may be found through two.
    seen: Option<HashSet<blake3::Hash>>,
    /// The first object of the next task.
    next: Option<PlannedObject>,
    /// What was planned so far.
    pub planned: Planned,
}

/// What became of the objects that were listed.
#[derive(Debug, Default)]
pub struct Planned {
    /// Objects that were listed, wanted or not.
    pub listed: u64,
    /// Objects that need not be opened.
    pub skipped: BTreeMap<SkipReason, u64>,
    /// Objects to be read that were in, with another content or by another choice of events.
    pub changed: u64,
    /// What could not be listed.
    pub failures: Vec<source::Error>,
}

impl Plan {
    /// Finds where the objects of the sources are. What is in the ledger is not to be converted.
    pub async fn new(settings: &Settings, dataset: &Dataset, ledger: Arc<Ledger>) -> Self {
        let Settings { sources, filter, .. } = settings;
        Self {
            objects: source::list(sources, |place| filter.admits_place(place)).await,
            dataset: dataset.clone(),
            filter: filter.clone(),
            fingerprint: filter.fingerprint(),
            limit_bytes: settings.commit_every_bytes,
            ledger,
            seen: (sources.len() > 1).then(HashSet::new),
            next: None,
            planned: Planned::default(),
        }
    }

    /// The next task: objects of up to so many bytes, as stored, as one commit takes. By default that is a few gigabytes of
    /// JSON, a few million events.
    pub async fn next_task(&mut self) -> Option<Task> {
        let mut objects = Vec::from_iter(self.next.take());
        let mut bytes: u64 = objects.iter().map(|planned| planned.object.size).sum();
        while let Some(listed) = self.objects.next().await {
            let planned = match listed {
                Ok(object) => self.consider(object),
                Err(error) => {
                    self.planned.failures.push(error);
                    None
                }
            };
            let Some(planned) = planned else { continue };
            bytes += planned.object.size;
            if bytes > self.limit_bytes && !objects.is_empty() {
                self.next = Some(planned);
                break;
            }
            objects.push(planned);
        }
        (!objects.is_empty()).then(|| Task { id: task_id(&objects, &self.fingerprint), objects, known: 0 })
    }

    /// Counts an object, and whether it is to be converted.
    fn consider(&mut self, object: LogObject) -> Option<PlannedObject> {
        // A dataset may lie below the logs it is made from.
        if self.dataset.contains(&object.name) {
            return None;
        }
        let name = blake3::hash(object.name.as_bytes());
        if self.seen.as_mut().is_some_and(|seen| !seen.insert(name)) {
            return None;
        }
        let planned = &mut self.planned;
        planned.listed += 1;
        let key = match self.filter.classify(&object) {
            Ok(key) => key,
            Err(reason) => {
                *planned.skipped.entry(reason).or_default() += 1;
                return None;
            }
        };
        let object = PlannedObject { object, key };
        match object.standing(&self.ledger, &self.fingerprint) {
            Standing::Known => {
                *planned.skipped.entry(SkipReason::Known).or_default() += 1;
                return None;
            }
            Standing::Changed => planned.changed += 1,
            Standing::New => {}
        }
        Some(object)
    }
}

fn task_id(objects: &[PlannedObject], filter: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(filter.as_bytes());
    for PlannedObject { object, .. } in objects {
        hasher.update(&(object.name.len() as u64).to_le_bytes()).update(object.name.as_bytes());
        hasher.update(&object.size.to_le_bytes());
        hasher.update(&object.modified.timestamp_micros().to_le_bytes());
    }
    // Sixteen hexadecimal digits: enough for any number of runs.
    hasher.finalize().to_hex()[..16].to_owned()
}
