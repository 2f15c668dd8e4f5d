//! Which objects to convert, grouped into tasks.
//!
//! Objects go in the bucket's own order: by region and day of delivery, so that the rows of a partition come close
//! together and most partitions get one file.

use std::collections::BTreeMap;

use super::Settings;
use super::filter::Filter;
use crate::dataset::{Dataset, Ledger, LedgerEntry, Standing};
use crate::decode::LookAlike;
use crate::report::SkipReason;
use crate::source::log_key::{self, KeyClass, LogKey, LogKind};
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
    /// Leaves out what is in by now.
    pub(super) fn leave_out_known(&mut self, ledger: &Ledger, filter: &str) {
        let before = self.objects.len();
        self.objects.retain(|object| object.standing(ledger, filter) != Standing::Known);
        self.known += (before - self.objects.len()) as u64;
    }
}

/// What is to be done.
#[derive(Debug, Default)]
pub struct Plan {
    /// Tasks in the order of their objects.
    pub tasks: Vec<Task>,
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
    /// Lists the sources and decides what to convert: what is not in the ledger.
    pub async fn new(settings: &Settings, dataset: &Dataset, ledger: &Ledger) -> Self {
        let Settings { sources, filter, .. } = settings;
        let mut plan = Self::default();
        let mut wanted: BTreeMap<(Option<(String, chrono::NaiveDate)>, String), PlannedObject> =
            BTreeMap::new();
        for location in sources {
            let (objects, failures) = source::list(location, |place| filter.admits_place(place)).await;
            plan.failures.extend(failures);
            for object in objects {
                // A dataset may lie below the logs it is made from.
                if dataset.contains(&object.name) {
                    continue;
                }
                let key = match classify(&object, filter) {
                    Ok(key) => key,
                    Err(reason) => {
                        plan.listed += 1;
                        *plan.skipped.entry(reason).or_default() += 1;
                        continue;
                    }
                };
                let order = key.as_ref().map(|key| (key.region.clone(), key.delivered));
                // The same object may be found through two sources; it counts once.
                wanted.insert((order, object.name.clone()), PlannedObject { object, key });
            }
        }
        plan.listed += wanted.len() as u64;
        let fingerprint = filter.fingerprint();
        wanted.retain(|_, planned| match planned.standing(ledger, &fingerprint) {
            Standing::Known => {
                *plan.skipped.entry(SkipReason::Known).or_default() += 1;
                false
            }
            Standing::Changed => {
                plan.changed += 1;
                true
            }
            Standing::New => true,
        });
        plan.tasks = tasks(wanted.into_values(), &fingerprint, settings.commit_every_bytes);
        plan
    }

    /// Objects to be read.
    pub fn objects(&self) -> u64 {
        self.tasks.iter().map(|task| task.objects.len() as u64).sum()
    }

    /// Bytes to be read, as stored.
    pub fn bytes(&self) -> u64 {
        self.tasks.iter().flat_map(|task| &task.objects).map(|planned| planned.object.size).sum()
    }
}

/// What an object's key says, or why it need not be opened. An object the user named is always opened.
fn classify(object: &LogObject, filter: &Filter) -> Result<Option<LogKey>, SkipReason> {
    match log_key::classify(&object.name) {
        KeyClass::Unknown => Ok(None),
        KeyClass::OtherService if object.named => Ok(None),
        KeyClass::OtherService => Err(SkipReason::OtherService),
        KeyClass::CloudTrail(key) if key.kind == LogKind::Digest => {
            Err(SkipReason::LookAlike(LookAlike::Digest))
        }
        KeyClass::CloudTrail(key) if !filter.admits_object(&key) => Err(SkipReason::Filtered),
        KeyClass::CloudTrail(key) => Ok(Some(key)),
    }
}

/// Cuts the objects into tasks of up to `limit_bytes` as stored. By default that is a few gigabytes of JSON, a few million
/// events: what a task must remember to recognise duplicates grows with it.
fn tasks(objects: impl Iterator<Item = PlannedObject>, filter: &str, limit_bytes: u64) -> Vec<Task> {
    let mut tasks: Vec<Vec<PlannedObject>> = Vec::new();
    let mut bytes = 0;
    for planned in objects {
        match tasks.last_mut() {
            Some(task) if bytes + planned.object.size <= limit_bytes => {
                bytes += planned.object.size;
                task.push(planned);
            }
            _ => {
                bytes = planned.object.size;
                tasks.push(vec![planned]);
            }
        }
    }
    tasks.into_iter().map(|objects| Task { id: task_id(&objects, filter), objects, known: 0 }).collect()
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
